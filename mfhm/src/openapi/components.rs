//! The definitions of what is read and of what is written, made one.
//!
//! While they are collected, a reference says which of the two it means. A type
//! that is the same in both gets one definition under its name; of one that
//! differs, what is read becomes `NameInput`.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Where definitions of what is read are, until they are joined.
pub(super) const INPUT: &str = "/input";
/// The same for what is written.
pub(super) const OUTPUT: &str = "/output";

/// Where they are in the end.
const JOINED: &str = "#/components/schemas/";

/// All definitions under their final names; references in `paths` are changed
/// to them.
pub(super) fn join(
    input: Map<String, Value>,
    output: Map<String, Value>,
    paths: &mut Map<String, Value>,
) -> Map<String, Value> {
    let different = different(&input, &output);
    let mut names = Names {
        input: BTreeMap::new(),
        output: BTreeMap::new(),
        taken: BTreeSet::new(),
    };
    for name in output.keys() {
        let chosen = names.choose(name);
        names.output.insert(name.clone(), chosen);
    }
    for name in input.keys() {
        let chosen = if different.contains(name) {
            names.choose(&format!("{name}Input"))
        } else if let Some(shared) = names.output.get(name) {
            shared.clone()
        } else {
            names.choose(name)
        };
        names.input.insert(name.clone(), chosen);
    }

    let mut joined = BTreeMap::new();
    for (definitions, finals) in [(output, &names.output), (input, &names.input)] {
        for (name, mut schema) in definitions {
            names.refer(&mut schema);
            bound_integers(&mut schema);
            joined.insert(finals[&name].clone(), schema);
        }
    }
    for item in paths.values_mut() {
        names.refer(item);
        bound_integers(item);
    }
    joined.into_iter().collect()
}

/// The names whose two definitions differ, themselves or in what they refer to.
fn different(input: &Map<String, Value>, output: &Map<String, Value>) -> BTreeSet<String> {
    let mut different: BTreeSet<String> = BTreeSet::new();
    let both = || input.keys().filter(|name| output.contains_key(*name));
    for name in both() {
        let mut read = input[name].clone();
        each_reference(&mut read, &mut |text| {
            if let Some(rest) = text.strip_prefix('#').and_then(|t| t.strip_prefix(INPUT)) {
                *text = format!("#{OUTPUT}{rest}");
            }
        });
        if read != output[name] {
            different.insert(name.clone());
        }
    }
    loop {
        let more: Vec<_> = both()
            .filter(|name| !different.contains(*name))
            .filter(|name| {
                let mut found = false;
                each_reference(&mut input[*name].clone(), &mut |text| {
                    found |= target(text, INPUT).is_some_and(|to| different.contains(&to));
                });
                found
            })
            .cloned()
            .collect();
        if more.is_empty() {
            return different;
        }
        different.extend(more);
    }
}

struct Names {
    input: BTreeMap<String, String>,
    output: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Names {
    /// A free name made of characters that a component may have.
    fn choose(&mut self, wanted: &str) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let base: String = wanted
            .chars()
            .map(|c| if allowed(c) { c } else { '_' })
            .collect();
        let mut chosen = base.clone();
        for number in 2.. {
            if self.taken.insert(chosen.clone()) {
                break;
            }
            chosen = format!("{base}{number}");
        }
        chosen
    }

    fn refer(&self, value: &mut Value) {
        each_reference(value, &mut |text| {
            let name = match (target(text, INPUT), target(text, OUTPUT)) {
                (Some(name), _) => self.input.get(&name),
                (_, Some(name)) => self.output.get(&name),
                _ => None,
            };
            if let Some(name) = name {
                *text = format!("{JOINED}{name}");
            }
        });
    }
}

/// The name that a reference into one of the collections means.
fn target(reference: &str, collection: &str) -> Option<String> {
    let encoded = reference
        .strip_prefix('#')?
        .strip_prefix(collection)?
        .strip_prefix('/')?;
    let pointer = percent_decode_str(encoded).decode_utf8_lossy();
    Some(pointer.replace("~1", "/").replace("~0", "~"))
}

/// Shows every `$ref` that is a text.
fn each_reference(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| each_reference(value, change)),
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if key == "$ref" => change(text),
                    _ => each_reference(value, change),
                }
            }
        }
        _ => {}
    }
}

/// A format such as `uint64` says nothing to most readers; the limits do.
fn bound_integers(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(bound_integers),
        Value::Object(members) => {
            let limits = match members.get("format").and_then(Value::as_str) {
                Some("int32") => Some((Value::from(i32::MIN), Value::from(i32::MAX))),
                Some("int64" | "int") => Some((Value::from(i64::MIN), Value::from(i64::MAX))),
                Some("uint32") => Some((Value::from(0), Value::from(u32::MAX))),
                Some("uint64" | "uint") => Some((Value::from(0), Value::from(u64::MAX))),
                _ => None,
            };
            if let (Some((least, most)), Some(_)) = (limits, members.get("type")) {
                members.entry("minimum").or_insert(least);
                members.entry("maximum").or_insert(most);
            }
            members.values_mut().for_each(bound_integers);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_differs_is_kept_apart_with_all_that_refers_to_it() {
        let input = map(json!({
            "User": { "required": ["id"] },
            "Page": { "items": { "$ref": "#/input/User" } },
            "Same": { "type": "string" },
            "A<b>": {},
        }));
        let output = map(json!({
            "User": { "required": ["id", "name"] },
            "Page": { "items": { "$ref": "#/output/User" } },
            "Same": { "type": "string" },
        }));
        let mut paths = map(json!({
            "in": { "$ref": "#/input/Page" },
            "out": { "$ref": "#/output/Page" },
            "same": { "$ref": "#/input/Same" },
            "odd": { "$ref": "#/input/A%3Cb%3E" },
        }));
        let joined = join(input, output, &mut paths);
        let names: Vec<_> = joined.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["A_b_", "Page", "PageInput", "Same", "User", "UserInput"]
        );
        assert_eq!(
            joined["PageInput"]["items"]["$ref"],
            "#/components/schemas/UserInput"
        );
        let to = |key: &str| paths[key]["$ref"].as_str().unwrap().to_owned();
        assert_eq!(to("in"), "#/components/schemas/PageInput");
        assert_eq!(to("out"), "#/components/schemas/Page");
        assert_eq!(to("same"), "#/components/schemas/Same");
        assert_eq!(to("odd"), "#/components/schemas/A_b_");
    }

    #[test]
    fn integers_have_their_limits() {
        let mut schema =
            json!({ "items": { "type": "integer", "format": "uint64", "minimum": 1 } });
        bound_integers(&mut schema);
        assert_eq!(schema["items"]["minimum"], 1);
        assert_eq!(schema["items"]["maximum"], u64::MAX);
    }
}
