//! Whether a newcomer keeps what live callers rely on.
//!
//! What a service promised before is what its live instances registered, or its
//! last one. Only operations that somebody uses are looked at. With documents on
//! both sides they are compared by [`crate::compat`], unless the fingerprints say
//! that nothing changed; without, all that is known is whether the operation is
//! still there. A caller whose own fingerprint is the newcomer's was written for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::document::Document;
use crate::center::record::Record;
use crate::compat::{self, Selected};
use crate::contract::shape;
use crate::instance::InstanceId;
use crate::wire::python::from_python_template;
use crate::wire::v1::{Break, OperationEntry, UsedOperation};

/// A service rarely has more contracts than this at a time; others are not compared.
pub(crate) const MOST_CONTRACTS: usize = 4;
/// How much is told: operations, callers of each, reasons of each.
const MOST_BREAKS: usize = 50;
const MOST_CALLERS: usize = 10;
const MOST_REASONS: usize = 10;

/// What a registration promises.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Promise {
    pub record: Arc<Record>,
    pub document: Option<Arc<Document>>,
}

/// All that is needed to judge a registration.
#[derive(Debug)]
pub(crate) struct Case {
    pub newcomer: Promise,
    /// What the service promised before.
    pub before: Vec<Promise>,
    /// What is used, and by whom.
    pub used: BTreeMap<UsedOperation, BTreeSet<String>>,
    /// An instance of the service is registered with the same contract.
    pub is_in_service: bool,
}

/// What was found about a registration, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub instance: InstanceId,
    /// `host:port`.
    pub address: String,
    pub version: Option<String>,
    pub is_registered: bool,
    pub breaks: Vec<Break>,
}

impl Promise {
    /// Whether nothing that callers may depend on tells the two apart.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (own, others) = (&self.record, &other.record);
        own.document == others.document && own.operations == others.operations
    }

    /// Whether it lists what it offers. Everybody lists a ping.
    fn is_listed(&self) -> bool {
        let mut operations = self.record.operations.iter();
        operations.any(|entry| entry.path != "/ping")
    }

    fn find(&self, used: &UsedOperation) -> Option<&OperationEntry> {
        let operations = &self.record.operations;
        let by_name = || operations.iter().find(|entry| entry.name == used.name);
        match (&used.method, &used.path) {
            (Some(method), Some(path)) => {
                let answers = |entry: &&OperationEntry| answers(entry, method, path);
                // The caller's own name first, should several answer.
                by_name()
                    .filter(answers)
                    .or_else(|| operations.iter().find(answers))
            }
            _ => by_name(),
        }
    }
}

fn answers(entry: &OperationEntry, method: &str, path: &str) -> bool {
    let offered = from_python_template(&entry.path);
    let takes = |method: &str| {
        let mut methods = entry.methods.iter();
        methods.any(|offered| offered.eq_ignore_ascii_case(method))
    };
    (takes(method) || (method == "HEAD" && takes("GET")))
        && (shape::covers(&offered, path) || shape::key("", &offered) == shape::key("", path))
}

/// Why uses break, by the operation's name and the use. The name is that of the
/// service's own list: what a caller calls it is a stranger's word.
type Reasons<'a> = BTreeMap<(&'a str, &'a UsedOperation), Vec<String>>;

/// What of the used operations the newcomer breaks. It takes time in proportion
/// to the documents, and may take a second for hostile ones.
pub(crate) fn judge(case: &Case) -> Vec<Break> {
    let mut reasons: Reasons<'_> = BTreeMap::new();
    let new_document = case.newcomer.document.as_ref().map(|d| d.value());
    for before in &case.before {
        judge_one(case, before, new_document.as_ref(), &mut reasons);
    }
    // One operation may be used in several forms: by name, or with fingerprints.
    let mut breaks: BTreeMap<&str, (BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
    for ((operation, used), found) in reasons {
        let (callers, all) = breaks.entry(operation).or_default();
        callers.extend(case.used[used].iter().map(String::as_str));
        for reason in found {
            if !all.contains(&reason) {
                all.push(reason);
            }
        }
    }
    let breaks = breaks.into_iter().take(MOST_BREAKS);
    breaks
        .map(|(operation, (callers, reasons))| Break {
            operation: operation.to_owned(),
            callers: bounded(
                callers.into_iter().map(str::to_owned).collect(),
                MOST_CALLERS,
            ),
            reasons: bounded(reasons, MOST_REASONS),
        })
        .collect()
}

fn judge_one<'a>(
    case: &'a Case,
    before: &'a Promise,
    new_document: Option<&Value>,
    reasons: &mut Reasons<'a>,
) {
    let newcomer = &case.newcomer;
    if before.is_same(newcomer) {
        return;
    }
    let mut compared = Vec::new();
    for used in case.used.keys() {
        // What was not offered before is not broken now.
        let Some(old) = before.find(used) else {
            continue;
        };
        let Some(new) = newcomer.find(used) else {
            if newcomer.is_listed() {
                reasons
                    .entry((old.name.as_str(), used))
                    .or_default()
                    .push(missing(used, newcomer));
            }
            continue;
        };
        let is_own = new.fingerprint.is_some() && new.fingerprint == used.fingerprint;
        let is_unchanged = new.fingerprint.is_some() && new.fingerprint == old.fingerprint;
        if !is_own && !is_unchanged {
            compared.push((used, old.name.as_str(), new.name.as_str()));
        }
    }
    let old_document = before.document.as_ref().filter(|_| !compared.is_empty());
    let (Some(old_document), Some(new_document)) = (old_document, new_document) else {
        return;
    };
    // Several forms of one use are compared once.
    let pairs: BTreeSet<(&str, &str)> = compared.iter().map(|(_, old, new)| (*old, *new)).collect();
    let pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
    let found = compat::compare_selected(&old_document.value(), new_document, &pairs);
    for (used, old, new) in compared {
        let found = pairs
            .iter()
            .zip(&found)
            .find(|(pair, _)| **pair == (old, new));
        if let Some((_, Selected::Findings(findings))) = found {
            let breaking = findings
                .iter()
                .filter(|f| f.verdict == compat::Verdict::Breaking);
            let mut texts = breaking
                .map(|f| format!("{} ({})", f.what, f.reason))
                .peekable();
            if texts.peek().is_some() {
                reasons.entry((new, used)).or_default().extend(texts);
            }
        }
        if let Some((_, Selected::Intricate)) = found {
            tracing::warn!(
                service = newcomer.record.service,
                operation = new,
                "the schemas of an operation are too intricate to be compared"
            );
        }
    }
}

fn missing(used: &UsedOperation, newcomer: &Promise) -> String {
    let named = |entry: &&OperationEntry| entry.name == used.name;
    match newcomer.record.operations.iter().find(named) {
        Some(entry) => format!(
            "it is {} {} instead of {} {} (callers ask for the old one)",
            entry.methods.join("|"),
            entry.path,
            used.method.as_deref().unwrap_or_default(),
            used.path.as_deref().unwrap_or_default()
        ),
        None => "the operation is removed (its callers get an error)".to_owned(),
    }
}

fn bounded(mut texts: Vec<String>, most: usize) -> Vec<String> {
    if texts.len() > most {
        let rest = texts.len() - most;
        texts.truncate(most);
        texts.push(format!("and {rest} more"));
    }
    texts
}

#[cfg(test)]
mod tests;
