//! Killed, or without power, at every step that the store makes: what was
//! acknowledged is there, what was removed is not, and every start succeeds.
//!
//! Each run has a number of steps after which the disk is dead. What follows is cut
//! short as well, at random. So it is after syncs that failed. `MFHM_CRASH_SEEDS` says with how many seeds it is done at
//! every step; without it, it is done once at every third.

use std::collections::BTreeMap;

use super::super::simulated::{Faults, Simulated};
use super::*;
use crate::center::audit::{Action, Actor, Entry};
use crate::center::store::Write;

const PATH: &str = "center.redb";

/// What is at a port, and what may be there instead.
#[derive(Debug, Default)]
struct History {
    acknowledged: BTreeMap<u16, Arc<Record>>,
    /// Changes that were not answered.
    open: BTreeMap<u16, Option<Arc<Record>>>,
    changes: usize,
}

/// Puts a record of this version there, or removes it.
type Step = (u16, Option<u32>);

/// Changes that are sent together, and so share a transaction.
fn groups() -> Vec<Vec<Step>> {
    let put = |version| move |port| (port, Some(version));
    vec![
        vec![(1, Some(0))],
        (2..12).map(put(0)).collect(),
        vec![(1, Some(1))],
        vec![(2, None), (3, Some(2)), (12, Some(0))],
        (13..60).map(put(0)).collect(),
        vec![(1, None)],
        vec![(1, Some(3))],
        (20..40).map(|port| (port, None)).collect(),
        vec![(60, Some(0)), (3, None)],
    ]
}

fn version_of(port: u16, version: u32) -> Arc<Record> {
    Arc::new(Record {
        version: Some(version.to_string()),
        // Larger than a page, now and then.
        metadata: [("pad".to_owned(), "x".repeat(usize::from(port % 7) * 900))].into(),
        ..Record::sample(Origin::V1, "users", &format!("i{port}"), port)
    })
}

impl History {
    /// The life of a process, until the disk dies or all is done and closed.
    async fn live(&mut self, disk: &Simulated) {
        self.change(disk, groups(), false).await;
    }

    /// The same with these changes. `may_fail`: the disk does, so that changes may be
    /// refused.
    async fn change(&mut self, disk: &Simulated, groups: Vec<Vec<Step>>, may_fail: bool) {
        let opened = RedbStore::start(opener(disk.clone(), Path::new(PATH), Duration::ZERO)).await;
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                assert!(disk.is_dead() || may_fail, "a start failed: {error}");
                return;
            }
        };
        self.settle(&snapshot(&store).await);
        for mut group in groups {
            // What became of an earlier change there is not known yet.
            group.retain(|(port, _)| !self.open.contains_key(port));
            let commits = group.iter().map(|step| store.commit(self.batch(*step)));
            let answers = futures_util::future::join_all(commits).await;
            for (&(port, version), answer) in group.iter().zip(answers) {
                let record = version.map(|version| version_of(port, version));
                if answer.is_ok() {
                    self.changes += 1;
                    match record {
                        Some(record) => self.acknowledged.insert(port, record),
                        None => self.acknowledged.remove(&port),
                    };
                } else {
                    assert!(disk.is_dead() || may_fail, "{answer:?}");
                    self.open.insert(port, record);
                }
            }
            if disk.is_dead() {
                break;
            }
        }
        store.close().await;
    }

    /// A process that begins finds out what became of what was not answered.
    fn settle(&mut self, found: &Snapshot) {
        for (port, record) in std::mem::take(&mut self.open) {
            let found = found.records.iter().find(|found| found.port == port);
            if found == record.as_ref() {
                self.changes += 1;
                match record {
                    Some(record) => self.acknowledged.insert(port, record),
                    None => self.acknowledged.remove(&port),
                };
            }
        }
    }

    fn batch(&self, (port, version): Step) -> Batch {
        let before = self.acknowledged.get(&port);
        let expect = before.map_or(Expect::Absent, |record| Expect::Instance(record.id.clone()));
        let write = match version {
            Some(version) => Write::put(version_of(port, version), expect),
            None => Write::remove(version_of(port, 0).place(), version_of(port, 0).id.clone()),
        };
        let entry = Entry::instance(Action::Updated, &Actor::Center, &version_of(port, 0));
        let batch = Batch {
            writes: vec![write],
            ..Batch::default()
        };
        batch.noting(entry)
    }

    async fn check(&self, disk: &Simulated, shown: &str) {
        let opened = RedbStore::start(opener(disk.clone(), Path::new(PATH), Duration::ZERO)).await;
        let store = opened.unwrap_or_else(|error| panic!("{shown}: {error}"));
        let found: BTreeMap<_, _> = snapshot(&store)
            .await
            .records
            .into_iter()
            .map(|record| (record.port, record))
            .collect();
        let mut came_through = 0;
        for port in 0..100 {
            let (found, acknowledged) = (found.get(&port), self.acknowledged.get(&port));
            match self.open.get(&port) {
                Some(open) if found == open.as_ref() => came_through += 1,
                _ => assert_eq!(found, acknowledged, "{shown}: at {port}"),
            }
        }
        // What was changed is in the trail, and nothing else.
        let trail = store.audit(Some(0), 1000).await.unwrap().len();
        assert!(
            (self.changes..=self.changes + came_through).contains(&trail),
            "{shown}: {trail} entries of {} changes and {came_through}",
            self.changes
        );
        let next = Batch::put(record("next", 100), Expect::Absent);
        store.commit(next).await.expect(shown);
        store.close().await;
    }
}

/// One end after so many steps; whether it was one.
async fn end_after(steps: usize, loses_power: bool, seed: u64, totals: &mut [usize; 3]) -> bool {
    let mut random = fastrand::Rng::with_seed(seed << 32 | steps as u64);
    let disk = Simulated::default();
    let mut history = History::default();
    disk.stop_after(steps);
    history.live(&disk).await;
    let was_cut = disk.is_dead();
    let mut end = || match loses_power {
        true => disk.lose_power(&mut random),
        false => disk.restart(),
    };
    end();
    // The start after it is cut short, too.
    let mut random = fastrand::Rng::with_seed(seed << 32 | steps as u64);
    disk.stop_after(random.usize(..30));
    let opened = RedbStore::start(opener(disk.clone(), Path::new(PATH), Duration::ZERO)).await;
    if let Ok(store) = opened {
        store.close().await;
    }
    totals[0] += 1 + usize::from(disk.is_dead());
    totals[1] += 2;
    totals[2] += history.changes;
    match loses_power {
        true => disk.lose_power(&mut random),
        false => disk.restart(),
    }
    let shown = format!("after {steps} steps, power lost: {loses_power}, seed {seed}");
    history.check(&disk, &shown).await;
    was_cut
}

#[tokio::test]
async fn nothing_is_lost_or_revived_by_an_end_at_any_step() {
    let wanted = std::env::var("MFHM_CRASH_SEEDS").ok();
    let seeds = wanted
        .as_ref()
        .map_or(1, |text| text.parse().expect("a number"));
    let stride = if wanted.is_some() { 1 } else { 3 };
    let mut totals = [0; 3];
    let mut points = 0;
    for seed in 1..=seeds {
        for steps in (0..).step_by(stride) {
            let killed = seed == 1 && end_after(steps, false, seed, &mut totals).await;
            let powerless = end_after(steps, true, seed, &mut totals).await;
            if !killed && !powerless {
                break;
            }
            points = points.max(steps + 1);
        }
    }
    assert!(points > 100, "{points}");
    let [ends, starts, changes] = totals;
    println!(
        "{points} steps, every {stride}., {seeds} seeds: {ends} ends, {starts} starts, {changes} changes \
         acknowledged before them; nothing lost, nothing revived"
    );
}

/// A sync fails, of the file or of its directory, at the opening, at a change or at the
/// closing; the process is killed after so many steps, or ends; the next one makes
/// changes, and then the power fails. Whether the sync was reached.
async fn fail_and_end(faults: Faults, seed: u64, totals: &mut [usize; 3]) -> bool {
    let disk = Simulated::default();
    let mut history = History::default();
    // It was made before: its first start is another test.
    let before = vec![vec![(70, Some(0))]];
    history.change(&disk, before, false).await;
    disk.set(faults);
    history.change(&disk, groups(), true).await;
    let has_failed = disk.faults().failing_syncs != faults.failing_syncs;
    totals[0] += usize::from(has_failed);
    totals[1] += usize::from(disk.is_dead());
    disk.restart();
    disk.set(Faults::default());
    let later = [71..72, 72..80, 80..90];
    let later = later.map(|ports| ports.map(|port| (port, Some(0))).collect());
    history.change(&disk, later.into(), false).await;
    let shown = format!("{faults:?}, seed {seed}");
    assert!(history.acknowledged.contains_key(&89), "{shown}");
    disk.lose_power(&mut fastrand::Rng::with_seed(seed));
    history.check(&disk, &shown).await;
    totals[2] += history.changes;
    has_failed
}

#[tokio::test]
async fn nothing_is_lost_by_a_failed_sync_and_an_end_after_it() {
    let wanted = std::env::var("MFHM_CRASH_SEEDS").ok();
    let seeds = wanted
        .as_ref()
        .map_or(1, |text| text.parse().expect("a number"));
    // Not before it could be written down, which is one step.
    let ends = [Some(1), None, Some(2), Some(9), Some(40)];
    let mut totals = [0; 3];
    for seed in 1..=seeds {
        for good_syncs in 0.. {
            let mut has_failed = false;
            for (kind, failing_syncs) in [1, 2, usize::MAX].into_iter().enumerate() {
                for (number, steps_after_failure) in ends.into_iter().enumerate() {
                    if wanted.is_none() && (good_syncs + kind) % ends.len() != number {
                        continue;
                    }
                    let faults = Faults {
                        good_syncs,
                        failing_syncs,
                        steps_after_failure,
                        is_full: (good_syncs + number) % 2 == 0,
                        has_room_until_sync: true,
                        ..Faults::default()
                    };
                    has_failed |= fail_and_end(faults, seed, &mut totals).await;
                }
            }
            if !has_failed {
                break;
            }
        }
    }
    let [failures, kills, changes] = totals;
    assert!(failures > 50 && kills > 10, "{failures}, {kills}");
    println!(
        "{seeds} seeds: {failures} times a sync failed, {kills} of them the process was killed \
         then, and in the end the power failed: {changes} changes acknowledged, nothing lost, \
         nothing revived"
    );
}
