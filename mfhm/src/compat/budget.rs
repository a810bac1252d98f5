//! How much work a comparison may take: documents come from the network, and a
//! small one can describe a schema of any size by references.
//!
//! Every way into a schema leads through [`resolve`](super::resolve), which asks
//! here first. When nothing is left, it finds nothing any more, and the comparison
//! ends. The budget is the thread's for as long as [`limited`] runs, so that the
//! rules of the comparison need not hand it on.

use std::cell::Cell;

use serde_json::Value;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Does `work` with `most` of what is left in `pool`, and takes from it what was
/// used: about one for each byte that is looked at.
pub(super) fn limited<T>(
    pool: &mut u64,
    most: u64,
    work: impl FnOnce() -> T,
) -> Result<T, Exhausted> {
    struct Restore(u64);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let budget = most.min(*pool);
    let before = Restore(LEFT.replace(budget));
    let result = work();
    let left = LEFT.get();
    drop(before);
    *pool -= budget - left;
    if left == 0 {
        Err(Exhausted)
    } else {
        Ok(result)
    }
}

/// Whether there is something left after this much.
pub(super) fn spend(cost: u64) -> bool {
    let left = LEFT.get();
    if left == u64::MAX {
        return true;
    }
    LEFT.set(left.saturating_sub(cost));
    left > cost
}

/// Whether there is something left after a look at all of `value`.
pub(super) fn spend_on(value: &Value) -> bool {
    match LEFT.get() {
        u64::MAX => true,
        0 => false,
        left => spend(weight(value, left)),
    }
}

/// What it takes to copy, write or search a value; no more than `most` is counted.
fn weight(value: &Value, most: u64) -> u64 {
    // Every member may be looked for among all the others.
    let search = |count: usize| (count as u64).saturating_mul(count as u64);
    let mut sum = 8;
    match value {
        Value::String(text) => sum += text.len() as u64,
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
                sum += name.len() as u64 + weight(value, most - sum);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    sum
}
