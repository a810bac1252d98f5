//! Where a resolver learns the instances of a service.

pub(crate) mod center;
pub(crate) mod dns;
pub(crate) mod listed;
mod picture;
mod watch;

use std::collections::HashMap;
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

    /// Whether it tells which operations an instance offers. Where it does not, each
    /// instance is assumed to offer everything, and no operation is called by name.
    fn tells_operations(&self) -> bool {
        true
    }

    /// What messages call it.
    fn name(&self) -> &'static str {
        "the center"
    }

    /// What it means that it knows no instance of a service.
    fn unknown(&self, service: &str) -> String {
        format!("no service `{service}` is registered at the center")
    }

    /// Says that this instance of a service could not be reached. Nothing follows
    /// from it by itself.
    fn report<'a>(&'a self, _instance: &'a InstanceId) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// For fuzzing: what these events make of the instances of a service.
#[cfg(fuzzing)]
pub(crate) fn picture_of(service: &str, events: &[crate::link::events::RawEvent]) {
    let mut picture = picture::Picture::default();
    for event in events {
        let before = picture.revision();
        if picture.take(service, event).is_ok() {
            let is_snapshot = event.event.as_deref() == Some(crate::wire::v1::watch::SNAPSHOT);
            assert!(is_snapshot || picture.revision() == before);
        }
    }
    let ids: std::collections::BTreeSet<_> = picture.instances().map(|view| &view.id).collect();
    assert_eq!(ids.len(), picture.instances().count());
}

/// Where a caller learns of each service.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Services that are not looked up with the others.
    listed: HashMap<String, Arc<dyn Source>>,
    others: Arc<dyn Source>,
}

impl Sources {
    pub(crate) fn new(
        listed: impl IntoIterator<Item = (String, Arc<dyn Source>)>,
        others: Arc<dyn Source>,
    ) -> Self {
        let listed = listed.into_iter().collect();
        Self { listed, others }
    }

    pub(crate) fn of(&self, service: &str) -> Arc<dyn Source> {
        self.listed.get(service).unwrap_or(&self.others).clone()
    }

    /// Whether somebody has said where this very service is. What was said may be
    /// something else at the next start, so it is no use to keep it on disk.
    pub(crate) fn lists(&self, service: &str) -> bool {
        self.listed.contains_key(service)
    }
}

/// An instance of which nothing is known but its address, which stands for its id.
fn at_address(host: &str, port: u16) -> Endpoint {
    let id = format!("{}_{port}", host.replace(':', "."));
    let id = id.parse().unwrap_or_else(|_| {
        // A host with a name longer than ids are.
        InstanceId::from_random(crate::contract::shape::key("host", &id).into())
    });
    Endpoint::new(id, host.to_owned(), port, None, Vec::new())
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
