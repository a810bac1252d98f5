//! `POST /v1/identity`, `GET /v1/identity/keys`: who calls, for services to check.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use super::{Refused, ok, refuse};
use crate::body;
use crate::center::admission::{Asker, Principal};
use crate::center::api::{Api, BODY};
use crate::center::identity;
use crate::instance::ServiceName;
use crate::json::{self, Unreadable};
use crate::wire::v1::identity::{Asserted, WhoAmI};

/// Says who the asker is, to the service that it wants to call.
pub(super) async fn assert(
    api: &Api,
    asker: &Asker,
    request: Request,
) -> Result<Response, Refused> {
    let (parts, content) = request.into_parts();
    let content = body::read(content, BODY).await.map_err(|error| {
        let detail = format!("the body {}", error.detail(BODY));
        refuse(error.status(), "mfhm.invalid_body", detail)
    })?;
    super::register::expect_json(&parts.headers)?;
    let asked: WhoAmI = json::read(&content).map_err(|unreadable| {
        let (status, why) = match unreadable {
            Unreadable::Syntax(why) => (StatusCode::BAD_REQUEST, why),
            Unreadable::Shape(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
        };
        refuse(status, "mfhm.invalid_body", format!("the body {why}"))
    })?;
    for name in asked.name.iter().chain([&asked.audience]) {
        if let Err(error) = name.parse::<ServiceName>() {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(refuse(status, "mfhm.invalid_body", error.to_string()));
        }
    }
    let name = name(asker, asked.name).map_err(|why| {
        api.admission.note(asker.peer, "/v1/identity", &why);
        refuse(StatusCode::FORBIDDEN, "mfhm.not_allowed", why)
    })?;
    let assertion = api.signer.assert(&name, &asked.audience, identity::now());
    Ok(ok(&Asserted {
        assertion,
        name,
        expires_in_ms: u64::try_from(identity::LIFE.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Whom the asker may say to be.
fn name(asker: &Asker, asked: Option<String>) -> Result<String, String> {
    let token = match &asker.principal {
        Principal::Bearer(token) => token,
        Principal::Certified(names) => {
            let asked = asked.as_deref().or(names.first().map(|first| &**first));
            return match asked {
                Some(name) if names.iter().any(|own| **own == *name) => Ok(name.to_owned()),
                name => Err(format!(
                    "the certificate that was shown is for {}, not for {:?}",
                    names.join(", "),
                    name.unwrap_or_default()
                )),
            };
        }
        Principal::Anybody | Principal::KeyHolder => {
            return Err(
                "only who has a token or a certificate is somebody: make a token with `mfhm token \
                 new --name NAME`, and set MFHM_TOKEN_FILE or MFHM_TOKEN"
                    .to_owned(),
            );
        }
    };
    match (asked, token.names()) {
        (Some(name), _) if token.is_for(&name) => Ok(name),
        (Some(name), _) => Err(format!(
            "the token {} is not for {name:?}: make one with `mfhm token new --name {name}`",
            token.id
        )),
        (None, [only]) => Ok(only.clone()),
        (None, names) => Err(format!(
            "the token {} is for {}: say who calls (`name` in the body, \
             `Caller::builder().name(…)`)",
            token.id,
            match names {
                [] if token.all_names() => "every service".to_owned(),
                [] => "no service by name".to_owned(),
                names => names.join(", "),
            }
        )),
    }
}

pub(super) fn keys(api: &Api) -> Response {
    ok(&api.signer.public())
}
