//! The center's state machine: who is registered, how they are, what to do next.
//!
//! Nothing here waits, reads a clock or rolls dice. Changes of the store, outcomes
//! of pings and the time go in; pings to send, instances to delete and what readers
//! see differently come out, and [`Registry::next_deadline`] says until when nothing happens by itself. The
//! shell around it (the prober) carries the decisions out and reports back.
//!
//! Two things are decided separately. *Status* follows from pings alone, and only
//! keeps an instance from being handed out. *Deletion* is for good and therefore
//! slow: a v1 instance is deleted when it is down and has not renewed for a while,
//! a Python instance, which never registers again by itself, when it has been down
//! for much longer. What the center concludes from silence passes the [`Guard`].
//!
//! Times are durations since the center's start.

mod changes;
mod contracts;
mod draining;
mod entry;
#[cfg(test)]
mod fleet;
mod lookup;
#[cfg(test)]
mod model;
mod offers;
mod shares;
mod suspicion;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use self::changes::Touched;
pub(crate) use self::changes::{Cause, InstanceChange};
use self::entry::Entry;
pub(crate) use self::lookup::{Listed, Picked};
use self::offers::Offers;
pub(crate) use self::shares::{Owner, Share, Shares};
pub(crate) use self::suspicion::Suspected;
use super::contracts::Contracts;
use super::guard::{Arithmetic, Guard};
use super::health::{PingOutcome, Transition};
use super::record::{Origin, Place, Record};
use super::store::{Change, Event, Revision};
use crate::instance::{InstanceId, InstanceStatus};
use crate::key::Key;
use crate::wire::v1::DocumentHash;

/// The durations that the registry decides by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    /// How long a v1 registration holds without a renewal.
    pub lease_ttl: Duration,
    /// A v1 instance that is down is deleted when it has not renewed for so long.
    pub forget_after: Duration,
    /// A Python instance is deleted when it has been down for so long.
    pub forget_python_after: Duration,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Registry {
    limits: Limits,
    /// Each in a box: a table has room for twice as many as are in it.
    entries: HashMap<InstanceId, Box<Entry>>,
    /// By service name, then by host and port.
    services: BTreeMap<String, BTreeMap<(String, u16), InstanceId>>,
    offers: Offers,
    shares: Shares,
    /// One deadline for each entry that has one.
    deadlines: BTreeSet<(Duration, InstanceId)>,
    guard: Guard,
    contracts: Contracts,
    /// How many entries are witnesses, and silent ones, in the sense of [`Guard`].
    witnesses: usize,
    silent: usize,
    /// How many were ever reached.
    reached: usize,
    /// Grows with every change, of health too.
    revision: u64,
    /// The last revision of the store that was applied.
    stored: Revision,
    last_tick: Duration,
    pings_sent: u64,
    touched: Touched,
}

/// What to do now.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub pings: Vec<Target>,
    pub deletions: Vec<Deletion>,
    /// Documents that nobody needs any more.
    pub documents: Vec<DocumentHash>,
    /// The process stood still for so long; leases were extended by it.
    pub pause: Option<Duration>,
    /// The guard refused deletions, and this is why.
    pub spared: Option<Arithmetic>,
}

/// Where a ping goes, and who should answer it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub id: InstanceId,
    pub service: String,
    pub host: String,
    pub port: u16,
    pub tls: bool,
    pub key: Option<Key>,
    pub origin: Origin,
    /// Where a v1 registration came from, if it is known.
    pub registrant: Option<IpAddr>,
    /// Where any registration came from, for all that is known.
    pub owner: IpAddr,
    /// It holds a lease, and did not renew it in time: an answer counts only when
    /// it says that it is this instance's.
    pub is_overdue: bool,
    /// Tells a ping from an earlier one that comes back late.
    pub ping: u64,
}

/// An instance to remove from the store.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub place: Place,
    pub id: InstanceId,
    /// The revision of the store by which it was decided.
    pub since: Revision,
    pub reason: String,
}

/// What came of a reported outcome.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub transition: Option<Transition>,
    /// The guard's arithmetic, when it began or ceased to hold time-outs back.
    pub guard: Option<Arithmetic>,
}

impl Registry {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            services: BTreeMap::new(),
            offers: Offers::default(),
            shares: Shares::default(),
            deadlines: BTreeSet::new(),
            guard: Guard::default(),
            contracts: Contracts::default(),
            witnesses: 0,
            silent: 0,
            reached: 0,
            revision: 0,
            stored: 0,
            last_tick: Duration::ZERO,
            pings_sent: 0,
            touched: Touched::default(),
        }
    }

    /// Follows a change of the store.
    pub(crate) fn apply(&mut self, change: Change, now: Duration, random: &mut fastrand::Rng) {
        match change {
            Change::Reset(snapshot) => {
                let kept: HashSet<_> = snapshot.records.iter().map(|r| r.id.clone()).collect();
                let gone: Vec<_> = self
                    .entries
                    .keys()
                    .filter(|id| !kept.contains(*id))
                    .cloned()
                    .collect();
                for id in gone {
                    self.remove(&id, now);
                }
                self.contracts.documents.reset(snapshot.documents, now);
                // Loaded instances are pinged at once, but not in one burst.
                let spread = self.limits.ping_interval.min(Duration::from_secs(1));
                for record in snapshot.records {
                    let first_ping = now.saturating_add(spread.mul_f64(random.f64()));
                    self.put(record, now, first_ping, false);
                }
                self.stored = self.stored.max(snapshot.revision);
            }
            Change::Applied { revision, events } => {
                for event in events {
                    match event {
                        Event::Put(record) => self.put(record, now, now, true),
                        Event::Remove(place) => {
                            if let Some(id) = self.holder(&place).cloned() {
                                self.remove(&id, now);
                            }
                        }
                        Event::Keep(document) => self.contracts.documents.keep(document, now),
                        Event::Drop(hash) => self.contracts.documents.drop(&hash),
                    }
                }
                self.stored = self.stored.max(revision);
            }
        }
        self.revision = (self.revision + 1).max(self.stored);
    }

    /// Decides what is due. To be called at [`Registry::next_deadline`].
    pub(crate) fn tick(&mut self, now: Duration, random: &mut fastrand::Rng) -> Decisions {
        let pause = self.absorb_pause(now);
        self.last_tick = now;
        let mut decisions = Decisions {
            pause,
            documents: self.contracts.sweep(now),
            ..Decisions::default()
        };
        while let Some((deadline, id)) = self.deadlines.first().cloned() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            self.decide(&id, now, random, &mut decisions);
        }
        decisions
    }

    /// When [`Registry::tick`] is due. Ticks come at least once in each ping
    /// interval, so that a late one tells that the process stood still.
    pub(crate) fn next_deadline(&self) -> Duration {
        let idle = self.last_tick.saturating_add(self.limits.ping_interval);
        self.deadlines
            .first()
            .map_or(idle, |(deadline, _)| (*deadline).min(idle))
    }

    /// Takes the outcome of a ping that was sent at `started`.
    pub(crate) fn report(
        &mut self,
        target: &Target,
        outcome: &PingOutcome,
        started: Duration,
        now: Duration,
        random: &mut fastrand::Rng,
    ) -> Reported {
        let limits = self.limits;
        let Some(entry) = self.entries.get_mut(&target.id) else {
            return Reported::default();
        };
        if entry.ping_in_flight != Some(target.ping) {
            return Reported::default();
        }
        entry.ping_in_flight = None;
        let interval = limits.ping_interval.mul_f64(0.9 + 0.2 * random.f64());
        entry.next_ping = started.saturating_add(interval).max(now);
        if std::mem::take(&mut entry.ping_again) {
            entry.next_ping = now;
        }

        // A time-out that comes much too late was not the instance's: this
        // process stood still between sending and looking.
        let took = now.saturating_sub(started);
        let is_late = *outcome == PingOutcome::TimedOut
            && took > limits.ping_timeout.saturating_add(limits.ping_interval);
        // It renewed while this ping was under way, so it need not say its name.
        let is_too_strict = target.is_overdue
            && !entry.lease_end_seen
            && matches!(outcome, PingOutcome::Stranger(_));
        if is_too_strict {
            entry.next_ping = now;
        }
        let is_void = is_late || is_too_strict;
        let mut reported = Reported::default();
        if !is_void {
            reported = self.judge(&target.id, outcome, now);
        }
        if let Some(entry) = self.entries.get_mut(&target.id) {
            entry.hurry_if_new(outcome, now);
            entry.hurry_if_doubted(outcome, now);
        }
        self.schedule(&target.id);
        reported
    }

    /// The instances of a service that registered a moment ago and did not listen
    /// yet when they were pinged.
    pub(crate) fn newcomers(&self, service: &str, now: Duration) -> Vec<Target> {
        let new = self
            .instances(service)
            .filter(|entry| entry.is_new(now) && entry.health.status() == InstanceStatus::Down);
        new.map(|entry| entry.target(0)).collect()
    }

    /// An instance answered when it was asked out of turn. (That one did not
    /// answer is left to the pings.)
    pub(crate) fn answered(&mut self, id: &InstanceId, now: Duration) -> Option<Transition> {
        let transition = self.judge(id, &PingOutcome::Ok, now).transition;
        self.schedule(id);
        transition
    }

    /// Renews the lease of an instance. Absent: it is not registered, or its
    /// deletion is on the way to the store, where a renewal can't stop it; only
    /// another registration can.
    pub(crate) fn renew(&mut self, id: &InstanceId, now: Duration) -> Option<Arc<Record>> {
        let entry = self.entries.get_mut(id).filter(|e| !e.is_leaving)?;
        entry.renew(now);
        let record = entry.record.clone();
        self.schedule(id);
        Some(record)
    }

    /// A deletion that was decided could not be stored. It is tried again later.
    pub(crate) fn deletion_failed(&mut self, id: &InstanceId, now: Duration) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.is_leaving = false;
            entry.not_deleted_before = now.saturating_add(self.limits.ping_interval);
            self.schedule(id);
        }
    }

    fn put(&mut self, record: Arc<Record>, now: Duration, first_ping: Duration, is_new: bool) {
        if let Some(entry) = self.entries.get_mut(&record.id)
            && entry.record.place() == record.place()
        {
            let id = record.id.clone();
            if is_new {
                entry.renew(now);
                // A deletion that is on its way finds the record changed.
                entry.is_leaving = false;
                entry.next_ping = entry.next_ping.min(first_ping);
            }
            if entry.record != record {
                self.touched.push(&record.service, &id, Cause::Command);
            }
            let before = std::mem::replace(&mut entry.record, record.clone());
            let is_usable = entry.health.status().is_usable();
            self.offers.leave(&before, is_usable);
            self.offers.enter(&record, is_usable);
            self.shares.leave(&before);
            self.shares.enter(&record);
            self.contracts.renamed(Some(&before), Some(&record), now);
            self.schedule(&id);
            return;
        }
        let place = record.place();
        let id = record.id.clone();
        // An id names one instance and a place holds one: both make room.
        self.remove(&id, now);
        if let Some(holder) = self.holder(&place).cloned() {
            self.remove(&holder, now);
        }
        self.touched.push(&place.service, &id, Cause::Command);
        self.contracts.renamed(None, Some(&record), now);
        self.services
            .entry(place.service)
            .or_default()
            .insert((place.host, place.port), id.clone());
        let entry = Box::new(Entry::new(record, now, first_ping, is_new));
        self.offers
            .enter(&entry.record, entry.health.status().is_usable());
        self.shares.enter(&entry.record);
        self.count_in(&entry);
        self.entries.insert(id.clone(), entry);
        self.schedule(&id);
    }

    fn remove(&mut self, id: &InstanceId, now: Duration) {
        let Some(entry) = self.entries.remove(id) else {
            return;
        };
        self.count_out(&entry);
        self.offers
            .leave(&entry.record, entry.health.status().is_usable());
        self.shares.leave(&entry.record);
        self.contracts.renamed(Some(&entry.record), None, now);
        if let Some(deadline) = entry.scheduled {
            self.deadlines.remove(&(deadline, id.clone()));
        }
        let place = entry.record.place();
        self.touched.push(&place.service, id, Cause::Command);
        if let Some(instances) = self.services.get_mut(&place.service) {
            instances.remove(&(place.host, place.port));
            // Names go away with their last instance.
            if instances.is_empty() {
                self.services.remove(&place.service);
                self.contracts.departed(entry.record, now);
            }
        }
    }

    fn decide(
        &mut self,
        id: &InstanceId,
        now: Duration,
        random: &mut fastrand::Rng,
        decisions: &mut Decisions,
    ) {
        let (reached, strangers) = (self.reached, self.entries.len() - self.reached);
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        entry.scheduled = None;
        if entry.is_deletion_due(&self.limits, now) {
            let was_reached = entry.health.was_reached();
            let is_admitted = match was_reached {
                _ if !entry.health.is_silent() => true,
                true => self.guard.admit_deletion(reached, now),
                false => self.guard.admit_stranger(strangers, now),
            };
            if is_admitted {
                entry.is_leaving = true;
                decisions.deletions.push(Deletion {
                    place: entry.record.place(),
                    id: id.clone(),
                    since: self.stored,
                    reason: entry.why_deleted(now),
                });
            } else {
                // Of strangers nobody is told: it is not they whom the guard is for.
                if was_reached {
                    decisions.spared = self.guard.refused(reached, now).or(decisions.spared.take());
                }
                // Asked again later, at slightly different times, so that not
                // always the same instances come first.
                let later = self.limits.ping_interval.mul_f64(0.5 + 0.5 * random.f64());
                entry.not_deleted_before = now.saturating_add(later);
            }
        }
        if entry.is_lease_end_due(&self.limits, now) {
            // Nobody renews: look at once, do not wait for the next ping.
            entry.lease_end_seen = true;
            entry.next_ping = entry.next_ping.min(now);
        }
        if entry.ping_in_flight.is_none() && !entry.is_leaving && entry.next_ping <= now {
            self.pings_sent += 1;
            entry.ping_in_flight = Some(self.pings_sent);
            decisions.pings.push(entry.target(self.pings_sent));
        }
        self.schedule(id);
    }

    fn judge(&mut self, id: &InstanceId, outcome: &PingOutcome, now: Duration) -> Reported {
        let Some(mut entry) = self.entries.remove(id) else {
            return Reported::default();
        };
        // The guard counts this outcome before the status is decided: otherwise
        // the first of many silent instances would slip through.
        self.count_out(&entry);
        entry.health.note(outcome);
        self.count_in(&entry);
        let mut has_changed = self.guard.observe(self.silent, self.witnesses, now);

        self.count_out(&entry);
        let transition = entry.health.decide(now, self.guard.is_held(now));
        self.count_in(&entry);
        if let Some(Transition { from, to }) = transition {
            if from.is_usable() != to.is_usable() {
                self.offers.turn(&entry.record, to.is_usable());
            }
            self.revision += 1;
            self.touched.push(&entry.record.service, id, Cause::Health);
            has_changed |= self.guard.observe(self.silent, self.witnesses, now);
        }
        self.entries.insert(id.clone(), entry);
        let reached = self.reached;
        Reported {
            transition,
            guard: has_changed.then(|| self.guard.arithmetic(reached, now)),
        }
    }

    fn count_in(&mut self, entry: &Entry) {
        self.reached += usize::from(entry.health.was_reached());
        if entry.health.is_witness() {
            self.witnesses += 1;
            self.silent += usize::from(entry.health.is_silent());
        }
    }

    fn count_out(&mut self, entry: &Entry) {
        self.reached -= usize::from(entry.health.was_reached());
        if entry.health.is_witness() {
            self.witnesses -= 1;
            self.silent -= usize::from(entry.health.is_silent());
        }
    }

    /// A tick that is late by more than an interval: the process was stopped or
    /// starved, and nobody could renew meanwhile. The pause counts for nothing.
    fn absorb_pause(&mut self, now: Duration) -> Option<Duration> {
        let late = now.saturating_sub(self.next_deadline());
        if late <= self.limits.ping_interval {
            return None;
        }
        self.guard.shift(late);
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        for id in ids {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.shift(late, now);
            }
            self.schedule(&id);
        }
        Some(late)
    }

    fn schedule(&mut self, id: &InstanceId) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let next = entry.deadline(&self.limits);
        if entry.scheduled == next {
            return;
        }
        if let Some(before) = entry.scheduled {
            self.deadlines.remove(&(before, id.clone()));
        }
        if let Some(next) = next {
            self.deadlines.insert((next, id.clone()));
        }
        entry.scheduled = next;
    }
}
