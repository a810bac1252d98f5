//! Limits of a value, and what a text must look like.

use serde_json::{Map, Value};

use super::schema::{Side, Walk};

impl Walk<'_> {
    /// Limits, and what a text must look like.
    pub(super) fn limits(
        &mut self,
        path: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) {
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
        self.multiples(path, old.get("multipleOf"), new.get("multipleOf"));
        let is_set = |schema: &Map<String, Value>| schema.get("uniqueItems") == Some(&true.into());
        let subject = self.named(path);
        match (is_set(old), is_set(new)) {
            (false, true) => self.narrowed(format!("{subject} has no element twice now")),
            (true, false) => self.widened(format!("{subject} may have an element twice now")),
            _ => {}
        }
        let is_text =
            |schema: &Map<String, Value>| schema.get("type").is_some_and(|t| t == "string");
        if !is_text(old) || !is_text(new) {
            return;
        }
        for keyword in ["format", "pattern"] {
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

    fn multiples(&mut self, path: &str, old: Option<&Value>, new: Option<&Value>) {
        let (was, is) = (old.and_then(Value::as_f64), new.and_then(Value::as_f64));
        let subject = self.named(path);
        match (was, is) {
            (Some(was), Some(is)) if was == is => {}
            (None, None) => {}
            (None, Some(is)) => self.narrowed(format!("{subject} is a multiple of {is} now")),
            (Some(was), None) => self.widened(format!("{subject} need not be a multiple of {was}")),
            (Some(was), Some(is)) => {
                let what = format!("{subject} is a multiple of {is} instead of {was}");
                if is % was == 0.0 {
                    self.narrowed(what);
                } else if was % is == 0.0 {
                    self.widened(what);
                } else {
                    self.changes
                        .breaking(what, "callers are written for the old one");
                }
            }
        }
    }

    /// What stands for a field that callers leave out.
    pub(super) fn default(&mut self, subject: &str, old: &Value, new: &Value) {
        if self.side == Side::Answer {
            return;
        }
        let default = |schema: &Value| {
            schema
                .get("default")
                .filter(|value| !value.is_null())
                .cloned()
        };
        match (default(old), default(new)) {
            (Some(was), Some(is)) if was != is => self.changes.breaking(
                format!("{subject} has the default {is} instead of {was}"),
                "callers that leave it out mean the old one",
            ),
            (None, Some(is)) => self.changes.compatible(
                format!("{subject} has the default {is} now"),
                "callers may leave it out, and need not",
            ),
            (Some(was), None) => self.changes.compatible(
                format!("{subject} has the default {was} no more"),
                "what it means to leave it out is told no more",
            ),
            _ => {}
        }
    }
}
