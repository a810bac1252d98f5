//! One operation as OpenAPI describes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::answer::AnswerSchema;
use super::placeholders;
use super::schemas::{Absence, OperationSchemas, ParamSchema, Schemas, UNTYPED};
use crate::contract::{Operation, Param, ParamSource};
use crate::server::definition::Route;
use crate::wire::problem::CONTENT_TYPE as PROBLEM;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// Describes a route. `names` are the placeholders of the path as the document
/// writes it.
pub(super) fn describe(
    route: &Route,
    names: &[&str],
    schemas: &mut Schemas,
    has_key: bool,
) -> Value {
    let operation = route.operation;
    let described = route.describe.ask(schemas);
    let described = described.unwrap_or_else(|| unknown(operation));

    let mut object = Map::new();
    object.insert("operationId".to_owned(), operation.name().into());
    let (summary, description) = split_doc(operation.documentation());
    if !summary.is_empty() {
        object.insert("summary".to_owned(), summary.into());
    }
    if !description.is_empty() {
        object.insert("description".to_owned(), description.into());
    }
    if operation.is_deprecated() {
        object.insert("deprecated".to_owned(), true.into());
    }
    if operation.is_idempotent() {
        object.insert("x-mfhm-idempotent".to_owned(), true.into());
    }

    let mut parameters = Vec::new();
    let mut body = BodyKind::None;
    let own: Vec<&str> = placeholders(operation.path()).collect();
    for (param, schema) in operation.parameters().iter().zip(&described.params) {
        let content = match param.source() {
            ParamSource::Body => {
                Some((BodyKind::Json, json!({ JSON: { "schema": schema.schema } })))
            }
            ParamSource::Form => {
                Some((BodyKind::Form, json!({ FORM: { "schema": schema.schema } })))
            }
            // A handler reads whatever parts there are.
            ParamSource::Multipart => Some((
                BodyKind::Multipart,
                json!({ MULTIPART: { "schema": { "type": "object" } } }),
            )),
            // Whatever comes is taken as it is.
            ParamSource::Bytes | ParamSource::Stream => Some((BodyKind::Raw, json!({ "*/*": {} }))),
            _ => None,
        };
        if let Some((kind, content)) = content {
            let required = kind != BodyKind::Raw && !schema.absence.of_body;
            body = kind;
            let described = json!({ "required": required, "content": content });
            object.insert("requestBody".to_owned(), described);
        } else {
            let position = own.iter().position(|name| *name == param.name());
            let name = match (param.source(), position) {
                (ParamSource::Path, Some(position)) => names[position],
                _ => param.name(),
            };
            parameters.push(parameter(name, param, schema));
        }
    }
    // A handler need not take what its path has, but a document must.
    let untold = own.iter().zip(names).filter(|(own, _)| {
        !operation
            .parameters()
            .iter()
            .any(|param| param.source() == ParamSource::Path && param.name() == **own)
    });
    parameters.extend(untold.map(|(_, name)| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
    }));
    if !parameters.is_empty() {
        object.insert("parameters".to_owned(), parameters.into());
    }
    let refusals = Refusals {
        has_params: !described.params.is_empty(),
        body,
        has_ruled_query: cfg!(feature = "validate")
            && operation
                .parameters()
                .iter()
                .any(|param| param.source() == ParamSource::QueryFields),
        has_key,
    };
    object.insert(
        "responses".to_owned(),
        responses(operation, described, refusals),
    );
    Value::Object(object)
}

/// An operation that says nothing of its types.
fn unknown(operation: &Operation) -> OperationSchemas {
    let params = operation.parameters().iter();
    OperationSchemas {
        params: params
            .map(|_| ParamSchema::new(json!({ UNTYPED: "unknown" }), Absence::default()))
            .collect(),
        ..OperationSchemas::new().opaque().opaque_error()
    }
}

/// The first paragraph in one line, and the rest.
pub(super) fn split_doc(doc: &str) -> (String, String) {
    let doc = doc.trim();
    let (first, rest) = doc.split_once("\n\n").unwrap_or((doc, ""));
    let words: Vec<&str> = first.split_whitespace().collect();
    (words.join(" "), rest.trim().to_owned())
}

fn parameter(name: &str, param: &Param, described: &ParamSchema) -> Value {
    let location = match param.source() {
        ParamSource::Path => "path",
        ParamSource::Header => "header",
        ParamSource::Cookie => "cookie",
        _ => "query",
    };
    let mut schema = described.schema.clone();
    remove_null(&mut schema);
    let mut object = Map::new();
    object.insert("name".to_owned(), name.into());
    object.insert("in".to_owned(), location.into());
    // A header or a placeholder holds one value. OpenAPI would join a list
    // with commas, and mfhm repeats the header.
    if location != "query" && schema.get("type").is_some_and(|kind| kind == "array") {
        schema = schema.get("items").cloned().unwrap_or_else(|| json!({}));
        if location == "header" {
            object.insert(
                "description".to_owned(),
                "May be repeated: each header is one value of a list.".into(),
            );
            object.insert("x-mfhm-repeated".to_owned(), true.into());
        }
    }
    if param.source() == ParamSource::QueryFields {
        // Each field of the object is a query parameter.
        object.insert("style".to_owned(), "form".into());
        object.insert("explode".to_owned(), true.into());
    }
    if location == "path" && schema.get("type").is_some_and(|kind| kind == "string") {
        schema
            .as_object_mut()
            .map(|schema| schema.entry("minLength").or_insert_with(|| 1.into()));
    }
    let required = location == "path" || !described.absence.of_texts;
    object.insert("required".to_owned(), required.into());
    object.insert("schema".to_owned(), schema);
    Value::Object(object)
}

/// What is absent from a query is left out, and is never `null`.
fn remove_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let is_alone = members.len() == 1;
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [only] = choices.as_slice()
            && is_alone
        {
            *schema = only.clone();
        }
    }
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    None,
    Json,
    Form,
    Multipart,
    Raw,
}

/// Why mfhm itself may refuse a request.
struct Refusals {
    has_params: bool,
    body: BodyKind,
    has_ruled_query: bool,
    has_key: bool,
}

fn responses(operation: &Operation, described: OperationSchemas, refusals: Refusals) -> Value {
    let mut responses = BTreeMap::new();
    let success = described.value.unwrap_or_else(AnswerSchema::empty);
    let is_head = operation.method() == "HEAD";
    let (status, success) = success.into_response(operation.success_status(), is_head);
    responses.insert(status, success);

    let mut problems: BTreeMap<u16, Vec<(String, Value)>> = BTreeMap::new();
    for error in described.errors {
        let of_status = problems.entry(error.status()).or_default();
        of_status.push((error.said(), error.problem()));
    }
    let mut refuse = |status: u16, why: &str| {
        let schema = json!({ "$ref": "#/components/schemas/mfhm.InvalidParameter" });
        let of_status = problems.entry(status).or_default();
        of_status.push((format!("`mfhm.invalid_parameter`: {why}"), schema));
    };
    if refusals.has_params {
        refuse(400, "A parameter is missing or cannot be read.");
    }
    if refusals.body != BodyKind::None {
        refuse(413, "The body is too large.");
    }
    if refusals.has_ruled_query {
        refuse(422, "A field of the query breaks a rule of its type.");
    }
    match refusals.body {
        BodyKind::Json => {
            refuse(415, "The body is not declared as JSON.");
            refuse(422, "The body is JSON of another shape.");
        }
        BodyKind::Form => {
            refuse(415, "The body is not declared as a form.");
            refuse(422, "The form does not fit.");
        }
        BodyKind::Multipart => refuse(415, "The body is not declared as a form with files."),
        BodyKind::None | BodyKind::Raw => {}
    }
    if let Some(timeout) = operation.timeout() {
        let schema = json!({ "$ref": "#/components/schemas/mfhm.Problem" });
        let said = format!("`mfhm.timeout`: It did not end within {timeout:?}.");
        problems.entry(504).or_default().push((said, schema));
    }
    for (status, of_status) in problems {
        let (said, mut schemas): (Vec<_>, Vec<_>) = of_status.into_iter().unzip();
        let schema = match schemas.len() {
            1 => schemas.remove(0),
            _ => json!({ "oneOf": schemas }),
        };
        let response = answer(operation, &said.join("\n\n"), PROBLEM, schema);
        responses.insert(status.to_string(), response);
    }
    if refusals.has_key {
        let response = answer(
            operation,
            "The key is missing or wrong.",
            "text/plain",
            json!({ "type": "string" }),
        );
        responses.entry("403".to_owned()).or_insert(response);
    }
    let default = if described.has_opaque_error {
        json!({ "description": "Any other answer of the handler." })
    } else {
        let problem = json!({ "$ref": "#/components/schemas/mfhm.Problem" });
        answer(operation, "Any other failure.", PROBLEM, problem)
    };
    responses.insert("default".to_owned(), default);
    responses.into_iter().collect::<Map<_, _>>().into()
}

/// An answer with content, which one to HEAD does not have.
fn answer(operation: &Operation, description: &str, content_type: &str, schema: Value) -> Value {
    if operation.method() == "HEAD" {
        return json!({ "description": description });
    }
    json!({ "description": description, "content": { content_type: { "schema": schema } } })
}

/// The schemas of mfhm's own answers. No Rust type's name has a dot.
pub(super) fn own_components() -> [(&'static str, Value); 3] {
    let text = json!({ "type": "string" });
    [
        (
            "mfhm.InvalidParameter",
            json!({
                "description": "A refused request: one entry in `errors` for each parameter.",
                "allOf": [{ "$ref": "#/components/schemas/mfhm.Problem" }],
                "properties": { "code": { "const": "mfhm.invalid_parameter" } },
                "required": ["code", "errors"],
            }),
        ),
        (
            "mfhm.Problem",
            json!({
                "description": "A problem document (RFC 9457). `code` is the name of the error, `data` its fields.",
                "type": "object",
                "properties": {
                    "type": text,
                    "title": text,
                    "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                    "detail": text,
                    "code": text,
                    "data": { "type": "object" },
                    "errors": {
                        "type": "array",
                        "items": { "$ref": "#/components/schemas/mfhm.RefusedParameter" },
                    },
                },
                "required": ["status", "code"],
            }),
        ),
        (
            "mfhm.RefusedParameter",
            json!({
                "type": "object",
                "properties": { "name": text, "in": text, "detail": text },
                "required": ["name", "in", "detail"],
            }),
        ),
    ]
}
