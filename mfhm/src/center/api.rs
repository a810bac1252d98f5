//! The center's HTTP interface: decode, apply, encode.
//!
//! There is no router, because Python decodes a path before it
//! routes it, and routers decode after. Look-ups that were answered a moment ago are
//! answered at once ([`look_up`]). Of all others, paths under `/v1` are protocol v1
//! ([`v1`]), `/health` is for operators ([`operate`]), all others belong to the
//! Python endpoints ([`python`]).

mod look_up;
mod operate;
mod python;
#[cfg(test)]
mod tests;
mod v1;

use std::future::ready;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::future::Either;
use http::{HeaderValue, StatusCode, header};

use super::admission::{Admission, Asker, Asks, Need, Stopped};
use super::identity::Signer;
use super::registration::Registrar;
use super::watch::WatchLimit;
use crate::body::{self, BodyLimits};
use crate::listener::Answer;
use crate::wire::problem::Problem;

/// Registrations are small.
const BODY: BodyLimits = BodyLimits {
    longest: 256 * 1024,
    skipped: 4 * 1024 * 1024,
    time: Duration::from_secs(10),
};

/// What the handlers work with.
pub(crate) struct Api {
    pub registrar: Arc<Registrar>,
    /// Who comes in.
    pub admission: Arc<Admission>,
    /// Says who calls.
    pub signer: Arc<Signer>,
    pub watches: Arc<WatchLimit>,
}

impl Answer for Arc<Api> {
    fn answer(&self, request: Request, peer: SocketAddr) -> impl Future<Output = Response> + Send {
        let peer = peer.ip().to_canonical();
        match look_up::at_once(self, &request, peer) {
            Some(response) => Either::Left(ready(response)),
            // Boxed: it is large, and a connection keeps room for what may be answered
            // on it.
            None => Either::Right(Box::pin(answer(self.clone(), request, peer))),
        }
    }
}

/// The same for who has requests and no connections. Without a [`Peer`] nobody is
/// trusted.
///
/// [`Peer`]: crate::listener::Peer
#[cfg(any(test, fuzzing))]
pub(crate) fn router(api: Api) -> axum::Router {
    let api = Arc::new(api);
    axum::Router::new().fallback(move |request: Request| {
        let peer = request.extensions().get::<crate::listener::Peer>();
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        let peer = peer.map_or(nobody, |peer| peer.0);
        let api = api.clone();
        async move { api.answer(request, peer).await }
    })
}

async fn answer(api: Arc<Api>, request: Request, peer: IpAddr) -> Response {
    let path = request.uri().path();
    // Python's KeyAuth guards these two as well, so where there is only a key it is
    // asked for everywhere.
    let is_open = matches!(path, "/health" | "/ping") && api.admission.asks() != Asks::Key;
    if is_open {
        return match path {
            "/health" => operate::health(&api, request.method()),
            _ => python::ping(request).await,
        };
    }
    let asker = match api.admission.admit(peer, request.headers()).await {
        Ok(asker) => asker,
        Err(stopped) => return refuse(&api, peer, stopped, request).await,
    };
    if is_v1(path) {
        v1::answer(&api, &asker, request).await
    } else if path == "/health" {
        operate::health(&api, request.method())
    } else {
        python::answer(&api, &asker, request).await
    }
}

fn is_v1(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// What is answered to who does not come in.
async fn refuse(api: &Api, peer: IpAddr, stopped: Stopped, request: Request) -> Response {
    let why = api.admission.explain(stopped);
    let (parts, unread) = request.into_parts();
    let path = parts.uri.path();
    api.admission.note(peer, path, &why);
    // So that the answer is read, and not a reset connection seen.
    body::skip(&parts.method, unread, BODY).await;
    let is_key = api.admission.asks() == Asks::Key;
    if is_key && !is_v1(path) {
        return python::refusal_of_key_auth();
    }
    let mut response = if is_v1(path) {
        let code = match stopped {
            Stopped::NothingSent => "mfhm.no_token",
            Stopped::Unknown => "mfhm.unknown_token",
        };
        Problem::new(StatusCode::UNAUTHORIZED, code, why).into_axum()
    } else {
        json(StatusCode::UNAUTHORIZED, python::detail(&why))
    };
    let challenge = match stopped {
        Stopped::NothingSent => "Bearer",
        Stopped::Unknown => r#"Bearer error="invalid_token""#,
    };
    let challenge = HeaderValue::from_static(challenge);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

impl Api {
    /// Whether the asker may do this; the error says what it lacks.
    fn require(&self, asker: &Asker, need: Need<'_>, path: &str) -> Result<(), String> {
        asker
            .require(need)
            .inspect_err(|why| self.admission.note(asker.peer, path, why))
    }
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
