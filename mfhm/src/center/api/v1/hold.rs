//! What is said of one instance: it is held, it shall drain, it failed a caller.

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;
use serde::Serialize;

use super::{Refused, event_stream, find, refuse, registered, unknown_instance};
use crate::center::admission::Asker;
use crate::center::api::{Api, json};
use crate::center::hold::{Hold, Said};
use crate::center::record::Origin;
use crate::center::registry::Suspected;
use crate::instance::InstanceId;
use crate::wire::v1::hold::{DRAIN, Drained, HELD, Reported};

/// `GET /v1/instances/{id}/hold`: holds the registration for as long as both sides
/// keep the answer open.
pub(super) async fn hold(api: &Api, id: &str, asker: &Asker) -> Result<Response, Refused> {
    let known = find(api, id, asker).await?;
    let record = api.registrar.renew(&known);
    let record = record.ok_or_else(|| unknown_instance(id))?;
    let held = event(HELD, &registered(api, &record));
    let hold = Hold::new(api.registrar.view.clone(), known);
    let said = hold.map(|said| match said {
        Said::Nothing => Bytes::from_static(super::COMMENT),
        Said::Drain => event(DRAIN, &serde_json::Map::new()),
    });
    // For thousands of these, a vector is less than an array that keeps its room.
    let first = stream::iter(vec![held]);
    Ok(event_stream(api, asker, first.chain(said)))
}

/// `POST /v1/instances/{id}/drain`, by the instance or by an operator.
pub(super) async fn drain(api: &Api, id: &str, asker: &Asker) -> Result<Response, Refused> {
    let known = if asker.is_operator() {
        registered_instance(api, id).ok_or_else(|| unknown_instance(id))?
    } else {
        find(api, id, asker).await?
    };
    if !api.registrar.drain(&known, &asker.actor()).await {
        return Err(unknown_instance(id));
    }
    let told = api.registrar.view.holds().wake(&known);
    Ok(accepted(&Drained { told }))
}

/// `POST /v1/instances/{id}/report`: a caller could not reach it. Whatever is said,
/// only a ping decides.
pub(super) fn report(api: &Api, id: &str) -> Result<Response, Refused> {
    let unknown = || unknown_instance(id);
    let known: InstanceId = id.parse().map_err(|_| unknown())?;
    let suspected = api
        .registrar
        .view
        .with(|registry, now, _| registry.suspect(&known, now));
    let pinged = match suspected {
        Suspected::Pinged => true,
        Suspected::Absorbed => false,
        Suspected::Unknown => {
            return Err(refuse(
                StatusCode::NOT_FOUND,
                "mfhm.unknown_instance",
                format!("no instance {id:?} is registered"),
            ));
        }
    };
    Ok(accepted(&Reported { pinged }))
}

fn registered_instance(api: &Api, id: &str) -> Option<InstanceId> {
    let id = id.parse().ok()?;
    let view = &api.registrar.view;
    let record = view.with(|registry, _, _| registry.get(&id))?;
    (record.origin == Origin::V1).then_some(id)
}

fn accepted(body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    json(StatusCode::ACCEPTED, body)
}

fn event(kind: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {kind}\ndata: {data}\n\n").into()
}
