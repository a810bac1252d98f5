//! Two versions of one operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::content::{self, Body};
use super::schema::{self, Side};
use super::{Changes, Documents, Operation, answers, nameless, resolve, unjudged};

/// Reports what changed from `old` to `new`.
pub(super) fn compare(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    if old.id.is_some() && old.id != new.id {
        changes.breaking(
            format!("the operation is called `{}` now", new.name()),
            "callers may ask for it by its name",
        );
    }
    let (is, was) = (
        new.method.to_ascii_uppercase(),
        old.method.to_ascii_uppercase(),
    );
    if was != is {
        changes.breaking(
            format!("the method is {is} instead of {was}"),
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
    answers::compare(old, new, documents, changes);
    flags(old.value, new.value, changes);
    key(old, new, documents, changes);
}

/// One parameter.
struct Parameter<'a> {
    name: &'a str,
    is_required: bool,
    /// Whether it is one of the fields of an object that must be there if any
    /// of them is.
    is_required_with: bool,
    is_field: bool,
    is_repeated: bool,
    /// How it is written; nothing for the fields of an object.
    members: Option<&'a serde_json::Map<String, Value>>,
    schema: &'a Value,
}

/// Parameters by where they are and what they are called; those of the path by
/// their position.
fn parameters_of<'a>(
    operation: &Operation<'a>,
    document: &'a Value,
    changes: &mut Changes,
) -> BTreeMap<(String, String), Parameter<'a>> {
    let segments = operation.path.split('/');
    let placeholders: Vec<&str> = segments
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    let mut found = BTreeMap::new();
    let own = operation.value["parameters"].as_array();
    let of_path = operation.item["parameters"].as_array();
    // The operation's own stand for those of its path.
    let listed = of_path.into_iter().chain(own).flatten();
    for parameter in listed.map(|parameter| resolve(document, parameter)) {
        let (Some(name), Some(location)) = (parameter["name"].as_str(), parameter["in"].as_str())
        else {
            continue;
        };
        let is_required = parameter["required"] == true;
        let schema = &parameter["schema"];
        if location == "query"
            && let Some(fields) = fields_of_query(document, parameter)
        {
            for (name, schema) in fields {
                if !changes.may_go_on(0) {
                    break;
                }
                let is_required_with = requires(resolve(document, &parameter["schema"]), name);
                let field = Parameter {
                    name,
                    is_required: is_required && is_required_with,
                    is_required_with,
                    is_field: true,
                    members: None,
                    is_repeated: is_list(document, schema),
                    schema,
                };
                found.insert((location.to_owned(), name.clone()), field);
            }
            continue;
        }
        let key = match location {
            "path" => match placeholders.iter().position(|p| *p == name) {
                Some(position) => position.to_string(),
                None => continue,
            },
            "header" => name.to_ascii_lowercase(),
            _ => name.to_owned(),
        };
        let parameter = Parameter {
            name,
            is_required,
            is_required_with: is_required,
            is_field: false,
            members: parameter.as_object(),
            is_repeated: parameter["x-mfhm-repeated"] == true
                || (location == "query" && is_list(document, schema)),
            schema,
        };
        found.insert((location.to_owned(), key), parameter);
    }
    found
}

/// An object in a query is one parameter for each of its fields; its own name
/// does not travel.
fn fields_of_query<'a>(
    document: &'a Value,
    parameter: &'a Value,
) -> Option<&'a serde_json::Map<String, Value>> {
    let is_form = parameter["style"]
        .as_str()
        .is_none_or(|style| style == "form");
    let schema = resolve(document, &parameter["schema"]);
    let properties = schema["properties"].as_object()?;
    (is_form && parameter["explode"] != false).then_some(properties)
}

fn requires(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

fn is_list(document: &Value, schema: &Value) -> bool {
    resolve(document, schema)["type"] == "array"
}

/// The schema of each value of a repeated parameter.
fn element<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match resolve(document, schema) {
        list if list["type"] == "array" => list.get("items").unwrap_or(&Value::Bool(true)),
        one => one,
    }
}

fn parameters(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    let old_parameters = parameters_of(old, documents.old, changes);
    let mut new_parameters = parameters_of(new, documents.new, changes);
    let had_fields = old_parameters.values().any(|old| old.is_field);
    for (key, old_parameter) in old_parameters {
        let subject = format!("the {} parameter `{}`", key.0, old_parameter.name);
        let Some(new_parameter) = new_parameters.remove(&key) else {
            // A path that has lost one is another path, and told as such.
            if key.0 != "path" {
                changes.breaking(
                    format!("{subject} is removed"),
                    "what callers send in it is ignored",
                );
            }
            continue;
        };
        match (old_parameter.is_required, new_parameter.is_required) {
            (false, true) => changes.breaking(
                format!("{subject} is required now"),
                "callers may leave it out",
            ),
            (true, false) => changes.compatible(
                format!("{subject} is optional now"),
                "callers send it as before",
            ),
            _ if new_parameter.is_required_with && !old_parameter.is_required_with => {
                changes.breaking(
                    format!("{subject} is required now beside others of its object"),
                    "callers may leave it out",
                );
            }
            _ => {}
        }
        if let (Some(was), Some(is)) = (old_parameter.members, new_parameter.members) {
            written(&subject, &key.0, (was, is), documents, changes);
        }
        let mut schemas = (old_parameter.schema, new_parameter.schema);
        if old_parameter.is_repeated != new_parameter.is_repeated {
            // One value is a list of one.
            schemas = (
                element(documents.old, schemas.0),
                element(documents.new, schemas.1),
            );
            if new_parameter.is_repeated {
                changes.compatible(
                    format!("{subject} may be repeated now"),
                    "callers send one value as before",
                );
            } else {
                changes.breaking(
                    format!("{subject} may not be repeated any more"),
                    "callers may send several values",
                );
            }
        }
        schema::compare(Side::Request, &subject, schemas, documents, changes);
    }
    for ((location, _), parameter) in new_parameters {
        if location == "path" {
            continue;
        }
        let subject = format!("the {location} parameter `{}`", parameter.name);
        if parameter.is_required {
            changes.breaking(
                format!("{subject} is added and required"),
                "callers do not send it",
            );
        } else if parameter.is_required_with && had_fields {
            changes.breaking(
                format!("{subject} is added and required beside others of its object"),
                "callers do not send it",
            );
        } else {
            changes.compatible(format!("{subject} is added"), "it may be left out");
        }
    }
}

/// How a parameter is written.
fn written(
    subject: &str,
    location: &str,
    (old, new): (
        &serde_json::Map<String, Value>,
        &serde_json::Map<String, Value>,
    ),
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    let style = |members: &serde_json::Map<String, Value>| {
        let usual = match location {
            "query" | "cookie" => "form",
            _ => "simple",
        };
        let style = members.get("style").and_then(Value::as_str);
        let style = style.unwrap_or(usual).to_owned();
        let explode = members.get("explode").and_then(Value::as_bool);
        let explode = explode.unwrap_or(style == "form");
        (style, explode)
    };
    if style(old) != style(new) {
        changes.breaking(
            format!("{subject} is written in another style"),
            "callers write it in the old one",
        );
    }
    const KNOWN: [&str; 11] = [
        "name",
        "in",
        "description",
        "required",
        "deprecated",
        "allowEmptyValue",
        "style",
        "explode",
        "schema",
        "example",
        "examples",
    ];
    let is_unjudged = |member: &str| !KNOWN.contains(&member) && !member.starts_with("x-mfhm-");
    unjudged::tell(subject, (old, new), is_unjudged, documents, changes);
}

fn body(old: &Operation<'_>, new: &Operation<'_>, documents: Documents<'_>, changes: &mut Changes) {
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
            let body = Body {
                side: Side::Request,
                subject: "the body",
                old: old_body,
                new: new_body,
            };
            content::compare(&body, documents, changes);
        }
        (false, false) => {}
    }
}

fn flags(old: &Value, new: &Value, changes: &mut Changes) {
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

/// Whether callers need a key.
fn key(old: &Operation<'_>, new: &Operation<'_>, documents: Documents<'_>, changes: &mut Changes) {
    let asks = |operation: &Operation<'_>, document: &Value| {
        let own = operation.value.get("security");
        let ways = own.or_else(|| document.get("security"));
        let ways = ways.and_then(Value::as_array).map(Vec::as_slice);
        // One of the ways may be to have none.
        let is_free = |way: &Value| way.as_object().is_some_and(serde_json::Map::is_empty);
        ways.is_some_and(|ways| !ways.is_empty() && !ways.iter().any(is_free))
    };
    match (asks(old, documents.old), asks(new, documents.new)) {
        (false, true) => changes.breaking("a key is needed now", "callers may have none"),
        (true, false) => changes.compatible("no key is needed any more", "callers may send one"),
        _ => {}
    }
}
