//! A fingerprint of what an operation's callers depend on.
//!
//! It stays the same when descriptions, titles, examples and the names of types
//! change, and it changes with anything that travels: method, path, parameters,
//! body, statuses, answers, errors, and whether a call may be repeated.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Where an operation has it: 16 hexadecimal digits.
pub(crate) const KEY: &str = "x-mfhm-fingerprint";

/// What only people read.
const ANNOTATIONS: [&str; 7] = [
    "title",
    "description",
    "example",
    "examples",
    "deprecated",
    "$comment",
    super::schemas::UNTYPED,
];

/// Keywords whose value maps names, which may be anything, to schemas.
const NAMED: [&str; 4] = [
    "properties",
    "patternProperties",
    "$defs",
    "dependentSchemas",
];

/// Keywords whose value is data of the user's.
const DATA: [&str; 3] = ["const", "enum", "default"];

/// Keywords whose value is a set, written as a list.
const SETS: [&str; 6] = ["type", "required", "enum", "oneOf", "anyOf", "allOf"];

/// Gives each operation of a path its fingerprint.
pub(super) fn add(path: &str, item: &mut Value, definitions: &Value) {
    let Some(item) = item.as_object_mut() else {
        return;
    };
    for (method, operation) in item {
        if method == super::OTHER_METHODS {
            let others = operation.as_object_mut().into_iter().flatten();
            for (method, operation) in others {
                add_one(method, path, operation, definitions);
            }
        } else {
            add_one(method, path, operation, definitions);
        }
    }
}

fn add_one(method: &str, path: &str, operation: &mut Value, definitions: &Value) {
    let fingerprint = of(method, path, operation, definitions);
    if let Some(operation) = operation.as_object_mut() {
        operation.insert(KEY.to_owned(), fingerprint.into());
    }
}

fn of(method: &str, path: &str, operation: &Value, definitions: &Value) -> String {
    let mut canon = Canon {
        definitions,
        numbers: BTreeMap::new(),
        queue: Vec::new(),
    };
    // The names of placeholders do not travel; their positions do.
    let names: Vec<&str> = super::placeholders(path).collect();
    let mut text = format!(
        "{} {} {}",
        method.to_ascii_uppercase(),
        super::nameless(path),
        operation["x-mfhm-idempotent"] == true,
    );
    let mut parameters: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let position = names.iter().position(|placeholder| *placeholder == name);
            let name = match (parameter["in"] == "path", position) {
                (true, Some(position)) => position.to_string(),
                _ => name.to_owned(),
            };
            format!(
                "{} {name:?} {} {} {}",
                parameter["in"],
                parameter["required"],
                parameter["x-mfhm-repeated"],
                canon.schema(&parameter["schema"])
            )
        })
        .collect();
    parameters.sort();
    for parameter in parameters {
        text.push_str(&format!("\nparameter {parameter}"));
    }
    let body = &operation["requestBody"];
    if body.is_object() {
        let content = canon.content(&body["content"]);
        text.push_str(&format!("\nbody {} {content}", body["required"]));
    }
    for (status, response) in sorted(operation["responses"].as_object()) {
        let content = canon.content(&response["content"]);
        text.push_str(&format!("\nanswer {status} {content}"));
    }
    // Definitions follow in the order in which they were first met.
    let mut next = 0;
    while let Some(name) = canon.queue.get(next).cloned() {
        let definition = canon.schema(&definitions[&name]);
        text.push_str(&format!("\ndefinition {next} {definition}"));
        next += 1;
    }
    let digest = Sha256::digest(text.as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn sorted(map: Option<&Map<String, Value>>) -> BTreeMap<&String, &Value> {
    map.into_iter().flatten().collect()
}

/// Writes schemas so that equal ones have equal texts.
struct Canon<'a> {
    definitions: &'a Value,
    numbers: BTreeMap<String, usize>,
    queue: Vec<String>,
}

impl Canon<'_> {
    fn content(&mut self, content: &Value) -> String {
        let mut text = String::new();
        for (content_type, media) in sorted(content.as_object()) {
            let schema = self.schema(&media["schema"]);
            text.push_str(&format!("{content_type}: {schema};"));
            if let Some(item) = media.get(super::answer::ITEM) {
                text.push_str(&format!("each {};", self.schema(item)));
            }
        }
        text
    }

    fn schema(&mut self, schema: &Value) -> String {
        let Some(members) = schema.as_object() else {
            return data(schema);
        };
        let mut text = String::from("{");
        for (key, value) in sorted(Some(members)) {
            let value = match key.as_str() {
                key if ANNOTATIONS.contains(&key) => continue,
                "$ref" => self.reference(value),
                key if NAMED.contains(&key) => {
                    let named = sorted(value.as_object()).into_iter();
                    let named: Vec<_> = named
                        .map(|(name, schema)| format!("{name:?}:{}", self.schema(schema)))
                        .collect();
                    format!("{{{}}}", named.join(","))
                }
                key => match value {
                    Value::Array(values) => {
                        let is_data = DATA.contains(&key);
                        let mut texts: Vec<_> = values
                            .iter()
                            .map(|value| {
                                if is_data {
                                    data(value)
                                } else {
                                    self.schema(value)
                                }
                            })
                            .collect();
                        if SETS.contains(&key) {
                            texts.sort();
                        }
                        format!("[{}]", texts.join(","))
                    }
                    value if DATA.contains(&key) => data(value),
                    value => self.schema(value),
                },
            };
            text.push_str(&format!("{key:?}:{value},"));
        }
        text.push('}');
        text
    }

    /// A definition's number, so that its name does not matter and a type may
    /// hold itself.
    fn reference(&mut self, reference: &Value) -> String {
        let name = reference
            .as_str()
            .and_then(|text| text.strip_prefix("#/components/schemas/"));
        let Some(name) = name.filter(|name| self.definitions.get(name).is_some()) else {
            return reference.to_string();
        };
        let number = *self.numbers.entry(name.to_owned()).or_insert_with(|| {
            self.queue.push(name.to_owned());
            self.queue.len() - 1
        });
        format!("#{number}")
    }
}

/// A value with the members of its objects sorted.
fn data(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = sorted(Some(members)).into_iter();
            let members: Vec<_> = members
                .map(|(key, value)| format!("{key:?}:{}", data(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(data).collect();
            format!("[{}]", values.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fingerprint(operation: &Value, definitions: &Value) -> String {
        of("get", "/users/{id}", operation, definitions)
    }

    #[test]
    fn what_only_people_read_does_not_count() {
        let first = json!({ "responses": { "200": { "description": "a", "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/User" } },
        } } } });
        let second = json!({ "summary": "x", "responses": { "200": { "description": "b", "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/Person" } },
        } } } });
        let user = json!({ "required": ["a", "b"], "properties": { "title": { "type": "string" },
            "next": { "$ref": "#/components/schemas/User" } } });
        let person = json!({ "required": ["b", "a"], "description": "c", "properties": { "title": { "type": "string" },
            "next": { "$ref": "#/components/schemas/Person" } } });
        let of_first = fingerprint(&first, &json!({ "User": user }));
        assert_eq!(of_first, fingerprint(&second, &json!({ "Person": person })));
        assert_eq!(of_first.len(), 16);

        // A field that is called like an annotation is a field.
        let mut other = user.clone();
        other["properties"]["title"]["type"] = json!("integer");
        assert_ne!(of_first, fingerprint(&first, &json!({ "User": other })));
    }

    #[test]
    fn what_travels_counts() {
        let base = json!({
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
            "responses": { "204": {} },
        });
        let base_print = fingerprint(&base, &json!({}));
        for (pointer, value) in [
            ("/parameters/0/required", json!(false)),
            ("/parameters/0/schema/type", json!("string")),
            ("/parameters/0/in", json!("query")),
            ("/responses", json!({ "200": {} })),
        ] {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert_ne!(fingerprint(&changed, &json!({})), base_print, "{pointer}");
        }
        let renamed = {
            let mut renamed = base.clone();
            renamed["parameters"][0]["name"] = json!("key");
            of("get", "/users/{key}", &renamed, &json!({}))
        };
        assert_eq!(renamed, base_print);
        assert_ne!(of("put", "/users/{id}", &base, &json!({})), base_print);
    }
}
