use serde_json::json;

use super::*;
use crate::center::record::Origin;

/// An operation that answers a text or a number, and its place in a document.
struct Op {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    answer: &'static str,
    fingerprint: Option<&'static str>,
}

fn op(name: &'static str, path: &'static str, answer: &'static str) -> Op {
    Op {
        name,
        method: "GET",
        path,
        answer,
        fingerprint: None,
    }
}

fn promise(operations: &[Op], has_document: bool) -> Promise {
    let mut record = Record::sample(Origin::V1, "users", "a", 1);
    record.operations = operations
        .iter()
        .map(|op| OperationEntry {
            name: op.name.to_owned(),
            path: op.path.to_owned(),
            methods: vec![op.method.to_owned()],
            fingerprint: op.fingerprint.map(str::to_owned),
        })
        .collect();
    let paths = operations.iter().map(|op| {
        let schema = json!({ "type": op.answer });
        let content = json!({ "application/json": { "schema": schema } });
        let operation =
            json!({ "operationId": op.name, "responses": { "200": { "content": content } } });
        let item = json!({ op.method.to_ascii_lowercase(): operation });
        (op.path.to_owned(), item)
    });
    let paths: serde_json::Map<_, _> = paths.collect();
    let document = Document::sample(&json!({ "openapi": "3.1.0", "paths": paths }));
    record.document = has_document.then(|| document.hash.clone());
    Promise {
        record: Arc::new(record),
        document: has_document.then(|| Arc::new(document)),
    }
}

fn typed(name: &str, path: &str) -> UsedOperation {
    UsedOperation {
        name: name.to_owned(),
        method: Some("GET".to_owned()),
        path: Some(path.to_owned()),
        fingerprint: None,
    }
}

fn named(name: &str) -> UsedOperation {
    UsedOperation {
        name: name.to_owned(),
        method: None,
        path: None,
        fingerprint: None,
    }
}

fn judged(before: Vec<Promise>, newcomer: Promise, used: &[UsedOperation]) -> Vec<Break> {
    let callers = BTreeSet::from(["orders".to_owned()]);
    let used = used.iter().map(|used| (used.clone(), callers.clone()));
    judge(&Case {
        newcomer,
        before,
        used: used.collect(),
        is_in_service: false,
    })
}

fn reasons(before: &[Op], newcomer: &[Op], used: &[UsedOperation]) -> Vec<String> {
    let breaks = judged(vec![promise(before, true)], promise(newcomer, true), used);
    breaks.iter().map(Break::to_string).collect()
}

#[test]
fn only_what_is_used_matters() {
    let before = || [op("user", "/user", "string"), op("list", "/list", "string")];
    let newcomer = [op("user", "/user", "integer")];
    assert_eq!(reasons(&before(), &newcomer, &[]), [""; 0]);
    assert_eq!(
        reasons(&before(), &newcomer, &[typed("user", "/user")]),
        [
            "`user`, which orders use: the answer is integer instead of string (callers are written \
          for the old type)"
        ]
    );
    assert_eq!(
        reasons(&before(), &newcomer, &[typed("list", "/list")]),
        ["`list`, which orders use: the operation is removed (its callers get an error)"]
    );
    assert_eq!(reasons(&before(), &before(), &[named("user")]), [""; 0]);
}

#[test]
fn typed_callers_care_for_the_path_and_callers_by_name_for_the_name() {
    let before = [op("user", "/users/{id}", "string")];
    let renamed = [op("get_user", "/users/{key}", "string")];
    let moved = [op("user", "/v2/users/{id}", "string")];
    let typed = [typed("user", "/users/{id}")];
    assert_eq!(reasons(&before, &renamed, &typed), [""; 0]);
    let found = reasons(&before, &renamed, &[named("user")]);
    assert!(found[0].contains("removed"), "{found:?}");
    let found = reasons(&before, &moved, &typed);
    assert!(
        found[0].contains("GET /v2/users/{id} instead of GET /users/{id}"),
        "{found:?}"
    );
    // A wider path still answers.
    let wider = [op("any", "/users/{*rest}", "string")];
    assert!(
        !reasons(&before, &wider, &typed)
            .iter()
            .any(|r| r.contains("removed"))
    );
}

#[test]
fn a_break_is_told_by_the_services_own_name() {
    let before = [op("user", "/user", "string"), op("list", "/list", "string")];
    let newcomer = [op("get_user", "/user", "integer")];
    let used = [typed("strangers word", "/user"), typed("another", "/list")];
    let found = judged(
        vec![promise(&before, true)],
        promise(&newcomer, true),
        &used,
    );
    let names: Vec<&str> = found.iter().map(|b| b.operation.as_str()).collect();
    assert_eq!(names, ["get_user", "list"]);
}

#[test]
fn what_was_not_offered_before_is_not_broken() {
    let before = [op("user", "/user", "string")];
    assert_eq!(
        reasons(&before, &before, &[typed("create", "/create")]),
        [""; 0]
    );
}

#[test]
fn fingerprints_tell_who_was_written_for_what() {
    let with = |fingerprint, answer| Op {
        fingerprint: Some(fingerprint),
        ..op("user", "/user", answer)
    };
    let used = |fingerprint: &str| UsedOperation {
        fingerprint: Some(fingerprint.to_owned()),
        ..typed("user", "/user")
    };
    let (before, newcomer) = ([with("old", "string")], [with("new", "integer")]);
    assert_eq!(reasons(&before, &newcomer, &[used("old")]).len(), 1);
    assert_eq!(reasons(&before, &newcomer, &[used("new")]), [""; 0]);
    assert_eq!(
        reasons(&before, &newcomer, &[typed("user", "/user")]).len(),
        1
    );
    // Both forms are one use.
    let both = [used("old"), typed("user", "/user"), named("user")];
    assert_eq!(reasons(&before, &newcomer, &both).len(), 1);
    // Equal ones are not compared.
    let same = [with("old", "integer")];
    assert_eq!(reasons(&before, &same, &[used("old")]), [""; 0]);
}

#[test]
fn without_documents_what_is_known_is_compared() {
    let before = || {
        promise(
            &[op("user", "/user", "string"), op("list", "/list", "")],
            false,
        )
    };
    let used = [typed("user", "/user"), named("list")];
    let newcomer = promise(&[op("user", "/user", "integer")], true);
    let breaks = judged(vec![before()], newcomer, &used);
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert_eq!(breaks[0].operation, "list");
    // Who lists nothing is assumed to offer everything.
    for silent in [
        promise(&[], false),
        promise(&[op("ping", "/ping", "")], false),
    ] {
        assert_eq!(judged(vec![before()], silent.clone(), &used), []);
        assert_eq!(judged(vec![silent], before(), &used), []);
    }
}

#[test]
fn every_contract_that_is_live_counts() {
    let first = promise(&[op("user", "/user", "string")], true);
    let second = promise(&[op("user", "/user", "integer")], true);
    let used = [typed("user", "/user")];
    let breaks = judged(vec![first, second.clone()], second.clone(), &used);
    assert_eq!(breaks.len(), 1);
    assert_eq!(judged(vec![second.clone()], second, &used), []);
}

#[test]
fn what_is_told_is_bounded() {
    let names: Vec<String> = (0..200).map(|n| format!("operation{n}")).collect();
    let mut record = Record::sample(Origin::V1, "users", "a", 1);
    record.operations = names
        .iter()
        .map(|name| OperationEntry {
            name: name.clone(),
            path: format!("/{name}"),
            methods: vec!["GET".to_owned()],
            fingerprint: None,
        })
        .collect();
    let before = Promise {
        record: Arc::new(record),
        document: None,
    };
    let callers: BTreeSet<String> = (0..100).map(|n| format!("caller{n}")).collect();
    let breaks = judge(&Case {
        newcomer: promise(&[op("other", "/other", "string")], true),
        before: vec![before],
        used: names
            .iter()
            .map(|name| (named(name), callers.clone()))
            .collect(),
        is_in_service: false,
    });
    assert_eq!(breaks.len(), MOST_BREAKS);
    assert_eq!(breaks[0].callers.len(), MOST_CALLERS + 1);
    assert_eq!(breaks[0].callers.last().unwrap(), "and 90 more");
}
