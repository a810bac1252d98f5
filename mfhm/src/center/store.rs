//! Where the center keeps what must survive it.
//!
//! Every write goes through [`Store::commit`]; nobody reads the store to answer
//! a request. The view in memory follows [`Store::changes`] instead, so a
//! center that shares its store with others sees their writes in the same way as
//! its own. The embedded store is [`redb::RedbStore`]; a shared one (etcd) fits
//! behind the same trait: a batch is a transaction with comparisons, a change
//! comes from its watch, and a watch that lost its place re-lists and sends
//! [`Change::Reset`]. Leases and health are not in here: they are the view's.
//!
//! The trait is used as `dyn Store`, because the center chooses its store at run
//! time; a boxed future is nothing beside the fsync that it waits for.

pub(crate) mod contents;
#[cfg(any(test, fuzzing))]
pub(crate) mod memory;
pub(crate) mod redb;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::audit::{self, Numbered};
use super::contracts::document::Document;
use super::record::{Place, Record};
use crate::instance::InstanceId;
use crate::wire::v1::DocumentHash;

/// Counts the committed batches. It only grows, also over restarts.
pub(crate) type Revision = u64;

/// Every change from now on, in order. The first item is a [`Change::Reset`].
/// It ends when the store is closed.
pub(crate) type Changes = mpsc::Receiver<Change>;

/// A durable set of records.
pub(crate) trait Store: Send + Sync + 'static {
    /// Applies the whole batch or nothing of it. When this returns `Ok`, the
    /// batch is durable, and its revision is on its way to every follower.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>>;

    /// Follows the store. A follower that stands still holds the store up.
    fn changes(&self) -> BoxFuture<'_, Result<Changes, CommitError>>;

    /// Everything there is but the audit trail, as of one moment.
    fn snapshot(&self) -> BoxFuture<'_, Result<Snapshot, CommitError>>;

    /// Entries of the audit trail in their order: those after a number, or the last
    /// ones.
    fn audit(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Numbered>, CommitError>>;

    /// Finishes the commits that were accepted and releases the store.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Writes that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub writes: Vec<Write>,
    pub documents: Vec<DocumentWrite>,
    pub marks: Vec<Mark>,
    /// What the audit trail is to say of it.
    pub audit: Vec<audit::Entry>,
}

/// A note that something was done, such as an import; kept until it is cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Set(String),
    Clear(String),
}

/// A write of a document. Whoever names a document that is not kept is refused.
#[derive(Clone, Debug)]
pub(crate) enum DocumentWrite {
    Keep(Arc<Document>),
    /// Refused while a record names it.
    Drop(DocumentHash),
}

/// One write and what must be true for it.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub place: Place,
    pub expect: Expect,
    pub action: Action,
}

/// The precondition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nobody has this place.
    Absent,
    /// This instance has it.
    Instance(InstanceId),
    /// This instance has it, and was not written again after this revision:
    /// whoever decided by that revision knew the last of it.
    Unchanged(InstanceId, Revision),
}

/// What a write does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// The record takes the place. Its id must not be in use elsewhere.
    Put(Arc<Record>),
    Remove,
}

/// What a follower of the store is told.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Everything there is, in place of what was known before.
    Reset(Snapshot),
    /// One committed batch.
    Applied {
        revision: Revision,
        events: Vec<Event>,
    },
}

/// The full set at a revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub revision: Revision,
    pub records: Vec<Arc<Record>>,
    pub documents: Vec<Arc<Document>>,
    pub marks: BTreeSet<String>,
}

/// One step of a committed batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Put(Arc<Record>),
    Remove(Place),
    Keep(Arc<Document>),
    Drop(DocumentHash),
}

/// Why a batch was not applied.
#[derive(Clone, Debug)]
pub(crate) enum CommitError {
    /// A precondition did not hold in the store at this revision. Wait for it,
    /// look again and decide anew.
    Conflict(Revision),
    /// The store can't write now. Reads and pings go on.
    Failed { reason: String, is_full: bool },
}

impl Batch {
    /// A batch of one write that puts `record` in its place.
    #[cfg(test)]
    pub(crate) fn put(record: Arc<Record>, expect: Expect) -> Self {
        Self {
            writes: vec![Write::put(record, expect)],
            ..Self::default()
        }
    }

    /// A batch of one write that removes this instance and no other.
    pub(crate) fn remove(place: Place, id: InstanceId) -> Self {
        Self {
            writes: vec![Write::remove(place, id)],
            ..Self::default()
        }
    }

    /// A batch that writes documents only.
    pub(crate) fn documents(documents: Vec<DocumentWrite>) -> Self {
        Self {
            documents,
            ..Self::default()
        }
    }

    /// Like [`Batch::remove`], unless the instance registered again after the
    /// revision `since`.
    pub(crate) fn remove_unchanged(place: Place, id: InstanceId, since: Revision) -> Self {
        let write = Write {
            place,
            expect: Expect::Unchanged(id, since),
            action: Action::Remove,
        };
        Self {
            writes: vec![write],
            ..Self::default()
        }
    }

    /// A batch that notes something and changes nothing else.
    pub(crate) fn mark(mark: Mark) -> Self {
        Self {
            marks: vec![mark],
            ..Self::default()
        }
    }

    /// The same, and what the audit trail is to say of it.
    pub(crate) fn noting(mut self, entry: audit::Entry) -> Self {
        self.audit.push(entry);
        self
    }
}

impl Write {
    pub(crate) fn put(record: Arc<Record>, expect: Expect) -> Self {
        Self {
            place: record.place(),
            expect,
            action: Action::Put(record),
        }
    }

    pub(crate) fn remove(place: Place, id: InstanceId) -> Self {
        Self {
            place,
            expect: Expect::Instance(id),
            action: Action::Remove,
        }
    }
}

impl CommitError {
    fn closed() -> Self {
        Self::Failed {
            reason: "the store is closed".to_owned(),
            is_full: false,
        }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(_) => f.write_str("the place was taken or left meanwhile"),
            Self::Failed { reason, .. } => write!(f, "the store can't write: {reason}"),
        }
    }
}
