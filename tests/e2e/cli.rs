//! The command-line program: `mfhm center` and `mfhm call`.

use std::net::TcpListener;

use support::cli::mfhm;
use support::services::{Hello, Item};
use support::{http, port, wait};
use tempfile::tempdir;

use crate::programs::{CenterProcess, service_process, service_program};

#[tokio::test(flavor = "multi_thread")]
async fn center_and_call() {
    let data = tempdir().expect("a folder");
    let center_port = port::free();
    let url = format!("http://127.0.0.1:{center_port}");
    let mut center = mfhm()
        .arg("center")
        .option("--host", "127.0.0.1")
        .option("--port", center_port)
        .option("--data-dir", data.path().display())
        .option("--ping-interval", "2s")
        .option("--ping-timeout", "500ms")
        .start();
    center.answers(center_port, "/service/service01", 404).await;
    let _service = service_process("service01", &url, port::free()).await;
    center.answers(center_port, "/service/service01", 200).await;

    let call = || mfhm().arg("call").option("--center", &url).arg("service01");
    let (status, stdout, stderr) = call().arg("hello").run().await;
    assert!(status.success(), "{stderr}");
    assert_eq!(
        serde_json::from_str::<Hello>(&stdout).expect("JSON"),
        Hello::from("service01")
    );

    let (status, stdout, stderr) = call()
        .arg("item")
        .option("--path", "item_id=7")
        .option("--query", "note=a&b")
        .run()
        .await;
    assert!(status.success(), "{stderr}");
    let item = serde_json::from_str::<Item>(&stdout).expect("JSON");
    assert_eq!((item.item_id, item.note.as_deref()), (7, Some("a&b")));
    let (status, stdout, stderr) = call()
        .arg("echo")
        .option("--method", "POST")
        .option("--body", r#"{"a":"ü"}"#)
        .run()
        .await;
    assert!(status.success(), "{stderr}");
    assert_eq!(stdout, r#"{"received":{"a":"ü"}}"#);

    // An error of the service is its answer: the body is shown, the code tells.
    let (status, stdout, stderr) = call()
        .arg("item")
        .option("--path", "item_id=404")
        .run()
        .await;
    assert_eq!(status.code(), Some(3), "{stderr}");
    assert!(
        stdout.contains("not_found") && stderr.contains("404"),
        "{stdout}{stderr}"
    );

    center.terminate();
    let status = center.ended().await;
    assert!(status.success(), "{status}: {}", center.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn call_says_what_is_wrong() {
    let center = CenterProcess::start().await;
    let _service = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 1).await;
    let url = center.url();
    let nobody = format!("http://127.0.0.1:{}", port::free());
    let cases: &[(&[&str], &str)] = &[
        (&["--center", &url, "nobody", "hello"], "nobody"),
        (&["--center", &url, "service01", "nope"], "nope"),
        (
            &["--center", &url, "--method", "DELETE", "service01", "hello"],
            "DELETE",
        ),
        (&["--center", &nobody, "service01", "hello"], &nobody),
    ];
    for (arguments, says) in cases {
        let program = arguments
            .iter()
            .fold(mfhm().arg("call"), |program, argument| {
                program.arg(argument)
            });
        let (status, stdout, stderr) = program.run().await;
        assert!(!status.success(), "{arguments:?}: {stdout}");
        assert_eq!(stdout, "", "{arguments:?}: the body's place stays empty");
        assert!(
            stderr.contains(says),
            "{arguments:?} should say {says:?}: {stderr}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_center_asks_for_its_key() {
    let data = tempdir().expect("a folder");
    let center_port = port::free();
    let mut center = mfhm()
        .arg("center")
        .option("--port", center_port)
        .option("--data-dir", data.path().display())
        .arg("--key-auth")
        .start();
    center.answers(center_port, "/service/service01", 403).await;
    // Made by the center, as KeyAuth does.
    let key = std::fs::read_to_string(data.path().join("key")).expect("a key file");
    let key = key.trim();
    let with_key = [("MFHM-AuthKey", key)];
    let answer = http::request(center_port, "GET", "/service/service01", &with_key, "").await;
    assert_eq!(answer.expect("an answer").status, 404);

    // Services and callers carry it.
    let url = format!("http://127.0.0.1:{center_port}");
    let _service = service_program(&["service01"], &url)
        .env("MFHM_PORT", 0)
        .env("MFHM_CENTER_KEY_FILE", data.path().join("key").display())
        .start();
    wait::until("the registration", async || {
        let answer = http::request(center_port, "GET", "/service/service01", &with_key, "").await;
        answer.ok().filter(|answer| answer.status == 200)
    })
    .await;
    let call = || {
        mfhm()
            .arg("call")
            .option("--center", &url)
            .arg("service01")
            .arg("hello")
    };
    let (status, stdout, stderr) = call().env("MFHM_CENTER_KEY", key).run().await;
    assert!(
        status.success() && stdout.contains("service01"),
        "{stdout}{stderr}"
    );
    let (status, stdout, stderr) = call().run().await;
    assert!(!status.success() && stdout.is_empty(), "{stdout}");
    assert!(stderr.contains("key"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn center_refuses_what_cannot_work() {
    let data = tempdir().expect("a folder");
    let file = data.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").port().to_string();
    let (data, file, free) = (
        data.path().display().to_string(),
        file.display().to_string(),
        port::free().to_string(),
    );
    let cases: &[(&[&str], &[&str])] = &[
        (&["--port", &free, "--data-dir", &file], &[&file]),
        (
            &["--port", &taken, "--data-dir", &data],
            &[&taken, "--port"],
        ),
        (&["--port", "70000", "--data-dir", &data], &["70000"]),
        (
            &[
                "--port",
                &free,
                "--data-dir",
                &data,
                "--ping-interval",
                "1s",
                "--ping-timeout",
                "2s",
            ],
            &["1s", "2s"],
        ),
        (
            &[
                "--port",
                &free,
                "--data-dir",
                &data,
                "--ping-interval",
                "soon",
            ],
            &["soon"],
        ),
        (
            &["--port", &free, "--data-dir", &data, "--host", "0.0.0.0"],
            &["0.0.0.0", "--insecure"],
        ),
    ];
    for (arguments, says) in cases {
        let program = arguments
            .iter()
            .fold(mfhm().arg("center"), |program, argument| {
                program.arg(argument)
            });
        let (status, stdout, stderr) = program.run().await;
        assert!(!status.success(), "{arguments:?}: {stdout}");
        for text in *says {
            assert!(
                stderr.contains(text),
                "{arguments:?} should say {text:?}: {stderr}"
            );
        }
    }
}
