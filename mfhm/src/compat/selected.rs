//! The comparison of single operations, of documents that nobody vouches for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Changes, Documents, Finding, MAX_WORK, Operation, operation, operations};

/// The part of the work that one operation may take.
const OPERATION: usize = MAX_WORK / 8;

/// What is found about one pair of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    Findings(Vec<Finding>),
    /// One of the documents does not have it, or is none.
    Absent,
    /// The schemas are too intricate to be compared.
    Intricate,
}

/// What changed from the operation of the first name in `old` to the one of the
/// second name in `new`, for each of these pairs. It ends soon, whatever the
/// documents are.
pub(crate) fn compare_selected(old: &Value, new: &Value, pairs: &[(&str, &str)]) -> Vec<Selected> {
    let (Ok(old_operations), Ok(new_operations)) = (operations(old), operations(new)) else {
        return vec![Selected::Absent; pairs.len()];
    };
    let documents = Documents::new(old, new);
    let mut left = MAX_WORK;
    let pair = |(old_name, new_name): &(&str, &str)| {
        let (Some(old), Some(new)) = (
            named(&old_operations, old_name),
            named(&new_operations, new_name),
        ) else {
            return Selected::Absent;
        };
        // The caller has paired them, so a new name is none of its concern.
        let new = Operation { id: old.id, ..*new };
        one(old, &new, documents, &mut left)
    };
    pairs.iter().map(pair).collect()
}

fn named<'a>(operations: &'a [Operation<'a>], name: &str) -> Option<&'a Operation<'a>> {
    operations.iter().find(|operation| operation.name() == name)
}

fn one(
    old: &Operation<'_>,
    new: &Operation<'_>,
    documents: Documents<'_>,
    left: &mut usize,
) -> Selected {
    let work = OPERATION.min(*left);
    let mut changes = Changes {
        operation: old.name(),
        findings: Vec::new(),
        told: BTreeMap::new(),
        work,
    };
    operation::compare(old, new, documents, &mut changes);
    *left -= work - changes.work;
    if changes.work == 0 {
        Selected::Intricate
    } else {
        Selected::Findings(changes.findings)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Verdict;
    use super::*;

    fn document(schema: Value, definitions: Value) -> Value {
        json!({
            "openapi": "3.1.0",
            "paths": { "/a": { "post": {
                "operationId": "a",
                "requestBody": { "content": { "application/json": { "schema": schema } } },
                "responses": { "200": { "content": { "application/json": { "schema": schema } } } },
            } } },
            "components": { "schemas": definitions },
        })
    }

    fn compared(old: &Value, new: &Value) -> Selected {
        compare_selected(old, new, &[("a", "a")]).remove(0)
    }

    fn reference(name: impl std::fmt::Display) -> Value {
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    #[test]
    fn only_the_operations_asked_for_are_compared() {
        let old = document(json!({ "type": "string" }), json!({}));
        let mut new = document(json!({ "type": "integer" }), json!({}));
        new["paths"]["/b"] = json!({ "get": { "operationId": "b" } });
        let found = compare_selected(&old, &new, &[("a", "a"), ("a", "b"), ("x", "a")]);
        let Selected::Findings(findings) = &found[0] else {
            panic!("{found:?}")
        };
        assert!(findings.iter().all(|f| f.verdict == Verdict::Breaking));
        assert!(!findings.is_empty());
        // Renamed, and moved.
        let Selected::Findings(findings) = &found[1] else {
            panic!("{found:?}")
        };
        assert!(findings.iter().any(|f| f.what.contains("/b")));
        assert_eq!(found[2], Selected::Absent);
        assert_eq!(compared(&json!([]), &new), Selected::Absent);
    }

    /// Each level doubles the one below.
    #[test]
    fn schemas_that_unfold_without_end_are_walked_once() {
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let mut definitions = serde_json::Map::new();
            for level in 0..60 {
                let below = reference(format!("L{}", level + 1));
                let value = json!({ keyword: [below, below, { "const": level }] });
                definitions.insert(format!("L{level}"), value);
            }
            let old = document(reference("L0"), definitions.into());
            let mut new = old.clone();
            new["components"]["schemas"]["L59"]["title"] = json!("other");
            assert_eq!(
                compared(&old, &new),
                Selected::Findings(vec![]),
                "{keyword}"
            );
        }
    }

    /// Two rings of different length meet in as many pairs as their product.
    #[test]
    fn rings_of_references_are_walked_once_or_given_up() {
        let ring = |length: usize| {
            let definitions = (0..length).map(|n| {
                let next = reference(format!("N{}", (n + 1) % length));
                let other = reference(format!("N{}", (n * 7 + 3) % length));
                let value = json!({ "type": "object", "properties": { "p": next, "q": other } });
                (format!("N{n}"), value)
            });
            document(
                reference("N0"),
                definitions.collect::<serde_json::Map<_, _>>().into(),
            )
        };
        assert_eq!(compared(&ring(40), &ring(40)), Selected::Findings(vec![]));
        // Whatever comes out: it comes.
        compared(&ring(2003), &ring(1999));
        let itself = document(
            reference("N0"),
            json!({ "N0": { "$ref": "#/components/schemas/N0" } }),
        );
        compared(&itself, &itself);
        let choice = json!({ "N0": { "oneOf": [{ "$ref": "#/components/schemas/N0" }, { "type": "string" }] } });
        let choice = document(reference("N0"), choice);
        compared(&choice, &choice);
    }

    #[test]
    fn long_lists_are_given_up() {
        let values: Vec<usize> = (0..100_000).collect();
        let old = document(json!({ "enum": values }), json!({}));
        let mut new = old.clone();
        new["components"]["schemas"] = json!({ "Other": {} });
        assert_eq!(compared(&old, &new), Selected::Intricate);
        let names: Vec<String> = values.iter().map(|n| format!("f{n}")).collect();
        let fields: serde_json::Map<_, _> = names
            .iter()
            .map(|name| (name.clone(), json!({ "type": "string" })))
            .collect();
        let wide = json!({ "type": "object", "properties": fields, "required": names });
        let old = document(wide, json!({}));
        let mut new = old.clone();
        new["components"]["schemas"] = json!({ "Other": {} });
        assert_eq!(compared(&old, &new), Selected::Intricate);
    }

    #[test]
    fn an_intricate_operation_does_not_hide_another() {
        let values: Vec<usize> = (0..100_000).collect();
        let mut old = document(json!({ "enum": values }), json!({}));
        old["paths"]["/b"] = json!({ "get": { "operationId": "b", "responses": { "200": {} } } });
        let mut new = old.clone();
        new["components"]["schemas"] = json!({ "Other": {} });
        new["paths"]["/b"]["get"]["responses"] = json!({ "201": {} });
        let found = compare_selected(&old, &new, &[("a", "a"), ("b", "b")]);
        assert_eq!(found[0], Selected::Intricate);
        assert!(matches!(&found[1], Selected::Findings(findings) if findings.len() == 1));
    }

    /// Any JSON, with the words that mean something in a document.
    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "$ref",
            "type",
            "oneOf",
            "anyOf",
            "allOf",
            "properties",
            "required",
            "enum",
            "const",
            "items",
            "prefixItems",
            "additionalProperties",
            "patternProperties",
            "content",
            "application/json",
            "application/problem+json",
            "schema",
            "parameters",
            "requestBody",
            "responses",
            "200",
            "name",
            "in",
            "path",
            "minimum",
            "format",
            "object",
            "string",
            "code",
            "#",
            "#/components/schemas/A",
            "#/components/schemas/B",
            "#/paths/~1a/post",
            "array",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((word.clone(), inner), 0..5)
                    .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_document_is_too_strange(
            schemas in [any_json(), any_json(), any_json(), any_json()],
            operations in [any_json(), any_json()],
        ) {
            let [first, second, a, b] = schemas;
            let definitions = json!({ "A": a, "B": b });
            let mut old = document(first, definitions.clone());
            let mut new = document(second, definitions);
            compared(&old, &new);
            let [first, second] = operations;
            for (document, strange) in [(&mut old, first), (&mut new, second)] {
                let mut operation = json!({ "operationId": "a" });
                if let (Value::Object(known), Value::Object(strange)) = (&mut operation, strange) {
                    known.extend(strange);
                    known.insert("operationId".to_owned(), "a".into());
                }
                document["paths"]["/a"]["post"] = operation;
            }
            compared(&old, &new);
        }
    }
}
