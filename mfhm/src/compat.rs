//! What a change of a service means to its callers: two OpenAPI documents,
//! compared.
//!
//! A request may ask for less and take more than before; an answer may hold
//! more and leave nothing out. Everything else breaks a caller that was
//! written for the old document. `mfhm check` prints what [`compare`] finds.

mod budget;
mod operation;
mod schema;
#[cfg(feature = "center")]
mod selected;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

#[cfg(feature = "center")]
pub(crate) use self::selected::{Selected, compare_selected};

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The operation's name (its `operationId`, else its method and path).
    pub operation: String,
    /// What changed.
    pub what: String,
    /// Whether callers notice.
    pub verdict: Verdict,
    /// Why.
    pub reason: &'static str,
}

/// Whether callers notice a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A caller written for the old document goes on working.
    Compatible,
    /// A caller written for the old document may fail.
    Breaking,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Compatible => "compatible",
            Verdict::Breaking => "BREAKING",
        };
        write!(
            f,
            "{verdict:10}  {}: {} ({})",
            self.operation, self.what, self.reason
        )
    }
}

/// A document that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotADocument(&'static str);

impl fmt::Display for NotADocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotADocument {}

/// What changed from `old` to `new`, operation by operation.
///
/// Both are OpenAPI 3.x documents, as services serve them at `/openapi.json`.
///
/// # Errors
///
/// When one of them is no such document.
pub fn compare(old: &Value, new: &Value) -> Result<Vec<Finding>, NotADocument> {
    let old_operations = operations(old)?;
    let mut new_operations = operations(new)?;
    let mut findings = Vec::new();
    for (name, old_operation) in old_operations {
        let mut changes = Changes {
            operation: name.clone(),
            findings: &mut findings,
        };
        match new_operations.remove(&name) {
            Some(new_operation) => {
                let documents = Documents { old, new };
                operation::compare(&old_operation, &new_operation, documents, &mut changes);
            }
            None => changes.breaking("the operation is removed", "its callers get an error"),
        }
    }
    for name in new_operations.into_keys() {
        let mut changes = Changes {
            operation: name,
            findings: &mut findings,
        };
        changes.compatible("the operation is added", "nobody calls it yet");
    }
    Ok(findings)
}

/// Both documents, for what is referred to.
#[derive(Clone, Copy)]
struct Documents<'a> {
    old: &'a Value,
    new: &'a Value,
}

/// One operation of a document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    value: &'a Value,
}

/// Collects what is found about one operation.
struct Changes<'a> {
    operation: String,
    findings: &'a mut Vec<Finding>,
}

impl Changes<'_> {
    fn breaking(&mut self, what: impl Into<String>, reason: &'static str) {
        self.add(Verdict::Breaking, what.into(), reason);
    }

    fn compatible(&mut self, what: impl Into<String>, reason: &'static str) {
        self.add(Verdict::Compatible, what.into(), reason);
    }

    fn add(&mut self, verdict: Verdict, what: String, reason: &'static str) {
        let finding = Finding {
            operation: self.operation.clone(),
            what,
            verdict,
            reason,
        };
        // One type in several places of an operation is told once.
        let may_search = budget::spend(64 * self.findings.len() as u64);
        if may_search && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// Every operation by its name.
fn operations(document: &Value) -> Result<BTreeMap<String, Operation<'_>>, NotADocument> {
    let is_openapi = document["openapi"]
        .as_str()
        .is_some_and(|version| version.starts_with("3."));
    if !is_openapi {
        return Err(NotADocument(
            "it is no OpenAPI document of version 3 (the member `openapi` does not say so)",
        ));
    }
    // `paths` may be left out, but then it is nothing that a service serves.
    let Some(paths) = document["paths"].as_object() else {
        return Err(NotADocument("the document has no paths"));
    };
    let mut operations = BTreeMap::new();
    for (path, item) in paths {
        let known = item.as_object().into_iter().flatten();
        let others = item["x-mfhm-methods"].as_object().into_iter().flatten();
        for (method, value) in known.chain(others) {
            let is_method = method != "parameters" && method != "servers";
            if !is_method || method.starts_with("x-") || !value.is_object() {
                continue;
            }
            let method = method.to_ascii_uppercase();
            let name = match value["operationId"].as_str() {
                Some(name) => name.to_owned(),
                None => format!("{method} {path}"),
            };
            let operation = Operation {
                method,
                path,
                value,
            };
            operations.insert(name, operation);
        }
    }
    Ok(operations)
}

/// What a `$ref` stands for, or the value itself.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    if !budget::spend_on(value) {
        return &Value::Null;
    }
    // A reference to a reference is possible, a ring of them a mistake.
    for _ in 0..16 {
        let target = value["$ref"].as_str().and_then(|text| {
            let pointer = text.strip_prefix('#')?;
            document.pointer(pointer)
        });
        match target {
            Some(target) if budget::spend_on(target) => value = target,
            Some(_) => return &Value::Null,
            None => break,
        }
    }
    value
}
