//! The shell around the journal: who watches, and how they are woken.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Cursor, Journal, Published};
use crate::center::registry::{Cause, InstanceChange, Listed, Registry};
use crate::center::view::View;

/// The journal and those who read it; guarded by the view's lock.
#[derive(Debug)]
pub(crate) struct Watching {
    pub(super) journal: Journal,
    /// By service, then by number.
    wakers: HashMap<String, HashMap<u64, Arc<Notify>>>,
    watchers: u64,
    /// Until then a service that nobody knows may only not be back yet.
    warm_at: Duration,
}

/// One watcher. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watcher {
    view: Arc<View>,
    services: Vec<String>,
    number: u64,
    wake: Arc<Notify>,
    closing: watch::Receiver<bool>,
    /// Absent until the first snapshot.
    cursor: Option<Cursor>,
    /// Nothing was told yet.
    is_fresh: bool,
}

/// What a watcher is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// Everything there is, in place of what was told before.
    Snapshot {
        at: Cursor,
        revision: u64,
        services: Vec<(String, Vec<Listed>)>,
        is_warming: bool,
    },
    /// What changed, in order.
    Changes(Vec<Arc<Published>>),
}

impl Watching {
    pub(crate) fn new(epoch: u64) -> Self {
        Self {
            journal: Journal::new(epoch),
            wakers: HashMap::new(),
            watchers: 0,
            warm_at: Duration::ZERO,
        }
    }

    /// Publishes what the registry has changed and what was held back long
    /// enough, and wakes those who watch it.
    pub(crate) fn settle(&mut self, registry: &mut Registry, now: Duration) {
        let revision = registry.revision();
        for change in registry.take_changes() {
            self.journal.note(change, revision, now);
        }
        for id in self.journal.release(now) {
            if let Some(record) = registry.get(&id) {
                let service = record.service.clone();
                let change = InstanceChange {
                    seen: registry.listed(&service, &id),
                    service: service.into(),
                    id,
                    cause: Cause::Health,
                };
                self.journal.publish(change, revision);
            }
        }
        for service in self.journal.take_changed() {
            for wake in self
                .wakers
                .get(&*service)
                .into_iter()
                .flat_map(HashMap::values)
            {
                wake.notify_one();
            }
        }
    }

    /// When [`Watching::settle`] has something to do by itself.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.journal.next_deadline()
    }

    /// Until `time`, services that never were told of may only not be back yet.
    pub(crate) fn warm_up(&mut self, time: Duration) {
        self.warm_at = time;
    }

    /// Whether nothing can be concluded from not knowing this service.
    pub(crate) fn is_warming(&self, service: &str, now: Duration) -> bool {
        now < self.warm_at && !self.journal.knows(service)
    }

    fn add(&mut self, services: &[String]) -> (u64, Arc<Notify>) {
        self.watchers += 1;
        let wake = Arc::new(Notify::new());
        self.journal.subscribe(services);
        for service in services {
            let wakers = self.wakers.entry(service.clone()).or_default();
            wakers.insert(self.watchers, wake.clone());
        }
        (self.watchers, wake)
    }

    fn remove(&mut self, services: &[String], number: u64) {
        self.journal.unsubscribe(services);
        for service in services {
            if let Some(wakers) = self.wakers.get_mut(service) {
                wakers.remove(&number);
                if wakers.is_empty() {
                    self.wakers.remove(service);
                }
            }
        }
    }

    pub(super) fn snapshot(
        &self,
        registry: &Registry,
        services: &[String],
        now: Duration,
    ) -> (Told, Cursor) {
        let at = self.journal.now();
        let told = Told::Snapshot {
            at,
            revision: registry.revision(),
            services: services
                .iter()
                .map(|service| (service.clone(), registry.view(service)))
                .collect(),
            is_warming: services.iter().any(|service| self.is_warming(service, now)),
        };
        (told, at)
    }
}

impl Watcher {
    /// Watches these services, each named once; from `last` on if that is known.
    pub(crate) fn new(view: Arc<View>, services: Vec<String>, last: Option<Cursor>) -> Self {
        let (number, wake) = view.watch(|_, watching, _| watching.add(&services));
        Self {
            closing: view.closing(),
            view,
            services,
            number,
            wake,
            cursor: last,
            is_fresh: true,
        }
    }

    /// What there is to tell next. Absent: the watcher did not read for so long
    /// that changes were forgotten, or the center stops.
    ///
    /// Who resumes and missed nothing is told of no changes first. Cancel safe: what
    /// is not returned is told next time.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            let read = self.view.watch(|registry, watching, now| {
                let read = self
                    .cursor
                    .map(|at| watching.journal.read(&self.services, at));
                match read {
                    Some(Ok((changes, at))) => Some((Told::Changes(changes), at)),
                    Some(Err(_)) if !self.is_fresh => None,
                    None | Some(Err(_)) => Some(watching.snapshot(registry, &self.services, now)),
                }
            });
            let (told, at) = read?;
            self.cursor = Some(at);
            let is_empty = matches!(&told, Told::Changes(changes) if changes.is_empty());
            if !is_empty || std::mem::take(&mut self.is_fresh) {
                self.is_fresh = false;
                return Some(told);
            }
            tokio::select! {
                () = self.wake.notified() => {}
                _ = self.closing.changed() => {}
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let (services, number) = (&self.services, self.number);
        self.view
            .watch(|_, watching, _| watching.remove(services, number));
    }
}
