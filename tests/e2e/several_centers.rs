//! Callers with the addresses of several centers.

use std::time::Duration;

use mfhm::Caller;
use support::process::Process;
use support::services::Service01Client;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_program};

const SERVICE: &str = "service01";

/// An instance that registers with these centers.
async fn instance(centers: &str) -> Process {
    let port = port::free();
    let program = service_program(&[SERVICE], centers).env("MFHM_PORT", port);
    let mut process = program.start();
    process.answers(port, "/ping", 200).await;
    process
}

fn caller(centers: &[&CenterProcess]) -> Service01Client {
    let caller = centers.iter().fold(Caller::builder(), |caller, center| {
        caller.center(center.url())
    });
    Service01Client::through(&caller.build().expect("a caller"))
}

async fn pid(client: &Service01Client) -> u32 {
    client.item(1, None).await.expect("no call fails").pid
}

/// Waits until calls reach this process; none of them fails.
async fn reaches(client: &Service01Client, process: &Process) {
    wait::until("calls that reach the new process", async || {
        (pid(client).await == process.id()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_go_from_one_center_to_the_other() {
    let mut first = CenterProcess::start().await;
    let mut second = CenterProcess::start().await;
    let both = format!("{},{}", first.url(), second.url());
    let one = instance(&both).await;
    first.has(SERVICE, 1).await;
    second.has(SERVICE, 1).await;
    let client = caller(&[&first, &second]);
    assert_eq!(pid(&client).await, one.id());

    // The center that tells is killed: the other one tells what comes then.
    first.process.kill();
    let two = instance(&both).await;
    reaches(&client, &two).await;
    // Who starts now begins at a center that does not answer.
    assert!([one.id(), two.id()].contains(&pid(&caller(&[&first, &second])).await));

    // And back again, while the first one knows less than its callers.
    first.restart_empty().await;
    second.process.kill();
    let three = instance(&both).await;
    reaches(&client, &three).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_knows_no_instance_is_not_the_last_word() {
    let empty = CenterProcess::start().await;
    let mut full = CenterProcess::start().await;
    let service = instance(&full.url()).await;
    full.has(SERVICE, 1).await;
    let client = caller(&[&empty, &full]);
    assert_eq!(pid(&client).await, service.id());
    full.process.kill();
    for _ in 0..20 {
        assert_eq!(pid(&client).await, service.id(), "it still answers");
    }
}

/// The next reading by itself is 16 s away at least.
#[tokio::test(flavor = "multi_thread")]
async fn a_center_knows_at_once_what_its_callers_use() {
    let center = CenterProcess::start().await;
    let _service = instance(&center.url()).await;
    center.has(SERVICE, 1).await;
    let client = caller(&[&center]);
    let told = async |operation: &str| {
        let told = wait::within(Duration::from_secs(8), async || {
            let path = format!("/v1/services/{SERVICE}/callers");
            let answer = http::get(center.port, &path).await.ok()?;
            answer
                .body
                .contains(&format!("\"{operation}\""))
                .then_some(())
        });
        assert!(told.await.is_some(), "{operation} is not known");
    };
    client.item(1, None).await.expect("an item");
    told("item").await;
    client.hello().await.expect("hello");
    told("hello").await;
}
