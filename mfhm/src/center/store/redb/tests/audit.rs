//! The audit trail in the file.

use super::*;
use crate::center::audit::{Action, Actor, Entry};

fn entry(port: u16) -> Entry {
    Entry::instance(Action::Registered, &Actor::Center, &record("a", port))
}

async fn numbers(store: &RedbStore, after: Option<u64>, limit: usize) -> Vec<u64> {
    let read = store.audit(after, limit).await.unwrap();
    read.iter().map(|entry| entry.number).collect()
}

#[tokio::test]
async fn the_trail_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    for life in 0..3 {
        let store = RedbStore::open(&path).await.unwrap();
        for n in 0..2 {
            let port = 1 + life * 2 + n;
            let batch = Batch::put(record(&format!("i{port}"), port), Expect::Absent);
            store.commit(batch.noting(entry(port))).await.unwrap();
        }
        store.close().await;
    }
    let store = RedbStore::open(&path).await.unwrap();
    assert_eq!(numbers(&store, Some(0), 100).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(&store, Some(4), 1).await, [5]);
    assert_eq!(numbers(&store, Some(6), 100).await, [0; 0]);
    assert_eq!(numbers(&store, Some(u64::MAX), 100).await, [0; 0]);
    assert_eq!(numbers(&store, None, 2).await, [5, 6]);
    let last = store.audit(None, 1).await.unwrap();
    assert_eq!(last[0].entry["port"], 6);
}

#[tokio::test]
async fn what_was_refused_is_not_in_the_trail() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&dir.path().join("s")).await.unwrap();
    let put = || Batch::put(record("a", 1), Expect::Absent).noting(entry(1));
    store.commit(put()).await.unwrap();
    store.commit(put()).await.unwrap_err();
    assert_eq!(numbers(&store, None, 100).await, [1]);
}

#[tokio::test]
async fn the_trail_is_bounded_and_its_end_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&dir.path().join("s")).await.unwrap();
    let many = Batch {
        audit: vec![entry(1); 9_000],
        ..Batch::default()
    };
    for _ in 0..2 {
        store.commit(many.clone()).await.unwrap();
    }
    // All of them say the same, so some in the middle went.
    let kept = numbers(&store, Some(0), 20_000).await;
    assert_eq!((kept.len(), kept[0]), (10_000, 1));
    assert_eq!(kept[5_000..], (13_001..=18_000).collect::<Vec<_>>());
    // Until some have to go again they stay.
    store
        .commit(Batch::default().noting(entry(1)))
        .await
        .unwrap();
    assert_eq!(numbers(&store, Some(0), 20_000).await.len(), 10_001);
}

/// A store that runs for long remembers what is in its trail, one that was started reads it.
#[tokio::test]
async fn the_same_entries_go_whether_the_trail_was_read_or_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (long, short) = (dir.path().join("long"), dir.path().join("short"));
    let running = RedbStore::open(&long).await.unwrap();
    for round in 0..4 {
        let noted = (0..5_000).map(|n| {
            let service = format!("s{}", (n * (round + 3)) % 7);
            let record = Record::sample(Origin::V1, &service, "a", 1);
            Entry::instance(Action::Registered, &Actor::Center, &record)
        });
        let batch = Batch {
            audit: noted.collect(),
            ..Batch::default()
        };
        running.commit(batch.clone()).await.unwrap();
        let started = RedbStore::open(&short).await.unwrap();
        started.commit(batch).await.unwrap();
        let kept = numbers(&started, Some(0), 30_000).await;
        assert_eq!(numbers(&running, Some(0), 30_000).await, kept, "{round}");
        started.close().await;
    }
}
