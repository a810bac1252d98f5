//! The service center: services register with it, it pings them, and callers ask
//! it where a service is.
//!
//! A center is one process with one data directory. It speaks the endpoints of
//! the Python package mfhm (0.0.2 and 0.1.1), so that Python services and proxies
//! work with it unchanged, and protocol v1, which Rust peers use.
//!
//! ```text
//! request → api → registration → store → view → lookups, watch → watchers
//!                                          ↑
//!                             prober → registry (health, deletion)
//! ```
//!
//! A registration that was acknowledged is on disk; lookups are answered from
//! memory. An instance whose connection is refused is no longer handed out at
//! once, one that times out after three pings; either is pinged on, and deleted
//! much later. A center can be stopped or killed at any time: when it is back, so
//! are its registrations.
//!
//! # Examples
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> mfhm::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("mfhm-doc-{}", std::process::id()));
//! use mfhm::Center;
//!
//! let center = Center::builder()
//!     .port(0) // any free one
//!     .data_dir(&folder)
//!     .start()
//!     .await?;
//! assert!(center.url().starts_with("http://127.0.0.1:"));
//! center.stop().await;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod address;
mod admission;
mod api;
mod audit;
mod backup;
mod contracts;
mod digest;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod guard;
mod health;
mod hold;
mod identity;
mod import;
mod lists;
mod private_file;
mod prober;
mod record;
mod registration;
mod registry;
mod settings;
#[cfg(all(test, feature = "client", feature = "server"))]
pub(crate) mod simulated;
mod store;
mod task;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod view;
mod watch;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::admission::Admission;
use self::api::Api;
pub use self::backup::{Exported, Imported};
pub use self::contracts::ContractPolicy;
use self::prober::Pinger;
use self::registration::Registrar;
use self::registration::room::Room;
use self::settings::Settings;
use self::store::redb::RedbStore;
use self::store::{Change, Store};
use self::task::Task;
use self::tokens::follow::KnownTokens;
use self::tokens::remembered;
pub use self::tokens::{IssuedToken, Scope, TokenEntry, TokenGrant, Tokens};
use self::view::View;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::listener::{Limits, Server};
use crate::shutdown::Signals;
use crate::tls::{Secured, Tls};

/// The embedded store's file in the data directory.
const STORE_FILE: &str = "center.redb";

/// How long running requests may go on when the center stops.
const GRACE: Duration = Duration::from_secs(5);

/// The service center. It is made with [`Center::builder`].
#[derive(Debug)]
pub struct Center {
    _private: (),
}

impl Center {
    /// A center with the default settings: 127.0.0.1:21428, data in `./data`.
    pub fn builder() -> CenterBuilder {
        CenterBuilder {
            settings: Settings::default(),
        }
    }
}

/// Settings of a center that does not run yet.
#[derive(Clone, Debug)]
#[must_use = "a center does nothing before `start` or `run`"]
pub struct CenterBuilder {
    settings: Settings,
}

impl CenterBuilder {
    /// Sets the address to listen on. The default is `127.0.0.1`.
    ///
    /// An address that other machines can reach needs a token ([`Tokens`], or
    /// `mfhm token new`), [`key_auth`] or [`insecure`].
    ///
    /// [`key_auth`]: CenterBuilder::key_auth
    /// [`insecure`]: CenterBuilder::insecure
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.settings.host = host.into();
        self
    }

    /// Sets the port to listen on. The default is 21428; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// Sets the folder for the registrations, the tokens and the key. The default is
    /// `./data`; it is made when it does not exist.
    ///
    /// When there are [`Tokens`] in it, every request must carry one, except for
    /// `/health` and `/ping`.
    ///
    /// A Python center's `centerCache.json` in it is imported, once.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.settings.data_dir = dir.into();
        self
    }

    /// Sets how often each instance is pinged, give or take a tenth. The default
    /// is 5 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.settings.ping_interval = interval;
        self
    }

    /// Sets how long an instance has to answer a ping. The default is 2 s; it
    /// can't be longer than the interval.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ping_timeout = timeout;
        self
    }

    /// Requires the key in the file `key` of the data directory from everybody,
    /// in the header `MFHM-AuthKey`. The file is made when it does not exist. Off
    /// by default. It is one secret for everybody, as Python's KeyAuth has it;
    /// [`Tokens`] say who may do what.
    pub fn key_auth(mut self, required: bool) -> Self {
        self.settings.key_auth = required;
        self
    }

    /// Lets a center without tokens and key listen where other machines can reach it, and
    /// register what they like. Off by default.
    pub fn insecure(mut self, allowed: bool) -> Self {
        self.settings.insecure = allowed;
        self
    }

    /// Starts although [`Tokens`] were asked for once and their file is gone, and forgets
    /// it: from then on nobody is asked, until there is a token again. Without it such a
    /// center does not start, for the file may have been lost. Off by default, and needed
    /// for one start only.
    pub fn forget_tokens(mut self, forget: bool) -> Self {
        self.settings.forget_tokens = forget;
        self
    }

    /// Lets instances be registered at this address, this range of addresses
    /// (`10.0.0.0/8`) or this host name from anywhere. Without it an instance is
    /// registered at the address that its registration comes from. Can be called
    /// several times.
    ///
    /// Addresses that are no service's, such as link-local ones and those where cloud
    /// providers give credentials out, are never pinged. A name that leads to the
    /// center's own machine needs that address to be allowed besides.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.settings.allow_hosts.push(host.into());
        self
    }

    /// Sets how long a v1 registration holds without a renewal. The default is
    /// 15 s; instances renew three times as often.
    pub fn lease_ttl(mut self, ttl: Duration) -> Self {
        self.settings.lease_ttl = ttl;
        self
    }

    /// Sets when a v1 instance is deleted that is down and does not renew: so
    /// long after its last renewal. The default is 30 s.
    pub fn forget_after(mut self, time: Duration) -> Self {
        self.settings.forget_after = time;
        self
    }

    /// Sets how long a Python service is down before it is deleted. The default
    /// is 10 min: such a service never registers again by itself.
    pub fn forget_python_after(mut self, time: Duration) -> Self {
        self.settings.forget_python_after = time;
        self
    }

    /// Sets what comes of a service that registers a contract which breaks what live
    /// callers use of it. The default is [`ContractPolicy::Warn`].
    ///
    /// [`ContractPolicy::Refuse`] on an address that other machines can reach needs
    /// [`Tokens`] or [`key_auth`](CenterBuilder::key_auth), because anybody could say to be a caller.
    pub fn contract_policy(mut self, policy: ContractPolicy) -> Self {
        self.settings.contract_policy = policy;
        self
    }

    /// Has the center speak HTTPS, and nothing else: see [`Tls`]. With an
    /// [authority](Tls::ca) it takes the names in the certificate of who connects for who
    /// that is, with the rights of a token for these names: it registers them, and reads.
    /// Operators have a [token](Tokens) besides. Instances that speak HTTPS are pinged by
    /// it, so without an authority they cannot register.
    ///
    /// Where [nobody comes in without a certificate](Tls::require_client_certificate), the
    /// center may listen where other machines reach it.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// Sets how many instances may be registered, those that are down included. The
    /// default is 100,000. Their registrations may take 4 KiB each on average; in so
    /// much memory and on disk a center keeps what others told it. Whoever registers
    /// beyond that is refused; what was registered stays.
    pub fn max_instances(mut self, most: usize) -> Self {
        self.settings.max_instances = most;
        self
    }

    /// Sets how many of them may be registered from one address, or from one /64 network
    /// of IPv6. The default is 20,000.
    pub fn max_instances_per_address(mut self, most: usize) -> Self {
        self.settings.max_instances_per_address = most;
        self
    }

    /// Sets how many of them may be registered with one token, or with one certificate,
    /// from wherever. The default is half of all.
    pub fn max_instances_per_token(mut self, most: usize) -> Self {
        self.settings.max_instances_per_token = Some(most);
        self
    }

    /// Sets how many connections the center has, and how long they may keep it
    /// waiting. The defaults are told at [`Limits`]. Each registered instance holds
    /// one, and so does each caller that watches.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.connections = limits;
        self
    }

    /// Starts the center and returns when it listens.
    ///
    /// # Errors
    ///
    /// The settings can't work, the port is taken, or the data can't be read or
    /// is in use by another center. Problems that can be found together are
    /// listed together, each with what to do.
    ///
    /// # Cancel safety
    ///
    /// When the returned future is dropped, nothing goes on running.
    pub async fn start(self) -> Result<RunningCenter> {
        start(self.settings).await
    }

    /// Runs the center until the process gets SIGTERM or Ctrl-C, then stops it
    /// like [`RunningCenter::stop`].
    ///
    /// # Errors
    ///
    /// As for [`CenterBuilder::start`].
    pub async fn run(self) -> Result<()> {
        let mut signals = Signals::listen()?;
        let center = tokio::select! {
            signal = signals.next() => return signal.map(drop).map_err(Error::from),
            center = self.start() => center?,
        };
        let signal = signals.next().await?;
        tracing::info!(signal, "the center stops");
        center.stop().await;
        Ok(())
    }
}

/// A center that listens. Dropping it ends everything at once;
/// [`RunningCenter::stop`] lets running requests finish.
pub struct RunningCenter {
    server: Server,
    view: Arc<View>,
    prober: Task,
    follower: Task,
    store: Arc<dyn Store>,
    is_tls: bool,
    _remembering: Option<Task>,
    _rotation: Task,
}

impl RunningCenter {
    /// The address that the center listens on, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Where the center is reached from this machine, such as
    /// `http://127.0.0.1:21428`. With TLS the certificate has to be for that address too.
    pub fn url(&self) -> String {
        let mut address = self.addr();
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Ends the streams, stops accepting, lets running requests finish for up to 5 s,
    /// and closes the store. When this returns, another center can use the data directory.
    ///
    /// # Cancel safety
    ///
    /// When the returned future is dropped, the rest is ended at once.
    pub async fn stop(self) {
        let Self {
            server,
            view,
            prober,
            follower,
            store,
            is_tls: _,
            _remembering,
            _rotation,
        } = self;
        view.close();
        server.stop(GRACE).await;
        drop(prober);
        store.close().await;
        drop(follower);
    }
}

impl std::fmt::Debug for RunningCenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningCenter")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

async fn start(settings: Settings) -> Result<RunningCenter> {
    let dir = &settings.data_dir;
    let secured = Secured::new(settings.tls.clone(), Vec::new())?;
    let tokens = KnownTokens::open(Tokens::in_dir(dir))?;
    let bound = settings.bind(tokens.are_asked_for()).await;
    let (listener, allowed) = bound.map_err(Error::many)?;
    let key = if settings.key_auth {
        Some(Key::read_or_create(dir)?)
    } else {
        None
    };
    // What other machines reach does not open when the tokens go.
    let host = listener.local_addr()?.ip().to_canonical();
    let is_shut = !host.is_loopback() && !settings.insecure || settings.requires_certificates();
    let signer = Arc::new(identity::Signer::open(dir)?);
    let admission = Arc::new(Admission::new(dir, key, tokens, is_shut));
    let allowed = Arc::new(allowed);
    let pinger = Arc::new(Pinger::new(
        settings.ping_timeout,
        allowed.clone(),
        secured.clone(),
    ));
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(&dir.join(STORE_FILE)).await?);

    let mut random = fastrand::Rng::new();
    let closed = |error| Error::new(format!("the center's store can't be followed: {error}"));
    let mut changes = store.changes().await.map_err(closed)?;
    let view = Arc::new(View::new(settings.limits(), random.fork()));
    let mut remembering = None;
    if let Some(Change::Reset(stored)) = changes.recv().await {
        remembering = remembered::check(&stored, &admission, &store, &settings).await?;
        // The import's own change is waiting in `changes` when it returns.
        import::import(dir, &stored, &*store, &mut random).await;
        if stored.records.is_empty() {
            // Nothing was registered, or what was is lost.
            view.warm_up(settings.lease_ttl);
        }
        view.with(|registry, now, random| registry.apply(Change::Reset(stored), now, random));
    }
    let follower = Task::spawn({
        let view = view.clone();
        async move { view.follow(changes).await }
    });
    let prober = Task::spawn(prober::run(view.clone(), store.clone(), pinger.clone()));

    let registrar = Arc::new(Registrar {
        view: view.clone(),
        store: store.clone(),
        probe: pinger,
        allowed,
        policy: settings.contract_policy,
        can_ping_tls: secured.trusts_somebody(),
        room: Room::new(settings.capacity()),
        judging: registration::judging(),
    });
    let app = Arc::new(Api {
        registrar,
        admission,
        signer: signer.clone(),
        watches: Arc::default(),
    });
    let limits = settings.connections.clone().keeping_places(view.clone());
    let server = Server::start(listener, &secured, app, &limits)?;
    let center = RunningCenter {
        server,
        view,
        prober,
        follower,
        store,
        is_tls: settings.tls.as_ref().is_some_and(Tls::has_certificate),
        _remembering: remembering,
        _rotation: Task::spawn(identity::rotate(signer)),
    };
    tracing::info!(url = %center.url(), data = %dir.display(), "the center listens");
    Ok(center)
}
