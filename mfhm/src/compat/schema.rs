//! Two versions of one schema.
//!
//! A schema is taken apart into choices: the values of an enum, the types of a
//! union, the variants of an enum with fields. What a request may be must stay
//! among the choices; what an answer may be must have been among them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::choices::{Choice, choices, fields, requires, variant};
use super::unjudged;
use super::work::weight;
use super::{Changes, Documents};

/// Schemas nested deeper than this are not taken apart.
const MAX_DEPTH: usize = 64;

/// The keywords of what a value is made of.
const PARTS: [&str; 6] = [
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "items",
    "prefixItems",
];

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
    changes: &mut Changes,
) {
    let mut walk = Walk {
        side,
        subject,
        documents,
        changes,
        seen: BTreeSet::new(),
    };
    walk.default(subject, old, new);
    walk.compare("", old, new, 0);
}

pub(super) struct Walk<'a> {
    pub(super) side: Side,
    subject: &'a str,
    pub(super) documents: Documents<'a>,
    pub(super) changes: &'a mut Changes,
    /// Pairs with references that were compared: types may hold themselves.
    seen: BTreeSet<(String, String)>,
}

impl Walk<'_> {
    fn compare(&mut self, path: &str, old: &Value, new: &Value, depth: usize) {
        let Documents {
            old: in_old,
            new: in_new,
            is_shared,
        } = self.documents;
        if is_shared && old == new {
            return;
        }
        let left = self.changes.work;
        let size = weight(old, left).saturating_add(weight(new, left));
        if !self.changes.may_go_on(size) {
            return;
        }
        if depth > MAX_DEPTH {
            self.too_deep(path, old, new);
            return;
        }
        // Whoever comes back to where they were came through a reference.
        let pair = (old.to_string(), new.to_string());
        let has_reference = pair.0.contains("\"$ref\"") || pair.1.contains("\"$ref\"");
        if has_reference && !self.seen.insert(pair) {
            return;
        }
        let of_old = choices(in_old, old, self.changes.work);
        if !self.changes.may_go_on(of_old.size) {
            return;
        }
        let of_new = choices(in_new, new, self.changes.work);
        if !self.changes.may_go_on(of_new.size) {
            return;
        }
        if !(of_old.is_whole && of_new.is_whole) {
            self.too_deep(path, old, new);
        }
        let (mut old, mut new) = (of_old.choices, of_new.choices);
        let objects = |choices: &[Choice]| choices.iter().filter(|c| c.key == "object").count();
        if objects(&old) > 1 || objects(&new) > 1 {
            for (document, choices) in [(in_old, &mut old), (in_new, &mut new)] {
                for choice in choices.iter_mut().filter(|choice| choice.key == "object") {
                    choice.key = variant(document, &choice.schema);
                }
            }
        }
        let subject = self.named(path);

        // What is the same has its counterpart first, so that the order of
        // choices does not matter.
        let mut gone = Vec::new();
        let mut kept = Vec::new();
        for choice in old {
            let is_same = |other: &Choice| other.key == choice.key && other.schema == choice.schema;
            match new.iter().position(is_same) {
                Some(index) => kept.push((choice, new.remove(index))),
                None => gone.push(choice),
            }
        }
        let mut added = new;
        gone.retain(|choice| {
            let index = added.iter().position(|other| other.key == choice.key);
            if let Some(index) = index {
                kept.push((copy(choice), added.remove(index)));
            }
            index.is_none()
        });
        for (choice, other) in &kept {
            self.compare_choice(path, choice, other, depth);
        }
        let kinds: BTreeSet<String> = kept.into_iter().map(|(choice, _)| choice.key).collect();
        let mut has_common = !kinds.is_empty();

        // A number may be an integer, a text one of an enum, anything everything.
        for wide in take_wide(&mut added, &gone) {
            for narrow in gone.iter().filter(|narrow| narrow.is_within(&wide)) {
                self.compare_within(path, (narrow, &wide), &wide, depth);
            }
            self.widened(format!("{subject} may be {} now", wide.key));
            gone.retain(|narrow| !narrow.is_within(&wide));
            has_common = true;
        }
        for wide in take_wide(&mut gone, &added) {
            for narrow in added.iter().filter(|narrow| narrow.is_within(&wide)) {
                self.compare_within(path, (&wide, narrow), &wide, depth);
            }
            let narrow = list(added.iter().filter(|narrow| narrow.is_within(&wide)));
            self.narrowed(if narrow.is_empty() {
                // Another one of its type holds them all.
                format!("{subject} may not be {} any more", wide.key)
            } else {
                format!("{subject} may be {narrow} only, not {}", wide.key)
            });
            added.retain(|narrow| !narrow.is_within(&wide));
            has_common = true;
        }
        if !has_common && !gone.is_empty() && !added.is_empty() {
            let (is, was) = (list(added.iter()), list(gone.iter()));
            self.changes.breaking(
                format!("{subject} is {is} instead of {was}"),
                "callers are written for the old type",
            );
            return;
        }
        // Of one type may be several, with other limits.
        for Choice { key, .. } in gone {
            self.narrowed(match kinds.contains(&key) {
                true => format!("{subject} may be one kind of {key} less now"),
                false => format!("{subject} may not be {key} any more"),
            });
        }
        for Choice { key, .. } in added {
            self.widened(match kinds.contains(&key) {
                true => format!("{subject} may be one more kind of {key} now"),
                false => format!("{subject} may be {key} now"),
            });
        }
    }

    /// What is nested so deeply that it is not taken apart: told where it differs.
    fn too_deep(&mut self, path: &str, old: &Value, new: &Value) {
        if !unjudged::is_same(self.documents, (old, new), self.changes) {
            let subject = self.named(path);
            self.changes.breaking(
                format!("{subject} is nested more than {MAX_DEPTH} schemas deep, and is another"),
                unjudged::REASON,
            );
        }
    }

    /// Compares a type with one that holds it, `wide`.
    fn compare_within(
        &mut self,
        path: &str,
        (old, new): (&Choice, &Choice),
        wide: &Choice,
        depth: usize,
    ) {
        // What may be anything may still say what its fields or elements are.
        if PARTS.iter().any(|part| wide.schema.contains_key(*part)) {
            self.compare_choice(path, old, new, depth);
        } else {
            self.limits(path, &old.schema, &new.schema);
        }
    }

    fn compare_choice(&mut self, path: &str, old: &Choice, new: &Choice, depth: usize) {
        let (old, new) = (&old.schema, &new.schema);
        if old.contains_key("properties") || new.contains_key("properties") {
            self.properties(path, old, new, depth);
        }
        self.required(path, old, new);
        self.unknown_fields(path, old, new, depth);
        // Maps whose keys are numbers.
        let none = Map::new();
        let patterns = |schema: &'_ Map<String, Value>| match schema.get("patternProperties") {
            Some(Value::Object(patterns)) => patterns.clone(),
            _ => none.clone(),
        };
        let (old_patterns, new_patterns) = (patterns(old), patterns(new));
        if !old_patterns.keys().eq(new_patterns.keys()) {
            let subject = self.named(path);
            let what = format!("{subject} has other names in `patternProperties`");
            self.changes.breaking(what, unjudged::REASON);
        }
        for (pattern, old) in &old_patterns {
            if let Some(new) = new_patterns.get(pattern) {
                self.compare(&format!("{path}.*"), old, new, depth + 1);
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

    /// What the fields that have no name in the document may be.
    fn unknown_fields(
        &mut self,
        path: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        depth: usize,
    ) {
        let anything = Value::Bool(true);
        let of = |schema| Map::get(schema, "additionalProperties").unwrap_or(&anything);
        let (was, is) = (of(old), of(new));
        let subject = self.named(path);
        // Callers send no fields that nobody wrote down.
        let sends_none = self.side == Side::Request
            && old.contains_key("properties")
            && !old.contains_key("additionalProperties");
        match (was, is) {
            (Value::Bool(was), Value::Bool(is)) if was == is => {}
            (_, Value::Object(_)) if sends_none => {}
            (_, Value::Bool(false)) => {
                self.narrowed(format!("{subject} may have no unknown fields any more"));
            }
            (Value::Bool(false), _) => {
                self.widened(format!("{subject} may have unknown fields now"));
            }
            (was, is) => self.compare(&format!("{path}.*"), was, is, depth + 1),
        }
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
                let others = others(new);
                if others.is_some() && self.side == Side::Request {
                    self.changes.compatible(
                        format!("{subject} is one of any number now"),
                        "what callers send is taken as before",
                    );
                } else {
                    self.removed(&subject, requires(old, name));
                }
                // It may be one of the others now.
                if let Some(more) = others {
                    self.compare(&field, old_field, more, depth + 1);
                }
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
            self.default(&subject, old_field, new_field);
            self.compare(&field, old_field, new_field, depth + 1);
        }
        let added = new_fields
            .iter()
            .filter(|(name, _)| !old_fields.contains_key(*name));
        for (name, new_field) in added {
            let field = format!("{path}.{name}");
            let subject = self.named(&field);
            if let Some(more) = others(old) {
                self.compare(&field, more, new_field, depth + 1);
            }
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

    /// The names that must be there and are not described.
    fn required(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (old_fields, new_fields) = (fields(old), fields(new));
        let names = |schema: &Map<String, Value>| -> BTreeSet<String> {
            let names = schema.get("required").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        };
        let (was, is) = (names(old), names(new));
        for name in is.difference(&was) {
            // Else told as one that is described.
            if !new_fields.contains_key(name) {
                let subject = self.named(&format!("{path}.{name}"));
                self.narrowed(format!("{subject} must be there now"));
            }
        }
        for name in was.difference(&is) {
            if !old_fields.contains_key(name) {
                let subject = self.named(&format!("{path}.{name}"));
                self.widened(format!("{subject} need not be there any more"));
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
        let (old, new) = match (old.get("prefixItems"), new.get("prefixItems")) {
            (Some(Value::Array(old)), Some(Value::Array(new))) => (old, new),
            (None, None) => return,
            (was, _) => {
                let subject = self.named(path);
                let what = match was {
                    None => format!("{subject} has a fixed number of elements now"),
                    Some(_) => format!("{subject} has no fixed number of elements any more"),
                };
                self.changes
                    .breaking(what, "callers are written for the old shape");
                return;
            }
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

    pub(super) fn narrowed(&mut self, what: String) {
        match self.side {
            Side::Request => self
                .changes
                .breaking(what, "callers may send what is refused now"),
            Side::Answer => self
                .changes
                .compatible(what, "callers get nothing that they do not know"),
        }
    }

    pub(super) fn widened(&mut self, what: String) {
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
    pub(super) fn named(&self, path: &str) -> String {
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

/// What the fields without a name are, if the document says that there are any.
fn others(schema: &Map<String, Value>) -> Option<&Value> {
    let more = schema.get("additionalProperties")?;
    (*more != Value::Bool(false)).then_some(more)
}

/// Takes those choices out that hold one of the others.
fn take_wide(choices: &mut Vec<Choice>, others: &[Choice]) -> Vec<Choice> {
    let holds = |wide: &mut Choice| others.iter().any(|other| other.is_within(wide));
    choices.extract_if(.., holds).collect()
}

fn copy(choice: &Choice) -> Choice {
    Choice {
        key: choice.key.clone(),
        schema: choice.schema.clone(),
    }
}

fn list<'a>(choices: impl Iterator<Item = &'a Choice>) -> String {
    let keys: Vec<&str> = choices.map(|choice| choice.key.as_str()).collect();
    keys.join(" or ")
}
