//! A store that forgets everything when it is dropped, for tests.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use super::contents::Contents;
use super::{Batch, Change, Changes, CommitError, Revision, Snapshot, Store};
use crate::center::audit::Numbered;
use crate::center::record::Record;

#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    inner: Mutex<Inner>,
    /// Commits wait while it is true.
    stands_still: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    contents: Contents,
    followers: Vec<mpsc::Sender<Change>>,
    audit: Vec<Numbered>,
    failure: Option<CommitError>,
    hangs: bool,
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
            stands_still: watch::Sender::default(),
        }
    }

    /// Has commits wait, as behind a disk that does not answer, or go on.
    pub(crate) fn stand_still(&self, stands_still: bool) {
        self.stands_still.send_replace(stands_still);
    }

    /// Every commit fails like this until it is called with `None`.
    pub(crate) fn fail_with(&self, failure: Option<CommitError>) {
        self.inner.lock().unwrap().failure = failure;
    }
}

#[cfg(test)]
impl MemoryStore {
    /// Whether commits are answered at all.
    pub(crate) fn set_hanging(&self, hangs: bool) {
        self.inner.lock().unwrap().hangs = hangs;
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>> {
        Box::pin(async move {
            if self.inner.lock().unwrap().hangs {
                std::future::pending::<()>().await;
            }
            let mut stands_still = self.stands_still.subscribe();
            stands_still.wait_for(|stands| !stands).await.unwrap();
            let mut inner = self.inner.lock().unwrap();
            if let Some(failure) = &inner.failure {
                return Err(failure.clone());
            }
            let audit = batch.audit.clone();
            let (revision, events) = match inner.contents.apply(batch) {
                Ok(applied) => applied,
                Err(_) => return Err(CommitError::Conflict(inner.contents.revision())),
            };
            for entry in audit {
                let number = inner.audit.len() as u64 + 1;
                entry.log(number);
                let json = serde_json::to_vec(&entry).unwrap_or_default();
                inner.audit.push(Numbered::read(number, &json));
            }
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

    fn snapshot(&self) -> BoxFuture<'_, Result<Snapshot, CommitError>> {
        Box::pin(async move { Ok(self.inner.lock().unwrap().contents.snapshot()) })
    }

    fn audit(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Numbered>, CommitError>> {
        Box::pin(async move {
            let inner = self.inner.lock().unwrap();
            let last = inner.audit.len().saturating_sub(limit) as u64;
            let after = after.unwrap_or(last);
            let following = inner.audit.iter().filter(|entry| entry.number > after);
            Ok(following.take(limit).cloned().collect())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.inner.lock().unwrap().followers.clear() })
    }
}
