//! Documents, callers and verdicts through the router.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::check_problem;
use crate::center::testing::{Answer, TestCenter, json_request};
use crate::wire::v1::DocumentHash;

/// A document whose operation `user` answers this type.
fn document(answer: &str) -> String {
    let content = json!({ "application/json": { "schema": { "type": answer } } });
    let user = json!({ "operationId": "user", "responses": { "200": { "content": content } } });
    json!({ "openapi": "3.1.0", "paths": { "/user": { "get": user } } }).to_string()
}

fn hash(document: &str) -> String {
    DocumentHash::of(document.as_bytes()).to_string()
}

fn registration(id: &str, port: u16, document: Option<&str>) -> Value {
    let mut registration = json!({
        "service": "users",
        "id": id,
        "address": {"port": port},
        "operations": [{"name": "user", "path": "/user", "methods": ["GET"], "fingerprint": "f"}],
    });
    if let Some(document) = document {
        registration["operations"][0]["fingerprint"] = hash(document)[..16].into();
        registration["document"] = hash(document).into();
    }
    registration
}

async fn bring(center: &TestCenter, hash: &str, document: impl Into<Body>) -> Answer {
    let request = Request::put(format!("/v1/documents/{hash}"));
    let request = request.header("content-type", "application/json");
    center.send(request.body(document.into()).unwrap()).await
}

/// Registers an instance with its document, as services do.
async fn register(center: &TestCenter, id: &str, port: u16, document: &str) -> Answer {
    let registration = registration(id, port, Some(document));
    let answer = center.post("/v1/instances", &registration).await;
    if answer.status != 409 || answer.json()["code"] != "mfhm.document_missing" {
        return answer;
    }
    assert_eq!(
        bring(center, &hash(document), document.to_owned())
            .await
            .status,
        204
    );
    center.post("/v1/instances", &registration).await
}

/// A caller at this address reads the service.
async fn call(center: &TestCenter, peer: &str, report: &Value) -> Answer {
    let request = Request::get("/v1/services/users").header("mfhm-caller", report.to_string());
    center
        .send_from(peer, request.body(Body::empty()).unwrap())
        .await
}

fn uses_user(id: &str) -> Value {
    let user = json!({"name": "user", "method": "GET", "path": "/user"});
    json!({"id": id, "operations": [user]})
}

#[tokio::test]
async fn a_document_is_brought_once_and_handed_out() {
    let center = TestCenter::new().await;
    let text = document("string");
    let registration = registration("a", 1, Some(&text));
    let answer = center.post("/v1/instances", &registration).await;
    check_problem(&answer, 409, "mfhm.document_missing");
    check_problem(
        &center.get("/v1/services/users").await,
        404,
        "mfhm.unknown_service",
    );

    assert_eq!(register(&center, "a", 1, &text).await.status, 200);
    for target in [
        "/v1/services/users/openapi.json",
        "/v1/services/users/openapi.json?instance=a",
    ] {
        let answer = center.get(target).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &text));
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["etag"], format!("\"{}\"", hash(&text)));
    }
    let view = center.get("/v1/services/users").await.json();
    let operation = &view["instances"][0]["operations"][0];
    assert_eq!(operation["fingerprint"], hash(&text)[..16]);
    // Known: whatever comes with the name is not read.
    assert_eq!(bring(&center, &hash(&text), "other").await.status, 204);
    assert_eq!(register(&center, "b", 2, &text).await.status, 200);
}

#[tokio::test]
async fn the_document_of_most_instances_is_the_services() {
    let center = TestCenter::new().await;
    let (old, new) = (document("string"), document("integer"));
    register(&center, "a", 1, &old).await;
    register(&center, "b", 2, &new).await;
    register(&center, "c", 3, &new).await;
    let of_service = center.get("/v1/services/users/openapi.json").await;
    assert_eq!(of_service.body, new);
    let of_a = center
        .get("/v1/services/users/openapi.json?instance=a")
        .await;
    assert_eq!(of_a.body, old);
}

#[tokio::test]
async fn a_document_that_is_not_there_is_a_problem_that_says_why() {
    let center = TestCenter::new().await;
    let target = "/v1/services/users/openapi.json";
    check_problem(&center.get(target).await, 404, "mfhm.unknown_service");
    center
        .post("/v1/instances", &registration("a", 1, None))
        .await;
    check_problem(&center.get(target).await, 404, "mfhm.no_document");
    let answer = center.get(&format!("{target}?instance=a")).await;
    check_problem(&answer, 404, "mfhm.no_document");
    for other in ["b", "%20", ""] {
        let answer = center.get(&format!("{target}?instance={other}")).await;
        check_problem(&answer, 404, "mfhm.unknown_instance");
    }
    check_problem(
        &center.post(target, &json!({})).await,
        405,
        "mfhm.method_not_allowed",
    );
}

#[tokio::test]
async fn bad_documents_are_refused() {
    let center = TestCenter::new().await;
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
    for (text, status) in [
        ("", 400),
        ("{", 400),
        (deep.as_str(), 400),
        ("[]", 422),
        (r#"{"openapi":"2.0","paths":{}}"#, 422),
        (r#"{"openapi":"3.1.0"}"#, 422),
        (large.as_str(), 413),
    ] {
        let answer = bring(&center, &hash(text), text.to_owned()).await;
        check_problem(&answer, status, "mfhm.invalid_document");
    }
    let answer = bring(&center, &hash("other"), document("string")).await;
    check_problem(&answer, 422, "mfhm.invalid_document");
    assert!(
        answer.body.contains(&hash(&document("string"))),
        "{answer:?}"
    );
    for name in ["x", "..", "%2F", &hash("x").to_uppercase()] {
        let answer = bring(&center, name, document("string")).await;
        check_problem(&answer, 422, "mfhm.invalid_document");
    }
    let form = Request::put(format!("/v1/documents/{}", hash("x")))
        .header("content-type", "text/plain")
        .body(Body::from("x"))
        .unwrap();
    check_problem(&center.send(form).await, 415, "mfhm.invalid_body");
    let mut registration = registration("a", 1, None);
    registration["document"] = "x".into();
    let answer = center.post("/v1/instances", &registration).await;
    check_problem(&answer, 422, "mfhm.invalid_body");
}

#[tokio::test]
async fn hostile_documents_do_no_harm() {
    let center = TestCenter::new().await;
    let hostile = |last: &str| {
        let mut schemas = serde_json::Map::new();
        for level in 0..60 {
            let below = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
            schemas.insert(
                format!("L{level}"),
                json!({"oneOf": [below, below], "x": last}),
            );
        }
        schemas.insert("R".to_owned(), json!({"$ref": "#/components/schemas/R"}));
        let mut text: Value = serde_json::from_str(&document("string")).unwrap();
        let user = &mut text["paths"]["/user"]["get"];
        for (status, name) in [("200", "L0"), ("201", "R")] {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            user["responses"][status] =
                json!({"content": {"application/json": {"schema": schema}}});
        }
        text["components"] = json!({"schemas": schemas});
        text.to_string()
    };
    assert_eq!(
        register(&center, "a", 1, &hostile("first")).await.status,
        200
    );
    call(&center, "127.0.0.1", &uses_user("c")).await;
    assert_eq!(
        register(&center, "b", 2, &hostile("second")).await.status,
        200
    );
    assert_eq!(
        register(&center, "c", 3, &document("integer")).await.status,
        200
    );
}

#[tokio::test]
async fn callers_are_known_by_their_service_or_address() {
    let center = TestCenter::new().await;
    let target = "/v1/services/users/callers";
    check_problem(&center.get(target).await, 404, "mfhm.unknown_service");
    register(&center, "a", 1, &document("string")).await;
    assert_eq!(center.get(target).await.json()["callers"], json!([]));

    let orders = json!({"service": "orders", "id": "o1", "address": {"port": 9}});
    center
        .send_from("10.0.0.5", json_request("/v1/instances", &orders))
        .await;
    let as_orders = |id: &str| {
        let mut report = uses_user(id);
        report["instances"] = json!(["o1", "unknown"]);
        report
    };
    call(&center, "10.0.0.5", &as_orders("c1")).await;
    // From another host nobody is believed to be that instance.
    call(&center, "10.0.0.6", &as_orders("c2")).await;
    let callers = center.get(target).await.json()["callers"].clone();
    assert_eq!(callers[0]["name"], "orders");
    assert_eq!(callers[0]["address"], "10.0.0.5");
    assert_eq!(callers[0]["operations"][0]["path"], "/user");
    assert_eq!(callers[1]["name"], "10.0.0.6");
    // What can't be read is passed over.
    for report in [json!("x"), json!({}), json!({"id": "a b"})] {
        assert_eq!(call(&center, "10.0.0.7", &report).await.status, 200);
    }
    let callers = center.get(target).await.json()["callers"].clone();
    assert_eq!(callers.as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_asking_does_not_count() {
    let center = TestCenter::refusing().await;
    register(&center, "a", 1, &document("string")).await;
    call(&center, "127.0.0.1", &uses_user("c")).await;
    tokio::time::advance(std::time::Duration::from_secs(29)).await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    check_problem(&answer, 409, "mfhm.breaks_callers");
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn what_breaks_a_live_caller_is_told_and_registered() {
    let center = TestCenter::new().await;
    let target = "/v1/services/users/compatibility";
    check_problem(&center.get(target).await, 404, "mfhm.unknown_service");
    register(&center, "a", 1, &document("string")).await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    assert_eq!(answer.json().get("breaks"), None, "nobody uses it");
    assert_eq!(center.delete("/v1/instances/b").await.status, 204);

    call(&center, "10.0.0.5", &uses_user("c")).await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    assert_eq!(answer.status, 200);
    let breaks = json!([{
        "operation": "user",
        "callers": ["10.0.0.5"],
        "reasons": ["the answer is integer instead of string (callers are written for the old type)"],
    }]);
    assert_eq!(answer.json()["breaks"], breaks);
    let told = center.get(target).await.json();
    assert_eq!(told["policy"], "warn");
    assert_eq!(told["verdict"]["instance"], "b");
    assert_eq!(told["verdict"]["registered"], true);
    assert_eq!(told["verdict"]["breaks"], breaks);
    // Once more as it is: nothing is judged, and the verdict stays.
    let answer = register(&center, "b", 2, &document("integer")).await;
    assert_eq!(answer.json().get("breaks"), None);
    assert_eq!(center.get(target).await.json()["verdict"]["breaks"], breaks);
}

#[tokio::test]
async fn by_policy_what_breaks_a_live_caller_is_refused() {
    let center = TestCenter::refusing().await;
    register(&center, "a", 1, &document("string")).await;
    call(&center, "10.0.0.5", &uses_user("c")).await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    check_problem(&answer, 409, "mfhm.breaks_callers");
    assert_eq!(answer.json()["data"]["breaks"][0]["operation"], "user");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("`user`, which 10.0.0.5 use: the answer is integer"),
        "{detail}"
    );
    let told = center.get("/v1/services/users/compatibility").await.json();
    assert_eq!(
        (&told["policy"], &told["verdict"]["registered"]),
        (&json!("refuse"), &json!(false))
    );
    let view = center.get("/v1/services/users").await.json();
    assert_eq!(view["instances"].as_array().unwrap().len(), 1);

    // What is in service already may come again, and what breaks nobody may come.
    assert_eq!(
        register(&center, "d", 4, &document("string")).await.status,
        200
    );
    // Python is not asked: its protocol has no word for it.
    let python = json!({"name": "users", "port": 5, "transmissionType": null, "transmissionData": null, "methods": {}});
    assert_eq!(center.post("/online", &python).await.json()["code"], 0);
}

#[tokio::test]
async fn the_last_instance_is_remembered_when_all_are_gone() {
    let center = TestCenter::refusing().await;
    register(&center, "a", 1, &document("string")).await;
    call(&center, "10.0.0.5", &uses_user("c")).await;
    center.delete("/v1/instances/a").await;
    let answer = register(&center, "b", 2, &document("integer")).await;
    check_problem(&answer, 409, "mfhm.breaks_callers");
}

#[tokio::test]
async fn a_removed_operation_counts_without_documents_too() {
    let center = TestCenter::refusing().await;
    center
        .post("/v1/instances", &registration("a", 1, None))
        .await;
    call(&center, "10.0.0.5", &uses_user("c")).await;
    let mut other = registration("b", 2, None);
    other["operations"][0]["name"] = "other".into();
    other["operations"][0]["path"] = "/other".into();
    let answer = center.post("/v1/instances", &other).await;
    check_problem(&answer, 409, "mfhm.breaks_callers");
    assert!(answer.body.contains("removed"), "{answer:?}");
}

#[tokio::test]
async fn what_instances_of_a_service_promise_is_kept_once() {
    let center = TestCenter::new().await;
    for (id, port) in [("a", 1), ("b", 2)] {
        let registration = registration(id, port, None);
        let answer = center.post("/v1/instances", &registration).await;
        assert_eq!(answer.status, 200);
    }
    let kept = |id: &str| {
        let record = center
            .registrar
            .view
            .with(|registry, _, _| registry.get(&id.parse().unwrap()));
        record.unwrap().operations.clone()
    };
    assert!(kept("a").is_shared_with(&kept("b")));
}
