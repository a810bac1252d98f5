//! What the instances of each service offer. The same contract is counted, however many
//! have it: a newcomer is compared with contracts and not with instances.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::center::record::Record;

/// By service.
#[derive(Debug, Default)]
pub(super) struct Offers(HashMap<String, HashMap<Offer, Holders>>);

/// How many instances have a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Holders {
    /// Those that can be called.
    pub usable: usize,
    pub all: usize,
}

/// A record, for what it offers: that of whoever was the first to have it.
#[derive(Clone, Debug)]
struct Offer(Arc<Record>);

impl Offers {
    /// An instance came.
    pub(super) fn enter(&mut self, record: &Arc<Record>, is_usable: bool) {
        let offers = self.0.entry(record.service.clone()).or_default();
        let holders = offers.entry(Offer(record.clone())).or_default();
        holders.all += 1;
        holders.usable += usize::from(is_usable);
    }

    /// An instance went.
    pub(super) fn leave(&mut self, record: &Arc<Record>, was_usable: bool) {
        let Some(offers) = self.0.get_mut(&record.service) else {
            return;
        };
        let offer = Offer(record.clone());
        if let Some(holders) = offers.get_mut(&offer) {
            holders.all -= 1;
            holders.usable -= usize::from(was_usable);
            if holders.all == 0 {
                offers.remove(&offer);
            }
        }
        if offers.is_empty() {
            self.0.remove(&record.service);
        }
    }

    /// An instance can be called now, or can't any more.
    pub(super) fn turn(&mut self, record: &Arc<Record>, is_usable: bool) {
        let offers = self.0.get_mut(&record.service);
        let offer = Offer(record.clone());
        if let Some(holders) = offers.and_then(|offers| offers.get_mut(&offer)) {
            match is_usable {
                true => holders.usable += 1,
                false => holders.usable -= 1,
            }
        }
    }

    /// One that offers the same as this one.
    pub(super) fn same(&self, record: &Arc<Record>) -> Option<&Arc<Record>> {
        let offers = self.0.get(&record.service)?;
        let (same, _) = offers.get_key_value(&Offer(record.clone()))?;
        Some(&same.0)
    }

    /// Whether an instance offers the same as this one.
    pub(super) fn has(&self, record: &Arc<Record>) -> bool {
        let offers = self.0.get(&record.service);
        offers.is_some_and(|offers| offers.contains_key(&Offer(record.clone())))
    }

    /// The contracts of a service, each by a record that has it.
    pub(super) fn of(&self, service: &str) -> impl Iterator<Item = (&Arc<Record>, Holders)> {
        let offers = self.0.get(service).into_iter().flatten();
        offers.map(|(offer, holders)| (&offer.0, *holders))
    }
}

/// As [`Promise::is_same`](crate::center::contracts::verdict::Promise::is_same).
impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (&self.0, &other.0);
        own.document == others.document && own.operations == others.operations
    }
}

impl Eq for Offer {}

impl Hash for Offer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let document = self.0.document.as_ref();
        document.map(|hash| hash.as_str()).hash(state);
        for operation in self.0.operations.iter() {
            operation.name.hash(state);
            operation.path.hash(state);
            operation.methods.hash(state);
            operation.fingerprint.hash(state);
        }
    }
}
