//! What is known without a ping: the center here pings once an hour, so whatever a
//! test sees came through open streams.

use support::services::Service01Client;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_process, service_program};

const SERVICE: &str = "service01";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_instance_is_known_without_a_ping() {
    let center = CenterProcess::start_without_pings().await;
    let mut killed = service_process(SERVICE, &center.url(), port::free()).await;
    let alive = service_process(SERVICE, &center.url(), port::free()).await;
    held(&center, 2).await;
    killed.kill();
    center.has(SERVICE, 1).await;
    let client = Service01Client::through(&center.caller());
    for _ in 0..20 {
        let item = client.item(1, None).await.expect("no call fails");
        assert_eq!(item.pid, alive.id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_hear_of_instances_that_come_and_go() {
    let center = CenterProcess::start_without_pings().await;
    let first = service_process(SERVICE, &center.url(), port::free()).await;
    held(&center, 1).await;
    let client = Service01Client::through(&center.caller());
    client.item(1, None).await.expect("an item");

    let second = service_process(SERVICE, &center.url(), port::free()).await;
    answers(&client, second.id()).await;
    first.terminate();
    center.has(SERVICE, 1).await;
    let third = service_process(SERVICE, &center.url(), port::free()).await;
    answers(&client, third.id()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_told_to_drain_leaves_and_ends() {
    let center = CenterProcess::start_without_pings().await;
    let mut service = service_program(&[SERVICE], &center.url())
        .env("MFHM_PORT", port::free())
        .env("MFHM_DRAIN", 0)
        .start();
    let id = held(&center, 1).await.remove(0);
    let path = format!("/v1/instances/{id}/drain");
    let answer = http::request(center.port, "POST", &path, &[], "").await;
    let answer = answer.expect("the center answers");
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["told"], true);
    let status = service.ended().await;
    assert!(status.success(), "{status:?}: {}", service.output());
    assert!(service.output().contains("drain"), "{}", service.output());
    center.forgets(SERVICE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_registration_outlives_its_center() {
    let mut center = CenterProcess::start_without_pings().await;
    let mut service = service_process(SERVICE, &center.url(), port::free()).await;
    held(&center, 1).await;
    center.process.kill();
    center.restart().await;
    // The stream is opened again: a kill is known at once, as before.
    held(&center, 1).await;
    service.kill();
    wait::until("the death", async || {
        center.usable(SERVICE).await.is_empty().then_some(())
    })
    .await;
}

/// Waits until so many instances are up and hold a stream. Their ids.
async fn held(center: &CenterProcess, count: usize) -> Vec<String> {
    let up = wait::until(format!("{count} instances that are up"), async || {
        let mut up = center.usable(SERVICE).await;
        up.retain(|instance| instance["status"] == "up");
        (up.len() == count).then_some(up)
    })
    .await;
    let ids: Vec<_> = up
        .iter()
        .map(|instance| instance["id"].as_str().expect("an id").to_owned())
        .collect();
    wait::until("their streams", async || {
        let held = http::get(center.port, "/health").await.ok()?.json()["held"].as_u64();
        (held == Some(count as u64)).then_some(())
    })
    .await;
    ids
}

/// Waits until calls reach this process.
async fn answers(client: &Service01Client, pid: u32) {
    wait::until("calls that reach the new process", async || {
        let item = client.item(1, None).await.expect("no call fails");
        (item.pid == pid).then_some(())
    })
    .await;
}

/// Another service takes the port over: nothing that is meant for the old one is
/// run by the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_changed_hands_runs_nothing_for_its_old_callers() {
    let mut center = CenterProcess::start_without_pings().await;
    let port = port::free();
    let mut gone = service_process(SERVICE, &center.url(), port).await;
    held(&center, 1).await;
    let client = Service01Client::through(&center.caller());
    client.item(1, None).await.expect("an item");
    // The caller keeps its list, for nobody tells it better.
    center.process.kill();
    gone.kill();
    let _other = service_process("service02", &center.url(), port).await;
    for _ in 0..20 {
        let error = client
            .item(1, None)
            .await
            .expect_err("it is another service");
        let mfhm::CallError::Fault(fault) = error else {
            panic!("{error:?}");
        };
        let is_told = fault
            .problem()
            .is_some_and(|p| p.code == "mfhm.misdirected");
        assert!(is_told || fault.is_connect(), "{fault:?}");
    }
}
