//! From what an app was told to what runs: the settings, the services, their sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use super::{App, RunningApp, running};
use crate::error::{Error, Result};
use crate::key::Key;
#[cfg(any(feature = "identity", feature = "tls"))]
use crate::server::callers::Callers;
#[cfg(feature = "identity")]
use crate::server::callers::{Assertions, Keys};
use crate::server::definition::{About, ServiceDefinition};
use crate::server::linked;
use crate::server::overload::Capacity;
use crate::server::state::States;
use crate::settings::{self, Settings};
use crate::tls::{Secured, Tls};
#[cfg(feature = "identity")]
use crate::wire::identity::Trusted;

/// The port of a service that is told none, if it is free.
const DEFAULT_PORT: u16 = 30176;

impl App {
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
        let secured = noted(self.secured(settings.tls.clone()), &mut problems);
        let (Some(host), Some(key), Some(secured), true) =
            (host, key, secured, problems.is_empty())
        else {
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
            secured,
            key,
            #[cfg(any(feature = "identity", feature = "tls"))]
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
                    #[cfg(any(feature = "identity", feature = "tls"))]
                    callers: self.callers.map(|names| {
                        Callers::new(
                            // No center vouches for anybody here.
                            #[cfg(feature = "identity")]
                            Assertions::new(Keys::fixed(Trusted::default())),
                            Some(names.into()),
                        )
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

    pub(super) fn set_version(&self, about: &mut About) {
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

    /// What the services show, if it can be shown.
    fn secured(&self, settings: Option<Tls>) -> Result<Secured> {
        let tls = self.tls.clone().or(settings);
        let names = self.definitions.iter().map(|it| it.name.clone());
        let names: Vec<String> = names.collect();
        #[cfg(feature = "tls")]
        if tls.as_ref().is_some_and(Tls::has_certificate) {
            let is_none = |name: &&String| !crate::tls::can_be_shown(name);
            if let Some(name) = names.iter().find(is_none) {
                return Err(Error::new(format!(
                    "the service `{name}` cannot speak TLS: certificates are for DNS names, and \
                     this is none. Give it another name, of letters, digits and hyphens"
                )));
            }
        }
        Secured::new(tls, names)
    }

    pub(super) fn port_for(
        &self,
        definition: &ServiceDefinition,
        settings: &Settings,
    ) -> Option<u16> {
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
