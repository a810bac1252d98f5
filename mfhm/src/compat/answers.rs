//! What an operation answers: its successes and its errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::{self, Body};
use super::schema::{self, Side};
use super::{Changes, Documents, Operation, resolve, unjudged};

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
    // Whoever takes any success takes one of them.
    let was = |status: &String| match old_statuses.get(status) {
        None => old_statuses.get("2XX"),
        known => known,
    };
    let is_kept = |status: &String| status == "2XX" || new_statuses.contains(status);
    let are_covered = !new_statuses.is_empty()
        && new_statuses.iter().all(|status| was(status).is_some())
        && old_statuses.iter().all(is_kept);
    if old_statuses != new_statuses && are_covered {
        changes.compatible(
            "the status of a success is told now",
            "it is one of those that callers take",
        );
    } else if old_statuses != new_statuses {
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
        _ if are_covered => {
            let pairs = new_statuses.iter();
            pairs.filter_map(|is| Some((was(is)?, is))).collect()
        }
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
        headers((body.old, body.new), documents, changes);
    }
}

/// The headers of a success, whose names know no case.
fn headers((old, new): (&Value, &Value), documents: Documents<'_>, changes: &mut Changes) {
    fn named<'a>(response: &'a Value, document: &'a Value) -> BTreeMap<String, &'a Value> {
        let headers = response["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, header)| {
            let header = resolve(document, header);
            (name.to_ascii_lowercase(), header)
        });
        // By the standard it is told by the content.
        headers.filter(|(name, _)| name != "content-type").collect()
    }
    let (old, new) = (named(old, documents.old), named(new, documents.new));
    let is_always = |header: &Value| header["required"] == true;
    for (name, was) in &old {
        let subject = format!("the header `{name}` of the answer");
        let Some(is) = new.get(name) else {
            let what = format!("{subject} is removed");
            if is_always(was) {
                changes.breaking(what, "callers rely on it");
            } else {
                changes.compatible(what, "callers can do without it");
            }
            continue;
        };
        if is_always(was) && !is_always(is) {
            changes.breaking(format!("{subject} is optional now"), "callers rely on it");
        }
        let schemas = (&was["schema"], &is["schema"]);
        schema::compare(Side::Answer, &subject, schemas, documents, changes);
        if let (Some(was), Some(is)) = (was.as_object(), is.as_object()) {
            let known = [
                "description",
                "required",
                "deprecated",
                "schema",
                "example",
                "examples",
            ];
            let is_unjudged =
                |member: &str| !known.contains(&member) && !member.starts_with("x-mfhm-");
            unjudged::tell(&subject, (was, is), is_unjudged, documents, changes);
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        changes.compatible(
            format!("the header `{name}` of the answer is added"),
            "callers pass over what they do not know",
        );
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
