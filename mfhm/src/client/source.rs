//! Where a resolver learns the instances of a service.

pub(crate) mod center;
mod watch;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::endpoint::{Endpoint, EndpointSet};
use super::uses::Uses;
use crate::instance::InstanceId;

/// Something that can list the instances of a service.
pub(crate) trait Source: fmt::Debug + Send + Sync + 'static {
    /// Lists the instances that may be called. `known` is the last list, so
    /// that a source need not ask again for what does not change; `uses` is what
    /// it may tell of the caller.
    fn list<'a>(
        &'a self,
        service: &'a str,
        known: &'a EndpointSet,
        uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>>;

    /// Follows a service, if the source tells by itself what changes.
    fn watch(self: Arc<Self>, _service: &str) -> Option<Box<dyn Watch>> {
        None
    }

    /// Says that this instance of a service could not be reached. Nothing follows
    /// from it by itself.
    fn report<'a>(&'a self, _instance: &'a InstanceId) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// The instances of one service, whenever they change.
pub(crate) trait Watch: Send {
    /// Waits for the next list. After an error the next call begins anew.
    ///
    /// Cancel safe: what is not returned is returned next time.
    fn next<'a>(
        &'a mut self,
        known: &'a EndpointSet,
        uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, WatchError>>;

    /// Has the next list asked for, whether something changed or not.
    fn ask(&mut self);
}

/// Why there is no next list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WatchError {
    /// The service has no instance now.
    Unknown,
    /// The source went away.
    Broken(String),
    /// It answers, and does not tell by itself.
    NotOffered,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceError {
    /// The source answers, and knows no service of this name.
    Unknown,
    /// The source does not answer, or refuses to; the text says what and what
    /// to do.
    Unreachable(String),
}
