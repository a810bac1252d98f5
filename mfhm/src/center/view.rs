//! The shell around the registry: its lock, its clock, its dice, and whoever
//! waits for it.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::hold::Holds;
use super::lists::Lists;
use super::registry::{Limits, Registry};
use super::store::{Changes, Revision};
use super::watch::Watching;
use crate::listener::Regulars;

/// So many changes of the store are applied under one lock.
const MOST_AT_ONCE: usize = 256;

/// What the center knows, kept in step with the store.
#[derive(Debug)]
pub(crate) struct View {
    inner: Mutex<Inner>,
    start: Instant,
    /// The last revision of the store that was applied.
    applied: watch::Sender<Revision>,
    /// The next deadline came nearer.
    sooner: Notify,
    holds: Holds,
    lists: Lists,
    /// Streams end when this is true.
    closing: watch::Sender<bool>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    watching: Watching,
    random: fastrand::Rng,
}

impl View {
    /// An empty view. `random` decides jitter and choices.
    pub(crate) fn new(limits: Limits, mut random: fastrand::Rng) -> Self {
        Self {
            inner: Mutex::new(Inner {
                registry: Registry::new(limits),
                watching: Watching::new(random.u64(..)),
                random,
            }),
            start: Instant::now(),
            applied: watch::Sender::new(0),
            sooner: Notify::new(),
            holds: Holds::default(),
            lists: Lists::default(),
            closing: watch::Sender::new(false),
        }
    }

    /// Works with the registry, under its lock: short, and without waiting.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Registry, Duration, &mut fastrand::Rng) -> T,
    ) -> T {
        let mut inner = self.lock();
        let before = inner.next_deadline();
        let now = self.now();
        let Inner {
            registry,
            watching,
            random,
        } = &mut *inner;
        let result = work(registry, now, random);
        watching.settle(registry, now);
        self.lists.follow(registry.revision());
        let is_sooner = inner.next_deadline() < before;
        drop(inner);
        if is_sooner {
            self.sooner.notify_one();
        }
        result
    }

    /// Works with those who watch, under the same lock.
    pub(crate) fn watch<T>(&self, work: impl FnOnce(&Registry, &mut Watching, Duration) -> T) -> T {
        let mut inner = self.lock();
        let Inner {
            registry, watching, ..
        } = &mut *inner;
        work(registry, watching, self.now())
    }

    /// For the next `time`, a service that was never registered here may only not
    /// be back yet.
    pub(crate) fn warm_up(&self, time: Duration) {
        self.watch(|_, watching, now| watching.warm_up(now.saturating_add(time)));
    }

    /// Whether nothing can be concluded from not knowing this service.
    pub(crate) fn is_warming(&self, service: &str) -> bool {
        self.watch(|_, watching, now| watching.is_warming(service, now))
    }

    /// The streams that hold registrations.
    pub(crate) fn holds(&self) -> &Holds {
        &self.holds
    }

    /// What look-ups were answered lately.
    pub(crate) fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Becomes true when the center stops; streams have to end then.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
        self.holds.close();
    }

    /// Follows the store until it is closed.
    pub(crate) async fn follow(&self, mut changes: Changes) {
        // What came together is applied together: hundreds of registrations that
        // shared an fsync wake whoever waits for them, or watches, once.
        let mut come = Vec::new();
        while changes.recv_many(&mut come, MOST_AT_ONCE).await > 0 {
            let stored = self.with(|registry, now, random| {
                for change in come.drain(..) {
                    registry.apply(change, now, random);
                }
                registry.stored()
            });
            self.applied.send_replace(stored);
        }
    }

    /// Waits until the view has this revision of the store: whoever wrote it
    /// then reads it.
    pub(crate) async fn reach(&self, revision: Revision) {
        if *self.applied.borrow() >= revision {
            return;
        }
        // The sender lives as long as `self`, so this can't fail.
        let _ = self
            .applied
            .subscribe()
            .wait_for(|applied| *applied >= revision)
            .await;
    }

    /// Waits until [`Registry::tick`] is due, or something is to be told that was
    /// held back.
    pub(crate) async fn tick_due(&self) {
        loop {
            let deadline = self.start + self.lock().next_deadline();
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => return,
                () = self.sooner.notified() => {}
            }
        }
    }

    /// The time of an instant, in the registry's terms.
    pub(crate) fn time_of(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.start)
    }

    fn now(&self) -> Duration {
        self.time_of(Instant::now())
    }

    /// The registry changes its parts one after the other; should that ever be
    /// cut short by a panic, going on is better than refusing everything.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whoever is registered renews its lease, holds its stream and comes back, however
/// many others want a place.
impl Regulars for View {
    fn addresses(&self) -> Vec<IpAddr> {
        self.with(|registry, _, _| registry.origins().collect())
    }
}

impl Inner {
    fn next_deadline(&self) -> Duration {
        let registry = self.registry.next_deadline();
        let watching = self.watching.next_deadline();
        watching.map_or(registry, |watching| watching.min(registry))
    }
}
