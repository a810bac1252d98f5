//! [`Caller`]: what clients of one process share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::attempt::Destination;
use super::budget;
use super::identity::{Identities, Identity};
use super::intercept::{Interceptor, Interceptors};
use super::limits::{self, Limits};
use super::options::CallOptions;
use super::propagation::{self, Propagation};
use super::resolver::Resolver;
use super::source::Source;
use super::source::center::Centers;
use super::transport::{Network, Transport};
use super::untyped::CallBuilder;
use crate::Error;
use crate::instance::InstanceId;
use crate::key::Key;
use crate::link::{Credentials, Link};
use crate::settings::Settings;

/// Calls services by name: it finds them through the center, keeps what it
/// found, and shares connections.
///
/// Typed clients use the one of the process unless they are told another
/// (`{Trait}Client::through`). By itself it is the untyped client: a service's
/// name, an operation's name, and whatever parameters the operation takes.
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let caller = mfhm::Caller::builder().center("http://127.0.0.1:21428").build()?;
/// let answer = caller.call("service01", "hello").send().await?;
/// println!("{}: {}", answer.status(), answer.text());
/// # Ok(()) }
/// ```
///
/// A clone is the same caller. When the last clone is dropped, so are its
/// background tasks.
#[derive(Clone)]
pub struct Caller {
    shared: Arc<Shared>,
}

struct Shared {
    source: Arc<dyn Source>,
    transport: Arc<dyn Transport>,
    defaults: Defaults,
    /// Calls under way to one service.
    max_in_flight: u32,
    retry_percent: u32,
    /// Looked into when a client is first used, not on each call.
    resolvers: Mutex<HashMap<String, Arc<Resolver>>>,
    identities: Option<Arc<Identities>>,
}

/// What a caller says of all its calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub options: CallOptions,
    pub interceptors: Interceptors,
    pub propagation: Propagation,
}

/// From so many services on, those that nobody asks for are dropped.
const MANY: usize = 64;

/// The caller that clients use which were told no other.
static PROCESS: ArcSwapOption<Caller> = ArcSwapOption::const_empty();

impl Caller {
    /// A caller that is set up from the environment: `MFHM_CENTER` (default
    /// `http://127.0.0.1:21428`), `MFHM_TOKEN` or `MFHM_TOKEN_FILE`, `MFHM_CENTER_KEY`
    /// or `MFHM_CENTER_KEY_FILE`.
    ///
    /// # Errors
    ///
    /// A setting that cannot be used.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A caller with settings of its own.
    pub fn builder() -> CallerBuilder {
        CallerBuilder::default()
    }

    /// A call of the operation `operation` of the service `service`.
    ///
    /// The center tells the operation's method and path, so nothing about the
    /// service needs to be known at compile time.
    pub fn call(&self, service: impl Into<String>, operation: impl Into<String>) -> CallBuilder {
        CallBuilder::new(self.clone(), service.into(), operation.into())
    }

    /// The caller of the process.
    pub(crate) fn of_process() -> Result<Self, Error> {
        if let Some(caller) = &*PROCESS.load() {
            return Ok(Self::clone(caller));
        }
        let made = Arc::new(Self::new()?);
        // Another thread may have been faster: its caller is the one to share.
        let before = PROCESS.compare_and_swap(&None::<Arc<Self>>, Some(made.clone()));
        Ok(Self::clone(before.as_ref().unwrap_or(&made)))
    }

    /// Makes this the caller of the process until the guard is dropped, or
    /// until another one is installed.
    #[cfg(feature = "server")]
    pub(crate) fn install(self) -> Installed {
        let caller = Arc::new(self);
        PROCESS.store(Some(caller.clone()));
        Installed(caller)
    }

    pub(crate) fn defaults(&self) -> &Defaults {
        &self.shared.defaults
    }

    /// What the caller of the process says of all calls, if there is one yet.
    pub(crate) fn defaults_of_process() -> Defaults {
        let caller = PROCESS.load();
        let defaults = caller.as_ref().map(|caller| caller.defaults().clone());
        defaults.unwrap_or_default()
    }

    pub(crate) fn resolver(&self, service: &str) -> Arc<Resolver> {
        let mut resolvers = self
            .shared
            .resolvers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(resolver) = resolvers.get(service) {
            return resolver.clone();
        }
        // Names that came from outside must not stay for ever.
        if resolvers.len() >= MANY {
            resolvers.retain(|_, resolver| Arc::strong_count(resolver) > 1 || !resolver.is_idle());
        }
        let limits = Limits::new(self.shared.max_in_flight, self.shared.retry_percent);
        let resolver = Resolver::new(service.to_owned(), self.shared.source.clone());
        let identities = self.shared.identities.clone();
        let identity = identities.map(|from| Identity::new(from, service));
        let resolver = Arc::new(resolver.limited(limits).identified(identity));
        resolvers.insert(service.to_owned(), resolver.clone());
        resolver
    }

    pub(crate) fn destination(&self, service: &str) -> Destination {
        Destination::Discovered {
            resolver: self.resolver(service),
            transport: self.shared.transport.clone(),
        }
    }
}

/// Takes the caller of the process back when dropped.
#[cfg(feature = "server")]
#[derive(Debug)]
pub(crate) struct Installed(Arc<Caller>);

#[cfg(feature = "server")]
impl Drop for Installed {
    fn drop(&mut self) {
        PROCESS.compare_and_swap(&self.0, None);
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("source", &self.shared.source)
            .field("defaults", &self.shared.defaults)
            .finish_non_exhaustive()
    }
}

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
    max_in_flight: Option<u32>,
    retry_percent: Option<u32>,
    instances: Vec<InstanceId>,
}

impl CallerBuilder {
    /// What the app says, where nothing was said to the builder, and the instances
    /// that this process runs, as whom it is known to the center.
    #[cfg(feature = "server")]
    pub(crate) fn of_app(
        mut self,
        centers: &[String],
        credentials: Credentials,
        name: Option<&str>,
        zone: Option<&str>,
        instances: Vec<InstanceId>,
    ) -> Self {
        if self.centers.is_empty() {
            self.centers = centers.to_vec();
        }
        self.credentials = self.credentials.or(credentials);
        self.name = self.name.or_else(|| name.map(str::to_owned));
        self.zone = self.zone.or_else(|| zone.map(str::to_owned));
        self.instances = instances;
        self
    }

    /// What is wrong with what was said, as far as it can be told without the rest.
    #[cfg(feature = "server")]
    pub(crate) fn problems(&self) -> Vec<String> {
        let chosen = propagation::chosen(self.propagate.iter().flatten());
        chosen.err().unwrap_or_default()
    }

    /// The address of a center, such as `http://127.0.0.1:21428`. Said several
    /// times, the first that answers is asked. Else `MFHM_CENTER`.
    pub fn center(mut self, url: impl Into<String>) -> Self {
        self.centers.push(url.into());
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
    /// A center's address that is none, a key file that cannot be read, or a header
    /// that is not [passed on](Self::propagate).
    pub fn build(self) -> Result<Caller, Error> {
        let settings = Settings::from_env()?.with_centers(self.centers)?;
        let chosen = match self.propagate {
            Some(names) => propagation::chosen(names).map_err(Error::many)?,
            None => settings.propagate,
        };
        let defaults = Defaults {
            propagation: Propagation::of(chosen),
            ..self.defaults
        };
        let credentials = self.credentials.or(settings.credentials);
        let zone = self.zone.or(settings.zone);
        let link = Link::new(&credentials)?;
        let identities = Identities::new(&link, &settings.centers, self.name);
        let source = Centers::new(&settings.centers, link, self.instances).in_zone(zone);
        Ok(Caller {
            shared: Arc::new(Shared {
                source: Arc::new(source),
                transport: Arc::new(Network::new()),
                defaults,
                max_in_flight: self.max_in_flight.unwrap_or(limits::DEFAULT_IN_FLIGHT),
                retry_percent: self.retry_percent.unwrap_or(budget::DEFAULT_PERCENT),
                resolvers: Mutex::default(),
                identities,
            }),
        })
    }
}
