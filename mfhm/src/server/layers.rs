//! Layers around a service and around one operation: tower's, as axum takes
//! them.
//!
//! From the outside in: those of the [`App`](crate::App), of the service, of the
//! operation, then the time limit and the handler. On one item the first is the
//! outermost.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, Route};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that can stand around services and operations: any
/// [`tower::Layer`](https://docs.rs/tower-layer) that axum's `Router::layer`
/// takes, such as those of tower-http. For [`App::layer`](crate::App::layer) and
/// `#[layer(…)]`; there is nothing to implement.
///
/// A layer whose service can fail (tower's own `timeout`, for one) needs
/// `axum::error_handling::HandleErrorLayer` around it, which makes an answer of
/// the failure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a layer of a service",
    label = "not a `tower::Layer` that axum's `Router::layer` takes",
    note = "a layer can be cloned and sent; its service takes `axum::extract::Request`, answers what axum can answer with, and does not fail"
)]
pub trait HttpLayer: Send + Sync + 'static {
    #[doc(hidden)]
    fn __mfhm_around_operation(&self, operation: MethodRouter) -> MethodRouter;

    #[doc(hidden)]
    fn __mfhm_around_service(&self, service: Router) -> Router;
}

impl<L> HttpLayer for L
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    fn __mfhm_around_operation(&self, operation: MethodRouter) -> MethodRouter {
        operation.layer(self.clone())
    }

    fn __mfhm_around_service(&self, service: Router) -> Router {
        service.layer(self.clone())
    }
}

/// Layers, the outermost first.
#[derive(Clone, Default)]
pub struct Layers(Vec<Arc<dyn HttpLayer>>);

impl Layers {
    /// Adds one inside of those that are there.
    pub fn add<L: HttpLayer>(&mut self, layer: L) {
        self.0.push(Arc::new(layer));
    }

    /// All of `outer`, and these inside.
    pub(crate) fn within(self, outer: &Self) -> Self {
        Self(outer.0.iter().cloned().chain(self.0).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn around_operation(&self, operation: MethodRouter) -> MethodRouter {
        let from_within = self.0.iter().rev();
        from_within.fold(operation, |inner, layer| {
            layer.__mfhm_around_operation(inner)
        })
    }

    pub(crate) fn around_service(&self, service: Router) -> Router {
        let from_within = self.0.iter().rev();
        from_within.fold(service, |inner, layer| layer.__mfhm_around_service(inner))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} layers", self.0.len())
    }
}
