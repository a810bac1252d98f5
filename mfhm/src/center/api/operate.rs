//! For operators.

use axum::response::Response;
use http::{Method, StatusCode};
use serde::Serialize;

use super::{Api, json};
use crate::wire::problem::Problem;

/// `GET /health`: the center serves, and what it counts.
pub(super) fn health(api: &Api, method: &Method) -> Response {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        version: &'static str,
        revision: u64,
        services: usize,
        instances: usize,
        up: usize,
        held: usize,
        guard: String,
    }

    if method != Method::GET && method != Method::HEAD {
        let detail = "`/health` is read with GET";
        return Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "mfhm.method_not_allowed",
            detail,
        )
        .into_axum();
    }
    let summary = api
        .registrar
        .view
        .with(|registry, now, _| registry.summary(now));
    let health = Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        revision: summary.revision,
        services: summary.services,
        instances: summary.instances,
        up: summary.up,
        held: api.registrar.view.holds().count(),
        guard: summary.guard,
    };
    json(
        StatusCode::OK,
        serde_json::to_vec(&health).unwrap_or_default(),
    )
}
