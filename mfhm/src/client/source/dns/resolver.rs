//! Look-ups by a resolver of our own: it tells SRV records, how long they hold, and a
//! name that is not there from servers that are not.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use tokio::time::Instant;

use super::{Found, Located, Lookup};
use crate::client::source::SourceError;
use crate::error::{Error, Result};

/// How long a server may take, and how often it is asked.
const TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// Asks the servers of the system (`/etc/resolv.conf`, and `/etc/hosts` before them),
/// or one that was named.
#[derive(Debug)]
pub(crate) struct Lookups(Box<TokioResolver>);

impl Lookups {
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self> {
        let broken = |error: NetError| Error::with_source("the DNS cannot be asked", error);
        let mut builder = match server {
            None => TokioResolver::builder_tokio().map_err(broken)?,
            Some(server) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = connections.map(at_port).to_vec();
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // Times to live are kept by who asks, and who asks sooner wants to know.
        options.cache_size = 0;
        let resolver = builder.build().map_err(broken)?;
        Ok(Self(Box::new(resolver)))
    }

    async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, SourceError> {
        match self.0.lookup_ip(name).await {
            Ok(found) => Ok(Found {
                records: found.iter().collect(),
                ttl: Some(left(found.valid_until())),
            }),
            Err(error) if error.is_no_records_found() => Err(SourceError::Unknown),
            Err(error) => Err(unreachable(name, &error)),
        }
    }

    async fn services(&self, name: &str) -> Result<Found<Located>, SourceError> {
        let found = match self.0.srv_lookup(name).await {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Err(SourceError::Unknown),
            Err(error) => return Err(unreachable(name, &error)),
        };
        let mut ttl = left(found.valid_until());
        let records = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(srv),
                _ => None,
            });
        let mut located = Vec::new();
        for srv in records {
            let host = srv.target.to_string();
            let addresses = match self.addresses(&host).await {
                Ok(found) => {
                    ttl = ttl.min(found.ttl.unwrap_or(ttl));
                    found.records
                }
                // A host that is gone is no reason to lose the others.
                Err(SourceError::Unknown) => Vec::new(),
                Err(error) => return Err(error),
            };
            located.push(Located {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                addresses,
            });
        }
        Ok(Found {
            records: located,
            ttl: Some(ttl),
        })
    }
}

impl Lookup for Lookups {
    fn addresses<'a>(
        &'a self,
        name: &'a str,
        _port: u16,
    ) -> BoxFuture<'a, Result<Found<IpAddr>, SourceError>> {
        Box::pin(self.addresses(name))
    }

    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Found<Located>, SourceError>> {
        Box::pin(self.services(name))
    }
}

fn left(until: std::time::Instant) -> Duration {
    until.saturating_duration_since(Instant::now().into_std())
}

fn unreachable(name: &str, error: &NetError) -> SourceError {
    SourceError::Unreachable(format!("the DNS does not tell {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_without_a_runtime_and_asks_on_any() {
        // Nobody answers there.
        let lookups = Lookups::new(Some(SocketAddr::from(([127, 0, 0, 1], 9)))).unwrap();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let found = runtime.block_on(lookups.addresses("a.test"));
            let Err(SourceError::Unreachable(why)) = found else {
                panic!("{found:?}");
            };
            assert!(why.contains("a.test"), "{why}");
        }
    }
}
