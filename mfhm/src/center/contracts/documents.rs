//! [`Documents`]: what instances registered, each document once, and which of them
//! nobody needs any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::KEPT_FOR;
use super::document::Document;
use crate::center::registry::Owner;
use crate::wire::v1::DocumentHash;

/// At most so many documents are kept, and so many bytes of them.
const MOST: usize = 1024;
const MOST_BYTES: usize = 64 << 20;

/// Of those, what one peer may have brought.
const MOST_OF_ONE: usize = MOST / 2;
const MOST_BYTES_OF_ONE: usize = MOST_BYTES / 2;

/// The documents in the store, and how many instances name each.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    held: HashMap<DocumentHash, Held>,
    /// Instances that name a document, whether it is held or not.
    named: HashMap<DocumentHash, Named>,
    /// On their way to the store.
    coming: HashMap<DocumentHash, Coming>,
    bytes: usize,
}

#[derive(Debug)]
struct Named {
    count: usize,
    /// The first of them.
    by: Owner,
}

#[derive(Debug)]
struct Coming {
    by: Owner,
    bytes: usize,
}

/// There is no room for a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Instances have all that this peer may bring.
    Own,
    /// Instances have all that there may be.
    All,
}

#[derive(Debug)]
struct Held {
    document: Arc<Document>,
    /// When it was last brought, or named by an instance.
    needed: Duration,
    /// Who brought it. Absent: that was before the center started, and it counts as
    /// brought by an instance that names it.
    by: Option<Owner>,
}

impl Documents {
    pub(crate) fn get(&self, hash: &DocumentHash) -> Option<&Arc<Document>> {
        self.held.get(hash).map(|held| &held.document)
    }

    /// The store keeps this document.
    pub(crate) fn keep(&mut self, document: Arc<Document>, now: Duration) {
        let hash = document.hash.clone();
        self.bytes += document.bytes.len();
        let held = Held {
            document,
            needed: now,
            by: self.coming.get(&hash).map(|coming| coming.by.clone()),
        };
        if let Some(before) = self.held.insert(hash, held) {
            self.bytes -= before.document.bytes.len();
        }
    }

    /// The store dropped this document.
    pub(crate) fn drop(&mut self, hash: &DocumentHash) {
        if let Some(held) = self.held.remove(hash) {
            self.bytes -= held.document.bytes.len();
        }
    }

    /// The store keeps these and no others.
    pub(crate) fn reset(&mut self, documents: Vec<Arc<Document>>, now: Duration) {
        self.held.clear();
        self.bytes = 0;
        for document in documents {
            self.keep(document, now);
        }
    }

    /// An instance of this peer names this document.
    pub(crate) fn name(&mut self, hash: &DocumentHash, by: Owner) {
        let first = || Named { count: 0, by };
        self.named.entry(hash.clone()).or_insert_with(first).count += 1;
    }

    /// An instance that named it is gone, or names another one.
    pub(crate) fn unname(&mut self, hash: &DocumentHash, now: Duration) {
        let Some(named) = self.named.get_mut(hash) else {
            return;
        };
        named.count -= 1;
        if named.count == 0 {
            self.named.remove(hash);
            self.touch(hash, now);
        }
    }

    /// Somebody brought it again.
    pub(crate) fn touch(&mut self, hash: &DocumentHash, now: Duration) {
        if let Some(held) = self.held.get_mut(hash) {
            held.needed = now;
        }
    }

    /// What must go to make room for a document of so many bytes that this peer brings:
    /// those that no instance names, the longest unneeded first. Where the peer has its
    /// share, it is its own.
    ///
    /// The document has its room from now on, until it has [`arrived`](Self::arrived).
    pub(crate) fn make_room(
        &mut self,
        hash: &DocumentHash,
        bytes: usize,
        by: Owner,
    ) -> Result<Vec<DocumentHash>, NoRoom> {
        let coming = || {
            let others = self.coming.iter().filter(|(other, _)| *other != hash);
            others.filter(|(other, _)| !self.held.contains_key(*other))
        };
        let (mut count, mut total) = (self.held.len() + 1, self.bytes + bytes);
        let (mut own_count, mut own_total) = (1, bytes);
        for (_, other) in coming() {
            count += 1;
            total += other.bytes;
            if other.by == by {
                own_count += 1;
                own_total += other.bytes;
            }
        }
        for (hash, held) in &self.held {
            if self.owner(hash, held) == Some(&by) {
                own_count += 1;
                own_total += held.document.bytes.len();
            }
        }
        let mut unneeded: Vec<_> = self.unnamed().collect();
        unneeded.sort_by_key(|(hash, held)| (held.needed, (*hash).clone()));
        let (own, others): (Vec<_>, Vec<_>) = unneeded
            .into_iter()
            .partition(|(hash, held)| self.owner(hash, held) == Some(&by));
        let mut own = own.into_iter().peekable();
        let mut leaving = Vec::new();
        while own_count > MOST_OF_ONE || own_total > MOST_BYTES_OF_ONE {
            let (hash, held) = own.next().ok_or(NoRoom::Own)?;
            let bytes = held.document.bytes.len();
            (own_count, own_total) = (own_count - 1, own_total - bytes);
            (count, total) = (count - 1, total - bytes);
            leaving.push(hash.clone());
        }
        let mut others = others.into_iter().peekable();
        while count > MOST || total > MOST_BYTES {
            let next = match (own.peek(), others.peek()) {
                (Some((_, one)), Some((_, other))) if one.needed <= other.needed => own.next(),
                (_, Some(_)) => others.next(),
                (_, None) => own.next(),
            };
            let (hash, held) = next.ok_or(NoRoom::All)?;
            count -= 1;
            total -= held.document.bytes.len();
            leaving.push(hash.clone());
        }
        self.coming.insert(hash.clone(), Coming { by, bytes });
        Ok(leaving)
    }

    /// The store has it, or does not get it.
    pub(crate) fn arrived(&mut self, hash: &DocumentHash) {
        self.coming.remove(hash);
    }

    fn owner<'a>(&'a self, hash: &DocumentHash, held: &'a Held) -> Option<&'a Owner> {
        let by_name = || self.named.get(hash).map(|named| &named.by);
        held.by.as_ref().or_else(by_name)
    }

    /// Those that nobody has needed for a day. Each is told once a day.
    pub(crate) fn take_unneeded(&mut self, now: Duration) -> Vec<DocumentHash> {
        let is_old = |held: &Held| now.saturating_sub(held.needed) >= KEPT_FOR;
        let old = self.unnamed().filter(|(_, held)| is_old(held));
        let old: Vec<_> = old.map(|(hash, _)| hash.clone()).collect();
        // Until the store has dropped them; should it fail, they are told again.
        old.iter().for_each(|hash| self.touch(hash, now));
        old
    }

    fn unnamed(&self) -> impl Iterator<Item = (&DocumentHash, &Held)> {
        self.held
            .iter()
            .filter(|(hash, _)| !self.named.contains_key(*hash))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(title: &str, bytes: usize) -> Arc<Document> {
        let value =
            json!({ "openapi": "3.1.0", "paths": {}, "title": title, "x": "y".repeat(bytes) });
        Arc::new(Document::sample(&value))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_document_stays_while_an_instance_names_it_and_a_day_longer() {
        let mut documents = Documents::default();
        let one = document("one", 0);
        documents.keep(one.clone(), at(0));
        documents.name(&one.hash, peer(1));
        documents.name(&one.hash, peer(1));
        let day = KEPT_FOR.as_secs();
        assert_eq!(documents.take_unneeded(at(3 * day)), []);
        documents.unname(&one.hash, at(3 * day));
        assert_eq!(documents.take_unneeded(at(5 * day)), []);
        documents.unname(&one.hash, at(5 * day));
        assert_eq!(documents.take_unneeded(at(6 * day - 1)), []);
        assert_eq!(
            documents.take_unneeded(at(6 * day)),
            std::slice::from_ref(&one.hash)
        );
        assert_eq!(documents.take_unneeded(at(6 * day)), [], "told once");
        documents.drop(&one.hash);
        assert!(documents.get(&one.hash).is_none());
        assert_eq!(documents.bytes, 0);
    }

    #[test]
    fn an_instance_may_name_a_document_before_it_is_held() {
        let mut documents = Documents::default();
        let one = document("one", 0);
        documents.name(&one.hash, peer(1));
        documents.reset(vec![one.clone()], at(0));
        assert_eq!(documents.take_unneeded(at(10 * KEPT_FOR.as_secs())), []);
    }

    #[test]
    fn room_is_made_of_what_is_unneeded_the_oldest_first() {
        let mut documents = Documents::default();
        for number in 0..MOST {
            let document = document(&number.to_string(), 0);
            documents.keep(document.clone(), at(MOST as u64 - number as u64));
            if number > 2 {
                documents.name(&document.hash, peer(number));
            }
        }
        assert_eq!(
            room(&mut documents, 10, peer(0)),
            Ok(vec![document("2", 0).hash.clone()])
        );
        for number in 0..=2 {
            documents.name(&document(&number.to_string(), 0).hash, peer(number));
        }
        assert_eq!(room(&mut documents, 10, peer(0)), Err(NoRoom::All));
    }

    #[test]
    fn the_bytes_are_bounded_too() {
        let mut documents = Documents::default();
        let one = document("one", 1 << 20);
        documents.keep(one.clone(), at(0));
        // Brought twice, counted once.
        documents.keep(one.clone(), at(1));
        assert_eq!(documents.bytes, one.bytes.len());
        for number in 0..2 {
            let half = MOST_BYTES_OF_ONE - number * one.bytes.len();
            let hash = document(&number.to_string(), 0).hash.clone();
            let leaving = documents.make_room(&hash, half, peer(number));
            assert_eq!(leaving, Ok(vec![]), "as much as there is");
        }
        assert_eq!(room(&mut documents, 1, peer(2)), Ok(vec![one.hash.clone()]));
        let too_much = room(&mut documents, MOST_BYTES_OF_ONE + 1, peer(2));
        assert_eq!(too_much, Err(NoRoom::Own));
    }

    /// Room for a document, which is given back.
    fn room(
        documents: &mut Documents,
        bytes: usize,
        by: Owner,
    ) -> Result<Vec<DocumentHash>, NoRoom> {
        let hash = document("another", 0).hash.clone();
        let leaving = documents.make_room(&hash, bytes, by);
        documents.arrived(&hash);
        leaving
    }

    fn peer(number: usize) -> Owner {
        Owner::Principal(format!("token {number}").into())
    }

    #[test]
    fn who_brings_many_documents_makes_room_of_its_own() {
        let mut documents = Documents::default();
        let bring = |documents: &mut Documents, title: String, by| -> Result<_, NoRoom> {
            let document = document(&title, 0);
            let leaving = documents.make_room(&document.hash, document.bytes.len(), by)?;
            leaving.iter().for_each(|hash| documents.drop(hash));
            documents.keep(document.clone(), at(0));
            documents.arrived(&document.hash);
            Ok(document)
        };
        let others = bring(&mut documents, "others".to_owned(), peer(2)).unwrap();
        let mut own = Vec::new();
        for number in 0..2 * MOST {
            own.push(bring(&mut documents, number.to_string(), peer(1)).unwrap());
        }
        assert!(documents.get(&others.hash).is_some());
        assert_eq!(documents.held.len(), MOST_OF_ONE + 1);
        // Those on their way count as well.
        own.retain(|own| documents.get(&own.hash).is_some());
        for document in &own[1..] {
            documents.name(&document.hash, peer(1));
        }
        let coming = document("coming", 0).hash.clone();
        let leaving = documents.make_room(&coming, 1, peer(1));
        assert_eq!(leaving, Ok(vec![own[0].hash.clone()]));
        documents.drop(&own[0].hash);
        assert_eq!(room(&mut documents, 1, peer(1)), Err(NoRoom::Own));
        assert_eq!(room(&mut documents, 1, peer(2)), Ok(vec![]));
        documents.arrived(&coming);
        assert_eq!(room(&mut documents, 1, peer(1)), Ok(vec![]));

        // A center that was started again knows them by the instances that name them.
        let mut again = Documents::default();
        again.reset(own[1..].to_vec(), at(0));
        for document in &own[1..] {
            again.name(&document.hash, peer(1));
        }
        let one = bring(&mut again, "one".to_owned(), peer(1)).unwrap();
        again.name(&one.hash, peer(1));
        assert_eq!(room(&mut again, 1, peer(1)), Err(NoRoom::Own));
    }
}
