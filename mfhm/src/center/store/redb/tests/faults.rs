//! A disk that is full, broken, or was cut off while the file was made.

use super::super::simulated::{Faults, Simulated};
use super::*;

const PATH: &str = "center.redb";
const SOUND: &str = "center.redb.sound";
const DOUBT: &str = "center.redb.doubt";

/// Nothing but the store is there, and the empty file that says it is sound.
fn is_tidy(disk: &Simulated) -> bool {
    disk.names() == [Path::new(PATH), Path::new(SOUND)]
}

fn is_marked(disk: &Simulated) -> bool {
    disk.names().iter().any(|name| name == Path::new(DOUBT))
}

async fn open_on(disk: &Simulated) -> RedbStore {
    try_open_on(disk).await.expect("the store opens")
}

async fn try_open_on(disk: &Simulated) -> Result<RedbStore> {
    RedbStore::start(opener(disk.clone(), Path::new(PATH), Duration::ZERO)).await
}

async fn put(store: &RedbStore, id: &str, port: u16) -> Answer {
    let batch = Batch::put(record(id, port), Expect::Absent);
    store.commit(batch).await
}

fn is_refused(answer: &Answer, full: bool) -> bool {
    matches!(answer, Err(CommitError::Failed { is_full, .. }) if *is_full == full)
}

const FULL: Faults = Faults {
    is_full: true,
    has_room_until_sync: false,
    writes_fail: false,
    good_syncs: 0,
    failing_syncs: 0,
    steps_after_failure: None,
    stumbles: false,
};

/// As a file system that looks for room when it must: so many syncs fail for the lack of
/// it, and no file can be made.
fn full_at_syncs(failing_syncs: usize) -> Faults {
    Faults {
        has_room_until_sync: true,
        failing_syncs,
        ..FULL
    }
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_made_up_for() {
    let mut cuts = 0;
    for steps in 0.. {
        let disk = Simulated::default();
        disk.stop_after(steps);
        let made = file::Location::new(disk.clone(), Path::new(PATH)).create();
        disk.restart();
        if made.is_ok() {
            break;
        }
        cuts += 1;
        let store = open_on(&disk).await;
        put(&store, "a", 1).await.unwrap();
        store.close().await;
        assert!(is_tidy(&disk), "nothing else is left: {:?}", disk.names());
    }
    assert!(cuts > 10, "{cuts}");

    // What others left.
    let disk = Simulated::default();
    disk.put(Path::new("center.redb.new"), &[0; 8192]);
    disk.put(Path::new("center.redb.lock"), b"");
    disk.put(Path::new(PATH), b"");
    let store = open_on(&disk).await;
    put(&store, "a", 1).await.unwrap();
    store.close().await;
    let store = open_on(&disk).await;
    assert_eq!(snapshot(&store).await.records, [record("a", 1)]);
    assert!(is_tidy(&disk), "{:?}", disk.names());
}

#[tokio::test]
async fn a_full_disk_does_not_keep_a_store_from_being_opened_and_read() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    let written = put(&store, "a", 1).await.unwrap();
    store.close().await;

    disk.set(FULL);
    let store = open_on(&disk).await;
    let read = snapshot(&store).await;
    assert_eq!(read.records, [record("a", 1)]);
    assert!(read.revision > written);
    let refused = put(&store, "b", 2).await;
    assert!(is_refused(&refused, true), "{refused:?}");

    disk.set(Faults::default());
    let revision = put(&store, "b", 2).await.unwrap();
    assert!(revision > read.revision);
    store.close().await;
    let store = open_on(&disk).await;
    let read = snapshot(&store).await;
    assert_eq!(read.records, [record("a", 1), record("b", 2)]);
    assert!(read.revision > revision, "the block was begun on disk");
}

#[tokio::test]
async fn a_stumble_while_writing_is_a_refusal_and_not_the_end() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    disk.set(Faults {
        stumbles: true,
        ..Faults::default()
    });
    let refused = put(&store, "a", 1).await;
    assert!(is_refused(&refused, false), "{refused:?}");
    // The batch that was refused may be on disk or not, as after a failed fsync.
    put(&store, "b", 2).await.unwrap();
    assert!(snapshot(&store).await.records.contains(&record("b", 2)));
}

/// Refuses while the disk has these faults, and heals without a restart.
async fn heals(faults: Faults) {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    put(&store, "a", 1).await.unwrap();
    let mut changes = store.changes().await.unwrap();
    changes.recv().await.unwrap();

    for _ in 0..4 {
        disk.set(faults);
        let refused = put(&store, "b", 2).await;
        assert!(is_refused(&refused, faults.is_full), "{refused:?}");
        // The view goes on with what is on disk.
        if faults.is_full {
            let reset = changes.recv().await.unwrap();
            assert!(matches!(reset, Change::Reset(s) if s.records == [record("a", 1)]));
        }
    }
    disk.set(Faults::default());
    put(&store, "b", 2).await.unwrap();
    store.close().await;
    disk.lose_power(&mut fastrand::Rng::with_seed(3));
    let store = open_on(&disk).await;
    assert_eq!(
        snapshot(&store).await.records,
        [record("a", 1), record("b", 2)]
    );
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_heals_without_a_restart() {
    heals(FULL).await;
}

#[tokio::test]
async fn writes_that_fail_are_refused_and_it_heals_without_a_restart() {
    heals(Faults {
        writes_fail: true,
        ..Faults::default()
    })
    .await;
}

/// So large that a few of them fill a page.
async fn put_large(store: &RedbStore, port: u16) -> Answer {
    let record = Record {
        metadata: [("pad".to_owned(), "x".repeat(900))].into(),
        ..Record::sample(Origin::V1, "users", &format!("i{port}"), port)
    };
    store
        .commit(Batch::put(Arc::new(record), Expect::Absent))
        .await
}

/// The trap: what a failed sync should have written is read, but is not on disk and
/// will never be.
#[tokio::test]
async fn nothing_is_built_on_what_a_failed_sync_left() {
    for failing in 1..6 {
        let disk = Simulated::default();
        let store = open_on(&disk).await;
        for port in (10..60).step_by(2) {
            put_large(&store, port).await.unwrap();
        }
        disk.set(Faults {
            failing_syncs: failing,
            ..Faults::default()
        });
        // It writes a page that those after it do not touch.
        let refused = put_large(&store, 11).await;
        assert!(is_refused(&refused, false), "{refused:?}");
        let mut port = 70;
        while put_large(&store, port).await.is_err() {
            port += 1;
            assert!(port < 80, "it heals");
        }
        disk.lose_power(&mut fastrand::Rng::with_seed(1));
        store.close().await;

        let store = open_on(&disk).await;
        let records = snapshot(&store).await.records;
        let there = |port| records.iter().any(|record| record.port == port);
        assert!((10..60).step_by(2).all(there), "{failing} failing syncs");
        assert!(there(port), "{failing} failing syncs");
        assert!(is_tidy(&disk), "nothing is left behind: {:?}", disk.names());
    }
}

#[tokio::test]
async fn the_next_process_knows_that_a_sync_failed() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    for port in (10..60).step_by(2) {
        put_large(&store, port).await.unwrap();
    }
    disk.set(Faults {
        failing_syncs: usize::MAX,
        ..Faults::default()
    });
    let refused = put_large(&store, 11).await;
    assert!(is_refused(&refused, false), "{refused:?}");
    disk.restart();
    store.close().await;
    disk.set(Faults::default());

    let store = open_on(&disk).await;
    put_large(&store, 70).await.unwrap();
    disk.lose_power(&mut fastrand::Rng::with_seed(1));
    store.close().await;
    let store = open_on(&disk).await;
    let records = snapshot(&store).await.records;
    let there = |port| records.iter().any(|record| record.port == port);
    assert!((10..60).step_by(2).all(there) && there(70));
}

#[tokio::test]
async fn what_is_in_doubt_is_read_while_there_is_no_room_for_a_new_file() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    put(&store, "a", 1).await.unwrap();
    store.close().await;
    disk.put(Path::new("center.redb.doubt"), b"");
    disk.set(FULL);
    let store = open_on(&disk).await;
    assert_eq!(snapshot(&store).await.records, [record("a", 1)]);
    let refused = put(&store, "b", 2).await;
    assert!(is_refused(&refused, true), "{refused:?}");
    disk.set(Faults::default());
    put(&store, "b", 2).await.unwrap();
    assert!(is_tidy(&disk), "{:?}", disk.names());
}

/// Some file systems look for room only at the sync, and so one of an opening may fail.
/// What is read then is not on disk.
#[tokio::test]
async fn nothing_is_added_to_a_file_whose_opening_found_no_room() {
    let mut opened = 0;
    for good_syncs in 1..8 {
        let disk = Simulated::default();
        let store = open_on(&disk).await;
        for port in (10..60).step_by(2) {
            put_large(&store, port).await.unwrap();
        }
        store.close().await;

        disk.set(Faults {
            good_syncs,
            ..full_at_syncs(1)
        });
        let store = try_open_on(&disk).await;
        let has_failed = disk.faults().failing_syncs == 0;
        let before = disk.identity(Path::new(PATH)).unwrap();
        let store = match store {
            Ok(store) => {
                opened += usize::from(has_failed);
                assert_eq!(snapshot(&store).await.records.len(), 25);
                disk.set(FULL);
                let refused = put_large(&store, 70).await;
                assert!(is_refused(&refused, true), "{refused:?}");
                disk.set(Faults::default());
                store
            }
            // Not even read: this one could not be opened.
            Err(_) => {
                disk.set(Faults::default());
                open_on(&disk).await
            }
        };
        put_large(&store, 70).await.unwrap();
        if has_failed {
            let now = disk.identity(Path::new(PATH)).unwrap();
            assert!(now != before, "after {good_syncs} syncs: it was replaced");
        }
        disk.lose_power(&mut fastrand::Rng::with_seed(1));
        store.close().await;
        let store = open_on(&disk).await;
        assert_eq!(snapshot(&store).await.records.len(), 26);
    }
    assert!(opened > 0, "the sync of the first write is among them");
}

/// Whatever it was that the sync belonged to, and though there is no room for a file.
#[tokio::test]
async fn a_sync_that_fails_is_written_down_at_once() {
    for is_closing in [false, true] {
        let disk = Simulated::default();
        let store = open_on(&disk).await;
        put_large(&store, 10).await.unwrap();
        disk.set(Faults {
            // Then it is killed.
            steps_after_failure: Some(1),
            ..full_at_syncs(usize::MAX)
        });
        if !is_closing {
            let refused = put_large(&store, 11).await;
            assert!(refused.is_err(), "{refused:?}");
        }
        store.close().await;
        assert!(is_closing || disk.is_dead(), "it did no more than that");
        assert!(
            is_marked(&disk),
            "closing: {is_closing}: {:?}",
            disk.names()
        );
        disk.restart();
        disk.set(Faults::default());
        let store = open_on(&disk).await;
        put_large(&store, 12).await.unwrap();
        assert!(is_tidy(&disk), "{:?}", disk.names());
    }
}

/// The names of files are as much in doubt as what is in them: a first start is cut
/// short, and the sync of the directory fails with which the next one makes up for it.
#[tokio::test]
async fn a_directory_whose_sync_failed_is_not_trusted() {
    for steps in 0.. {
        let disk = Simulated::default();
        disk.stop_after(steps);
        let made = file::Location::new(disk.clone(), Path::new(PATH)).create();
        if made.is_ok() {
            break;
        }
        for seed in 0..4 {
            let disk = Simulated::default();
            disk.stop_after(steps);
            let _ = file::Location::new(disk.clone(), Path::new(PATH)).create();
            disk.restart();
            disk.set(Faults {
                failing_syncs: 1,
                ..Faults::default()
            });
            let _ = try_open_on(&disk).await;
            disk.set(Faults::default());
            let store = open_on(&disk).await;
            put(&store, "a", 1).await.unwrap();
            disk.lose_power(&mut fastrand::Rng::with_seed(seed));
            store.close().await;
            let store = open_on(&disk).await;
            let found = snapshot(&store).await.records;
            assert_eq!(
                found,
                [record("a", 1)],
                "cut after {steps} steps, seed {seed}"
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_another_center_replaces_meanwhile_is_not_written_to() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    put(&store, "a", 1).await.unwrap();
    store.close().await;
    disk.replace_at_open();
    let store = open_on(&disk).await;
    put(&store, "b", 2).await.unwrap();
    store.close().await;
    let store = open_on(&disk).await;
    let found = snapshot(&store).await.records;
    assert_eq!(found, [record("a", 1), record("b", 2)]);
}

#[test]
fn a_file_is_told_from_the_one_that_had_its_name_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    assert!(Folder.identity(&path).unwrap().is_none());
    std::fs::write(&path, "one").unwrap();
    let (_open, identity) = Folder.open(&path).unwrap();
    assert!(Folder.identity(&path).unwrap() == Some(identity));
    std::fs::write(dir.path().join("g"), "another").unwrap();
    std::fs::rename(dir.path().join("g"), &path).unwrap();
    assert!(Folder.identity(&path).unwrap() != Some(identity));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_come_together_share_a_sync() {
    let disk = Simulated::default();
    let store = open_on(&disk).await;
    let before = disk.counts().1;
    let commits = (1..=300).map(|port| {
        let batch = Batch::put(record(&format!("i{port}"), port), Expect::Absent);
        store.commit(batch)
    });
    let answers = futures_util::future::join_all(commits).await;
    assert!(answers.iter().all(|answer| answer.is_ok()));
    let syncs = disk.counts().1 - before;
    assert!(syncs < 60, "{syncs} syncs for 300 commits");
}
