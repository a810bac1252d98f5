//! What an operation answers: its successes and its errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::{self, Body};
use super::schema::{self, Side};
use super::{Changes, Documents, Operation, resolve};

/// Reports what changed from `old` to `new`.
pub(super) fn compare(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    successes(old, new, documents, changes);
    errors(old, new, documents, changes);
}

fn successes(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    let statuses = |operation: &Operation<'_>| -> BTreeSet<String> {
        let responses = operation.value["responses"].as_object();
        let statuses = responses.into_iter().flatten().map(|(status, _)| status);
        statuses
            .filter(|status| status.starts_with('2'))
            .cloned()
            .collect()
    };
    let (old_statuses, new_statuses) = (statuses(old), statuses(new));
    if is_opaque(old, &old_statuses, documents.old) {
        if !is_opaque(new, &new_statuses, documents.new) {
            changes.compatible(
                "the answer is described now",
                "callers were promised nothing before",
            );
        }
        return;
    }
    if old_statuses != new_statuses {
        let list = |statuses: &BTreeSet<String>| {
            let statuses: Vec<&str> = statuses.iter().map(String::as_str).collect();
            statuses.join(", ")
        };
        changes.breaking(
            format!(
                "a success has the status {} instead of {}",
                list(&new_statuses),
                list(&old_statuses)
            ),
            "callers may look at the status, and read the answer by it",
        );
    }
    // With one success each, the answers are compared whatever the status.
    let pairs: Vec<(&String, &String)> = match (old_statuses.len(), new_statuses.len()) {
        (1, 1) => old_statuses.iter().zip(&new_statuses).collect(),
        _ => {
            let both = old_statuses.intersection(&new_statuses);
            both.map(|status| (status, status)).collect()
        }
    };
    for (old_status, new_status) in pairs {
        let body = Body {
            side: Side::Answer,
            subject: "the answer",
            old: resolve(documents.old, &old.value["responses"][old_status]),
            new: resolve(documents.new, &new.value["responses"][new_status]),
        };
        content::compare(&body, documents, changes);
    }
}

/// Whether nothing is promised but that there is a success.
fn is_opaque(operation: &Operation<'_>, statuses: &BTreeSet<String>, document: &Value) -> bool {
    let is_any = |status: &String| {
        let response = resolve(document, &operation.value["responses"][status]);
        status == "2XX" && !response["content"].is_object()
    };
    statuses.iter().all(is_any) && !statuses.is_empty()
}

/// A declared error.
struct DeclaredError<'a> {
    status: &'a str,
    /// The schema of the problem that carries it.
    problem: &'a Value,
}

/// The declared errors by their codes. mfhm's own are no part of a contract.
fn errors_of<'a>(
    operation: &Operation<'a>,
    document: &'a Value,
    changes: &mut Changes,
) -> BTreeMap<String, DeclaredError<'a>> {
    let mut errors = BTreeMap::new();
    let responses = operation.value["responses"].as_object();
    for (status, response) in responses.into_iter().flatten() {
        let content = &resolve(document, response)["content"]["application/problem+json"];
        let schema = resolve(document, &content["schema"]);
        let choices = schema["oneOf"].as_array().map(Vec::as_slice);
        for choice in choices.unwrap_or(std::slice::from_ref(schema)) {
            if !changes.may_go_on(0) {
                return errors;
            }
            let problem = resolve(document, choice);
            let code = &problem["properties"]["code"]["const"];
            if let Some(code) = code.as_str().filter(|code| !code.starts_with("mfhm.")) {
                errors.insert(code.to_owned(), DeclaredError { status, problem });
            }
        }
    }
    errors
}

fn errors(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    let old_errors = errors_of(old, documents.old, changes);
    let mut new_errors = errors_of(new, documents.new, changes);
    for (code, old_error) in old_errors {
        let Some(new_error) = new_errors.remove(&code) else {
            changes.compatible(
                format!("the error `{code}` is removed"),
                "callers wait for it in vain",
            );
            continue;
        };
        let (was, is) = (old_error.status, new_error.status);
        if was != is {
            changes.breaking(
                format!("the error `{code}` has the status {is} instead of {was}"),
                "callers may look at the status",
            );
        }
        let data = |error: &DeclaredError<'_>| match &error.problem["properties"]["data"] {
            // Without fields it is an object that promises none.
            Value::Null => serde_json::json!({ "type": "object" }),
            data => data.clone(),
        };
        let subject = format!("the data of the error `{code}`");
        let schemas = (&data(&old_error), &data(&new_error));
        schema::compare(Side::Answer, &subject, schemas, documents, changes);
    }
    for (code, error) in new_errors {
        changes.breaking(
            format!("the error `{code}` ({}) is added", error.status),
            "callers that match all errors do not know it, and see a fault",
        );
    }
}
