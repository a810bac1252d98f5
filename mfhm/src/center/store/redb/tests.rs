mod audit;
mod crash;
mod damage;
mod faults;
mod format;

use std::sync::Arc;

use redb::TableDefinition;

use super::*;
use crate::center::contracts::document::Document;
use crate::center::record::{Origin, Record};
use crate::center::store::{DocumentWrite, Expect, Mark, Snapshot};

fn record(id: &str, port: u16) -> Arc<Record> {
    Arc::new(Record::sample(Origin::V1, "users", id, port))
}

async fn snapshot(store: &RedbStore) -> Snapshot {
    match store.changes().await.unwrap().recv().await {
        Some(Change::Reset(snapshot)) => snapshot,
        other => panic!("the first change is a reset, not {other:?}"),
    }
}

async fn refusal(path: &Path) -> String {
    RedbStore::start(opener(Folder, path, Duration::ZERO))
        .await
        .expect_err("the file is not usable")
        .to_string()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let mut last = 0;
    for round in 0..4 {
        // Dropped without `close`: the next opening waits for the lock.
        let store = RedbStore::open(&path).await.unwrap();
        assert_eq!(snapshot(&store).await.records.len(), round);
        let id = format!("i{round}");
        let batch = Batch {
            marks: vec![Mark::Set("tested".to_owned())],
            ..Batch::put(record(&id, 1 + round as u16), Expect::Absent)
        };
        let revision = store.commit(batch).await.unwrap();
        assert!(revision >> 32 > last >> 32, "revisions grow over restarts");
        last = revision;
    }
    let store = RedbStore::open(&path).await.unwrap();
    let snapshot = snapshot(&store).await;
    assert_eq!(
        snapshot.records,
        [1, 2, 3, 4].map(|port| record(&format!("i{}", port - 1), port))
    );
    assert!(snapshot.marks.contains("tested"));
}

#[tokio::test]
async fn followers_see_the_snapshot_and_every_change_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&dir.path().join("s")).await.unwrap();
    store
        .commit(Batch::put(record("a", 1), Expect::Absent))
        .await
        .unwrap();
    let mut changes = store.changes().await.unwrap();
    let removal = Batch::remove(record("a", 1).place(), "a".parse().unwrap());
    let revision = store.commit(removal).await.unwrap();

    let first = changes.recv().await.unwrap();
    assert!(matches!(first, Change::Reset(s) if s.records == [record("a", 1)]));
    let Some(Change::Applied {
        revision: seen,
        events,
    }) = changes.recv().await
    else {
        panic!("a change follows");
    };
    assert_eq!(
        (seen, events),
        (revision, vec![Event::Remove(record("a", 1).place())])
    );
    store.close().await;
    assert!(changes.recv().await.is_none(), "closing ends the changes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_commits_are_all_durable_and_one_place_is_won_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let store = Arc::new(RedbStore::open(&path).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..300_u16 {
        let store = store.clone();
        tasks.spawn(async move {
            let own = Batch::put(record(&format!("own{n}"), 1000 + n), Expect::Absent);
            let contested = Batch::put(record(&format!("all{n}"), 1), Expect::Absent);
            (
                store.commit(own).await.is_ok(),
                store.commit(contested).await.is_ok(),
            )
        });
    }
    let results = tasks.join_all().await;
    assert!(results.iter().all(|(own, _)| *own));
    assert_eq!(
        results.iter().filter(|(_, contested)| *contested).count(),
        1
    );

    store.close().await;
    let store = RedbStore::open(&path).await.unwrap();
    assert_eq!(snapshot(&store).await.records.len(), 301);
}

#[tokio::test]
async fn what_instances_promise_alike_is_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let store = RedbStore::open(&path).await.unwrap();
    for (id, port) in [("a", 1), ("b", 2)] {
        let mut record = Record::clone(&record(id, port));
        let operation = serde_json::json!({"name": "user", "path": "/user", "methods": ["GET"]});
        record.operations = vec![serde_json::from_value(operation).unwrap()].into();
        let batch = Batch::put(Arc::new(record), Expect::Absent);
        store.commit(batch).await.unwrap();
    }
    store.close().await;
    let store = RedbStore::open(&path).await.unwrap();
    let records = snapshot(&store).await.records;
    assert!(records[0].operations.is_shared_with(&records[1].operations));
}

#[tokio::test]
async fn a_second_store_on_one_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let first = RedbStore::open(&path).await.unwrap();
    let text = refusal(&path).await;
    assert!(
        text.contains("in use") && text.contains(&*path.to_string_lossy()),
        "{text}"
    );
    first.close().await;
    RedbStore::open(&path)
        .await
        .expect("closing releases the file");
}

#[tokio::test]
async fn a_newer_format_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    RedbStore::open(&path).await.unwrap().close().await;
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
    transaction
        .open_table(meta)
        .unwrap()
        .insert("format", "2")
        .unwrap();
    transaction.commit().unwrap();
    drop(database);

    let text = refusal(&path).await;
    assert!(
        text.contains("format 2") && text.contains(&*path.to_string_lossy()),
        "{text}"
    );
}

#[tokio::test]
async fn a_file_of_garbage_is_refused_by_name_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    for garbage in [&b"not a database"[..], &[0; 8192], &[0xff; 100_000]] {
        std::fs::write(&path, garbage).unwrap();
        let text = refusal(&path).await;
        assert!(text.contains(&*path.to_string_lossy()), "{text}");
        assert!(text.contains("kept"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), garbage);
    }
}

#[test]
fn of_many_first_starts_at_once_one_wins() {
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("center.redb");
        let barrier = std::sync::Barrier::new(8);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        open(&path, Duration::from_millis(200)).ok()
                    })
                })
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert_eq!(opened.iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn a_document_is_there_after_a_restart_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let document = Arc::new(Document::sample(&serde_json::json!({ "openapi": "3.1.0" })));
    let naming = Arc::new(Record {
        document: Some(document.hash.clone()),
        ..Record::sample(Origin::V1, "users", "a", 1)
    });
    let drop_it = || Batch::documents(vec![DocumentWrite::Drop(document.hash.clone())]);
    let store = RedbStore::open(&path).await.unwrap();
    let early = store
        .commit(Batch::put(naming.clone(), Expect::Absent))
        .await;
    assert!(matches!(early, Err(CommitError::Conflict(_))), "{early:?}");
    let keep = Batch::documents(vec![DocumentWrite::Keep(document.clone())]);
    store.commit(keep).await.unwrap();
    store
        .commit(Batch::put(naming.clone(), Expect::Absent))
        .await
        .unwrap();
    store.close().await;

    let store = RedbStore::open(&path).await.unwrap();
    let kept = snapshot(&store).await;
    assert_eq!(
        (kept.documents, kept.records),
        (vec![document.clone()], vec![naming.clone()])
    );
    let early = store.commit(drop_it()).await;
    assert!(matches!(early, Err(CommitError::Conflict(_))), "{early:?}");
    let leave = Batch::remove(naming.place(), naming.id.clone());
    store.commit(leave).await.unwrap();
    store.commit(drop_it()).await.unwrap();
    store.close().await;

    let store = RedbStore::open(&path).await.unwrap();
    assert!(snapshot(&store).await.documents.is_empty());
}

/// Whoever waited for a disk that hung and was told so is not registered by it later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_waits_for_any_more_is_not_made() {
    use futures_util::FutureExt as _;

    let store = Arc::new(
        RedbStore::start(opener(
            simulated::Simulated::default(),
            Path::new("s"),
            Duration::ZERO,
        ))
        .await
        .unwrap(),
    );
    // A follower that stands still holds the store up.
    let mut follower = store.changes().await.unwrap();
    let many = tokio::spawn({
        let store = store.clone();
        async move {
            let commits = (1..=1100).map(|port| {
                let record = record(&format!("i{port}"), port);
                store.commit(Batch::put(record, Expect::Absent))
            });
            futures_util::future::join_all(commits).await
        }
    });
    while follower.len() < FOLLOWER_CAPACITY {
        tokio::task::yield_now().await;
    }
    let late = Batch::put(record("late", 2000), Expect::Absent);
    assert!(store.commit(late).now_or_never().is_none());
    while !many.is_finished() {
        let _ = follower.try_recv();
        tokio::task::yield_now().await;
    }
    assert!(many.await.unwrap().iter().all(|answer| answer.is_ok()));
    drop(follower);
    assert_eq!(snapshot(&store).await.records.len(), 1100);
}
