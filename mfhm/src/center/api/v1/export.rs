//! `GET /v1/export`: what the center keeps, for operators, as [`Center::export`] writes
//! it of one that does not run.
//!
//! [`Center::export`]: crate::Center::export

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;
use http::{HeaderValue, header};

use super::{Refused, refuse, require_operator};
use crate::center::admission::Asker;
use crate::center::api::Api;
use crate::center::api::python::unavailable;
use crate::center::audit::{Action, Entry};
use crate::center::backup::lines::Pieces;
use crate::center::store::Batch;

/// A snapshot shares its records with the store, and the lines are made while they are
/// sent, so that nobody waits for either.
pub(super) async fn export(api: &Api, asker: &Asker) -> Result<Response, Refused> {
    require_operator(asker, "export")?;
    let store = &api.registrar.store;
    let snapshot = store.snapshot().await.map_err(|error| {
        tracing::error!(%error, "the store can't be read for an export");
        let detail = "the center can't read its store at the moment: try again";
        refuse(unavailable(&error), "mfhm.store_unavailable", detail)
    })?;
    let (instances, documents) = (snapshot.records.len(), snapshot.documents.len());
    let entry = Entry::center(Action::Exported, &asker.actor());
    let entry = entry.because(format!("{instances} instances and {documents} documents"));
    // A copy is wanted most when the disk can't be written.
    if let Err(error) = store.commit(Batch::default().noting(entry)).await {
        tracing::error!(%error, "exported, but the audit trail can't be written");
    }
    let mut response = Response::new(Body::from_stream(stream::iter(Pieces::of(snapshot))));
    let headers = response.headers_mut();
    let lines = HeaderValue::from_static("application/x-ndjson");
    headers.insert(header::CONTENT_TYPE, lines);
    // It has keys in it.
    let nowhere = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, nowhere);
    Ok(response)
}
