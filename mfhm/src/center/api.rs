//! The center's HTTP interface: decode, apply, encode.
//!
//! One fallback answers everything, because Python decodes a path before it
//! routes it, and routers decode after. Paths under `/v1` are protocol v1
//! ([`v1`]), `/health` is for operators ([`operate`]), all others belong to the
//! Python endpoints ([`python`]).

mod operate;
mod python;
#[cfg(test)]
mod tests;
mod v1;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::key_auth;
use super::registration::Registrar;
use super::watch::WatchLimit;
use crate::body::BodyLimits;
use crate::key::Key;
use crate::listener::Peer;

/// Registrations are small.
const BODY: BodyLimits = BodyLimits {
    longest: 256 * 1024,
    skipped: 4 * 1024 * 1024,
    time: Duration::from_secs(10),
};

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct Api {
    pub registrar: Arc<Registrar>,
    /// When present, every request must carry it.
    pub key: Option<Arc<Key>>,
    pub watches: Arc<WatchLimit>,
}

/// The router of the whole center.
pub(crate) fn router(api: Api) -> Router {
    Router::new().fallback(answer).with_state(api)
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    if let Some(key) = &api.key
        && let Some(refusal) = key_auth::refusal(key, request.headers())
    {
        return refusal;
    }
    let path = request.uri().path();
    if path == "/v1" || path.starts_with("/v1/") {
        v1::answer(&api, request).await
    } else if path == "/health" {
        operate::health(&api, request.method())
    } else {
        python::answer(&api, request).await
    }
}

impl Api {
    /// Whether this peer may be told the keys of services: it is on this machine,
    /// or it came in with the center's own key.
    fn may_see_keys(&self, peer: IpAddr) -> bool {
        self.key.is_some() || peer.is_loopback()
    }
}

/// Who sent a request: the socket's other end. A header's claim is never asked.
fn peer(request: &Request) -> IpAddr {
    // The listener sets it for every request; without it nobody is trusted.
    let peer = request
        .extensions()
        .get::<Peer>()
        .map(|Peer(address)| address.ip());
    peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
        .to_canonical()
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
