//! `mfhm drain`.

use std::time::Duration;

use mfhm::{App, Center};
use support::cli::mfhm;
use support::process::Program;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_program};

const SERVICE: &str = "service01";

fn drain(center: &str) -> Program {
    mfhm().arg("drain").option("--center", center).arg(SERVICE)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_leaves_and_the_command_waits_for_it() {
    let center = CenterProcess::start().await;
    let service = || {
        let program = service_program(&[SERVICE], &center.url());
        program.env("MFHM_PORT", port::free()).env("MFHM_DRAIN", 0)
    };
    let mut first = service().start();
    let id = center.has(SERVICE, 1).await[0]["id"].clone();
    let id = id.as_str().expect("an id");
    held(&center, 1).await;
    let mut second = service().start();
    center.has(SERVICE, 2).await;
    held(&center, 2).await;

    // Of two it has to be said which.
    let (status, stdout, stderr) = drain(&center.url()).run().await;
    assert_eq!(status.code(), Some(3), "{stdout}{stderr}");
    assert!(stderr.contains("--all") && stderr.contains(id), "{stderr}");
    let (status, _, stderr) = drain(&center.url()).arg("nobody").run().await;
    assert_eq!(status.code(), Some(3));
    assert!(stderr.contains("no instance \"nobody\""), "{stderr}");
    center.has(SERVICE, 2).await;

    let (status, stdout, stderr) = drain(&center.url()).arg(&id[..8]).arg("--wait").run().await;
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
    assert!(
        stdout.contains(id) && stdout.contains("was told to leave"),
        "{stdout}"
    );
    assert!(stdout.contains("has left"), "{stdout}");
    assert!(first.ended().await.success());
    assert!(!second.has_ended());

    // The one that is left needs no name.
    let (status, stdout, stderr) = drain(&center.url()).run().await;
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
    assert!(second.ended().await.success());
    center.forgets(SERVICE).await;
    let (status, _, stderr) = drain(&center.url()).arg("--all").run().await;
    assert_eq!(status.code(), Some(3));
    assert!(stderr.contains("no instance of `service01`"), "{stderr}");
}

struct Lasting;

#[mfhm::service(name = "lasting")]
impl Lasting {
    #[get("/hello")]
    async fn hello(&self) -> String {
        "hello".to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_found_at_a_center_that_is_away_by_now_gives_its_callers_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let ttl = Duration::from_secs(1);
    let center = Center::builder().port(0).data_dir(dir.path());
    let center = center.lease_ttl(ttl).start().await.expect("a center");
    let app = App::new().service(Lasting).port(0).center(center.url());
    let app = app.start().await.expect("an app");
    app.registered().await;
    let port = app.service("lasting").expect("the service").addr().port();
    center.stop().await;
    wait::until("the end of the lease", async || {
        let service = app.service("lasting").expect("the service");
        (!service.is_registered()).then_some(())
    })
    .await;

    // For longer than the test takes.
    let draining = tokio::spawn(app.drain(Duration::from_secs(600)));
    let answer = wait::until("an answer of a service that leaves", async || {
        // Whoever does not leave keeps the connection, and the answer does not end.
        let asked = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
        let answer = http::exchange(port, asked);
        let answer = tokio::time::timeout(Duration::from_secs(1), answer).await;
        let answer = answer.ok()?.ok()?;
        (answer.header("connection") == Some("close")).then_some(answer)
    })
    .await;
    assert_eq!(answer.status, 200);
    assert!(!draining.is_finished());
    draining.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_no_stream_is_named_and_waited_for() {
    let center = CenterProcess::start().await;
    let registration = format!(
        r#"{{"id":"by-hand","service":"{SERVICE}","address":{{"port":{}}}}}"#,
        port::free()
    );
    let answer = http::request(center.port, "POST", "/v1/instances", &[], &registration).await;
    let answer = answer.expect("an answer");
    assert!(answer.status < 300, "{answer:?}");
    let (status, stdout, stderr) = drain(&center.url())
        .arg("by-hand")
        .arg("--wait")
        .option("--timeout", "300ms")
        .run()
        .await;
    assert_eq!(status.code(), Some(4), "{stdout}{stderr}");
    assert!(stdout.contains("could not be told"), "{stdout}");
    assert!(stderr.contains("is still registered"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_does_not_answer_or_refuses_is_told() {
    let nobody = format!("http://127.0.0.1:{}", port::free());
    let (status, _, stderr) = drain(&nobody).run().await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("no answer from the center"), "{stderr}");

    let data = tempfile::tempdir().expect("a folder");
    let port = port::free();
    let mut center = mfhm()
        .arg("center")
        .option("--port", port)
        .option("--data-dir", data.path().display())
        .arg("--key-auth")
        .start();
    center.answers(port, "/service/service01", 403).await;
    let url = format!("http://127.0.0.1:{port}");
    let (status, _, stderr) = drain(&url).run().await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("401") && stderr.contains("key"), "{stderr}");
    let (status, _, stderr) = drain(&url)
        .option("--center-key-file", data.path().join("key").display())
        .run()
        .await;
    // There is nobody, or nobody back yet: the center has just begun.
    assert!(matches!(status.code(), Some(1 | 3)), "{stderr}");
    assert!(!stderr.contains("401"), "the key is taken: {stderr}");

    let (status, _, stderr) = drain("ftp:nowhere at all").run().await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("is no address of a center"), "{stderr}");
}

/// Waits until so many instances hold a stream.
async fn held(center: &CenterProcess, count: u64) {
    wait::until("their streams", async || {
        let held = http::get(center.port, "/health").await.ok()?.json()["held"].as_u64();
        (held == Some(count)).then_some(())
    })
    .await;
}
