//! How a refusal is told: the bodies of FastAPI 0.75 with pydantic 1.

use super::coerce::float_text;
use super::to_json;
use super::value::Value;

/// What is wrong with a request: a status and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 422, or 400 for a body that could not be read at all.
    pub status: u16,
    /// The whole body of the answer (`application/json`).
    pub body: String,
}

impl Refusal {
    /// A body that is in no encoding, nested too deeply, or has too long an integer.
    pub(super) fn unreadable() -> Self {
        let body = r#"{"detail":"There was an error parsing the body"}"#.to_owned();
        Self { status: 400, body }
    }

    /// A body that is not JSON. The answer repeats it, as far as text can.
    pub(super) fn not_json(text: &[u32], message: &str, at: usize) -> Self {
        let newline = u32::from('\n');
        let before = &text[..at];
        let line = before.iter().filter(|point| **point == newline).count() + 1;
        let line_start = before
            .iter()
            .rposition(|point| *point == newline)
            .map_or(0, |place| place + 1);
        let column = at - line_start + 1;
        let doc: String = text
            .iter()
            .map(|point| char::from_u32(*point).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        let (quoted, doc) = (to_json(message), to_json(&doc));
        let full = to_json(&format!(
            "{message}: line {line} column {column} (char {at})"
        ));
        let body = format!(
            r#"{{"detail":[{{"loc":["body",{at}],"msg":{full},"type":"value_error.jsondecode","ctx":{{"msg":{quoted},"doc":{doc},"pos":{at},"lineno":{line},"colno":{column}}}}}]}}"#
        );
        Self { status: 422, body }
    }
}

/// The rule that a value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Required,
    NotNull,
    MinLength,
    MaxLength(usize),
    Text,
    Integer,
    AtLeast(i64),
    AtMost(i64),
    List,
    Dict,
    /// The fields of an object have names.
    TextKeys,
    TransmissionType,
    /// Ours: Python stores such a text and fails when it is asked for it.
    NoSurrogate,
    /// Ours: Python stores such a key and fails when it pings with it.
    HeaderValue,
}

impl Rule {
    fn message(self) -> String {
        let fixed = match self {
            Self::MaxLength(limit) => {
                return format!("ensure this value has at most {limit} characters");
            }
            Self::AtLeast(limit) => {
                return format!("ensure this value is greater than or equal to {limit}");
            }
            Self::AtMost(limit) => {
                return format!("ensure this value is less than or equal to {limit}");
            }
            Self::Required => "field required",
            Self::NotNull => "none is not an allowed value",
            Self::MinLength => "ensure this value has at least 1 characters",
            Self::Text => "str type expected",
            Self::Integer => "value is not a valid integer",
            Self::List => "value is not a valid list",
            Self::Dict => "value is not a valid dict",
            Self::TextKeys => "keywords must be strings",
            Self::TransmissionType => "Transmission Type error, only allowed is ('key',)",
            Self::NoSurrogate => "lone surrogates are not allowed",
            Self::HeaderValue => {
                "a key consists of visible ASCII characters, with spaces or tabs between them"
            }
        };
        fixed.to_owned()
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Required => "value_error.missing",
            Self::NotNull => "type_error.none.not_allowed",
            Self::MinLength => "value_error.any_str.min_length",
            Self::MaxLength(_) => "value_error.any_str.max_length",
            Self::Text => "type_error.str",
            Self::Integer => "type_error.integer",
            Self::AtLeast(_) => "value_error.number.not_ge",
            Self::AtMost(_) => "value_error.number.not_le",
            Self::List => "type_error.list",
            Self::Dict => "type_error.dict",
            Self::TextKeys => "type_error",
            Self::TransmissionType | Self::NoSurrogate | Self::HeaderValue => "value_error",
        }
    }

    fn limit(self) -> Option<i64> {
        match self {
            Self::MinLength => Some(1),
            Self::MaxLength(limit) => i64::try_from(limit).ok(),
            Self::AtLeast(limit) | Self::AtMost(limit) => Some(limit),
            _ => None,
        }
    }
}

/// How much is written about one request, in bytes, before further mistakes go
/// unlisted. Python lists them all; but each repeats its place, and the place
/// may hold a key as long as the body, so a small body could ask for gigabytes.
const MAX_LISTED: usize = 1 << 20;

/// Collects everything that is wrong, with the place of each.
pub(super) struct Errors {
    /// Where the check is now; each step is a JSON text.
    place: Vec<String>,
    /// JSON objects.
    found: Vec<String>,
    /// Length of what was found.
    listed: usize,
}

impl Errors {
    /// `source` is `body` or `path`.
    pub(super) fn new(source: &str) -> Self {
        Self {
            place: vec![to_json(source)],
            found: Vec::new(),
            listed: 0,
        }
    }

    /// Runs `check` one step further inside.
    pub(super) fn within<T>(
        &mut self,
        step: impl Into<Step>,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.place.push(step.into().0);
        let outcome = check(self);
        self.place.pop();
        outcome
    }

    /// Notes that the value at the current place breaks `rule`; the `None` lets
    /// a check end with it.
    pub(super) fn report<T>(&mut self, rule: Rule) -> Option<T> {
        if self.listed > MAX_LISTED {
            return None;
        }
        let place = self.place.join(",");
        let (message, kind) = (to_json(&rule.message()), rule.kind());
        let context = match rule.limit() {
            Some(limit) => format!(r#","ctx":{{"limit_value":{limit}}}"#),
            None => String::new(),
        };
        let error = format!(r#"{{"loc":[{place}],"msg":{message},"type":"{kind}"{context}}}"#);
        self.listed += error.len();
        self.found.push(error);
        None
    }

    /// `value`, if nothing was found wrong with it.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Refusal> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                let body = format!(r#"{{"detail":[{}]}}"#, self.found.join(","));
                Err(Refusal { status: 422, body })
            }
        }
    }
}

/// One step on the way to a value: a field, a key, or an index.
pub(super) struct Step(String);

impl From<&str> for Step {
    fn from(field: &str) -> Self {
        Self(to_json(field))
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self(index.to_string())
    }
}

impl From<&Value> for Step {
    fn from(key: &Value) -> Self {
        Self(match key {
            Value::Int(digits) => digits.clone(),
            Value::Bool(truth) => truth.to_string(),
            Value::Float(number) if number.is_finite() => float_text(*number),
            // JSON has no word for these, and Python's center fails on them.
            Value::Float(number) => to_json(&float_text(*number)),
            Value::Text(text) => to_json(text.shown()),
            Value::Null | Value::List(_) | Value::Dict(_) => to_json("__key__"),
        })
    }
}
