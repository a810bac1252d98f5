use super::*;
use crate::center::store::Snapshot;
use crate::instance::InstanceStatus::{Down, Starting, Up};
use PingOutcome::{Ok as Answers, Refused, TimedOut};

const LIMITS: Limits = Limits {
    ping_interval: Duration::from_secs(5),
    ping_timeout: Duration::from_secs(2),
    lease_ttl: Duration::from_secs(15),
    forget_after: Duration::from_secs(30),
    forget_python_after: Duration::from_secs(600),
};

/// A registry and a fleet that it pings, with a clock that jumps from one
/// deadline to the next.
struct World {
    registry: Registry,
    random: fastrand::Rng,
    now: Duration,
    revision: Revision,
    /// What each port answers; absent: refused.
    answers: HashMap<u16, PingOutcome>,
    /// The ports whose answers don't say whose they are.
    nameless: HashSet<u16>,
    pings: Vec<(Duration, u16)>,
    deleted: Vec<(Duration, u16)>,
    held: usize,
}

impl World {
    fn new() -> Self {
        Self {
            registry: Registry::new(LIMITS),
            random: fastrand::Rng::with_seed(1),
            now: Duration::ZERO,
            revision: 0,
            answers: HashMap::new(),
            nameless: HashSet::new(),
            pings: Vec::new(),
            deleted: Vec::new(),
            held: 0,
        }
    }

    fn register(&mut self, origin: Origin, port: u16, answer: PingOutcome) {
        self.register_as(origin, port, &format!("i{port}"), answer);
    }

    fn register_as(&mut self, origin: Origin, port: u16, id: &str, answer: PingOutcome) {
        self.answers.insert(port, answer);
        let record = Arc::new(Record::sample(origin, "users", id, port));
        self.apply(Event::Put(record));
    }

    fn apply(&mut self, event: Event) {
        self.revision += 1;
        let change = Change::Applied {
            revision: self.revision,
            events: vec![event],
        };
        self.registry.apply(change, self.now, &mut self.random);
    }

    /// Lets the time pass and everything happen that is due. `renewing` are the
    /// ports that renew their lease all the while.
    fn run(&mut self, seconds: u64, renewing: &[u16]) {
        let end = self.now + Duration::from_secs(seconds);
        loop {
            let next = self.registry.next_deadline();
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            for port in renewing {
                let _ = self.registry.renew(&id(*port), self.now);
            }
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) -> Option<Duration> {
        let decisions = self.registry.tick(self.now, &mut self.random);
        for target in decisions.pings {
            self.pings.push((self.now, target.port));
            let mut outcome = self.answers.get(&target.port).cloned().unwrap_or(Refused);
            if outcome == Answers && target.is_overdue && self.nameless.contains(&target.port) {
                outcome = PingOutcome::Stranger("nameless".to_owned());
            }
            let now = self.now;
            let reported = self
                .registry
                .report(&target, &outcome, now, now, &mut self.random);
            self.held += usize::from(reported.guard.is_some());
        }
        for deletion in decisions.deletions {
            self.deleted.push((self.now, deletion.place.port));
            self.apply(Event::Remove(deletion.place));
        }
        decisions.pause
    }

    fn status(&self, port: u16) -> Option<InstanceStatus> {
        let place = Record::sample(Origin::V1, "users", "x", port).place();
        self.registry.at(&place).map(|listed| listed.status)
    }

    fn pings_of(&self, port: u16) -> usize {
        self.pings.iter().filter(|(_, to)| *to == port).count()
    }
}

fn id(port: u16) -> InstanceId {
    format!("i{port}").parse().unwrap()
}

/// A newcomer is compared with the contracts that there are, however many instances
/// have them.
#[test]
fn ten_thousand_instances_of_one_contract_are_one_comparison() {
    let mut world = World::new();
    for n in 0..10_000_u16 {
        world.register(Origin::V1, n + 1, Answers);
    }
    let of = |name: &str, port| {
        let mut record = Record::sample(Origin::V1, "users", &format!("n{port}"), port);
        record.operations = vec![crate::wire::v1::OperationEntry {
            name: name.to_owned(),
            path: format!("/{name}"),
            methods: vec!["GET".to_owned()],
            fingerprint: None,
        }]
        .into();
        Arc::new(record)
    };
    world.apply(Event::Put(of("another", 20_000)));
    assert_eq!(world.registry.offers.of("users").count(), 2);
    let case = world.registry.case(&of("new", 20_001), world.now);
    assert!(!case.is_in_service);
    let shown: Vec<_> = case.before.iter().map(|p| p.record.port).collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[1], 20_000, "what most instances have comes first");
    let case = world.registry.case(&of("another", 20_002), world.now);
    assert!(case.is_in_service);
}

/// One that has contracts of its own can't push out what all others have.
#[test]
fn the_contract_of_most_instances_is_always_compared() {
    let mut world = World::new();
    for port in 1..=4_u16 {
        let mut record = Record::sample(Origin::V1, "users", &format!("a{port}"), port);
        record.operations = vec![crate::wire::v1::OperationEntry {
            name: format!("own{port}"),
            path: "/own".to_owned(),
            methods: vec!["GET".to_owned()],
            fingerprint: None,
        }]
        .into();
        world.apply(Event::Put(Arc::new(record)));
    }
    for port in 100..=101 {
        world.register(Origin::V1, port, Answers);
    }
    let newcomer = Arc::new(Record::sample(Origin::V1, "users", "n", 200));
    let case = world.registry.case(&newcomer, world.now);
    assert_eq!(case.before.len(), 4);
    assert!(case.before[0].record.operations.is_empty());
}

#[test]
fn the_first_ping_comes_at_once_and_then_one_each_interval() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    assert_eq!(world.status(1), Some(Starting));
    world.run(0, &[]);
    assert_eq!(world.status(1), Some(Up));
    world.run(100, &[1]);
    let count = world.pings_of(1);
    assert!((19..=23).contains(&count), "{count}");
    let gaps = world.pings.windows(2).map(|pair| pair[1].0 - pair[0].0);
    for gap in gaps {
        assert!((4.49..=5.51).contains(&gap.as_secs_f64()), "{gap:?}");
    }
}

#[test]
fn a_service_that_registers_before_it_listens_is_found_soon_after_it_does() {
    let mut world = World::new();
    world.register(Origin::Python, 1, Refused);
    world.run(1, &[]);
    assert_eq!(world.status(1), Some(Down));
    world.answers.insert(1, Answers);
    let listens = world.now;
    while world.status(1) != Some(Up) {
        world.now = world.registry.next_deadline();
        world.step();
    }
    assert!(world.now - listens <= Duration::from_millis(100));
}

#[test]
fn a_process_that_is_ending_is_pinged_until_it_has_ended() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(1, &[1]);
    let before = world.pings_of(1);
    // Its stream was closed; its port is not yet.
    world.answers.insert(1, PingOutcome::Broken);
    world.registry.ping_now(&id(1), world.now);
    let doubted = world.now;
    while world.pings_of(1) == before {
        world.now = world.now.max(world.registry.next_deadline());
        world.step();
    }
    assert_eq!(world.status(1), Some(Up), "one broken ping decides nothing");
    world.answers.insert(1, Refused);
    while world.status(1) != Some(Down) {
        world.now = world.registry.next_deadline();
        world.step();
    }
    assert!(world.now - doubted <= Duration::from_millis(100));
}

#[test]
fn only_new_instances_that_never_answered_are_asked_again() {
    let mut world = World::new();
    world.register(Origin::Python, 1, Refused);
    world.register(Origin::Python, 2, Answers);
    world.run(1, &[]);
    world.answers.insert(2, Refused);
    world.run(6, &[]);
    let asked = world.registry.newcomers("users", world.now);
    assert_eq!(
        asked.iter().map(|target| target.port).collect::<Vec<_>>(),
        [1]
    );
    let transition = world.registry.answered(&asked[0].id, world.now);
    assert!(transition.is_some());
    assert_eq!(world.status(1), Some(Up));
    world.run(20, &[]);
    assert!(world.registry.newcomers("users", world.now).is_empty());
}

#[test]
fn hurrying_ends_when_an_instance_is_not_new_any_more() {
    let mut world = World::new();
    world.register(Origin::Python, 1, Refused);
    world.run(60, &[]);
    let count = world.pings_of(1);
    assert!((105..=115).contains(&count), "{count}");
}

#[test]
fn a_killed_v1_instance_is_down_at_once_and_deleted_30_s_after_its_last_renewal() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(60, &[1]);
    let last_renewal = world.now;
    world.answers.insert(1, Refused);
    world.run(6, &[]);
    assert_eq!(world.status(1), Some(Down));
    world.run(60, &[]);
    assert_eq!(world.status(1), None);
    let after = world.deleted[0].0 - last_renewal;
    assert!((24.0..=30.1).contains(&after.as_secs_f64()), "{after:?}");
}

#[test]
fn a_v1_instance_that_renews_is_never_deleted_and_one_that_answers_neither() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Refused);
    world.register(Origin::V1, 2, Answers);
    world.run(3600, &[1]);
    assert_eq!(world.status(1), Some(Down));
    assert_eq!(world.status(2), Some(Up));
    assert!(world.deleted.is_empty());
}

#[test]
fn the_end_of_a_lease_is_looked_into_at_once() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(16, &[]);
    let end = Duration::from_secs(15);
    assert!(world.pings.contains(&(end, 1)), "{:?}", world.pings);
}

#[test]
fn a_stranger_on_the_port_of_a_dead_v1_instance_does_not_keep_it() {
    let mut world = World::new();
    world.nameless = HashSet::from([1, 2]);
    for port in [1, 2] {
        world.register(Origin::V1, port, Answers);
    }
    world.run(60, &[1, 2]);
    assert_eq!((world.status(1), world.status(2)), (Some(Up), Some(Up)));
    world.run(16, &[1]);
    assert_eq!((world.status(1), world.status(2)), (Some(Up), Some(Down)));
    world.run(20, &[1]);
    assert_eq!((world.status(1), world.status(2)), (Some(Up), None));
}

#[test]
fn a_late_renewal_brings_a_nameless_instance_back_at_once() {
    let mut world = World::new();
    world.nameless.insert(1);
    world.register(Origin::V1, 1, Answers);
    world.run(16, &[]);
    assert_eq!(world.status(1), Some(Down));
    assert!(world.registry.renew(&id(1), world.now).is_some());
    world.run(0, &[]);
    assert_eq!(world.status(1), Some(Up));
}

#[test]
fn a_renewal_during_a_ping_saves_a_nameless_instance() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(14, &[]);
    world.now = Duration::from_secs(15);
    let target = world
        .registry
        .tick(world.now, &mut world.random)
        .pings
        .remove(0);
    assert!(target.is_overdue);
    let now = world.now;
    assert!(world.registry.renew(&id(1), now).is_some());
    let stranger = PingOutcome::Stranger("nameless".to_owned());
    world
        .registry
        .report(&target, &stranger, now, now, &mut world.random);
    assert_eq!(world.status(1), Some(Up));
    world.run(0, &[]);
    assert_eq!(world.pings_of(1), 4, "it is asked again at once");
}

#[test]
fn a_python_instance_is_deleted_after_ten_minutes_and_saved_by_one_answer() {
    let mut world = World::new();
    for port in [1, 2] {
        world.register(Origin::Python, port, Answers);
    }
    world.run(10, &[]);
    world.answers = HashMap::from([(1, Refused), (2, Refused)]);
    world.run(590, &[]);
    assert_eq!((world.status(1), world.status(2)), (Some(Down), Some(Down)));
    world.answers.insert(2, Answers);
    world.run(30, &[]);
    assert_eq!((world.status(1), world.status(2)), (None, Some(Up)));
}

#[test]
fn silence_of_a_third_of_the_fleet_evicts_those_only_and_slowly() {
    let mut world = World::new();
    for port in 1..=100 {
        world.register(Origin::V1, port, Answers);
    }
    world.run(20, &[]);
    for port in 1..=35 {
        world.answers.insert(port, TimedOut);
    }
    world.run(25, &[]);
    for port in 1..=100 {
        assert_eq!(world.status(port) == Some(Up), port > 35, "{port}");
    }
    assert!(world.deleted.len() <= 15, "{}", world.deleted.len());
    world.run(600, &[]);
    assert_eq!(world.deleted.len(), 35);
    assert!(world.deleted.iter().all(|(_, port)| *port <= 35));
    for (start, _) in &world.deleted {
        let minute = *start..*start + Duration::from_secs(60);
        let count = world
            .deleted
            .iter()
            .filter(|(at, _)| minute.contains(at))
            .count();
        assert!(count <= 15, "{count} in the minute from {start:?}");
    }
}

#[test]
fn silence_of_most_of_the_fleet_is_not_believed_until_pings_get_through() {
    let mut world = World::new();
    for port in 1..=10 {
        world.register(Origin::V1, port, Answers);
    }
    world.run(20, &[]);
    for port in 1..=6 {
        world.answers.insert(port, TimedOut);
    }
    world.run(200, &[]);
    for port in 1..=10 {
        assert_eq!(world.status(port), Some(Up), "{port}");
    }
    assert_eq!(world.held, 1, "the guard says so once");
    for port in 1..=6 {
        world.answers.insert(port, Answers);
    }
    world.run(600, &[]);
    assert!(world.deleted.is_empty());
    assert_eq!(world.held, 2);
}

#[test]
fn a_refused_connection_is_believed_even_then() {
    let mut world = World::new();
    for port in 1..=10 {
        world.register(Origin::V1, port, Answers);
    }
    world.run(20, &[]);
    for port in 1..=8 {
        world.answers.insert(port, TimedOut);
    }
    world.run(15, &[]);
    world.answers.insert(9, Refused);
    world.run(40, &[]);
    assert_eq!(world.status(8), Some(Up));
    assert_eq!(world.deleted.len(), 1);
    assert_eq!(world.deleted[0].1, 9);
}

#[test]
fn one_silent_instance_alone_goes_down() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(10, &[1]);
    world.answers.insert(1, TimedOut);
    world.run(17, &[1]);
    assert_eq!(world.status(1), Some(Down));
}

#[test]
fn a_pause_of_the_process_evicts_nobody() {
    let mut world = World::new();
    for port in 1..=4 {
        world.register(Origin::V1, port, Answers);
    }
    world.run(20, &[1, 2, 3, 4]);
    world.answers.insert(4, Refused);
    world.run(6, &[1, 2, 3, 4]);
    assert_eq!(world.status(4), Some(Down), "and it keeps renewing");

    world.now += Duration::from_secs(60);
    let pause = world.step().expect("a tick 60 s late is a pause");
    assert!(pause >= Duration::from_secs(55), "{pause:?}");
    world.run(14, &[]);
    assert!(world.deleted.is_empty());
}

#[test]
fn a_time_out_that_comes_much_too_late_does_not_count() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.run(1, &[]);
    for _ in 0..5 {
        world.now = world.registry.next_deadline();
        let decisions = world.registry.tick(world.now, &mut world.random);
        let started = world.now;
        world.now += Duration::from_secs(60);
        for target in decisions.pings {
            let now = world.now;
            world
                .registry
                .report(&target, &TimedOut, started, now, &mut world.random);
        }
    }
    assert_eq!(world.status(1), Some(Up));
}

#[test]
fn the_outcome_of_an_old_ping_does_not_reach_a_successor() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    let first = world
        .registry
        .tick(world.now, &mut world.random)
        .pings
        .remove(0);
    let record = Record::sample(Origin::V1, "users", "i1", 1);
    world.apply(Event::Remove(record.place()));
    world.apply(Event::Put(Arc::new(record)));
    let now = world.now;
    let reported = world
        .registry
        .report(&first, &Refused, now, now, &mut world.random);
    assert!(reported.transition.is_none());
    assert_eq!(world.status(1), Some(Starting));
}

#[test]
fn a_deletion_that_could_not_be_stored_is_tried_again() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Refused);
    let mut attempts = 0;
    for _ in 0..300 {
        world.now = world.registry.next_deadline();
        let decisions = world.registry.tick(world.now, &mut world.random);
        let now = world.now;
        for target in decisions.pings {
            world
                .registry
                .report(&target, &Refused, now, now, &mut world.random);
        }
        for deletion in decisions.deletions {
            attempts += 1;
            world.registry.deletion_failed(&deletion.id, now);
        }
    }
    assert!(attempts > 2, "{attempts}");
    assert_eq!(world.status(1), Some(Down));
}

#[test]
fn an_update_keeps_the_health_and_a_new_id_starts_anew() {
    let mut world = World::new();
    world.register_as(Origin::V1, 1, "a", Answers);
    world.run(1, &[]);
    world.register_as(Origin::V1, 1, "a", Answers);
    assert_eq!(world.status(1), Some(Up));
    world.register_as(Origin::V1, 1, "b", Answers);
    assert_eq!(world.status(1), Some(Starting));
    assert!(world.registry.get(&"a".parse().unwrap()).is_none());
    assert_eq!(world.registry.view("users").len(), 1);
}

#[test]
fn what_was_loaded_is_handed_out_until_pings_say_otherwise() {
    let mut world = World::new();
    let records = (1..=50)
        .map(|port| {
            Arc::new(Record::sample(
                Origin::Python,
                "users",
                &format!("i{port}"),
                port,
            ))
        })
        .collect();
    let snapshot = Snapshot {
        revision: 7 << 32,
        records,
        ..Snapshot::default()
    };
    world
        .registry
        .apply(Change::Reset(snapshot), Duration::ZERO, &mut world.random);
    assert!(world.registry.revision() >= 7 << 32);
    assert!(world.registry.pick("users", 3).is_some());
    world.answers.insert(50, Answers);
    world.run(1, &[]);
    assert_eq!(
        world.pings.len(),
        50,
        "each is pinged once within the first second"
    );
    for random in 0..200 {
        let picked = world.registry.pick("users", random).unwrap();
        assert_eq!(picked.port, 50, "the others are known to be down");
    }
}

#[test]
fn lookups_are_spread_by_weight_and_never_go_to_one_that_is_down() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    world.register(Origin::V1, 2, Answers);
    world.register(Origin::V1, 3, Refused);
    world.run(1, &[]);
    let mut heavy = Record::sample(Origin::V1, "users", "i2", 2);
    heavy.weight = 300;
    world.apply(Event::Put(Arc::new(heavy)));
    let mut counts = [0; 4];
    for random in 0..400 {
        counts[usize::from(world.registry.pick("users", random).unwrap().port)] += 1;
    }
    assert_eq!(counts, [0, 100, 300, 0]);
}

#[test]
fn an_operation_is_looked_for_among_those_that_have_it() {
    let mut world = World::new();
    world.register(Origin::Python, 1, Answers);
    world.register(Origin::Python, 2, Answers);
    world.run(1, &[]);
    let mut newer = Record::sample(Origin::Python, "users", "i2", 2);
    newer.operations = vec![crate::wire::v1::OperationEntry {
        name: "hello".to_owned(),
        path: "/hello".to_owned(),
        methods: vec!["GET".to_owned()],
        fingerprint: None,
    }]
    .into();
    world.apply(Event::Put(Arc::new(newer)));
    for random in 0..20 {
        let picked = world.registry.pick_operation("users", "hello", random);
        assert!(matches!(picked, Picked::Instance(record) if record.port == 2));
    }
    let picked = |service, operation| world.registry.pick_operation(service, operation, 0);
    assert!(matches!(picked("users", "nope"), Picked::NoOperation));
    assert!(matches!(picked("nobody", "hello"), Picked::NoInstance));
}

#[test]
fn names_go_away_with_their_last_instance() {
    let mut world = World::new();
    world.register(Origin::V1, 1, Answers);
    assert_eq!(world.registry.services().count(), 1);
    world.apply(Event::Remove(
        Record::sample(Origin::V1, "users", "i1", 1).place(),
    ));
    assert_eq!(world.registry.services().count(), 0);
    assert!(world.registry.pick("users", 0).is_none());
    assert_eq!(world.registry.summary(world.now).instances, 0);
}
