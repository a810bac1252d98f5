//! Two versions of one schema.
//!
//! A schema is taken apart into choices: the values of an enum, the types of a
//! union, the variants of an enum with fields. What a request may be must stay
//! among the choices; what an answer may be must have been among them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Changes, Documents, resolve};

/// Schemas nested deeper than this are not looked at.
const MAX_DEPTH: usize = 64;

/// Who writes the value: the caller or the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Callers write it: it may be widened.
    Request,
    /// Callers read it: it may be narrowed.
    Answer,
}

/// Reports what changed in `subject` from the first schema to the second.
pub(super) fn compare(
    side: Side,
    subject: &str,
    (old, new): (&Value, &Value),
    documents: Documents<'_>,
    changes: &mut Changes<'_>,
) {
    let mut walk = Walk {
        side,
        subject,
        documents,
        changes,
        seen: BTreeSet::new(),
    };
    walk.compare("", old, new, 0);
}

struct Walk<'a, 'c> {
    side: Side,
    subject: &'a str,
    documents: Documents<'a>,
    changes: &'a mut Changes<'c>,
    /// Pairs with references that were compared: types may hold themselves.
    seen: BTreeSet<(String, String)>,
}

impl Walk<'_, '_> {
    fn compare(&mut self, path: &str, old: &Value, new: &Value, depth: usize) {
        let Documents {
            old: in_old,
            new: in_new,
        } = self.documents;
        // Whoever comes back to where they were came through a reference.
        let pair = (old.to_string(), new.to_string());
        let has_reference = pair.0.contains("\"$ref\"") || pair.1.contains("\"$ref\"");
        let is_seen = has_reference && !self.seen.insert(pair);
        if depth > MAX_DEPTH || is_seen {
            return;
        }
        let (mut old, mut new) = (choices(in_old, old), choices(in_new, new));
        let objects = |choices: &[Choice]| choices.iter().filter(|c| c.key == "object").count();
        if objects(&old) > 1 || objects(&new) > 1 {
            for (document, choices) in [(in_old, &mut old), (in_new, &mut new)] {
                for choice in choices.iter_mut().filter(|choice| choice.key == "object") {
                    choice.key = variant(document, &choice.schema);
                }
            }
        }
        let subject = self.named(path);

        let mut gone = Vec::new();
        let mut kept = false;
        for choice in old {
            match new.iter().position(|other| other.key == choice.key) {
                Some(index) => {
                    kept = true;
                    let other = new.remove(index);
                    self.compare_choice(path, &choice, &other, depth);
                }
                None => gone.push(choice.key),
            }
        }
        let mut added: Vec<String> = new.into_iter().map(|choice| choice.key).collect();
        // A number may be an integer, anything may be everything.
        for (wide, narrow) in [("number", "integer"), ("any", "")] {
            let fits = |key: &String| narrow.is_empty() || key == narrow;
            if added.iter().any(|key| key == wide) && gone.iter().any(fits) {
                self.widened(format!("{subject} may be {wide} now"));
                gone.retain(|key| !fits(key));
                added.retain(|key| key != wide);
                kept = true;
            }
            if gone.iter().any(|key| key == wide) && added.iter().any(fits) {
                let list = list(added.iter().filter(|key| fits(key)));
                self.narrowed(format!("{subject} may be {list} only, not {wide}"));
                gone.retain(|key| key != wide);
                added.retain(|key| !fits(key));
                kept = true;
            }
        }
        if !kept && !gone.is_empty() && !added.is_empty() {
            let (is, was) = (list(added.iter()), list(gone.iter()));
            self.changes.breaking(
                format!("{subject} is {is} instead of {was}"),
                "callers are written for the old type",
            );
            return;
        }
        for key in gone {
            self.narrowed(format!("{subject} may not be {key} any more"));
        }
        for key in added {
            self.widened(format!("{subject} may be {key} now"));
        }
    }

    fn compare_choice(&mut self, path: &str, old: &Choice, new: &Choice, depth: usize) {
        let (old, new) = (&old.schema, &new.schema);
        if old.contains_key("properties") || new.contains_key("properties") {
            self.properties(path, old, new, depth);
        }
        let more = |schema: &Map<String, Value>| schema.get("additionalProperties").cloned();
        match (more(old), more(new)) {
            (old_more, Some(Value::Bool(false))) if old_more != Some(Value::Bool(false)) => {
                let subject = self.named(path);
                self.narrowed(format!("{subject} may have no unknown fields any more"));
            }
            (Some(Value::Bool(false)), new_more) if new_more != Some(Value::Bool(false)) => {
                let subject = self.named(path);
                self.widened(format!("{subject} may have unknown fields now"));
            }
            (Some(Value::Object(_)), Some(Value::Object(_))) => {
                let (old, new) = (&old["additionalProperties"], &new["additionalProperties"]);
                self.compare(&format!("{path}.*"), old, new, depth + 1);
            }
            _ => {}
        }
        // Maps whose keys are numbers.
        if let (Some(Value::Object(old)), Some(Value::Object(new))) =
            (old.get("patternProperties"), new.get("patternProperties"))
        {
            for (pattern, old) in old {
                if let Some(new) = new.get(pattern) {
                    self.compare(&format!("{path}.*"), old, new, depth + 1);
                }
            }
        }
        let any = Value::Bool(true);
        if old.contains_key("items") || new.contains_key("items") {
            let items = |schema| Map::get(schema, "items").unwrap_or(&any);
            self.compare(&format!("{path}[]"), items(old), items(new), depth + 1);
        }
        self.tuple(path, old, new, depth);
        self.limits(path, old, new);
    }

    fn properties(
        &mut self,
        path: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        depth: usize,
    ) {
        let is_closed = old.get("additionalProperties") == Some(&Value::Bool(false));
        let (old_fields, new_fields) = (fields(old), fields(new));
        for (name, old_field) in old_fields {
            let field = format!("{path}.{name}");
            let subject = self.named(&field);
            let Some(new_field) = new_fields.get(name) else {
                self.removed(&subject, requires(old, name));
                continue;
            };
            match (requires(old, name), requires(new, name), self.side) {
                (false, true, Side::Request) => self.changes.breaking(
                    format!("{subject} is required now"),
                    "callers may leave it out",
                ),
                (true, false, Side::Request) => self.changes.compatible(
                    format!("{subject} is optional now"),
                    "callers send it as before",
                ),
                (true, false, Side::Answer) => self
                    .changes
                    .breaking(format!("{subject} is optional now"), "callers rely on it"),
                (false, true, Side::Answer) => self.changes.compatible(
                    format!("{subject} is always there now"),
                    "callers can do without it",
                ),
                _ => {}
            }
            self.compare(&field, old_field, new_field, depth + 1);
        }
        for name in new_fields
            .keys()
            .filter(|name| !old_fields.contains_key(*name))
        {
            let subject = self.named(&format!("{path}.{name}"));
            match self.side {
                Side::Request if requires(new, name) => self.changes.breaking(
                    format!("{subject} is added and required"),
                    "callers do not send it",
                ),
                Side::Request => self
                    .changes
                    .compatible(format!("{subject} is added"), "it may be left out"),
                Side::Answer if is_closed => self.changes.breaking(
                    format!("{subject} is added"),
                    "the old document promises that there are no other fields",
                ),
                Side::Answer => self.changes.compatible(
                    format!("{subject} is added"),
                    "callers pass over what they do not know",
                ),
            }
        }
    }

    fn removed(&mut self, subject: &str, was_required: bool) {
        let what = format!("{subject} is removed");
        match self.side {
            Side::Request => self
                .changes
                .breaking(what, "what callers send in it is ignored or refused"),
            Side::Answer if was_required => self.changes.breaking(what, "callers rely on it"),
            Side::Answer => self.changes.compatible(what, "callers can do without it"),
        }
    }

    fn tuple(
        &mut self,
        path: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        depth: usize,
    ) {
        let (Some(Value::Array(old)), Some(Value::Array(new))) =
            (old.get("prefixItems"), new.get("prefixItems"))
        else {
            return;
        };
        if old.len() != new.len() {
            let subject = self.named(path);
            self.changes.breaking(
                format!(
                    "{subject} has {} elements instead of {}",
                    new.len(),
                    old.len()
                ),
                "callers are written for the old number",
            );
        }
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            self.compare(&format!("{path}[{index}]"), old, new, depth + 1);
        }
    }

    /// Limits, and what a text must look like.
    fn limits(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        const LOWER: [&str; 5] = [
            "minimum",
            "exclusiveMinimum",
            "minLength",
            "minItems",
            "minProperties",
        ];
        const UPPER: [&str; 5] = [
            "maximum",
            "exclusiveMaximum",
            "maxLength",
            "maxItems",
            "maxProperties",
        ];
        for (keywords, is_lower) in [(LOWER, true), (UPPER, false)] {
            for keyword in keywords {
                let limit = |schema: &Map<String, Value>| schema.get(keyword)?.as_f64();
                let (was, is) = (limit(old), limit(new));
                if was == is {
                    continue;
                }
                let subject = self.named(path);
                let shown =
                    |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
                let (from, to) = (shown(old.get(keyword)), shown(new.get(keyword)));
                let what = format!("{subject} has the {keyword} {to} instead of {from}");
                let is_narrower = match (was, is) {
                    (Some(was), Some(is)) => (is > was) == is_lower,
                    (was, _) => was.is_none(),
                };
                if is_narrower {
                    self.narrowed(what);
                } else {
                    self.widened(what);
                }
            }
        }
        let is_text =
            |schema: &Map<String, Value>| schema.get("type").is_some_and(|t| t == "string");
        if !is_text(old) || !is_text(new) {
            return;
        }
        for keyword in ["format", "pattern"] {
            let subject = self.named(path);
            match (old.get(keyword), new.get(keyword)) {
                (None, Some(is)) => self.narrowed(format!("{subject} has the {keyword} {is} now")),
                (Some(was), None) => {
                    self.widened(format!("{subject} has the {keyword} {was} no more"));
                }
                (Some(was), Some(is)) if was != is => self.changes.breaking(
                    format!("{subject} has the {keyword} {is} instead of {was}"),
                    "callers are written for the old one",
                ),
                _ => {}
            }
        }
    }

    fn narrowed(&mut self, what: String) {
        match self.side {
            Side::Request => self
                .changes
                .breaking(what, "callers may send what is refused now"),
            Side::Answer => self
                .changes
                .compatible(what, "callers get nothing that they do not know"),
        }
    }

    fn widened(&mut self, what: String) {
        match self.side {
            Side::Request => self
                .changes
                .compatible(what, "what callers send is taken as before"),
            Side::Answer => self
                .changes
                .breaking(what, "callers may get what they do not know"),
        }
    }

    /// What a place inside of the subject is called.
    fn named(&self, path: &str) -> String {
        let path = path.trim_start_matches('.');
        if path.is_empty() {
            self.subject.to_owned()
        } else if path.ends_with(['*', ']']) {
            format!("`{path}` in {}", self.subject)
        } else {
            format!("the field `{path}` of {}", self.subject)
        }
    }
}

/// One of the things that a value may be.
struct Choice {
    /// What tells it from the others: a type, a value, the name of a variant.
    key: String,
    schema: Map<String, Value>,
}

/// Takes a schema apart.
fn choices(document: &Value, schema: &Value) -> Vec<Choice> {
    let mut choices = Vec::new();
    collect(document, schema, &mut choices, 0);
    choices
}

fn collect(document: &Value, schema: &Value, choices: &mut Vec<Choice>, depth: usize) {
    let schema = resolve(document, schema);
    let members = match schema {
        Value::Object(members) => merged(document, members, depth),
        // `false` fits nothing.
        Value::Bool(false) => return,
        _ => Map::new(),
    };
    let mut add = |key: String, schema: Map<String, Value>| {
        if !choices
            .iter()
            .any(|choice| choice.key == key && key != "object")
        {
            choices.push(Choice { key, schema });
        }
    };
    if let Some(value) = members.get("const") {
        add(value.to_string(), members);
        return;
    }
    if let Some(Value::Array(values)) = members.get("enum") {
        for value in values {
            add(value.to_string(), Map::new());
        }
        return;
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = members.get(keyword)
            && depth < MAX_DEPTH
        {
            for part in parts {
                collect(document, part, choices, depth + 1);
            }
            return;
        }
    }
    match members.get("type") {
        Some(Value::String(one)) => add(one.clone(), members.clone()),
        Some(Value::Array(several)) => {
            for one in several.iter().filter_map(Value::as_str) {
                let mut schema = members.clone();
                schema.insert("type".to_owned(), one.into());
                add(one.to_owned(), schema);
            }
        }
        _ if members.contains_key("properties") => add("object".to_owned(), members),
        _ => add("any".to_owned(), members),
    }
}

/// The members of a schema with those of its `allOf`.
fn merged(document: &Value, members: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut all = members.clone();
    let Some(Value::Array(parts)) = all.remove("allOf") else {
        return all;
    };
    for part in &parts {
        let Value::Object(part) = resolve(document, part) else {
            continue;
        };
        let part = if depth < MAX_DEPTH {
            merged(document, part, depth + 1)
        } else {
            part.clone()
        };
        for (key, value) in part {
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
    all
}

/// What tells a variant with fields from the others: the value of its tag, or
/// its only field.
fn variant(document: &Value, schema: &Map<String, Value>) -> String {
    let fields = fields(schema);
    for (name, field) in fields {
        if let Some(value) = resolve(document, field).get("const") {
            return format!("{{{name}: {value}}}");
        }
    }
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    match names.as_slice() {
        [only] => format!("{{{only}}}"),
        _ => "object".to_owned(),
    }
}

fn fields(schema: &Map<String, Value>) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match schema.get("properties") {
        Some(Value::Object(properties)) => properties,
        _ => &NONE,
    }
}

fn requires(schema: &Map<String, Value>, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

fn list<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(String::as_str).collect::<Vec<_>>().join(" or ")
}
