//! [`State`]: what handlers that are free functions share.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::wire::problem::Problem;

/// A value that was given to [`App::state`](crate::App::state), for handlers
/// that are free functions.
///
/// ```
/// use mfhm::{State, get};
///
/// #[derive(Clone)]
/// struct Greeting(String);
///
/// #[get("/hello")]
/// async fn hello(State(greeting): State<Greeting>) -> String {
///     greeting.0
/// }
/// ```
///
/// A state that was never given is an error at start, which names the handler.
/// Only inside of another extractor it can't be seen; then requests are answered
/// with 500, and the log names its type.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static, S: Sync> FromRequestParts<S> for State<T> {
    type Rejection = MissingState;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingState> {
        parts
            .extensions
            .get::<States>()
            .and_then(States::get)
            .map(Self)
            .ok_or(MissingState {
                type_name: type_name::<T>(),
            })
    }
}

/// The refusal of [`State`].
#[derive(Clone, Copy, Debug)]
pub struct MissingState {
    type_name: &'static str,
}

impl IntoResponse for MissingState {
    fn into_response(self) -> Response {
        let name = self.type_name;
        tracing::error!("a handler needs the state {name}; give it with `App::state`");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "mfhm.internal",
            "the service is not set up; its log says why",
        )
        .into_axum()
    }
}

/// Every state of an app, by type.
#[derive(Clone, Debug, Default)]
pub(crate) struct States(Arc<HashMap<TypeId, Box<dyn Any + Send + Sync>>>);

impl States {
    pub(crate) fn new(states: HashMap<TypeId, Box<dyn Any + Send + Sync>>) -> Self {
        Self(Arc::new(states))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }
}
