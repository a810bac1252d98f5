//! [`App`]: what one process runs.

mod check;
mod running;
mod start;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::running::{RunningApp, RunningService};
#[cfg(feature = "client")]
use crate::client::caller::CallerBuilder;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::link::Credentials;
use crate::listener::Limits;
use crate::server::definition::{Service, ServiceDefinition};
use crate::server::layers::{HttpLayer, Layers};
use crate::settings::Settings;
use crate::shutdown::Signals;
use crate::tls::Tls;

/// How long services that left the center serve on.
const DRAIN: Duration = Duration::from_secs(5);

/// Runs every service that is linked into the program, until SIGTERM or Ctrl-C:
/// short for `App::new().linked().run()`.
///
/// # Errors
///
/// As for [`App::start`].
pub async fn run() -> Result<()> {
    App::new().linked().run().await
}

/// What one process runs: services, and where they listen and register.
///
/// Each service listens on a port of its own and registers under its own name.
/// Whether two services run in two processes or in one is decided here and
/// nowhere else:
///
/// ```no_run
/// # use mfhm::{App, service};
/// # struct Users; struct Orders;
/// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
/// # #[mfhm::service(name = "orders")] impl Orders { #[get("/orders")] async fn orders(&self) -> u8 { 1 } }
/// # async fn f() -> mfhm::Result<()> {
/// App::new().service(Users).service(Orders).run().await
/// # }
/// ```
///
/// What is not said here comes from the environment, then from the attribute,
/// then from the defaults.
#[derive(Debug, Default)]
#[must_use = "an app does nothing until `run` or `start`"]
pub struct App {
    definitions: Vec<ServiceDefinition>,
    is_linked: bool,
    states: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    centers: Vec<String>,
    credentials: Credentials,
    host: Option<String>,
    port: Option<u16>,
    ports: HashMap<String, u16>,
    key: Option<Key>,
    key_dir: Option<PathBuf>,
    #[cfg(any(feature = "identity", feature = "tls"))]
    callers: Option<Vec<String>>,
    version: Option<String>,
    local_calls: Option<bool>,
    layers: Layers,
    /// What clients in this process share.
    #[cfg(feature = "client")]
    caller: CallerBuilder,
    drain: Option<Duration>,
    zone: Option<String>,
    weight: Option<u32>,
    max_in_flight: Option<u32>,
    queue: Option<u32>,
    limits: Option<Limits>,
    tls: Option<Tls>,
}

impl App {
    /// An app without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service: a value whose type has an `impl` with
    /// `#[mfhm::service]`.
    ///
    /// Several types that implement different contracts of one service, such as
    /// its versions, are that service together.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        let added = Arc::new(service).__mfhm_definition();
        let mut known = self.definitions.iter_mut();
        match known.find(|known| known.is_joined_by(&added)) {
            Some(known) => known.join(added),
            None => self.definitions.push(added),
        }
        self
    }

    /// Adds every service made of free functions that is linked into the
    /// program.
    pub fn linked(mut self) -> Self {
        self.is_linked = true;
        self
    }

    /// Gives a value to handlers that are free functions: they take it as
    /// [`State<T>`](crate::State). One value for each type; the last one stays.
    /// A handler whose state is not given is an error of [`start`](Self::start).
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(TypeId::of::<T>(), Box::new(value));
        self
    }

    /// The address of a center. Said several times, the services register with
    /// each. Else `MFHM_CENTER`, else `http://127.0.0.1:21428`.
    ///
    /// Clients made with `{Trait}Client::new()` in this process look for services
    /// there too; with several apps, at the centers of the one started last.
    pub fn center(mut self, url: impl Into<String>) -> Self {
        self.centers.push(url.into());
        self
    }

    /// The key that the center asks for. Else `MFHM_CENTER_KEY` or the file
    /// `MFHM_CENTER_KEY_FILE`.
    pub fn center_key(mut self, key: impl Into<String>) -> Self {
        self.credentials.key = Some(Key::new(key));
        self
    }

    /// The token that the center asks for: one for the names of these services
    /// (`mfhm token new --name NAME`). Else `MFHM_TOKEN` or the file
    /// `MFHM_TOKEN_FILE`.
    ///
    /// A center that refuses the token, or the lack of one, does not keep the services
    /// from running: they log what it says, and try again.
    pub fn center_token(mut self, token: impl Into<String>) -> Self {
        self.credentials.token = Some(Key::new(token));
        self
    }

    /// The version of the program, which goes before what the services say by
    /// themselves (`version = "…"` in the attribute, else that of the crate they
    /// are declared in): for what is known when the program is built or started.
    /// It stands in their documents, and the center hands it out.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The address to listen on. Else `MFHM_HOST`, else `127.0.0.1`;
    /// `0.0.0.0` is every IPv4 address of the machine, `::` every address.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port to listen on, when the app has one service; 0 is any free one.
    /// Else `MFHM_PORT`, else the attribute's, else 30176 if it is free, else
    /// any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The port of one of several services; 0 is any free one.
    pub fn port_of(mut self, service: impl Into<String>, port: u16) -> Self {
        self.ports.insert(service.into(), port);
        self
    }

    /// Requires this key of every request (header `MFHM-AuthKey`), and tells it
    /// to the center. Else the file `MFHM_KEY_FILE`.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key::new(key));
        self
    }

    /// As [`key`](Self::key), with the key in the file `key` of this directory;
    /// a new one is written if there is none. Python's `KeyAuth(dataDir=…)`.
    pub fn key_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.key_dir = Some(dir.into());
        self
    }

    /// Has the services speak HTTPS, and nothing else, where there is a certificate: see
    /// [`Tls`]. It has to be for the names of all services of the app, and clients in
    /// this process show it to whom they call. Else `MFHM_TLS_CERT`, `MFHM_TLS_KEY` and
    /// `MFHM_TLS_CA` (and `MFHM_TLS_CRL`), which name the files, and `MFHM_TLS_REQUIRE_CLIENT_CERT` (`true`:
    /// nobody comes in without a certificate).
    ///
    /// Callers and centers written in Python know HTTP only.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Lets only these services call: requests must say who calls, and the center must
    /// vouch for it. Callers do both by themselves when they have a token for their name
    /// (`mfhm token new --name NAME`, with `--scope read` if they register nothing), and
    /// find the service through the center; or they show a certificate for their name
    /// (feature `tls`: `App::tls`), which needs no center. Others are answered 401 or 403, before
    /// anything is run; `/ping` is left open. A handler asks who it was by
    /// [`request().caller()`](crate::CurrentRequest::caller).
    ///
    /// Assertions are checked here, with keys that are fetched from the center when the
    /// service starts: no call waits for the center. They count for 10 minutes, and for
    /// an hour more while no center answers this service: callers go on meanwhile. A
    /// service that starts while every center is away has no keys, and lets nobody in
    /// until one is back. Calls within the process are let in.
    ///
    /// ```
    /// # struct Users;
    /// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
    /// let app = mfhm::App::new().service(Users).callers(["orders", "billing"]);
    /// ```
    ///
    /// With the feature `tls` and without `identity`, it is certificates only.
    #[cfg(any(feature = "identity", feature = "tls"))]
    pub fn callers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into);
        self.callers.get_or_insert_default().extend(names);
        self
    }

    /// Whether clients in this process call the contracts of these services as
    /// functions. Else `MFHM_LOCAL_CALLS`, else yes.
    pub fn local_calls(mut self, is_on: bool) -> Self {
        self.local_calls = Some(is_on);
        self
    }

    /// Puts a [layer](HttpLayer) around every service of this app: any
    /// `tower::Layer` that axum's `Router::layer` takes, such as those of
    /// tower-http. The one said first is the outermost; `#[layer(…)]` on a service
    /// is inside of these, and on an operation inside of those.
    ///
    /// As in axum, `Layer::layer` is called once for each path, and once for
    /// requests that no operation answers; what paths shall share (a counter, a
    /// limit) has to be in an `Arc` that the layer holds. Requests without the
    /// [`key`](Self::key) do not get here. `/ping` is outside of all layers, so
    /// that none of them makes a service look dead; what the feature `openapi` serves
    /// is inside. Calls that stay in the process
    /// ([`local_calls`](Self::local_calls)) pass no layer, for a layer is about
    /// HTTP: what must hold for them too belongs into the handler, which can ask
    /// [`request`](crate::request()).
    ///
    /// ```
    /// # #[derive(Clone)] struct AnyLayer;
    /// # impl<S> tower_layer::Layer<S> for AnyLayer { type Service = S; fn layer(&self, inner: S) -> S { inner } }
    /// # struct Users;
    /// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
    /// # let trace_layer = AnyLayer;
    /// let app = mfhm::App::new().service(Users).layer(trace_layer);
    /// ```
    pub fn layer<L: HttpLayer>(mut self, layer: L) -> Self {
        self.layers.add(layer);
        self
    }

    /// Lets an [interceptor](crate::Interceptor) see every call that this process
    /// makes through clients made with `{Trait}Client::new()`. The one said first
    /// runs first; with several apps it is those of the app started last.
    #[cfg(feature = "client")]
    pub fn intercept<I: crate::Interceptor>(self, interceptor: I) -> Self {
        self.caller(|caller| caller.intercept(interceptor))
    }

    /// Headers that the calls of this process take over from the request that is
    /// being handled, besides those of its trace: see [`request`](crate::request()) and
    /// [`CallerBuilder::propagate`], which says why no credentials can be chosen. Else
    /// `MFHM_PROPAGATE`, else none.
    ///
    /// ```
    /// # struct Users;
    /// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
    /// let app = mfhm::App::new().service(Users).propagate(["x-request-id", "x-tenant"]);
    /// ```
    #[cfg(feature = "client")]
    pub fn propagate(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.caller(|caller| caller.propagate(names))
    }

    /// Sets up how this process calls through clients made with
    /// `{Trait}Client::new()`: all that a [`Caller`](crate::Caller) can be told. What is
    /// not said comes from the app: its centers, their key and its zone. With several
    /// apps it is that of the app started last.
    ///
    /// ```
    /// # struct Users;
    /// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
    /// use mfhm::CallOptions;
    ///
    /// let app = mfhm::App::new().service(Users).caller(|caller| {
    ///     caller.options(CallOptions::new().attempts(2)).retry_budget(5)
    /// });
    /// ```
    #[cfg(feature = "client")]
    pub fn caller(mut self, set_up: impl FnOnce(CallerBuilder) -> CallerBuilder) -> Self {
        self.caller = set_up(self.caller);
        self
    }

    /// The OpenAPI 3.1 document of one of the app's services, as it would serve
    /// it at `/openapi.json`; `None` when there is no service of this name.
    ///
    /// A test or a small program can write it to a file, for `mfhm check`.
    #[cfg(feature = "openapi")]
    pub fn openapi(&self, service: &str) -> Option<serde_json::Value> {
        let linked = if self.is_linked {
            crate::server::linked::services().0
        } else {
            Vec::new()
        };
        let definition = self
            .definitions
            .iter()
            .chain(&linked)
            .find(|definition| definition.name == service)?;
        let has_key = self.key.is_some() || self.key_dir.is_some();
        let mut about = definition.about.clone();
        self.set_version(&mut about);
        Some(crate::openapi::document(
            &definition.name,
            &about,
            &definition.routes,
            has_key,
        ))
    }

    /// How long services go on serving after they left the center on SIGTERM, so
    /// that callers notice before a connection is closed on them. Else
    /// `MFHM_DRAIN` (seconds), else 5 s. Ctrl-C does not wait: somebody sits
    /// there.
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = Some(time);
        self
    }

    /// Where this process runs, such as a data center or a rack: any text. Callers
    /// that say the same ([`Caller::builder`](crate::Caller::builder), or their own
    /// `App`) call the instances of their zone first, for as long as at least half
    /// of them are good. Else `MFHM_ZONE`, else none.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// The share of the calls that these instances get, relative to the other
    /// instances of the same service: 0 (only when no other can be called) to
    /// 10,000. A new version can be tried with 5 beside others with 100. Else
    /// `MFHM_WEIGHT`, else 100.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// How many requests each service runs at once, at least 1. More wait in the
    /// [`queue`](Self::queue) for 1 s at most. What is beyond that is answered 503
    /// (`mfhm.overloaded`, with `Retry-After: 1`) without being run, and callers may
    /// try it at another instance whatever it does. Else `MFHM_MAX_IN_FLIGHT`, else
    /// 1,024.
    ///
    /// A streamed answer counts until its headers. `/ping` is not counted, nor are
    /// calls within the process.
    pub fn max_in_flight(mut self, requests: u32) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// How many requests wait when as many run as may. Else `MFHM_QUEUE`, else
    /// 1,024; 0 refuses them at once.
    pub fn queue(mut self, requests: u32) -> Self {
        self.queue = Some(requests);
        self
    }

    /// How many connections each service has, and how long they may keep it waiting:
    /// silent ones, slow ones, and those that take nothing of what is sent to them.
    /// The defaults are told at [`Limits`]; the numbers also come from
    /// `MFHM_MAX_CONNECTIONS` and `MFHM_MAX_CONNECTIONS_PER_ADDRESS`, before which
    /// goes what is said here.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Starts, and runs until SIGTERM or Ctrl-C: then it deregisters, drains (see
    /// [`drain`](Self::drain)), finishes the requests that are running (25 s at
    /// most), and returns. A second signal ends it at once.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub async fn run(self) -> Result<()> {
        // Before anything starts: whatever has begun to register also leaves.
        let mut signals = Signals::listen()?;
        let drain = self.drain.or(Settings::from_env()?.drain);
        let mut running = self.start().await?;
        let told = drain.unwrap_or(DRAIN);
        let signal = tokio::select! {
            signal = signals.next() => signal?,
            () = running.obey(told) => return Ok(()),
        };
        let drain = match signal {
            Signals::CTRL_C => Duration::ZERO,
            _ => told,
        };
        tracing::info!(signal, ?drain, "stopping");
        tokio::select! {
            () = running.drain(drain) => Ok(()),
            again = signals.next() => {
                Err(Error::new(format!("stopped at once by a second {}", again?)))
            }
        }
    }
}
