//! What a process is told from outside: defaults, then the environment, then
//! what the program says.

pub(crate) mod directory;
#[cfg(feature = "client")]
pub(crate) mod listing;
#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "dns")]
use std::net::{IpAddr, SocketAddr};
#[cfg(feature = "client")]
use std::path::PathBuf;
#[cfg(feature = "server")]
use std::time::Duration;

use self::directory::Directory;
#[cfg(feature = "client")]
use self::listing::Listing;
#[cfg(all(feature = "client", feature = "h2"))]
use crate::client::transport::Http2;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::link::Credentials;
#[cfg(feature = "server")]
use crate::listener::Limits;
use crate::tls::Tls;
#[cfg(feature = "server")]
use crate::wire::v1::MAX_WEIGHT;

/// Where a center is when nothing else is said.
pub(crate) const DEFAULT_CENTER: &str = "http://127.0.0.1:21428";

/// The environment's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `MFHM_CENTER`: addresses with commas between them, a name in the DNS, or `off`.
    pub directory: Directory,
    /// `MFHM_INSTANCES`: services that are not looked up there.
    #[cfg(feature = "client")]
    pub instances: Listing,
    /// `MFHM_DNS_SERVER`: who is asked, in place of the system's servers.
    #[cfg(feature = "dns")]
    pub dns_server: Option<SocketAddr>,
    /// `MFHM_CENTER_KEY`, or the content of the file `MFHM_CENTER_KEY_FILE`;
    /// `MFHM_TOKEN`, or the content of the file `MFHM_TOKEN_FILE`.
    pub credentials: Credentials,
    /// `MFHM_TLS_CERT`, `MFHM_TLS_KEY`, `MFHM_TLS_CA`, `MFHM_TLS_CRL`, `MFHM_TLS_REQUIRE_CLIENT_CERT`.
    pub tls: Option<Tls>,
    /// `MFHM_HTTP2`: when calls are made by HTTP/2.
    #[cfg(all(feature = "client", feature = "h2"))]
    pub http2: Option<Http2>,
    /// `MFHM_CACHE_DIR`: where the last lists of instances are kept.
    #[cfg(feature = "client")]
    pub cache: Option<Cache>,
    /// `MFHM_ZONE`: where the process runs.
    pub zone: Option<String>,
    /// `MFHM_PROPAGATE`: headers that calls take over from the request being handled.
    #[cfg(feature = "client")]
    pub propagate: Vec<http::HeaderName>,
    /// `MFHM_HOST`: the address that services listen on.
    #[cfg(feature = "server")]
    pub host: Option<String>,
    /// `MFHM_PORT`.
    #[cfg(feature = "server")]
    pub port: Option<u16>,
    /// The content of the file `MFHM_KEY_FILE`: services require it.
    #[cfg(feature = "server")]
    pub key: Option<Key>,
    /// `MFHM_LOCAL_CALLS`: whether calls within the process are function calls.
    #[cfg(feature = "server")]
    pub local_calls: Option<bool>,
    /// `MFHM_DRAIN`: how long to serve on after leaving the center.
    #[cfg(feature = "server")]
    pub drain: Option<Duration>,
    /// `MFHM_ANSWER_MEMORY`: what answers that arrive may take together, in MiB.
    #[cfg(feature = "client")]
    pub answer_memory: Option<u32>,
    /// `MFHM_WEIGHT`: the share of the calls.
    #[cfg(feature = "server")]
    pub weight: Option<u32>,
    /// `MFHM_MAX_IN_FLIGHT`: requests that a service runs at once.
    #[cfg(feature = "server")]
    pub max_in_flight: Option<u32>,
    /// `MFHM_QUEUE`: requests that wait when as many run.
    #[cfg(feature = "server")]
    pub queue: Option<u32>,
    /// `MFHM_MAX_CONNECTIONS`: connections to a service in all.
    #[cfg(feature = "server")]
    pub connections: Option<u32>,
    /// `MFHM_MAX_CONNECTIONS_PER_ADDRESS`: those from one address.
    #[cfg(feature = "server")]
    pub per_address: Option<u32>,
}

/// Where the last lists of instances are kept.
#[cfg(feature = "client")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cache {
    /// In this folder.
    In(PathBuf),
    /// Nowhere.
    Off,
}

/// Every name that means something.
#[cfg(feature = "server")]
const NAMES: &[&str] = &[
    "MFHM_CENTER",
    "MFHM_INSTANCES",
    "MFHM_DNS_SERVER",
    "MFHM_CENTER_KEY",
    "MFHM_CENTER_KEY_FILE",
    "MFHM_TOKEN",
    "MFHM_TOKEN_FILE",
    "MFHM_TLS_CERT",
    "MFHM_TLS_KEY",
    "MFHM_TLS_CA",
    "MFHM_TLS_CRL",
    "MFHM_TLS_REQUIRE_CLIENT_CERT",
    "MFHM_HTTP2",
    "MFHM_HOST",
    "MFHM_PORT",
    "MFHM_KEY_FILE",
    "MFHM_LOCAL_CALLS",
    "MFHM_DRAIN",
    "MFHM_ZONE",
    "MFHM_CACHE_DIR",
    "MFHM_ANSWER_MEMORY",
    "MFHM_WEIGHT",
    "MFHM_MAX_IN_FLIGHT",
    "MFHM_QUEUE",
    "MFHM_MAX_CONNECTIONS",
    "MFHM_MAX_CONNECTIONS_PER_ADDRESS",
    "MFHM_PROPAGATE",
    "MFHM_LOG",
];

impl Settings {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// All settings that cannot be used, together.
    pub(crate) fn from_env() -> Result<Self> {
        Self::from_vars(|name| {
            std::env::var_os(name).map(|text| text.to_string_lossy().into_owned())
        })
    }

    /// What holds when nothing is said.
    #[cfg(feature = "server")]
    pub(crate) fn defaults() -> Self {
        Self {
            directory: Directory::Centers(vec![DEFAULT_CENTER.to_owned()]),
            #[cfg(feature = "client")]
            instances: Listing::default(),
            #[cfg(feature = "dns")]
            dns_server: None,
            credentials: Credentials::default(),
            tls: None,
            #[cfg(all(feature = "client", feature = "h2"))]
            http2: None,
            #[cfg(feature = "client")]
            cache: None,
            zone: None,
            #[cfg(feature = "client")]
            propagate: Vec::new(),
            #[cfg(feature = "client")]
            answer_memory: None,
            host: None,
            port: None,
            key: None,
            local_calls: None,
            drain: None,
            weight: None,
            max_in_flight: None,
            queue: None,
            connections: None,
            per_address: None,
        }
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        // A variable that is set to nothing is one that is not set.
        let var = &|name: &str| var(name).filter(|text| !text.trim().is_empty());
        let mut problems = Vec::new();

        let text = var("MFHM_CENTER");
        let text = text.as_deref().unwrap_or(DEFAULT_CENTER);
        let parsed = Directory::parse(&text.split(',').collect::<Vec<_>>());
        let directory = parsed.unwrap_or_else(|error| {
            problems.push(format!("MFHM_CENTER: {error}"));
            Directory::Off
        });
        #[cfg(feature = "client")]
        let instances = {
            let parsed = Listing::parse(&var("MFHM_INSTANCES").unwrap_or_default());
            parsed.unwrap_or_else(|error| {
                problems.push(format!("MFHM_INSTANCES: {error}"));
                Listing::default()
            })
        };
        #[cfg(feature = "dns")]
        let dns_server = var("MFHM_DNS_SERVER").and_then(|text| {
            let server = dns_server(text.trim());
            if server.is_none() {
                problems.push(format!(
                    "MFHM_DNS_SERVER is {text:?}; write an IP address, such as 10.96.0.10 or \
                     127.0.0.1:8600"
                ));
            }
            server
        });
        #[cfg(not(feature = "dns"))]
        if var("MFHM_DNS_SERVER").is_some() {
            problems.push("MFHM_DNS_SERVER needs the feature `dns` of the crate mfhm".to_owned());
        }
        let mut key_file = |name: &str| {
            let file = var(name)?;
            Key::read(file.as_ref())
                .map_err(|error| problems.push(format!("{name}: {error:?}")))
                .ok()
        };
        let center_key = key_file("MFHM_CENTER_KEY_FILE");
        let token = key_file("MFHM_TOKEN_FILE");
        #[cfg(feature = "server")]
        let key = key_file("MFHM_KEY_FILE");
        let mut text = |name: &str| {
            let key = var(name).map(Key::new)?;
            if key.header_value().is_err() {
                problems.push(format!(
                    "{name}: it holds characters that no header may have"
                ));
            }
            Some(key)
        };
        let credentials = Credentials {
            key: text("MFHM_CENTER_KEY").or(center_key),
            token: text("MFHM_TOKEN").or(token),
        };

        let tls = Tls::from_vars(var, &mut problems);
        #[cfg(all(feature = "client", feature = "h2"))]
        let http2 = var("MFHM_HTTP2").and_then(|text| {
            let when = Http2::parse(text.trim());
            if when.is_none() {
                problems.push(format!(
                    "MFHM_HTTP2 is {text:?}; write negotiated, prior-knowledge or off"
                ));
            }
            when
        });
        #[cfg(not(feature = "h2"))]
        if var("MFHM_HTTP2").is_some_and(|text| text.trim() != "off") {
            problems.push("MFHM_HTTP2 needs the feature `h2` of the crate mfhm".to_owned());
        }

        #[cfg(feature = "client")]
        let propagate = {
            let names = var("MFHM_PROPAGATE").unwrap_or_default();
            // A comma at the end chooses nothing.
            let names = names.split(',').filter(|name| !name.trim().is_empty());
            crate::client::propagation::chosen(names).unwrap_or_else(|wrong| {
                problems.extend(wrong.iter().map(|why| format!("MFHM_PROPAGATE: {why}")));
                Vec::new()
            })
        };

        #[cfg(feature = "server")]
        let port = var("MFHM_PORT").and_then(|text| match text.trim().parse() {
            Ok(port) => Some(port),
            Err(_) => {
                problems.push(format!(
                    "MFHM_PORT is {text:?}; write a number from 0 (any free port) to 65535"
                ));
                None
            }
        });
        #[cfg(feature = "server")]
        let local_calls = var("MFHM_LOCAL_CALLS").and_then(|text| match text.trim() {
            "true" | "1" | "on" => Some(true),
            "false" | "0" | "off" => Some(false),
            _ => {
                problems.push(format!("MFHM_LOCAL_CALLS is {text:?}; write true or false"));
                None
            }
        });

        #[cfg(feature = "server")]
        let drain = var("MFHM_DRAIN").and_then(|text| match seconds(text.trim()) {
            Some(time) => Some(time),
            None => {
                problems.push(format!(
                    "MFHM_DRAIN is {text:?}; write a number of seconds, such as 5 or 0.5"
                ));
                None
            }
        });

        let mut count = |name: &str, range: std::ops::RangeInclusive<u32>| {
            let text = var(name)?;
            let number = text.trim().parse().ok().filter(|n| range.contains(n));
            if number.is_none() {
                let (least, most) = range.into_inner();
                problems.push(format!(
                    "{name} is {text:?}; write a number from {least} to {most}"
                ));
            }
            number
        };
        #[cfg(feature = "client")]
        let answer_memory = count("MFHM_ANSWER_MEMORY", 1..=1 << 20);
        #[cfg(feature = "server")]
        let weight = count("MFHM_WEIGHT", 0..=MAX_WEIGHT);
        #[cfg(feature = "server")]
        let max_in_flight = count("MFHM_MAX_IN_FLIGHT", 1..=u32::MAX);
        #[cfg(feature = "server")]
        let queue = count("MFHM_QUEUE", 0..=u32::MAX);
        #[cfg(feature = "server")]
        let connections = count("MFHM_MAX_CONNECTIONS", 1..=u32::MAX);
        #[cfg(feature = "server")]
        let per_address = count("MFHM_MAX_CONNECTIONS_PER_ADDRESS", 1..=u32::MAX);

        if !problems.is_empty() {
            return Err(Error::many(problems));
        }
        Ok(Self {
            directory,
            #[cfg(feature = "client")]
            instances,
            #[cfg(feature = "dns")]
            dns_server,
            credentials,
            tls,
            #[cfg(all(feature = "client", feature = "h2"))]
            http2,
            #[cfg(feature = "client")]
            cache: var("MFHM_CACHE_DIR").map(|text| match text.trim() {
                "off" => Cache::Off,
                folder => Cache::In(folder.into()),
            }),
            #[cfg(feature = "client")]
            answer_memory,
            zone: var("MFHM_ZONE").map(|zone| zone.trim().to_owned()),
            #[cfg(feature = "client")]
            propagate,
            #[cfg(feature = "server")]
            host: var("MFHM_HOST"),
            #[cfg(feature = "server")]
            port,
            #[cfg(feature = "server")]
            key,
            #[cfg(feature = "server")]
            local_calls,
            #[cfg(feature = "server")]
            drain,
            #[cfg(feature = "server")]
            weight,
            #[cfg(feature = "server")]
            max_in_flight,
            #[cfg(feature = "server")]
            queue,
            #[cfg(feature = "server")]
            connections,
            #[cfg(feature = "server")]
            per_address,
        })
    }

    /// The limits of connections, as far as they are said.
    #[cfg(feature = "server")]
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::new();
        if let Some(most) = self.connections {
            limits = limits.connections(most as usize);
        }
        if let Some(most) = self.per_address {
            limits = limits.connections_per_address(most as usize);
        }
        limits
    }

    /// The same with these centers, or what else is named in their place, if there
    /// are any.
    pub(crate) fn with_centers(mut self, urls: Vec<String>) -> Result<Self> {
        if !urls.is_empty() {
            self.directory = Directory::parse(&urls)?;
        }
        Ok(self)
    }
}

/// An IP address, with a port or at the usual one.
#[cfg(feature = "dns")]
fn dns_server(text: &str) -> Option<SocketAddr> {
    let at_usual = |ip: IpAddr| SocketAddr::new(ip, 53);
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(at_usual))
}

#[cfg(feature = "server")]
fn seconds(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s').unwrap_or(text);
    Duration::try_from_secs_f64(number.trim().parse().ok()?).ok()
}

/// Checks the address of an HTTP server, and takes the slash off its end.
/// `host:port` without a scheme is `http://host:port`.
pub(crate) fn http_url(text: &str) -> Result<String> {
    let text = text.trim();
    let refused = |why: &str| {
        Error::new(format!(
            "{text:?} is not an address that can be called: {why}; write one such as http://127.0.0.1:21428"
        ))
    };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = reqwest::Url::parse(&full).map_err(|error| refused(&error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => return Err(refused("https needs the feature `tls` of the crate mfhm")),
        _ => return Err(refused("its scheme is not http")),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refused("it has no host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Names in the environment that look like settings and are none, each with
/// what may have been meant.
#[cfg(feature = "server")]
pub(crate) fn unknown_names(names: impl Iterator<Item = String>) -> Vec<String> {
    names
        .filter(|name| name.starts_with("MFHM_") && !NAMES.contains(&name.as_str()))
        .map(|name| {
            let close = NAMES
                .iter()
                .map(|known| (strsim::jaro_winkler(known, &name), known))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(score, _)| *score > 0.9);
            match close {
                Some((_, known)) => format!("{name} means nothing to mfhm; did you mean {known}?"),
                None => format!(
                    "{name} means nothing to mfhm; it knows {}",
                    NAMES.join(", ")
                ),
            }
        })
        .collect()
}
