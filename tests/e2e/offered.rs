//! Versions of a service side by side: calls go to who offers the operation, and
//! the center knows whom a newcomer would break.

use mfhm::CallError;
use support::process::Process;
use support::versions::{CatalogClient, CatalogWithCreateClient, NAME};
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_process};

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_new_operation_go_to_the_new_instance_only() {
    let center = CenterProcess::start().await;
    let old_port = port::free();
    let _old = service_process("catalog-old", &center.url(), old_port).await;
    let mut new = service_process("catalog-new", &center.url(), port::free()).await;
    center.has(NAME, 2).await;

    let client = CatalogWithCreateClient::through(&center.caller());
    for _ in 0..100 {
        let item = client.create("x".to_owned()).await.expect("it is offered");
        assert_eq!(item.pid, new.id());
    }
    // What both offer goes to both, whatever its placeholder is called.
    let mut pids = std::collections::HashSet::new();
    for _ in 0..100 {
        pids.insert(client.item(1).await.expect("both offer it").pid);
    }
    assert_eq!(pids.len(), 2);

    new.kill();
    let fault = wait::until("a call that finds the old one only", async || match client
        .create("x".to_owned())
        .await
    {
        Err(CallError::Fault(fault)) if fault.is_unknown_operation() => Some(fault),
        _ => None,
    })
    .await;
    assert!(fault.is_unavailable() && !fault.may_have_executed());
    assert_eq!(
        fault.to_string(),
        format!(
            "call to catalog.create: catalog has 1 instance: 127.0.0.1:{old_port} (v1) offers item, \
             ping; it does not offer `create` (POST /v1/items): start an instance whose contract has \
             it, or call what is offered"
        )
    );
    client.item(1).await.expect("the old one offers it");

    // The first call of it after the roll-out finds the new instance.
    let new = service_process("catalog-new", &center.url(), port::free()).await;
    center.has(NAME, 2).await;
    let item = client.create("x".to_owned()).await.expect("it is offered");
    assert_eq!(item.pid, new.id());
}

/// A center, an instance of the first version, and a caller of its operation
/// that the center knows.
async fn with_a_live_caller(policy: &'static str) -> (CenterProcess, Process, CatalogClient) {
    let center = CenterProcess::start_with(policy).await;
    let old = service_process("catalog-old", &center.url(), port::free()).await;
    center.has(NAME, 1).await;
    let client = CatalogClient::through(&center.caller());
    client.item(1).await.expect("it is offered");
    let path = format!("/v1/services/{NAME}/callers");
    wait::until("the caller at the center", async || {
        let answer = http::get(center.port, &path).await.ok()?.json();
        let operation = &answer["callers"][0]["operations"][0];
        let is_told = operation["name"] == "item" && operation["fingerprint"].is_string();
        is_told.then_some(())
    })
    .await;
    (center, old, client)
}

async fn read(center: &CenterProcess, below: &str) -> serde_json::Value {
    let path = format!("/v1/services/{NAME}/{below}");
    let answer = http::get(center.port, &path).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

const REASON: &str = "integer instead of object";

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_breaks_a_live_caller_is_told_to_everybody() {
    let (mut center, old, client) = with_a_live_caller("warn").await;
    // A version that adds something breaks nobody.
    let new = service_process("catalog-new", &center.url(), port::free()).await;
    center.has(NAME, 2).await;
    let told = read(&center, "compatibility").await;
    assert_eq!(told["verdict"]["version"], "2");
    assert_eq!(told["verdict"]["breaks"], serde_json::json!([]));
    drop(new);

    let mut broken = service_process("catalog-broken", &center.url(), port::free()).await;
    broken.line(REASON).await;
    center.process.line(REASON).await;
    let told = read(&center, "compatibility").await;
    let verdict = &told["verdict"];
    assert_eq!(
        (&told["policy"], &verdict["registered"]),
        (&"warn".into(), &true.into())
    );
    assert_eq!(verdict["breaks"][0]["operation"], "item");
    assert_eq!(verdict["breaks"][0]["callers"][0], "127.0.0.1");

    // The documents outlive the center.
    center.process.kill();
    center.restart().await;
    let instances = center.usable(NAME).await;
    assert!(instances.len() >= 2, "{instances:?}");
    for instance in instances {
        let id = instance["id"].as_str().expect("an id");
        let document = read(&center, &format!("openapi.json?instance={id}")).await;
        assert_eq!(document["info"]["title"], NAME);
    }
    drop((old, client));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_policy_it_is_not_registered_and_serves_on() {
    let (center, old, client) = with_a_live_caller("refuse").await;
    let port = port::free();
    let mut broken = service_process("catalog-broken", &center.url(), port).await;
    broken.line("the center refuses the registration").await;
    let told = read(&center, "compatibility").await;
    assert_eq!(told["verdict"]["registered"], false);
    assert!(broken.output().contains(REASON), "{}", broken.output());
    broken.answers(port, "/v1/items/7", 200).await;
    let instances = center.has(NAME, 1).await;
    assert_ne!(instances[0]["port"], port);
    for _ in 0..20 {
        assert_eq!(client.item(1).await.expect("the old one").pid, old.id());
    }
}
