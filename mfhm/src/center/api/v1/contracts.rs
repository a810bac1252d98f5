//! Documents, callers and verdicts: `/v1/documents` and what is below a service.

use std::net::IpAddr;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::{Refused, ok, refuse, store_problem, unknown_service};
use crate::body::{self, BodyLimits};
use crate::center::admission::{Asker, Need};
use crate::center::api::{Api, BODY, json};
use crate::center::contracts::document::{BadDocument, Document};
use crate::center::contracts::documents::NoRoom;
use crate::center::registry::Owner;
use crate::wire::v1::{
    CallerReport, Compatibility, DocumentHash, HEADER_CALLER, MAX_DOCUMENT, ServiceCallers,
    VerdictView,
};

const DOCUMENT: BodyLimits = BodyLimits {
    longest: MAX_DOCUMENT,
    ..BODY
};

/// `PUT /v1/documents/{hash}`.
pub(super) async fn bring(
    api: &Api,
    asker: &Asker,
    hash: &str,
    request: Request,
) -> Result<Response, Refused> {
    super::require(api, asker, Need::RegisterSome, request.uri().path())?;
    let actor = asker.actor();
    let hash: Result<DocumentHash, _> = hash.parse();
    let (parts, content) = request.into_parts();
    if let Ok(hash) = &hash
        && api.registrar.touch_document(hash)
    {
        // A thousand instances that start at once bring it once.
        body::skip(&parts.method, content, DOCUMENT).await;
        return Ok(no_content());
    }
    let content = body::read(content, DOCUMENT).await.map_err(|error| {
        let detail = format!("the document {}", error.detail(DOCUMENT));
        refuse(error.status(), "mfhm.invalid_document", detail)
    })?;
    super::register::expect_json(&parts.headers)?;
    let hash = hash.map_err(|error| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        refuse(status, "mfhm.invalid_document", error.to_string())
    })?;
    let checking = tokio::task::spawn_blocking(move || Document::check(hash, content));
    let checked = checking.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a document could not be checked");
        Err(BadDocument::NoOpenApi("can't be read"))
    });
    let document = checked.map_err(|bad| {
        let status = match bad {
            BadDocument::NoJson(_) => StatusCode::BAD_REQUEST,
            BadDocument::OtherHash(_) | BadDocument::NoOpenApi(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
        };
        refuse(
            status,
            "mfhm.invalid_document",
            format!("the document {bad}"),
        )
    })?;
    let owner = Owner::new(asker.principal.name().as_deref(), asker.peer);
    match api.registrar.keep(document, &owner, &actor).await {
        Ok(Ok(())) => Ok(no_content()),
        Ok(Err(no_room)) => Err(refuse(
            StatusCode::CONFLICT,
            "mfhm.documents_full",
            match no_room {
                NoRoom::Own => {
                    "half of the documents that the center can keep are by this peer, and \
                     instances have all of them: let some that are not needed leave"
                }
                NoRoom::All => {
                    "the center keeps as many documents as it can, and instances have all of them"
                }
            },
        )),
        Err(error) => Err(store_problem(error)),
    }
}

/// `GET /v1/services/{name}/openapi.json`.
pub(super) fn document(api: &Api, name: &str, query: Option<&str>) -> Result<Response, Refused> {
    let wanted = query.and_then(|query| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == "instance");
        values
            .next()
            .map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
    });
    let (is_known, document) = api.registrar.view.with(|registry, _, _| {
        let Some(wanted) = &wanted else {
            let is_known = !registry.view(name).is_empty();
            return (is_known, registry.document(name));
        };
        let record = wanted.parse().ok().and_then(|id| registry.get(&id));
        let record = record.filter(|record| record.service == name);
        let hash = record.as_ref().and_then(|record| record.document.as_ref());
        let document = hash.and_then(|hash| registry.contracts().documents.get(hash));
        (record.is_some(), document.cloned())
    });
    let Some(document) = document else {
        return Err(match (is_known, wanted) {
            (true, _) => refuse(
                StatusCode::NOT_FOUND,
                "mfhm.no_document",
                format!(
                    "{name:?} registered without an OpenAPI document: Rust services have one \
                     with the feature `openapi`"
                ),
            ),
            (false, None) => unknown_service(name),
            (false, Some(id)) => refuse(
                StatusCode::NOT_FOUND,
                "mfhm.unknown_instance",
                format!("no instance {id:?} of {name:?} is registered"),
            ),
        });
    };
    let mut response = json(StatusCode::OK, document.bytes.clone());
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", document.hash)) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// `GET /v1/services/{name}/callers`.
pub(super) fn callers(api: &Api, name: &str) -> Result<Response, Refused> {
    let (is_known, callers) = api
        .registrar
        .view
        .with(|registry, now, _| (!registry.view(name).is_empty(), registry.callers(name, now)));
    if !is_known && callers.is_empty() {
        return Err(unknown_service(name));
    }
    Ok(ok(&ServiceCallers {
        service: name.to_owned(),
        callers,
    }))
}

/// `GET /v1/services/{name}/compatibility`.
pub(super) fn compatibility(api: &Api, name: &str) -> Result<Response, Refused> {
    let (is_known, verdict) = api.registrar.view.with(|registry, now, _| {
        let verdict = registry.contracts().verdict(name);
        let verdict = verdict.map(|(verdict, at)| VerdictView {
            instance: verdict.instance.clone(),
            address: verdict.address.clone(),
            version: verdict.version.clone(),
            registered: verdict.is_registered,
            age_ms: u64::try_from(now.saturating_sub(at).as_millis()).unwrap_or(u64::MAX),
            breaks: verdict.breaks.clone(),
        });
        (!registry.view(name).is_empty(), verdict)
    });
    if !is_known && verdict.is_none() {
        return Err(unknown_service(name));
    }
    Ok(ok(&Compatibility {
        service: name.to_owned(),
        policy: api.registrar.policy.to_string(),
        verdict,
    }))
}

/// Takes note of what a reader of a service says it uses. What can't be read is
/// passed over: nobody is to miss a service for it.
pub(in crate::center::api) fn note_caller(
    api: &Api,
    name: &str,
    peer: IpAddr,
    headers: &HeaderMap,
) {
    let value = headers.get(HEADER_CALLER);
    let report = value.and_then(|value| CallerReport::from_header(value.as_bytes()));
    if let Some(report) = report {
        api.registrar.view.with(|registry, now, _| {
            let callers = &mut registry.contracts_mut().callers;
            callers.report(name, peer, report, now);
        });
    }
}

fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
