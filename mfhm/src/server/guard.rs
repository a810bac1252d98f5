//! A service that requires a key, as Python's `KeyAuth` does.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::key::{self, Key};

/// Lets only requests pass that carry `key`; `/ping` is no exception, for the
/// center knows the key.
pub(crate) fn require_key(router: Router, key: Key) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let is_allowed = request
            .headers()
            .get(key::HEADER)
            .is_some_and(|candidate| key.matches(candidate.as_bytes()));
        async move {
            if is_allowed {
                next.run(request).await
            } else {
                forbidden()
            }
        }
    }))
}

/// The answer that Python peers know.
fn forbidden() -> Response {
    (
        StatusCode::FORBIDDEN,
        "You don't have permission to access service",
    )
        .into_response()
}
