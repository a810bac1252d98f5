//! Limits of a value, and what a text must look like.

use serde_json::{Map, Value};

use super::schema::{Side, Walk};
use super::unjudged;

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
        let subject = self.named(path);
        let (documents, changes) = (self.documents, &mut *self.changes);
        unjudged::tell(
            &subject,
            (old, new),
            unjudged::is_unjudged,
            documents,
            changes,
        );
        let are_integers = [old, new].iter().all(|s| is_of_type(s, "integer"));
        if are_integers {
            self.ranges(path, old, new);
        }
        for (keywords, is_lower) in [(LOWER, true), (UPPER, false)] {
            for keyword in keywords {
                if are_integers && keyword.ends_with("imum") {
                    continue;
                }
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
        let both_are = |kind: &str| is_of_type(old, kind) && is_of_type(new, kind);
        if both_are("number") {
            self.precision(path, old, new);
        }
        let are_numbers = [old, new]
            .iter()
            .all(|schema| is_of_type(schema, "integer") || is_of_type(schema, "number"));
        for keyword in ["format", "pattern"] {
            // Most formats are of texts, but what one means elsewhere is open;
            // a pattern holds for each text, whatever else there may be.
            if are_numbers || keyword == "format" && !both_are("string") {
                continue;
            }
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

    /// The values that an integer may have, by its limits and its format.
    fn ranges(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let subject = self.named(path);
        let formats = (old.get("format"), new.get("format"));
        let is_known = |format: Option<&Value>| format.is_none_or(|f| range(f).is_some());
        if formats.0 != formats.1 && !(is_known(formats.0) && is_known(formats.1)) {
            self.changes
                .breaking(format!("{subject} has another format"), unjudged::REASON);
        }
        let (was, is) = (bounds(old), bounds(new));
        let limits = [
            ("minimum", "exclusiveMinimum", "lowest", was.0, is.0, true),
            ("maximum", "exclusiveMaximum", "highest", was.1, is.1, false),
        ];
        for (keyword, exclusive, word, was, is, is_lower) in limits {
            if was == is {
                continue;
            }
            let differing = [keyword, exclusive]
                .into_iter()
                .find(|keyword| old.get(*keyword) != new.get(*keyword));
            let what = match differing {
                Some(keyword) => {
                    let shown = |schema: &Map<String, Value>| {
                        schema
                            .get(keyword)
                            .map_or("none".to_owned(), Value::to_string)
                    };
                    let (from, to) = (shown(old), shown(new));
                    format!("{subject} has the {keyword} {to} instead of {from}")
                }
                None => {
                    let shown = |value: Option<i128>| {
                        value.map_or("none".to_owned(), |value| value.to_string())
                    };
                    let (from, to) = (shown(was), shown(is));
                    format!("{subject} has the {word} value {to} instead of {from}, by its format")
                }
            };
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

    /// `float` is narrower than `double`, which is what numbers are.
    fn precision(&mut self, path: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let format = |schema: &Map<String, Value>| match schema.get("format") {
            Some(format) => format.as_str().unwrap_or_default().to_owned(),
            None => "double".to_owned(),
        };
        let (was, is) = (format(old), format(new));
        let what = format!("{} has the format {is} instead of {was}", self.named(path));
        match (was.as_str(), is.as_str()) {
            (was, is) if was == is => {}
            ("double", "float") => self.narrowed(what),
            ("float", "double") => self.widened(what),
            _ => self.changes.breaking(what, unjudged::REASON),
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

/// Whether a single value needs no such keyword beside it: it is looked at
/// here, or (a format) was by those who wrote the value down.
pub(super) fn is_settled(keyword: &str) -> bool {
    [
        "type",
        "format",
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
    ]
    .contains(&keyword)
}

/// Whether a value has a type that a schema says.
pub(super) fn is_of_types(schema: &Map<String, Value>, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        _ => true,
    };
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => true,
    }
}

/// Whether a number or a text is within the limits of a schema.
pub(super) fn is_within(schema: &Map<String, Value>, value: &Value) -> bool {
    let holds = |keyword: &str, holds: fn(&f64, &f64) -> bool, number: f64| {
        let limit = schema.get(keyword).and_then(Value::as_f64);
        limit.is_none_or(|limit| holds(&number, &limit))
    };
    match value {
        Value::Number(number) => number.as_f64().is_none_or(|number| {
            holds("minimum", f64::ge, number)
                && holds("maximum", f64::le, number)
                && holds("exclusiveMinimum", f64::gt, number)
                && holds("exclusiveMaximum", f64::lt, number)
        }),
        Value::String(text) => {
            let length = text.chars().count() as f64;
            holds("minLength", f64::ge, length) && holds("maxLength", f64::le, length)
        }
        _ => true,
    }
}

fn is_of_type(schema: &Map<String, Value>, kind: &str) -> bool {
    schema.get("type").is_some_and(|is| is == kind)
}

/// The values that a format of integers has.
fn range(format: &Value) -> Option<(i128, Option<i128>)> {
    Some(match format.as_str()? {
        "int8" => (i8::MIN.into(), Some(i8::MAX.into())),
        "int16" => (i16::MIN.into(), Some(i16::MAX.into())),
        "int32" => (i32::MIN.into(), Some(i32::MAX.into())),
        "int64" | "int" => (i64::MIN.into(), Some(i64::MAX.into())),
        "int128" => (i128::MIN, Some(i128::MAX)),
        "uint8" => (0, Some(u8::MAX.into())),
        "uint16" => (0, Some(u16::MAX.into())),
        "uint32" => (0, Some(u32::MAX.into())),
        "uint64" | "uint" => (0, Some(u64::MAX.into())),
        "uint128" => (0, None),
        _ => return None,
    })
}

/// The lowest and the highest value of an integer.
fn bounds(schema: &Map<String, Value>) -> (Option<i128>, Option<i128>) {
    let (low, high) = match schema.get("format").and_then(range) {
        Some((low, high)) => (Some(low), high),
        None => (None, None),
    };
    let limit = |keyword: &str| schema.get(keyword).filter(|limit| limit.is_number());
    let lows = [
        low,
        limit("minimum").map(|least| whole(least, f64::ceil)),
        limit("exclusiveMinimum").map(|limit| whole(limit, f64::floor).saturating_add(1)),
    ];
    let highs = [
        high,
        limit("maximum").map(|most| whole(most, f64::floor)),
        limit("exclusiveMaximum").map(|limit| whole(limit, f64::ceil).saturating_sub(1)),
    ];
    (
        lows.into_iter().flatten().max(),
        highs.into_iter().flatten().min(),
    )
}

fn whole(limit: &Value, round: fn(f64) -> f64) -> i128 {
    match (limit.as_i64(), limit.as_u64()) {
        (Some(limit), _) => limit.into(),
        (_, Some(limit)) => limit.into(),
        // Saturates.
        _ => round(limit.as_f64().unwrap_or_default()) as i128,
    }
}
