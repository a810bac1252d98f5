//! [`App`]: what one process runs.

mod check;
mod running;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::running::{RunningApp, RunningService};
#[cfg(feature = "client")]
use crate::client::caller::CallerBuilder;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::link::Credentials;
use crate::listener::Limits;
#[cfg(feature = "identity")]
use crate::server::callers::{Callers, Keys};
use crate::server::definition::{About, Service, ServiceDefinition};
use crate::server::layers::{HttpLayer, Layers};
use crate::server::linked;
use crate::server::overload::Capacity;
use crate::server::state::States;
use crate::settings::{self, Settings};
use crate::shutdown::Signals;
#[cfg(feature = "identity")]
use crate::wire::identity::Trusted;

/// The port of a service that is told none, if it is free.
const DEFAULT_PORT: u16 = 30176;

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
    #[cfg(feature = "identity")]
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

    /// Lets only these services call: requests must say who calls, and the center must
    /// vouch for it. Callers do both by themselves when they have a token for their name
    /// (`mfhm token new --name NAME`, with `--scope read` if they register nothing), and
    /// find the service through the center. Others are answered 401 or 403, before
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
    #[cfg(feature = "identity")]
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
            linked::services().0
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

    /// Binds every service, begins to serve and to register, and returns.
    ///
    /// A center that does not answer is no error: the services serve without it
    /// and register when it is there.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the services, the settings and the ports,
    /// together.
    pub async fn start(mut self) -> Result<RunningApp> {
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        for warning in settings::unknown_names(names) {
            tracing::warn!("{warning}");
        }
        let mut problems = Vec::new();
        let settings = Settings::from_env()
            .and_then(|settings| settings.with_centers(std::mem::take(&mut self.centers)));
        let settings = noted(settings, &mut problems).unwrap_or_else(Settings::defaults);
        #[cfg(feature = "client")]
        problems.extend(self.caller.problems());
        self.gather(&mut problems);
        self.check(&settings, &mut problems);
        let host = noted(self.listen_on(&settings), &mut problems);
        let key = noted(self.service_key(&settings), &mut problems);
        let (Some(host), Some(key), true) = (host, key, problems.is_empty()) else {
            return Err(Error::many(problems));
        };
        let mut bound = Vec::new();
        for definition in std::mem::take(&mut self.definitions) {
            let set = self.port_for(&definition, &settings);
            match bind(&definition.name, host, set).await {
                Ok(listener) => bound.push((definition, listener)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::many(problems));
        }
        let capacity = self.capacity(&settings);
        RunningApp::launch(running::Launch {
            bound,
            capacity,
            limits: self.limits.unwrap_or_else(|| settings.limits()),
            zone: self.zone.or(settings.zone),
            weight: self.weight.or(settings.weight).unwrap_or(100),
            states: States::new(self.states),
            directory: settings.directory,
            credentials: self.credentials.or(settings.credentials),
            key,
            #[cfg(feature = "identity")]
            callers: self.callers.map(Into::into),
            local_calls: self.local_calls.or(settings.local_calls).unwrap_or(true),
            layers: self.layers,
            #[cfg(feature = "client")]
            caller: self.caller,
        })
    }

    /// The router of the app's one service, without a socket and without a center:
    /// for a test that makes its requests itself, or to be served by a program that
    /// has a server already. It answers as the service would: `/ping`, the key, the
    /// requests that are meant for another service (421), and what is too much at
    /// once ([`max_in_flight`](Self::max_in_flight)) included; it does not register.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start), the ports aside; and when the app has several
    /// services.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower::ServiceExt as _;
    ///
    /// struct Greetings;
    ///
    /// #[mfhm::service(name = "greetings")]
    /// impl Greetings {
    ///     #[get("/hello/{count}")]
    ///     async fn hello(&self, count: u8) -> String {
    ///         "hello ".repeat(count.into())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> mfhm::Result<()> {
    /// let router = mfhm::App::new().service(Greetings).into_router()?;
    /// let request = http::Request::get("/hello/256").body(axum::body::Body::empty());
    /// let answer = router.oneshot(request.unwrap()).await.unwrap();
    /// assert_eq!(answer.status(), 400);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_router(mut self) -> Result<axum::Router> {
        let settings = Settings::from_env()?;
        let mut problems = Vec::new();
        self.gather(&mut problems);
        self.check(&settings, &mut problems);
        let key = self.service_key(&settings)?;
        if self.definitions.len() > 1 {
            problems.push("one router is asked for, and the app has several services".to_owned());
        }
        match self.definitions.as_slice() {
            [definition] if problems.is_empty() => {
                let limits = self.limits.take().unwrap_or_else(|| settings.limits());
                let surroundings = running::Surroundings {
                    capacity: self.capacity(&settings),
                    upload_rate: limits.upload_rate(),
                    states: States::new(self.states),
                    layers: self.layers,
                    key,
                    // No center vouches for anybody here.
                    #[cfg(feature = "identity")]
                    callers: self.callers.map(|names| {
                        let keys = Keys::fixed(Trusted::default());
                        Callers::new(Arc::new(keys), Some(names.into()))
                    }),
                };
                running::router_of(definition, &surroundings)
            }
            _ => Err(Error::many(problems)),
        }
    }

    fn capacity(&self, settings: &Settings) -> Capacity {
        let usual = Capacity::default();
        let said = self.max_in_flight.or(settings.max_in_flight);
        let queue = self.queue.or(settings.queue);
        Capacity {
            max_in_flight: said.unwrap_or(usual.max_in_flight),
            queue: queue.unwrap_or(usual.queue),
        }
    }

    fn set_version(&self, about: &mut About) {
        if let Some(version) = &self.version {
            about.version = Some(version.clone().into());
        }
    }

    /// Takes the linked services in.
    fn gather(&mut self, problems: &mut Vec<String>) {
        if self.is_linked {
            let (services, mistakes) = linked::services();
            self.definitions.extend(services);
            problems.extend(mistakes);
        } else if let names @ [_, ..] = linked::names().as_slice() {
            tracing::warn!(
                services = names.join(", "),
                "services of free functions are linked and not run; `App::linked` runs them"
            );
        }
        let mut definitions = std::mem::take(&mut self.definitions);
        for definition in &mut definitions {
            self.set_version(&mut definition.about);
        }
        self.definitions = definitions;
        if self.definitions.is_empty() && problems.is_empty() {
            problems.push(if self.is_linked {
                "no service is linked into this program. Write one: `#[mfhm::service(name = \"hello\")] struct Hello;` and `#[get(\"/hello\")] async fn hello() -> …`. If it is in a library, refer to that library from the program (`use the_library as _;`), else the linker leaves it out".to_owned()
            } else {
                "the app has no service; add one: `App::new().service(…)`, or `.linked()` for free functions".to_owned()
            });
        }
    }

    /// The address of the listeners.
    fn listen_on(&self, settings: &Settings) -> Result<IpAddr> {
        let host = self.host.as_deref().or(settings.host.as_deref());
        match host.map(str::trim) {
            None | Some("localhost") => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(text) => text.parse().map_err(|_| {
                Error::new(format!(
                    "{text:?} is no address to listen on; write an IP address such as 127.0.0.1, 0.0.0.0 or ::1"
                ))
            }),
        }
    }

    fn port_for(&self, definition: &ServiceDefinition, settings: &Settings) -> Option<u16> {
        let said = self.ports.get(&definition.name).copied().or(self.port);
        said.or(settings.port).or(definition.port)
    }

    fn service_key(&self, settings: &Settings) -> Result<Option<Key>> {
        let key = match (&self.key, &self.key_dir) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(dir)) => Some(Key::read_or_create(dir)?),
            (None, None) => settings.key.clone(),
        };
        if key.as_ref().is_some_and(|key| key.header_value().is_err()) {
            return Err(Error::new(
                "the key of `App::key` holds characters that no header may have",
            ));
        }
        Ok(key)
    }
}

/// The value, or its problems added to the others.
fn noted<T>(result: Result<T>, problems: &mut Vec<String>) -> Option<T> {
    result
        .map_err(|error| problems.extend(error.problems().map(ToOwned::to_owned)))
        .ok()
}

/// Binds the port that is set, else the default one if it is free, else any.
async fn bind(service: &str, host: IpAddr, set: Option<u16>) -> Result<TcpListener, String> {
    let wanted = SocketAddr::new(host, set.unwrap_or(DEFAULT_PORT));
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(error) if set.is_none() && error.kind() == std::io::ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(host, 0))
                .await
                .map_err(|error| {
                    format!("the service `{service}` cannot listen on {host}: {error}")
                })
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(format!(
            "the port {} is taken, so the service `{service}` cannot listen on {wanted}; stop what listens there, or choose another: `port = …` in #[mfhm::service], MFHM_PORT, or `App::port` (0 is any free port)",
            wanted.port()
        )),
        Err(error) => Err(format!(
            "the service `{service}` cannot listen on {wanted}: {error}"
        )),
    }
}
