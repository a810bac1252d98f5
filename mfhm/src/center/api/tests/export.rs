//! A copy of a center that runs.

use super::*;
use crate::center::backup::lines;
use crate::center::store::Store as _;

async fn center_with(instances: u16) -> TestCenter {
    let center = TestCenter::new().await;
    for port in 1..=instances {
        let body = register("users", &format!("i{port}"), port);
        assert_eq!(center.post("/v1/instances", &body).await.status, 200);
    }
    center
}

#[tokio::test]
async fn what_a_running_center_exports_is_what_a_stopped_one_would() {
    let center = center_with(3).await;
    let mut expected = Vec::new();
    lines::write(center.store.snapshot().await.unwrap(), &mut expected).unwrap();
    let answer = center.get("/v1/export").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.body.as_bytes(), expected);
    assert_eq!(
        lines::read(answer.body.as_bytes()).unwrap().records.len(),
        3
    );
    assert!(answer.body.contains("s3cret"), "keys are in it");

    let trail = center.get("/v1/audit?limit=1").await.json();
    let entry = &trail["entries"][0];
    assert_eq!(entry["action"], "exported");
    assert_eq!(entry["actor"]["address"], "127.0.0.1");
    assert_eq!(entry["reason"], "3 instances and 0 documents");
}

/// The lines are made while somebody reads them, and are of the moment of the request.
#[tokio::test]
async fn an_export_is_one_moment_in_pieces() {
    let center = center_with(400).await;
    let mut body = center.open("/v1/export", &[]).await;
    let first = body.chunk().await.unwrap();
    assert!(first.len() < 70_000, "{}", first.len());
    center.delete("/v1/instances/i400").await;
    center
        .post("/v1/instances", &register("orders", "late", 1))
        .await;
    let (mut text, mut pieces) = (first, 1);
    while let Some(piece) = body.chunk().await {
        assert!(piece.len() < 70_000, "{}", piece.len());
        text.extend(piece);
        pieces += 1;
    }
    assert!(pieces > 1, "{pieces}");
    let export = lines::read(text.as_slice()).unwrap();
    assert_eq!(export.records.len(), 400);
    assert!(
        export
            .records
            .iter()
            .all(|record| record.service == "users")
    );
}

#[tokio::test]
async fn only_operators_export() {
    let center = center_with(1).await;
    let get = || Request::get("/v1/export").body(Body::empty()).unwrap();
    let answer = center.send_from("10.0.0.7", get()).await;
    check_problem(&answer, 403, "mfhm.operators_only");
    assert!(answer.body.contains("operators export"), "{answer:?}");
    let mut passed_on = get();
    let elsewhere = "10.0.0.7".parse().unwrap();
    passed_on.headers_mut().insert("x-forwarded-for", elsewhere);
    let answer = center.send(passed_on).await;
    check_problem(&answer, 403, "mfhm.operators_only");
    assert!(!answer.body.contains("s3cret"));
    let posted = center.post("/v1/export", &json!(null)).await;
    check_problem(&posted, 405, "mfhm.method_not_allowed");
}

#[tokio::test]
async fn a_token_of_less_than_the_scope_operate_exports_nothing() {
    use crate::center::tokens::{Scope, TokenGrant, Tokens};
    let dir = tempfile::tempdir().unwrap();
    let tokens = Tokens::in_dir(dir.path());
    let issue = |grant| tokens.issue(grant).unwrap().token;
    let register = issue(TokenGrant::new(Scope::Register).all_names());
    let operate = issue(TokenGrant::new(Scope::Operate));
    let center = TestCenter::with_tokens(dir.path()).await;
    let export = async |token: &str| {
        let none = Value::Null;
        center.send_as(token, "GET", "/v1/export", &[], &none).await
    };
    check_problem(&export(&register).await, 403, "mfhm.operators_only");
    assert_eq!(export(&operate).await.status, 200);
    assert_eq!(center.get("/v1/export").await.status, 401);
}

/// That is when a copy is wanted most.
#[tokio::test]
async fn a_full_disk_keeps_nobody_from_exporting() {
    let center = center_with(1).await;
    center.store.fail_with(Some(CommitError::Failed {
        reason: "full".to_owned(),
        is_full: true,
    }));
    let answer = center.get("/v1/export").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        lines::read(answer.body.as_bytes()).unwrap().records.len(),
        1
    );
}
