//! `kill -9` of a service, of the center and of both: after a restart calls work
//! again without anyone doing anything.

use mfhm::Caller;
use support::services::{Hello, Service01Client};
use support::{port, wait};

use crate::programs::{CenterProcess, service_process};

const SERVICE: &str = "service01";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_is_called_again_after_its_restart() {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut service = service_process(SERVICE, &center.url(), port).await;
    let first = center.has(SERVICE, 1).await[0]["id"].clone();
    let caller = center.caller();
    call(&caller).await.expect("hello");

    service.kill();
    let fault = call(&caller).await.expect_err("nobody is there");
    assert!(fault.contains("service01"), "{fault}");

    let _service = service_process(SERVICE, &center.url(), port).await;
    works_again(&caller).await;
    // The center took the new instance for the old one, on the same address.
    center.has_only(SERVICE, port, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_may_come_back_on_another_port() {
    let center = CenterProcess::start().await;
    let mut service = service_process(SERVICE, &center.url(), port::free()).await;
    let first = center.has(SERVICE, 1).await[0]["id"].clone();
    let caller = center.caller();
    call(&caller).await.expect("hello");

    service.kill();
    let port = port::free();
    let _service = service_process(SERVICE, &center.url(), port).await;
    works_again(&caller).await;
    center.has_only(SERVICE, port, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_center_is_gone() {
    let mut center = CenterProcess::start().await;
    let _service = service_process(SERVICE, &center.url(), port::free()).await;
    center.has(SERVICE, 1).await;
    let caller = center.caller();
    call(&caller).await.expect("hello");

    center.process.kill();
    for _ in 0..50 {
        call(&caller).await.expect("the caller has its own copy");
    }

    center.restart().await;
    // What was acknowledged is on disk: a new caller need not wait for anybody.
    call(&center.caller()).await.expect("hello");
    call(&caller).await.expect("hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_come_back_to_a_center_that_lost_its_disk() {
    let mut center = CenterProcess::start().await;
    let port = port::free();
    let _service = service_process(SERVICE, &center.url(), port).await;
    let first = center.has(SERVICE, 1).await[0]["id"].clone();
    let caller = center.caller();
    call(&caller).await.expect("hello");

    center.process.kill();
    center.restart_empty().await;
    // The caller does not believe an empty center while its own copy works.
    wait::until("the service's registration", async || {
        call(&caller).await.expect("the service is there");
        (center.usable(SERVICE).await.len() == 1).then_some(())
    })
    .await;
    let again = center.has(SERVICE, 1).await[0]["id"].clone();
    assert_eq!(again, first, "the same process registers under the same id");
    call(&center.caller()).await.expect("hello");
    call(&caller).await.expect("hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn service_and_center_killed_together() {
    let mut center = CenterProcess::start().await;
    let port = port::free();
    let mut service = service_process(SERVICE, &center.url(), port).await;
    let first = center.has(SERVICE, 1).await[0]["id"].clone();
    let caller = center.caller();
    call(&caller).await.expect("hello");

    service.kill();
    center.process.kill();
    call(&caller).await.expect_err("nobody is there");
    // The service comes back first and has to wait for the center.
    let _service = service_process(SERVICE, &center.url(), port).await;
    center.restart().await;
    works_again(&caller).await;
    center.has_only(SERVICE, port, &first).await;
    call(&center.caller()).await.expect("hello");
}

/// The data of the center must not suffer from a kill at a bad moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_center_killed_ten_times_keeps_its_services() {
    let mut center = CenterProcess::start().await;
    let port = port::free();
    let _service = service_process(SERVICE, &center.url(), port).await;
    center.has(SERVICE, 1).await;
    for _ in 0..10 {
        center.process.kill();
        center.restart().await;
        let instances = center.usable(SERVICE).await;
        assert_eq!(instances.len(), 1, "{instances:?}");
        assert_eq!(instances[0]["port"], port);
    }
    call(&center.caller()).await.expect("hello");
}

async fn call(caller: &Caller) -> Result<(), String> {
    match Service01Client::through(caller).hello().await {
        Ok(hello) => {
            assert_eq!(hello, Hello::from(SERVICE));
            Ok(())
        }
        Err(error) => Err(format!("{error:?}")),
    }
}

async fn works_again(caller: &Caller) {
    wait::until("a call that works", async || call(caller).await.ok()).await;
    // From then on every call works.
    for _ in 0..20 {
        call(caller).await.expect("hello");
    }
}
