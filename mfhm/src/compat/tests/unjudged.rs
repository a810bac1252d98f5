//! Documents that are not mfhm's: nothing that differs is passed over.

use serde_json::{Value, json};

use super::Breaking;
use super::{answer, body, check, compare, document};

/// Whether the change breaks in a request, and in an answer.
fn breaks(old: &Value, new: &Value) -> (bool, bool) {
    let breaks = |old: &Value, new: &Value| {
        let findings = compare(old, new).unwrap();
        findings.iter().any(|finding| finding.verdict == Breaking)
    };
    (
        breaks(&body(old), &body(new)),
        breaks(&answer(old), &answer(new)),
    )
}

/// A body of definitions that hold each other, the last one with `last`.
fn nested(depth: usize, last: &Value) -> (Value, Value) {
    let name = |number: usize| format!("T{number}");
    let at = |number: usize| json!({ "$ref": format!("#/components/schemas/{}", name(number)) });
    let mut schemas = serde_json::Map::from_iter([("T".to_owned(), at(0))]);
    for number in 0..depth {
        let field = if number + 1 == depth {
            last.clone()
        } else {
            at(number + 1)
        };
        let schema = json!({ "type": "object", "properties": { "a": field } });
        schemas.insert(name(number), schema);
    }
    let with = |mut document: Value| {
        document["components"]["schemas"] = Value::Object(schemas.clone());
        document
    };
    (with(body(&Value::Null)), with(answer(&Value::Null)))
}

#[test]
fn what_is_nested_too_deeply_is_told_where_it_differs() {
    let of = |depth| {
        let (old, new) = (json!({ "type": "string" }), json!({ "type": "integer" }));
        let (old, new) = (nested(depth, &old), nested(depth, &new));
        [(&old.0, &new.0), (&old.1, &new.1), (&old.0, &old.0)].map(|(old, new)| {
            let findings = compare(old, new).unwrap();
            findings.iter().any(|finding| finding.verdict == Breaking)
        })
    };
    for depth in [3, 60, 64, 65, 66, 67, 90, 120] {
        assert_eq!(of(depth), [true, true, false], "{depth}");
    }
}

#[test]
fn choices_that_are_nested_too_deeply_are_told_where_they_differ() {
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let deep = |depth: usize, last: &str| {
            let last = json!({ "type": "string", "pattern": last });
            (0..depth).fold(last, |inner, _| json!({ keyword: [inner] }))
        };
        for depth in [3, 60, 63, 64, 65, 66, 70] {
            let (old, new) = (deep(depth, "^a"), deep(depth, "^b"));
            assert_eq!(breaks(&old, &new), (true, true), "{keyword} {depth}");
            assert_eq!(breaks(&old, &old), (false, false), "{keyword} {depth}");
        }
    }
}

#[test]
fn keywords_that_are_not_understood_are_told() {
    for keyword in [
        "not",
        "if",
        "contains",
        "dependentRequired",
        "propertyNames",
        "unevaluatedProperties",
        "contentEncoding",
        "x-others",
    ] {
        for kind in ["string", "object"] {
            let old = json!({ "type": kind });
            let with = json!({ "type": kind, keyword: { "const": "a" } });
            let other = json!({ "type": kind, keyword: { "const": "b" } });
            for (old, new) in [(&old, &with), (&with, &old), (&with, &other)] {
                assert_eq!(breaks(old, new), (true, true), "{old} {new}");
            }
            assert_eq!(breaks(&with, &with), (false, false));
        }
    }
    check(
        &body(&json!({ "type": "string" })),
        &body(&json!({ "type": "string", "not": { "const": "a" } })),
        &[(Breaking, "the body has `not` now")],
    );
    // Beside the values of an enum too.
    let values = json!({ "enum": ["a", "b"] });
    let less = json!({ "enum": ["a", "b"], "not": { "const": "a" } });
    assert_eq!(breaks(&values, &less), (true, true));
    for keyword in ["title", "description", "examples", "example", "$comment"] {
        let old = json!({ "type": "string" });
        let new = json!({ "type": "string", keyword: "b" });
        assert_eq!(breaks(&old, &new), (false, false), "{keyword}");
    }
    let names = |name: &str| json!({ "type": "object", "patternProperties": { name: {} } });
    assert_eq!(breaks(&names("^x"), &names("^y")), (true, true));
}

#[test]
fn what_is_not_understood_is_followed_to_what_it_refers_to() {
    let of = |length: u8| {
        let mut document = body(&json!({ "not": { "$ref": "#/components/schemas/N" } }));
        document["components"]["schemas"]["N"] = json!({ "maxLength": length, "not": {
            "$ref": "#/components/schemas/N" } });
        document
    };
    check(&of(1), &of(2), &[(Breaking, "the body has another `not`")]);
    let mut same = of(1);
    same["components"]["schemas"]["Other"] = json!({});
    check(&of(1), &same, &[]);
}

#[test]
fn what_stands_beside_a_reference_holds_too() {
    let of = |beside: Value| {
        let mut schema = json!({ "$ref": "#/components/schemas/N" });
        schema
            .as_object_mut()
            .unwrap()
            .extend(beside.as_object().cloned().unwrap());
        let mut document = document(
            json!({ "requestBody": { "content": { "application/json": { "schema": {
                "type": "object", "properties": { "a": schema } } } } } }),
            json!({}),
        );
        document["components"]["schemas"]["N"] = json!({ "type": "string", "maxLength": 9 });
        document
    };
    let what = |limit: &str| format!("the field `a` of the body has the {limit}");
    check(
        &of(json!({})),
        &of(json!({ "minLength": 3 })),
        &[(Breaking, &what("minLength 3 instead of none"))],
    );
    check(
        &of(json!({})),
        &of(json!({ "maxLength": 3 })),
        &[(Breaking, &what("maxLength 3 instead of 9"))],
    );
    check(&of(json!({})), &of(json!({ "maxLength": 12 })), &[]);
    check(&of(json!({})), &of(json!({ "description": "a" })), &[]);
}

#[test]
fn the_formats_of_integers_are_ranges() {
    let of = |format: &str| json!({ "type": "integer", "format": format });
    assert_eq!(breaks(&of("int64"), &of("int32")), (true, false));
    assert_eq!(breaks(&of("int32"), &of("int64")), (false, true));
    assert_eq!(breaks(&of("int64"), &of("uint64")), (true, true));
    assert_eq!(breaks(&of("uint8"), &of("int16")), (false, true));
    let by_limits = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
    assert_eq!(breaks(&of("uint8"), &by_limits), (false, false));
    assert_eq!(breaks(&of("roman"), &of("even")), (true, true));
    let most = |most: u64| json!({ "type": "integer", "maximum": most });
    let (large, less) = (most(9_007_199_254_740_993), most(9_007_199_254_740_992));
    assert_eq!(breaks(&large, &less), (true, false));
    let number = |format: &str| json!({ "type": "number", "format": format });
    assert_eq!(breaks(&number("float"), &number("double")), (false, true));
    assert_eq!(breaks(&number("double"), &number("float")), (true, false));
    assert_eq!(
        breaks(&number("double"), &json!({ "type": "number" })),
        (false, false)
    );
}

#[test]
fn nullable_is_a_null_more() {
    let text = json!({ "type": "string" });
    let nullable = json!({ "type": "string", "nullable": true });
    let union = json!({ "type": ["string", "null"] });
    assert_eq!(breaks(&text, &nullable), (false, true));
    assert_eq!(breaks(&nullable, &text), (true, false));
    assert_eq!(breaks(&nullable, &union), (false, false));
}

#[test]
fn required_names_that_are_not_described() {
    let of = |required: Value| json!({ "type": "object", "properties": { "a": {} }, "required": required });
    let (less, more) = (of(json!(["a"])), of(json!(["a", "z"])));
    assert_eq!(breaks(&less, &more), (true, false));
    assert_eq!(breaks(&more, &less), (false, true));
}

#[test]
fn other_words_for_the_same() {
    let most = json!({ "type": "integer", "maximum": 9 });
    let below = json!({ "type": "integer", "exclusiveMaximum": 10 });
    assert_eq!(breaks(&most, &below), (false, false));
    let (one, float) = (json!({ "const": 1 }), json!({ "const": 1.0 }));
    assert_eq!(breaks(&one, &float), (false, false));
}

#[test]
fn a_struct_may_become_a_map_that_takes_it() {
    let of = |kind: &str| json!({ "type": "object", "properties": { "a": { "type": kind } } });
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    assert!(!breaks(&of("string"), &map).0);
    assert!(breaks(&of("integer"), &map).0);
}

#[test]
fn an_object_of_a_query_that_may_be_left_out() {
    let of = |required: Value| {
        super::parameters(json!([{ "name": "p", "in": "query", "schema": {
            "type": "object", "properties": { "a": {}, "b": {} }, "required": required } }]))
    };
    let what = "the query parameter `b` is required now beside others of its object";
    check(&of(json!([])), &of(json!(["b"])), &[(Breaking, what)]);
    check(&of(json!(["b"])), &of(json!([])), &[]);
}

#[test]
fn how_a_parameter_is_written() {
    let of = |more: Value| {
        let mut parameter = json!({ "name": "p", "in": "query", "schema": { "type": "array" } });
        let more = more.as_object().cloned().unwrap();
        parameter.as_object_mut().unwrap().extend(more);
        super::parameters(json!([parameter]))
    };
    let style = "the query parameter `p` is written in another style";
    let plain = of(json!({}));
    check(
        &plain,
        &of(json!({ "style": "form", "explode": true })),
        &[],
    );
    check(
        &plain,
        &of(json!({ "explode": false })),
        &[(Breaking, style)],
    );
    check(
        &plain,
        &of(json!({ "content": { "application/json": {} } })),
        &[(Breaking, "the query parameter `p` has `content` now")],
    );
}

#[test]
fn any_success_may_become_one_status() {
    let of = |status: &str, kind: &str| {
        let content = json!({ "application/json": { "schema": { "type": kind } } });
        let responses = json!({ status: { "content": content } });
        document(json!({ "responses": responses }), json!({}))
    };
    let told = (super::Compatible, "the status of a success is told now");
    check(&of("2XX", "string"), &of("200", "string"), &[told]);
    check(
        &of("2XX", "string"),
        &of("200", "integer"),
        &[told, (Breaking, "the answer is integer instead of string")],
    );
    assert!(breaks_as_whole(&of("200", "string"), &of("2XX", "string")));
}

fn breaks_as_whole(old: &Value, new: &Value) -> bool {
    let findings = compare(old, new).unwrap();
    findings.iter().any(|finding| finding.verdict == Breaking)
}

#[test]
fn the_headers_of_an_answer() {
    let of = |headers: Value| {
        document(
            json!({ "responses": { "200": { "headers": headers } } }),
            json!({}),
        )
    };
    let header = |required: bool, kind: &str| {
        of(json!({ "X-A": { "required": required, "schema": { "type": kind } } }))
    };
    let always = header(true, "string");
    let what = |what: &str| format!("the header `x-a` of the answer {what}");
    check(&always, &of(json!({})), &[(Breaking, &what("is removed"))]);
    check(
        &always,
        &header(false, "string"),
        &[(Breaking, &what("is optional now"))],
    );
    check(
        &always,
        &header(true, "integer"),
        &[(Breaking, &what("is integer instead of string"))],
    );
    check(
        &of(json!({})),
        &always,
        &[(super::Compatible, &what("is added"))],
    );
}

#[test]
fn a_path_item_may_be_elsewhere() {
    let item = json!({ "get": { "operationId": "a" } });
    let here = json!({ "openapi": "3.1.0", "paths": { "/a": item } });
    let there = json!({ "openapi": "3.1.0",
        "paths": { "/a": { "$ref": "#/components/pathItems/A" } },
        "components": { "pathItems": { "A": item } } });
    check(&here, &there, &[]);
}
