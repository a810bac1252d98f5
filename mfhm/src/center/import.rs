//! Taking over from a Python center: its `centerCache.json` is read once.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::address;
use super::audit::{Action, Actor, Entry};
use super::record::{Operations, Origin, Place, Record};
use super::store::{Batch, Expect, Mark, Snapshot, Store, Write};
use crate::instance::InstanceId;
use crate::key::Key;
use crate::wire::python::{self, CachedInstance};
use crate::wire::v1::OperationEntry;

/// The Python center's name for its file.
const FILE_NAME: &str = "centerCache.json";

/// Remembered in the store when the file was imported.
const MARK: &str = "centerCache.json";

/// Registers what the cache file in `dir` lists, unless that was done before.
/// The file stays where it is, and nothing about it keeps the center from
/// starting.
pub(crate) async fn import(
    dir: &Path,
    stored: &Snapshot,
    store: &dyn Store,
    random: &mut fastrand::Rng,
) {
    let file = dir.join(FILE_NAME);
    if stored.marks.contains(MARK) || !file.exists() {
        return;
    }
    let shown = file.display();
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => return tracing::warn!(file = %shown, %error, "not imported"),
    };
    let (instances, skipped) = match python::decode_cache(&bytes) {
        Ok(decoded) => decoded,
        Err(reason) => return tracing::warn!(file = %shown, %reason, "not imported"),
    };
    for reason in skipped {
        tracing::warn!(file = %shown, %reason, "an entry was skipped");
    }
    let batch = batch(instances, stored, random);
    let count = batch.writes.len();
    match store.commit(batch).await {
        Ok(_) => tracing::info!(file = %shown, instances = count, "imported"),
        Err(error) => tracing::warn!(file = %shown, %error, "not imported"),
    }
}

pub(super) fn batch(
    instances: Vec<CachedInstance>,
    stored: &Snapshot,
    random: &mut fastrand::Rng,
) -> Batch {
    let mut taken: HashSet<Place> = stored.records.iter().map(|record| record.place()).collect();
    let (mut writes, mut audit) = (Vec::new(), Vec::new());
    for instance in instances {
        let record = record(instance, InstanceId::from_random(random.u128(..)));
        let (service, host, port) = (&record.service, &record.host, record.port);
        let forbidden = host.parse().is_ok_and(address::is_forbidden);
        if forbidden || address::url_host(host).is_none() {
            tracing::warn!(?service, %host, port, "an entry was skipped: no host to call");
        } else if !taken.insert(record.place()) {
            tracing::info!(?service, %host, port, "an entry was skipped: registered already");
        } else {
            let entry = Entry::instance(Action::Imported, &Actor::Center, &record);
            audit.push(entry.because(FILE_NAME));
            writes.push(Write::put(Arc::new(record), Expect::Absent));
        }
    }
    Batch {
        writes,
        marks: vec![Mark::Set(MARK.to_owned())],
        audit,
        ..Batch::default()
    }
}

fn record(instance: CachedInstance, id: InstanceId) -> Record {
    let CachedInstance {
        name,
        host,
        port,
        key,
        methods,
    } = instance;
    Record {
        id,
        service: name,
        host,
        port,
        tls: false,
        origin: Origin::Python,
        peer: None,
        principal: None,
        operations: operations(methods),
        document: None,
        metadata: BTreeMap::new(),
        version: None,
        weight: 100,
        key: key.map(Key::new),
        secret: None,
    }
}

/// What a Python peer calls methods.
pub(crate) fn operations(methods: Vec<(String, python::Method)>) -> Operations {
    let entry = |(name, method): (String, python::Method)| OperationEntry {
        name,
        path: method.path,
        methods: method.methods,
        fingerprint: None,
    };
    methods.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::store::memory::MemoryStore;
    use crate::center::store::{Change, CommitError};

    const CACHE: &str = r#"{"service01": [{"host": "127.0.0.1", "port": 30176, "ping": 0.003041, "methods": {"hello": {"path": "/hello", "methods": ["GET"]}}}, {"host": "evil host/..", "port": 1, "ping": -1, "methods": {}}, {"host": "169.254.169.254", "port": 80, "ping": 1, "methods": {}}], "keyed01": [{"host": "127.0.0.1", "port": 30177, "ping": 0.00946, "transmissionType": "key", "transmissionData": "0123", "methods": {}}], "gone": []}"#;

    async fn snapshot(store: &MemoryStore) -> Snapshot {
        match store.changes().await.unwrap().recv().await {
            Some(Change::Reset(snapshot)) => snapshot,
            other => panic!("{other:?}"),
        }
    }

    async fn import_into(store: &MemoryStore, cache: &str) -> Snapshot {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("centerCache.json");
        std::fs::write(&file, cache).unwrap();
        let mut random = fastrand::Rng::new();
        import(dir.path(), &snapshot(store).await, store, &mut random).await;
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            cache,
            "the file is left as it is"
        );
        snapshot(store).await
    }

    #[tokio::test]
    async fn what_is_valid_is_registered_once() {
        let store = MemoryStore::default();
        let imported = import_into(&store, CACHE).await;
        let places: Vec<_> = imported
            .records
            .iter()
            .map(|r| (r.service.as_str(), r.port))
            .collect();
        assert_eq!(places, [("keyed01", 30177), ("service01", 30176)]);
        assert_eq!(imported.records[0].key, Some(Key::new("0123")));
        assert_eq!(imported.records[1].operations[0].path, "/hello");

        let again = r#"{"later": [{"host": "127.0.0.1", "port": 5, "ping": 1, "methods": {}}]}"#;
        assert_eq!(import_into(&store, again).await.records.len(), 2);
    }

    #[tokio::test]
    async fn who_is_registered_already_is_left_alone() {
        let there = Arc::new(Record::sample(Origin::V1, "service01", "a", 30176));
        let store = MemoryStore::with(vec![there.clone()]);
        let imported = import_into(&store, CACHE).await;
        assert_eq!(imported.records.len(), 2);
        assert!(imported.records.contains(&there));
    }

    #[tokio::test]
    async fn a_broken_file_is_left_for_another_time() {
        let store = MemoryStore::default();
        assert!(import_into(&store, &CACHE[..50]).await.marks.is_empty());
        assert_eq!(import_into(&store, CACHE).await.records.len(), 2);
    }

    #[tokio::test]
    async fn a_store_that_can_not_write_does_not_count_as_done() {
        let store = MemoryStore::default();
        let reason = "full".to_owned();
        store.fail_with(Some(CommitError::Failed {
            reason,
            is_full: true,
        }));
        assert!(import_into(&store, CACHE).await.records.is_empty());
        store.fail_with(None);
        assert_eq!(import_into(&store, CACHE).await.records.len(), 2);
    }
}
