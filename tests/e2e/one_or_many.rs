//! The same two services as one process and as two: only `main` knows.

use support::port;
use support::services::{Hello, Service02Client};

use crate::programs::{CenterProcess, service_process, service_program};

#[tokio::test(flavor = "multi_thread")]
async fn as_two_processes() {
    let center = CenterProcess::start().await;
    let mut service01 = service_process("service01", &center.url(), port::free()).await;
    let _service02 = service_process("service02", &center.url(), port::free()).await;
    center.has("service01", 1).await;
    center.has("service02", 1).await;
    let client = Service02Client::through(&center.caller());
    assert_eq!(
        client.relay().await.expect("an answer"),
        Hello::from("service01")
    );

    // The call between them went over the network.
    service01.kill();
    client.relay().await.expect_err("service01 is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_one_process() {
    let mut center = CenterProcess::start().await;
    let mut both = service_program(&["service01", "service02"], &center.url()).start();
    center.has("service01", 1).await;
    let address = &center.has("service02", 1).await[0];
    let client = Service02Client::through(&center.caller());
    assert_eq!(
        client.relay().await.expect("an answer"),
        Hello::from("service01")
    );

    // The call between them needs no center; one from outside has its own copy.
    center.process.kill();
    assert_eq!(
        client.relay().await.expect("an answer"),
        Hello::from("service01")
    );
    let direct =
        Service02Client::at(&format!("http://127.0.0.1:{}", address["port"])).expect("a client");
    assert_eq!(
        direct.relay().await.expect("an answer"),
        Hello::from("service01")
    );
    assert!(!both.has_ended());
}
