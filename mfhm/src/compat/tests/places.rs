//! Where a schema stands, and what else an operation says.

use serde_json::{Value, json};

use super::{Breaking, Compatible, check, document, parameters};

fn operation(operation: Value) -> Value {
    document(operation, json!({}))
}

#[test]
fn an_operation_is_known_by_its_name_or_its_route() {
    let of = |paths: Value| json!({ "openapi": "3.1.0", "paths": paths });
    // Without a name, the names of placeholders still do not count.
    let nameless = |path: &str| of(json!({ path: { "get": {} } }));
    check(&nameless("/a/{x}"), &nameless("/a/{y}"), &[]);
    check(
        &nameless("/a"),
        &nameless("/b"),
        &[
            (Breaking, "the operation is removed"),
            (Compatible, "the operation is added"),
        ],
    );
    check(
        &nameless("/a"),
        &of(json!({ "/a": { "get": { "operationId": "a" } } })),
        &[],
    );
    // Two versions in one document may share a name.
    let versions = |second: &str| {
        of(json!({
            "/v1/a": { "get": { "operationId": "a" } },
            "/v2/a": { "get": { "operationId": "a", "parameters": [
                { "name": "p", "in": "query", "required": second == "p" },
            ] } },
        }))
    };
    check(&versions(""), &versions(""), &[]);
    check(
        &versions(""),
        &versions("p"),
        &[(Breaking, "the query parameter `p` is required now")],
    );
    // A name that goes over to another route takes its callers along.
    check(
        &of(json!({ "/a": { "get": { "operationId": "a" } } })),
        &of(json!({
            "/a": { "get": { "operationId": "old_a" } },
            "/b": { "get": { "operationId": "a" } },
        })),
        &[
            (Breaking, "the path is /b instead of /a"),
            (Compatible, "the operation is added"),
        ],
    );
}

#[test]
fn a_parameter_that_may_be_repeated() {
    let query =
        |schema: Value| parameters(json!([{ "name": "tag", "in": "query", "schema": schema }]));
    let one = query(json!({ "type": "string" }));
    let many = query(json!({ "type": "array", "items": { "type": "string" } }));
    check(
        &one,
        &many,
        &[(Compatible, "the query parameter `tag` may be repeated now")],
    );
    check(
        &many,
        &one,
        &[(
            Breaking,
            "the query parameter `tag` may not be repeated any more",
        )],
    );
    let numbers = query(json!({ "type": "array", "items": { "type": "integer" } }));
    check(
        &one,
        &numbers,
        &[
            (Compatible, "the query parameter `tag` may be repeated now"),
            (
                Breaking,
                "the query parameter `tag` is integer instead of string",
            ),
        ],
    );
    let header = |is: bool| {
        parameters(json!([{ "name": "x-a", "in": "header", "schema": {}, "x-mfhm-repeated": is }]))
    };
    check(
        &header(true),
        &header(false),
        &[(
            Breaking,
            "the header parameter `x-a` may not be repeated any more",
        )],
    );
}

#[test]
fn the_fields_of_a_query_are_parameters() {
    let flat = |name: &str, required: Value| {
        parameters(
            json!([{ "name": name, "in": "query", "required": true, "style": "form", "explode": true,
            "schema": { "type": "object", "required": required, "properties": {
                "a": { "type": "string" }, "b": { "type": "string" } } } }]),
        )
    };
    // The name of the struct's parameter does not travel.
    check(&flat("filter", json!(["a"])), &flat("f", json!(["a"])), &[]);
    check(
        &flat("filter", json!(["a"])),
        &flat("filter", json!(["a", "b"])),
        &[(Breaking, "the query parameter `b` is required now")],
    );
    let apart = parameters(json!([
        { "name": "a", "in": "query", "required": true, "schema": { "type": "string" } },
        { "name": "b", "in": "query", "schema": { "type": "string" } },
    ]));
    check(&flat("filter", json!(["a"])), &apart, &[]);
}

#[test]
fn parameters_of_a_path_belong_to_its_operations() {
    let of = |required: bool| {
        json!({ "openapi": "3.1.0", "paths": { "/": {
            "parameters": [{ "name": "p", "in": "query", "required": required }],
            "get": { "operationId": "a" },
        } } })
    };
    check(
        &of(false),
        &of(true),
        &[(Breaking, "the query parameter `p` is required now")],
    );
}

#[test]
fn content_types() {
    let takes = |content: Value| operation(json!({ "requestBody": { "content": content } }));
    let gives =
        |content: Value| operation(json!({ "responses": { "200": { "content": content } } }));
    let (any, text, html) = (
        json!({ "*/*": {} }),
        json!({ "text/plain": {} }),
        json!({ "text/html": {} }),
    );
    let gone = |side: &str, name: &str| format!("the {side} is not {name} any more");
    let new = |side: &str, name: &str| format!("the {side} may be {name}");
    check(
        &takes(text.clone()),
        &takes(any.clone()),
        &[(Compatible, &new("body", "*/*"))],
    );
    check(
        &takes(any.clone()),
        &takes(text.clone()),
        &[
            (Breaking, &gone("body", "*/*")),
            (Compatible, &new("body", "text/plain")),
        ],
    );
    check(
        &gives(any.clone()),
        &gives(text.clone()),
        &[(Compatible, &gone("answer", "*/*"))],
    );
    check(
        &gives(text.clone()),
        &gives(any),
        &[
            (Breaking, &gone("answer", "text/plain")),
            (Breaking, &new("answer", "*/*")),
        ],
    );
    check(
        &gives(text),
        &gives(html),
        &[
            (Breaking, &gone("answer", "text/plain")),
            (Breaking, &new("answer", "text/html")),
        ],
    );
}

#[test]
fn the_items_of_a_stream() {
    let stream = |kind: &str, item: Value| {
        let media = json!({ "schema": { "type": "string" }, "x-mfhm-item": item });
        operation(json!({ "responses": { "200": { "content": { kind: media } } } }))
    };
    let number = json!({ "type": "integer" });
    let lines = stream("application/x-ndjson", number.clone());
    check(
        &lines,
        &stream(
            "application/x-ndjson",
            json!({ "type": ["integer", "null"] }),
        ),
        &[(Breaking, "an item of the answer may be null now")],
    );
    check(
        &lines,
        &stream("text/event-stream", number),
        &[
            (Breaking, "the answer is not application/x-ndjson any more"),
            (Breaking, "the answer may be text/event-stream"),
        ],
    );
}

#[test]
fn an_answer_that_nothing_was_known_of() {
    let opaque = operation(json!({ "responses": { "2XX": { "description": "d" } } }));
    let json =
        operation(json!({ "responses": { "200": { "content": { "application/json": {} } } } }));
    check(
        &opaque,
        &json,
        &[(Compatible, "the answer is described now")],
    );
    check(&opaque, &opaque, &[]);
    check(
        &json,
        &opaque,
        &[
            (Breaking, "a success has the status 2XX instead of 200"),
            (Breaking, "the answer is not application/json any more"),
        ],
    );
}

#[test]
fn the_data_of_an_error() {
    let error = |data: Value| {
        let problem = json!({ "properties": { "code": { "const": "gone" }, "data": data } });
        let content = json!({ "application/problem+json": { "schema": problem } });
        operation(json!({ "responses": { "404": { "content": content } } }))
    };
    let with = |fields: &[&str]| {
        let properties: serde_json::Map<String, Value> = fields
            .iter()
            .map(|name| ((*name).to_owned(), json!({})))
            .collect();
        json!({ "type": "object", "properties": properties, "required": fields })
    };
    let field = |what: &str| format!("the field `b` of the data of the error `gone` is {what}");
    check(
        &error(with(&["a", "b"])),
        &error(with(&["a"])),
        &[(Breaking, &field("removed"))],
    );
    check(
        &error(with(&["a"])),
        &error(with(&["a", "b"])),
        &[(Compatible, &field("added"))],
    );
    // An error without fields says nothing of them.
    check(
        &error(Value::Null),
        &error(with(&["b"])),
        &[(Compatible, &field("added"))],
    );
    check(
        &error(with(&["b"])),
        &error(Value::Null),
        &[(Breaking, &field("removed"))],
    );
}

#[test]
fn a_key() {
    let of = |security: Value| {
        let mut document = operation(json!({}));
        document["security"] = security;
        document
    };
    let (none, key) = (of(json!([])), of(json!([{ "key": [] }])));
    check(&none, &key, &[(Breaking, "a key is needed now")]);
    check(&key, &none, &[(Compatible, "no key is needed any more")]);
    check(&none, &of(json!([{ "key": [] }, {}])), &[]);
}

#[test]
fn errors_and_statuses() {
    let problem = |code: &str| json!({ "properties": { "code": { "const": code } } });
    let errors = |status: &str, codes: &[&str]| {
        let schemas: Vec<_> = codes.iter().map(|code| problem(code)).collect();
        let schema = match schemas.as_slice() {
            [one] => one.clone(),
            _ => json!({ "oneOf": schemas }),
        };
        let content = json!({ "application/problem+json": { "schema": schema } });
        document(
            json!({ "responses": { status: { "content": content } } }),
            json!({}),
        )
    };
    let one = errors("404", &["gone"]);
    check(
        &one,
        &errors("404", &["gone", "lost"]),
        &[(Breaking, "the error `lost` (404) is added")],
    );
    check(
        &errors("404", &["gone", "lost"]),
        &one,
        &[(Compatible, "the error `lost` is removed")],
    );
    check(
        &one,
        &errors("410", &["gone"]),
        &[(
            Breaking,
            "the error `gone` has the status 410 instead of 404",
        )],
    );
    check(
        &errors("400", &["mfhm.invalid_parameter"]),
        &errors("400", &[]),
        &[],
    );
    let success = |status: &str| document(json!({ "responses": { status: {} } }), json!({}));
    check(
        &success("200"),
        &success("204"),
        &[(Breaking, "a success has the status 204 instead of 200")],
    );
}
