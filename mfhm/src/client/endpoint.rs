//! [`Endpoint`]: an address that a caller may pick, and what this caller knows
//! about it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use super::balancer::Draws;
use super::ejection::Ejection;
use super::latency::Latency;
use super::offers::Offers;
use super::transport::Address;
use crate::contract::Operation;
use crate::instance::InstanceId;
use crate::wire::v1::OperationEntry;

/// One instance of a service as this caller sees it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub id: InstanceId,
    pub address: Address,
    pub host: String,
    pub port: u16,
    /// The value of `MFHM-AuthKey` that requests must carry.
    pub key: Option<HeaderValue>,
    pub operations: Vec<OperationEntry>,
    /// Its share of the calls relative to the others; 100 is usual.
    pub weight: u32,
    /// Whether it is reached by TLS.
    pub is_tls: bool,
    /// Whether it is in the caller's zone.
    pub is_near: bool,
    /// Version of the instance's program, as it says.
    pub version: Option<String>,
    /// Made of `operations` when it is first asked.
    offers: OnceLock<Offers>,
    pub ejection: Ejection,
    pub latency: Latency,
    in_flight: AtomicU32,
}

impl Endpoint {
    pub(crate) fn new(
        id: InstanceId,
        host: String,
        port: u16,
        key: Option<HeaderValue>,
        operations: Vec<OperationEntry>,
    ) -> Self {
        Self {
            id,
            address: Address::of(&host, port, false),
            host,
            port,
            key,
            operations,
            weight: 100,
            is_tls: false,
            is_near: false,
            version: None,
            offers: OnceLock::new(),
            ejection: Ejection::default(),
            latency: Latency::default(),
            in_flight: AtomicU32::new(0),
        }
    }

    /// The same with a share of the calls other than the usual 100.
    pub(crate) fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same, reached by TLS or not.
    pub(crate) fn over_tls(mut self, is_tls: bool) -> Self {
        if is_tls {
            self.address = Address::of(&self.host, self.port, true);
        }
        self.is_tls = is_tls;
        self
    }

    /// The same, in the caller's zone or not.
    pub(crate) fn near(mut self, is_near: bool) -> Self {
        self.is_near = is_near;
        self
    }

    /// Whether this instance answers `operation`, by all that is known.
    pub(crate) fn offers(&self, operation: &Operation) -> bool {
        let offers = self.offers.get_or_init(|| Offers::new(&self.operations));
        offers.include(&self.operations, operation)
    }

    /// Calls under way from this process.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts a call as under way until the guard is dropped.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Whether a list says of this address and process what is known already.
    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.address == other.address
            && self.key == other.key
            && self.operations == other.operations
            && self.version == other.version
            && self.weight == other.weight
            && self.is_near == other.is_near
    }
}

/// A call under way.
pub(crate) struct InFlight<'a>(&'a Endpoint);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a resolver knows about a service: replaced as a whole, so that what the
/// choice among the endpoints needs is worked out once a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndpointSet {
    pub endpoints: Vec<Arc<Endpoint>>,
    /// What the balancer draws from.
    pub draws: Draws,
}

impl EndpointSet {
    pub(crate) fn new(endpoints: Vec<Arc<Endpoint>>) -> Self {
        let draws = Draws::new(&endpoints);
        Self { endpoints, draws }
    }

    /// Whether a list says what this one says.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.endpoints.len() == other.endpoints.len()
            && std::iter::zip(&self.endpoints, &other.endpoints).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// The endpoints of `fresh`; those already known keep what was learnt about
    /// them.
    pub(crate) fn succeed(&self, fresh: Vec<Endpoint>) -> Self {
        let known: HashMap<_, _> = self.endpoints.iter().map(|old| (&old.id, old)).collect();
        let endpoints = fresh
            .into_iter()
            .map(|new| match known.get(&new.id) {
                Some(old) if old.is_same(&new) => Arc::clone(old),
                _ => Arc::new(new),
            })
            .collect();
        Self::new(endpoints)
    }
}
