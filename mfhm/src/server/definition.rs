//! What a service consists of: its name, its port and its routes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::response::Response;
use futures_util::future::BoxFuture;

use super::extract::StateNeed;
use super::input::Input;
use super::layers::{HttpLayer, Layers};
#[cfg(feature = "client")]
use super::run::{Around, Bound};
use crate::contract::Operation;

/// Something that [`App::service`](crate::App::service) can run: made by
/// `#[mfhm::service]` on an `impl`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    label = "no `#[mfhm::service]` on an `impl` of this type",
    note = "write `#[mfhm::service(name = \"…\")]` on an `impl {Self}`, or `#[mfhm::service]` on the `impl` of a contract for it"
)]
pub trait Service: Send + Sync + Sized + 'static {
    #[doc(hidden)]
    fn __mfhm_definition(self: Arc<Self>) -> ServiceDefinition;
}

/// A service as the macros describe it.
#[derive(Debug)]
pub struct ServiceDefinition {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
    pub(crate) routes: Vec<Route>,
    pub(crate) layers: Layers,
    pub(crate) declared_at: String,
    pub(crate) about: About,
    /// Whether it consists of contracts only, named by a contract's service.
    is_contract: bool,
    #[cfg(feature = "client")]
    pub(crate) local: Vec<LocalBinding>,
}

/// What a service tells of itself beside its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// The app's, else the attribute's, else that of the crate that declares the
    /// service.
    pub(crate) version: Option<Cow<'static, str>>,
    /// The doc comment.
    pub(crate) doc: &'static str,
}

impl ServiceDefinition {
    /// A service without routes.
    pub fn new(name: &str, port: Option<u16>, file: &'static str, line: u32) -> Self {
        Self {
            name: name.to_owned(),
            port,
            routes: Vec::new(),
            layers: Layers::default(),
            declared_at: format!("{file}:{line}"),
            about: About::default(),
            is_contract: false,
            #[cfg(feature = "client")]
            local: Vec::new(),
        }
    }

    /// A service that is one contract, under the contract's name unless another
    /// is given.
    pub fn of_contract(
        contract: ContractRoutes,
        name: Option<&'static str>,
        port: Option<u16>,
        file: &'static str,
        line: u32,
    ) -> Self {
        let mut definition = Self::new(name.unwrap_or(contract.service), port, file, line);
        definition.contract(contract);
        definition.is_contract = true;
        definition
    }

    /// Sets the version and the doc comment. Without the latter it is that of
    /// the contract.
    pub fn about(&mut self, version: Option<&'static str>, doc: &'static str) {
        self.about.version = version.map(Cow::Borrowed);
        if !doc.is_empty() {
            self.about.doc = doc;
        }
    }

    /// Whether `other` is another contract of the same service, such as its next
    /// version, so that the two are one service.
    pub(crate) fn is_joined_by(&self, other: &Self) -> bool {
        let is_same_port = self.port.is_none() || other.port.is_none() || self.port == other.port;
        // An operation that both have is a mistake, and no second contract.
        let mut own = self.routes.iter().map(|route| route.operation);
        self.is_contract
            && other.is_contract
            && self.name == other.name
            && is_same_port
            && !own.any(|own| {
                other
                    .routes
                    .iter()
                    .any(|route| std::ptr::eq(own, route.operation))
            })
    }

    /// Takes the contracts of `other` in. The layers of each stay with its own
    /// operations.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.move_layers_to_routes();
        other.move_layers_to_routes();
        self.port = self.port.or(other.port);
        self.routes.extend(other.routes);
        #[cfg(feature = "client")]
        self.local.extend(other.local);
    }

    /// Adds a layer inside of those that are there.
    pub fn layer<L: HttpLayer>(&mut self, layer: L) {
        self.layers.add(layer);
    }

    fn move_layers_to_routes(&mut self) {
        let layers = std::mem::take(&mut self.layers);
        for route in &mut self.routes {
            let own = std::mem::take(&mut route.layers);
            route.layers = own.within(&layers);
        }
    }

    /// Adds an operation.
    pub fn route(&mut self, route: Route) {
        self.routes.push(route);
    }

    /// Adds the operations of a contract.
    pub fn contract(&mut self, contract: ContractRoutes) {
        if self.about.doc.is_empty() {
            self.about.doc = contract.doc;
        }
        self.routes.extend(contract.routes);
        #[cfg(feature = "client")]
        self.local.extend(contract.local);
    }
}

/// One operation and what answers it.
#[derive(Clone)]
pub struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) handler: Handler,
    /// The states that the handler takes.
    pub(crate) states: Vec<StateNeed>,
    pub(crate) has_extractors: bool,
    pub(crate) layers: Layers,
    #[cfg(feature = "openapi")]
    pub(crate) describe: crate::openapi::Describe,
}

/// A handler with its type erased.
pub(crate) type Handler = Arc<dyn Fn(Input) -> BoxFuture<'static, Response> + Send + Sync>;

impl Route {
    /// `handler` answers `operation`.
    pub fn new<H, F>(operation: &'static Operation, handler: H) -> Self
    where
        H: Fn(Input) -> F + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        Self {
            operation,
            handler: Arc::new(move |input| Box::pin(handler(input))),
            states: Vec::new(),
            has_extractors: false,
            layers: Layers::default(),
            #[cfg(feature = "openapi")]
            describe: operation.describe(),
        }
    }

    /// What an extractor of the handler needs; said of each.
    #[must_use]
    pub fn needs(mut self, state: Option<StateNeed>) -> Self {
        self.has_extractors = true;
        self.states.extend(state);
        self
    }

    /// Puts a layer around the handler, inside of those that are there.
    #[must_use]
    pub fn layer<L: HttpLayer>(mut self, layer: L) -> Self {
        self.layers.add(layer);
        self
    }

    /// What its types say about themselves, when the operation cannot name them.
    #[cfg(feature = "openapi")]
    #[must_use]
    pub fn described_by(mut self, describe: crate::openapi::DescribeFn) -> Self {
        self.describe = crate::openapi::Describe::by(describe);
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation.method(), self.operation.path())
    }
}

/// The routes of one contract's implementation.
#[derive(Debug)]
pub struct ContractRoutes {
    pub(crate) service: &'static str,
    pub(crate) routes: Vec<Route>,
    pub(crate) doc: &'static str,
    #[cfg(feature = "client")]
    pub(crate) local: Vec<LocalBinding>,
}

impl ContractRoutes {
    /// A contract without operations.
    pub fn new(service: &'static str) -> Self {
        Self {
            service,
            routes: Vec::new(),
            doc: "",
            #[cfg(feature = "client")]
            local: Vec::new(),
        }
    }

    /// Sets the contract's doc comment.
    pub fn doc(&mut self, doc: &'static str) {
        self.doc = doc;
    }

    /// Adds an operation.
    pub fn add<H, F>(&mut self, operation: &'static Operation, handler: H)
    where
        H: Fn(Input) -> F + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        self.routes.push(Route::new(operation, handler));
    }

    /// Puts a layer around the operation that `function` declares, inside of
    /// those that are there.
    pub fn layer<L: HttpLayer>(&mut self, function: &str, layer: L) {
        let mut routes = self.routes.iter_mut();
        // One that is not found is no function of the contract: the compiler
        // says so of the same name.
        if let Some(route) = routes.find(|route| route.operation.function_name() == function) {
            route.layers.add(layer);
        }
    }

    /// Lets clients in the same process call the implementation as a function.
    #[cfg(feature = "client")]
    pub fn bind_local<T: ?Sized + Send + Sync + 'static>(
        &mut self,
        slot: &'static crate::client::local::LocalSlot<T>,
        implementation: Arc<T>,
    ) {
        self.local.push(LocalBinding {
            offer: Box::new(move |service| slot.offer(service, implementation)),
        });
    }

    /// A router of these routes alone.
    #[cfg(feature = "client")]
    pub(crate) fn into_router(self) -> axum::Router {
        let around = Around::new(self.service, super::state::States::default());
        super::router::build(&Bound::all(around, &self.routes))
    }
}

/// An implementation that can be offered to clients in the same process.
#[cfg(feature = "client")]
pub(crate) struct LocalBinding {
    pub(crate) offer: Box<dyn FnOnce(&str) -> crate::client::local::LocalOffer + Send>,
}

#[cfg(feature = "client")]
impl fmt::Debug for LocalBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalBinding")
    }
}
