//! A schema, taken apart into the things that a value may be.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::unjudged::is_annotation;
use super::work::{members_weight, weight};
use super::{MAX_WORK, limits, resolve, step};

/// Parts nested deeper than this are not taken apart.
const MAX_DEPTH: usize = 64;

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

/// A schema, taken apart.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) choices: Vec<Choice>,
    /// How much work its definitions and choices are.
    pub(super) size: usize,
    /// Whether nothing was nested too deeply.
    pub(super) is_whole: bool,
}

/// Takes a schema apart. None is read twice in the same place, and it ends once that
/// is more work than `most`, so a document of any shape is done in time.
pub(super) fn choices(document: &Value, schema: &Value, most: usize) -> Choices {
    let mut taker = Taker {
        document,
        choices: Vec::new(),
        told: BTreeSet::new(),
        seen: BTreeSet::new(),
        size: 0,
        most,
        is_whole: true,
    };
    taker.take(schema, &Map::new(), 0);
    // Each choice is looked for among all the others.
    let search = taker.choices.len().saturating_mul(taker.choices.len());
    Choices {
        choices: taker.choices,
        size: taker.size.saturating_add(search),
        is_whole: taker.is_whole,
    }
}

struct Taker<'a> {
    document: &'a Value,
    choices: Vec<Choice>,
    /// Keys and schemas of the choices: what is said twice is one of them, but
    /// two of one type with other limits are two.
    told: BTreeSet<(String, String)>,
    /// The definitions that were taken apart, by where they are and what
    /// stands beside the reference and beside its list of choices.
    seen: BTreeSet<(*const Value, String)>,
    size: usize,
    most: usize,
    is_whole: bool,
}

impl Taker<'_> {
    /// `shared` is what stands beside the list of choices that `schema` is in.
    fn take(&mut self, schema: &Value, shared: &Map<String, Value>, depth: usize) {
        // What is shared is copied for each that shares it.
        self.grow(shared);
        if depth > MAX_DEPTH {
            self.is_whole = false;
            return;
        }
        if self.size > self.most {
            return;
        }
        let is_reference = schema.get("$ref").is_some();
        let (schema, beside) = self.followed(schema);
        if is_reference {
            let text = format!("{} {}", text(&beside), text(shared));
            if !self.seen.insert((schema, text)) {
                return;
            }
            self.size = self.size.saturating_add(weight(schema, MAX_WORK));
        }
        let mut members = match schema {
            Value::Object(members) => self.merged(members, &mut BTreeSet::new(), depth),
            // `false` fits nothing.
            Value::Bool(false) => return,
            _ => Map::new(),
        };
        let beside = self.merged(&beside, &mut BTreeSet::new(), depth);
        fill(&mut members, beside);
        fill(&mut members, shared.clone());
        // OpenAPI 3.0 says so that there may be a null.
        let is_nullable = members.remove("nullable") == Some(Value::Bool(true));
        if is_nullable && !members.contains_key("enum") && !members.contains_key("const") {
            self.add("null".to_owned(), Map::new());
        }
        let values = match (members.get("const"), members.get("enum")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, Some(Value::Array(values))) => Some(values.clone()),
            _ => None,
        };
        if let Some(values) = values {
            self.values(&values, &members, is_nullable);
            return;
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(parts)) = members.remove(keyword) {
                members.retain(|key, _| !is_annotation(key));
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

    /// One of several values, of those that fit what stands beside them.
    fn values(&mut self, values: &[Value], members: &Map<String, Value>, is_nullable: bool) {
        let is_left = |key: &str| {
            let is_value = key == "enum" || key == "const";
            !is_value && !is_annotation(key) && !limits::is_settled(key)
        };
        let left = members.iter().filter(|(key, _)| is_left(key));
        let left: Map<_, _> = left.map(|(k, v)| (k.clone(), v.clone())).collect();
        for value in values {
            self.grow(&left);
            if self.size > self.most {
                return;
            }
            if !limits::is_within(members, value) {
                continue;
            }
            let mut key = key_of(value);
            let is_null = value.is_null() && is_nullable;
            // A mistake in the document more likely than nothing at all.
            if !is_null && !limits::is_of_types(members, value) {
                key.push_str(" (of another type than it says)");
            }
            self.add(key, left.clone());
        }
    }

    fn grow(&mut self, members: &Map<String, Value>) {
        if !members.is_empty() {
            let size = members_weight(members, MAX_WORK);
            self.size = self.size.saturating_add(size);
        }
    }

    /// What a reference stands for, and what holds beside it.
    fn followed<'v>(&self, mut schema: &'v Value) -> (&'v Value, Map<String, Value>)
    where
        Self: 'v,
    {
        let mut beside = Map::new();
        for _ in 0..16 {
            let Some(next) = step(self.document, schema) else {
                break;
            };
            let members = schema.as_object().into_iter().flatten();
            let own = members.filter(|(key, _)| *key != "$ref" && !is_annotation(key));
            fill(
                &mut beside,
                own.map(|(k, v)| (k.clone(), v.clone())).collect(),
            );
            schema = next;
        }
        (schema, beside)
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
            let (part, beside) = self.followed(part);
            if depth >= MAX_DEPTH {
                self.is_whole = false;
                break;
            }
            if !beside.is_empty() {
                fill(&mut all, self.merged(&beside, seen, depth + 1));
            }
            let Value::Object(part_members) = part else {
                continue;
            };
            if seen.insert(part) {
                self.size = self.size.saturating_add(weight(part, MAX_WORK));
                fill(&mut all, self.merged(part_members, seen, depth + 1));
            }
        }
        all
    }

    fn add(&mut self, key: String, schema: Map<String, Value>) {
        if self.told.insert((key.clone(), text(&schema))) {
            self.choices.push(Choice { key, schema });
        }
    }
}

fn text(members: &Map<String, Value>) -> String {
    serde_json::to_string(members).unwrap_or_default()
}

/// Adds what `all` does not say itself. Of two limits the tighter one holds; what
/// cannot be put together stays apart, in a member `allOf` that nobody judges.
fn fill(all: &mut Map<String, Value>, more: Map<String, Value>) {
    let mut apart = Vec::new();
    for (key, value) in more {
        match (all.get_mut(&key), value) {
            (None, value) => {
                all.insert(key, value);
            }
            (Some(mine), value) if *mine == value || is_annotation(&key) => {}
            (Some(Value::Object(mine)), Value::Object(theirs))
                if key == "properties" || key == "patternProperties" =>
            {
                for (name, value) in theirs {
                    match mine.get(&name) {
                        Some(mine) if *mine == value => {}
                        Some(_) => apart.push(serde_json::json!({ &key: { name: value } })),
                        None => {
                            mine.insert(name, value);
                        }
                    }
                }
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "required" => {
                mine.extend(theirs);
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "allOf" => {
                mine.extend(theirs);
            }
            (Some(mine @ Value::Number(_)), value @ Value::Number(_))
                if key.contains("min") || key.contains("Min") =>
            {
                if value.as_f64() > mine.as_f64() {
                    *mine = value;
                }
            }
            (Some(mine @ Value::Number(_)), value @ Value::Number(_))
                if key.contains("max") || key.contains("Max") =>
            {
                if value.as_f64() < mine.as_f64() {
                    *mine = value;
                }
            }
            (Some(_), value) => apart.push(serde_json::json!({ key: value })),
        }
    }
    if !apart.is_empty()
        && let Some(parts) = all
            .entry("allOf")
            .or_insert_with(|| Value::Array(Vec::new()))
            .as_array_mut()
    {
        parts.extend(apart);
    }
}

/// A value as it tells its choice from others: `1.0` is `1`.
fn key_of(value: &Value) -> String {
    let whole = value
        .as_f64()
        .filter(|_| value.is_f64())
        .filter(|number| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0);
    match whole {
        Some(number) => format!("{number:.0}"),
        None => value.to_string(),
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
