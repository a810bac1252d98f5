//! What may be one of several things, several of which are of one type.

use serde_json::{Value, json};

use super::{Breaking, Compatible, answer, body, check, document};

fn text(most: u8) -> Value {
    json!({ "type": "string", "maxLength": most })
}

fn any_of(parts: &[Value]) -> Value {
    json!({ "anyOf": parts })
}

#[test]
fn each_choice_of_one_type_counts() {
    let (one, both) = (any_of(&[text(0)]), any_of(&[text(0), text(1)]));
    let (more, fewer) = (
        "may be one more kind of string now",
        "may be one kind of string less now",
    );
    check(
        &body(&one),
        &body(&both),
        &[(Compatible, &format!("the body {more}"))],
    );
    check(
        &answer(&one),
        &answer(&both),
        &[(Breaking, &format!("the answer {more}"))],
    );
    check(
        &body(&both),
        &body(&one),
        &[(Breaking, &format!("the body {fewer}"))],
    );
    check(
        &answer(&both),
        &answer(&one),
        &[(Compatible, &format!("the answer {fewer}"))],
    );

    let map = |more: &Value| json!({ "type": "object", "additionalProperties": more });
    check(
        &answer(&map(&text(0))),
        &answer(&map(&both)),
        &[(Breaking, &format!("`*` in the answer {more}"))],
    );

    // Other types too, and the second one alone.
    let list = |kind: &str| json!({ "type": "array", "items": { "type": kind } });
    let lists = |kind: &str| any_of(&[list("integer"), list(kind)]);
    for document in [body, answer] {
        let findings = super::compare(&document(&lists("string")), &document(&lists("boolean")));
        let findings = findings.unwrap();
        assert!(
            findings.iter().any(|found| found.verdict == Breaking),
            "{findings:?}"
        );
    }
}

#[test]
fn choices_of_one_type_have_no_order_and_count_once() {
    let (one, other) = (any_of(&[text(0), text(1)]), any_of(&[text(1), text(0)]));
    let twice = any_of(&[text(0), text(0), text(1)]);
    for document in [body, answer] {
        check(&document(&one), &document(&other), &[]);
        check(&document(&one), &document(&twice), &[]);
        check(&document(&twice), &document(&one), &[]);
    }
}

/// One definition, once with a limit beside it and once without.
#[test]
fn a_definition_counts_with_what_stands_beside_its_list() {
    let of = |parts: Value| {
        let content = json!({ "application/json": { "schema": { "anyOf": parts } } });
        let responses = json!({ "200": { "content": content } });
        document(
            json!({ "responses": responses }),
            json!({ "type": "string" }),
        )
    };
    let plain = json!({ "$ref": "#/components/schemas/T" });
    let short = json!({ "maxLength": 1, "anyOf": [plain] });
    check(
        &of(json!([short])),
        &of(json!([short, plain])),
        &[(Breaking, "the answer may be one more kind of string now")],
    );
}

/// The same words of two variants, of which only the second breaks.
#[test]
fn what_breaks_once_is_told_as_breaking() {
    let variant = |tag: &str, fields: &[&str], required: &[&str]| {
        let mut schema = json!({ "type": "object", "required": required,
            "properties": { "kind": { "const": tag } } });
        for field in fields {
            schema["properties"][*field] = json!({});
        }
        schema
    };
    check(
        &answer(&any_of(&[
            variant("p", &["a"], &[]),
            variant("q", &["a"], &["a"]),
        ])),
        &answer(&any_of(&[variant("p", &[], &[]), variant("q", &[], &[])])),
        &[(Breaking, "the field `a` of the answer is removed")],
    );
}

#[test]
fn a_number_that_was_several_kinds_of_number() {
    let number = |least: u8| json!({ "type": "number", "minimum": least });
    let whole = json!({ "type": "integer", "minimum": 0 });
    check(
        &answer(&any_of(&[number(0), number(5)])),
        &answer(&whole),
        &[
            (Compatible, "the answer may be integer only, not number"),
            (Compatible, "the answer may not be number any more"),
        ],
    );
}

#[test]
fn a_value_that_its_limits_rule_out_is_none() {
    let values = json!({ "enum": [1, 2] });
    let less = json!({ "enum": [1, 2], "minimum": 2 });
    check(
        &body(&values),
        &body(&less),
        &[(Breaking, "the body may not be 1 any more")],
    );
    check(
        &answer(&values),
        &answer(&less),
        &[(Compatible, "the answer may not be 1 any more")],
    );
    // As OpenAPI 3.0 writes it.
    let nullable = json!({ "type": "string", "nullable": true, "enum": ["a", null] });
    let union = json!({ "type": ["string", "null"], "enum": ["a", null] });
    check(&body(&nullable), &body(&union), &[]);
    // Numbers that somebody forgot to quote.
    let unquoted = |values: &[u8]| json!({ "type": "string", "enum": values });
    check(&body(&unquoted(&[1, 2])), &body(&unquoted(&[1, 2])), &[]);
    check(
        &body(&unquoted(&[1, 2])),
        &body(&unquoted(&[1])),
        &[(
            Breaking,
            "the body may not be 2 (of another type than it says) any more",
        )],
    );
}

#[test]
fn what_may_be_anything_still_says_what_is_in_it() {
    let list = json!({ "type": "array" });
    let texts = json!({ "items": { "type": "string" } });
    check(
        &body(&list),
        &body(&texts),
        &[
            (Breaking, "`[]` in the body may be string only, not any"),
            (Compatible, "the body may be any now"),
        ],
    );
    let pattern = json!({ "pattern": "^y" });
    check(
        &body(&json!({ "const": "x" })),
        &body(&pattern),
        &[
            (Breaking, "the body has the pattern \"^y\" now"),
            (Compatible, "the body may be any now"),
        ],
    );
}

#[test]
fn a_map_of_anything_may_hold_any_field() {
    let of = |fields: Value| json!({ "type": "object", "properties": fields });
    let field = json!({ "a": { "type": "string" } });
    let map = json!({ "type": "object", "additionalProperties": true });
    let what = |what: &str| format!("the field `a` of the {what}");
    check(
        &body(&of(field.clone())),
        &body(&map),
        &[
            (Compatible, &what("body is one of any number now")),
            (Compatible, &what("body may be any now")),
        ],
    );
    check(
        &answer(&of(field.clone())),
        &answer(&map),
        &[
            (Compatible, &what("answer is removed")),
            (Breaking, &what("answer may be any now")),
        ],
    );
    check(
        &body(&map),
        &body(&of(field)),
        &[
            (Breaking, &what("body may be string only, not any")),
            (Compatible, &what("body is added")),
        ],
    );
}
