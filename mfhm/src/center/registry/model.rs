//! Random histories, with a model beside: a map of what must be registered, and
//! the store's own rules for what is refused.

use proptest::prelude::*;

use super::*;
use crate::center::store::Store as _;
use crate::center::store::memory::MemoryStore;
use crate::center::store::{Batch, CommitError, Expect, Snapshot};
use crate::wire::v1::OperationEntry;

const LIMITS: Limits = Limits {
    ping_interval: Duration::from_secs(5),
    ping_timeout: Duration::from_secs(2),
    lease_ttl: Duration::from_secs(15),
    forget_after: Duration::from_secs(30),
    forget_python_after: Duration::from_secs(90),
};

#[derive(Clone, Debug)]
enum Command {
    /// A newcomer `id` at `port`, on the condition that it is free or held by
    /// the instance that the model knows there, or by nobody known.
    Register {
        id: u8,
        port: u16,
        origin: Origin,
        knows_holder: bool,
    },
    Leave {
        port: u16,
        id: u8,
    },
    Renew {
        id: u8,
    },
    /// Time passes, and every due ping ends like this.
    Pass {
        millis: u64,
        outcomes: Vec<u8>,
    },
    /// The store is opened again and tells everything anew.
    Relist,
}

fn command() -> impl Strategy<Value = Command> {
    let origin = prop_oneof![Just(Origin::V1), Just(Origin::Python)];
    prop_oneof![
        3 => (0..12_u8, 1..8_u16, origin, any::<bool>()).prop_map(
            |(id, port, origin, knows_holder)| Command::Register { id, port, origin, knows_holder }
        ),
        1 => (1..8_u16, 0..12_u8).prop_map(|(port, id)| Command::Leave { port, id }),
        2 => (0..12_u8).prop_map(|id| Command::Renew { id }),
        6 => (0..70_000_u64, proptest::collection::vec(0..8_u8, 1..12))
            .prop_map(|(millis, outcomes)| Command::Pass { millis, outcomes }),
        1 => Just(Command::Relist),
    ]
}

struct Run {
    store: MemoryStore,
    changes: crate::center::store::Changes,
    registry: Registry,
    random: fastrand::Rng,
    now: Duration,
    model: BTreeMap<u16, Arc<Record>>,
    revision: u64,
    shown: String,
    /// For silence: when, of so many that were reached before, or never were.
    silent_deletions: Vec<(Duration, bool, usize)>,
    /// Every change that the registry followed, for the replay.
    history: Vec<Change>,
}

impl Run {
    fn new() -> Self {
        let store = MemoryStore::default();
        let changes = now_or_never(store.changes()).expect("a memory store can be followed");
        let mut run = Self {
            store,
            changes,
            registry: Registry::new(LIMITS),
            random: fastrand::Rng::with_seed(11),
            now: Duration::ZERO,
            model: BTreeMap::new(),
            revision: 0,
            shown: "[]".to_owned(),
            silent_deletions: Vec::new(),
            history: Vec::new(),
        };
        run.follow();
        run
    }

    fn follow(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            self.history.push(change.clone());
            self.registry.apply(change, self.now, &mut self.random);
        }
    }

    fn commit(&mut self, batch: Batch) -> bool {
        let result = now_or_never(self.store.commit(batch));
        assert!(matches!(result, Ok(_) | Err(CommitError::Conflict(_))));
        result.is_ok()
    }

    fn obey(&mut self, command: Command) -> Result<(), TestCaseError> {
        match command {
            Command::Register {
                id,
                port,
                origin,
                knows_holder,
            } => {
                let mut record = Record::sample(origin, "s", &format!("i{id}"), port);
                // An update with another contract, from another address.
                if knows_holder {
                    record.version = Some("2".to_owned());
                    record.peer = Some([10, 0, 0, 1].into());
                    let hello = OperationEntry {
                        name: "hello".to_owned(),
                        path: "/hello".to_owned(),
                        methods: vec!["GET".to_owned()],
                        fingerprint: None,
                    };
                    record.operations = vec![hello].into();
                }
                let record = Arc::new(record);
                let holder = self.model.get(&port).map(|record| record.id.clone());
                let expect = match &holder {
                    Some(holder) if knows_holder => Expect::Instance(holder.clone()),
                    _ => Expect::Absent,
                };
                let is_elsewhere = self
                    .model
                    .iter()
                    .any(|(at, other)| *at != port && other.id == record.id);
                let must_win = (holder.is_none() || knows_holder) && !is_elsewhere;
                let before = format!("{:?}", self.registry.view("s"));
                let won = self.commit(Batch::put(record.clone(), expect));
                prop_assert_eq!(won, must_win);
                self.follow();
                if won {
                    self.model.insert(port, record);
                } else {
                    prop_assert_eq!(before, format!("{:?}", self.registry.view("s")));
                }
            }
            Command::Leave { port, id } => {
                let id: InstanceId = format!("i{id}").parse().expect("a valid id");
                let place = Record::sample(Origin::V1, "s", "x", port).place();
                let is_there = self.model.get(&port).is_some_and(|record| record.id == id);
                prop_assert_eq!(self.commit(Batch::remove(place, id)), is_there);
                if is_there {
                    self.model.remove(&port);
                }
                self.follow();
            }
            Command::Renew { id } => {
                let id: InstanceId = format!("i{id}").parse().expect("a valid id");
                let is_there = self.model.values().any(|record| record.id == id);
                prop_assert_eq!(self.registry.renew(&id, self.now).is_some(), is_there);
            }
            Command::Pass { millis, outcomes } => self.pass(millis, &outcomes)?,
            Command::Relist => {
                let records = self.model.values().cloned().collect();
                let snapshot = Snapshot {
                    revision: self.registry.stored(),
                    records,
                    ..Snapshot::default()
                };
                let before = format!("{:?}", self.registry.view("s"));
                let change = Change::Reset(snapshot);
                self.history.push(change.clone());
                self.registry.apply(change, self.now, &mut self.random);
                prop_assert_eq!(before, format!("{:?}", self.registry.view("s")));
            }
        }
        self.check()
    }

    fn pass(&mut self, millis: u64, outcomes: &[u8]) -> Result<(), TestCaseError> {
        let end = self.now + Duration::from_millis(millis);
        let mut turn = 0;
        let mut ticks_at_once = 0;
        while self.registry.next_deadline() <= end {
            let next = self.registry.next_deadline();
            ticks_at_once = if next > self.now {
                0
            } else {
                ticks_at_once + 1
            };
            // A report may make something due at once, but not for ever.
            prop_assert!(
                ticks_at_once < 20,
                "the time stands still at {:?}",
                self.now
            );
            self.now = self.now.max(next);
            let decisions = self.registry.tick(self.now, &mut self.random);
            for target in decisions.pings {
                turn += 1;
                let outcome = match outcomes[turn % outcomes.len()] {
                    0..=2 => PingOutcome::Ok,
                    3..=5 => PingOutcome::TimedOut,
                    6 => PingOutcome::Refused,
                    _ => PingOutcome::Bad("status 500".to_owned()),
                };
                let now = self.now;
                self.registry
                    .report(&target, &outcome, now, now, &mut self.random);
            }
            for deletion in decisions.deletions {
                self.check_deletion(&deletion)?;
                let Deletion {
                    place, id, since, ..
                } = deletion.clone();
                prop_assert!(self.commit(Batch::remove_unchanged(place, id, since)));
                self.model.remove(&deletion.place.port);
                self.follow();
            }
        }
        self.now = end;
        Ok(())
    }

    fn check_deletion(&mut self, deletion: &Deletion) -> Result<(), TestCaseError> {
        let entry = &self.registry.entries[&deletion.id];
        prop_assert_eq!(entry.health.status(), InstanceStatus::Down);
        if entry.health.is_silent() {
            prop_assert!(!self.registry.guard.is_held(self.now));
            let start = self.now.saturating_sub(Duration::from_secs(60));
            self.silent_deletions.retain(|(at, ..)| *at > start);
            let was_reached = entry.health.was_reached();
            let entries = self.registry.entries.values();
            let alike = entries.filter(|e| e.health.was_reached() == was_reached);
            let fleet = alike.count();
            let recent = self.silent_deletions.iter();
            let recent = recent.filter(|(_, reached, _)| *reached == was_reached);
            let fleets = recent.clone().map(|(.., fleet)| *fleet);
            let largest = fleets.max().unwrap_or(0).max(fleet);
            let recent = recent.count();
            // At most 15 % of the fleet, which here is never more than one.
            prop_assert!(
                recent < (largest * 15 / 100).max(1),
                "{recent} of {largest}"
            );
            self.silent_deletions.push((self.now, was_reached, fleet));
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        prop_assert!(
            self.registry.revision() >= self.revision,
            "revisions only grow"
        );
        let shown = format!("{:?}", self.registry.view("s"));
        prop_assert!(
            shown == self.shown || self.registry.revision() > self.revision,
            "what readers see changed without a new revision"
        );
        self.shown = shown;
        self.revision = self.registry.revision();

        let seen: BTreeMap<u16, Arc<Record>> = self
            .registry
            .view("s")
            .into_iter()
            .map(|l| (l.record.port, l.record))
            .collect();
        prop_assert_eq!(&seen, &self.model);
        let mut replay = Registry::new(LIMITS);
        for change in &self.history {
            replay.apply(change.clone(), self.now, &mut self.random);
        }
        let replayed: Vec<_> = replay.view("s").into_iter().map(|l| l.record).collect();
        prop_assert_eq!(replayed, seen.into_values().collect::<Vec<_>>());

        for random in 0..8 {
            if let Some(picked) = self.registry.pick("s", random) {
                let status = self
                    .registry
                    .at(&picked.place())
                    .map(|listed| listed.status);
                prop_assert!(status.is_some_and(InstanceStatus::is_usable));
            }
        }
        let entries = self.registry.entries.values();
        let witnesses = entries.clone().filter(|e| e.health.is_witness());
        prop_assert_eq!(witnesses.clone().count(), self.registry.witnesses);
        let reached = entries.clone().filter(|e| e.health.was_reached());
        prop_assert_eq!(reached.count(), self.registry.reached);
        prop_assert_eq!(
            witnesses.filter(|e| e.health.is_silent()).count(),
            self.registry.silent
        );
        let mut offers = Offers::default();
        let mut shares = Shares::default();
        for entry in entries.clone() {
            offers.enter(&entry.record, entry.health.status().is_usable());
            shares.enter(&entry.record);
        }
        let counted = |offers: &Offers| {
            let offers = offers.of("s");
            let mut counted: Vec<_> = offers.map(|(_, holders)| holders).collect();
            counted.sort_unstable();
            counted
        };
        prop_assert_eq!(counted(&offers), counted(&self.registry.offers));
        prop_assert_eq!(&shares, &self.registry.shares);
        let scheduled: BTreeSet<_> = entries
            .filter_map(|e| e.scheduled.map(|at| (at, e.record.id.clone())))
            .collect();
        prop_assert_eq!(&scheduled, &self.registry.deadlines);
        Ok(())
    }
}

fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    use futures_util::FutureExt as _;
    future.now_or_never().expect("a memory store never waits")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_keep_the_promises(
        commands in proptest::collection::vec(command(), 1..60)
    ) {
        let mut run = Run::new();
        for command in commands {
            run.obey(command)?;
        }
    }
}
