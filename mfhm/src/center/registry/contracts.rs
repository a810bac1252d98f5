//! What the registry knows for the comparison of contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use crate::center::address;
use crate::center::contracts::Contracts;
use crate::center::contracts::document::Document;
use crate::center::contracts::verdict::{Case, MOST_CONTRACTS, Promise};
use crate::center::record::Record;
use crate::wire::v1::{CallerReport, CallerView, UsedOperation};

impl Registry {
    /// An instance of its service that promises the same as this one.
    pub(crate) fn same_promise(&self, newcomer: &Arc<Record>) -> Option<Arc<Record>> {
        self.offers.same(newcomer).cloned()
    }

    pub(crate) fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    pub(crate) fn contracts_mut(&mut self) -> &mut Contracts {
        &mut self.contracts
    }

    /// What a registration has to be compared with. The live instances tell what
    /// the service promised; without one all that are registered, and without any
    /// the last that was.
    pub(crate) fn case(&self, newcomer: &Arc<Record>, now: Duration) -> Case {
        let service = newcomer.service.as_str();
        let is_in_service = self.offers.has(newcomer);
        let is_called = self
            .offers
            .of(service)
            .any(|(_, holders)| holders.usable > 0);
        let known = self.offers.of(service);
        let mut known: Vec<_> = known
            .filter(|(_, holders)| !is_called || holders.usable > 0)
            .collect();
        // Those that most instances have: one that has another contract than all
        // others can't push theirs out.
        known.sort_unstable_by(|(one, own), (other, others)| {
            others.cmp(own).then_with(|| one.id.cmp(&other.id))
        });
        let mut before: Vec<Promise> = known
            .into_iter()
            .take(MOST_CONTRACTS)
            .map(|(record, _)| self.promise(record))
            .collect();
        if before.is_empty() {
            let last = self.contracts.last_known(service);
            before.extend(last.map(|record| self.promise(record)));
        }
        let mut used: BTreeMap<UsedOperation, BTreeSet<String>> = BTreeMap::new();
        for (peer, report) in self.contracts.callers.of(service, now) {
            let name = self.name_of(peer, report);
            for operation in &report.operations {
                used.entry(operation.clone())
                    .or_default()
                    .insert(name.clone());
            }
        }
        Case {
            newcomer: self.promise(newcomer),
            before,
            used,
            is_in_service,
        }
    }

    /// Whether anybody uses a service.
    pub(crate) fn has_callers(&self, service: &str, now: Duration) -> bool {
        let mut callers = self.contracts.callers.of(service, now);
        callers.next().is_some()
    }

    /// Who uses a service.
    pub(crate) fn callers(&self, service: &str, now: Duration) -> Vec<CallerView> {
        let callers = self.contracts.callers.of(service, now);
        let view = |(peer, report): (IpAddr, &Arc<CallerReport>)| CallerView {
            name: self.name_of(peer, report),
            address: peer.to_string(),
            operations: report.operations.clone(),
        };
        callers.map(view).collect()
    }

    /// The document that most instances of a service have; of several such, the
    /// one that registered last. Those that may be called count more than any
    /// number of others.
    pub(crate) fn document(&self, service: &str) -> Option<Arc<Document>> {
        let mut votes: BTreeMap<_, (usize, usize, Option<Duration>)> = BTreeMap::new();
        for entry in self.instances(service) {
            if let Some(hash) = &entry.record.document {
                let (usable, all, last) = votes.entry(hash).or_default();
                *usable += usize::from(entry.health.status().is_usable());
                *all += 1;
                *last = (*last).max(entry.registered());
            }
        }
        let (hash, _) = votes.into_iter().max_by_key(|(_, votes)| *votes)?;
        self.contracts.documents.get(hash).cloned()
    }

    fn promise(&self, record: &Arc<Record>) -> Promise {
        let document = record.document.as_ref();
        Promise {
            record: record.clone(),
            document: document
                .and_then(|hash| self.contracts.documents.get(hash))
                .cloned(),
        }
    }

    /// The services that a caller is an instance of, or else its address. Nobody
    /// is believed to be an instance that registered from another host.
    fn name_of(&self, peer: IpAddr, report: &CallerReport) -> String {
        let is_own = |record: &&Arc<Record>| {
            let from = record.peer.or_else(|| record.host.parse().ok());
            from.is_some_and(|from| address::is_same(from, peer))
        };
        let records = report
            .instances
            .iter()
            .filter_map(|id| self.entries.get(id))
            .map(|entry| &entry.record)
            .filter(is_own);
        let services: BTreeSet<&str> = records.map(|record| record.service.as_str()).collect();
        match services.is_empty() {
            true => peer.to_string(),
            false => services.into_iter().collect::<Vec<_>>().join("+"),
        }
    }
}
