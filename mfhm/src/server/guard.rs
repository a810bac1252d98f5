//! A service that requires a key, as Python's `KeyAuth` does.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use crate::key::{self, Key};

/// What a request with these headers is answered instead of coming in, in the
/// words that Python peers know. Absent: it carries the key.
pub(super) fn refusal(headers: &HeaderMap, key: &Key) -> Option<Response> {
    let carried = headers.get(key::HEADER);
    if carried.is_some_and(|candidate| key.matches(candidate.as_bytes())) {
        return None;
    }
    let refusal = (
        StatusCode::FORBIDDEN,
        "You don't have permission to access service",
    );
    Some(refusal.into_response())
}
