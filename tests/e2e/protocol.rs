//! `docs/protocol.md` is true: its examples are run, by `curl`, against a center.

use std::process::Command;

use support::port;

use crate::programs::{CenterProcess, service_process};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_document_do_what_it_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let center = CenterProcess::start().await;
    // Somebody who answers pings and does not say for whom: the center itself.
    let own_port = center.port.to_string();
    let _other = service_process("service01", &center.url(), port::free()).await;
    let script = format!("set -eu\n{}", examples().join("\necho\n"));
    let url = center.url();
    let output = tokio::task::spawn_blocking(move || {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script);
        shell.env("CENTER", url).env("PORT", own_port);
        shell.output().expect("a shell")
    })
    .await
    .expect("no panic");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{output:?}");

    let mut rest = &*said;
    for expected in [
        r#"{"lease":{"ttl_ms":15000,"renew_ms":5000},"host":"127.0.0.1"}"#,
        r#"{"lease":{"ttl_ms":15000,"renew_ms":5000},"host":"127.0.0.1"}"#,
        "event: held\ndata: {\"lease\"",
        r#"{"told":false}"#,
        r#"{"name":"users","instances":1,"up":0}"#,
        r#""id":"77aa02","host":"127.0.0.1""#,
        r#""status":"draining""#,
        "event: snapshot\ndata: ",
        r#"{"service":"orders""#,
        "event: snapshot\ndata: ",
        "event: snapshot\ndata: ",
        r#""operations":[{"name":"user","method":"GET","path":"/v1/users/{id}"}]"#,
        r#"{"pinged":"#,
        r#"{"entries":[{"number":1,"#,
        r#""action":"removed""#,
        r#""action":"drained""#,
        r#"{"format":"mfhm-center","version":1,"instances":"#,
        r#"{"instance":{"id":"#,
    ] {
        let Some((_, after)) = rest.split_once(expected) else {
            panic!("no {expected} in the rest of:\n{said}");
        };
        rest = after;
    }
    let problem = said.contains("\"code\"");
    assert!(!problem, "nothing was refused: {said}");
}

/// The shell blocks, in their order.
fn examples() -> Vec<&'static str> {
    let blocks = DOCUMENT.split("```sh\n").skip(1);
    let examples: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap_or_default())
        .collect();
    assert!(examples.len() >= 8, "{examples:?}");
    examples
}
