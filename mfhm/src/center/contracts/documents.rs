//! [`Documents`]: what instances registered, each document once, and which of them
//! nobody needs any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::KEPT_FOR;
use super::document::Document;
use crate::wire::v1::DocumentHash;

/// At most so many documents are kept, and so many bytes of them.
const MOST: usize = 1024;
const MOST_BYTES: usize = 64 << 20;

/// The documents in the store, and how many instances name each.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    held: HashMap<DocumentHash, Held>,
    /// Instances that name a document, whether it is held or not.
    named: HashMap<DocumentHash, usize>,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    document: Arc<Document>,
    /// When it was last brought, or named by an instance.
    needed: Duration,
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

    /// An instance names this document.
    pub(crate) fn name(&mut self, hash: &DocumentHash) {
        *self.named.entry(hash.clone()).or_default() += 1;
    }

    /// An instance that named it is gone, or names another one.
    pub(crate) fn unname(&mut self, hash: &DocumentHash, now: Duration) {
        let Some(count) = self.named.get_mut(hash) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
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

    /// What must go to make room for a document of so many bytes: those that no
    /// instance names, the longest unneeded first. Absent: there is no room to make.
    pub(crate) fn room_for(&self, bytes: usize) -> Option<Vec<DocumentHash>> {
        let (mut count, mut total) = (self.held.len() + 1, self.bytes + bytes);
        let mut unneeded: Vec<_> = self.unnamed().collect();
        unneeded.sort_by_key(|(hash, held)| (held.needed, (*hash).clone()));
        let mut unneeded = unneeded.into_iter();
        let mut leaving = Vec::new();
        while count > MOST || total > MOST_BYTES {
            let (hash, held) = unneeded.next()?;
            count -= 1;
            total -= held.document.bytes.len();
            leaving.push(hash.clone());
        }
        Some(leaving)
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
        documents.name(&one.hash);
        documents.name(&one.hash);
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
        documents.name(&one.hash);
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
                documents.name(&document.hash);
            }
        }
        assert_eq!(
            documents.room_for(10),
            Some(vec![document("2", 0).hash.clone()])
        );
        for number in 0..=2 {
            documents.name(&document(&number.to_string(), 0).hash);
        }
        assert_eq!(documents.room_for(10), None);
    }

    #[test]
    fn the_bytes_are_bounded_too() {
        let mut documents = Documents::default();
        let one = document("one", 1 << 20);
        documents.keep(one.clone(), at(0));
        // Brought twice, counted once.
        documents.keep(one.clone(), at(1));
        assert_eq!(documents.bytes, one.bytes.len());
        assert_eq!(
            documents.room_for(MOST_BYTES - one.bytes.len()),
            Some(vec![])
        );
        assert_eq!(
            documents.room_for(MOST_BYTES - one.bytes.len() + 1),
            Some(vec![one.hash.clone()])
        );
        assert_eq!(documents.room_for(MOST_BYTES + 1), None);
    }
}
