//! The reading side of the registry.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Limits, Registry, Shares};
use crate::center::guard::Arithmetic;
use crate::center::record::{Place, Record};
use crate::center::store::Revision;
use crate::instance::{InstanceId, InstanceStatus};

/// An instance as a reader sees it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub record: Arc<Record>,
    pub status: InstanceStatus,
}

/// The choice of an instance that has a certain operation.
#[derive(Clone, Debug)]
pub(crate) enum Picked {
    Instance(Arc<Record>),
    /// There are usable instances, but none that has it.
    NoOperation,
    NoInstance,
}

/// Numbers of the whole registry.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub revision: u64,
    pub services: usize,
    pub instances: usize,
    pub up: usize,
    /// What the guard against wrong time-outs reckons with.
    pub guard: Arithmetic,
    /// Instances that would be deleted for time-outs if the guard let them.
    pub spared: usize,
}

impl Registry {
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Grows with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The last revision of the store that this view has.
    pub(crate) fn stored(&self) -> Revision {
        self.stored
    }

    /// Whose the instances are.
    pub(crate) fn shares(&self) -> &Shares {
        &self.shares
    }

    pub(crate) fn get(&self, id: &InstanceId) -> Option<Arc<Record>> {
        self.entries.get(id).map(|entry| entry.record.clone())
    }

    /// The status of an instance, if it is registered, and whether it holds a
    /// lease that ended.
    pub(crate) fn standing(&self, id: &InstanceId) -> (Option<InstanceStatus>, bool) {
        let entry = self.entries.get(id);
        let is_overdue = entry.is_some_and(|entry| entry.lease_end_seen);
        (entry.map(|entry| entry.health.status()), is_overdue)
    }

    /// Where the registered instances speak from, as far as it is known; not without
    /// repetition.
    pub(crate) fn origins(&self) -> impl Iterator<Item = IpAddr> {
        let records = self.entries.values().map(|entry| &entry.record);
        records.filter_map(|record| record.peer.or_else(|| record.host.parse().ok()))
    }

    /// Whoever has this place.
    pub(crate) fn at(&self, place: &Place) -> Option<Listed> {
        self.holder(place)
            .and_then(|id| self.entries.get(id))
            .map(|entry| entry.listed())
    }

    /// Chooses one of a service's instances: among those that are up, or else
    /// among those that nobody knows about yet. Each is chosen as often as its
    /// weight says, whatever its ping: the fastest one alone would get everything.
    pub(crate) fn pick(&self, service: &str, random: u64) -> Option<Arc<Record>> {
        self.choose(service, random, |_| true)
    }

    /// Like [`Registry::pick`], among the instances that have this operation.
    pub(crate) fn pick_operation(&self, service: &str, operation: &str, random: u64) -> Picked {
        let has_it = |record: &Record| record.operations.iter().any(|o| o.name == operation);
        if let Some(record) = self.choose(service, random, has_it) {
            return Picked::Instance(record);
        }
        match self.pick(service, random) {
            Some(_) => Picked::NoOperation,
            None => Picked::NoInstance,
        }
    }

    /// Every instance of a service, in the order of their addresses.
    pub(crate) fn view(&self, service: &str) -> Vec<Listed> {
        self.instances(service).map(Entry::listed).collect()
    }

    /// Every service: its name, how many instances it has, how many are up.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.services.iter().map(|(name, instances)| {
            let up = self
                .instances(name)
                .filter(|e| e.status() == InstanceStatus::Up);
            (name.as_str(), instances.len(), up.count())
        })
    }

    pub(crate) fn summary(&mut self, now: Duration) -> Summary {
        let instances = self.entries.len();
        let up = self
            .entries
            .values()
            .filter(|e| e.status() == InstanceStatus::Up)
            .count();
        Summary {
            revision: self.revision,
            services: self.services.len(),
            instances,
            up,
            guard: self.guard.arithmetic(self.reached, now),
            spared: self
                .entries
                .values()
                .filter(|e| e.is_spared(&self.limits, now))
                .count(),
        }
    }

    pub(super) fn holder(&self, place: &Place) -> Option<&InstanceId> {
        self.services
            .get(&place.service)?
            .get(&(place.host.clone(), place.port))
    }

    pub(super) fn instances(&self, service: &str) -> impl Iterator<Item = &Entry> {
        let ids = self
            .services
            .get(service)
            .into_iter()
            .flat_map(|instances| instances.values());
        ids.filter_map(|id| self.entries.get(id).map(AsRef::as_ref))
    }

    /// Those of which [`Registry::pick`] chooses one.
    pub(crate) fn candidates(&self, service: &str) -> Vec<Arc<Record>> {
        let candidates = self.usable(service, |_| true).into_iter();
        candidates.map(|entry| entry.record.clone()).collect()
    }

    fn choose(
        &self,
        service: &str,
        random: u64,
        suits: impl Fn(&Record) -> bool,
    ) -> Option<Arc<Record>> {
        let candidates = self.usable(service, suits);
        weighted(&candidates, random).map(|entry| entry.record.clone())
    }

    /// The instances that are up, or else those of which nobody knows yet.
    fn usable(&self, service: &str, suits: impl Fn(&Record) -> bool) -> Vec<&Entry> {
        let of = |status| {
            let entries = self.instances(service);
            let of_it = entries.filter(|e| e.status() == status && suits(&e.record));
            of_it.collect::<Vec<_>>()
        };
        let up = of(InstanceStatus::Up);
        if up.is_empty() {
            return of(InstanceStatus::Starting);
        }
        up
    }
}

fn weighted<'a>(candidates: &[&'a Entry], random: u64) -> Option<&'a Entry> {
    let total: u64 = candidates
        .iter()
        .map(|entry| u64::from(entry.record.weight))
        .sum();
    if total == 0 {
        // Nobody has a weight: all are equal.
        let count = candidates.len() as u64;
        return (count > 0).then(|| candidates[(random % count) as usize]);
    }
    let mut left = random % total;
    candidates.iter().copied().find(|entry| {
        let weight = u64::from(entry.record.weight);
        let is_it = left < weight;
        left = left.saturating_sub(weight);
        is_it
    })
}

impl Entry {
    pub(super) fn listed(&self) -> Listed {
        Listed {
            record: self.record.clone(),
            status: self.status(),
        }
    }
}
