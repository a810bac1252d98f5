//! [`App`]: what one process runs.

mod running;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::running::{RunningApp, RunningService};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::server::definition::{Service, ServiceDefinition};
use crate::server::state::States;
use crate::server::{linked, router};
use crate::settings::{self, Settings};
use crate::shutdown::Signals;

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
    center_key: Option<Key>,
    host: Option<String>,
    port: Option<u16>,
    ports: HashMap<String, u16>,
    key: Option<Key>,
    key_dir: Option<PathBuf>,
    local_calls: Option<bool>,
    drain: Option<Duration>,
}

impl App {
    /// An app without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service: a value whose type has an `impl` with
    /// `#[mfhm::service]`.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        self.definitions.push(Arc::new(service).__mfhm_definition());
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
        self.center_key = Some(Key::new(key));
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

    /// Whether clients in this process call the contracts of these services as
    /// functions. Else `MFHM_LOCAL_CALLS`, else yes.
    pub fn local_calls(mut self, is_on: bool) -> Self {
        self.local_calls = Some(is_on);
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
        Some(crate::openapi::document(
            &definition.name,
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
        let settings = Settings::from_env()?.with_centers(std::mem::take(&mut self.centers))?;
        let mut problems = Vec::new();
        self.gather(&mut problems);
        self.check(&settings, &mut problems);
        let key = self.service_key(&settings)?;
        if !problems.is_empty() {
            return Err(Error::many(problems));
        }

        let host = self.host.clone().or(settings.host.clone());
        let host = match host.as_deref().map(str::trim) {
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(text) => text.parse().map_err(|_| {
                Error::new(format!(
                    "{text:?} is no address to listen on; write an IP address such as 127.0.0.1, 0.0.0.0 or ::1"
                ))
            })?,
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
        RunningApp::launch(running::Launch {
            bound,
            states: States::new(self.states),
            centers: settings.centers,
            center_key: self.center_key.or(settings.center_key),
            key,
            local_calls: self.local_calls.or(settings.local_calls).unwrap_or(true),
        })
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
        if self.definitions.is_empty() && problems.is_empty() {
            problems.push(if self.is_linked {
                "no service is linked into this program. Write one: `#[mfhm::service(name = \"hello\")] struct Hello;` and `#[get(\"/hello\")] async fn hello() -> …`. If it is in a library, refer to that library from the program (`use the_library as _;`), else the linker leaves it out".to_owned()
            } else {
                "the app has no service; add one: `App::new().service(…)`, or `.linked()` for free functions".to_owned()
            });
        }
    }

    /// What can be known before anything is bound.
    fn check(&self, settings: &Settings, problems: &mut Vec<String>) {
        for (index, definition) in self.definitions.iter().enumerate() {
            problems.extend(router::clashes(&definition.routes));
            for earlier in &self.definitions[..index] {
                if earlier.name == definition.name {
                    problems.push(format!(
                        "two services are called `{}`: at {} and at {}",
                        definition.name, earlier.declared_at, definition.declared_at
                    ));
                }
            }
        }
        if self.definitions.len() > 1 {
            let names: Vec<_> = self.definitions.iter().map(|d| d.name.as_str()).collect();
            let names = names.join(", ");
            if self.port.is_some() {
                problems.push(format!(
                    "`App::port` sets one port for several services ({names}); use `App::port_of`"
                ));
            } else if settings.port.is_some() {
                problems.push(format!(
                    "MFHM_PORT sets one port for several services ({names}); use `App::port_of`"
                ));
            }
        }
        for name in self.ports.keys() {
            if !self
                .definitions
                .iter()
                .any(|definition| &definition.name == name)
            {
                problems.push(format!(
                    "`App::port_of` names `{name}`, which is not a service of this app"
                ));
            }
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
