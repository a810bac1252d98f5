//! What is said about each kind of change.

mod choices;
mod everything;
mod places;
mod unjudged;

use serde_json::{Value, json};

use super::Verdict::{self, Breaking, Compatible};
use super::compare;

/// A document with one operation and the definition `T`.
fn document(operation: Value, definition: Value) -> Value {
    let mut operation = operation;
    if operation.get("operationId").is_none() {
        operation["operationId"] = json!("op");
    }
    json!({
        "openapi": "3.1.0",
        "paths": { "/things/{id}": { "post": operation } },
        "components": { "schemas": { "T": definition } },
    })
}

#[track_caller]
fn check(old: &Value, new: &Value, expected: &[(Verdict, &str)]) {
    let findings = compare(old, new).unwrap();
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.verdict, finding.what.as_str()))
        .collect();
    assert_eq!(found, expected);
}

fn body(schema: &Value) -> Value {
    let operation = json!({
        "requestBody": { "required": true, "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/T" } } } },
        "responses": {},
    });
    document(operation, schema.clone())
}

fn answer(schema: &Value) -> Value {
    let operation = json!({ "responses": { "200": { "content": {
        "application/json": { "schema": { "$ref": "#/components/schemas/T" } } } } } });
    document(operation, schema.clone())
}

fn parameters(parameters: Value) -> Value {
    document(
        json!({ "parameters": parameters, "responses": {} }),
        json!({}),
    )
}

#[test]
fn operations() {
    let of = |path: &str, method: &str, name: &str| json!({ "openapi": "3.1.0", "paths": { path: { method: { "operationId": name } } } });
    let old = of("/a/{x}", "get", "a");
    check(&old, &of("/a/{y}", "get", "a"), &[]);
    check(
        &old,
        &of("/a/{x}", "put", "a"),
        &[(Breaking, "the method is PUT instead of GET")],
    );
    check(
        &old,
        &of("/b/{x}", "get", "a"),
        &[(Breaking, "the path is /b/{x} instead of /a/{x}")],
    );
    check(
        &old,
        &of("/a/{x}", "get", "b"),
        &[(Breaking, "the operation is called `b` now")],
    );
    check(
        &old,
        &of("/b/{x}", "get", "b"),
        &[
            (Breaking, "the operation is removed"),
            (Compatible, "the operation is added"),
        ],
    );
    let deprecated = |is: bool| document(json!({ "deprecated": is }), json!({}));
    check(
        &deprecated(false),
        &deprecated(true),
        &[(Compatible, "the operation is deprecated")],
    );
    let idempotent = |is: bool| document(json!({ "x-mfhm-idempotent": is }), json!({}));
    check(
        &idempotent(true),
        &idempotent(false),
        &[(Breaking, "the operation may not be repeated any more")],
    );
}

#[test]
fn parameters_of_an_operation() {
    let page = |required: bool, kind: &str| {
        parameters(
            json!([{ "name": "page", "in": "query", "required": required, "schema": { "type": kind } }]),
        )
    };
    let none = parameters(json!([]));
    for (old, new, expected) in [
        (
            &page(true, "string"),
            &none,
            (Breaking, "the query parameter `page` is removed"),
        ),
        (
            &none,
            &page(false, "string"),
            (Compatible, "the query parameter `page` is added"),
        ),
        (
            &none,
            &page(true, "string"),
            (Breaking, "the query parameter `page` is added and required"),
        ),
        (
            &page(false, "string"),
            &page(true, "string"),
            (Breaking, "the query parameter `page` is required now"),
        ),
        (
            &page(true, "string"),
            &page(false, "string"),
            (Compatible, "the query parameter `page` is optional now"),
        ),
        (
            &page(true, "integer"),
            &page(true, "number"),
            (Compatible, "the query parameter `page` may be number now"),
        ),
        (
            &page(true, "number"),
            &page(true, "integer"),
            (
                Breaking,
                "the query parameter `page` may be integer only, not number",
            ),
        ),
        (
            &page(true, "string"),
            &page(true, "integer"),
            (
                Breaking,
                "the query parameter `page` is integer instead of string",
            ),
        ),
    ] {
        check(old, new, &[expected]);
    }
    let path = |name: &str| {
        parameters(json!([{ "name": name, "in": "path", "required": true, "schema": {} }]))
    };
    check(&path("id"), &path("id"), &[]);
    let header = |name: &str| parameters(json!([{ "name": name, "in": "header", "schema": {} }]));
    check(&header("X-A"), &header("x-a"), &[]);
}

#[test]
fn what_is_sent_may_be_widened_and_what_is_answered_narrowed() {
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required });
    let text = json!({ "type": "string" });
    let with = object(json!({ "a": text }), json!(["a"]));
    let optional = object(json!({ "a": text }), json!([]));
    let without = object(json!({}), json!([]));
    let values = |values: Value| json!({ "type": "string", "enum": values });
    let documented = json!({ "oneOf": [{ "const": "x", "description": "d" }, { "const": "y" }] });
    let tagged = |tags: &[&str]| {
        let one = |tag: &&str| {
            object(
                json!({ "kind": { "const": tag }, "n": text }),
                json!(["kind"]),
            )
        };
        json!({ "oneOf": tags.iter().map(one).collect::<Vec<_>>() })
    };
    let limit = |most: u64| json!({ "type": "integer", "maximum": most });
    let field = |what: &str, side: &str| format!("the field `a` of the {side} is {what}");
    // Old, new, of the body, of the answer.
    type Expected = (Verdict, String);
    let cases: Vec<(Value, Value, Expected, Expected)> = vec![
        (
            without.clone(),
            with.clone(),
            (Breaking, field("added and required", "body")),
            (Compatible, field("added", "answer")),
        ),
        (
            without.clone(),
            optional.clone(),
            (Compatible, field("added", "body")),
            (Compatible, field("added", "answer")),
        ),
        (
            with.clone(),
            without.clone(),
            (Breaking, field("removed", "body")),
            (Breaking, field("removed", "answer")),
        ),
        (
            optional.clone(),
            without,
            (Breaking, field("removed", "body")),
            (Compatible, field("removed", "answer")),
        ),
        (
            with.clone(),
            optional.clone(),
            (Compatible, field("optional now", "body")),
            (Breaking, field("optional now", "answer")),
        ),
        (
            optional,
            with.clone(),
            (Breaking, field("required now", "body")),
            (Compatible, field("always there now", "answer")),
        ),
        (
            values(json!(["x"])),
            values(json!(["x", "y"])),
            (Compatible, "the body may be \"y\" now".to_owned()),
            (Breaking, "the answer may be \"y\" now".to_owned()),
        ),
        (
            documented,
            values(json!(["x"])),
            (Breaking, "the body may not be \"y\" any more".to_owned()),
            (
                Compatible,
                "the answer may not be \"y\" any more".to_owned(),
            ),
        ),
        (
            tagged(&["p", "q"]),
            tagged(&["p", "q", "r"]),
            (Compatible, "the body may be {kind: \"r\"} now".to_owned()),
            (Breaking, "the answer may be {kind: \"r\"} now".to_owned()),
        ),
        (
            json!({ "type": ["string", "null"] }),
            text.clone(),
            (Breaking, "the body may not be null any more".to_owned()),
            (Compatible, "the answer may not be null any more".to_owned()),
        ),
        (
            limit(255),
            limit(65535),
            (
                Compatible,
                "the body has the maximum 65535 instead of 255".to_owned(),
            ),
            (
                Breaking,
                "the answer has the maximum 65535 instead of 255".to_owned(),
            ),
        ),
        (
            json!({ "type": "array", "items": text }),
            json!({ "type": "array", "items": {} }),
            (Compatible, "`[]` in the body may be any now".to_owned()),
            (Breaking, "`[]` in the answer may be any now".to_owned()),
        ),
        (
            json!({ "type": "object", "patternProperties": { "^[0-9]+$": text } }),
            json!({ "type": "object", "patternProperties": { "^[0-9]+$": {} } }),
            (Compatible, "`*` in the body may be any now".to_owned()),
            (Breaking, "`*` in the answer may be any now".to_owned()),
        ),
        (
            with,
            object(json!({ "a": { "type": "boolean" } }), json!(["a"])),
            (Breaking, field("boolean instead of string", "body")),
            (Breaking, field("boolean instead of string", "answer")),
        ),
        (
            values(json!(["x", "y"])),
            text.clone(),
            (Compatible, "the body may be string now".to_owned()),
            (Breaking, "the answer may be string now".to_owned()),
        ),
        (
            json!({ "type": "integer" }),
            json!({ "enum": [1, 2] }),
            (
                Breaking,
                "the body may be 1 or 2 only, not integer".to_owned(),
            ),
            (
                Compatible,
                "the answer may be 1 or 2 only, not integer".to_owned(),
            ),
        ),
        (
            json!({ "type": "object" }),
            json!({ "type": "object", "additionalProperties": false }),
            (
                Breaking,
                "the body may have no unknown fields any more".to_owned(),
            ),
            (
                Compatible,
                "the answer may have no unknown fields any more".to_owned(),
            ),
        ),
        (
            json!({ "type": "object", "additionalProperties": text }),
            json!({ "type": "object" }),
            (Compatible, "`*` in the body may be any now".to_owned()),
            (Breaking, "`*` in the answer may be any now".to_owned()),
        ),
        (
            json!({ "type": "number" }),
            json!({ "type": "number", "multipleOf": 0.5 }),
            (Breaking, "the body is a multiple of 0.5 now".to_owned()),
            (Compatible, "the answer is a multiple of 0.5 now".to_owned()),
        ),
        (
            json!({ "type": "array", "uniqueItems": true }),
            json!({ "type": "array" }),
            (
                Compatible,
                "the body may have an element twice now".to_owned(),
            ),
            (
                Breaking,
                "the answer may have an element twice now".to_owned(),
            ),
        ),
        (
            json!({ "type": "array", "prefixItems": [text, text] }),
            json!({ "type": "array", "prefixItems": [text] }),
            (Breaking, "the body has 1 elements instead of 2".to_owned()),
            (
                Breaking,
                "the answer has 1 elements instead of 2".to_owned(),
            ),
        ),
        (
            json!({ "type": "array", "items": text }),
            json!({ "type": "array", "prefixItems": [text] , "items": text }),
            (
                Breaking,
                "the body has a fixed number of elements now".to_owned(),
            ),
            (
                Breaking,
                "the answer has a fixed number of elements now".to_owned(),
            ),
        ),
        // What stands beside the variants belongs to each of them.
        (
            json!({ "properties": { "a": text }, "oneOf": [{ "properties": { "b": text } }, { "properties": { "c": text } }] }),
            json!({ "properties": { "a": text, "z": text }, "oneOf": [{ "properties": { "b": text } }, { "properties": { "c": text } }] }),
            (Compatible, "the field `z` of the body is added".to_owned()),
            (
                Compatible,
                "the field `z` of the answer is added".to_owned(),
            ),
        ),
    ];
    for (old, new, of_body, of_answer) in &cases {
        check(&body(old), &body(new), &[(of_body.0, &of_body.1)]);
        check(&answer(old), &answer(new), &[(of_answer.0, &of_answer.1)]);
        check(&answer(old), &answer(old), &[]);
    }
}

#[test]
fn what_does_not_travel_is_no_change() {
    let two = |first: &str, second: &str| {
        let object = |name: &str| json!({ "type": "object", "properties": { "a": {}, name: {} } });
        json!({ "anyOf": [object(first), object(second), { "type": "null" }] })
    };
    let described = json!({ "type": "string", "title": "T", "description": "d", "examples": ["x"], "deprecated": true });
    for (old, new) in [
        (two("b", "c"), two("c", "b")),
        (json!({ "type": "string" }), described),
        (
            json!({ "type": ["string", "null"] }),
            json!({ "type": ["null", "string"] }),
        ),
        (
            json!({ "enum": ["a", "b"] }),
            json!({ "oneOf": [{ "const": "b" }, { "const": "a" }] }),
        ),
    ] {
        check(&body(&old), &body(&new), &[]);
        check(&answer(&old), &answer(&new), &[]);
    }
    let named = |name: &str, kind: &str| {
        json!({
            "openapi": "3.1.0",
            "paths": { "/": { "get": { "operationId": "op", "responses": { "200": { "content": {
                "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } } } } } } },
            "components": { "schemas": { name: { "type": kind } } },
        })
    };
    check(&named("A", "string"), &named("B", "string"), &[]);
    // The same name for something else.
    check(
        &named("A", "string"),
        &named("A", "integer"),
        &[(Breaking, "the answer is integer instead of string")],
    );
}

#[test]
fn defaults() {
    let of = |default: Value| json!({ "type": "object", "properties": { "a": { "type": "integer", "default": default } } });
    let none = Value::Null;
    let what = |text: &str| format!("the field `a` of the body has the default {text}");
    for (old, new, verdict, text) in [
        (&none, &json!(1), Compatible, "1 now"),
        (&json!(1), &none, Compatible, "1 no more"),
        (&json!(1), &json!(2), Breaking, "2 instead of 1"),
    ] {
        let (old, new) = (of(old.clone()), of(new.clone()));
        check(&body(&old), &body(&new), &[(verdict, &what(text))]);
        check(&answer(&old), &answer(&new), &[]);
    }
}

#[test]
fn a_type_that_holds_itself_is_compared_once() {
    let list = |kind: &str| {
        json!({ "type": "object", "properties": {
            "next": { "anyOf": [{ "$ref": "#/components/schemas/T" }, { "type": "null" }] },
            "other": { "type": kind },
        } })
    };
    let findings = compare(&answer(&list("string")), &answer(&list("boolean"))).unwrap();
    let mut found: Vec<_> = findings.into_iter().map(|finding| finding.what).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "the field `next.other` of the answer is boolean instead of string",
            "the field `other` of the answer is boolean instead of string",
        ]
    );
}

#[test]
fn what_is_no_document_is_refused() {
    for value in [
        json!({}),
        json!([]),
        json!({ "openapi": "2.0" }),
        json!({ "openapi": "3.1.0" }),
    ] {
        assert!(compare(&value, &value).is_err(), "{value}");
    }
}
