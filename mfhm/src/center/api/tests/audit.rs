//! The audit trail through the router.

use super::*;

fn get(target: &str) -> Request<Body> {
    Request::get(target).body(Body::empty()).unwrap()
}

fn bodiless(method: &str, target: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(target);
    request.body(Body::empty()).unwrap()
}

/// What the trail says: action, id and port, and who it was.
async fn trail(center: &TestCenter) -> Vec<(String, String, u64, Value)> {
    let answer = center.get("/v1/audit?after=0&limit=1000").await.json();
    let entries = answer["entries"].as_array().unwrap().iter().enumerate();
    entries
        .map(|(index, entry)| {
            assert_eq!(entry["number"], index as u64 + 1);
            assert!(entry["time"].as_str().unwrap().ends_with('Z'), "{entry}");
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let port = entry["port"].as_u64().unwrap_or(0);
            (text("action"), text("id"), port, entry["actor"].clone())
        })
        .collect()
}

#[tokio::test]
async fn every_change_is_in_the_trail_once_and_nothing_else() {
    let center = TestCenter::new().await;
    let mut changed = register("users", "a1", 1);
    center.post("/v1/instances", &changed).await;
    // The same again, renewals, reads, pings and reports are no changes.
    center.post("/v1/instances", &changed).await;
    center.send(bodiless("PUT", "/v1/instances/a1")).await;
    center
        .send(bodiless("POST", "/v1/instances/a1/report"))
        .await;
    center.ping_all().await;
    center.get("/v1/services/users").await;
    changed["version"] = "2".into();
    center.post("/v1/instances", &changed).await;
    // Nobody is there any more: another instance takes the place.
    center
        .post("/v1/instances", &register("users", "a2", 1))
        .await;
    center
        .send(bodiless("POST", "/v1/instances/a2/drain"))
        .await;
    // It drains already.
    let again = center
        .send(bodiless("POST", "/v1/instances/a2/drain"))
        .await;
    assert_eq!(again.status, 202);
    center.delete("/v1/instances/a2").await;
    center.post("/online", &online("users", 2)).await;
    center.delete("/offline/users/2").await;

    let trail = trail(&center).await;
    let local = json!({"kind": "peer", "address": "127.0.0.1"});
    let python = trail[6].1.clone();
    let expected = [
        ("registered", "a1", 1),
        ("updated", "a1", 1),
        ("replaced", "a1", 1),
        ("registered", "a2", 1),
        ("drained", "a2", 1),
        ("removed", "a2", 1),
        ("registered", &python, 2),
        ("removed", &python, 2),
    ]
    .map(|(action, id, port)| (action.to_owned(), id.to_owned(), port, local.clone()));
    assert_eq!(trail, expected);
}

#[tokio::test]
async fn a_move_and_a_refusal_are_told_apart() {
    let center = TestCenter::new().await;
    center
        .post("/v1/instances", &register("users", "a", 1))
        .await;
    center
        .post("/v1/instances", &register("users", "a", 2))
        .await;
    center.probe.all_alive();
    let refused = center
        .post("/v1/instances", &register("users", "b", 2))
        .await;
    assert_eq!(refused.status, 409);
    let answer = center.get("/v1/audit").await.json();
    let shown: Vec<_> = answer["entries"].as_array().unwrap().iter().collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(shown[1]["action"], "replaced");
    assert_eq!(shown[1]["reason"], "it moved to users at 127.0.0.1:2");
}

#[tokio::test]
async fn the_trail_says_from_where_and_tells_no_secret() {
    let center = TestCenter::new().await;
    let registration = json_request("/v1/instances", &register("users", "a", 1));
    center.send_from("::ffff:10.0.0.7", registration).await;
    let answer = center.get("/v1/audit").await;
    assert_eq!(answer.json()["entries"][0]["actor"]["address"], "10.0.0.7");
    assert_eq!(answer.json()["entries"][0]["host"], "10.0.0.7");
    assert!(!answer.body.contains("s3cret"), "{answer:?}");
}

#[tokio::test]
async fn it_is_read_in_parts() {
    let center = TestCenter::new().await;
    for port in 1..=5 {
        let register = register("users", &format!("i{port}"), port);
        center.post("/v1/instances", &register).await;
    }
    for (query, numbers, next) in [
        ("?after=0&limit=2", vec![1, 2], 2),
        ("?after=2&limit=2", vec![3, 4], 4),
        ("?after=4", vec![5], 5),
        ("?after=5", vec![], 5),
        ("?limit=2", vec![4, 5], 5),
        ("", vec![1, 2, 3, 4, 5], 5),
    ] {
        let answer = center.get(&format!("/v1/audit{query}")).await.json();
        let entries = answer["entries"].as_array().unwrap();
        let found: Vec<_> = entries
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap())
            .collect();
        assert_eq!(found, numbers, "{query}");
        assert_eq!(answer["next"], next, "{query}");
    }
    for query in ["after=-1", "after=x", "limit=0", "limit=1001", "limit="] {
        let answer = center.get(&format!("/v1/audit?{query}")).await;
        check_problem(&answer, 422, "mfhm.invalid_query");
        let name = query.split('=').next().unwrap();
        assert_eq!(answer.json()["errors"][0]["name"], name);
    }
    let answer = center.send(bodiless("POST", "/v1/audit")).await;
    check_problem(&answer, 405, "mfhm.method_not_allowed");
}

#[tokio::test]
async fn only_operators_read_it() {
    let center = TestCenter::new().await;
    let answer = center.send_from("10.0.0.7", get("/v1/audit")).await;
    check_problem(&answer, 403, "mfhm.operators_only");
    assert!(answer.body.contains("mfhm token new"), "{answer:?}");

    let center = TestCenter::with_key(Some(Key::new("k"))).await;
    assert_eq!(
        center.send_from("10.0.0.7", get("/v1/audit")).await.status,
        401
    );
    let mut request = get("/v1/audit");
    let key = Key::new("k").header_value().unwrap();
    request.headers_mut().insert("mfhm-authkey", key);
    assert_eq!(center.send_from("10.0.0.7", request).await.status, 200);
}

#[tokio::test]
async fn an_instance_is_drained_whether_or_not_the_trail_can_be_written() {
    let center = TestCenter::new().await;
    center
        .post("/v1/instances", &register("users", "a", 1))
        .await;
    center.store.fail_with(Some(CommitError::Failed {
        reason: "full".to_owned(),
        is_full: true,
    }));
    let answer = center.send(bodiless("POST", "/v1/instances/a/drain")).await;
    assert_eq!(answer.status, 202);
    let view = center.get("/v1/services/users").await.json();
    assert_eq!(view["instances"][0]["status"], "draining");
}
