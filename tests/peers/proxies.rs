//! Python callers call Rust services through the Rust center.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use support::http;
use support::python::Environment;

use crate::setup::{KEY, RustCenter, python_calls, rust_service};
use crate::{checks, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("proxies::service_proxy", |peers| {
            calls(peers.v002, "ServiceProxy")
        }),
        trial("proxies::async_service_proxy", |peers| {
            calls(peers.v002, "AsyncServiceProxy")
        }),
        trial("proxies::call_proxy", |peers| calls(peers.v011, "call")),
        trial("proxies::call_proxy_async", |peers| {
            calls(peers.v011, "asyncCall")
        }),
        trial("proxies::call_proxy_at_a_guarded_center", |peers| {
            guarded(peers.v011, "call")
        }),
        trial("proxies::call_proxy_async_at_a_guarded_center", |peers| {
            guarded(peers.v011, "asyncCall")
        }),
        trial("proxies::call_proxy_with_a_key", |peers| {
            keyed(peers.v011, "call")
        }),
        trial("proxies::call_proxy_async_with_a_key", |peers| {
            keyed(peers.v011, "asyncCall")
        }),
        trial("proxies::errors_of_service_proxy", |peers| {
            errors(peers.v002, "ServiceProxy", V002)
        }),
        trial("proxies::errors_of_async_service_proxy", |peers| {
            errors(peers.v002, "AsyncServiceProxy", V002)
        }),
        trial("proxies::errors_of_call_proxy", |peers| {
            errors(peers.v011, "call", V011)
        }),
    ]
}

async fn calls(python: &Environment, proxy: &str) {
    let rust = RustCenter::start().await;
    let _service = rust_service(&rust.center, None).await;
    checks::is_called_by_python(python, proxy, &rust.center).await;
}

async fn guarded(python: &Environment, proxy: &str) {
    let rust = RustCenter::start_guarded().await;
    let _service = rust_service(&rust.center, None).await;
    checks::is_called_by_python(python, proxy, &rust.center).await;
}

/// The service asks for a key, which the proxy learns from the center.
async fn keyed(python: &Environment, proxy: &str) {
    let rust = RustCenter::start().await;
    let service = rust_service(&rust.center, Some(KEY)).await;
    let port = service.service("service01").expect("it runs").addr().port();
    let bare = http::get(port, "/hello").await.expect("an answer");
    assert_eq!(bare.status, 403, "{bare:?}");
    checks::is_called_by_python(python, proxy, &rust.center).await;
    checks::is_called_by_rust(&rust.center.caller()).await;
}

/// How a version of the proxies reports an unknown operation.
const V002: &str = "ServiceCenterCommunicationError";
const V011: &str = "ServiceCallError";

async fn errors(python: &Environment, proxy: &str, unknown: &str) {
    let rust = RustCenter::start().await;

    // The service is not there yet: the proxy says so, and recovers when it is.
    let hello = json!([{ "operation": "hello", "method": "get" }]);
    let outcomes = python_calls(python, proxy, &rust.center, hello).await;
    assert_eq!(outcomes[0]["error"], unknown, "{outcomes:?}");
    if proxy != "AsyncServiceProxy" {
        let message = outcomes[0]["message"].as_str().expect("a text");
        assert!(message.contains("not online"), "{message}");
    }

    let _service = rust_service(&rust.center, None).await;
    let outcomes = python_calls(
        python,
        proxy,
        &rust.center,
        json!([
            { "operation": "nope", "method": "get" },
            { "operation": "hello", "method": "post" },
            { "operation": "item", "method": "get", "arguments": { "pathparams": { "item_id": 404 } } },
            { "operation": "echo", "method": "post", "arguments": { "json": [1, 2] } },
        ]),
    )
    .await;
    let [nope, wrong_method, missing, wrong_body] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert_eq!(nope["error"], unknown, "{nope}");
    assert_eq!(wrong_method["error"], "ServiceCallError", "{wrong_method}");
    // Errors of the service are problem documents: an own one with its fields, and
    // mfhm's with the name of what is wrong.
    assert_eq!(missing["status"], 404, "{missing}");
    assert_eq!(missing["body"]["code"], "not_found", "{missing}");
    assert_eq!(
        missing["body"]["data"],
        json!({ "item_id": 404 }),
        "{missing}"
    );
    assert!(
        matches!(wrong_body["status"], Value::Number(ref status) if status.as_u64() == Some(422)
        || status.as_u64() == Some(400)),
        "{wrong_body}"
    );
    assert!(
        wrong_body["body"].to_string().contains("body"),
        "{wrong_body}"
    );
}
