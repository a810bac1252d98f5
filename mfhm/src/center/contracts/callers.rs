//! [`Callers`]: what the processes that ask for a service say they use of it.
//!
//! Each read of a service, and each beginning of a watch, is a lease: whoever stops
//! asking is forgotten. Nothing is stored, because after a restart the watches begin
//! anew and tell everything again.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::instance::InstanceId;
use crate::wire::v1::{CallerReport, UsedOperation};

/// How long what a caller said holds. Callers that watch ask every 20 s, others every
/// 2 s, give or take a fifth.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// How much is kept of all callers of a service, of all at one address, and of all,
/// in bytes. What a newcomer says beyond that is passed over.
const MOST_OF_SERVICE: usize = 4 << 20;
const MOST_OF_PEER: usize = 16 << 20;
const MOST: usize = 64 << 20;

/// Callers by service, then by address and id: an id is no secret, so nobody
/// speaks for a process on another host.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    services: HashMap<String, Service>,
    peers: HashMap<IpAddr, usize>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Service {
    callers: BTreeMap<(IpAddr, InstanceId), Held>,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    report: Arc<CallerReport>,
    until: Duration,
    bytes: usize,
}

impl Callers {
    /// A process at `peer` reads the service.
    pub(crate) fn report(
        &mut self,
        service: &str,
        peer: IpAddr,
        report: CallerReport,
        now: Duration,
    ) {
        let until = now.saturating_add(LEASE);
        let key = (peer, report.id.clone());
        let known = self
            .services
            .get_mut(service)
            .and_then(|service| service.callers.get_mut(&key));
        if let Some(held) = known
            && *held.report == report
        {
            held.until = until;
            return;
        }
        self.forget(service, &key);
        let bytes = size(service, &report);
        let of_service = self
            .services
            .get(service)
            .map_or(0, |service| service.bytes);
        let of_peer = self.peers.get(&peer).copied().unwrap_or_default();
        if of_service + bytes > MOST_OF_SERVICE
            || of_peer + bytes > MOST_OF_PEER
            || self.bytes + bytes > MOST
        {
            return;
        }
        self.peers.insert(peer, of_peer + bytes);
        self.bytes += bytes;
        let service = self.services.entry(service.to_owned()).or_default();
        service.bytes += bytes;
        let report = Arc::new(report);
        let held = Held {
            report,
            until,
            bytes,
        };
        service.callers.insert(key, held);
    }

    /// Who uses the service at present, and what.
    pub(crate) fn of(
        &self,
        service: &str,
        now: Duration,
    ) -> impl Iterator<Item = (IpAddr, &Arc<CallerReport>)> {
        let callers = self.services.get(service).into_iter();
        callers
            .flat_map(|service| &service.callers)
            .filter(move |(_, held)| held.until > now)
            .map(|((peer, _), held)| (*peer, &held.report))
    }

    /// Forgets whoever has not asked for long.
    pub(crate) fn expire(&mut self, now: Duration) {
        let Self {
            services,
            peers,
            bytes,
        } = self;
        services.retain(|_, service| {
            let own = &mut service.bytes;
            service.callers.retain(|(peer, _), held| {
                let stays = held.until > now;
                if !stays {
                    *own -= held.bytes;
                    *bytes -= held.bytes;
                    give_back(peers, *peer, held.bytes);
                }
                stays
            });
            !service.callers.is_empty()
        });
    }

    fn forget(&mut self, name: &str, key: &(IpAddr, InstanceId)) {
        let Some(service) = self.services.get_mut(name) else {
            return;
        };
        if let Some(held) = service.callers.remove(key) {
            service.bytes -= held.bytes;
            self.bytes -= held.bytes;
            give_back(&mut self.peers, key.0, held.bytes);
        }
        if service.callers.is_empty() {
            self.services.remove(name);
        }
    }
}

fn give_back(peers: &mut HashMap<IpAddr, usize>, peer: IpAddr, bytes: usize) {
    if let Some(of_peer) = peers.get_mut(&peer) {
        *of_peer = of_peer.saturating_sub(bytes);
        if *of_peer == 0 {
            peers.remove(&peer);
        }
    }
}

/// What a report takes in memory, roughly.
fn size(service: &str, report: &CallerReport) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let of_operation = |operation: &UsedOperation| {
        let UsedOperation {
            name,
            method,
            path,
            fingerprint,
        } = operation;
        128 + name.len() + text(method) + text(path) + text(fingerprint)
    };
    let operations = report.operations.iter().map(of_operation);
    256 + service.len() + 160 * report.instances.len() + operations.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    fn report(id: &str, operations: &[&str]) -> CallerReport {
        let operations = operations.iter().map(|name| UsedOperation {
            name: (*name).to_owned(),
            method: None,
            path: None,
            fingerprint: None,
        });
        CallerReport {
            operations: operations.collect(),
            ..CallerReport::new(id.parse().unwrap(), Vec::new())
        }
    }

    fn used(callers: &Callers, service: &str, now: Duration) -> Vec<String> {
        let reports = callers.of(service, now);
        let operations = reports.flat_map(|(_, report)| &report.operations);
        operations.map(|operation| operation.name.clone()).collect()
    }

    #[test]
    fn a_read_is_a_lease() {
        let mut callers = Callers::default();
        let mut now = Duration::ZERO;
        callers.report("users", HERE, report("a", &["user"]), now);
        now += LEASE - Duration::from_secs(1);
        callers.report("users", HERE, report("a", &["user"]), now);
        now += LEASE - Duration::from_secs(1);
        callers.expire(now);
        assert_eq!(used(&callers, "users", now), ["user"]);
        assert_eq!(used(&callers, "orders", now), [""; 0]);
        now += Duration::from_secs(1);
        assert_eq!(used(&callers, "users", now), [""; 0], "before it is swept");
        callers.expire(now);
        assert!(callers.services.is_empty());
        assert_eq!(callers.bytes, 0);
    }

    #[test]
    fn the_last_word_of_a_process_counts_and_hosts_are_kept_apart() {
        let mut callers = Callers::default();
        callers.report(
            "users",
            HERE,
            report("a", &["user", "list"]),
            Duration::ZERO,
        );
        callers.report("users", HERE, report("a", &["user"]), Duration::ZERO);
        assert_eq!(used(&callers, "users", Duration::ZERO), ["user"]);
        callers.report("users", THERE, report("a", &[]), Duration::ZERO);
        assert_eq!(used(&callers, "users", Duration::ZERO), ["user"]);
        callers.expire(LEASE);
        assert_eq!(callers.bytes, 0, "every byte is given back");
        assert!(callers.peers.is_empty());
    }

    #[test]
    fn memory_is_bounded_for_each_service_each_address_and_in_all() {
        let mut callers = Callers::default();
        let name = "x".repeat(500);
        let long = vec![name.as_str(); 256];
        for service in 0..40 {
            for caller in 0..40 {
                let (service, id) = (format!("s{service}"), format!("c{caller}"));
                callers.report(&service, HERE, report(&id, &long), Duration::ZERO);
            }
        }
        assert!(
            callers.bytes <= MOST_OF_PEER,
            "one address does not take it all"
        );
        callers.report("late", THERE, report("a", &["user"]), Duration::ZERO);
        assert_eq!(used(&callers, "late", Duration::ZERO), ["user"]);
        for host in 0..40 {
            let peer = IpAddr::from([10, 0, 1, host]);
            for service in 0..40 {
                let service = format!("t{service}");
                callers.report(&service, peer, report("c", &long), Duration::ZERO);
            }
        }
        assert!(callers.bytes <= MOST);
        let of_peers = callers.peers.values();
        assert!(of_peers.clone().all(|bytes| *bytes <= MOST_OF_PEER));
        assert_eq!(of_peers.sum::<usize>(), callers.bytes);
        let services = callers.services.values();
        assert!(
            services
                .clone()
                .all(|service| service.bytes <= MOST_OF_SERVICE)
        );
        let sum: usize = services.map(|service| service.bytes).sum();
        assert_eq!(callers.bytes, sum);
        // Who is known goes on being known.
        let before = callers.bytes;
        callers.report("s0", HERE, report("c0", &long), LEASE / 2);
        callers.expire(LEASE);
        assert!(callers.bytes > 0 && callers.bytes < before);
    }
}
