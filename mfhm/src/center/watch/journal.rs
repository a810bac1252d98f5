//! The recent changes of every service, in order.
//!
//! Nothing here waits or reads a clock: the registry's changes and the time go in,
//! and whoever has a cursor reads what came after it.
//!
//! The journal holds a bounded number of changes in all. Each service has a *floor*,
//! the position up to which its changes may be forgotten, so a busy service costs a
//! watcher of a quiet one nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::damping::Damping;
use super::{Cursor, Published};
use crate::center::registry::InstanceChange;
use crate::instance::InstanceId;

/// So many changes are kept.
const CAPACITY: usize = 16_384;

/// So many are read at once.
const MOST_AT_ONCE: usize = 256;

/// What a watcher has not read yet is forgotten: it needs a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind;

/// The state machine.
#[derive(Debug)]
pub(crate) struct Journal {
    epoch: u64,
    /// Of the last change.
    position: u64,
    feeds: HashMap<Arc<str>, Feed>,
    /// The services of the kept changes, oldest first.
    order: VecDeque<Arc<str>>,
    /// The highest floor of those services that have no feed any more.
    floor: u64,
    capacity: usize,
    damping: Damping,
    /// The services that changed since this was last asked.
    changed: Vec<Arc<str>>,
}

/// The changes of one service.
#[derive(Debug, Default)]
struct Feed {
    changes: VecDeque<Arc<Published>>,
    /// What came up to here may be forgotten.
    floor: u64,
    watchers: usize,
}

impl Journal {
    pub(crate) fn new(epoch: u64) -> Self {
        Self::with_capacity(epoch, CAPACITY)
    }

    pub(super) fn with_capacity(epoch: u64, capacity: usize) -> Self {
        Self {
            epoch,
            position: 0,
            feeds: HashMap::new(),
            order: VecDeque::new(),
            floor: 0,
            capacity,
            damping: Damping::default(),
            changed: Vec::new(),
        }
    }

    /// Takes a change in, as of this revision of the registry.
    pub(crate) fn note(&mut self, change: InstanceChange, revision: u64, now: Duration) {
        if self.damping.admit(&change, now) {
            self.publish(change, revision);
        }
    }

    /// The instances whose damped changes are due. The caller looks up what they
    /// are like by now, and hands that to [`Journal::publish`].
    pub(crate) fn release(&mut self, now: Duration) -> Vec<InstanceId> {
        self.damping.release(now)
    }

    /// When [`Journal::release`] has something to give.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.damping.next_deadline()
    }

    /// Tells it to those who watch, whatever was told before.
    pub(crate) fn publish(&mut self, mut change: InstanceChange, revision: u64) {
        self.position += 1;
        let at = self.now();
        // The name is kept once for all changes of a service.
        if let Some((known, _)) = self.feeds.get_key_value(&change.service) {
            change.service = known.clone();
        }
        let service = change.service.clone();
        let floor = self.floor;
        let feed = self
            .feeds
            .entry(service.clone())
            .or_insert_with(|| Feed::new(floor));
        feed.changes.push_back(Arc::new(Published {
            at,
            revision,
            change,
            frame: OnceLock::new(),
        }));
        if feed.watchers > 0 && self.changed.last() != Some(&service) {
            self.changed.push(service.clone());
        }
        self.order.push_back(service);
        while self.order.len() > self.capacity {
            self.forget_oldest();
        }
    }

    /// The watched services that changed since this was last asked, some of them
    /// several times.
    pub(crate) fn take_changed(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.changed)
    }

    /// The end of the journal: what comes from now on.
    pub(crate) fn now(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            position: self.position,
        }
    }

    /// Whether anything was told of a service lately, in this run.
    pub(crate) fn knows(&self, service: &str) -> bool {
        self.feeds
            .get(service)
            .is_some_and(|feed| !feed.changes.is_empty())
    }

    /// Keeps what the watchers of these services need from now on.
    pub(crate) fn subscribe(&mut self, services: &[String]) {
        for service in services {
            let floor = self.floor;
            self.feeds
                .entry(service.as_str().into())
                .or_insert_with(|| Feed::new(floor))
                .watchers += 1;
        }
    }

    pub(crate) fn unsubscribe(&mut self, services: &[String]) {
        for service in services {
            if let Some(feed) = self.feeds.get_mut(service.as_str()) {
                feed.watchers = feed.watchers.saturating_sub(1);
            }
            self.drop_if_idle(service);
        }
    }

    /// What came after `cursor` for these services, the oldest first and not too
    /// much at once, and the cursor after it.
    pub(crate) fn read(
        &self,
        services: &[String],
        cursor: Cursor,
    ) -> Result<(Vec<Arc<Published>>, Cursor), Behind> {
        let is_of_this_run = cursor.epoch == self.epoch && cursor.position <= self.position;
        if !is_of_this_run || services.iter().any(|s| self.floor_of(s) > cursor.position) {
            return Err(Behind);
        }
        let mut changes: Vec<_> = services
            .iter()
            .filter_map(|service| self.feeds.get(service.as_str()))
            .flat_map(|feed| feed.after(cursor.position).take(MOST_AT_ONCE).cloned())
            .collect();
        changes.sort_unstable_by_key(|change| change.at.position);
        if changes.len() > MOST_AT_ONCE {
            changes.truncate(MOST_AT_ONCE);
            let last = changes.last().map_or(cursor, |change| change.at);
            return Ok((changes, last));
        }
        // One feed alone may have more than was taken.
        let is_all = changes.len() < MOST_AT_ONCE;
        let last = changes.last().map_or(cursor, |change| change.at);
        Ok((changes, if is_all { self.now() } else { last }))
    }

    fn floor_of(&self, service: &str) -> u64 {
        self.feeds
            .get(service)
            .map_or(self.floor, |feed| feed.floor)
    }

    fn forget_oldest(&mut self) {
        let Some(service) = self.order.pop_front() else {
            return;
        };
        if let Some(feed) = self.feeds.get_mut(&service)
            && let Some(oldest) = feed.changes.pop_front()
        {
            feed.floor = oldest.at.position;
        }
        self.drop_if_idle(&service);
    }

    /// Names come from outside: what nobody watches and nothing is kept of goes.
    fn drop_if_idle(&mut self, service: &str) {
        let is_idle = |feed: &Feed| feed.watchers == 0 && feed.changes.is_empty();
        if self.feeds.get(service).is_some_and(is_idle)
            && let Some(feed) = self.feeds.remove(service)
        {
            self.floor = self.floor.max(feed.floor);
        }
    }
}

impl Feed {
    fn new(floor: u64) -> Self {
        Self {
            floor,
            ..Self::default()
        }
    }

    fn after(&self, position: u64) -> impl Iterator<Item = &Arc<Published>> {
        let start = self
            .changes
            .partition_point(|change| change.at.position <= position);
        self.changes.range(start..)
    }
}
