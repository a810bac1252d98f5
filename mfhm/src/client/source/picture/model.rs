//! Random lives of a center and of a picture of it: whatever is told, read, broken
//! off and resumed in whatever order, the picture comes to be what the center knows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::{OtherRun, Picture};
use crate::instance::InstanceId;
use crate::link::events::RawEvent;
use crate::wire::v1::InstanceView;
use crate::wire::v1::watch::{REMOVE, SNAPSHOT, UPSERT};

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// An instance registers, or changes. Several can have one revision.
    Put {
        id: u8,
        port: u16,
        with_last: bool,
    },
    Gone {
        id: u8,
        with_last: bool,
    },
    /// So many of the events on the way arrive.
    Arrive(usize),
    /// The service is read: at the center that also streams.
    Read,
    /// Another center answers a reading, with what it knows, at its revision.
    ReadElsewhere {
        revision: u64,
        ids: Vec<u8>,
    },
    /// The stream breaks, with what is on the way. It is resumed where it was when the
    /// center remembers (`true`), or begun anew.
    Break {
        remembers: bool,
    },
    /// The center is another one from now on, with an empty disk, or with what it had,
    /// and a revision of its own.
    Restart {
        revision: u64,
        keeps: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..6_u8;
    let revision = prop_oneof![0..50_u64, Just(u64::MAX / 2)];
    prop_oneof![
        6 => (id.clone(), 1..4_u16, any::<bool>())
            .prop_map(|(id, port, with_last)| Step::Put { id, port, with_last }),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, with_last)| Step::Gone { id, with_last }),
        6 => (0..5_usize).prop_map(Step::Arrive),
        3 => Just(Step::Read),
        1 => (revision.clone(), prop::collection::vec(id, 0..4))
            .prop_map(|(revision, ids)| Step::ReadElsewhere { revision, ids }),
        2 => any::<bool>().prop_map(|remembers| Step::Break { remembers }),
        1 => (revision, any::<bool>())
            .prop_map(|(revision, keeps)| Step::Restart { revision, keeps }),
    ]
}

/// The center, and all that it has said to this watcher.
#[derive(Debug)]
struct Center {
    revision: u64,
    instances: BTreeMap<InstanceId, InstanceView>,
    /// Every event since the run began.
    log: Vec<RawEvent>,
    /// The events of the log that have left it.
    sent: usize,
    /// Those that somebody may know of.
    public: usize,
    /// What is on the way: snapshots too.
    line: Vec<RawEvent>,
    /// How many events of the log have arrived.
    arrived: usize,
}

/// The center and a watcher that does what `CenterWatch` does.
#[derive(Debug)]
struct World {
    center: Center,
    picture: Picture,
}

fn name(id: u8) -> InstanceId {
    InstanceId::from_random(id.into())
}

fn view(id: u8, port: u16) -> InstanceView {
    let view = json!({"id": name(id), "host": "127.0.0.1", "port": port, "status": "up"});
    serde_json::from_value(view).expect("an instance")
}

fn event(kind: &str, data: &serde_json::Value) -> RawEvent {
    RawEvent {
        event: Some(kind.to_owned()),
        data: data.to_string(),
        ..RawEvent::default()
    }
}

impl Center {
    fn new(revision: u64) -> Self {
        Self {
            revision,
            instances: BTreeMap::new(),
            log: Vec::new(),
            sent: 0,
            public: 0,
            line: Vec::new(),
            arrived: 0,
        }
    }

    fn change(&mut self, event: RawEvent) {
        self.log.push(event);
    }

    /// A stream that begins anew.
    fn begin(&mut self) {
        let instances: Vec<_> = self.instances.values().collect();
        let view = json!({"service": "users", "revision": self.revision, "instances": instances});
        let data = json!({"revision": self.revision, "services": [view]});
        self.line = vec![event(SNAPSHOT, &data)];
        self.sent = self.log.len();
        self.public = self.log.len();
        self.arrived = self.log.len();
    }

    /// Puts what has not left yet on the line.
    fn send(&mut self) {
        self.line.extend(self.log[self.sent..].iter().cloned());
        self.sent = self.log.len();
        self.public = self.log.len();
    }

    /// The next revision, or once more the last one, if nobody has seen it yet.
    fn count(&mut self, with_last: bool) -> u64 {
        if !with_last || self.public == self.log.len() {
            self.revision += 1;
        }
        self.revision
    }
}

impl World {
    fn new() -> Self {
        let mut center = Center::new(1);
        center.begin();
        Self {
            center,
            picture: Picture::default(),
        }
    }

    fn arrive(&mut self, count: usize) {
        self.center.send();
        let count = count.min(self.center.line.len());
        for event in self.center.line.drain(..count).collect::<Vec<_>>() {
            if event.event.as_deref() != Some(SNAPSHOT) {
                self.center.arrived += 1;
            }
            self.picture.take("users", &event).expect("readable events");
        }
    }

    fn read(&mut self, revision: u64, instances: Vec<InstanceView>) {
        if instances.is_empty() {
            self.picture.clear();
        } else if self.picture.read(revision, instances) == Err(OtherRun) {
            // The watch forgets its place and opens another stream.
            self.center.begin();
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Put {
                id,
                port,
                with_last,
            } => {
                let revision = self.center.count(with_last);
                let instance = view(id, port);
                let data = json!({"service": "users", "revision": revision, "instance": instance});
                self.center.instances.insert(name(id), instance);
                self.center.change(event(UPSERT, &data));
            }
            Step::Gone { id, with_last } => {
                if self.center.instances.remove(&name(id)).is_some() {
                    let revision = self.center.count(with_last);
                    let data = json!({"service": "users", "revision": revision, "id": name(id)});
                    self.center.change(event(REMOVE, &data));
                }
            }
            Step::Arrive(count) => self.arrive(count),
            Step::Read => {
                // What happened is published before anybody reads it.
                self.center.send();
                let instances = self.center.instances.values().cloned().collect();
                self.read(self.center.revision, instances);
            }
            Step::ReadElsewhere { revision, ids } => {
                self.read(revision, ids.into_iter().map(|id| view(id, 9)).collect());
            }
            Step::Break { remembers } => {
                let center = &mut self.center;
                let has_begun = !matches!(center.line.first(), Some(first)
                    if first.event.as_deref() == Some(SNAPSHOT));
                if remembers && has_begun {
                    center.line.clear();
                    center.sent = center.arrived;
                } else {
                    center.begin();
                }
            }
            Step::Restart { revision, keeps } => {
                let before = std::mem::replace(&mut self.center, Center::new(revision));
                if keeps {
                    self.center.instances = before.instances;
                }
                // The stream breaks, and its place is unknown to this run.
                self.center.begin();
            }
        }
    }

    /// What is on the way arrives, and the service is read now and then, as ever.
    fn settle(&mut self) {
        for _ in 0..2 {
            self.arrive(usize::MAX);
            self.step(Step::Read);
        }
        self.arrive(usize::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_picture_comes_to_be_what_the_center_knows(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(&world.picture.instances, &world.center.instances);
    }

    /// With one center behind the address, events alone are enough, and no reading
    /// takes the picture back.
    #[test]
    fn without_another_center_no_reading_is_needed(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::ReadElsewhere { .. } => {}
                Step::Read => {
                    let before = world.picture.revision;
                    world.step(Step::Read);
                    prop_assert!(world.picture.revision >= before);
                }
                step => world.step(step),
            }
        }
        world.arrive(usize::MAX);
        prop_assert_eq!(&world.picture.instances, &world.center.instances);
    }
}
