//! How much work a comparison takes: documents come from the network, and a
//! small one can describe a schema of any size.

use serde_json::Value;

/// What it takes to copy, write or search a value, in bytes that are looked at;
/// no more than `most` is counted.
pub(super) fn weight(value: &Value, most: usize) -> usize {
    // Every member may be looked for among all the others.
    let search = |count: usize| count.saturating_mul(count);
    let mut sum = 8;
    match value {
        Value::String(text) => sum += text.len(),
        Value::Array(values) => {
            sum += search(values.len());
            for value in values {
                if sum >= most {
                    break;
                }
                sum += weight(value, most - sum);
            }
        }
        Value::Object(members) => {
            sum += search(members.len());
            for (name, value) in members {
                if sum >= most {
                    break;
                }
                sum += name.len() + weight(value, most - sum);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    sum
}
