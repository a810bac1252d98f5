//! [`CallerBuilder`]: what a caller is told, and what is made of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::{Caller, Defaults, Shared};
use crate::Error;
use crate::client::budget;
use crate::client::identity::Identities;
use crate::client::intercept::Interceptor;
use crate::client::limits;
use crate::client::options::CallOptions;
use crate::client::propagation::{self, Propagation};
use crate::client::saved::{self, Place, SavedLists};
use crate::client::source::center::Centers;
use crate::client::source::dns::{Dns, Lookups};
use crate::client::source::listed::{Fixed, Nowhere};
use crate::client::source::{Source, Sources};
#[cfg(feature = "h2")]
use crate::client::transport::Http2;
use crate::client::transport::{self, Network};
use crate::instance::InstanceId;
use crate::key::Key;
use crate::link::{Credentials, Link};
use crate::settings::directory::Directory;
use crate::settings::listing::{Listed, Listing};
use crate::settings::{Cache, Settings};
use crate::tls::{Secured, Tls, Whom};

/// Sets up a [`Caller`]. What is not said comes from the environment.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CallerBuilder {
    centers: Vec<String>,
    credentials: Credentials,
    name: Option<String>,
    defaults: Defaults,
    /// The names of headers, as they were said.
    propagate: Option<Vec<String>>,
    zone: Option<String>,
    cache: Option<Cache>,
    max_in_flight: Option<u32>,
    retry_percent: Option<u32>,
    listed: Vec<(String, Vec<String>)>,
    #[cfg(feature = "dns")]
    dns_server: Option<std::net::SocketAddr>,
    /// Those of this process.
    own: Vec<watch::Receiver<InstanceId>>,
    tls: Option<Tls>,
    #[cfg(feature = "h2")]
    http2: Option<Http2>,
    /// What the app shows and trusts, where nothing was said.
    secured: Option<Secured>,
    /// What `centers` says, read already.
    directory: Option<Directory>,
}

impl CallerBuilder {
    /// What the app says, where nothing was said to the builder, and the instances
    /// that this process runs, as whom it is known to the center.
    #[cfg(feature = "server")]
    pub(crate) fn of_app(
        mut self,
        directory: &Directory,
        credentials: Credentials,
        name: Option<&str>,
        zone: Option<&str>,
        instances: Vec<watch::Receiver<InstanceId>>,
        secured: &Secured,
    ) -> Self {
        if self.centers.is_empty() {
            self.directory = Some(directory.clone());
        }
        self.credentials = self.credentials.or(credentials);
        self.name = self.name.or_else(|| name.map(str::to_owned));
        self.zone = self.zone.or_else(|| zone.map(str::to_owned));
        self.own = instances;
        self.secured = Some(secured.clone());
        self
    }

    /// What is wrong with what was said, as far as it can be told without the rest.
    #[cfg(feature = "server")]
    pub(crate) fn problems(&self) -> Vec<String> {
        let chosen = propagation::chosen(self.propagate.iter().flatten());
        chosen.err().unwrap_or_default()
    }

    /// The address of a center, such as `http://127.0.0.1:21428`. Said several
    /// times, the one that answered last is asked first, and the others when it does
    /// not answer or knows no instance. Else `MFHM_CENTER`.
    ///
    /// In place of centers, a name in the DNS: `dns://{service}.default.svc:8080`, where
    /// `{service}` stands for the name of the service that is called, each address is
    /// an instance, and the port is that of all; with the feature `dns`,
    /// `dns+srv://_http._tcp.{service}.default.svc`, where SRV records tell ports and
    /// weights. A dot at the end of the name spares the search through the system's
    /// own domains. Or `off`: only what [`instances`](Self::instances) lists is known.
    pub fn center(mut self, url: impl Into<String>) -> Self {
        self.centers.push(url.into());
        self
    }

    /// The instances of a service, such as `http://10.0.0.1:8080`, or one name in the
    /// DNS as for [`center`](Self::center): it is not looked for anywhere else. Said of
    /// one service twice, it is an error. Else `MFHM_INSTANCES`, such as
    /// `users=10.0.0.1:8080,10.0.0.2:8080; orders=10.0.0.3:8080`.
    ///
    /// They are balanced, left out and tried again as those that a center tells. But
    /// nobody tells their operations, so a [call](Caller::call) by name is a fault.
    pub fn instances<A: Into<String>>(
        mut self,
        service: impl Into<String>,
        addresses: impl IntoIterator<Item = A>,
    ) -> Self {
        let addresses = addresses.into_iter().map(Into::into).collect();
        self.listed.push((service.into(), addresses));
        self
    }

    /// The DNS server to ask, in place of the system's (`/etc/resolv.conf`). Else
    /// `MFHM_DNS_SERVER`.
    #[cfg(feature = "dns")]
    pub fn dns_server(mut self, server: std::net::SocketAddr) -> Self {
        self.dns_server = Some(server);
        self
    }

    /// The key that the center asks for (`--key-auth`, or `KeyAuth` in Python).
    /// Else `MFHM_CENTER_KEY` or the file `MFHM_CENTER_KEY_FILE`.
    pub fn center_key(mut self, key: impl Into<String>) -> Self {
        self.credentials.key = Some(Key::new(key));
        self
    }

    /// The token that the center asks for (`mfhm token new`); to call, one with the
    /// scope `read` is enough. Else `MFHM_TOKEN` or the file `MFHM_TOKEN_FILE`.
    pub fn center_token(mut self, token: impl Into<String>) -> Self {
        self.credentials.token = Some(Key::new(token));
        self
    }

    /// The certificates of this process: see [`Tls`]. Services that speak HTTPS are called
    /// only with an [authority](Tls::ca) that their certificates are by. Else
    /// `MFHM_TLS_CERT`, `MFHM_TLS_KEY`, `MFHM_TLS_CA` and `MFHM_TLS_CRL`, which name
    /// the files.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// When instances are called by HTTP/2; centers never are. Else `MFHM_HTTP2`, else
    /// over TLS where an instance wants it.
    #[cfg(feature = "h2")]
    pub fn http2(mut self, when: Http2) -> Self {
        self.http2 = Some(when);
        self
    }

    /// As whom this process calls: services that ask who calls
    /// (`App::callers`, [`CurrentRequest::caller`](crate::CurrentRequest::caller)) are
    /// told this name by the center, if the [token](Self::center_token) is for it. Else
    /// the name of the app's service, of several the first; else the name that the
    /// token is for, if it is one.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How calls are made that say nothing else. An operation's `#[timeout]`
    /// goes before a time-out said here.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.defaults.options = options;
        self
    }

    /// Lets an [interceptor](Interceptor) see every call, of typed clients and
    /// untyped ones. The one said first runs first.
    pub fn intercept<I: Interceptor>(mut self, interceptor: I) -> Self {
        self.defaults.interceptors.add(interceptor);
        self
    }

    /// Headers that calls [take over](crate::request()) from the request that is
    /// being handled, such as `x-request-id` or `x-tenant`, besides those of its
    /// trace, which they always do. Said several times, all of them. Else
    /// `MFHM_PROPAGATE` (names with commas between them), else none.
    ///
    /// A header is chosen for every service that is called, now and later. So
    /// credentials (`authorization`, `cookie`, `MFHM-AuthKey`) cannot be: each of those
    /// services could act as the user with them. Where just that is meant, an
    /// [interceptor](Interceptor) of the clients that it is meant for says so:
    /// `call.headers_mut().insert("authorization", …)` with what
    /// `mfhm::request().headers()` has. A header that holds a secret under another
    /// name mfhm cannot know; do not choose it. Headers that belong to one connection
    /// or one body cannot be chosen either.
    pub fn propagate(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into);
        self.propagate.get_or_insert_default().extend(names);
        self
    }

    /// Where this process runs, such as a data center or a rack: any text, the same
    /// as on the services there (`App::zone`). Instances of the same zone are
    /// called first, for as long as at least half of them are good. Else
    /// `MFHM_ZONE`, else no zone is preferred.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// The folder in which the last list of each service is kept, from which a
    /// process begins that starts while no center answers. Each caller has a file of
    /// its own there, named after the program, with mode 0600; a new one reads those
    /// of all processes of the same program with the same centers. Whoever can write
    /// there says where calls go. No key is written, so instances that require one
    /// are not kept. A folder that cannot be written is one warning.
    ///
    /// Else `MFHM_CACHE_DIR`, else `$XDG_CACHE_HOME/mfhm` or `~/.cache/mfhm`; but
    /// tests that cargo runs keep nothing unless a folder is named here.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(Cache::In(folder.into()));
        self
    }

    /// Keeps no lists on disk, whatever `MFHM_CACHE_DIR` says (where `off` has the
    /// same effect).
    pub fn without_cache(mut self) -> Self {
        self.cache = Some(Cache::Off);
        self
    }

    /// How many calls of one service may be under way at once, at least 1: a
    /// service that is slow then does not hold all that this process has. As many
    /// again wait until their deadline; what is beyond that is a fault that
    /// [`is_unavailable`](crate::Fault::is_unavailable), and was not sent. The
    /// default is 1,024. A stream counts until its headers are there. Calls at a
    /// fixed address and within the process are not counted.
    pub fn max_in_flight_per_service(mut self, calls: u32) -> Self {
        self.max_in_flight = Some(calls);
        self
    }

    /// How many calls of a service may be tried again, as a percentage of the calls
    /// that are made of it. The default is 10, with three more at any time, which
    /// come back within ten seconds; 0 is none. It keeps a service in trouble from
    /// getting more load for being in trouble. Attempts that could not connect
    /// were no load and are not counted.
    pub fn retry_budget(mut self, percent: u32) -> Self {
        self.retry_percent = Some(percent);
        self
    }

    /// Sets the caller up. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// An address that is none, a file of a key or of certificates that cannot be read,
    /// or a header that is not [passed on](Self::propagate).
    pub fn build(self) -> Result<Caller, Error> {
        let mut settings = Settings::from_env()?.with_centers(self.centers)?;
        settings.directory = self.directory.unwrap_or(settings.directory);
        let mut listing = Listing::default();
        for (service, addresses) in &self.listed {
            listing.add(service, addresses)?;
        }
        let listing = listing.or(settings.instances);
        let chosen = match self.propagate {
            Some(names) => propagation::chosen(names).map_err(Error::many)?,
            None => settings.propagate,
        };
        let defaults = Defaults {
            propagation: Propagation::of(chosen),
            ..self.defaults
        };
        if let Some(mib) = settings.answer_memory {
            // It is the memory of the process, whoever calls.
            transport::set_answer_memory((mib as usize).saturating_mul(1 << 20));
        }
        let credentials = self.credentials.or(settings.credentials);
        let zone = self.zone.or(settings.zone);
        let secured = match (self.tls, self.secured) {
            (Some(said), _) => Secured::new(Some(said), Vec::new())?,
            (None, Some(of_app)) => of_app,
            (None, None) => Secured::new(settings.tls, Vec::new())?,
        };
        #[cfg(feature = "h2")]
        let http2 = self.http2.or(settings.http2).unwrap_or_default();
        let link = Link::new(&credentials, &secured)?;
        let identities = Identities::new(&link, settings.directory.centers(), self.name);
        let folder = match self.cache.or(settings.cache) {
            Some(Cache::In(folder)) => Some(folder),
            Some(Cache::Off) => None,
            None => saved::usual(),
        };
        let saved = folder.map(|folder| {
            // Lists of another center, or as seen from another zone, are others.
            let origin = [
                settings.directory.origin(),
                zone.clone().unwrap_or_default(),
            ];
            Arc::new(SavedLists::new(Place::new(folder, &origin.join(" "))))
        });
        #[cfg(feature = "dns")]
        let lookups = {
            let server = self.dns_server.or(settings.dns_server);
            move || Lookups::new(server).map(Arc::new)
        };
        #[cfg(not(feature = "dns"))]
        let lookups = || Ok::<_, Error>(Arc::new(Lookups));
        // The servers are looked up in the system's files: only where they are needed.
        let others: Arc<dyn Source> = match settings.directory {
            Directory::Centers(urls) => Arc::new(Centers::new(&urls, link, self.own).in_zone(zone)),
            Directory::Dns(name) => Arc::new(Dns::new(name, lookups()?)),
            Directory::Off => Arc::new(Nowhere),
        };
        let mut listed: Vec<(String, Arc<dyn Source>)> = Vec::new();
        for (service, at) in listing.0 {
            let source: Arc<dyn Source> = match at {
                Listed::At(addresses) => Arc::new(Fixed(addresses)),
                Listed::Dns(name) => Arc::new(Dns::new(name, lookups()?)),
            };
            listed.push((service, source));
        }
        Ok(Caller {
            shared: Arc::new(Shared {
                sources: Sources::new(listed, others),
                saved,
                transport: Arc::new(Network::to(
                    Whom::Nobody,
                    secured.clone(),
                    #[cfg(feature = "h2")]
                    http2,
                )),
                secured,
                #[cfg(feature = "h2")]
                http2,
                defaults,
                max_in_flight: self.max_in_flight.unwrap_or(limits::DEFAULT_IN_FLIGHT),
                retry_percent: self.retry_percent.unwrap_or(budget::DEFAULT_PERCENT),
                resolvers: Mutex::default(),
                identities,
            }),
        })
    }
}
