//! Another service takes a port over: it runs no call that was meant for the one before
//! it.

use support::port;
use support::process::Process;
use support::services::{Hello, Service01Client, Service03Client};
use support::wait;

use crate::programs::{CenterProcess, service_process};

/// The center is gone, so callers have the old address only.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_port_now_runs_no_call_of_the_service_before_it() {
    let mut center = CenterProcess::start().await;
    let port = port::free();
    let mut old = service_process("service01", &center.url(), port).await;
    center.has("service01", 1).await;
    let client = Service01Client::through(&center.caller());
    assert_eq!(
        client.hello().await.expect("hello"),
        Hello::from("service01")
    );

    center.process.kill();
    old.kill();
    let new = service_process("service03", &center.url(), port).await;
    nothing_runs(&client, &new).await;
    let own = Service03Client::at(&format!("http://127.0.0.1:{port}")).expect("an address");
    assert_eq!(own.hello().await.expect("hello"), Hello::from("service03"));
    // What a process writes is read beside the test.
    wait::until("what it wrote of that", async || {
        new.output().contains("service03 ran").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_center_sees_who_has_the_port_now() {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut old = service_process("service01", &center.url(), port).await;
    center.has("service01", 1).await;
    let client = Service01Client::through(&center.caller());
    client.hello().await.expect("hello");

    old.kill();
    let new = service_process("service03", &center.url(), port).await;
    center.has("service03", 1).await;
    center.has("service01", 0).await;
    nothing_runs(&client, &new).await;
    let client = Service03Client::through(&center.caller());
    assert_eq!(
        client.hello().await.expect("hello"),
        Hello::from("service03")
    );
}

/// Every call fails, says that it did not run, and is right about that.
async fn nothing_runs(client: &Service01Client, new: &Process) {
    for _ in 0..5 {
        let error = client.hello().await.expect_err("the service is gone");
        let fault = error.into_fault();
        assert!(!fault.may_have_executed(), "{fault:?}");
    }
    assert!(!new.output().contains("service03 ran"), "{}", new.output());
}
