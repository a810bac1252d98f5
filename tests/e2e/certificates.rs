//! `mfhm tls dev`.

use std::path::Path;
use std::time::SystemTime;

use support::cli::mfhm;
use support::process::Program;
use support::{port, wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::programs::service_program;

fn dev(dir: &Path) -> Program {
    mfhm().arg("tls").arg("dev").option("--dir", dir.display())
}

/// Name, content and time of change of each file.
fn files(dir: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let changed = path.metadata().and_then(|metadata| metadata.modified());
            let content = std::fs::read(&path).expect("it is read");
            (name.into_owned(), content, changed.expect("a time"))
        })
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("tls");
    let (status, stdout, stderr) = dev(&dir).arg("users").run().await;
    assert!(status.success(), "{stderr}");
    let shown = |name: &str| dir.join(name).display().to_string();
    for expected in [
        format!("--tls-cert {}", shown("center.pem")),
        format!("MFHM_TLS_CERT={}", shown("users.pem")),
        "users; good until ".to_owned(),
    ] {
        assert!(stdout.contains(&expected), "no {expected} in {stdout}");
    }
    #[cfg(unix)]
    for (name, expected) in [("", 0o700), ("ca.key", 0o600), ("users.key", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = dir.join(name).metadata().expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{name}");
    }
    let before = files(&dir);
    assert!(before.iter().any(|(name, ..)| name == ".gitignore"));

    let (status, stdout, stderr) = dev(&dir).arg("users").run().await;
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("(as it was)"), "{stdout}");
    assert_eq!(files(&dir), before);

    let (status, _, stderr) = dev(&dir).arg("../users").run().await;
    assert!(!status.success());
    assert!(stderr.contains("\"../users\" is no name"), "{stderr}");
    std::fs::remove_file(dir.join("ca.key")).expect("it is there");
    let (status, _, stderr) = dev(&dir).arg("orders").run().await;
    assert!(!status.success());
    assert!(stderr.contains("ca.key: put it back"), "{stderr}");
    assert!(!dir.join("orders.pem").exists());
}

/// What was printed for a service: variables and their values.
fn variables(printed: &str) -> Vec<(String, String)> {
    let exports = printed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("export "));
    let words = exports.flat_map(str::split_whitespace);
    words
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| name.starts_with("MFHM_TLS"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What the README says takes a minute.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_makes_a_center_and_a_service_that_know_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, data) = (folder.path().join("tls"), folder.path().join("data"));
    let (_, printed, stderr) = dev(&dir).arg("service01").run().await;
    let start = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("mfhm center "));
    let start = start.unwrap_or_else(|| panic!("no command: {printed}{stderr}"));
    let token_file = folder.path().join("token");
    let token = mfhm().arg("token").arg("new").option("--scope", "operate");
    let (_, token, _) = token.option("--data-dir", data.display()).run().await;
    std::fs::write(&token_file, token).expect("it is written");

    let port = port::free();
    let center = mfhm()
        .arg("center")
        .option("--port", port)
        .option("--data-dir", data.display());
    let center = start.split_whitespace().fold(center, Program::arg);
    let mut center = center.start();
    center.line("the center listens").await;
    let url = format!("https://127.0.0.1:{port}");
    let secured = |program: Program| {
        let variables = variables(&printed);
        assert_eq!(variables.len(), 3, "{printed}");
        variables
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value))
    };
    let service_port = port::free();
    let mut service = secured(service_program(&["service01"], &url))
        .env("MFHM_PORT", service_port)
        .env("MFHM_DRAIN", 0)
        .start();
    let call = || {
        let call = mfhm().arg("call").arg("service01").arg("hello");
        call.option("--center", &url)
    };
    wait::until("an answer over TLS", async || {
        let (status, _, _) = secured(call()).run().await;
        status.success().then_some(())
    })
    .await;
    let (status, _, stderr) = call().run().await;
    assert!(!status.success(), "it shows no certificate: {stderr}");

    let operate = |program: Program| {
        program
            .option("--center", &url)
            .option("--token-file", token_file.display())
    };
    let export = || operate(mfhm().arg("center").arg("export"));
    let (status, stdout, stderr) = secured(export()).run().await;
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("\"service\":\"service01\""), "{stdout}");
    let (status, _, stderr) = export().run().await;
    assert!(!status.success());
    assert!(stderr.contains("certificate"), "{stderr}");

    // The certificate is for the service, and so is what is checked.
    let document = format!("https://127.0.0.1:{service_port}");
    let check = || mfhm().arg("check").arg(&document).arg(&document);
    let (status, stdout, stderr) = secured(check().option("--service", "service01"))
        .run()
        .await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stdout.starts_with("nothing that callers"), "{stdout}");
    let (status, _, stderr) = secured(check().option("--service", "service02"))
        .run()
        .await;
    assert_eq!(status.code(), Some(2));
    assert!(
        stderr.contains("is not an instance of the service \"service02\""),
        "{stderr}"
    );
    let (status, _, stderr) = secured(check()).run().await;
    assert_eq!(status.code(), Some(2));
    assert!(stderr.contains("--service NAME"), "{stderr}");

    let drain = operate(mfhm().arg("drain").arg("service01").arg("--wait"));
    let (status, stdout, stderr) = secured(drain).run().await;
    assert!(status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("was told to leave"), "{stdout}");
    assert!(stdout.contains("has left"), "{stdout}");
    assert!(service.ended().await.success());
}

/// Answers as a center that knows one instance of `service01`, over TLS at this port,
/// until that is told to drain.
async fn center_of_one(listener: TcpListener, port: u16) {
    let mut instances =
        format!(r#"[{{"id":"by-hand","host":"127.0.0.1","port":{port},"tls":true}}]"#);
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        let (status, body) = if head.starts_with(b"POST ") {
            "[]".clone_into(&mut instances);
            (202, r#"{"told":true}"#.to_owned())
        } else {
            (200, format!(r#"{{"instances":{instances}}}"#))
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A port whose owner has changed is no reason to wait.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_instance_takes_nobody_in_its_place_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("tls");
    let (_, _, stderr) = dev(&dir).arg("service01").arg("service02").run().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let center = listener.local_addr().expect("an address");
    let port = port::free();
    let center = format!("http://{center}");
    let centers = tokio::spawn(center_of_one(listener, port));
    let secured = |program: Program, name: &str| {
        let file = |name: String| dir.join(name).display().to_string();
        program
            .env("MFHM_TLS_CA", file("ca.pem".to_owned()))
            .env("MFHM_TLS_CERT", file(format!("{name}.pem")))
            .env("MFHM_TLS_KEY", file(format!("{name}.key")))
    };
    let other = service_program(&["service02"], "off").env("MFHM_PORT", port);
    let mut other = secured(other, "service02").start();
    other.line("listening on https").await;
    let drain = mfhm().arg("drain").arg("service01").arg("--wait");
    let drain = drain.option("--center", center);
    let (status, stdout, stderr_of_drain) = secured(drain, "service01").run().await;
    assert_eq!(status.code(), Some(0), "{stdout}{stderr_of_drain}{stderr}");
    assert!(stdout.contains("has left"), "{stdout}");
    centers.abort();
}
