//! SIGTERM and Ctrl-C: a service leaves the center, finishes what runs and ends.

use std::time::Duration;

use rustix::process::Signal;
use support::services::Service01Client;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_process};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_running_request() {
    finishes_the_running_request(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_the_running_request() {
    finishes_the_running_request(Signal::INT).await;
}

async fn finishes_the_running_request(signal: Signal) {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut service = service_process("service01", &center.url(), port).await;
    center.has("service01", 1).await;
    let id = service.id();

    let client = Service01Client::through(&center.caller());
    let slow = tokio::spawn(async move { client.slow(3000).await });
    service.line("slow begins").await;
    service.signal(signal);

    // It leaves the center while the request still runs.
    center.forgets("service01").await;
    assert!(!service.has_ended(), "the request still runs");
    let item = slow.await.expect("no panic").expect("the answer");
    assert_eq!(item.pid, id);

    let status = service.ended().await;
    assert!(status.success(), "{status}: {}", service.output());
    assert!(
        http::get(port, "/ping").await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut service = service_process("service01", &center.url(), port).await;
    center.has("service01", 1).await;
    let _idle = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("a connection");
    // A caller's pool keeps its connection too.
    let client = Service01Client::through(&center.caller());
    client.hello().await.expect("hello");

    service.terminate();
    // Far less than a running request would be given.
    let soon = wait::within(Duration::from_secs(8), async || {
        service.has_ended().then_some(())
    })
    .await;
    assert!(
        soon.is_some(),
        "nothing runs, so there is nothing to wait for"
    );
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_ends_although_the_center_is_gone() {
    let mut center = CenterProcess::start().await;
    let mut service = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 1).await;
    center.process.kill();
    service.terminate();
    let status = service.ended().await;
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_find_the_other_instance_while_one_leaves() {
    let center = CenterProcess::start().await;
    let _stays = service_process("service01", &center.url(), port::free()).await;
    let mut leaves = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 2).await;
    let client = Service01Client::through(&center.caller());
    client.hello().await.expect("hello");

    leaves.terminate();
    let mut calls = 0;
    wait::until("the end of the service", async || {
        for _ in 0..10 {
            calls += 1;
            client
                .hello()
                .await
                .expect("no call fails while an instance leaves");
        }
        leaves.has_ended().then_some(())
    })
    .await;
    assert!(calls >= 10);
}
