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
pub(crate) mod hedge;
pub(crate) mod latency;
pub(crate) mod limits;
pub(crate) mod local;
pub(crate) mod options;
pub(crate) mod request;
pub(crate) mod resolver;
pub(crate) mod retry;
pub(crate) mod source;
pub(crate) mod transport;
pub(crate) mod untyped;

pub(crate) use crate::fault as error;

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};

use self::attempt::Destination;
use self::caller::Caller;
use self::error::{CallError, Fault, FaultKind};
use self::local::LocalSlot;
use self::options::CallOptions;
use self::request::Request;
use self::transport::Network;
use crate::contract::Operation;

/// What every generated client holds: where its calls go, and how.
///
/// `T` is the object-safe twin of the contract.
pub struct Client<T: ?Sized + 'static> {
    service: &'static str,
    target: Target<T>,
    options: CallOptions,
}

enum Target<T: ?Sized + 'static> {
    /// An implementation that was given.
    Local(Arc<T>),
    /// One in this process if there is one, else through the caller of the
    /// process.
    Discovered {
        slot: &'static LocalSlot<T>,
        destination: Arc<OnceLock<(Destination, CallOptions)>>,
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
        Self {
            service,
            target,
            options: CallOptions::new(),
        }
    }

    /// Finds the service through this caller's center.
    pub fn through(service: &'static str, caller: &Caller) -> Self {
        let target = Target::Decided(caller.destination(service));
        Self {
            service,
            target,
            options: caller.options(),
        }
    }

    /// Calls whatever answers at `url`.
    ///
    /// # Errors
    ///
    /// An address that is none, or one that this build cannot speak to.
    pub fn at(service: &'static str, url: &str) -> Result<Self, crate::Error> {
        let base = crate::settings::http_url(url)?;
        let transport = Arc::new(Network::new()?);
        let target = Target::Decided(Destination::Fixed {
            base: base.into(),
            transport,
        });
        Ok(Self {
            service,
            target,
            options: CallOptions::new(),
        })
    }

    /// Calls this implementation as a function.
    pub fn local(service: &'static str, implementation: Arc<T>) -> Self {
        Self {
            service,
            target: Target::Local(implementation),
            options: CallOptions::new(),
        }
    }

    /// Calls these routes without a socket.
    #[cfg(feature = "server")]
    pub fn routed(service: &'static str, routes: crate::server::ContractRoutes) -> Self {
        let transport = Arc::new(transport::InMemory::new(routes.into_router()));
        let base = "http://in-memory".into();
        let target = Target::Decided(Destination::Fixed { base, transport });
        Self {
            service,
            target,
            options: CallOptions::new(),
        }
    }

    /// The same client with other options where `options` says something.
    pub fn with(&self, options: CallOptions) -> Self {
        let mut client = self.clone();
        client.options = options.over(self.options);
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
    pub async fn call_local<V, E>(
        &self,
        operation: &'static Operation,
        call: impl Future<Output = Result<V, E>>,
    ) -> Result<V, CallError<E>> {
        match local::run(self.options.plan().timeout, call).await {
            Ok(output) => output.map_err(CallError::Api),
            Err(fault) => Err(CallError::Fault(
                fault.of_call(self.service, operation.name()),
            )),
        }
    }

    /// Runs a local call whose output is a plain value.
    ///
    /// # Errors
    ///
    /// A fault: the deadline passed or the implementation panicked.
    pub async fn call_local_value<V>(
        &self,
        operation: &'static Operation,
        call: impl Future<Output = V>,
    ) -> Result<V, CallError<Infallible>> {
        local::run(self.options.plan().timeout, call)
            .await
            .map_err(|fault| CallError::Fault(fault.of_call(self.service, operation.name())))
    }

    /// Begins a request that leaves the process.
    pub fn request(&self, operation: &'static Operation) -> Request {
        let mut options = self.options;
        let destination = match &self.target {
            Target::Decided(destination) => Ok(destination.clone()),
            Target::Discovered { destination, .. } => {
                self.discovered(destination).map(|(destination, defaults)| {
                    options = options.over(*defaults);
                    destination.clone()
                })
            }
            Target::Local(_) => Err(Fault::new(
                FaultKind::InvalidRequest,
                "a local client sends no requests",
            )),
        };
        Request::new(self.service, operation, destination, options.plan())
    }

    fn discovered<'a>(
        &self,
        destination: &'a OnceLock<(Destination, CallOptions)>,
    ) -> Result<&'a (Destination, CallOptions), Fault> {
        if let Some(known) = destination.get() {
            return Ok(known);
        }
        let caller = Caller::of_process().map_err(|error| {
            Fault::new(FaultKind::CenterUnreachable, "calls are not set up").because(error)
        })?;
        Ok(destination.get_or_init(|| (caller.destination(self.service), caller.options())))
    }
}

impl<T: ?Sized> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            service: self.service,
            target: self.target.clone(),
            options: self.options,
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
            Target::Decided(Destination::Fixed { base, .. }) => base,
        };
        f.debug_struct("Client")
            .field("service", &self.service)
            .field("target", &target)
            .finish()
    }
}
