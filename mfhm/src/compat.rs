//! What a change of a service means to its callers: two OpenAPI documents,
//! compared.
//!
//! A request may ask for less and take more than before; an answer may hold
//! more fields and leave nothing out. Everything else breaks a caller that was
//! written for the old document. `mfhm check` prints what [`compare`] finds.
//!
//! # The rules
//!
//! | what changed | verdict |
//! |---|---|
//! | an operation is added | compatible |
//! | an operation is removed; its method or path is another; it is renamed (callers may ask for it by name) | breaking |
//! | a placeholder of the path is renamed | no change: the name does not travel |
//! | an operation is deprecated, or no more | compatible |
//! | `#[idempotent]` is gone / is new | breaking / compatible |
//! | a key is needed now / no more | breaking / compatible |
//! | a parameter or a body is added and required, becomes required, or is removed | breaking |
//! | a parameter or a body is added and optional, or becomes optional | compatible |
//! | a parameter may be repeated now / no more | compatible / breaking |
//! | a content type more / less in a request | compatible / breaking |
//! | another content type of an answer, unless the old one was a range such as `*/*` | breaking |
//! | another status of a success | breaking |
//! | a success that nothing was known of (`2XX`) is described, or `2XX` becomes one of its statuses | compatible |
//! | a header of a success is removed that was always there, or may be missing now | breaking |
//! | a header of a success is added | compatible |
//! | a declared error is added (whoever matches all of them does not know it), or has another status | breaking |
//! | a declared error is removed | compatible |
//!
//! What a schema allows may be **widened in requests and narrowed in answers**
//! (among which are the items of streams, and the data of errors); the opposite
//! breaks callers:
//!
//! | what changed in a schema | in a request | in an answer |
//! |---|---|---|
//! | a type, a value of an enum, a variant more (`Option` is `null` more; a number is wider than an integer, a text than an enum, anything than something) | compatible | breaking |
//! | the same, one less | breaking | compatible |
//! | one more of a type that there was already, with other limits or parts (each of the `anyOf`) | compatible | breaking |
//! | one of several of a type less, though another may hold it | breaking | compatible |
//! | a limit (`minimum`, `maxLength`, `multipleOf`, …) or a format is gone | compatible | breaking |
//! | the same, new or tighter | breaking | compatible |
//! | another format or pattern, another type, another number of elements of a tuple | breaking | breaking |
//! | a field is added | compatible if it may be left out, unless the old document had others (`additionalProperties`) that it is narrower than | compatible, unless the old document said that there are no others |
//! | a field is removed | breaking | breaking if it was always there, or if it may be one of others that are wider |
//! | a field becomes required | breaking | compatible |
//! | a field becomes optional | compatible | breaking |
//! | unknown fields are refused now (`additionalProperties`) | breaking | compatible |
//! | a default is added or removed | compatible | no change |
//! | another default | breaking | no change |
//!
//! The order of choices, the names of definitions, descriptions, titles and
//! examples are no change. `nullable` of OpenAPI 3.0 is a `null` more; the formats
//! of integers are ranges; what stands beside a `$ref` holds as well.
//!
//! # What is not judged
//!
//! A keyword that no rule is for (`not`, `if`, `contains`, `dependentRequired`,
//! `propertyNames`, `unevaluatedProperties`, `contentEncoding`, extensions that
//! are not mfhm's, …) is told as breaking when it differs: what it means for
//! callers cannot be judged. So are two parts of an `allOf` that contradict each
//! other, when they differ. Only what people read is passed over.
//!
//! Not looked at are references to other files, the prefix in `servers`,
//! `readOnly` and `writeOnly`, `encoding` of bodies, `links`, `callbacks` and
//! webhooks, and whether a new path such as `/a/me` takes calls away from
//! `/a/{id}`.

mod answers;
mod choices;
mod content;
mod limits;
mod operation;
mod schema;
#[cfg(feature = "center")]
mod selected;
#[cfg(test)]
mod tests;
mod unjudged;
mod work;

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

/// How much two documents may make us compare, in bytes of schemas: several times
/// what hundreds of operations with hundreds of fields need, and about a second
/// of work. A document that was made to keep a center busy needs more.
const MAX_WORK: usize = 128 << 20;

/// What a step costs beside the bytes that it looks at.
const COST: usize = 256;

/// What changed from `old` to `new`, operation by operation, by the rules
/// [above](self).
///
/// Both are OpenAPI 3.x documents, as services serve them at `/openapi.json`.
/// The work is bounded, whatever the documents are.
///
/// ```
/// # use serde_json::json;
/// use mfhm::compat::{Verdict, compare};
///
/// let document = |operation: serde_json::Value| json!({
///     "openapi": "3.1.0",
///     "paths": { "/hello": { "get": operation } },
/// });
/// let old = document(json!({ "operationId": "hello" }));
/// let new = document(json!({ "operationId": "hello", "parameters": [
///     { "name": "language", "in": "query", "required": true },
/// ] }));
/// let findings = compare(&old, &new).unwrap();
/// assert_eq!(findings[0].verdict, Verdict::Breaking);
/// assert_eq!(findings[0].what, "the query parameter `language` is added and required");
/// ```
///
/// # Errors
///
/// When one of them is no such document, or they are too large to be compared.
pub fn compare(old: &Value, new: &Value) -> Result<Vec<Finding>, NotADocument> {
    compare_within(MAX_WORK, old, new)
}

fn compare_within(work: usize, old: &Value, new: &Value) -> Result<Vec<Finding>, NotADocument> {
    let documents = Documents::new(old, new);
    let mut changes = Changes {
        operation: String::new(),
        findings: Vec::new(),
        told: BTreeMap::new(),
        work,
    };
    let (mut pairs, gone, added) = pairs(operations(old)?, operations(new)?);
    pairs.sort_by_cached_key(|(old, _)| old.name());
    for (old, new) in &pairs {
        changes.operation = old.name();
        operation::compare(old, new, documents, &mut changes);
    }
    for old in gone {
        changes.operation = old.name();
        changes.breaking("the operation is removed", "its callers get an error");
    }
    for new in added {
        changes.operation = new.name();
        changes.compatible("the operation is added", "nobody calls it yet");
    }
    if changes.work == 0 {
        return Err(NotADocument("the documents are too large to be compared"));
    }
    Ok(changes.findings)
}

/// Both documents, for what is referred to.
#[derive(Clone, Copy)]
struct Documents<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Whether all that can be referred to is the same in both.
    is_shared: bool,
}

impl<'a> Documents<'a> {
    fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            is_shared: old["components"] == new["components"],
        }
    }
}

/// One operation of a document.
#[derive(Clone, Copy)]
struct Operation<'a> {
    id: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    /// What it shares with the others of its path.
    item: &'a Value,
    value: &'a Value,
}

impl Operation<'_> {
    fn name(&self) -> String {
        match self.id {
            Some(id) => id.to_owned(),
            None => format!("{} {}", self.method.to_ascii_uppercase(), self.path),
        }
    }

    /// Method and path as they travel.
    fn route(&self) -> (String, String) {
        (self.method.to_ascii_uppercase(), nameless(self.path))
    }
}

type Pair<'a> = (Operation<'a>, Operation<'a>);

/// What was, with what it has become; then what is gone, and what is new.
fn pairs<'a>(
    old: Vec<Operation<'a>>,
    mut new: Vec<Operation<'a>>,
) -> (Vec<Pair<'a>>, Vec<Operation<'a>>, Vec<Operation<'a>>) {
    // One that has both name and route is the same. Then the name counts, and
    // then the route: some documents have no names, and two versions in one
    // may share them.
    let keys: [fn(&Operation<'_>) -> Option<String>; 3] = [
        |operation| Some(format!("{:?} {:?}", operation.id, operation.route())),
        |operation| operation.id.map(str::to_owned),
        |operation| Some(format!("{:?}", operation.route())),
    ];
    let mut pairs = Vec::new();
    let mut gone = old;
    for key in keys {
        let mut waiting: BTreeMap<String, Vec<Operation<'_>>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for operation in new {
            match key(&operation) {
                Some(key) => waiting.entry(key).or_default().push(operation),
                None => nameless.push(operation),
            }
        }
        gone.retain(|old| {
            let found = key(old).and_then(|key| waiting.get_mut(&key)?.pop());
            pairs.extend(found.map(|new| (*old, new)));
            found.is_none()
        });
        new = waiting.into_values().flatten().chain(nameless).collect();
    }
    (pairs, gone, new)
}

/// Collects what is found.
struct Changes {
    /// The one that is being compared.
    operation: String,
    findings: Vec<Finding>,
    /// One type in several places of an operation is told once: where each of
    /// the findings is.
    told: BTreeMap<(String, String), usize>,
    /// What may still be compared.
    work: usize,
}

impl Changes {
    fn breaking(&mut self, what: impl Into<String>, reason: &'static str) {
        self.add(Verdict::Breaking, what.into(), reason);
    }

    fn compatible(&mut self, what: impl Into<String>, reason: &'static str) {
        self.add(Verdict::Compatible, what.into(), reason);
    }

    fn add(&mut self, verdict: Verdict, what: String, reason: &'static str) {
        let told = (self.operation.clone(), what.clone());
        let index = *self.told.entry(told).or_insert(self.findings.len());
        match self.findings.get_mut(index) {
            None => self.findings.push(Finding {
                operation: self.operation.clone(),
                what,
                verdict,
                reason,
            }),
            // What breaks in one place and not in another does break.
            Some(found) if found.verdict < verdict => {
                (found.verdict, found.reason) = (verdict, reason);
            }
            Some(_) => {}
        }
    }

    /// Whether schemas of this size may be compared too.
    fn may_go_on(&mut self, size: usize) -> bool {
        self.work = self.work.saturating_sub(size + COST);
        self.work > 0
    }
}

/// Every operation, in the order of the document.
fn operations(document: &Value) -> Result<Vec<Operation<'_>>, NotADocument> {
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
    let mut operations = Vec::new();
    for (path, own) in paths {
        let item = resolve(document, own);
        let beside = own.as_object().filter(|_| !std::ptr::eq(own, item));
        let known = item.as_object().into_iter().flatten();
        let known = known.chain(beside.into_iter().flatten());
        let others = item["x-mfhm-methods"].as_object().into_iter().flatten();
        for (method, value) in known.chain(others) {
            let is_method = method != "parameters" && method != "servers";
            if !is_method || method.starts_with("x-") || !value.is_object() {
                continue;
            }
            operations.push(Operation {
                id: value["operationId"].as_str(),
                method,
                path,
                item,
                value,
            });
        }
    }
    Ok(operations)
}

/// The path without the names of its placeholders, which do not travel.
fn nameless(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.starts_with('{') {
            true => "{}",
            false => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

/// What a `$ref` stands for, or the value itself.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    // A reference to a reference is possible, a ring of them a mistake.
    for _ in 0..16 {
        match step(document, value) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// What a `$ref` in the same document leads to.
fn step<'a>(document: &'a Value, value: &Value) -> Option<&'a Value> {
    document.pointer(value["$ref"].as_str()?.strip_prefix('#')?)
}
