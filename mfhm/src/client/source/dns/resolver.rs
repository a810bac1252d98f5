//! Look-ups by a resolver of our own: it tells SRV records, how long they hold, and a
//! name that is not there from servers that are not.
//!
//! The two families of addresses are two questions, of which one may be answered and the
//! other one not. What was not answered takes no address away: those that the name had of
//! this family are told again.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
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

/// When half of a name is asked for again.
const HALF: Duration = Duration::from_secs(5);
/// Of so many names at most it is known what they had.
const MOST_NAMES: usize = 1024;

/// Asks the servers of the system (`/etc/resolv.conf`, and `/etc/hosts` before them),
/// or one that was named.
#[derive(Debug)]
pub(crate) struct Lookups {
    /// For A and for AAAA.
    families: Box<[TokioResolver; 2]>,
    /// What names had when they were told last.
    known: Mutex<HashMap<String, Addresses>>,
}

/// The addresses of each family.
type Addresses = [Vec<IpAddr>; 2];

/// What came of the question for one family.
enum Answer {
    Addresses(Vec<IpAddr>, Duration),
    /// The name has none of this family, or is none at all.
    None {
        is_no_name: bool,
    },
    Failed(SourceError),
}

impl Lookups {
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self> {
        let family = |strategy| Self::resolver(server, strategy);
        Ok(Self {
            families: Box::new([
                family(LookupIpStrategy::Ipv4Only)?,
                family(LookupIpStrategy::Ipv6Only)?,
            ]),
            known: Mutex::default(),
        })
    }

    fn resolver(server: Option<SocketAddr>, strategy: LookupIpStrategy) -> Result<TokioResolver> {
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
        options.ip_strategy = strategy;
        // Times to live are kept by who asks, and who asks sooner wants to know.
        options.cache_size = 0;
        builder.build().map_err(broken)
    }

    async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, SourceError> {
        let [v4, v6] = &*self.families;
        let (v4, v6) = tokio::join!(ask(v4, name), ask(v6, name));
        let mut names = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.get(name).cloned().unwrap_or_default();
        let (addresses, ttl) = together([v4, v6], known)?;
        if names.len() >= MOST_NAMES && !names.contains_key(name) {
            // Nobody looks so many names up; what is lost is asked for again.
            names.clear();
        }
        names.insert(name.to_owned(), addresses.clone());
        Ok(Found {
            records: addresses.concat(),
            ttl: Some(ttl),
        })
    }

    async fn services(&self, name: &str) -> Result<Found<Located>, SourceError> {
        let found = match self.families[0].srv_lookup(name).await {
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

/// Asks for the addresses of one family.
async fn ask(family: &TokioResolver, name: &str) -> Answer {
    match family.lookup_ip(name).await {
        Ok(found) => Answer::Addresses(found.iter().collect(), left(found.valid_until())),
        Err(error) if error.is_no_records_found() => Answer::None {
            is_no_name: error.is_nx_domain(),
        },
        Err(error) => Answer::Failed(unreachable(name, &error)),
    }
}

/// The addresses of both families, and how long they hold, after what was `known`.
fn together(answers: [Answer; 2], known: Addresses) -> Result<(Addresses, Duration), SourceError> {
    let mut addresses = Addresses::default();
    let mut ttl: Option<Duration> = None;
    let mut failures = Vec::new();
    let mut is_no_name = false;
    for ((answer, of_family), known) in answers.into_iter().zip(&mut addresses).zip(known) {
        let holds = match answer {
            Answer::Addresses(found, holds) => {
                *of_family = found;
                holds
            }
            Answer::None { is_no_name: is } => {
                is_no_name |= is;
                continue;
            }
            Answer::Failed(error) => {
                *of_family = known;
                failures.push(error);
                HALF
            }
        };
        ttl = Some(ttl.map_or(holds, |ttl| ttl.min(holds)));
    }
    // A name that is none has no addresses of the other family either.
    if is_no_name {
        return Err(SourceError::Unknown);
    }
    let is_nothing = failures.len() == 2 || addresses.iter().all(Vec::is_empty);
    match failures.pop() {
        Some(error) if is_nothing => Err(error),
        _ => ttl.map(|ttl| (addresses, ttl)).ok_or(SourceError::Unknown),
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

    /// What becomes of two answers, each of which is a text: addresses, `-` for none,
    /// `!` for no such name, `?` for a failure.
    fn taken(answers: [&str; 2], known: [&str; 2]) -> Result<String, SourceError> {
        let addresses = |text: &str| -> Vec<IpAddr> {
            let texts = text.split_whitespace();
            texts.map(|text| text.parse().unwrap()).collect()
        };
        let answers = answers.map(|answer| match answer {
            "-" => Answer::None { is_no_name: false },
            "!" => Answer::None { is_no_name: true },
            "?" => Answer::Failed(SourceError::Unreachable("away".to_owned())),
            found => Answer::Addresses(addresses(found), Duration::from_secs(60)),
        });
        let (found, ttl) = together(answers, known.map(addresses))?;
        let texts: Vec<_> = found.concat().iter().map(IpAddr::to_string).collect();
        Ok(format!("{} {}", texts.join(" "), ttl.as_secs()))
    }

    #[test]
    fn a_family_that_is_not_told_keeps_what_it_had() {
        let ok = |text: &str| Ok(text.to_owned());
        let away = Err(SourceError::Unreachable("away".to_owned()));
        let known = ["1.1.1.1", "::9"];
        assert_eq!(taken(["1.1.1.2", "::1"], known), ok("1.1.1.2 ::1 60"));
        assert_eq!(taken(["1.1.1.2", "-"], known), ok("1.1.1.2 60"));
        assert_eq!(taken(["?", "::1"], known), ok("1.1.1.1 ::1 5"));
        assert_eq!(taken(["1.1.1.2", "?"], known), ok("1.1.1.2 ::9 5"));
        assert_eq!(taken(["?", "-"], known), ok("1.1.1.1 5"));
        // Nothing was told: whoever has a list keeps it.
        assert_eq!(taken(["?", "?"], known), away);
        // Nothing was ever known of it.
        assert_eq!(taken(["?", "::1"], ["", ""]), ok("::1 5"));
        assert_eq!(taken(["?", "-"], ["", ""]), away);
        assert_eq!(taken(["-", "?"], ["", ""]), away);
        assert_eq!(taken(["?", "?"], ["", ""]), away);
        for answers in [["-", "-"], ["!", "!"], ["!", "?"], ["?", "!"]] {
            assert_eq!(
                taken(answers, known),
                Err(SourceError::Unknown),
                "{answers:?}"
            );
        }
    }

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
