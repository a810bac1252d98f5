//! Two versions of one operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::schema::{self, Side};
use super::{Changes, Documents, Operation, resolve};

/// Reports what changed from `old` to `new`.
pub(super) fn compare(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    if old.method != new.method {
        changes.breaking(
            format!("the method is {} instead of {}", new.method, old.method),
            "callers send the old one",
        );
    }
    if nameless(old.path) != nameless(new.path) {
        changes.breaking(
            format!("the path is {} instead of {}", new.path, old.path),
            "callers ask for the old one",
        );
    }
    parameters(old, new, documents, changes);
    body(old, new, documents, changes);
    responses(old, new, documents, changes);
    flags(old.value, new.value, changes);
}

/// The path without the names of its placeholders, which do not travel.
fn nameless(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => "{}",
            false => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

/// Parameters by where they are and what they are called; those of the path by
/// their position.
fn parameters_of<'a>(
    operation: &Operation<'a>,
    document: &'a Value,
) -> BTreeMap<(String, String), (&'a str, &'a Value)> {
    let segments = operation.path.split('/');
    let placeholders: Vec<&str> = segments
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    let listed = operation.value["parameters"].as_array();
    let listed = listed.into_iter().flatten();
    listed
        .map(|parameter| resolve(document, parameter))
        .filter_map(|parameter| {
            let name = parameter["name"].as_str()?;
            let location = parameter["in"].as_str()?;
            let key = match location {
                "path" => placeholders.iter().position(|p| *p == name)?.to_string(),
                "header" => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            Some(((location.to_owned(), key), (name, parameter)))
        })
        .collect()
}

fn parameters(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let is_required = |parameter: &Value| parameter["required"] == true;
    let old_parameters = parameters_of(old, documents.old);
    let mut new_parameters = parameters_of(new, documents.new);
    for (key, (name, old_parameter)) in old_parameters {
        let subject = format!("the {} parameter `{name}`", key.0);
        let Some((_, new_parameter)) = new_parameters.remove(&key) else {
            // A path that has lost one is another path, and told as such.
            if key.0 != "path" {
                changes.breaking(
                    format!("{subject} is removed"),
                    "what callers send in it is ignored",
                );
            }
            continue;
        };
        match (is_required(old_parameter), is_required(new_parameter)) {
            (false, true) => changes.breaking(
                format!("{subject} is required now"),
                "callers may leave it out",
            ),
            (true, false) => changes.compatible(
                format!("{subject} is optional now"),
                "callers send it as before",
            ),
            _ => {}
        }
        schema::compare(
            Side::Request,
            &subject,
            (&old_parameter["schema"], &new_parameter["schema"]),
            documents,
            changes,
        );
    }
    for ((location, _), (name, parameter)) in new_parameters {
        if location == "path" {
            continue;
        }
        let subject = format!("the {location} parameter `{name}`");
        if is_required(parameter) {
            changes.breaking(
                format!("{subject} is added and required"),
                "callers do not send it",
            );
        } else {
            changes.compatible(format!("{subject} is added"), "it may be left out");
        }
    }
}

fn body(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let old_body = resolve(documents.old, &old.value["requestBody"]);
    let new_body = resolve(documents.new, &new.value["requestBody"]);
    let is_required = new_body["required"] == true;
    match (old_body.is_object(), new_body.is_object()) {
        (false, true) if is_required => {
            changes.breaking("a body is required now", "callers do not send one")
        }
        (false, true) => changes.compatible("a body is taken now", "it may be left out"),
        (true, false) => changes.breaking(
            "no body is taken any more",
            "what callers send in it is ignored",
        ),
        (true, true) => {
            match (old_body["required"] == true, is_required) {
                (false, true) => {
                    changes.breaking("the body is required now", "callers may leave it out");
                }
                (true, false) => {
                    changes.compatible("the body is optional now", "callers send it as before");
                }
                _ => {}
            }
            content(
                Side::Request,
                "the body",
                old_body,
                new_body,
                documents,
                changes,
            );
        }
        (false, false) => {}
    }
}

/// Compares what stands under each content type.
fn content(
    side: Side,
    subject: &str,
    old: &Value,
    new: &Value,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let types = |holder: &Value| -> BTreeSet<String> {
        let content = holder["content"].as_object().into_iter().flatten();
        content.map(|(name, _)| name.clone()).collect()
    };
    let (old_types, new_types) = (types(old), types(new));
    for name in old_types.difference(&new_types) {
        changes.breaking(
            format!("{subject} is not {name} any more"),
            "callers are written for it",
        );
    }
    for name in new_types.difference(&old_types) {
        let what = format!("{subject} may be {name}");
        match side {
            Side::Request => changes.compatible(what, "callers send what they sent before"),
            Side::Answer => changes.breaking(what, "callers cannot read it"),
        }
    }
    for name in old_types.intersection(&new_types) {
        let schemas = (
            &old["content"][name]["schema"],
            &new["content"][name]["schema"],
        );
        schema::compare(side, subject, schemas, documents, changes);
    }
}

fn responses(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let is_success = |status: &str| status.starts_with('2');
    let successes = |operation: &Operation<'_>| -> BTreeSet<String> {
        let responses = operation.value["responses"]
            .as_object()
            .into_iter()
            .flatten();
        let statuses = responses.map(|(status, _)| status.clone());
        statuses.filter(|status| is_success(status)).collect()
    };
    let (old_statuses, new_statuses) = (successes(old), successes(new));
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
        let old_response = resolve(documents.old, &old.value["responses"][old_status]);
        let new_response = resolve(documents.new, &new.value["responses"][new_status]);
        content(
            Side::Answer,
            "the answer",
            old_response,
            new_response,
            documents,
            changes,
        );
    }
    errors(old, new, documents, changes);
}

/// The declared errors: status by code. mfhm's own are no part of a contract.
fn errors_of(operation: &Operation<'_>, document: &Value) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    let responses = operation.value["responses"].as_object();
    for (status, response) in responses.into_iter().flatten() {
        let content = &resolve(document, response)["content"]["application/problem+json"];
        let schema = resolve(document, &content["schema"]);
        let choices = schema["oneOf"].as_array().map(Vec::as_slice);
        for choice in choices.unwrap_or(std::slice::from_ref(schema)) {
            let code = &resolve(document, choice)["properties"]["code"]["const"];
            if let Some(code) = code.as_str().filter(|code| !code.starts_with("mfhm.")) {
                errors.insert(code.to_owned(), status.clone());
            }
        }
    }
    errors
}

fn errors(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let old_errors = errors_of(old, documents.old);
    let mut new_errors = errors_of(new, documents.new);
    for (code, old_status) in old_errors {
        match new_errors.remove(&code) {
            None => changes.compatible(
                format!("the error `{code}` is removed"),
                "callers wait for it in vain",
            ),
            Some(new_status) if new_status != old_status => changes.breaking(
                format!("the error `{code}` has the status {new_status} instead of {old_status}"),
                "callers may look at the status",
            ),
            Some(_) => {}
        }
    }
    for (code, status) in new_errors {
        changes.breaking(
            format!("the error `{code}` ({status}) is added"),
            "callers that match all errors do not know it, and see a fault",
        );
    }
}

fn flags(old: &Value, new: &Value, changes: &mut Changes<'_>) {
    let is_set = |operation: &Value, flag: &str| operation[flag] == true;
    match (is_set(old, "deprecated"), is_set(new, "deprecated")) {
        (false, true) => {
            changes.compatible("the operation is deprecated", "it works as before");
        }
        (true, false) => changes.compatible(
            "the operation is not deprecated any more",
            "it works as before",
        ),
        _ => {}
    }
    let flag = "x-mfhm-idempotent";
    match (is_set(old, flag), is_set(new, flag)) {
        (true, false) => changes.breaking(
            "the operation may not be repeated any more",
            "callers send it again when they got no answer",
        ),
        (false, true) => changes.compatible(
            "the operation may be repeated now",
            "callers need not know it",
        ),
        _ => {}
    }
}
