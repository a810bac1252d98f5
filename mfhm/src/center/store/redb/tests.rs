use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redb::backends::FileBackend;
use redb::{StorageBackend, TableDefinition};

use super::*;
use crate::center::contracts::document::Document;
use crate::center::record::{Origin, Record};
use crate::center::store::{DocumentWrite, Expect, Snapshot};

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
    let opened = RedbStore::start({
        let path = path.to_owned();
        Box::new(move || Disk::open(&path, Duration::ZERO))
    });
    opened
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
            mark: Some("tested"),
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

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let mut cuts = 0;
    for steps in 0.. {
        let made = file::create(&path, |file| {
            Ok(Faulty {
                file: FileBackend::new(file)?,
                is_broken: Arc::default(),
                stumbles: Arc::default(),
                steps_left: Some(AtomicUsize::new(steps)),
            })
        });
        if made.is_ok() {
            break;
        }
        cuts += 1;
        assert!(!path.exists(), "cut after {steps} steps");
    }
    assert!(cuts > 3, "{cuts}");
    std::fs::remove_file(&path).unwrap();

    // What a kill leaves behind, which can't clean up; and what others left.
    std::fs::write(dir.path().join("center.redb.new"), [0; 8192]).unwrap();
    std::fs::write(dir.path().join("center.redb.lock"), "").unwrap();
    std::fs::write(&path, "").unwrap();
    let store = RedbStore::open(&path).await.unwrap();
    store
        .commit(Batch::put(record("a", 1), Expect::Absent))
        .await
        .unwrap();
    store.close().await;
    let store = RedbStore::open(&path).await.unwrap();
    assert_eq!(snapshot(&store).await.records, [record("a", 1)]);
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["center.redb"], "nothing else is left");
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
                        Disk::open(&path, Duration::from_millis(200)).ok()
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
async fn a_damaged_file_is_refused_or_read_but_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let store = RedbStore::open(&path).await.unwrap();
    for n in 0..50 {
        store
            .commit(Batch::put(record(&format!("i{n}"), 1 + n), Expect::Absent))
            .await
            .unwrap();
    }
    store.close().await;
    let whole = std::fs::read(&path).unwrap();

    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..40 {
        let mut damaged = whole.clone();
        if round % 2 == 0 {
            damaged.truncate(random.usize(1..whole.len()));
        } else {
            for _ in 0..8 {
                let at = random.usize(..whole.len().min(40_960));
                damaged[at] ^= 1 << random.u8(..8);
            }
        }
        std::fs::write(&path, &damaged).unwrap();
        match RedbStore::open(&path).await {
            Ok(store) => {
                assert!(snapshot(&store).await.records.len() <= 50);
                store.close().await;
            }
            Err(error) => assert!(error.to_string().contains(&*path.to_string_lossy())),
        }
    }
}

/// A file that can be made to refuse writes, like a full disk.
#[derive(Debug)]
struct Faulty {
    file: FileBackend,
    is_broken: Arc<AtomicBool>,
    /// The next sync panics.
    stumbles: Arc<AtomicBool>,
    /// Breaks after so many writes and syncs.
    steps_left: Option<AtomicUsize>,
}

impl Faulty {
    fn check(&self) -> Result<(), std::io::Error> {
        if let Some(steps) = &self.steps_left {
            let taken = steps.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if taken.is_err() {
                self.is_broken.store(true, Ordering::SeqCst);
            }
        }
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

type IoError = std::io::Error;

impl StorageBackend for Faulty {
    fn len(&self) -> Result<u64, IoError> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), IoError> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), IoError> {
        self.check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), IoError> {
        assert!(!self.stumbles.swap(false, Ordering::SeqCst), "it stumbles");
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), IoError> {
        // The header is never moved, so a full disk has room for it.
        if offset > 0 || self.steps_left.is_some() {
            self.check()?;
        }
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), IoError> {
        self.file.close()
    }
}

fn faulty(path: &Path, is_broken: &Arc<AtomicBool>, stumbles: &Arc<AtomicBool>) -> Opener {
    let (path, is_broken, stumbles) = (path.to_owned(), is_broken.clone(), stumbles.clone());
    Box::new(move || {
        let open = || {
            let file = std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(redb::Error::Io)?;
            let backend = Faulty {
                file: FileBackend::new(file)?,
                is_broken: is_broken.clone(),
                stumbles: stumbles.clone(),
                steps_left: None,
            };
            Ok(file::builder().create_with_backend(backend)?)
        };
        Disk::load(open).map_err(|failure| failure.explain(&path))
    })
}

#[tokio::test]
async fn a_full_disk_does_not_keep_a_store_from_being_opened_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let store = RedbStore::open(&path).await.unwrap();
    let written = store
        .commit(Batch::put(record("a", 1), Expect::Absent))
        .await
        .unwrap();
    store.close().await;

    let is_broken = Arc::new(AtomicBool::new(true));
    let store = RedbStore::start(faulty(&path, &is_broken, &Arc::default()))
        .await
        .unwrap();
    let read = snapshot(&store).await;
    assert_eq!(read.records, [record("a", 1)]);
    assert!(read.revision > written);
    let batch = || Batch::put(record("b", 2), Expect::Absent);
    let refused = store.commit(batch()).await;
    assert!(
        matches!(refused, Err(CommitError::Failed { is_full: true, .. })),
        "{refused:?}"
    );

    is_broken.store(false, Ordering::SeqCst);
    let revision = store.commit(batch()).await.unwrap();
    assert!(revision > read.revision);
    store.close().await;
    let store = RedbStore::open(&path).await.unwrap();
    let read = snapshot(&store).await;
    assert_eq!(read.records, [record("a", 1), record("b", 2)]);
    assert!(read.revision > revision, "the block was begun on disk");
}

#[tokio::test]
async fn a_stumble_while_writing_is_a_refusal_and_not_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let stumbles = Arc::new(AtomicBool::new(false));
    let store = RedbStore::start(faulty(&path, &Arc::default(), &stumbles))
        .await
        .unwrap();
    let batch = || Batch::put(record("a", 1), Expect::Absent);
    stumbles.store(true, Ordering::SeqCst);
    let refused = store.commit(batch()).await;
    assert!(
        matches!(refused, Err(CommitError::Failed { is_full: false, .. })),
        "{refused:?}"
    );
    assert!(!stumbles.load(Ordering::SeqCst));
    // The batch that was refused may be on disk or not, as after a failed fsync.
    store
        .commit(Batch::put(record("b", 2), Expect::Absent))
        .await
        .unwrap();
    assert!(snapshot(&store).await.records.contains(&record("b", 2)));
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_heals_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    let is_broken = Arc::new(AtomicBool::new(false));
    let opener = faulty(&path, &is_broken, &Arc::default());
    let store = RedbStore::start(opener).await.unwrap();
    store
        .commit(Batch::put(record("a", 1), Expect::Absent))
        .await
        .unwrap();
    let mut changes = store.changes().await.unwrap();
    changes.recv().await.unwrap();

    is_broken.store(true, Ordering::SeqCst);
    let refused = store
        .commit(Batch::put(record("b", 2), Expect::Absent))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, CommitError::Failed { is_full: true, .. }),
        "{refused:?}"
    );
    let reset = changes.recv().await.unwrap();
    assert!(matches!(reset, Change::Reset(s) if s.records == [record("a", 1)]));
    for _ in 0..3 {
        let again = store
            .commit(Batch::put(record("b", 2), Expect::Absent))
            .await;
        assert!(
            matches!(again, Err(CommitError::Failed { is_full: true, .. })),
            "{again:?}"
        );
        let reset = changes.recv().await.unwrap();
        assert!(matches!(reset, Change::Reset(s) if s.records == [record("a", 1)]));
    }

    is_broken.store(false, Ordering::SeqCst);
    store
        .commit(Batch::put(record("b", 2), Expect::Absent))
        .await
        .unwrap();
    let applied = changes.recv().await.unwrap();
    assert!(matches!(applied, Change::Applied { events, .. } if events.len() == 1));
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
