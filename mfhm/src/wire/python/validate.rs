//! The rules for what the center is asked: fields, limits, coercions, and the
//! order in which mistakes are listed.

use std::collections::HashMap;

use super::coerce::{to_entries, to_int, to_text};
use super::refusal::{Errors, Refusal, Rule};
use super::text::strip;
use super::value::{Text, Value};
use super::{Method, encoding, json};

const MAX_NAME: usize = 500;
const MAX_TYPE: usize = 1024;
const MAX_DATA: usize = 10240;
const MAX_PATH: usize = 10240;

/// The body of `POST /online`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Online {
    /// Trimmed; may be empty, since white space alone is a name in Python.
    pub name: String,
    /// 1 to 65535.
    pub port: u16,
    /// The key that pings and calls must carry (transmission type `key`, the
    /// only one there is). It can be sent as the value of a header.
    pub transmission: Option<String>,
    /// In the order of the body.
    pub methods: Vec<(String, Method)>,
}

/// A path parameter that is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathParam {
    /// The name of a service.
    Name,
    /// The name of an API.
    ApiName,
}

/// Reads and checks a registration. `content_type` is the request's header.
pub(crate) fn decode_online(content_type: Option<&str>, body: &[u8]) -> Result<Online, Refusal> {
    let mut errors = Errors::new("body");
    if body.is_empty() {
        let refused = errors.report(Rule::Required);
        return errors.finish(refused);
    }
    if !is_json(content_type) {
        let refused = errors.report(Rule::Dict);
        return errors.finish(refused);
    }
    let text = encoding::decode(body).ok_or_else(Refusal::unreadable)?;
    let value = json::parse(&text).map_err(|failure| match failure {
        json::Failure::Excessive => Refusal::unreadable(),
        json::Failure::Syntax { message, at } => Refusal::not_json(&text, message, at),
    })?;
    let online = match value {
        Value::Null => errors.report(Rule::Required),
        value => check_online(&mut errors, value),
    };
    errors.finish(online)
}

/// Checks a name in the path: 1 to 500 characters, counted before trimming.
/// The answer is trimmed.
pub(crate) fn check_name(name: &str, param: PathParam) -> Result<String, Refusal> {
    let mut errors = Errors::new("path");
    let name = path_name(&mut errors, name, param);
    errors.finish(name)
}

/// Checks the path of `/api/{name}/{apiName}`; the refusal lists both mistakes.
pub(crate) fn check_names(name: &str, api: &str) -> Result<(String, String), Refusal> {
    let mut errors = Errors::new("path");
    let name = path_name(&mut errors, name, PathParam::Name);
    let api = path_name(&mut errors, api, PathParam::ApiName);
    errors.finish(name.zip(api))
}

/// Checks the path of `/offline/{name}/{port}`; the refusal lists both mistakes.
pub(crate) fn check_offline(name: &str, port: &str) -> Result<(String, u16), Refusal> {
    let mut errors = Errors::new("path");
    let name = path_name(&mut errors, name, PathParam::Name);
    let port = errors.within("port", |errors| {
        check_port(errors, &Value::Text(port.into()))
    });
    errors.finish(name.zip(port))
}

fn path_name(errors: &mut Errors, name: &str, param: PathParam) -> Option<String> {
    let field = match param {
        PathParam::Name => "name",
        PathParam::ApiName => "apiName",
    };
    let name = Value::Text(name.into());
    let name = errors.within(field, |errors| plain_text(errors, &name, MAX_NAME))?;
    Some(strip(&name).to_owned())
}

/// Whether a body of this type is read as JSON: FastAPI asks Python's `email`
/// package, which is generous about case and parameters.
fn is_json(content_type: Option<&str>) -> bool {
    let Some(value) = content_type.filter(|value| !value.is_empty()) else {
        return true;
    };
    let essence = value.split(';').next().unwrap_or_default();
    match strip(essence).to_lowercase().split('/').collect::<Vec<_>>()[..] {
        ["application", subtype] => subtype == "json" || subtype.ends_with("+json"),
        _ => false,
    }
}

fn check_online(errors: &mut Errors, value: Value) -> Option<Online> {
    let mut fields = fields(errors, value)?;
    let name = field(errors, &mut fields, "name", |errors, value| {
        let name = plain_text(errors, &value, MAX_NAME)?;
        Some(strip(&name).to_owned())
    });
    let port = field(errors, &mut fields, "port", |errors, value| {
        check_port(errors, &value)
    });
    let transmission = check_transmission(errors, &mut fields);
    let methods = field(errors, &mut fields, "methods", check_methods);
    Some(Online {
        name: name?,
        port: port?,
        transmission,
        methods: methods?,
    })
}

fn check_port(errors: &mut Errors, value: &Value) -> Option<u16> {
    let Some(port) = to_int(value) else {
        return errors.report(Rule::Integer);
    };
    match u16::try_from(port) {
        Ok(0) => errors.report(Rule::AtLeast(1)),
        Err(_) if port < 0 => errors.report(Rule::AtLeast(1)),
        Err(_) => errors.report(Rule::AtMost(65535)),
        Ok(port) => Some(port),
    }
}

/// The two fields that came with 0.1.1. Both are checked; only together they
/// mean something.
fn check_transmission(errors: &mut Errors, fields: &mut Fields) -> Option<String> {
    let kind = fields
        .remove("transmissionType")
        .filter(|value| *value != Value::Null);
    let is_keyed = kind.is_some_and(|value| {
        errors
            .within("transmissionType", |errors| {
                let kind = limited_text(errors, &value, MAX_TYPE)?;
                let known = kind.as_str().is_some_and(|kind| strip(kind) == "key");
                if known {
                    Some(())
                } else {
                    errors.report(Rule::TransmissionType)
                }
            })
            .is_some()
    });
    let data = fields.remove("transmissionData");
    errors.within("transmissionData", |errors| match data {
        None if is_keyed => errors.report(Rule::Required),
        Some(Value::Null) if is_keyed => errors.report(Rule::NotNull),
        None | Some(Value::Null) => None,
        Some(value) => {
            let data = limited_text(errors, &value, MAX_DATA)?;
            match data.as_str() {
                _ if !is_keyed => None,
                Some(data) if is_header_value(data) => Some(data.to_owned()),
                _ => errors.report(Rule::HeaderValue),
            }
        }
    })
}

fn check_methods(errors: &mut Errors, value: Value) -> Option<Vec<(String, Method)>> {
    let Some(entries) = to_entries(value) else {
        return errors.report(Rule::Dict);
    };
    let mut methods: Vec<(String, Method)> = Vec::with_capacity(entries.len());
    let mut places = HashMap::new();
    for (key, value) in entries {
        let Some(name) = to_text(&key) else {
            errors.within("__key__", |errors| errors.report::<()>(Rule::NotNull));
            continue;
        };
        let checked = errors.within(&key, |errors| {
            let name = without_surrogate(errors, &name);
            let method = match value {
                Value::Null => errors.report(Rule::NotNull),
                value => check_method(errors, value),
            };
            name.zip(method)
        });
        let Some((name, method)) = checked else {
            continue;
        };
        // Keys that differ can have the same name: 5 and "5".
        let place = *places.entry(name.clone()).or_insert(methods.len());
        match methods.get_mut(place) {
            Some(entry) => entry.1 = method,
            None => methods.push((name, method)),
        }
    }
    Some(methods)
}

fn check_method(errors: &mut Errors, value: Value) -> Option<Method> {
    let mut fields = fields(errors, value)?;
    let path = field(errors, &mut fields, "path", |errors, value| {
        plain_text(errors, &value, MAX_PATH)
    });
    let methods = field(errors, &mut fields, "methods", |errors, value| {
        let Value::List(items) = value else {
            return errors.report(Rule::List);
        };
        let checked = items.iter().enumerate().map(|(index, item)| {
            errors.within(index, |errors| match item {
                Value::Null => errors.report(Rule::NotNull),
                item => match to_text(item) {
                    Some(text) => without_surrogate(errors, &text),
                    None => errors.report(Rule::Text),
                },
            })
        });
        // Every item is looked at before one of them ends the check.
        checked.collect::<Vec<_>>().into_iter().collect()
    });
    Some(Method {
        path: path?,
        methods: methods?,
    })
}

/// The fields of an object that is read as a model.
type Fields = HashMap<String, Value>;

fn fields(errors: &mut Errors, value: Value) -> Option<Fields> {
    let Some(entries) = to_entries(value) else {
        return errors.report(Rule::Dict);
    };
    let mut fields = Fields::with_capacity(entries.len());
    for (key, value) in entries {
        let Value::Text(key) = key else {
            return errors.report(Rule::TextKeys);
        };
        if let Some(key) = key.as_str() {
            fields.insert(key.to_owned(), value);
        }
    }
    Some(fields)
}

/// Checks a field that must be there and not be null.
fn field<T>(
    errors: &mut Errors,
    fields: &mut Fields,
    name: &str,
    check: impl FnOnce(&mut Errors, Value) -> Option<T>,
) -> Option<T> {
    errors.within(name, |errors| match fields.remove(name) {
        None => errors.report(Rule::Required),
        Some(Value::Null) => errors.report(Rule::NotNull),
        Some(value) => check(errors, value),
    })
}

fn plain_text(errors: &mut Errors, value: &Value, max: usize) -> Option<String> {
    let text = limited_text(errors, value, max)?;
    without_surrogate(errors, &text)
}

/// A text of 1 to `max` code points.
fn limited_text(errors: &mut Errors, value: &Value, max: usize) -> Option<Text> {
    let Some(text) = to_text(value) else {
        return errors.report(Rule::Text);
    };
    match text.len() {
        0 => errors.report(Rule::MinLength),
        length if length > max => errors.report(Rule::MaxLength(max)),
        _ => Some(text),
    }
}

fn without_surrogate(errors: &mut Errors, text: &Text) -> Option<String> {
    match text.as_str() {
        Some(text) => Some(text.to_owned()),
        None => errors.report(Rule::NoSurrogate),
    }
}

/// Whether a receiver gets the text of a header back as it was sent: visible
/// ASCII, and white space only inside.
pub(super) fn is_header_value(text: &str) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let bytes = text.as_bytes();
    bytes
        .iter()
        .all(|byte| is_space(byte) || byte.is_ascii_graphic())
        && bytes.first().is_some_and(|byte| !is_space(byte))
        && bytes.last().is_some_and(|byte| !is_space(byte))
}
