//! The contract of a registration: its document, and the verdict on it.

use std::sync::Arc;

use super::Registrar;
use crate::center::audit::{Action, Actor, Entry};
use crate::center::contracts::ContractPolicy;
use crate::center::contracts::document::Document;
use crate::center::contracts::documents::NoRoom;
use crate::center::contracts::verdict::{self, Verdict};
use crate::center::record::Record;
use crate::center::registry::Owner;
use crate::center::store::{Batch, CommitError, DocumentWrite};
use crate::center::view::View;
use crate::wire::v1::{Break, DocumentHash};

/// What was found before a registration.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What live callers use and the newcomer breaks.
    pub breaks: Vec<Break>,
    /// By the policy it is not registered.
    pub is_refused: bool,
}

/// A document that has its room, until the store has it.
struct Coming<'a>(&'a View, &'a DocumentHash);

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        let Self(view, hash) = self;
        view.with(|registry, _, _| registry.contracts_mut().documents.arrived(hash));
    }
}

impl Registrar {
    /// A record as it is kept: with what it promises from an instance of its service that
    /// promises the same.
    pub(crate) fn shared(&self, record: Record) -> Arc<Record> {
        let mut record = Arc::new(record.shrunk());
        let same = self
            .view
            .with(|registry, _, _| registry.same_promise(&record));
        if let (Some(same), Some(own)) = (same, Arc::get_mut(&mut record)) {
            own.share(&same);
        }
        record
    }

    pub(crate) fn has_document(&self, hash: &DocumentHash) -> bool {
        self.view
            .with(|registry, _, _| registry.contracts().documents.get(hash).is_some())
    }

    /// The same, and if so it stays for another day: an instance is about to name it.
    pub(crate) fn touch_document(&self, hash: &DocumentHash) -> bool {
        self.view.with(|registry, now, _| {
            let documents = &mut registry.contracts_mut().documents;
            documents.touch(hash, now);
            documents.get(hash).is_some()
        })
    }

    /// Keeps a document that this peer brings, in place of some that nobody needs.
    pub(crate) async fn keep(
        &self,
        document: Document,
        by: &Owner,
        actor: &Actor,
    ) -> Result<Result<(), NoRoom>, CommitError> {
        let document = Arc::new(document);
        let mut last = CommitError::Conflict(0);
        for _ in 0..super::ATTEMPTS {
            if self.touch_document(&document.hash) {
                return Ok(Ok(()));
            }
            let room = self.view.with(|registry, _, _| {
                let documents = &mut registry.contracts_mut().documents;
                documents.make_room(&document.hash, document.bytes.len(), by.clone())
            });
            let leaving = match room {
                Ok(leaving) => leaving,
                Err(no_room) => return Ok(Err(no_room)),
            };
            let _coming = Coming(&self.view, &document.hash);
            let mut batch = Batch::documents(Vec::new());
            for hash in leaving {
                let entry = Entry::document(Action::DocumentDropped, actor, &hash);
                batch = batch.noting(entry.because("room for another"));
                batch.documents.push(DocumentWrite::Drop(hash));
            }
            let entry = Entry::document(Action::DocumentKept, actor, &document.hash);
            batch = batch.noting(entry);
            batch.documents.push(DocumentWrite::Keep(document.clone()));
            match self.commit(batch).await {
                Ok(()) => return Ok(Ok(())),
                // One of those that should leave has been named meanwhile.
                Err(CommitError::Conflict(revision)) => last = CommitError::Conflict(revision),
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Compares a registration with what the service promised before. Absent: it is
    /// registered like this, and was judged then.
    pub(crate) async fn judge(&self, record: &Arc<Record>) -> Option<Judged> {
        let case = self.view.with(|registry, now, _| {
            let is_new = registry.get(&record.id).as_ref() != Some(record);
            // Nobody is there who could break: most services have no live callers.
            let has_callers = || registry.has_callers(&record.service, now);
            is_new.then(|| has_callers().then(|| registry.case(record, now)))
        })?;
        let Some(case) = case.filter(|case| !case.before.is_empty() && !case.used.is_empty())
        else {
            return Some(Judged::default());
        };
        let is_in_service = case.is_in_service;
        // Large documents take some milliseconds, hostile ones more. Whoever brings those
        // waits with his own.
        let _turn = self.judging.take(record.registrant()).await;
        let judging = tokio::task::spawn_blocking(move || verdict::judge(&case));
        let breaks = judging.await.unwrap_or_else(|error| {
            tracing::error!(%error, service = record.service, "a contract could not be compared");
            Vec::new()
        });
        let is_refused =
            self.policy == ContractPolicy::Refuse && !breaks.is_empty() && !is_in_service;
        Some(Judged { breaks, is_refused })
    }

    /// Remembers and logs what came of a registration that was judged.
    pub(crate) fn note_verdict(&self, record: &Record, judged: &Judged) {
        let Record {
            service,
            host,
            port,
            id,
            ..
        } = record;
        for broken in &judged.breaks {
            if judged.is_refused {
                tracing::warn!(?service, %host, port, %id, "refused, live callers would break: {broken}");
            } else {
                tracing::warn!(?service, %host, port, %id, "registered, but live callers break: {broken}");
            }
        }
        let verdict = Verdict {
            instance: id.clone(),
            address: format!("{host}:{port}"),
            version: record.version.clone(),
            is_registered: !judged.is_refused,
            breaks: judged.breaks.clone(),
        };
        self.view.with(|registry, now, _| {
            registry
                .contracts_mut()
                .judged(service.clone(), verdict, now);
        });
    }
}
