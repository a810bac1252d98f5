//! What holds for all documents, tried with many.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Verdict::Breaking;
use super::{answer, body, compare};
use crate::compat::compare_within;

/// The keywords that [`fits`] knows.
fn schema() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!("x")),
        Just(json!("y")),
        Just(json!(1)),
        Just(json!(2.5)),
        Just(json!(true)),
        Just(json!(null)),
    ];
    let kind = prop::sample::select(vec![
        "string", "integer", "number", "boolean", "null", "object", "array",
    ]);
    let leaf = prop_oneof![
        Just(json!({})),
        kind.clone().prop_map(|kind| json!({ "type": kind })),
        prop::collection::vec(kind, 1..3).prop_map(|kinds| json!({ "type": kinds })),
        value.clone().prop_map(|value| json!({ "const": value })),
        prop::collection::vec(value, 1..4).prop_map(|values| json!({ "enum": values })),
        (0..3u8, 0..3u8).prop_map(
            |(least, more)| json!({ "type": "integer", "minimum": least, "maximum": least + more })
        ),
        (0..3u8).prop_map(|most| json!({ "type": "string", "maxLength": most })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        // A type may hold itself, though not be itself.
        let field = prop_oneof![
            4 => inner.clone(),
            1 => Just(json!({ "$ref": "#/components/schemas/T" })),
        ];
        let fields = prop::collection::btree_map(
            prop::sample::select(vec!["a", "b", "c"]),
            (field, any::<bool>()),
            0..3,
        );
        let object = (fields, prop::option::of(any::<bool>())).prop_map(|(fields, is_open)| {
            let required: Vec<_> = fields
                .iter()
                .filter(|(_, (_, is))| *is)
                .map(|(name, _)| *name)
                .collect();
            let properties: Map<String, Value> = fields
                .iter()
                .map(|(name, (schema, _))| ((*name).to_owned(), schema.clone()))
                .collect();
            let mut object =
                json!({ "type": "object", "properties": properties, "required": required });
            if let Some(is_open) = is_open {
                object["additionalProperties"] = json!(is_open);
            }
            object
        });
        prop_oneof![
            object,
            inner
                .clone()
                .prop_map(|items| json!({ "type": "array", "items": items })),
            inner
                .clone()
                .prop_map(|more| json!({ "type": "object", "additionalProperties": more })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({ "anyOf": parts })),
            // What stands beside the list holds for each part.
            (prop::collection::vec(inner.clone(), 1..4), 0..3u8)
                .prop_map(|(parts, n)| json!({ "anyOf": parts, "maxLength": n, "minimum": n })),
            inner.prop_map(|part| json!({ "allOf": [part] })),
        ]
    })
}

/// Values to try schemas with.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("x")),
        Just(json!("y")),
        Just(json!("long")),
        (0..5u8).prop_map(Value::from),
        Just(json!(2.5)),
        Just(json!(true)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let fields = prop::collection::btree_map(
            prop::sample::select(vec!["a", "b", "c", "d"]),
            inner.clone(),
            0..3,
        );
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            fields.prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

/// Whether a value is what a schema says, by the standard's words; but whoever
/// writes one (`is_writer`) adds no fields that nobody wrote down.
fn fits(schema: &Value, value: &Value, is_writer: bool, whole: (&Value, usize)) -> bool {
    let (definition, depth) = whole;
    let Some(members) = schema.as_object() else {
        return schema != false;
    };
    let fits =
        |schema: &Value, value: &Value| fits(schema, value, is_writer, (definition, depth + 1));
    let kind = members.get("type");
    let says = |name: &str| kind == Some(&json!(name));
    let says_one_of = |name: &str| {
        let kinds = kind.and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.contains(&json!(name)))
    };
    let has_more = members.contains_key("additionalProperties");
    if let Some(values) = value.as_object()
        && is_writer
        && (says("object") || says_one_of("object"))
        && !has_more
    {
        let named = |name: &String| {
            members
                .get("properties")
                .is_some_and(|p| p.get(name).is_some())
        };
        if !values.keys().all(named) {
            return false;
        }
    }
    let is = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        _ => value.is_array(),
    };
    members
        .iter()
        .all(|(keyword, said)| match (keyword.as_str(), said, value) {
            ("$ref", ..) => depth > 20 || fits(definition, value),
            ("type", Value::Array(kinds), _) => kinds.iter().any(is),
            ("type", kind, _) => is(kind),
            ("const", said, value) => said == value,
            ("enum", Value::Array(said), value) => said.contains(value),
            ("minimum", least, Value::Number(n)) => n.as_f64() >= least.as_f64(),
            ("maximum", most, Value::Number(n)) => n.as_f64() <= most.as_f64(),
            ("maxLength", most, Value::String(text)) => {
                text.len() as u64 <= most.as_u64().unwrap_or(0)
            }
            ("items", items, Value::Array(values)) => values.iter().all(|value| fits(items, value)),
            ("properties", Value::Object(fields), Value::Object(values)) => fields
                .iter()
                .all(|(name, schema)| values.get(name).is_none_or(|value| fits(schema, value))),
            ("required", Value::Array(names), Value::Object(values)) => names
                .iter()
                .all(|name| values.contains_key(name.as_str().unwrap_or_default())),
            ("additionalProperties", more, Value::Object(values)) => {
                let named = |name: &String| {
                    members
                        .get("properties")
                        .is_some_and(|p| p.get(name).is_some())
                };
                values
                    .iter()
                    .all(|(name, value)| named(name) || fits(more, value))
            }
            ("anyOf", Value::Array(parts), value) => parts.iter().any(|part| fits(part, value)),
            ("allOf", Value::Array(parts), value) => parts.iter().all(|part| fits(part, value)),
            _ => true,
        })
}

/// What one value may be told of a pair of schemas: whether it breaks.
fn breaks(old: &Value, new: &Value) -> bool {
    let findings = compare(old, new).expect("both are documents");
    findings.iter().any(|finding| finding.verdict == Breaking)
}

proptest! {
    #[test]
    fn nothing_changes_to_itself(schema in schema()) {
        for document in [body(&schema), answer(&schema)] {
            prop_assert_eq!(compare(&document, &document).unwrap(), vec![]);
            // The same once more, where it cannot be seen at one glance.
            let mut other = document.clone();
            other["components"]["schemas"]["Other"] = json!({});
            prop_assert_eq!(compare(&document, &other).unwrap(), vec![]);
        }
    }

    #[test]
    fn a_change_breaks_or_does_not(old in schema(), new in schema()) {
        for (old, new) in [(body(&old), body(&new)), (answer(&old), answer(&new))] {
            let findings = compare(&old, &new).unwrap();
            for (index, finding) in findings.iter().enumerate() {
                let twice = findings[..index].iter().any(|other| {
                    (&other.operation, &other.what) == (&finding.operation, &finding.what)
                });
                prop_assert!(!twice, "{finding}");
            }
        }
    }

    /// The point of it all: what was sent before is taken, and what is answered
    /// now was expected.
    #[test]
    fn what_is_called_compatible_is(old in schema(), new in schema(), values in prop::collection::vec(value(), 16)) {
        let was = |value: &Value, is_writer| fits(&old, value, is_writer, (&old, 0));
        let is = |value: &Value, is_writer| fits(&new, value, is_writer, (&new, 0));
        if !breaks(&body(&old), &body(&new)) {
            for value in values.iter().filter(|value| was(value, true)) {
                prop_assert!(is(value, false), "{value} may not be sent any more");
            }
        }
        if !breaks(&answer(&old), &answer(&new)) {
            for value in values.iter().filter(|value| is(value, true)) {
                prop_assert!(was(value, false), "{value} may be answered now");
            }
        }
    }
}

#[test]
fn no_document_keeps_us_busy() {
    // Each definition is twice the next: 2^40 ways through them.
    let schemas = |keyword: &str, end: &str| -> Value {
        let link = |n: usize| json!({ "$ref": format!("#/components/schemas/T{n}") });
        let mut all: Map<String, Value> = (0..40)
            .map(|n| {
                (
                    format!("T{n}"),
                    json!({ keyword: [link(n + 1), link(n + 1)] }),
                )
            })
            .collect();
        all.insert("T40".to_owned(), json!({ "type": end }));
        Value::Object(all)
    };
    for keyword in ["oneOf", "anyOf", "allOf", "prefixItems"] {
        let document = |end: &str| {
            let mut document = answer(&json!({ "$ref": "#/components/schemas/T0" }));
            let definitions = document["components"]["schemas"].as_object_mut().unwrap();
            definitions.extend(schemas(keyword, end).as_object().cloned().unwrap());
            document
        };
        let findings = compare(&document("string"), &document("integer")).unwrap();
        assert!(!findings.is_empty(), "{keyword}");
    }
    // The same with other words beside each list: as many ways, and none of them
    // is another's.
    let link = |n: usize| json!({ "$ref": format!("#/components/schemas/T{n}") });
    let beside = |end: &str| {
        let levels = (0..40).map(|n| {
            let narrow = json!({ "anyOf": [link(n + 1)], format!("x-{n}"): 1 });
            (format!("T{n}"), json!({ "anyOf": [narrow, link(n + 1)] }))
        });
        let mut document = answer(&json!({ "$ref": "#/components/schemas/T0" }));
        let definitions = document["components"]["schemas"].as_object_mut().unwrap();
        definitions.extend(levels);
        definitions.insert("T40".to_owned(), json!({ "type": end }));
        document
    };
    assert_eq!(compare(&beside("string"), &beside("string")).unwrap(), []);
    let refused = compare(&beside("string"), &beside("integer")).unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
    // Many operations that share a large schema.
    let fields: Map<String, Value> = (0..2000)
        .map(|n| (format!("f{n}"), json!({ "type": "string" })))
        .collect();
    let paths: Map<String, Value> = (0..5000)
        .map(|n| {
            let content =
                json!({ "application/json": { "schema": { "$ref": "#/components/schemas/T" } } });
            (
                format!("/{n}"),
                json!({ "get": { "responses": { "200": { "content": content } } } }),
            )
        })
        .collect();
    let document = json!({ "openapi": "3.1.0", "paths": paths,
        "components": { "schemas": { "T": { "type": "object", "properties": fields } } } });
    assert_eq!(compare(&document, &document).unwrap(), []);
    let mut other = document.clone();
    other["components"]["schemas"]["T"]["properties"]["f0"]["type"] = json!("integer");
    let refused = compare_within(1 << 20, &document, &other).unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
}
