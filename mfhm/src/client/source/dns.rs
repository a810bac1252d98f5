//! Instances that the DNS names: addresses (A, AAAA), or services with their ports
//! and weights (SRV).
//!
//! A name is looked up again when its time to live is over, after 30 s at the latest,
//! and soon after a call found an instance gone. A name without records does not
//! take an instance away that still accepts connections, and a server that does not
//! answer takes none away.

#[cfg(feature = "dns")]
mod resolver;
#[cfg(not(feature = "dns"))]
mod system;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

#[cfg(feature = "dns")]
pub(crate) use self::resolver::Lookups;
#[cfg(not(feature = "dns"))]
pub(crate) use self::system::Lookups;
use super::{Source, SourceError, Watch, WatchError, at_address};
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::client::uses::Uses;
use crate::settings::directory::{DnsName, Records};
use crate::wire::v1::MAX_WEIGHT;

/// The longest time between two look-ups, give or take a fifth.
const LONGEST: Duration = Duration::from_secs(30);
/// The shortest.
const SHORTEST: Duration = Duration::from_secs(1);
/// The time after which a name without records is looked up again.
const ABSENT: Duration = Duration::from_secs(5);
/// The weight of an instance among equals.
const USUAL_WEIGHT: u32 = 100;

/// One name, or one for each service.
#[derive(Debug)]
pub(crate) struct Dns<L = Lookups> {
    name: DnsName,
    lookups: Arc<L>,
}

/// Whoever asks the servers.
pub(crate) trait Lookup: fmt::Debug + Send + Sync + 'static {
    /// The addresses that a name has.
    fn addresses<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<Found<IpAddr>, SourceError>>;

    /// The services that a name has, with the addresses of their hosts.
    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Found<Located>, SourceError>>;
}

/// What a name has.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub records: Vec<T>,
    /// Absent: nobody says.
    pub ttl: Option<Duration>,
}

/// An SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    /// Those of its host.
    pub addresses: Vec<IpAddr>,
}

impl<L: Lookup> Dns<L> {
    pub(crate) fn new(name: DnsName, lookups: Arc<L>) -> Self {
        Self { name, lookups }
    }

    async fn find(&self, service: &str) -> Result<Found<Endpoint>, SourceError> {
        let name = self.name.of(service);
        let is_tls = self.name.is_tls();
        let (records, ttl) = match self.name.records() {
            Records::Addresses { port } => {
                let Found { mut records, ttl } = self.lookups.addresses(&name, port).await?;
                // Servers turn their answers round; what is equal shall look equal.
                records.sort_unstable();
                records.dedup();
                let address = |address: IpAddr| at_address(&address.to_string(), port, is_tls);
                (records.into_iter().map(address).collect(), ttl)
            }
            Records::Services => {
                let Found { records, ttl } = self.lookups.services(&name).await?;
                (weighed(records, is_tls), ttl)
            }
        };
        if records.is_empty() {
            return Err(SourceError::Unknown);
        }
        Ok(Found { records, ttl })
    }
}

/// The instances of SRV records. Those of the lowest priority share the calls by
/// their weights, of which the mean becomes the usual one; the others have weight 0:
/// they are called when no other one can be.
fn weighed(mut records: Vec<Located>, is_tls: bool) -> Vec<Endpoint> {
    records.retain(|record| !record.addresses.is_empty() && record.port > 0);
    let Some(first) = records.iter().map(|record| record.priority).min() else {
        return Vec::new();
    };
    let of_first = || records.iter().filter(|record| record.priority == first);
    let sum: u64 = of_first().map(|record| u64::from(record.weight)).sum();
    let count = of_first().count() as u64;
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for record in &records {
        let share = u64::from(record.weight) * u64::from(USUAL_WEIGHT) * count;
        let weight = match share.checked_div(sum) {
            _ if record.priority != first => 0,
            // Nobody has said anything.
            None => USUAL_WEIGHT,
            // One of weight 0 beside others has a very small share, says RFC 2782.
            Some(share) => {
                let of_each = share / record.addresses.len() as u64;
                u32::try_from(of_each)
                    .unwrap_or(MAX_WEIGHT)
                    .clamp(1, MAX_WEIGHT)
            }
        };
        let addresses = record.addresses.iter();
        endpoints.extend(
            addresses.map(|ip| at_address(&ip.to_string(), record.port, is_tls).weighing(weight)),
        );
    }
    // Two records can have one address: the better one counts.
    endpoints.sort_by(|a, b| (&a.id, b.weight).cmp(&(&b.id, a.weight)));
    endpoints.dedup_by(|a, b| a.id == b.id);
    endpoints
}

impl<L: Lookup> Source for Dns<L> {
    fn list<'a>(
        &'a self,
        service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        Box::pin(async move { self.find(service).await.map(|found| found.records) })
    }

    fn watch(self: Arc<Self>, service: &str) -> Option<Box<dyn Watch>> {
        Some(Box::new(DnsWatch {
            service: service.to_owned(),
            // The list that goes before a watch was looked up a moment ago.
            looked: Instant::now(),
            due: Instant::now() + SHORTEST,
            source: self,
        }))
    }

    fn tells_operations(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        "the DNS"
    }

    fn unknown(&self, service: &str) -> String {
        format!(
            "`{}` has no records in the DNS, where `{service}` is looked for by {}",
            self.name.of(service),
            self.name
        )
    }
}

/// Looks again when it is time.
struct DnsWatch<L> {
    source: Arc<Dns<L>>,
    service: String,
    /// When it was looked up last.
    looked: Instant,
    due: Instant,
}

impl<L: Lookup> DnsWatch<L> {
    async fn look(&mut self) -> Result<Vec<Endpoint>, WatchError> {
        tokio::time::sleep_until(self.due).await;
        self.looked = Instant::now();
        let found = self.source.find(&self.service).await;
        let pause = match &found {
            Ok(Found { ttl, .. }) => ttl.unwrap_or(LONGEST).clamp(SHORTEST, LONGEST),
            Err(SourceError::Unknown) => ABSENT,
            // Whoever comes back after an error wants to know.
            Err(SourceError::Unreachable(_)) => Duration::ZERO,
        };
        self.due = Instant::now() + pause.mul_f64(0.8 + 0.4 * fastrand::f64());
        match found {
            Ok(found) => Ok(found.records),
            Err(SourceError::Unknown) => Err(WatchError::Unknown),
            Err(SourceError::Unreachable(why)) => Err(WatchError::Broken(why)),
        }
    }
}

impl<L: Lookup> Watch for DnsWatch<L> {
    fn next<'a>(
        &'a mut self,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, WatchError>> {
        Box::pin(self.look())
    }

    fn ask(&mut self) {
        // However many calls ask: servers are shared with everybody else.
        self.due = self.due.min(self.looked + SHORTEST);
    }
}

#[cfg(test)]
mod tests;
