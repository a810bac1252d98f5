//! A simulated network with a center, services and callers, and what is seen of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use turmoil::{Builder, Sim};

use super::hosts::{self, CENTER, Machine};
use crate::center::simulated::{Disk, Known};
use crate::client::clock;
use crate::instance::InstanceStatus;

/// An instance that is well for so long is not removed by mistake any more: what was
/// decided before may still be on its way.
const SETTLED: Duration = Duration::from_secs(10);

/// How a simulation is set up.
pub(super) struct Plan {
    pub(super) services: usize,
    pub(super) callers: usize,
    /// Of each caller, which call at once, with this pause between two calls.
    pub(super) tasks: usize,
    pub(super) pause: Duration,
    pub(super) tick: Duration,
    /// What is sent may take so long, or less.
    pub(super) latency: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            services: 4,
            callers: 2,
            tasks: 2,
            pause: Duration::from_millis(200),
            tick: Duration::from_millis(20),
            latency: Duration::from_millis(20),
        }
    }
}

/// What the hosts and the scenario share.
pub(super) struct Shared {
    pub(super) disk: Disk,
    pub(super) tasks: usize,
    pub(super) pause: Duration,
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) now: Duration,
    may_call: bool,
    /// By its address: since when an instance is well and within the center's reach.
    well_since: HashMap<String, Option<Duration>>,
    pub(super) known: Known,
    /// The instances that each caller knows.
    pub(super) pictures: BTreeMap<usize, BTreeSet<String>>,
    /// By caller: how long each call took.
    pub(super) calls: BTreeMap<usize, Vec<Duration>>,
    pub(super) failures: Vec<String>,
    pub(super) removals: Vec<(Duration, String)>,
    /// What must never be seen.
    pub(super) wrong: Vec<String>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nothing panics with it")
    }

    pub(super) fn may_call(&self) -> bool {
        self.seen().may_call
    }

    pub(super) fn note_removal(&self, host: &str) {
        let seen = &mut *self.seen();
        seen.removals.push((seen.now, host.to_owned()));
        if let Some(Some(since)) = seen.well_since.get(host)
            && seen.now.saturating_sub(*since) > SETTLED
        {
            let wrong = format!("{:?}: {host} was removed, and is well", seen.now);
            seen.wrong.push(wrong);
        }
    }

    /// Revisions are compared within one run of a center.
    pub(super) fn center_began(&self) {
        self.seen().known = Known::default();
    }

    pub(super) fn note_known(&self, known: Known) {
        let seen = &mut *self.seen();
        if known.revision < seen.known.revision {
            let wrong = format!("the revision fell to {known:?} from {:?}", seen.known);
            seen.wrong.push(wrong);
        }
        let hosts: BTreeSet<_> = known.instances.iter().map(|(_, host, _)| host).collect();
        if hosts.len() < known.instances.len() {
            let wrong = format!("two instances have one address: {known:?}");
            seen.wrong.push(wrong);
        }
        let is_same = known.instances == seen.known.instances;
        if !is_same && known.revision == seen.known.revision {
            let wrong = format!("no new revision from {:?} to {known:?}", seen.known);
            seen.wrong.push(wrong);
        }
        seen.known = known;
    }

    pub(super) fn note_picture(&self, caller: usize, ids: BTreeSet<String>) {
        self.seen().pictures.insert(caller, ids);
    }

    pub(super) fn note_call(&self, caller: usize, took: Duration, failure: Option<String>) {
        let seen = &mut *self.seen();
        seen.calls.entry(caller).or_default().push(took);
        if let Some(failure) = failure {
            let failure = format!("{:?}: caller {caller} after {took:?}: {failure}", seen.now);
            seen.failures.push(failure);
        }
    }
}

/// A simulation that a scenario drives.
pub(super) struct World {
    sim: Sim<'static>,
    shared: Arc<Shared>,
    machines: HashMap<String, Machine>,
    services: usize,
    pub(super) random: fastrand::Rng,
    pub(super) seed: u64,
}

impl World {
    pub(super) fn new(seed: u64, plan: &Plan) -> Self {
        // Before the simulated clocks begin, which the client's time must not follow.
        clock::now();
        fastrand::seed(seed);
        let mut sim = Builder::new()
            .rng_seed(seed)
            .simulation_duration(Duration::from_secs(100 * 3600))
            .tick_duration(plan.tick)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(plan.latency)
            .tcp_capacity(4096)
            .enable_random_order()
            .build();
        let shared = Arc::new(Shared {
            disk: Disk::default(),
            tasks: plan.tasks,
            pause: plan.pause,
            seen: Mutex::default(),
        });
        let mut machines = HashMap::new();
        let mut host = |sim: &mut Sim<'static>, name: String, run: Run| {
            let machine = Machine::new();
            machines.insert(name.clone(), machine.clone());
            let shared = shared.clone();
            sim.host(name, move || {
                let (machine, shared) = (machine.clone(), shared.clone());
                async move {
                    let process = || match run {
                        Run::Center => Box::pin(hosts::center(shared.clone())) as BoxProcess,
                        Run::Service => Box::pin(hosts::service(machine.clone())),
                        Run::Caller(index) => Box::pin(hosts::caller(shared.clone(), index)),
                    };
                    machine.power(process).await
                }
            });
        };
        host(&mut sim, CENTER.to_owned(), Run::Center);
        for index in 0..plan.services {
            host(&mut sim, service(index), Run::Service);
        }
        for index in 0..plan.callers {
            host(&mut sim, caller(index), Run::Caller(index));
        }
        let mut world = Self {
            sim,
            shared,
            machines,
            services: plan.services,
            random: fastrand::Rng::with_seed(seed),
            seed,
        };
        for index in 0..plan.services {
            world.is_well(&service(index), true);
        }
        world.run(12.0);
        world.shared.seen().may_call = true;
        world.run(3.0);
        let known = world.shared.seen().known.clone();
        assert_eq!(world.up(), plan.services, "seed {seed}: {known:?}");
        world
    }

    /// Lets so many seconds pass.
    pub(super) fn run(&mut self, seconds: f64) {
        let end = self.sim.elapsed() + Duration::from_secs_f64(seconds);
        while self.sim.elapsed() < end {
            if let Err(error) = self.sim.step() {
                panic!("seed {}: {error}", self.seed);
            }
            self.shared.seen().now = self.sim.elapsed();
        }
    }

    /// Lets between `from` and `to` seconds pass.
    pub(super) fn run_between(&mut self, from: f64, to: f64) {
        let seconds = from + (to - from) * self.random.f64();
        self.run(seconds);
    }

    pub(super) fn kill(&mut self, host: &str) {
        self.is_well(host, false);
        self.machine(host).runs.send_replace(false);
        // Otherwise one that is started at once would never have died.
        self.run(0.05);
    }

    pub(super) fn start(&mut self, host: &str) {
        self.machine(host).runs.send_replace(true);
        self.is_well(host, true);
    }

    /// The process is killed, and one of another service has its port.
    pub(super) fn take_over(&mut self, host: &str, other: &'static str) {
        self.kill(host);
        let machine = self.machine(host);
        *machine.service.lock().expect("nothing panics with it") = other;
        machine.runs.send_replace(true);
    }

    /// Nothing comes through between the two until [`World::mend`].
    pub(super) fn cut(&mut self, one: &str, other: &str) {
        if one == CENTER {
            self.is_well(other, false);
        }
        self.sim.hold(one, other);
    }

    pub(super) fn mend(&mut self, one: &str, other: &str) {
        self.sim.release(one, other);
        if one == CENTER {
            self.is_well(other, true);
        }
    }

    pub(super) fn hang(&mut self, host: &str, hangs: bool) {
        self.is_well(host, !hangs);
        let machine = self.machine(host);
        machine
            .hangs
            .store(hangs, std::sync::atomic::Ordering::SeqCst);
    }

    pub(super) fn machine(&self, host: &str) -> &Machine {
        &self.machines[host]
    }

    /// How many calls each service has run since this was last asked.
    pub(super) fn shares(&self) -> Vec<usize> {
        let services = (0..self.services).map(service);
        let counts = services.map(|host| {
            let runs_of = &self.machine(&host).runs_of;
            runs_of.swap(0, std::sync::atomic::Ordering::SeqCst)
        });
        counts.collect()
    }

    pub(super) fn address(&self, host: &str) -> String {
        self.sim.lookup(host).to_string()
    }

    /// How many instances the center takes for well.
    pub(super) fn up(&self) -> usize {
        let seen = self.shared.seen();
        let instances = seen.known.instances.iter();
        instances
            .filter(|(.., status)| *status == InstanceStatus::Up)
            .count()
    }

    pub(super) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen())
    }

    /// Nothing was ever seen that must not be.
    pub(super) fn check(&self) {
        let (seed, seen) = (self.seed, self.shared.seen());
        assert!(seen.wrong.is_empty(), "seed {seed}: {:#?}", seen.wrong);
    }

    /// The same, and no call failed.
    pub(super) fn check_calls(&self) {
        self.check();
        let (seed, seen) = (self.seed, self.shared.seen());
        assert!(
            seen.failures.is_empty(),
            "seed {seed}: {:#?}",
            seen.failures
        );
        let calls: usize = seen.calls.values().map(Vec::len).sum();
        assert!(calls > 0, "seed {seed}: nobody called");
    }

    /// When all is quiet again, everybody is up, and each caller knows what the center
    /// knows.
    pub(super) fn check_quiet(&mut self) {
        self.run(60.0);
        self.check();
        let (seed, seen) = (self.seed, self.shared.seen());
        let known = &seen.known;
        let ids = |is_wanted: fn(InstanceStatus) -> bool| -> BTreeSet<String> {
            let wanted = known
                .instances
                .iter()
                .filter(|(.., status)| is_wanted(*status));
            wanted.map(|(id, ..)| id.clone()).collect()
        };
        let up = ids(|status| status == InstanceStatus::Up);
        assert_eq!(up, ids(|_| true), "seed {seed}: {known:?}");
        for (caller, picture) in &seen.pictures {
            assert_eq!(picture, &up, "seed {seed}: caller {caller}");
        }
    }

    fn is_well(&mut self, host: &str, is_well: bool) {
        let address = self.address(host);
        let now = self.sim.elapsed();
        let seen = &mut *self.shared.seen();
        seen.well_since.insert(address, is_well.then_some(now));
    }
}

#[derive(Clone, Copy)]
enum Run {
    Center,
    Service,
    Caller(usize),
}

type BoxProcess = std::pin::Pin<Box<dyn Future<Output = ()>>>;

pub(super) fn service(index: usize) -> String {
    format!("users-{index}")
}

pub(super) fn caller(index: usize) -> String {
    format!("caller-{index}")
}
