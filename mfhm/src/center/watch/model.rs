//! Random histories: whatever a watcher is told, with connections that break and
//! journals that are too short, it ends with what the registry says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::center::health::PingOutcome;
use crate::center::record::{Origin, Record};
use crate::center::registry::{Limits, Listed, Registry};
use crate::center::store::{Change, Event};
use crate::instance::{InstanceId, InstanceStatus};

const LIMITS: Limits = Limits {
    ping_interval: Duration::from_secs(5),
    ping_timeout: Duration::from_secs(2),
    lease_ttl: Duration::from_secs(15),
    forget_after: Duration::from_secs(30),
    forget_python_after: Duration::from_secs(90),
};

const SERVICES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Command {
    Register {
        service: usize,
        id: u8,
        port: u16,
    },
    Leave {
        service: usize,
        port: u16,
    },
    Pass {
        millis: u64,
        outcomes: Vec<u8>,
    },
    /// The store tells everything anew, without some of it.
    Relist {
        keep: u8,
    },
    Read {
        watcher: usize,
    },
    /// The connection breaks; the next one says what was read last.
    Break {
        watcher: usize,
    },
    /// The center starts again: another epoch, nothing remembered.
    Restart,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (0..3_usize, 0..8_u8, 1..5_u16)
            .prop_map(|(service, id, port)| Command::Register { service, id, port }),
        2 => (0..3_usize, 1..5_u16).prop_map(|(service, port)| Command::Leave { service, port }),
        6 => (0..20_000_u64, proptest::collection::vec(0..8_u8, 1..12))
            .prop_map(|(millis, outcomes)| Command::Pass { millis, outcomes }),
        1 => any::<u8>().prop_map(|keep| Command::Relist { keep }),
        4 => (0..4_usize).prop_map(|watcher| Command::Read { watcher }),
        2 => (0..4_usize).prop_map(|watcher| Command::Break { watcher }),
        1 => Just(Command::Restart),
    ]
}

/// What a watcher believes.
#[derive(Debug)]
struct Client {
    services: Vec<String>,
    last: Option<Cursor>,
    is_fresh: bool,
    seen: BTreeMap<(String, InstanceId), (Arc<Record>, InstanceStatus)>,
}

struct Run {
    registry: Registry,
    watching: Watching,
    random: fastrand::Rng,
    now: Duration,
    revision: u64,
    clients: Vec<Client>,
    epoch: u64,
}

impl Run {
    fn new() -> Self {
        let clients = [
            &SERVICES[..1],
            &SERVICES[1..2],
            &SERVICES[..2],
            &SERVICES[..],
        ];
        let mut run = Self {
            registry: Registry::new(LIMITS),
            watching: watching(1),
            random: fastrand::Rng::with_seed(3),
            now: Duration::ZERO,
            revision: 0,
            clients: clients
                .map(|services| Client {
                    services: services.iter().map(|&s| s.to_owned()).collect(),
                    last: None,
                    is_fresh: true,
                    seen: BTreeMap::new(),
                })
                .into(),
            epoch: 1,
        };
        run.read(0);
        run
    }

    fn apply(&mut self, event: Event) {
        self.revision += 1;
        let change = Change::Applied {
            revision: self.revision,
            events: vec![event],
        };
        self.registry.apply(change, self.now, &mut self.random);
        self.watching.settle(&mut self.registry, self.now);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Register { service, id, port } => {
                let origin = if id % 2 == 0 {
                    Origin::V1
                } else {
                    Origin::Python
                };
                let record = Record::sample(origin, SERVICES[service], &format!("i{id}"), port);
                self.apply(Event::Put(Arc::new(record)));
            }
            Command::Leave { service, port } => {
                let place = Record::sample(Origin::V1, SERVICES[service], "x", port).place();
                self.apply(Event::Remove(place));
            }
            Command::Pass { millis, outcomes } => self.pass(millis, &outcomes),
            Command::Relist { keep } => {
                let records = SERVICES.iter().flat_map(|s| self.registry.view(s));
                let records = records
                    .enumerate()
                    .filter(|(index, _)| keep & (1 << (index % 8)) != 0)
                    .map(|(_, listed)| listed.record)
                    .collect();
                self.revision += 1;
                let snapshot = crate::center::store::Snapshot {
                    revision: self.revision,
                    records,
                    ..Default::default()
                };
                self.registry
                    .apply(Change::Reset(snapshot), self.now, &mut self.random);
                self.watching.settle(&mut self.registry, self.now);
            }
            Command::Read { watcher } => self.read(watcher),
            Command::Break { watcher } => self.cut(watcher),
            Command::Restart => {
                self.epoch += 1;
                self.watching = watching(self.epoch);
                let _ = self.registry.take_changes();
                for client in &mut self.clients {
                    client.is_fresh = true;
                }
            }
        }
    }

    fn pass(&mut self, millis: u64, outcomes: &[u8]) {
        let end = self.now + Duration::from_millis(millis);
        let mut turn = 0;
        loop {
            let held = self.watching.next_deadline().unwrap_or(Duration::MAX);
            let next = self.registry.next_deadline().min(held);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            let decisions = self.registry.tick(self.now, &mut self.random);
            for target in decisions.pings {
                turn += 1;
                let outcome = match outcomes[turn % outcomes.len()] {
                    0..=3 => PingOutcome::Ok,
                    4 => PingOutcome::TimedOut,
                    _ => PingOutcome::Refused,
                };
                let now = self.now;
                self.registry
                    .report(&target, &outcome, now, now, &mut self.random);
                self.watching.settle(&mut self.registry, now);
            }
            for deletion in decisions.deletions {
                self.apply(Event::Remove(deletion.place));
            }
            self.watching.settle(&mut self.registry, self.now);
        }
        self.now = end;
    }

    /// One read, as the shell does it: a snapshot when there is no other way, and
    /// a cut when a running watch is behind.
    fn read(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.is_fresh {
            self.watching.journal.subscribe(&client.services);
        }
        let journal = &self.watching.journal;
        let read = client.last.map(|at| journal.read(&client.services, at));
        match read {
            Some(Ok((changes, at))) => {
                for change in changes {
                    let change = &change.change;
                    let key = (change.service.to_string(), change.id.clone());
                    match &change.seen {
                        Some(Listed { record, status }) => {
                            client.seen.insert(key, (record.clone(), *status));
                        }
                        None => {
                            client.seen.remove(&key);
                        }
                    }
                }
                client.last = Some(at);
                client.is_fresh = false;
            }
            Some(Err(_)) if !client.is_fresh => self.cut(index),
            None | Some(Err(_)) => {
                let (told, at) = self
                    .watching
                    .snapshot(&self.registry, &client.services, self.now);
                let Told::Snapshot { services, .. } = told else {
                    panic!("a snapshot is one");
                };
                client.seen = flat(services);
                client.last = Some(at);
                client.is_fresh = false;
            }
        }
    }

    /// The connection is gone.
    fn cut(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if !std::mem::replace(&mut client.is_fresh, true) {
            self.watching.journal.unsubscribe(&client.services);
        }
    }

    fn check(mut self) -> Result<(), TestCaseError> {
        // What is held back comes out, and everybody reads to the end.
        self.now += Duration::from_secs(11);
        self.watching.settle(&mut self.registry, self.now);
        for index in 0..self.clients.len() {
            for _ in 0..50 {
                self.read(index);
            }
            let client = &self.clients[index];
            let truth = client
                .services
                .iter()
                .map(|service| (service.clone(), self.registry.view(service)));
            prop_assert_eq!(&client.seen, &flat(truth), "{:?}", client.services);
        }
        Ok(())
    }
}

/// With room for few changes.
fn watching(epoch: u64) -> Watching {
    let mut watching = Watching::new(epoch);
    watching.journal = Journal::with_capacity(epoch, 6);
    watching
}

fn flat(
    services: impl IntoIterator<Item = (String, Vec<Listed>)>,
) -> BTreeMap<(String, InstanceId), (Arc<Record>, InstanceStatus)> {
    let of = |(service, listed): (String, Vec<Listed>)| {
        listed.into_iter().map(move |Listed { record, status }| {
            ((service.clone(), record.id.clone()), (record, status))
        })
    };
    services.into_iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_watcher_is_told_adds_up_to_the_registry(
        commands in proptest::collection::vec(command(), 1..80)
    ) {
        let mut run = Run::new();
        for command in commands {
            run.obey(command);
        }
        run.check()?;
    }
}
