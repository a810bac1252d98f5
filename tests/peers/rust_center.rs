//! Python services at the Rust center, called from Rust and from Python.

use libtest_mimic::Trial;
use support::http;
use support::python::Environment;

use crate::setup::{Center, PythonService, RustCenter, SERVICE};
use crate::{checks, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("rust_center::v002_service_is_called", |peers| {
            is_called(peers.v002)
        }),
        trial("rust_center::v011_service_is_called", |peers| {
            is_called(peers.v011)
        }),
        trial("rust_center::v002_service_restarts_after_a_kill", |peers| {
            restarts(peers.v002)
        }),
        trial("rust_center::v011_service_restarts_after_a_kill", |peers| {
            restarts(peers.v011)
        }),
        trial("rust_center::v002_second_start_is_refused", |peers| {
            second_start(peers.v002)
        }),
        trial("rust_center::v011_second_start_is_refused", |peers| {
            second_start(peers.v011)
        }),
        trial("rust_center::v002_service_leaves", |peers| {
            leaves(peers.v002)
        }),
        trial("rust_center::v011_service_leaves", |peers| {
            leaves(peers.v011)
        }),
        trial("rust_center::key_auth_service_is_called", |peers| {
            key_auth(peers.v011)
        }),
        trial(
            "rust_center::guarded_center_takes_a_service_with_its_key",
            |peers| guarded(peers.v011),
        ),
        trial("rust_center::both_versions_share_a_name", |peers| {
            share(peers.v002, peers.v011)
        }),
        trial("rust_center::v011_proxy_calls_v002_service", |peers| {
            cross(peers.v002, peers.v011, &["call", "asyncCall"])
        }),
        trial("rust_center::v002_proxies_call_v011_service", |peers| {
            cross(
                peers.v011,
                peers.v002,
                &["ServiceProxy", "AsyncServiceProxy"],
            )
        }),
    ]
}

async fn is_called(python: &Environment) {
    let rust = RustCenter::start().await;
    let _service = PythonService::start(python, &rust.center).await;
    rust.center.knows_the_service().await;
    let caller = rust.center.caller();
    checks::is_called_by_rust(&caller).await;
    checks::rust_reports_what_is_missing(&caller).await;
    checks::foreign_errors_keep_their_status(&caller).await;
    checks::is_called_by_the_command_line(&rust.center).await;
}

/// The Python center refuses the second start as long as it has not noticed the
/// death of the first.
async fn restarts(python: &Environment) {
    let rust = RustCenter::start().await;
    let mut first = PythonService::start(python, &rust.center).await;
    rust.center.knows_the_service().await;
    let caller = rust.center.caller();
    checks::is_called_by_rust(&caller).await;

    first.process.kill();
    // Nothing waits here for the center: a refused registration ends the process,
    // and the start would fail.
    let _second = PythonService::start_on(python, &rust.center, first.port, None).await;
    rust.center.knows_the_service().await;
    checks::is_called_by_rust(&caller).await;
}

/// A second process on the port of a living one is told so before it tries to
/// listen; else it would take the first one offline when it fails.
async fn second_start(python: &Environment) {
    let rust = RustCenter::start().await;
    let first = PythonService::start(python, &rust.center).await;
    rust.center.knows_the_service().await;
    let mut second = python
        .script("service.py")
        .option("--name", SERVICE)
        .option("--port", first.port)
        .option("--center-port", rust.center.port)
        .start();
    assert!(!second.ended().await.success(), "{}", second.output());
    assert!(
        second.output().contains("Service is online"),
        "{}",
        second.output()
    );
    checks::is_called_by_rust(&rust.center.caller()).await;
}

async fn leaves(python: &Environment) {
    let rust = RustCenter::start().await;
    let mut service = PythonService::start(python, &rust.center).await;
    rust.center.knows_the_service().await;
    service.process.terminate();
    service.process.ended().await;
    // It said so before it ended.
    let answer = rust.center.look_up().await.expect("an answer");
    assert_eq!(answer.status, 404, "{answer:?}");
}

async fn key_auth(python: &Environment) {
    let rust = RustCenter::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = PythonService::start_guarded(python, &rust.center, folder.path()).await;
    let bare = http::get(service.port, "/hello").await.expect("an answer");
    assert_eq!(bare.status, 403, "{bare:?}");
    // The key makes the way from the service through the center to the caller.
    rust.center.knows_the_service().await;
    checks::is_called_by_rust(&rust.center.caller()).await;
    checks::is_called_by_python(python, "call", &rust.center).await;
}

async fn guarded(python: &Environment) {
    let rust = RustCenter::start_guarded().await;
    let without = Center {
        port: rust.center.port,
        key: None,
    };
    let mut refused = python
        .script("service.py")
        .option("--name", SERVICE)
        .option("--port", support::port::free())
        .option("--center-port", without.port)
        .start();
    assert!(!refused.ended().await.success(), "{}", refused.output());
    assert!(refused.output().contains("403"), "{}", refused.output());
    assert_eq!(without.look_up().await.expect("an answer").status, 403);

    let _service = PythonService::start(python, &rust.center).await;
    rust.center.knows_the_service().await;
    checks::is_called_by_rust(&rust.center.caller()).await;
    checks::is_called_by_python(python, "call", &rust.center).await;
    let fault = without
        .caller()
        .call(SERVICE, "hello")
        .send()
        .await
        .expect_err("no key");
    assert!(
        !fault.is_unknown_service(),
        "a missing key is not a missing service: {fault:?}"
    );
}

/// Instances of both versions serve one name, and a Rust caller uses both.
async fn share(v002: &Environment, v011: &Environment) {
    let rust = RustCenter::start().await;
    let older = PythonService::start(v002, &rust.center).await;
    let newer = PythonService::start(v011, &rust.center).await;
    let caller = rust.center.caller();
    let mut pids = [older.process.id(), newer.process.id()];
    pids.sort_unstable();
    support::wait::until("calls to reach both instances", async || {
        let mut seen = Vec::new();
        for number in 0..20 {
            let answer = caller
                .call(SERVICE, "item")
                .path_param("item_id", number)
                .send()
                .await;
            let item = answer
                .ok()?
                .json::<support::services::Item>()
                .expect("an item");
            seen.push(item.pid);
        }
        seen.sort_unstable();
        seen.dedup();
        (seen == pids).then_some(())
    })
    .await;
}

/// What no two Python versions can do with a center of their own.
async fn cross(service: &Environment, caller: &Environment, proxies: &[&str]) {
    let rust = RustCenter::start().await;
    let _service = PythonService::start(service, &rust.center).await;
    rust.center.knows_the_service().await;
    for proxy in proxies {
        checks::is_called_by_python(caller, proxy, &rust.center).await;
    }
}
