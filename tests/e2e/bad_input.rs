//! What must not be sent is answered with a 4xx that says what is wrong, and
//! changes nothing.

use serde_json::json;
use support::http::{self, Answer};
use support::port;
use support::services::Service01Client;

use crate::programs::{CenterProcess, service_process};

#[tokio::test(flavor = "multi_thread")]
async fn at_a_service() {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut service = service_process("service01", &center.url(), port).await;
    center.has("service01", 1).await;

    let long = "x".repeat(3 * 1024 * 1024);
    let deep = "[".repeat(200_000);
    let long_path = format!("/{}", "p".repeat(100_000));
    // Method, path, body, and what the answer has to say.
    let cases: &[(&str, &str, &str, u16, &str)] = &[
        ("GET", "/item/seven", "", 400, "item_id"),
        ("GET", "/item/-1", "", 400, "item_id"),
        ("GET", "/item/99999999999999999999", "", 400, "item_id"),
        ("GET", "/item/%ff", "", 400, "item_id"),
        ("GET", "/item/1%2f2", "", 400, "item_id"),
        ("GET", "/item/..", "", 400, "item_id"),
        ("GET", "/item/%2e%2e", "", 400, "item_id"),
        ("GET", "/item/七", "", 400, "item_id"),
        ("GET", "/slow", "", 400, "ms"),
        ("GET", "/slow?ms=soon", "", 400, "ms"),
        ("POST", "/echo", "{\"a\":", 400, "body"),
        ("POST", "/echo", "[1]", 422, "body"),
        ("POST", "/echo", "", 400, "body"),
        ("POST", "/echo", &deep, 400, "body"),
        ("POST", "/echo", &long, 413, "2097152"),
        ("GET", "/nothing", "", 404, "/nothing"),
        ("GET", &long_path, "", 414, ""),
        ("DELETE", "/hello", "", 405, "GET"),
        ("BREW", "/hello", "", 405, "GET"),
    ];
    for (method, path, body, status, says) in cases {
        let answer = http::request(port, method, path, &[], body).await;
        check(
            &format!("{method} {path:.60} {body:.60}"),
            answer,
            *status,
            says,
        );
    }
    let form = [("content-type", "text/plain")];
    let answer = http::request(port, "POST", "/echo", &form, "{}").await;
    check("a body that is no JSON", answer, 415, "application/json");

    assert!(!service.has_ended());
    Service01Client::through(&center.caller())
        .hello()
        .await
        .expect("it still serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_center() {
    let mut center = CenterProcess::start().await;
    let service_port = port::free();
    let _service = service_process("service01", &center.url(), service_port).await;
    let before = center.has("service01", 1).await;

    let online = |name: &str, port: serde_json::Value| {
        json!({ "name": name, "port": port, "methods": { "hello": { "path": "/hello", "methods": ["GET"] } } })
            .to_string()
    };
    let v1 = |service: &str, id: &str, port: serde_json::Value| {
        json!({ "service": service, "id": id, "address": { "port": port } }).to_string()
    };
    let long = "x".repeat(501);
    let large = online(&"x".repeat(300 * 1024), json!(1));
    let cases: &[(&str, &str, &str, u16, &str)] = &[
        ("POST", "/online", "{", 422, "value_error.jsondecode"),
        ("POST", "/online", "", 422, "field required"),
        (
            "POST",
            "/online",
            &online("", json!(80)),
            422,
            "at least 1 characters",
        ),
        (
            "POST",
            "/online",
            &online(&long, json!(80)),
            422,
            "at most 500 characters",
        ),
        (
            "POST",
            "/online",
            &online("a", json!(0)),
            422,
            "greater than or equal to 1",
        ),
        (
            "POST",
            "/online",
            &online("a", json!(65536)),
            422,
            "less than or equal to 65535",
        ),
        (
            "POST",
            "/online",
            &online("a", json!("x")),
            422,
            "not a valid integer",
        ),
        ("POST", "/online", &large, 413, "256 KiB"),
        (
            "DELETE",
            "/offline/service01/0",
            "",
            422,
            "greater than or equal to 1",
        ),
        ("GET", "/service/nobody", "", 404, "Service not online"),
        ("GET", "/service/..", "", 404, "Service not online"),
        ("GET", "/service/a%2Fb", "", 404, "Not Found"),
        ("GET", "/service/%ff", "", 404, "Service not online"),
        ("GET", "/api/service01/nope", "", 404, "nope"),
        ("PUT", "/online", "", 405, "Method Not Allowed"),
        ("GET", "/nothing", "", 404, "Not Found"),
        ("POST", "/v1/instances", "{", 400, "body"),
        (
            "POST",
            "/v1/instances",
            &v1("no spaces", "i1", json!(80)),
            422,
            "service name",
        ),
        (
            "POST",
            "/v1/instances",
            &v1("", "i1", json!(80)),
            422,
            "service name",
        ),
        (
            "POST",
            "/v1/instances",
            &v1("a", "i/1", json!(80)),
            422,
            "instance id",
        ),
        (
            "POST",
            "/v1/instances",
            &v1("a", "i1", json!(0)),
            422,
            "port",
        ),
        (
            "POST",
            "/v1/instances",
            &v1("a", "i1", json!(65536)),
            422,
            "65536",
        ),
        (
            "POST",
            "/v1/instances",
            &v1("service01", "i1", json!(service_port)),
            409,
            "mfhm.address_taken",
        ),
        (
            "PUT",
            "/v1/instances/nobody",
            "",
            404,
            "mfhm.unknown_instance",
        ),
        (
            "DELETE",
            "/v1/instances/nobody",
            "",
            404,
            "mfhm.unknown_instance",
        ),
        (
            "GET",
            "/v1/services/nobody",
            "",
            // It has just begun, with an empty disk.
            503,
            "mfhm.warming",
        ),
        ("GET", "/v1/services/%2e%2e", "", 503, "mfhm."),
        ("GET", "/v1/watch", "", 422, "mfhm.invalid_query"),
        ("POST", "/v1/instances/nobody/report", "{", 404, "mfhm."),
        ("POST", "/v1/instances/nobody/drain", "", 404, "mfhm."),
        ("GET", "/v1/instances/nobody/hold", "", 404, "mfhm."),
    ];
    for (method, path, body, status, says) in cases {
        let answer = http::request(center.port, method, path, &[], body).await;
        check(
            &format!("{method} {path:.60} {body:.90}"),
            answer,
            *status,
            says,
        );
    }

    assert!(!center.process.has_ended());
    let now = center.usable("service01").await;
    assert_eq!(now.len(), 1, "nothing that was stored is lost: {now:?}");
    assert_eq!(
        (&now[0]["id"], &now[0]["port"]),
        (&before[0]["id"], &before[0]["port"])
    );
    // Nor is it lost on disk.
    center.process.kill();
    center.restart().await;
    let after = center.usable("service01").await;
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!(after[0]["id"], before[0]["id"]);
}

/// Refused with this status and a text that contains `says`.
fn check(case: &str, answer: std::io::Result<Answer>, status: u16, says: &str) {
    let answer = answer.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(answer.status, status, "{case}: {answer:?}");
    assert!(
        answer.body.contains(says),
        "{case} should say {says:?}: {answer:?}"
    );
}
