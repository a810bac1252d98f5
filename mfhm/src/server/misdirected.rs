//! Requests that are meant for another service.
//!
//! A port changes hands: a service stops, another one takes it, and callers have
//! the old list for a moment more. They say whom they mean, so that nobody runs
//! what was asked of somebody else: 421 (Misdirected Request), and the header that
//! says that nothing was run.
//!
//! Only the service's name counts. A new process of the same service in the same
//! place is as good as the one before.

use axum::response::Response;
use http::{HeaderMap, HeaderName, StatusCode};

use super::not_run;
use crate::wire::problem::Problem;
use crate::wire::v1::{HEADER_SERVICE, MISDIRECTED};

/// A name that is parsed once and not for each request.
static MEANT: HeaderName = HeaderName::from_static(HEADER_SERVICE);

/// What a request with these headers is answered when it is not for `service`.
/// Absent: it is, or does not say for whom.
pub(super) fn refusal(headers: &HeaderMap, service: &str) -> Option<Response> {
    let meant = headers.get(&MEANT)?;
    if meant.as_bytes() == service.as_bytes() {
        return None;
    }
    let meant = String::from_utf8_lossy(meant.as_bytes());
    let detail = format!("this is the service {service:?}, and the request is for {meant:?}");
    let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, MISDIRECTED, detail);
    Some(not_run::mark(problem.into_axum()))
}
