//! A schema, taken apart into the things that a value may be.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::work::weight;
use super::{MAX_WORK, resolve};

/// Parts nested deeper than this are not looked at.
const MAX_DEPTH: usize = 64;

/// What a schema says beside its choices and only people read.
const ANNOTATIONS: [&str; 8] = [
    "$defs",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "discriminator",
];

/// One of the things that a value may be.
#[derive(Debug)]
pub(super) struct Choice {
    /// What tells it from the others: a type, a value, the name of a variant.
    pub(super) key: String,
    pub(super) schema: Map<String, Value>,
}

impl Choice {
    /// Whether all that fits `self` has the type or the value of `wide`. Limits
    /// are not looked at.
    pub(super) fn is_within(&self, wide: &Self) -> bool {
        let kind = match self.key.as_bytes() {
            _ if wide.key == "any" => return true,
            b"integer" => "number",
            [b'"', ..] => "string",
            b"true" | b"false" => "boolean",
            [b'-' | b'0'..=b'9', ..] if wide.key == "integer" => {
                let is_whole = !self.key.contains(['.', 'e', 'E']);
                return is_whole;
            }
            [b'-' | b'0'..=b'9', ..] => "number",
            _ => return false,
        };
        wide.key == kind
    }
}

/// Takes a schema apart, and tells how much work its definitions and choices
/// are. None is read twice, so a document of any shape is done in time.
pub(super) fn choices(document: &Value, schema: &Value) -> (Vec<Choice>, usize) {
    let mut taker = Taker {
        document,
        choices: Vec::new(),
        keys: BTreeSet::new(),
        seen: BTreeSet::new(),
        size: 0,
    };
    taker.take(schema, &Map::new(), 0);
    // Each choice is looked for among all the others.
    let search = taker.choices.len().saturating_mul(taker.choices.len());
    (taker.choices, taker.size.saturating_add(search))
}

struct Taker<'a> {
    document: &'a Value,
    choices: Vec<Choice>,
    /// Those of the choices, but for objects.
    keys: BTreeSet<String>,
    /// The definitions that were taken apart, by where they are.
    seen: BTreeSet<*const Value>,
    size: usize,
}

impl Taker<'_> {
    /// `shared` is what stands beside the list of choices that `schema` is in.
    fn take(&mut self, schema: &Value, shared: &Map<String, Value>, depth: usize) {
        let is_reference = schema.get("$ref").is_some();
        let schema = resolve(self.document, schema);
        if depth > MAX_DEPTH || (is_reference && !self.seen.insert(schema)) {
            return;
        }
        if is_reference {
            self.size = self.size.saturating_add(weight(schema, MAX_WORK));
        }
        let mut members = match schema {
            Value::Object(members) => self.merged(members, &mut BTreeSet::new(), depth),
            // `false` fits nothing.
            Value::Bool(false) => return,
            _ => Map::new(),
        };
        fill(&mut members, shared.clone());
        if let Some(value) = members.get("const") {
            self.add(value.to_string(), members);
            return;
        }
        if let Some(Value::Array(values)) = members.get("enum") {
            for value in values {
                self.add(value.to_string(), Map::new());
            }
            return;
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(parts)) = members.remove(keyword) {
                members.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
                for part in &parts {
                    self.take(part, &members, depth + 1);
                }
                return;
            }
        }
        match members.get("type").cloned() {
            Some(Value::String(one)) => self.add(one, members),
            Some(Value::Array(several)) => {
                for one in several.iter().filter_map(Value::as_str) {
                    let mut schema = members.clone();
                    schema.insert("type".to_owned(), one.into());
                    self.add(one.to_owned(), schema);
                }
            }
            _ if members.contains_key("properties") => self.add("object".to_owned(), members),
            _ => self.add("any".to_owned(), members),
        }
    }

    /// The members of a schema with those of its `allOf`.
    fn merged(
        &mut self,
        members: &Map<String, Value>,
        seen: &mut BTreeSet<*const Value>,
        depth: usize,
    ) -> Map<String, Value> {
        let mut all = members.clone();
        all.remove("allOf");
        let parts = members.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let part = resolve(self.document, part);
            let Value::Object(part_members) = part else {
                continue;
            };
            if depth < MAX_DEPTH && seen.insert(part) {
                self.size = self.size.saturating_add(weight(part, MAX_WORK));
                fill(&mut all, self.merged(part_members, seen, depth + 1));
            }
        }
        all
    }

    fn add(&mut self, key: String, schema: Map<String, Value>) {
        if key == "object" || self.keys.insert(key.clone()) {
            self.choices.push(Choice { key, schema });
        }
    }
}

/// Adds what `all` does not say itself.
fn fill(all: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (all.get_mut(&key), value) {
            (Some(Value::Object(mine)), Value::Object(theirs)) => {
                for (name, value) in theirs {
                    mine.entry(name).or_insert(value);
                }
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "required" => {
                mine.extend(theirs);
            }
            (Some(_), _) => {}
            (None, value) => {
                all.insert(key, value);
            }
        }
    }
}

/// What tells a variant with fields from the others: the value of its tag, or
/// its only field.
pub(super) fn variant(document: &Value, schema: &Map<String, Value>) -> String {
    let fields = fields(schema);
    for (name, field) in fields {
        let field = resolve(document, field);
        let only = match field.get("enum").and_then(Value::as_array) {
            Some(values) if values.len() == 1 => values.first(),
            _ => field.get("const"),
        };
        if let Some(value) = only {
            return format!("{{{name}: {value}}}");
        }
    }
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    match names.as_slice() {
        [only] => format!("{{{only}}}"),
        _ => "object".to_owned(),
    }
}

/// The fields of an object.
pub(super) fn fields(schema: &Map<String, Value>) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match schema.get("properties") {
        Some(Value::Object(properties)) => properties,
        _ => &NONE,
    }
}

pub(super) fn requires(schema: &Map<String, Value>, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|required| required == name))
}
