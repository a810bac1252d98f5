//! Where a resolver learns the instances of a service.

pub(crate) mod center;

use std::fmt;

use futures_util::future::BoxFuture;

use super::endpoint::{Endpoint, EndpointSet};
use super::uses::Uses;

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
