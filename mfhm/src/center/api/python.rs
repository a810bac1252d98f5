//! The endpoints of the Python center, for Python services and proxies.
//!
//! What is accepted and what is answered is decided in [`crate::wire::python`];
//! here it is brought together with the registry.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::BODY;
use super::{Api, json};
use crate::body::{self, BodyError};
use crate::center::address;
use crate::center::admission::{Asker, Need};
use crate::center::import::operations;
use crate::center::lists::Picks;
use crate::center::record::{Origin, Place, Record};
use crate::center::registration::room::Full;
use crate::center::registration::{Outcome, host_of};
use crate::center::registry::Picked;
use crate::center::store::CommitError;
use crate::instance::InstanceId;
use crate::key::Key;
use crate::wire::python::{self, Found, Refusal};
use crate::wire::v1::OperationEntry;

/// What a redirect leaves as it is.
const IN_LOCATION: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b'%')
    .remove(b'#')
    .remove(b'?')
    .remove(b'=')
    .remove(b'@')
    .remove(b'[')
    .remove(b']')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';');

/// A known path.
enum Route<'a> {
    Ping,
    Online,
    Offline { name: &'a str, port: &'a str },
    Service { name: &'a str },
    Api { name: &'a str, api: &'a str },
}

/// Answers a request whose path belongs to nobody else.
pub(super) async fn answer(api: &Api, asker: &Asker, request: Request) -> Response {
    let path = python::decode_path(request.uri().path());
    let Some(route) = Route::find(&path) else {
        let shorter = path.trim_end_matches('/');
        if shorter.len() < path.len() && Route::find(shorter).is_some() {
            return redirect(&request, shorter);
        }
        let (parts, unread) = request.into_parts();
        body::skip(&parts.method, unread, BODY).await;
        return json(StatusCode::NOT_FOUND, python::not_found());
    };
    if request.method() != route.method() {
        let (parts, unread) = request.into_parts();
        body::skip(&parts.method, unread, BODY).await;
        return json(StatusCode::METHOD_NOT_ALLOWED, python::method_not_allowed());
    }
    let result = match route {
        Route::Ping => Ok(json(StatusCode::OK, python::ok())),
        Route::Online => online(api, asker, request).await,
        Route::Offline { name, port } => offline(api, asker, name, port).await,
        Route::Service { name } => service(api, asker, request.uri(), name).await,
        Route::Api {
            name,
            api: operation,
        } => operation_url(api, asker, name, operation).await,
    };
    result.unwrap_or_else(Failure::into_response)
}

/// `GET /ping`, for whoever asks.
pub(super) async fn ping(request: Request) -> Response {
    if request.method() == Method::GET {
        return json(StatusCode::OK, python::ok());
    }
    let (parts, unread) = request.into_parts();
    body::skip(&parts.method, unread, BODY).await;
    json(StatusCode::METHOD_NOT_ALLOWED, python::method_not_allowed())
}

/// What Python's KeyAuth answers to who does not have the key.
pub(super) fn refusal_of_key_auth() -> Response {
    let mut response = Response::new("You don't have permission to access service".into());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// 403 unless the asker may do this.
fn require(api: &Api, asker: &Asker, need: Need<'_>, path: &str) -> Result<(), Failure> {
    api.require(asker, need, path).map_err(Failure::Forbidden)
}

impl<'a> Route<'a> {
    fn find(path: &'a str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/');
        let first = segments.next()?;
        let rest = [segments.next(), segments.next(), segments.next()];
        // No parameter is empty.
        if rest.iter().flatten().any(|segment| segment.is_empty()) {
            return None;
        }
        match (first, rest) {
            ("ping", [None, ..]) => Some(Self::Ping),
            ("online", [None, ..]) => Some(Self::Online),
            ("service", [Some(name), None, _]) => Some(Self::Service { name }),
            ("offline", [Some(name), Some(port), None]) => Some(Self::Offline { name, port }),
            ("api", [Some(name), Some(api), None]) => Some(Self::Api { name, api }),
            _ => None,
        }
    }

    /// The one method that the path knows; HEAD and OPTIONS are refused too.
    fn method(&self) -> Method {
        match self {
            Self::Online => Method::POST,
            Self::Offline { .. } => Method::DELETE,
            Self::Ping | Self::Service { .. } | Self::Api { .. } => Method::GET,
        }
    }
}

async fn online(api: &Api, asker: &Asker, request: Request) -> Result<Response, Failure> {
    require(api, asker, Need::RegisterSome, "/online")?;
    if address::is_forbidden(asker.peer) {
        return Err(Failure::Forbidden(format!(
            "{} can't be registered (link-local, metadata or no single host): connect from another \
             address",
            asker.peer
        )));
    }
    let host = host_of(asker.peer);
    let (parts, content) = request.into_parts();
    let content = body::read(content, BODY).await?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let online = python::decode_online(content_type.as_deref(), &content)?;
    require(api, asker, Need::Register(&online.name), "/online")?;

    let id = api
        .registrar
        .view
        .with(|_, _, random| InstanceId::from_random(random.u128(..)));
    let record = Record {
        id,
        service: online.name,
        host,
        port: online.port,
        tls: false,
        origin: Origin::Python,
        peer: None,
        principal: asker.principal.name().map(String::into_boxed_str),
        operations: operations(online.methods),
        document: None,
        metadata: BTreeMap::new(),
        version: None,
        weight: 100,
        key: online.transmission.map(Key::new),
        secret: None,
    };
    let (service, host, port) = (record.service.clone(), record.host.clone(), record.port);
    let registered = api
        .registrar
        .register(api.registrar.shared(record), &asker.actor())
        .await?;
    match registered {
        Outcome::Registered => Ok(json(StatusCode::OK, python::ok())),
        Outcome::Full(full) => {
            tracing::warn!(?service, %host, port, "refused (python): {full}");
            Err(Failure::Full(full))
        }
        // Python services name no documents, and their ids are new ones.
        Outcome::PlaceTaken
        | Outcome::IdTaken
        | Outcome::NotYours
        | Outcome::DocumentMissing(_) => {
            tracing::info!(?service, %host, port, "refused (python): it is online");
            Ok(json(StatusCode::OK, python::service_is_online()))
        }
    }
}

async fn offline(api: &Api, asker: &Asker, name: &str, port: &str) -> Result<Response, Failure> {
    let (service, port) = python::check_offline(name, port)?;
    require(api, asker, Need::Register(&service), "/offline")?;
    // Only from the host that it registered from.
    let place = Place {
        service,
        host: host_of(asker.peer),
        port,
    };
    let body = if api.registrar.vacate(&place, &asker.actor()).await? {
        python::ok()
    } else {
        python::service_not_online()
    };
    Ok(json(StatusCode::OK, body))
}

async fn service(api: &Api, asker: &Asker, uri: &Uri, name: &str) -> Result<Response, Failure> {
    require(api, asker, Need::Read, "/service")?;
    let name = python::check_name(name, python::PathParam::Name)?;
    let wanted = instance_in_query(uri, &name);
    let is_any = matches!(wanted, Wanted::Any);
    let pick = || {
        api.registrar
            .view
            .with(|registry, _, random| registry.pick(&name, random.u64(..)))
    };
    let found = match wanted {
        Wanted::Any => match pick() {
            None if api.registrar.look_again(&name, asker.peer).await => pick(),
            picked => picked,
        },
        Wanted::At(place) => api
            .registrar
            .view
            .with(|registry, _, _| registry.at(&place).map(|l| l.record)),
        Wanted::Nothing => None,
    };
    let Some(record) = found else {
        return Ok(json(StatusCode::NOT_FOUND, python::missing_service()));
    };
    if is_any {
        keep_picks(api, &name);
    }
    let body = tell(&record, asker.may_see_keys());
    Ok(json(StatusCode::OK, body))
}

/// What is said of an instance that was found.
fn tell(record: &Record, may_see_keys: bool) -> String {
    let key = record.key.as_ref().filter(|_| may_see_keys);
    let methods: Vec<_> = record
        .operations
        .iter()
        .map(|o| method(record, o))
        .collect();
    python::found_service(&Found {
        name: &record.service,
        host: &record.host,
        port: record.port,
        key: key.map(Key::reveal),
        methods: &methods,
    })
}

/// Keeps what the next look-ups are answered. Not where keys are told: not everybody
/// is told them.
fn keep_picks(api: &Api, service: &str) {
    let view = &api.registrar.view;
    let (revision, candidates) = view.with(|r, _, _| (r.revision(), r.candidates(service)));
    if candidates.iter().all(|record| record.key.is_none()) {
        let told = |record: &Arc<Record>| (record.weight, tell(record, false).into());
        let picks = Picks::new(candidates.iter().map(told));
        view.lists().keep_picks(service, revision, picks);
    }
}

async fn operation_url(
    api: &Api,
    asker: &Asker,
    name: &str,
    operation: &str,
) -> Result<Response, Failure> {
    require(api, asker, Need::Read, "/api")?;
    let (name, operation) = python::check_names(name, operation)?;
    let pick = || {
        api.registrar
            .view
            .with(|registry, _, random| registry.pick_operation(&name, &operation, random.u64(..)))
    };
    let mut picked = pick();
    if matches!(picked, Picked::NoInstance) && api.registrar.look_again(&name, asker.peer).await {
        picked = pick();
    }
    let (status, body) = match picked {
        Picked::Instance(record) => {
            let entry = record.operations.iter().find(|o| o.name == operation);
            match entry {
                Some(entry) => {
                    let url = python::api_url(
                        record.tls,
                        &record.host,
                        record.port,
                        &template(&record, entry),
                    );
                    (StatusCode::OK, python::found_api(&url, &entry.methods))
                }
                None => (
                    StatusCode::NOT_FOUND,
                    python::missing_api(&name, &operation),
                ),
            }
        }
        Picked::NoOperation => (
            StatusCode::NOT_FOUND,
            python::missing_api(&name, &operation),
        ),
        Picked::NoInstance => (StatusCode::NOT_FOUND, python::missing_service_for_api()),
    };
    Ok(json(status, body))
}

fn method(record: &Record, entry: &OperationEntry) -> (String, python::Method) {
    let path = template(record, entry).into_owned();
    (
        entry.name.clone(),
        python::Method {
            path,
            methods: entry.methods.clone(),
        },
    )
}

fn template<'a>(record: &Record, entry: &'a OperationEntry) -> Cow<'a, str> {
    match record.origin {
        Origin::Python => Cow::Borrowed(&entry.path),
        Origin::V1 => Cow::Owned(python::to_python_template(&entry.path)),
    }
}

/// Which instance a lookup is for.
enum Wanted {
    Any,
    At(Place),
    /// One that can't exist.
    Nothing,
}

/// mfhm's own extension for Rust callers, which choose the instance themselves:
/// `?host=H&port=P` asks for exactly that one. Other queries are ignored.
fn instance_in_query(uri: &Uri, service: &str) -> Wanted {
    let mut host = None;
    let mut port = None;
    for pair in uri.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "host" => host = Some(percent_decode_str(value).decode_utf8_lossy().into_owned()),
            "port" => port = Some(value.parse::<u16>()),
            _ => {}
        }
    }
    match (host, port) {
        (Some(host), Some(Ok(port))) => Wanted::At(Place {
            service: service.to_owned(),
            host,
            port,
        }),
        (Some(_), Some(Err(_))) => Wanted::Nothing,
        _ => Wanted::Any,
    }
}

/// 307 to the path without its slashes at the end, as an absolute URL.
fn redirect(request: &Request, path: &str) -> Response {
    let path = utf8_percent_encode(path, IN_LOCATION);
    let query = request
        .uri()
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let location = match host {
        Some(host) => format!("http://{host}{path}{query}"),
        None => format!("{path}{query}"),
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Why a request is not answered as it hoped.
enum Failure {
    Refused(Refusal),
    Forbidden(String),
    Body(BodyError),
    Store(CommitError),
    Full(Full),
}

impl Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.status);
                json(status.unwrap_or(StatusCode::BAD_REQUEST), refusal.body)
            }
            Self::Forbidden(why) => json(StatusCode::FORBIDDEN, detail(&why)),
            Self::Body(error) => json(
                error.status(),
                detail(&format!("the body {}", error.detail(BODY))),
            ),
            Self::Full(full) => json(full.status(), detail(&full.to_string())),
            Self::Store(error) => {
                tracing::error!(%error, "a request could not be carried out");
                json(
                    unavailable(&error),
                    detail("the center can't store this at the moment"),
                )
            }
        }
    }
}

/// The status of an answer to a write that could not be done.
pub(super) fn unavailable(error: &CommitError) -> StatusCode {
    match error {
        CommitError::Failed { is_full: true, .. } => StatusCode::INSUFFICIENT_STORAGE,
        CommitError::Failed { .. } | CommitError::Conflict(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

pub(super) fn detail(text: &str) -> String {
    serde_json::json!({ "detail": text }).to_string()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self::Store(error)
    }
}
