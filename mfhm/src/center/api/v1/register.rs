//! `POST /v1/instances`: reads a registration, lists everything that is wrong
//! with it, and registers it.

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::{Refused, ok, refuse, registered, store_problem};
use crate::body;
use crate::center::address;
use crate::center::admission::{Asker, Need};
use crate::center::api::{Api, BODY};
use crate::center::digest::SecretDigest;
use crate::center::record::check::{check, invalid};
use crate::center::record::{Origin, Record};
use crate::center::registration::Outcome;
use crate::json::{self, Unreadable};
use crate::wire::problem::Problem;
use crate::wire::v1::{Break, DOCUMENT_MISSING, DocumentHash, Register};

/// Code of the answer that there is no room.
pub(super) const TOO_MANY_INSTANCES: &str = "mfhm.too_many_instances";

pub(super) async fn register(
    api: &Api,
    asker: &Asker,
    request: Request,
) -> Result<Response, Refused> {
    let peer = asker.peer;
    super::require(api, asker, Need::RegisterSome, request.uri().path())?;
    let (parts, content) = request.into_parts();
    let content = body::read(content, BODY).await.map_err(|error| {
        let detail = format!("the body {}", error.detail(BODY));
        refuse(error.status(), "mfhm.invalid_body", detail)
    })?;
    let register = decode(&parts.headers, &content)?;
    let mut errors = check(&register);
    let asked = register.address.host.as_deref();
    let host = address::admit(asked, peer, &api.registrar.allowed)
        .await
        .unwrap_or_else(|e| {
            errors.push(invalid("address.host", e));
            String::new()
        });
    if register.address.tls && !api.registrar.can_ping_tls {
        let why = "this center has no authority to check the certificates of services with: \
                   start it with --tls-ca (and a build with the feature `tls`)";
        errors.push(invalid("address.tls", why.to_owned()));
    }
    if !errors.is_empty() {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.name, one.detail),
            many => format!("{} fields are not valid", many.len()),
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let problem = Problem::new(status, "mfhm.invalid_body", detail);
        return Err(Box::new(Problem { errors, ..problem }));
    }

    let name = &register.service;
    super::require(api, asker, Need::Register(name), parts.uri.path())?;

    let secret = register.secret.as_ref();
    let record = Record {
        id: register.id,
        service: register.service,
        host,
        port: register.address.port,
        tls: register.address.tls,
        origin: Origin::V1,
        peer: Some(peer),
        principal: asker.principal.name().map(String::into_boxed_str),
        operations: register.operations.into(),
        document: register.document,
        metadata: register.metadata,
        version: register.version,
        weight: register.weight,
        key: register.key,
        secret: secret.map(|secret| SecretDigest::of(secret.reveal().as_bytes())),
    };
    let record = api.registrar.shared(record);
    if let Some(hash) = &record.document
        && !api.registrar.touch_document(hash)
    {
        return Err(document_missing(hash));
    }
    let judged = api.registrar.judge(&record).await;
    if let Some(judged) = judged.as_ref().filter(|judged| judged.is_refused) {
        api.registrar.note_verdict(&record, judged);
        return Err(breaks_callers(&record, &judged.breaks));
    }
    let outcome = api
        .registrar
        .register(record.clone(), &asker.actor())
        .await
        .map_err(store_problem)?;
    let Record {
        id,
        service,
        host,
        port,
        ..
    } = &*record;
    match outcome {
        Outcome::Registered => {
            let mut answer = registered(api, &record);
            if let Some(judged) = judged {
                api.registrar.note_verdict(&record, &judged);
                answer.breaks = judged.breaks;
            }
            Ok(ok(&answer))
        }
        Outcome::DocumentMissing(hash) => Err(document_missing(&hash)),
        Outcome::Full(full) => {
            tracing::warn!(?service, %host, port, %id, "refused (v1): {full}");
            Err(refuse(full.status(), TOO_MANY_INSTANCES, full.to_string()))
        }
        Outcome::PlaceTaken => {
            tracing::info!(?service, %host, port, %id, "refused (v1): the address is taken");
            Err(refuse(
                StatusCode::CONFLICT,
                "mfhm.address_taken",
                format!("{host}:{port} belongs to a living instance of {service:?}"),
            ))
        }
        Outcome::IdTaken => Err(refuse(
            StatusCode::CONFLICT,
            "mfhm.id_taken",
            format!("the id {id} belongs to a living instance elsewhere: make a new one"),
        )),
        Outcome::NotYours => {
            let why = format!(
                "the instance {id} is registered with another lease secret: send the same \
                 `secret` again, or make a new id"
            );
            Err(super::not_yours(api, asker, id.as_str(), why))
        }
    }
}

fn document_missing(hash: &DocumentHash) -> Refused {
    refuse(
        StatusCode::CONFLICT,
        DOCUMENT_MISSING,
        format!(
            "the center does not have the document: PUT /v1/documents/{hash}, then register again"
        ),
    )
}

fn breaks_callers(record: &Record, breaks: &[Break]) -> Refused {
    let texts: Vec<String> = breaks.iter().map(Break::to_string).collect();
    let detail = format!(
        "the contract of this instance of {:?} breaks live callers: {}. Keep what they use beside \
         what is new, or change the callers first",
        record.service,
        texts.join("; ")
    );
    let mut problem = refuse(StatusCode::CONFLICT, "mfhm.breaks_callers", detail);
    if let Ok(breaks) = serde_json::to_value(breaks) {
        problem.data.insert("breaks".to_owned(), breaks);
    }
    problem
}

fn decode(headers: &HeaderMap, content: &[u8]) -> Result<Register, Refused> {
    expect_json(headers)?;
    json::read(content).map_err(|unreadable| {
        let (status, why) = match unreadable {
            Unreadable::Syntax(why) => (StatusCode::BAD_REQUEST, why),
            Unreadable::Shape(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
        };
        refuse(status, "mfhm.invalid_body", format!("the body {why}"))
    })
}

pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), Refused> {
    // A body that is said to be something else is refused: a web page can make a
    // browser send forms, but not JSON.
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        let content_type = content_type
            .to_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "mfhm.invalid_body",
                "the body must be JSON (content-type: application/json)",
            ));
        }
    }
    Ok(())
}
