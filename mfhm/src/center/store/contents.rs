//! The rules of a store, without a disk: which batch is applied, and what comes
//! of it. Every implementation asks the same code.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Action, Batch, DocumentWrite, Event, Expect, Mark, Revision, Snapshot, Write};
use crate::center::contracts::document::Document;
use crate::center::record::{Place, Record};
use crate::instance::InstanceId;
use crate::wire::v1::DocumentHash;

/// All records of a store, with what the preconditions need to know.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    records: BTreeMap<Place, Held>,
    /// The same, by their ids.
    by_id: HashMap<InstanceId, Arc<Record>>,
    documents: BTreeMap<DocumentHash, Arc<Document>>,
    marks: BTreeSet<String>,
    revision: Revision,
}

/// A record, and the revision that wrote it. Of what was loaded only the revision
/// of the whole is known, which is never earlier.
#[derive(Clone, Debug)]
struct Held {
    record: Arc<Record>,
    written: Revision,
}

/// A precondition did not hold; nothing was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

impl Contents {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        let mut contents = Self {
            marks: snapshot.marks,
            revision: snapshot.revision,
            ..Self::default()
        };
        for record in snapshot.records {
            let written = contents.revision;
            contents.insert(record.place(), Held { record, written });
        }
        for document in snapshot.documents {
            contents.documents.insert(document.hash.clone(), document);
        }
        contents
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            revision: self.revision,
            records: self
                .records
                .values()
                .map(|held| held.record.clone())
                .collect(),
            documents: self.documents.values().cloned().collect(),
            marks: self.marks.clone(),
        }
    }

    /// Applies the whole batch or nothing of it. Later writes of a batch see the
    /// earlier ones.
    pub(crate) fn apply(&mut self, batch: Batch) -> Result<(Revision, Vec<Event>), Conflict> {
        let mut undo = Vec::with_capacity(batch.writes.len());
        let mut events = Vec::with_capacity(batch.writes.len());
        let revision = self.revision + 1;
        for write in batch.writes {
            if !self.permits(&write, &batch.documents) {
                self.undo(undo);
                return Err(Conflict);
            }
            let Write { place, action, .. } = write;
            undo.push((place.clone(), self.records.get(&place).cloned()));
            match action {
                Action::Put(record) => {
                    let held = Held {
                        record: record.clone(),
                        written: revision,
                    };
                    self.insert(place, held);
                    events.push(Event::Put(record));
                }
                Action::Remove => {
                    self.remove(&place);
                    events.push(Event::Remove(place));
                }
            }
        }
        if !batch
            .documents
            .iter()
            .all(|write| self.permits_document(write))
        {
            self.undo(undo);
            return Err(Conflict);
        }
        for write in batch.documents {
            match write {
                DocumentWrite::Keep(document) => {
                    self.documents
                        .insert(document.hash.clone(), document.clone());
                    events.push(Event::Keep(document));
                }
                DocumentWrite::Drop(hash) => {
                    self.documents.remove(&hash);
                    events.push(Event::Drop(hash));
                }
            }
        }
        for mark in batch.marks {
            match mark {
                Mark::Set(mark) => drop(self.marks.insert(mark)),
                Mark::Clear(mark) => drop(self.marks.remove(&mark)),
            }
        }
        self.revision = revision;
        Ok((revision, events))
    }

    /// `coming`: documents that the same batch brings.
    fn permits(&self, write: &Write, coming: &[DocumentWrite]) -> bool {
        let is_coming = |hash: &DocumentHash| {
            let mut coming = coming.iter();
            coming.any(
                |write| matches!(write, DocumentWrite::Keep(document) if document.hash == *hash),
            )
        };
        let holder = self.records.get(&write.place);
        let expected = match &write.expect {
            Expect::Absent => holder.is_none(),
            Expect::Instance(id) => holder.is_some_and(|held| held.record.id == *id),
            Expect::Unchanged(id, since) => {
                holder.is_some_and(|held| held.record.id == *id && held.written <= *since)
            }
        };
        let id_is_free = match &write.action {
            Action::Put(record) => self
                .by_id
                .get(&record.id)
                .is_none_or(|known| known.is_at(&write.place)),
            Action::Remove => true,
        };
        let document_is_kept = match &write.action {
            Action::Put(record) => record
                .document
                .as_ref()
                .is_none_or(|hash| self.documents.contains_key(hash) || is_coming(hash)),
            Action::Remove => true,
        };
        expected && id_is_free && document_is_kept
    }

    fn permits_document(&self, write: &DocumentWrite) -> bool {
        match write {
            DocumentWrite::Keep(_) => true,
            // Rare: all records are looked at.
            DocumentWrite::Drop(hash) => {
                let mut held = self.records.values();
                !held.any(|held| held.record.document.as_ref() == Some(hash))
            }
        }
    }

    fn undo(&mut self, undo: Vec<(Place, Option<Held>)>) {
        for (place, before) in undo.into_iter().rev() {
            self.restore(place, before);
        }
    }

    fn insert(&mut self, place: Place, held: Held) {
        self.remove(&place);
        self.by_id
            .insert(held.record.id.clone(), held.record.clone());
        self.records.insert(place, held);
    }

    fn remove(&mut self, place: &Place) {
        if let Some(held) = self.records.remove(place) {
            self.by_id.remove(&held.record.id);
        }
    }

    fn restore(&mut self, place: Place, before: Option<Held>) {
        match before {
            Some(held) => self.insert(place, held),
            None => self.remove(&place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::record::Origin::V1;

    fn record(id: &str, port: u16) -> Arc<Record> {
        Arc::new(Record::sample(V1, "users", id, port))
    }

    fn holder(id: &str) -> Expect {
        Expect::Instance(id.parse().unwrap())
    }

    #[test]
    fn a_place_is_taken_once() {
        let mut contents = Contents::default();
        assert!(
            contents
                .apply(Batch::put(record("a", 1), Expect::Absent))
                .is_ok()
        );
        assert_eq!(
            contents.apply(Batch::put(record("b", 1), Expect::Absent)),
            Err(Conflict)
        );
        assert!(
            contents
                .apply(Batch::put(record("b", 1), holder("a")))
                .is_ok()
        );
        assert_eq!(
            contents.apply(Batch::put(record("c", 1), holder("a"))),
            Err(Conflict)
        );
        assert_eq!(contents.snapshot().records, [record("b", 1)]);
    }

    #[test]
    fn an_id_has_one_place() {
        let mut contents = Contents::default();
        contents
            .apply(Batch::put(record("a", 1), Expect::Absent))
            .unwrap();
        assert_eq!(
            contents.apply(Batch::put(record("a", 2), Expect::Absent)),
            Err(Conflict)
        );
        let moved = Batch {
            writes: vec![
                Write::remove(record("a", 1).place(), "a".parse().unwrap()),
                Write::put(record("a", 2), Expect::Absent),
            ],
            ..Batch::default()
        };
        contents.apply(moved).unwrap();
        assert_eq!(contents.snapshot().records, [record("a", 2)]);
    }

    #[test]
    fn a_removal_does_not_reach_the_successor() {
        let mut contents = Contents::default();
        contents
            .apply(Batch::put(record("new", 1), Expect::Absent))
            .unwrap();
        let removal = Batch::remove(record("old", 1).place(), "old".parse().unwrap());
        assert_eq!(contents.apply(removal), Err(Conflict));
    }

    #[test]
    fn a_decided_removal_does_not_reach_who_registered_again_meanwhile() {
        let mut contents = Contents::default();
        let (decided, _) = contents
            .apply(Batch::put(record("a", 1), Expect::Absent))
            .unwrap();
        let removal =
            |since| Batch::remove_unchanged(record("a", 1).place(), "a".parse().unwrap(), since);
        let (again, _) = contents
            .apply(Batch::put(record("a", 1), holder("a")))
            .unwrap();
        assert_eq!(contents.apply(removal(decided)), Err(Conflict));
        let mut loaded = Contents::new(contents.snapshot());
        assert_eq!(loaded.apply(removal(decided)), Err(Conflict));
        assert!(loaded.apply(removal(again)).is_ok());
        assert!(contents.apply(removal(again)).is_ok());
    }

    #[test]
    fn a_refused_batch_leaves_nothing_behind() {
        let mut contents = Contents::default();
        contents
            .apply(Batch::put(record("a", 1), Expect::Absent))
            .unwrap();
        let before = format!("{contents:?}");
        let batch = Batch {
            writes: vec![
                Write::put(record("b", 1), holder("a")),
                Write::put(record("a", 2), Expect::Absent),
                Write::put(record("c", 3), holder("nobody")),
            ],
            marks: vec![Mark::Set("done".to_owned())],
            ..Batch::default()
        };
        assert_eq!(contents.apply(batch), Err(Conflict));
        assert_eq!(format!("{contents:?}"), before);
    }

    fn document(title: &str) -> Arc<Document> {
        Arc::new(Document::sample(&serde_json::json!({ "title": title })))
    }

    fn naming(id: &str, port: u16, document: &Document) -> Arc<Record> {
        Arc::new(Record {
            document: Some(document.hash.clone()),
            ..Record::sample(V1, "users", id, port)
        })
    }

    #[test]
    fn a_document_is_kept_while_a_record_names_it() {
        let mut contents = Contents::default();
        let one = document("one");
        let put = || Batch::put(naming("a", 1, &one), Expect::Absent);
        assert_eq!(contents.apply(put()), Err(Conflict), "it is not there yet");
        let keep = Batch::documents(vec![DocumentWrite::Keep(one.clone())]);
        contents.apply(keep).unwrap();
        contents.apply(put()).unwrap();
        let drop = || Batch::documents(vec![DocumentWrite::Drop(one.hash.clone())]);
        assert_eq!(contents.apply(drop()), Err(Conflict));

        let mut together = Contents::default();
        let both = Batch {
            documents: vec![DocumentWrite::Keep(one.clone())],
            ..put()
        };
        together.apply(both).unwrap();
        assert_eq!(together.snapshot().documents, std::slice::from_ref(&one));

        let loaded = Contents::new(contents.snapshot());
        assert_eq!(loaded.snapshot().documents, std::slice::from_ref(&one));
        let removal = Batch::remove(record("a", 1).place(), "a".parse().unwrap());
        contents.apply(removal).unwrap();
        contents.apply(drop()).unwrap();
        assert!(contents.snapshot().documents.is_empty());
        assert_eq!(contents.apply(put()), Err(Conflict));
    }

    #[test]
    fn a_refused_document_leaves_no_write_behind() {
        let mut contents = Contents::default();
        let (one, two) = (document("one"), document("two"));
        let keep = Batch::documents(vec![DocumentWrite::Keep(one.clone())]);
        contents.apply(keep).unwrap();
        contents
            .apply(Batch::put(naming("a", 1, &one), Expect::Absent))
            .unwrap();
        let before = format!("{contents:?}");
        let batch = Batch {
            documents: vec![
                DocumentWrite::Keep(two),
                DocumentWrite::Drop(one.hash.clone()),
            ],
            ..Batch::put(record("b", 2), Expect::Absent)
        };
        assert_eq!(contents.apply(batch), Err(Conflict));
        assert_eq!(format!("{contents:?}"), before);
    }
}
