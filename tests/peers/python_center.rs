//! Rust services and Rust callers at Python centers.

use std::time::Duration;

use libtest_mimic::Trial;
use support::python::Environment;

use crate::setup::{KEY, NO_PINGS, PythonCenter, PythonService, python_center, rust_service};
use crate::{checks, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("python_center::v002_hands_out_a_rust_service", |peers| {
            hands_out(peers.v002, &["ServiceProxy", "AsyncServiceProxy"])
        }),
        trial("python_center::v011_hands_out_a_rust_service", |peers| {
            hands_out(peers.v011, &["call", "asyncCall"])
        }),
        trial("python_center::v002_pings_a_rust_service", |peers| {
            pings(peers.v002)
        }),
        trial("python_center::v011_pings_a_rust_service", |peers| {
            pings(peers.v011)
        }),
        trial("python_center::v002_is_restarted", |peers| {
            restarted(peers.v002)
        }),
        trial("python_center::v011_is_restarted", |peers| {
            restarted(peers.v011)
        }),
        trial("python_center::v011_guarded_by_key_auth", |peers| {
            guarded(peers.v011)
        }),
        trial(
            "python_center::v011_with_a_rust_service_that_has_a_key",
            |peers| keyed(peers.v011),
        ),
        trial(
            "python_center::v002_tells_rust_of_python_services",
            |peers| tells(peers.v002),
        ),
        trial(
            "python_center::v011_tells_rust_of_python_services",
            |peers| tells(peers.v011),
        ),
        trial(
            "python_center::v011_tells_rust_of_services_with_a_key",
            |peers| tells_key(peers.v011),
        ),
    ]
}

async fn hands_out(python: &Environment, proxies: &[&str]) {
    let python_center = PythonCenter::start(python, NO_PINGS).await;
    let center = &python_center.center;
    let service = rust_service(center, None).await;
    for proxy in proxies {
        checks::is_called_by_python(python, proxy, center).await;
    }
    let caller = center.caller();
    checks::is_called_by_rust(&caller).await;
    checks::rust_reports_what_is_missing(&caller).await;
    service.stop().await;
    // It said so before it stopped.
    assert_eq!(center.look_up().await.expect("an answer").status, 404);
}

/// A Python center drops a service at its first bad ping.
async fn pings(python: &Environment) {
    let mut python_center = PythonCenter::start(python, Duration::from_secs(1)).await;
    let _service = rust_service(&python_center.center, None).await;
    python_center.process.line("Ping test: [service01]").await;
    let rounds = python_center
        .process
        .output()
        .matches("Ping test: [service01]")
        .count();
    support::wait::until("two more rounds of pings", async || {
        let output = python_center.process.output();
        (output.matches("Ping test: [service01]").count() >= rounds + 2).then_some(())
    })
    .await;
    let output = python_center.process.output();
    assert!(!output.contains("ping test failed"), "{output}");
    assert_eq!(
        python_center
            .center
            .look_up()
            .await
            .expect("an answer")
            .status,
        200
    );
}

/// A Python center that was killed knows nothing of what it had; the service must
/// come back by itself.
async fn restarted(python: &Environment) {
    let mut first = PythonCenter::start(python, NO_PINGS).await;
    let center = first.center.clone();
    let _service = rust_service(&center, None).await;
    let caller = center.caller();
    checks::is_called_by_rust(&caller).await;

    first.process.kill();
    checks::is_called_by_rust(&caller).await;
    let empty = tempfile::tempdir().expect("a folder");
    let _second = python_center(python, center.port, empty.path(), NO_PINGS, false).await;
    center.knows_the_service().await;
    checks::is_called_by_rust(&caller).await;
    checks::is_called_by_rust(&center.caller()).await;
}

async fn guarded(python: &Environment) {
    let python_center = PythonCenter::start_guarded(python).await;
    let center = &python_center.center;
    let _service = rust_service(center, None).await;
    for proxy in ["call", "asyncCall"] {
        checks::is_called_by_python(python, proxy, center).await;
    }
    checks::is_called_by_rust(&center.caller()).await;
    checks::is_called_by_the_command_line(center).await;
}

/// The key reaches the Python callers through the Python center.
async fn keyed(python: &Environment) {
    let mut python_center = PythonCenter::start(python, Duration::from_secs(1)).await;
    let _service = rust_service(&python_center.center, Some(KEY)).await;
    for proxy in ["call", "asyncCall"] {
        checks::is_called_by_python(python, proxy, &python_center.center).await;
    }
    checks::is_called_by_rust(&python_center.center.caller()).await;
    // The pings carry the key too.
    python_center.process.line("Ping test: [service01]").await;
}

async fn tells(python: &Environment) {
    let python_center = PythonCenter::start(python, NO_PINGS).await;
    let _service = PythonService::start(python, &python_center.center).await;
    let caller = python_center.center.caller();
    checks::is_called_by_rust(&caller).await;
    checks::rust_reports_what_is_missing(&caller).await;
    checks::foreign_errors_keep_their_status(&caller).await;
}

async fn tells_key(python: &Environment) {
    let python_center = PythonCenter::start_guarded(python).await;
    let folder = tempfile::tempdir().expect("a folder");
    let center = &python_center.center;
    let _service = PythonService::start_guarded(python, center, folder.path()).await;
    checks::is_called_by_rust(&center.caller()).await;
    checks::is_called_by_the_command_line(center).await;
}
