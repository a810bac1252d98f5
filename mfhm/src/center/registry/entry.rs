//! One instance in the registry: its record, its health and its three clocks
//! (next ping, end of the lease, deletion).

use std::sync::Arc;
use std::time::Duration;

use super::{Limits, Target};
use crate::center::health::{Health, PingOutcome};
use crate::center::record::{Origin, Record};
use crate::instance::InstanceStatus;

/// A new instance whose port is not open yet is pinged again this soon. Python
/// services register shortly before they listen; this is how long their callers
/// may have to wait for nothing.
const HURRY: Duration = Duration::from_millis(100);

/// A ping that broke of an instance that may be ending is sent again this soon.
const DOUBT: Duration = Duration::from_millis(20);

/// How long an instance counts as new.
const NEW_FOR: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Arc<Record>,
    pub(super) health: Health,
    pub(super) next_ping: Duration,
    pub(super) ping_in_flight: Option<u64>,
    /// The ping under way may come too early to tell: another one follows.
    pub(super) ping_again: bool,
    /// Somebody has a reason to think that it is gone, for so long.
    pub(super) doubted_until: Duration,
    /// It was told to leave.
    pub(super) is_draining: bool,
    /// When a caller's report last had it pinged.
    pub(super) suspected: Option<Duration>,
    /// The end of the present lease was acted upon.
    pub(super) lease_end_seen: bool,
    /// Its deletion is on the way to the store.
    pub(super) is_leaving: bool,
    /// The guard or the store refused the deletion until then.
    pub(super) not_deleted_before: Duration,
    /// Where it stands in the registry's deadlines.
    pub(super) scheduled: Option<Duration>,
    renewed: Duration,
    /// When it registered with this run of the center; absent when it was loaded.
    registered: Option<Duration>,
}

impl Entry {
    pub(super) fn new(
        record: Arc<Record>,
        now: Duration,
        first_ping: Duration,
        is_new: bool,
    ) -> Self {
        Self {
            record,
            health: match is_new {
                true => Health::new(),
                false => Health::loaded(),
            },
            next_ping: first_ping,
            ping_in_flight: None,
            ping_again: false,
            doubted_until: Duration::ZERO,
            is_draining: false,
            suspected: None,
            lease_end_seen: false,
            is_leaving: false,
            not_deleted_before: Duration::ZERO,
            scheduled: None,
            renewed: now,
            registered: is_new.then_some(now),
        }
    }

    pub(super) fn renew(&mut self, now: Duration) {
        if self.lease_end_seen {
            // Without a lease it may have been taken for a stranger.
            self.next_ping = self.next_ping.min(now);
        }
        self.renewed = now;
        self.lease_end_seen = false;
    }

    /// When something is to be decided about it. Absent: nothing until a report.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Duration> {
        if self.is_leaving || self.ping_in_flight.is_some() {
            return None;
        }
        let deletion = self.deletion_due_at(limits);
        let lease_end = self.lease_end(limits);
        [Some(self.next_ping), deletion, lease_end]
            .into_iter()
            .flatten()
            .min()
    }

    /// Not while a ping is under way: its outcome may be the one that saves it.
    pub(super) fn is_deletion_due(&self, limits: &Limits, now: Duration) -> bool {
        !self.is_leaving
            && self.ping_in_flight.is_none()
            && self.deletion_due_at(limits).is_some_and(|due| due <= now)
    }

    /// Whether it is only the guard that keeps it.
    pub(super) fn is_spared(&self, limits: &Limits, now: Duration) -> bool {
        let is_due = self.forgotten_at(limits).is_some_and(|due| due <= now);
        is_due && !self.is_leaving && self.health.is_silent() && self.not_deleted_before > now
    }

    pub(super) fn is_lease_end_due(&self, limits: &Limits, now: Duration) -> bool {
        self.lease_end(limits).is_some_and(|end| end <= now)
    }

    pub(super) fn why_deleted(&self, now: Duration) -> String {
        let down = now.saturating_sub(self.health.down_since().unwrap_or(now));
        match self.record.origin {
            Origin::Python => format!("down for {down:.0?}"),
            Origin::V1 => {
                let silence = now.saturating_sub(self.renewed);
                format!("down for {down:.0?}, not renewed for {silence:.0?}")
            }
        }
    }

    /// A refused ping of a new instance: it probably does not listen yet.
    pub(super) fn hurry_if_new(&mut self, outcome: &PingOutcome, now: Duration) {
        if self.is_new(now) && *outcome == PingOutcome::Refused {
            self.next_ping = self.next_ping.min(now.saturating_add(HURRY));
        }
    }

    /// A ping that broke when the instance is thought to be gone: a process that ends
    /// closes what it has one by one, and may have closed its port after this ping
    /// came.
    pub(super) fn hurry_if_doubted(&mut self, outcome: &PingOutcome, now: Duration) {
        if now < self.doubted_until && *outcome == PingOutcome::Broken {
            self.next_ping = self.next_ping.min(now.saturating_add(DOUBT));
        }
    }

    /// What readers are told.
    pub(super) fn status(&self) -> InstanceStatus {
        match self.health.status() {
            status if self.is_draining && status.is_usable() => InstanceStatus::Draining,
            status => status,
        }
    }

    /// When it registered with this run of the center.
    pub(super) fn registered(&self) -> Option<Duration> {
        self.registered
    }

    /// It registered a moment ago and never answered a ping.
    pub(super) fn is_new(&self, now: Duration) -> bool {
        let is_recent = self
            .registered
            .is_some_and(|at| now.saturating_sub(at) < NEW_FOR);
        is_recent && !self.health.has_been_up()
    }

    pub(super) fn target(&self, ping: u64) -> Target {
        Target {
            id: self.record.id.clone(),
            service: self.record.service.clone(),
            host: self.record.host.clone(),
            port: self.record.port,
            key: self.record.key.clone(),
            origin: self.record.origin,
            registrant: self.record.peer,
            owner: self.record.registrant(),
            is_overdue: self.lease_end_seen,
            ping,
        }
    }

    /// The center itself stood still for `pause`.
    pub(super) fn shift(&mut self, pause: Duration, now: Duration) {
        self.renewed = self.renewed.saturating_add(pause).min(now);
        self.health.shift(pause);
    }

    fn deletion_due_at(&self, limits: &Limits) -> Option<Duration> {
        let due = self.forgotten_at(limits)?;
        Some(due.max(self.not_deleted_before))
    }

    /// When it was down, or did not renew, for so long that it is to be deleted.
    fn forgotten_at(&self, limits: &Limits) -> Option<Duration> {
        let down_since = self.health.down_since()?;
        Some(match self.record.origin {
            Origin::Python => down_since.saturating_add(limits.forget_python_after),
            Origin::V1 => self
                .renewed
                .saturating_add(limits.forget_after)
                .max(down_since),
        })
    }

    fn lease_end(&self, limits: &Limits) -> Option<Duration> {
        let holds_a_lease = self.record.origin == Origin::V1 && !self.lease_end_seen;
        holds_a_lease.then(|| self.renewed.saturating_add(limits.lease_ttl))
    }
}
