//! What pydantic 1 makes of a value where a text, an integer or an object is
//! wanted: Python's `str(v)`, `int(v)` and `dict(v)`.

use std::collections::HashMap;

use super::text::parse_int;
use super::value::{Text, Value};

/// Longer texts are not tried as integers.
const MAX_INT_TEXT: usize = 4300;

/// A text; numbers and truth values are written as Python writes them.
pub(super) fn to_text(value: &Value) -> Option<Text> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::Int(digits) => Some(digits.as_str().into()),
        Value::Float(number) => Some(float_text(*number).as_str().into()),
        Value::Null | Value::List(_) | Value::Dict(_) => None,
    }
}

/// An integer, brought into the range of `i64`; floats lose their fraction.
pub(super) fn to_int(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some((*truth).into()),
        Value::Int(digits) => parse_int(digits),
        Value::Float(number) => number.is_finite().then_some(*number as i64),
        Value::Text(text) if text.len() > MAX_INT_TEXT => None,
        Value::Text(text) => parse_int(text.shown()),
        Value::Null | Value::List(_) | Value::Dict(_) => None,
    }
}

/// The entries of an object. A list of pairs is one too, where a pair is
/// anything with two parts; so is the empty text, which has no parts that are
/// not pairs. Keys that Python holds to be equal are one key (`1`, `1.0`, `true`).
pub(super) fn to_entries(value: Value) -> Option<Vec<(Value, Value)>> {
    let items = match value {
        Value::Dict(entries) => {
            let as_values = |(key, value)| (Value::Text(key), value);
            return Some(entries.into_iter().map(as_values).collect());
        }
        Value::List(items) => items,
        Value::Text(text) if text.len() == 0 => Vec::new(),
        _ => return None,
    };
    let mut entries: Vec<(Value, Value)> = Vec::with_capacity(items.len());
    let mut places = HashMap::new();
    for item in items {
        let (key, value) = to_pair(item)?;
        let place = *places.entry(identity(&key)?).or_insert(entries.len());
        match entries.get_mut(place) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    Some(entries)
}

fn to_pair(value: Value) -> Option<(Value, Value)> {
    let parts: Vec<Value> = match value {
        Value::List(items) => items,
        Value::Dict(entries) => entries
            .into_iter()
            .map(|(key, _)| Value::Text(key))
            .collect(),
        Value::Text(text) => text.letters().map(Value::Text).take(3).collect(),
        _ => return None,
    };
    let [first, second] = <[Value; 2]>::try_from(parts).ok()?;
    Some((first, second))
}

/// What makes two keys of a Python `dict` the same. Lists and objects cannot be
/// keys.
fn identity(key: &Value) -> Option<Identity> {
    Some(match key {
        Value::Null => Identity::Null,
        Value::Text(text) => Identity::Text(text.clone()),
        Value::Bool(truth) => Identity::Int(u8::from(*truth).to_string()),
        Value::Int(digits) => Identity::Int(digits.clone()),
        Value::Float(0.0) => Identity::Int("0".to_owned()),
        // A whole float is the integer that it stands for, digit by digit.
        Value::Float(number) if number.fract() == 0.0 => Identity::Int(format!("{number:.0}")),
        // The decoder has one NaN object, and an object equals itself as a key.
        Value::Float(number) if number.is_nan() => Identity::Float(f64::NAN.to_bits()),
        Value::Float(number) => Identity::Float(number.to_bits()),
        Value::List(_) | Value::Dict(_) => return None,
    })
}

#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Null,
    Text(Text),
    Int(String),
    Float(u64),
}

/// Python's `repr` of a float: the shortest digits that read back as the same
/// number, with an exponent below 1e-4 and from 1e16 on.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific; // inf and -inf
    };
    match exponent.parse::<i32>() {
        Ok(-4..16) if number.fract() == 0.0 => format!("{number:.1}"),
        Ok(-4..16) => number.to_string(),
        Ok(power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", power.abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_one_key() {
        let pair = |key, value: &str| Value::List(vec![key, Value::Text(value.into())]);
        let entries = to_entries(Value::List(vec![
            pair(Value::Int("1".into()), "a"),
            pair(Value::Text("1".into()), "b"),
            pair(Value::Float(1.0), "c"),
            pair(Value::Bool(true), "d"),
            pair(Value::Float(-0.0), "e"),
            pair(Value::Bool(false), "f"),
        ]));
        assert_eq!(
            entries,
            Some(vec![
                (Value::Int("1".into()), Value::Text("d".into())),
                (Value::Text("1".into()), Value::Text("b".into())),
                (Value::Float(-0.0), Value::Text("f".into())),
            ])
        );
    }

    #[test]
    fn many_keys_take_linear_time() {
        let items = (0..200_000).map(|n| Value::List(vec![Value::Int(n.to_string()), Value::Null]));
        assert_eq!(
            to_entries(Value::List(items.collect())).map(|found| found.len()),
            Some(200_000)
        );
    }
}
