//! A fleet of processes around a registry, for tests: they answer pings and renew
//! their leases, or hang, or are gone, and the clock jumps from one event to the next.

use super::*;
use crate::center::store::Snapshot;

pub(super) const LIMITS: Limits = Limits {
    ping_interval: Duration::from_secs(5),
    ping_timeout: Duration::from_secs(2),
    lease_ttl: Duration::from_secs(15),
    forget_after: Duration::from_secs(30),
    forget_python_after: Duration::from_secs(600),
};

const RENEWAL: Duration = Duration::from_secs(5);

/// How a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// It hangs, is stopped, or is cut off from the center. Its connections stay open.
    Silent,
    /// It was killed: connections to its port are refused.
    Gone,
}

/// How a process renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renews {
    /// By an open stream, which renews for as long as the kernel keeps it open.
    ByStream,
    ByItself,
    /// As Python services do.
    Never,
}

#[derive(Debug)]
struct Member {
    state: State,
    renews: Renews,
    renew_at: Duration,
}

/// A registry, what is around it, and what happened.
pub(super) struct Fleet {
    pub(super) registry: Registry,
    pub(super) random: fastrand::Rng,
    pub(super) now: Duration,
    revision: Revision,
    members: BTreeMap<u16, Member>,
    renewals: BTreeSet<(Duration, u16)>,
    /// Pings that are on the way, by when they come back, with when they were sent.
    under_way: BTreeMap<(Duration, u64), (Target, PingOutcome, Duration)>,
    /// So many pings are sent in a second; the others wait for their turn.
    pub(super) pings_a_second: u64,
    next_ping: Duration,
    /// Who became down, and how it was doing then.
    pub(super) downs: Vec<(Duration, u16, State)>,
    pub(super) deleted: Vec<(Duration, u16, State)>,
    /// Running processes that were told that the center does not know them.
    pub(super) lost: Vec<(Duration, u16)>,
    pub(super) guard: Vec<Arithmetic>,
    pub(super) spared: Vec<Arithmetic>,
}

impl Fleet {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            registry: Registry::new(LIMITS),
            random: fastrand::Rng::with_seed(seed),
            now: Duration::ZERO,
            revision: 0,
            members: BTreeMap::new(),
            renewals: BTreeSet::new(),
            under_way: BTreeMap::new(),
            pings_a_second: 100_000,
            next_ping: Duration::ZERO,
            downs: Vec::new(),
            deleted: Vec::new(),
            lost: Vec::new(),
            guard: Vec::new(),
            spared: Vec::new(),
        }
    }

    /// A process starts on this port, with an id of its own.
    pub(super) fn start(&mut self, port: u16, renews: Renews) {
        let renew_at = self.now + RENEWAL.mul_f64(self.random.f64());
        self.renewals.insert((renew_at, port));
        let member = Member {
            state: State::Running,
            renews,
            renew_at,
        };
        if let Some(before) = self.members.insert(port, member) {
            self.renewals.remove(&(before.renew_at, port));
        }
        self.register(port);
    }

    /// The center starts with what its disk tells.
    pub(super) fn restart_center(&mut self) {
        self.registry = Registry::new(LIMITS);
        self.under_way.clear();
        let ports: Vec<_> = self.members.keys().copied().collect();
        let snapshot = Snapshot {
            revision: self.revision,
            records: ports.into_iter().map(|port| self.record(port)).collect(),
            ..Snapshot::default()
        };
        self.registry
            .apply(Change::Reset(snapshot), self.now, &mut self.random);
    }

    pub(super) fn register(&mut self, port: u16) {
        let record = self.record(port);
        self.apply(Event::Put(record));
    }

    pub(super) fn set(&mut self, port: u16, state: State) {
        self.members.get_mut(&port).expect("it was started").state = state;
    }

    pub(super) fn status(&self, port: u16) -> Option<InstanceStatus> {
        self.registry
            .listed("users", &id(port))
            .map(|listed| listed.status)
    }

    pub(super) fn count(&self, status: InstanceStatus) -> usize {
        let listed = self.registry.view("users");
        listed.iter().filter(|l| l.status == status).count()
    }

    /// Whoever became down or was deleted although it was running.
    pub(super) fn wronged(&self) -> Vec<u16> {
        let all = self.downs.iter().chain(&self.deleted);
        let running = all.filter(|(.., state)| *state == State::Running);
        let lost = self.lost.iter().map(|(_, port)| *port);
        running.map(|(_, port, _)| *port).chain(lost).collect()
    }

    /// Lets so many seconds pass.
    pub(super) fn run(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        loop {
            let ping = self.under_way.first_key_value().map(|((at, _), _)| *at);
            let renewal = self.renewals.first().map(|(at, _)| *at);
            let tick = self.registry.next_deadline();
            let next = [ping, renewal, Some(tick)]
                .into_iter()
                .flatten()
                .min()
                .expect("ticks never end");
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            // After a pause much is due at once, in no order.
            let mut due = Vec::new();
            due.extend((ping.is_some_and(|at| at <= self.now)).then_some(0));
            due.extend((renewal.is_some_and(|at| at <= self.now)).then_some(1));
            due.extend((tick <= self.now).then_some(2));
            match due[self.random.usize(..due.len())] {
                0 => self.hear(),
                1 => self.renew(),
                _ => self.tick(),
            }
        }
        self.now = end;
    }

    /// The center is stopped for so long and then goes on.
    pub(super) fn stop_center(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
        // Whatever answered meanwhile, the center may find its own time-out first.
        for (outcome, started) in self.under_way.values_mut().map(|(_, o, s)| (o, s)) {
            let is_over = self.now.saturating_sub(*started) >= LIMITS.ping_timeout;
            if is_over && self.random.bool() {
                *outcome = PingOutcome::TimedOut;
            }
        }
    }

    fn record(&self, port: u16) -> Arc<Record> {
        let origin = match self.members[&port].renews {
            Renews::Never => Origin::Python,
            Renews::ByStream | Renews::ByItself => Origin::V1,
        };
        Arc::new(Record::sample(origin, "users", &format!("i{port}"), port))
    }

    fn apply(&mut self, event: Event) {
        self.revision += 1;
        let change = Change::Applied {
            revision: self.revision,
            events: vec![event],
        };
        self.registry.apply(change, self.now, &mut self.random);
        self.settle();
    }

    /// As the view does after each step.
    fn settle(&mut self) {
        let _ = self.registry.take_changes();
    }

    fn tick(&mut self) {
        let decisions = self.registry.tick(self.now, &mut self.random);
        self.spared.extend(decisions.spared);
        for target in decisions.pings {
            let sent = self.next_ping.max(self.now);
            self.next_ping = sent + Duration::from_secs(1) / (self.pings_a_second as u32);
            let outcome = match self.members[&target.port].state {
                State::Running => PingOutcome::Ok,
                State::Silent => PingOutcome::TimedOut,
                State::Gone => PingOutcome::Refused,
            };
            let took = match outcome {
                PingOutcome::TimedOut => LIMITS.ping_timeout,
                _ => Duration::from_micros(self.random.u64(200..20_000)),
            };
            let key = (sent + took, target.ping);
            self.under_way.insert(key, (target, outcome, sent));
        }
        for deletion in decisions.deletions {
            let port = deletion.place.port;
            let state = self.members[&port].state;
            self.deleted.push((self.now, port, state));
            self.apply(Event::Remove(deletion.place));
        }
        self.settle();
    }

    fn hear(&mut self) {
        let Some((_, (target, outcome, started))) = self.under_way.pop_first() else {
            return;
        };
        let now = self.now;
        let reported = self
            .registry
            .report(&target, &outcome, started, now, &mut self.random);
        self.guard.extend(reported.guard);
        if reported
            .transition
            .is_some_and(|t| t.to == InstanceStatus::Down)
        {
            let state = self.members[&target.port].state;
            self.downs.push((now, target.port, state));
        }
        self.settle();
    }

    fn renew(&mut self) {
        let Some((_, port)) = self.renewals.pop_first() else {
            return;
        };
        let member = self.members.get_mut(&port).expect("members stay");
        member.renew_at = self.now + RENEWAL.mul_f64(0.9 + 0.2 * self.random.f64());
        self.renewals.insert((member.renew_at, port));
        let (id, state) = (id(port), member.state);
        let is_known = match (member.renews, state) {
            (Renews::Never, _) | (_, State::Gone) | (Renews::ByItself, State::Silent) => true,
            (Renews::ByItself, State::Running) => self.registry.renew(&id, self.now).is_some(),
            (Renews::ByStream, _) => self.registry.renew_held(&id, self.now).is_some(),
        };
        if !is_known && state == State::Running {
            self.lost.push((self.now, port));
            self.register(port);
        }
        self.settle();
    }
}

pub(super) fn id(port: u16) -> InstanceId {
    format!("i{port}").parse().expect("a valid id")
}
