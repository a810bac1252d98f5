//! What nobody here understands: it is told when it differs, never passed over.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Changes, Documents, resolve};

/// The keywords of a schema that have rules.
const JUDGED: [&str; 25] = [
    "type",
    "const",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "items",
    "prefixItems",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "format",
    "pattern",
    "nullable",
    "x-mfhm-item",
];

/// What a schema says for people and tools only.
const ANNOTATIONS: [&str; 17] = [
    "$defs",
    "definitions",
    "$comment",
    "$schema",
    "$id",
    "$anchor",
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "discriminator",
    "externalDocs",
    "xml",
    "readOnly",
    "writeOnly",
];

pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword)
}

/// Whether no rule tells what the keyword means for callers.
pub(super) fn is_unjudged(keyword: &str) -> bool {
    !JUDGED.contains(&keyword) && !is_annotation(keyword) && !keyword.starts_with("x-mfhm-")
}

/// Tells each member that differs and of which `is_unjudged` holds.
pub(super) fn tell(
    subject: &str,
    (old, new): (&Map<String, Value>, &Map<String, Value>),
    is_unjudged: impl Fn(&str) -> bool,
    documents: Documents<'_>,
    changes: &mut Changes,
) {
    let keywords: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for keyword in keywords.into_iter().filter(|keyword| is_unjudged(keyword)) {
        let what = match (old.get(keyword), new.get(keyword)) {
            (Some(was), Some(is)) => {
                if is_same(documents, (was, is), changes) {
                    continue;
                }
                format!("{subject} has another `{keyword}`")
            }
            (None, _) => format!("{subject} has `{keyword}` now"),
            (_, None) => format!("{subject} has `{keyword}` no more"),
        };
        changes.breaking(what, REASON);
    }
}

pub(super) const REASON: &str = "what this means for callers cannot be judged";

/// Whether two values say the same, with all that they refer to.
pub(super) fn is_same(
    documents: Documents<'_>,
    values: (&Value, &Value),
    changes: &mut Changes,
) -> bool {
    is_same_below(documents, values, &mut BTreeSet::new(), 0, changes)
}

fn is_same_below(
    documents: Documents<'_>,
    (old, new): (&Value, &Value),
    seen: &mut BTreeSet<(*const Value, *const Value)>,
    depth: usize,
    changes: &mut Changes,
) -> bool {
    // What is too deep for us is not the same.
    if depth > 64 || !changes.may_go_on(0) {
        return false;
    }
    if documents.is_shared {
        return old == new;
    }
    let mut is_same = |old, new| is_same_below(documents, (old, new), seen, depth + 1, changes);
    match (old, new) {
        (Value::Object(was), Value::Object(is)) => {
            let has_all = was.len() == is.len()
                && was
                    .iter()
                    .all(|(name, was)| is.get(name).is_some_and(|is| is_same(was, is)));
            if !has_all {
                return false;
            }
            let targets = (resolve(documents.old, old), resolve(documents.new, new));
            let is_reference = !std::ptr::eq(targets.0, old) && !std::ptr::eq(targets.1, new);
            !is_reference
                || !seen.insert((targets.0, targets.1))
                || is_same_below(documents, targets, seen, depth + 1, changes)
        }
        (Value::Array(was), Value::Array(is)) => {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| is_same(was, is))
        }
        _ => old == new,
    }
}
