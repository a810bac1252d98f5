//! The calling side: request → stub → resolver → balancer → transport.
//!
//! A stub that the macro made turns its arguments into a [`Request`]. Where it
//! goes is decided here, in [`Client`]: straight to an implementation in the
//! same process, or by [`attempt`] to an instance that the [`resolver`] knows
//! and the [`balancer`] picks.

pub(crate) mod attempt;
pub(crate) mod balancer;
pub(crate) mod budget;
pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod ejection;
pub(crate) mod encoding;
pub(crate) mod endpoint;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
pub(crate) mod hedge;
pub(crate) mod identity;
pub(crate) mod inherit;
pub(crate) mod intercept;
pub(crate) mod latency;
pub(crate) mod limits;
pub(crate) mod local;
pub(crate) mod offers;
pub(crate) mod options;
pub(crate) mod propagation;
pub(crate) mod request;
pub(crate) mod resolver;
pub(crate) mod retry;
pub(crate) mod saved;
pub(crate) mod source;
pub(crate) mod transport;
pub(crate) mod typed;
pub(crate) mod untyped;
pub(crate) mod uses;

pub(crate) use crate::fault as error;

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use http::HeaderMap;

use self::attempt::Destination;
use self::caller::{Caller, Defaults};
use self::error::{CallError, Fault, FaultKind};
use self::inherit::Inherited;
use self::intercept::{Chain, End, Interceptor, Interceptors};
use self::local::{Around, LocalCall, LocalResult, LocalSlot, LocalValue, Running};
use self::options::CallOptions;
use self::propagation::Propagation;
use self::request::Request;
use self::transport::{Address, Outside};
use crate::api_error::ApiError;
use crate::contract::Operation;

/// What every generated client holds: where its calls go, and how.
///
/// `T` is the object-safe twin of the contract.
pub struct Client<T: ?Sized + 'static> {
    service: &'static str,
    target: Target<T>,
    options: CallOptions,
    interceptors: Interceptors,
    /// What its caller says of all calls. One that is discovered asks when it is
    /// used.
    defaults: Defaults,
    /// Headers that one local call says: see [`said_locally`](Self::said_locally).
    said: Option<Arc<HeaderMap>>,
}

enum Target<T: ?Sized + 'static> {
    /// An implementation that was given.
    Local(Arc<T>),
    /// One in this process if there is one, else through the caller of the
    /// process.
    Discovered {
        slot: &'static LocalSlot<T>,
        destination: Arc<OnceLock<(Destination, Defaults)>>,
    },
    /// Decided when the client was made.
    Decided(Destination),
}

impl<T: ?Sized + Send + Sync + 'static> Client<T> {
    /// Finds the service: in this process, else through the center.
    pub fn discover(service: &'static str, slot: &'static LocalSlot<T>) -> Self {
        let target = Target::Discovered {
            slot,
            destination: Arc::default(),
        };
        Self::to(service, target)
    }

    fn to(service: &'static str, target: Target<T>) -> Self {
        Self {
            service,
            target,
            options: CallOptions::new(),
            interceptors: Interceptors::default(),
            defaults: Defaults::default(),
            said: None,
        }
    }

    /// Finds the service through this caller's center.
    pub fn through(service: &'static str, caller: &Caller) -> Self {
        let target = Target::Decided(caller.destination(service));
        Self {
            defaults: caller.defaults().clone(),
            ..Self::to(service, target)
        }
    }

    /// Calls whatever answers at `url`.
    ///
    /// # Errors
    ///
    /// An address that is none, or one that this build cannot speak to.
    pub fn at(service: &'static str, url: &str) -> Result<Self, crate::Error> {
        let base = crate::settings::http_url(url)?;
        #[cfg(feature = "tls")]
        if base.starts_with("https:") {
            return Self::at_secure(service, base);
        }
        let target = Target::Decided(Destination::Fixed {
            address: Arc::new(Address::fixed(base)),
            transport: Arc::new(Outside::new()?),
        });
        Ok(Self::to(service, target).propagating(Propagation::Outside))
    }

    #[cfg(feature = "tls")]
    fn at_secure(service: &'static str, base: String) -> Result<Self, crate::Error> {
        use crate::tls::{Secured, Whom};
        let unusable = "an address with https has no user in it: say who calls in a header";
        let address = Address::fixed_secure(base).ok_or_else(|| crate::Error::new(unusable))?;
        let settings = crate::settings::Settings::from_env()?;
        let secured = Secured::new(settings.tls, Vec::new())?;
        let transport = transport::Network::to(
            Whom::Outside,
            secured,
            #[cfg(feature = "h2")]
            settings.http2.unwrap_or_default(),
        );
        let target = Target::Decided(Destination::Fixed {
            address: Arc::new(address),
            transport: Arc::new(transport),
        });
        Ok(Self::to(service, target).propagating(Propagation::Outside))
    }

    /// Calls this implementation as a function.
    pub fn local(service: &'static str, implementation: Arc<T>) -> Self {
        Self::to(service, Target::Local(implementation)).propagating(Propagation::OfProcess)
    }

    /// Calls these routes without a socket.
    #[cfg(feature = "server")]
    pub fn routed(service: &'static str, routes: crate::server::ContractRoutes) -> Self {
        let transport = Arc::new(transport::InMemory::new(routes.into_router()));
        let address = Arc::new(Address::fixed("http://in-memory".to_owned()));
        let target = Target::Decided(Destination::Fixed { address, transport });
        Self::to(service, target).propagating(Propagation::OfProcess)
    }

    fn propagating(mut self, propagation: Propagation) -> Self {
        self.defaults.propagation = propagation;
        self
    }

    /// The same client with other options where `options` says something.
    pub fn with(&self, options: CallOptions) -> Self {
        let mut client = self.clone();
        client.options = options.over(self.options);
        client
    }

    /// The same client with one more interceptor.
    pub fn intercept<I: Interceptor>(&self, interceptor: I) -> Self {
        let mut client = self.clone();
        client.interceptors.add(interceptor);
        client
    }

    /// The implementation to call as a function, if the call stays here.
    pub fn local_target(&self) -> Option<Arc<T>> {
        match &self.target {
            Target::Local(implementation) => Some(implementation.clone()),
            Target::Discovered { slot, .. } => slot.get(self.service),
            Target::Decided(_) => None,
        }
    }

    /// Runs a local call whose output is a `Result`.
    ///
    /// # Errors
    ///
    /// The implementation's own, or a fault: the deadline passed or it panicked.
    pub fn call_local<'a, V: 'a, E: ApiError>(
        &'a self,
        operation: &'static Operation,
        call: BoxFuture<'a, Result<V, E>>,
    ) -> LocalResult<'a, V, E> {
        LocalResult::new(match self.ready_at_once(operation) {
            Some(ready) => Around::nothing(ready, call),
            None => Around::Interceptors(self.call_intercepted(operation, call)),
        })
    }

    /// Runs a local call whose output is a plain value.
    ///
    /// # Errors
    ///
    /// A fault: the deadline passed or the implementation panicked.
    pub fn call_local_value<'a, V: 'a>(
        &'a self,
        operation: &'static Operation,
        call: BoxFuture<'a, V>,
    ) -> LocalValue<'a, V> {
        LocalValue::new(match self.ready_at_once(operation) {
            Some(ready) => Around::nothing(ready, call),
            None => {
                let call = Box::pin(async { Ok(call.await) });
                Around::Interceptors(self.call_intercepted(operation, call))
            }
        })
    }

    /// A local call that no interceptor stands around; `None` if one does.
    fn ready_at_once(&self, operation: &'static Operation) -> Option<Result<local::Ready, Fault>> {
        let begin = |defaults: &Defaults| {
            let is_alone = defaults.interceptors.is_empty() && self.interceptors.is_empty();
            let said = self.said.as_deref();
            is_alone.then(|| {
                local::ready_at_once(self.service, operation, &self.options, defaults, said)
            })
        };
        // Borrowed: most have nothing to say.
        if self.is_of_process() {
            Caller::with_defaults_of_process(begin)
        } else {
            begin(&self.defaults)
        }
    }

    fn call_intercepted<'a, V: 'a, E: ApiError>(
        &'a self,
        operation: &'static Operation,
        call: BoxFuture<'a, Result<V, E>>,
    ) -> BoxFuture<'a, Result<V, CallError<E>>> {
        Box::pin(async move {
            let defaults = self.local_defaults();
            let said = self.said.as_deref();
            let mut begun = LocalCall::begin(operation, &self.options, &defaults, said);
            let chain = Chain {
                caller: defaults.interceptors,
                client: self.interceptors.clone(),
            };
            let (service, name) = (self.service.into(), operation.name().into());
            let headers = begun.headers.take().unwrap_or_default();
            let until = begun.time.deadline;
            let intercepted = chain.before(service, name, headers, until).await?;
            begun.headers = Some(intercepted.headers());
            let result = match begun.ready(self.service, operation) {
                Ok(ready) => match Running::new(ready, call).await {
                    Ok(output) => output.map_err(CallError::Api),
                    Err(fault) => Err(CallError::Fault(fault)),
                },
                Err(fault) => Err(CallError::Fault(fault)),
            };
            intercepted.after(End::of(None, &result));
            result
        })
    }

    /// Begins a request that is never sent: for the headers that a local call has as
    /// parameters, when calls that follow from it take one of them over. They would do
    /// so if it came over the wire.
    pub fn said_locally(&self, operation: &'static Operation) -> Option<Request> {
        let defaults = self.local_defaults();
        if !defaults.propagation.takes_any(operation.parameters()) {
            return None;
        }
        let nowhere = Fault::new(FaultKind::InvalidRequest, "a local call is not sent");
        let plan = self.options.plan_of(operation, defaults.options);
        let inherited = Inherited::of(&plan, &Propagation::Outside);
        let chain = Chain::default();
        let destination = Err(nowhere);
        Some(Request::new(
            self.service,
            operation,
            destination,
            plan,
            chain,
            inherited,
        ))
    }

    /// The same client, whose local call says the headers of this request.
    pub fn saying(&self, request: Request) -> Self {
        let mut client = self.clone();
        let taken = client.local_defaults().propagation;
        client.said = Some(Arc::new(taken.taken(&request.into_headers())));
        client
    }

    /// What is said of all calls that stay in the process.
    fn local_defaults(&self) -> Defaults {
        if self.is_of_process() {
            Caller::defaults_of_process()
        } else {
            self.defaults.clone()
        }
    }

    fn is_of_process(&self) -> bool {
        matches!(self.target, Target::Discovered { .. })
    }

    /// The fault of a local call with a text that cannot stand in a path: what the
    /// request of any other call would have been.
    pub fn refused_path(
        &self,
        operation: &'static Operation,
        name: &str,
        is_rest: bool,
        text: &str,
    ) -> Option<Fault> {
        let checked = if is_rest {
            text.split('/').try_for_each(encoding::check_segment)
        } else {
            encoding::check_segment(text)
        };
        let why = checked.err()?;
        let detail = format!("the path parameter `{name}` {why}");
        let fault = Fault::new(FaultKind::InvalidRequest, detail);
        Some(fault.of_call(self.service, operation.name()))
    }

    /// The fault of a local call whose arguments break rules of their types: what
    /// a service would have answered.
    #[cfg(feature = "validate")]
    pub fn refused(
        &self,
        operation: &'static Operation,
        broken: Vec<crate::wire::problem::InvalidParam>,
    ) -> Option<Fault> {
        if broken.is_empty() {
            return None;
        }
        let status = http::StatusCode::UNPROCESSABLE_ENTITY;
        let problem = crate::wire::problem::Problem::refused(status, broken);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let fault = Fault::of_answer(status, Some(problem), body.into());
        Some(fault.of_call(self.service, operation.name()))
    }

    /// Begins a request that leaves the process.
    pub fn request(&self, operation: &'static Operation) -> Request {
        let mut defaults = &self.defaults;
        let destination = match &self.target {
            Target::Decided(destination) => Ok(destination.clone()),
            Target::Discovered { destination, .. } => {
                self.discovered(destination).map(|(destination, found)| {
                    defaults = found;
                    destination.clone()
                })
            }
            Target::Local(_) => Err(Fault::new(
                FaultKind::InvalidRequest,
                "a local client sends no requests",
            )),
        };
        let plan = self.options.plan_of(operation, defaults.options);
        let chain = Chain {
            caller: defaults.interceptors.clone(),
            client: self.interceptors.clone(),
        };
        let inherited = Inherited::of(&plan, &defaults.propagation);
        Request::new(self.service, operation, destination, plan, chain, inherited)
    }

    fn discovered<'a>(
        &self,
        destination: &'a OnceLock<(Destination, Defaults)>,
    ) -> Result<&'a (Destination, Defaults), Fault> {
        if let Some(known) = destination.get() {
            return Ok(known);
        }
        let caller = Caller::of_process().map_err(|error| {
            Fault::new(FaultKind::CenterUnreachable, "calls are not set up").because(error)
        })?;
        Ok(destination
            .get_or_init(|| (caller.destination(self.service), caller.defaults().clone())))
    }
}

impl<T: ?Sized> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            service: self.service,
            target: self.target.clone(),
            options: self.options,
            interceptors: self.interceptors.clone(),
            defaults: self.defaults.clone(),
            said: self.said.clone(),
        }
    }
}

impl<T: ?Sized> Clone for Target<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Local(implementation) => Self::Local(implementation.clone()),
            Self::Discovered { slot, destination } => Self::Discovered {
                slot,
                destination: destination.clone(),
            },
            Self::Decided(destination) => Self::Decided(destination.clone()),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::Local(_) => "local",
            Target::Discovered { .. } => "discovered",
            Target::Decided(Destination::Discovered { .. }) => "through a caller",
            Target::Decided(Destination::Fixed { address, .. }) => address.base(),
        };
        f.debug_struct("Client")
            .field("service", &self.service)
            .field("target", &target)
            .finish()
    }
}
