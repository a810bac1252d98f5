//! A store that forgets everything when it is dropped, for tests.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::contents::Contents;
use super::{Batch, Change, Changes, CommitError, Revision, Snapshot, Store};
use crate::center::record::Record;

#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    contents: Contents,
    followers: Vec<mpsc::Sender<Change>>,
    failure: Option<CommitError>,
}

impl MemoryStore {
    pub(crate) fn with(records: Vec<Arc<Record>>) -> Self {
        let contents = Contents::new(Snapshot {
            records,
            ..Snapshot::default()
        });
        Self {
            inner: Mutex::new(Inner {
                contents,
                ..Inner::default()
            }),
        }
    }

    /// Every commit fails like this until it is called with `None`.
    pub(crate) fn fail_with(&self, failure: Option<CommitError>) {
        self.inner.lock().unwrap().failure = failure;
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            let mut inner = self.inner.lock().unwrap();
            if let Some(failure) = &inner.failure {
                return Err(failure.clone());
            }
            let (revision, events) = match inner.contents.apply(batch) {
                Ok(applied) => applied,
                Err(_) => return Err(CommitError::Conflict(inner.contents.revision())),
            };
            let change = Change::Applied { revision, events };
            inner
                .followers
                .retain(|follower| follower.try_send(change.clone()).is_ok());
            Ok(revision)
        })
    }

    fn changes(&self) -> BoxFuture<'_, Result<Changes, CommitError>> {
        Box::pin(async move {
            let (sender, receiver) = mpsc::channel(10_000);
            let mut inner = self.inner.lock().unwrap();
            let _ = sender.try_send(Change::Reset(inner.contents.snapshot()));
            inner.followers.push(sender);
            Ok(receiver)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.inner.lock().unwrap().followers.clear() })
    }
}
