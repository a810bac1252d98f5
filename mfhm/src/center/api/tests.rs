//! The whole interface through the router: golden answers of the real Python
//! centers, and what is mfhm's own.

mod audit;
mod bad_input;
mod contracts;
mod export;
mod golden;
mod hold;
mod intruders;
mod look_up;
mod restart;
mod watch;

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::center::audit::Actor;
use crate::center::health::PingOutcome;
use crate::center::record::{Origin, Record};
use crate::center::store::CommitError;
use crate::center::testing::{Answer, TestCenter, json_request};
use crate::key::Key;

fn online(name: &str, port: u16) -> Value {
    json!({
        "name": name,
        "port": port,
        "transmissionType": null,
        "transmissionData": null,
        "methods": {
            "hello": {"path": "/hello", "methods": ["GET"]},
            "file": {"path": "/f/{p:path}", "methods": ["GET"]},
        },
    })
}

fn register(service: &str, id: &str, port: u16) -> Value {
    json!({
        "service": service,
        "id": id,
        "address": {"port": port},
        "operations": [{"name": "file", "path": "/f/{*p}", "methods": ["GET"]}],
        "metadata": {"zone": "a"},
        "version": "1.0",
        "key": "s3cret",
    })
}

fn check_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json()["code"], code, "{answer:?}");
    assert_eq!(answer.json()["status"], status);
}

#[tokio::test]
async fn a_v1_instance_registers_renews_and_leaves() {
    let center = TestCenter::new().await;
    let answer = center
        .post("/v1/instances", &register("users", "a1", 3000))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let expected = json!({"lease": {"ttl_ms": 15_000, "renew_ms": 5_000}, "host": "127.0.0.1"});
    assert_eq!(answer.json(), expected);

    let renew = || {
        Request::put("/v1/instances/a1")
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(center.send(renew()).await.json(), expected);
    assert_eq!(center.delete("/v1/instances/a1").await.status, 204);
    check_problem(&center.send(renew()).await, 404, "mfhm.unknown_instance");
    check_problem(
        &center.delete("/v1/instances/a1").await,
        404,
        "mfhm.unknown_instance",
    );
    check_problem(
        &center.delete("/v1/instances/%20").await,
        404,
        "mfhm.unknown_instance",
    );
}

#[tokio::test]
async fn only_the_host_that_registered_an_instance_renews_it_and_lets_it_leave() {
    let request = |method: &str, id: &str| {
        let request = Request::builder().method(method);
        let request = request.uri(format!("/v1/instances/{id}"));
        request.body(Body::empty()).unwrap()
    };
    let center = TestCenter::new().await;
    center
        .send_from(
            "10.0.0.5",
            json_request("/v1/instances", &register("users", "a", 1)),
        )
        .await;
    let mut allowed = register("users", "b", 1);
    allowed["address"]["host"] = json!("10.9.9.9");
    center
        .send_from("10.0.0.5", json_request("/v1/instances", &allowed))
        .await;
    center
        .post("/v1/instances", &register("users", "c", 3))
        .await;
    for (id, others, own) in [
        ("a", ["10.0.0.6", "127.0.0.1"], "::ffff:10.0.0.5"),
        ("b", ["10.9.9.9", "::1"], "10.0.0.5"),
        ("c", ["10.0.0.5", "::2"], "::1"),
    ] {
        for method in ["PUT", "DELETE"] {
            for other in others {
                let answer = center.send_from(other, request(method, id)).await;
                check_problem(&answer, 403, "mfhm.not_yours");
            }
        }
        assert_eq!(center.send_from(own, request("PUT", id)).await.status, 200);
        assert_eq!(
            center.send_from(own, request("DELETE", id)).await.status,
            204
        );
    }
}

#[tokio::test]
async fn a_record_without_a_peer_belongs_to_its_host() {
    let center = TestCenter::new().await;
    let record = Record::sample(Origin::V1, "users", "a", 1);
    let json = serde_json::to_string(&record).unwrap();
    assert!(!json.contains("peer"), "as earlier versions wrote it");
    let record: Record = serde_json::from_str(&json).unwrap();
    let actor = Actor::peer([127, 0, 0, 1].into());
    center
        .registrar
        .register(Arc::new(record), &actor)
        .await
        .unwrap();
    let leave = || {
        Request::delete("/v1/instances/a")
            .body(Body::empty())
            .unwrap()
    };
    let answer = center.send_from("10.0.0.5", leave()).await;
    check_problem(&answer, 403, "mfhm.not_yours");
    assert_eq!(center.send(leave()).await.status, 204);
}

#[tokio::test]
async fn python_instances_are_unknown_to_v1_writes() {
    let center = TestCenter::new().await;
    center.post("/online", &online("users", 1)).await;
    let view = center.get("/v1/services/users").await.json();
    let id = view["instances"][0]["id"].as_str().unwrap();
    let target = format!("/v1/instances/{id}");
    check_problem(&center.delete(&target).await, 404, "mfhm.unknown_instance");
    let renew = Request::put(&target).body(Body::empty()).unwrap();
    check_problem(&center.send(renew).await, 404, "mfhm.unknown_instance");
    assert_eq!(center.get("/service/users").await.status, 200);
}

#[tokio::test]
async fn v1_reads_show_everything_but_the_key() {
    let center = TestCenter::new().await;
    center
        .post("/v1/instances", &register("users", "a1", 3000))
        .await;
    center.post("/online", &online("users", 3001)).await;
    center.post("/online", &online("orders", 3002)).await;
    center.probe.set(3000, PingOutcome::Ok, None);
    center.ping_all().await;

    let list = center.get("/v1/services").await.json();
    assert_eq!(
        list["services"],
        json!([
            {"name": "orders", "instances": 1, "up": 0},
            {"name": "users", "instances": 2, "up": 1},
        ])
    );
    let answer = center.get("/v1/services/users").await;
    assert!(!answer.body.contains("s3cret"));
    let view = answer.json();
    assert_eq!(view["revision"], list["revision"]);
    let first = &view["instances"][0];
    assert_eq!(first["id"], "a1");
    assert_eq!(first["status"], "up");
    assert_eq!(
        (&first["key"], &first["weight"]),
        (&json!(true), &json!(100))
    );
    assert_eq!(
        (&first["version"], &first["metadata"]["zone"]),
        (&json!("1.0"), &json!("a"))
    );
    let second = &view["instances"][1];
    assert_eq!(
        (&second["status"], &second["key"]),
        (&json!("down"), &json!(false))
    );
    assert_eq!(
        second["operations"][0]["path"], "/f/{*p}",
        "Python's template in v1's form"
    );

    check_problem(
        &center.get("/v1/services/nobody").await,
        404,
        "mfhm.unknown_service",
    );
}

#[tokio::test]
async fn python_lookups_find_v1_instances_with_pythons_templates() {
    let center = TestCenter::new().await;
    center
        .post("/v1/instances", &register("users", "a1", 3000))
        .await;
    let found = center.get("/service/users").await.json();
    assert_eq!(found["methods"]["file"]["path"], "/f/{p:path}");
    assert_eq!(found["transmissionData"], "s3cret");
    let api = center.get("/api/users/file").await.json();
    assert_eq!(api["apiUrl"], "http://127.0.0.1:3000/f/{p:path}");
    assert_eq!(center.delete("/offline/users/3000").await.json()["code"], 0);
}

#[tokio::test]
async fn invalid_v1_registrations_list_every_mistake() {
    let center = TestCenter::new().await;
    let body = json!({
        "service": "no spaces",
        "id": "a",
        "address": {"host": "10.1.2.3", "port": 0},
        "operations": [
            {"name": "", "path": "x", "methods": ["G T"]},
            {"name": "b", "path": "/b", "methods": []},
            {"name": "b", "path": "/b", "methods": []},
        ],
        "weight": 4_000_000,
        "key": "a\nb",
    });
    let answer = center.post("/v1/instances", &body).await;
    check_problem(&answer, 422, "mfhm.invalid_body");
    let errors = answer.json()["errors"].clone();
    let names: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["name"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "service",
            "address.port",
            "weight",
            "key",
            "operations[0].name",
            "operations[0].path",
            "operations[0].methods",
            "operations[2].name",
            "address.host",
        ]
    );
    assert!(
        errors[8]["detail"]
            .as_str()
            .unwrap()
            .contains("--allow-host")
    );
    assert_eq!(
        center.get("/v1/services").await.json()["services"],
        json!([])
    );
}

#[tokio::test]
async fn v1_bodies_that_can_not_be_read_are_refused() {
    let center = TestCenter::new().await;
    let send = |content_type: &'static str, body: &'static str| {
        let request = Request::post("/v1/instances").header("content-type", content_type);
        center.send(request.body(Body::from(body)).unwrap())
    };
    check_problem(
        &send("application/json", "").await,
        400,
        "mfhm.invalid_body",
    );
    check_problem(
        &send("application/json", "{").await,
        400,
        "mfhm.invalid_body",
    );
    check_problem(
        &send("application/json", "[]").await,
        422,
        "mfhm.invalid_body",
    );
    check_problem(
        &send("application/json", "{}").await,
        422,
        "mfhm.invalid_body",
    );
    let port = r#"{"service":"a","id":"a","address":{"port":70000}}"#;
    check_problem(
        &send("application/json", port).await,
        422,
        "mfhm.invalid_body",
    );
    let id = r#"{"service":"a","id":"a b","address":{"port":7}}"#;
    check_problem(
        &send("application/json", id).await,
        422,
        "mfhm.invalid_body",
    );
    check_problem(&send("text/plain", "{}").await, 415, "mfhm.invalid_body");

    let large = json!({"service": "x".repeat(300_000)});
    check_problem(
        &center.post("/v1/instances", &large).await,
        413,
        "mfhm.invalid_body",
    );
    assert_eq!(center.post("/online", &large).await.status, 413);
}

#[tokio::test]
async fn v1_registers_hosts_that_are_allowed() {
    let center = TestCenter::new().await;
    let mut body = register("users", "a", 1);
    body["address"]["host"] = json!("10.9.9.9");
    let answer = center.post("/v1/instances", &body).await;
    assert_eq!(answer.json()["host"], "10.9.9.9");
    body["id"] = json!("b");
    body["address"]["host"] = json!("169.254.169.254");
    let answer = center
        .send_from("169.254.169.254", json_request("/v1/instances", &body))
        .await;
    check_problem(&answer, 422, "mfhm.invalid_body");
}

#[tokio::test]
async fn a_living_address_or_id_is_not_given_away() {
    let center = TestCenter::new().await;
    center
        .post("/v1/instances", &register("users", "a", 1))
        .await;
    center.probe.set(1, PingOutcome::Ok, Some("a"));
    let answer = center
        .post("/v1/instances", &register("users", "b", 1))
        .await;
    check_problem(&answer, 409, "mfhm.address_taken");
    let answer = center
        .post("/v1/instances", &register("users", "a", 2))
        .await;
    check_problem(&answer, 409, "mfhm.id_taken");
    let answer = center.post("/online", &online("users", 1)).await;
    assert_eq!(answer.body, r#"{"code":-1,"message":"Service is online"}"#);
}

#[tokio::test]
async fn unknown_v1_paths_and_methods_are_problems() {
    let center = TestCenter::new().await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/nope",
        "/v1/services/a/b",
        "/v1/instances/a/b",
        "/v1/services%2Fa",
    ] {
        check_problem(&center.get(path).await, 404, "mfhm.not_found");
    }
    let answer = center.get("/v1/instances").await;
    check_problem(&answer, 405, "mfhm.method_not_allowed");
    assert_eq!(answer.headers["allow"], "POST");
    check_problem(
        &center.get("/v1/instances/a").await,
        405,
        "mfhm.method_not_allowed",
    );
    check_problem(
        &center.delete("/v1/services").await,
        405,
        "mfhm.method_not_allowed",
    );
    assert_eq!(center.get("/v1x").await.json()["detail"], "Not Found");
}

#[tokio::test]
async fn keys_are_for_loopback_and_for_those_who_have_the_centers_key() {
    let center = TestCenter::new().await;
    let keyed = json!({"name": "k", "port": 5, "transmissionType": "key", "transmissionData": "s", "methods": {}});
    center.post("/online", &keyed).await;
    let look = || Request::get("/service/k").body(Body::empty()).unwrap();
    for (peer, is_shown) in [
        ("127.0.0.1", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
        ("10.0.0.1", false),
    ] {
        let found = center.send_from(peer, look()).await.json();
        assert_eq!(found["code"], 0);
        let expected = if is_shown { json!("s") } else { Value::Null };
        assert_eq!(found["transmissionData"], expected, "{peer}");
        assert_eq!(found["transmissionType"].is_null(), !is_shown);
    }
    let guarded = TestCenter::with_key(Some(Key::new("center"))).await;
    let with_key = |mut request: Request<Body>| {
        request
            .headers_mut()
            .insert("mfhm-authkey", "center".parse().unwrap());
        request
    };
    guarded
        .send_from("10.0.0.9", with_key(json_request("/online", &keyed)))
        .await;
    let found = guarded.send_from("10.0.0.1", with_key(look())).await.json();
    assert_eq!(
        (&found["host"], &found["transmissionData"]),
        (&json!("10.0.0.9"), &json!("s"))
    );
}

#[tokio::test]
async fn the_centers_key_comes_before_everything_else() {
    let center = TestCenter::with_key(Some(Key::new("0123"))).await;
    for target in [
        "/ping",
        "/online",
        "/service/x",
        "/v1/services",
        "/health",
        "/nope",
        "/v1/nope",
    ] {
        let answer = center.get(target).await;
        if target.starts_with("/v1") {
            check_problem(&answer, 401, "mfhm.no_token");
            assert!(answer.body.contains("MFHM_CENTER_KEY_FILE"), "{answer:?}");
        } else {
            assert_eq!(answer.status, 403, "{target}");
            assert_eq!(answer.body, "You don't have permission to access service");
            assert!(!answer.headers.contains_key("content-type"));
        }
        let request = Request::get(target).header("MFHM-AuthKey", "0123");
        let answer = center.send(request.body(Body::empty()).unwrap()).await;
        assert!(![401, 403].contains(&answer.status.as_u16()), "{target}");
    }
    assert_eq!(center.post("/online", &json!("broken")).await.status, 403);
}

#[tokio::test]
async fn a_claimed_forwarding_is_not_believed() {
    let center = TestCenter::new().await;
    let mut request = json_request("/online", &online("users", 1));
    request
        .headers_mut()
        .insert("x-forwarded-for", "10.1.2.3".parse().unwrap());
    center.send(request).await;
    assert_eq!(
        center.get("/service/users").await.json()["host"],
        "127.0.0.1"
    );
}

#[tokio::test]
async fn ipv6_peers_get_urls_that_work_and_hosts_keep_apart() {
    let center = TestCenter::new().await;
    center
        .send_from("::1", json_request("/online", &online("users", 1)))
        .await;
    let url = center.get("/api/users/hello").await.json()["apiUrl"].clone();
    assert_eq!(url, "http://[::1]:1/hello");
    assert_eq!(
        center.delete("/offline/users/1").await.json()["code"],
        -1,
        "another host"
    );
    let leave = Request::delete("/offline/users/1")
        .body(Body::empty())
        .unwrap();
    assert_eq!(center.send_from("::1", leave).await.json()["code"], 0);
}

#[tokio::test]
async fn one_instance_is_asked_for_by_its_address() {
    let center = TestCenter::new().await;
    for port in [1, 2] {
        center.post("/online", &online("users", port)).await;
    }
    for _ in 0..10 {
        let found = center
            .get("/service/users?host=127.0.0.1&port=2")
            .await
            .json();
        assert_eq!(found["port"], 2);
    }
    for nobody in [
        "host=127.0.0.1&port=3",
        "host=10.0.0.1&port=2",
        "host=127.0.0.1&port=x",
    ] {
        assert_eq!(
            center.get(&format!("/service/users?{nobody}")).await.status,
            404,
            "{nobody}"
        );
    }
    for ignored in ["host=10.0.0.1", "port=9", "x=y", ""] {
        assert_eq!(
            center
                .get(&format!("/service/users?{ignored}"))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn lookups_are_shared_by_those_that_are_up() {
    let center = TestCenter::new().await;
    for port in 1..=4 {
        center.post("/online", &online("users", port)).await;
    }
    for port in 1..=3 {
        center.probe.set(port, PingOutcome::Ok, None);
    }
    center.ping_all().await;
    let mut counts = [0; 5];
    for _ in 0..300 {
        let found = center.get("/service/users").await.json();
        counts[found["port"].as_u64().unwrap() as usize] += 1;
    }
    assert_eq!(counts[4], 0, "it is down");
    assert!(counts[1..4].iter().all(|count| *count > 60), "{counts:?}");

    for port in 1..=3 {
        center.probe.set(port, PingOutcome::Refused, None);
    }
    center.ping_all().await;
    let answer = center.get("/service/users").await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (StatusCode::NOT_FOUND, &json!(-1))
    );
    assert_eq!(
        center.get("/v1/services/users").await.json()["instances"][0]["status"],
        "down"
    );
}

#[tokio::test]
async fn a_service_that_registers_before_it_listens_is_found_when_it_does() {
    for target in ["/service/users", "/api/users/hello"] {
        let center = TestCenter::new().await;
        center.post("/online", &online("users", 1)).await;
        center.ping_all().await;
        assert_eq!(center.get(target).await.status, 404, "it does not listen");
        center.probe.set(1, PingOutcome::Ok, None);
        assert_eq!(center.get(target).await.status, 200, "no ping came between");
        let view = center.get("/v1/services/users").await.json();
        assert_eq!(view["instances"][0]["status"], "up");
    }
}

#[tokio::test]
async fn what_can_not_be_stored_is_never_acknowledged() {
    let center = TestCenter::new().await;
    center.post("/online", &online("users", 1)).await;
    for (is_full, status) in [(true, 507), (false, 503)] {
        let reason = "no".to_owned();
        center
            .store
            .fail_with(Some(CommitError::Failed { reason, is_full }));
        assert_eq!(
            center.post("/online", &online("users", 2)).await.status,
            status
        );
        assert_eq!(center.delete("/offline/users/1").await.status, status);
        let answer = center
            .post("/v1/instances", &register("users", "a", 3))
            .await;
        check_problem(&answer, status, "mfhm.store_unavailable");
        assert_eq!(
            center.get("/service/users").await.status,
            200,
            "reads go on"
        );
    }
}

#[tokio::test]
async fn health_is_told() {
    let center = TestCenter::new().await;
    center.post("/online", &online("users", 1)).await;
    let health = center.get("/health").await.json();
    assert_eq!(
        (&health["status"], &health["instances"]),
        (&json!("ok"), &json!(1))
    );
    let guard = &health["guard"];
    assert!(
        guard["text"]
            .as_str()
            .unwrap()
            .contains("0 of 0 instances that ever answered"),
        "{health}"
    );
    assert_eq!(guard["may_be_deleted_a_minute"], 1);
    assert_eq!(guard["suspects_for_s"], 0);
    assert_eq!(center.delete("/health").await.status, 405);
}

#[tokio::test]
async fn redirects_lead_to_the_same_host() {
    let center = TestCenter::new().await;
    let request = Request::get("/service/%E6%9C%8D%20x//?y=1").header("host", "center:21428");
    let answer = center.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 307);
    assert_eq!(
        answer.headers["location"],
        "http://center:21428/service/%E6%9C%8D%20x?y=1"
    );
}
