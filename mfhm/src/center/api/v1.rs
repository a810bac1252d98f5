//! Protocol v1, for Rust peers and anything else that speaks HTTP and JSON. The
//! table is in [`crate::wire::v1`]; every refusal is a problem document.

mod audit;
mod contracts;
mod export;
mod hold;
mod identity;
mod register;
mod watch;

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::stream::Stream;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::Frame;
use percent_encoding::percent_decode_str;
use pin_project_lite::pin_project;
use serde::Serialize;

pub(super) use self::contracts::note_caller;
use super::python::unavailable;
use super::{Api, BODY, json};
use crate::body;
use crate::center::address;
use crate::center::admission::{Asker, Need, Withdrawn};
use crate::center::digest::SecretDigest;
use crate::center::record::{Origin, Record};
use crate::center::registry::Listed;
use crate::center::store::CommitError;
use crate::instance::InstanceId;
use crate::listener::Lasting;
use crate::wire::problem::Problem;
use crate::wire::python;
use crate::wire::v1::{
    InstanceView, Lease, OperationEntry, Registered, ServiceList, ServiceSummary, ServiceView,
};

/// Why a request is not answered as it hoped. Boxed: a problem is large, and rare.
type Refused = Box<Problem>;

/// Answers a request whose path is under `/v1`.
pub(super) async fn answer(api: &Api, asker: &Asker, request: Request) -> Response {
    // Split first, decode then: `%2F` is a part of a name here.
    let segments: Vec<String> = request.uri().path()["/v1".len()..]
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let allowed: &[Method] = match segments.as_slice() {
        ["instances"] => &[Method::POST],
        ["instances", _] => &[Method::PUT, Method::DELETE],
        ["instances", _, "hold"] => &[Method::GET],
        ["instances", _, "drain" | "report"] => &[Method::POST],
        ["watch"] | ["identity", "keys"] => &[Method::GET],
        ["identity"] => &[Method::POST],
        ["audit"] => &[Method::GET, Method::HEAD],
        ["export"] => &[Method::GET],
        ["documents", _] => &[Method::PUT],
        ["services"] | ["services", _] => &[Method::GET, Method::HEAD],
        ["services", _, "openapi.json" | "callers" | "compatibility"] => {
            &[Method::GET, Method::HEAD]
        }
        _ => &[],
    };
    if !allowed.contains(request.method()) {
        let refusal = refuse_route(&request, allowed);
        let (parts, unread) = request.into_parts();
        body::skip(&parts.method, unread, BODY).await;
        return refusal;
    }
    let result = match segments.as_slice() {
        ["instances"] => register::register(api, asker, request).await,
        ["instances", id] if request.method() == Method::PUT => {
            let id = (*id).to_owned();
            let (parts, unread) = request.into_parts();
            body::skip(&parts.method, unread, BODY).await;
            renew(api, &id, asker).await
        }
        ["instances", id] => leave(api, id, asker).await,
        ["instances", id, "hold"] => hold::hold(api, id, asker).await,
        ["instances", id, command] => {
            let (parts, unread) = request.into_parts();
            body::skip(&parts.method, unread, BODY).await;
            match *command {
                "drain" => hold::drain(api, id, asker).await,
                _ => hold::report(api, id),
            }
        }
        ["services"] => Ok(list(api)),
        ["identity"] => identity::assert(api, asker, request).await,
        ["identity", _] => Ok(identity::keys(api)),
        ["documents", hash] => contracts::bring(api, asker, hash, request).await,
        ["services", name] => {
            note_caller(api, name, asker.peer, request.headers());
            read(api, name, asker.peer).await
        }
        ["services", name, "openapi.json"] => contracts::document(api, name, request.uri().query()),
        ["services", name, "callers"] => contracts::callers(api, name),
        ["services", name, "compatibility"] => contracts::compatibility(api, name),
        ["audit"] => audit::audit(api, asker, request.uri().query()).await,
        ["export"] => export::export(api, asker).await,
        ["watch"] => watch::watch(api, asker, &request),
        _ => Err(refuse(
            StatusCode::NOT_FOUND,
            "mfhm.not_found",
            "no such path",
        )),
    };
    result.unwrap_or_else(|problem| {
        let retry_after = match problem.code.as_str() {
            "mfhm.warming" | watch::TOO_MANY => Some("1"),
            // It ends when others leave.
            register::TOO_MANY_INSTANCES => Some("30"),
            _ => None,
        };
        let mut response = problem.into_axum();
        if let Some(seconds) = retry_after {
            let seconds = HeaderValue::from_static(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    })
}

async fn renew(api: &Api, id: &str, asker: &Asker) -> Result<Response, Refused> {
    let known = find(api, id, asker).await?;
    match api.registrar.renew(&known) {
        Some(record) => Ok(ok(&registered(api, &record))),
        None => Err(unknown_instance(id)),
    }
}

async fn leave(api: &Api, id: &str, asker: &Asker) -> Result<Response, Refused> {
    let known = find(api, id, asker).await?;
    let left = api.registrar.leave(&known, &asker.actor()).await;
    if !left.map_err(store_problem)? {
        return Err(unknown_instance(id));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The instance that a request is about. Ids are told to everybody, so only who has
/// its lease secret speaks for it; without a secret, the host that it registered from.
async fn find(api: &Api, id: &str, asker: &Asker) -> Result<InstanceId, Refused> {
    let known = id.parse().ok().and_then(|id: InstanceId| {
        api.registrar
            .view
            .with(|registry, _, _| registry.get(&id))
            // The ids of Python instances are the center's own.
            .filter(|record| record.origin == Origin::V1)
    });
    let Some(record) = known else {
        return Err(unknown_instance(id));
    };
    require(api, asker, Need::Register(&record.service), id)?;
    let peer = asker.peer;
    if let Some(secret) = &record.secret {
        let sent = asker.lease.as_ref();
        if sent.is_some_and(|sent| SecretDigest::of(sent.reveal().as_bytes()) == *secret) {
            return Ok(record.id.clone());
        }
        let lacking = match sent {
            None => "its lease secret is missing",
            Some(_) => "this is not its lease secret",
        };
        let why = format!(
            "only the instance {id:?} itself renews, holds and drains it and lets it leave, and \
             {lacking}: send the `secret` of its registration in the header mfhm-lease; \
             operators drain it, with a token that has the scope operate"
        );
        return Err(not_yours(api, asker, id, why));
    }
    let is_own = match record.peer {
        Some(registrant) => address::is_same(registrant, peer),
        None => address::is_host(&record.host, peer).await,
    };
    if !is_own {
        let why = format!(
            "the instance {id:?} registered from another host than this request comes from \
             ({peer}): only that host renews it and lets it leave"
        );
        return Err(not_yours(api, asker, id, why));
    }
    Ok(record.id.clone())
}

fn not_yours(api: &Api, asker: &Asker, about: &str, why: String) -> Refused {
    api.admission.note(asker.peer, about, &why);
    refuse(StatusCode::FORBIDDEN, "mfhm.not_yours", why)
}

/// 403 unless the asker may do this. `about` is for the log.
fn require(api: &Api, asker: &Asker, need: Need<'_>, about: &str) -> Result<(), Refused> {
    api.require(asker, need, about)
        .map_err(|why| refuse(StatusCode::FORBIDDEN, "mfhm.not_allowed", why))
}

/// 403 unless the asker operates the center. `what` is what only operators do.
fn require_operator(asker: &Asker, what: &str) -> Result<(), Refused> {
    if asker.is_operator() {
        return Ok(());
    }
    let detail = format!(
        "operators {what}: those with a token that has the scope operate (`mfhm token new --scope \
         operate`) or with the shared key, and where the center asks for neither, who is on its \
         own machine"
    );
    Err(refuse(StatusCode::FORBIDDEN, "mfhm.operators_only", detail))
}

fn list(api: &Api) -> Response {
    let list = api.registrar.view.with(|registry, _, _| ServiceList {
        revision: registry.revision(),
        services: registry
            .services()
            .map(|(name, instances, up)| ServiceSummary {
                name: name.to_owned(),
                instances,
                up,
            })
            .collect(),
    });
    ok(&list)
}

async fn read(api: &Api, name: &str, asker: IpAddr) -> Result<Response, Refused> {
    let view = || {
        api.registrar
            .view
            .with(|r, _, _| (r.revision(), r.view(name)))
    };
    let (mut revision, mut listed) = view();
    let is_usable = listed.iter().any(|instance| instance.status.is_usable());
    if !is_usable && api.registrar.look_again(name, asker).await {
        (revision, listed) = view();
    }
    if listed.is_empty() && api.registrar.view.is_warming(name) {
        return Err(warming(name));
    }
    if listed.is_empty() {
        return Err(unknown_service(name));
    }
    let view = ServiceView {
        service: name.to_owned(),
        revision,
        instances: listed.iter().map(instance_view).collect(),
    };
    let body = Bytes::from(serde_json::to_vec(&view).unwrap_or_default());
    // Where nobody can be used, each look-up looks again.
    if listed.iter().any(|instance| instance.status.is_usable()) {
        let lists = api.registrar.view.lists();
        lists.keep_view(name, revision, body.clone());
    }
    Ok(json(StatusCode::OK, body))
}

/// Whoever was registered with the disk that is gone comes back by itself.
fn warming(name: &str) -> Refused {
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "mfhm.warming",
        format!(
            "no instance of {name:?} is registered, but this center started a moment ago and \
             with nothing on its disk: try again"
        ),
    )
}

fn instance_view(listed: &Listed) -> InstanceView {
    let Listed { record, status } = listed;
    InstanceView {
        id: record.id.clone(),
        host: record.host.clone(),
        port: record.port,
        status: *status,
        operations: record
            .operations
            .iter()
            .map(|o| operation(record, o))
            .collect(),
        metadata: record.metadata.clone(),
        version: record.version.clone(),
        weight: record.weight,
        // That there is a key is told to everybody, the key to nobody.
        key: record.key.is_some(),
        tls: record.tls,
    }
}

fn operation(record: &Record, entry: &OperationEntry) -> OperationEntry {
    let path = match record.origin {
        Origin::Python => python::from_python_template(&entry.path),
        Origin::V1 => entry.path.clone(),
    };
    OperationEntry {
        path,
        ..entry.clone()
    }
}

/// The answer to a registration and to a renewal.
fn registered(api: &Api, record: &Record) -> Registered {
    let ttl = api
        .registrar
        .view
        .with(|registry, _, _| registry.limits().lease_ttl);
    let millis = |duration: std::time::Duration| {
        u64::try_from(duration.as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    };
    Registered {
        // Two renewals may be lost before the lease ends.
        lease: Lease {
            ttl_ms: millis(ttl),
            renew_ms: millis(ttl / 3),
        },
        host: record.host.clone(),
        breaks: Vec::new(),
    }
}

/// A comment in an event stream.
const COMMENT: &[u8] = b":\n\n";

/// An answer that goes on until one side ends it, or what let the asker in is
/// withdrawn.
fn event_stream(
    api: &Api,
    asker: &Asker,
    frames: impl Stream<Item = Bytes> + Send + 'static,
) -> Response {
    let events = Events {
        frames,
        withdrawn: api.admission.withdrawn(&asker.principal),
        is_over: false,
    };
    let mut response = Response::new(Body::new(events));
    response.extensions_mut().insert(Lasting);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

pin_project! {
    /// The body of an event stream. There may be one for each instance and each watcher,
    /// so nothing is in it that is not needed while it waits.
    struct Events<S> {
        #[pin]
        frames: S,
        withdrawn: Option<Withdrawn>,
        is_over: bool,
    }
}

impl<S: Stream<Item = Bytes>> http_body::Body for Events<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.project();
        if !*this.is_over {
            let withdrawn = this.withdrawn.as_mut();
            *this.is_over = withdrawn.is_some_and(|it| it.poll_unpin(context).is_ready());
        }
        if *this.is_over {
            return Poll::Ready(None);
        }
        let frame = ready!(this.frames.poll_next(context));
        *this.is_over = frame.is_none();
        Poll::Ready(frame.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, serde_json::to_vec(body).unwrap_or_default())
}

fn unknown_instance(id: &str) -> Refused {
    refuse(
        StatusCode::NOT_FOUND,
        "mfhm.unknown_instance",
        format!("no instance {id:?} is registered: register it (again)"),
    )
}

fn unknown_service(name: &str) -> Refused {
    refuse(
        StatusCode::NOT_FOUND,
        "mfhm.unknown_service",
        format!("no instance of {name:?} is registered"),
    )
}

fn store_problem(error: CommitError) -> Refused {
    tracing::error!(%error, "a request could not be carried out");
    let detail = "the center can't store this at the moment: try again";
    refuse(unavailable(&error), "mfhm.store_unavailable", detail)
}

fn refuse(status: StatusCode, code: &str, detail: impl Into<String>) -> Refused {
    Box::new(Problem::new(status, code, detail))
}

fn refuse_route(request: &Request, allowed: &[Method]) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if allowed.is_empty() {
        let detail = format!("there is no {path}");
        return Problem::new(StatusCode::NOT_FOUND, "mfhm.not_found", detail).into_axum();
    }
    let allowed = allowed
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let detail = format!("{path} knows {allowed}, not {method}");
    let mut response = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "mfhm.method_not_allowed",
        detail,
    )
    .into_axum();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
