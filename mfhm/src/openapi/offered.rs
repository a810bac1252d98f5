//! What registrations and callers tell a center of the document: a fingerprint
//! for each operation.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::Value;

use super::schemas::Schemas;
use super::{OTHER_METHODS, document, fingerprint};
use crate::contract::Operation;
use crate::server::definition::{About, Route};

/// The fingerprints in a document, by the names of the operations.
pub(crate) fn fingerprints(document: &Value) -> BTreeMap<String, String> {
    let items = document["paths"].as_object().into_iter().flatten();
    let operations = items.flat_map(|(_, item)| {
        let known = item.as_object().into_iter().flatten();
        let others = item[OTHER_METHODS].as_object().into_iter().flatten();
        known.chain(others).map(|(_, operation)| operation)
    });
    operations
        .filter_map(|operation| {
            let name = operation["operationId"].as_str()?;
            let fingerprint = operation[fingerprint::KEY].as_str()?;
            Some((name.to_owned(), fingerprint.to_owned()))
        })
        .collect()
}

/// The fingerprint of one operation: what a service that serves it without a key
/// has for it. Absent: its types say nothing of themselves.
#[cfg(feature = "client")]
pub(crate) fn fingerprint_of(operation: &'static Operation) -> Option<String> {
    operation.describe().ask(&mut Schemas::new())?;
    let never = |_| std::future::pending::<Response>();
    let document = document("", About::default(), &[Route::new(operation, never)], false);
    fingerprints(&document).remove(operation.name())
}
