//! For operators.

use axum::response::Response;
use http::{Method, StatusCode};
use serde::Serialize;

use super::{Api, json};
use crate::center::guard::Arithmetic;
use crate::wire::problem::Problem;

/// The answer of `/health`.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    revision: u64,
    services: usize,
    instances: usize,
    up: usize,
    held: usize,
    guard: GuardView,
}

/// The arithmetic of the guard against wrong time-outs.
#[derive(Serialize)]
struct GuardView {
    /// All of it in a sentence.
    text: String,
    /// Pinged instances that answered before and are not down, and those of them that
    /// timed out last.
    pinged: usize,
    silent: usize,
    /// With so many silent ones the center suspects its own network.
    suspicious: usize,
    /// For so long it believes no time-out.
    suspects_for_s: u64,
    deleted_last_minute: usize,
    may_be_deleted_a_minute: usize,
    /// Instances that would be deleted but for the guard.
    spared: usize,
}

impl GuardView {
    fn new(arithmetic: &Arithmetic, spared: usize) -> Self {
        Self {
            text: arithmetic.to_string(),
            pinged: arithmetic.witnesses,
            silent: arithmetic.silent,
            suspicious: arithmetic.suspicious,
            suspects_for_s: arithmetic
                .suspects_for
                .map_or(0, |left| left.as_secs().max(1)),
            deleted_last_minute: arithmetic.deleted,
            may_be_deleted_a_minute: arithmetic.allowed,
            spared,
        }
    }
}

/// `GET /health`: the center serves, and what it counts.
pub(super) fn health(api: &Api, method: &Method) -> Response {
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
        guard: GuardView::new(&summary.guard, summary.spared),
    };
    json(
        StatusCode::OK,
        serde_json::to_vec(&health).unwrap_or_default(),
    )
}
