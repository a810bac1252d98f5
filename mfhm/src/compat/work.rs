//! How much work a comparison takes: documents come from the network, and a
//! small one can describe a schema of any size.

use serde_json::{Map, Value};

/// What it takes to copy, write or search a value, in bytes that are looked at;
/// no more than `most` is counted.
pub(super) fn weight(value: &Value, most: usize) -> usize {
    match value {
        Value::String(text) => 8 + text.len(),
        Value::Array(values) => {
            let mut sum = 8 + search(values.len());
            for value in values {
                if sum >= most {
                    break;
                }
                sum += weight(value, most - sum);
            }
            sum
        }
        Value::Object(members) => members_weight(members, most),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// The same for an object.
pub(super) fn members_weight(members: &Map<String, Value>, most: usize) -> usize {
    let mut sum = 8 + search(members.len());
    for (name, value) in members {
        if sum >= most {
            break;
        }
        sum += name.len() + weight(value, most - sum);
    }
    sum
}

/// Every member may be looked for among all the others.
fn search(count: usize) -> usize {
    count.saturating_mul(count)
}
