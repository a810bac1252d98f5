//! [`Caller`]: what clients of one process share.

mod builder;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

pub use self::builder::CallerBuilder;
use super::attempt::Destination;
use super::identity::{Identities, Identity};
use super::intercept::Interceptors;
use super::limits::Limits;
use super::options::CallOptions;
use super::propagation::Propagation;
use super::resolver::Resolver;
use super::saved::SavedLists;
use super::source::Sources;
#[cfg(feature = "h2")]
use super::transport::Http2;
use super::transport::{Network, Transport};
use super::untyped::CallBuilder;
use crate::Error;
use crate::tls::{Secured, Whom};

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
    sources: Sources,
    /// Absent: nothing is kept on disk.
    saved: Option<Arc<SavedLists>>,
    transport: Arc<dyn Transport>,
    /// What it shows and trusts.
    secured: Secured,
    #[cfg(feature = "h2")]
    http2: Http2,
    defaults: Defaults,
    /// Calls under way to one service.
    max_in_flight: u32,
    retry_percent: u32,
    /// Looked into when a client is first used, not on each call.
    resolvers: Mutex<HashMap<String, Found>>,
    identities: Option<Arc<Identities>>,
}

/// How one service is called.
#[derive(Clone)]
struct Found {
    resolver: Arc<Resolver>,
    /// Where TLS may be spoken, it is the service's own: a connection that was made to
    /// it is used for no other, though the address may be the same.
    transport: Arc<dyn Transport>,
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
        Self::with_defaults_of_process(Defaults::clone)
    }

    /// The same, borrowed.
    pub(crate) fn with_defaults_of_process<R>(take: impl FnOnce(&Defaults) -> R) -> R {
        match &*PROCESS.load() {
            Some(caller) => take(caller.defaults()),
            None => take(&Defaults::default()),
        }
    }

    pub(crate) fn resolver(&self, service: &str) -> Arc<Resolver> {
        self.find(service).resolver
    }

    fn find(&self, service: &str) -> Found {
        let mut resolvers = self
            .shared
            .resolvers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = resolvers.get(service) {
            return found.clone();
        }
        // Names that came from outside must not stay for ever.
        if resolvers.len() >= MANY {
            resolvers.retain(|_, Found { resolver, .. }| {
                Arc::strong_count(resolver) > 1 || !resolver.is_idle()
            });
        }
        let limits = Limits::new(self.shared.max_in_flight, self.shared.retry_percent);
        let sources = &self.shared.sources;
        let source = sources.of(service);
        let saved = self
            .shared
            .saved
            .clone()
            .filter(|_| !sources.lists(service));
        let resolver = Resolver::with_saved(service.to_owned(), source, saved);
        let identities = self.shared.identities.clone();
        let identity = identities.map(|from| Identity::new(from, service));
        let secured = &self.shared.secured;
        let found = Found {
            resolver: Arc::new(resolver.limited(limits).identified(identity)),
            transport: if secured.is_set() {
                let whom = Whom::Service(service.into());
                Arc::new(Network::to(
                    whom,
                    secured.clone(),
                    #[cfg(feature = "h2")]
                    self.shared.http2,
                ))
            } else {
                self.shared.transport.clone()
            },
        };
        resolvers.insert(service.to_owned(), found.clone());
        found
    }

    pub(crate) fn destination(&self, service: &str) -> Destination {
        let Found {
            resolver,
            transport,
        } = self.find(service);
        Destination::Discovered {
            resolver,
            transport,
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
            .field("sources", &self.shared.sources)
            .field("defaults", &self.shared.defaults)
            .finish_non_exhaustive()
    }
}
