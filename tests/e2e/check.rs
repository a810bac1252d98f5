//! The command-line program: `mfhm check`.

use serde_json::{Value, json};
use support::cli::mfhm;
use support::{http, port};
use tempfile::tempdir;

use crate::programs::{CenterProcess, service_process};

fn document(parameters: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": { "/a": { "get": { "operationId": "a", "parameters": parameters } } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_compared() {
    let folder = tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let page = |is_required: bool| {
        let parameter = json!({ "name": "page", "in": "query", "required": is_required });
        document(json!([parameter])).to_string()
    };
    let plain = write("plain.json", &document(json!([])).to_string());
    let optional = write("optional.json", &page(false));
    let required = write("required.json", &page(true));
    let text = write("text.json", "openapi: 3.1.0");
    let other = write("other.json", r#"{"swagger":"2.0"}"#);
    let missing = folder.path().join("missing.json").display().to_string();

    // Old, new, exit code, standard output, standard error.
    let cases: &[(&str, &str, i32, &[&str], &str)] = &[
        (
            &plain,
            &plain,
            0,
            &["nothing that callers depend on has changed"],
            "",
        ),
        (
            &plain,
            &optional,
            0,
            &[
                "compatible  a: the query parameter `page` is added (it may be left out)",
                "1 compatible change",
            ],
            "",
        ),
        (
            &plain,
            &required,
            1,
            &[
                "BREAKING    a: the query parameter `page` is added and required (callers do not send it)",
                "1 change, which breaks callers",
            ],
            "",
        ),
        (&missing, &plain, 2, &[], "missing.json"),
        (&plain, &text, 2, &[], "text.json: it is not JSON"),
        (
            &plain,
            &other,
            2,
            &[],
            "other.json: it is no OpenAPI document",
        ),
    ];
    for (old, new, code, lines, says) in cases {
        let (status, stdout, stderr) = mfhm().arg("check").arg(old).arg(new).run().await;
        assert_eq!(status.code(), Some(*code), "{old} {new}: {stdout}{stderr}");
        assert_eq!(stdout.lines().collect::<Vec<_>>(), *lines, "{old} {new}");
        assert!(stderr.contains(says), "{old} {new}: {stderr}");
        assert_eq!(stderr.is_empty(), says.is_empty(), "{stderr}");
    }
    let (status, _, stderr) = mfhm().arg("check").arg(&plain).run().await;
    assert_eq!(status.code(), Some(2), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_is_compared_with_a_file() {
    let center = CenterProcess::start().await;
    let service_port = port::free();
    let _service = service_process("service01", &center.url(), service_port).await;
    let instances = center.has("service01", 1).await;
    // What it registers is what its document says.
    let answer = http::get(service_port, "/openapi.json").await;
    let mut document = answer.expect("an answer").json();
    assert_eq!(instances[0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(instances[0]["version"], document["info"]["version"]);

    let folder = tempdir().expect("a folder");
    let file = folder.path().join("old.json");
    let url = format!("http://127.0.0.1:{service_port}");
    let check = async |document: &Value, new: &str| {
        std::fs::write(&file, document.to_string()).expect("a file");
        let program = mfhm().arg("check").arg(&file).arg(new);
        let (status, stdout, stderr) = program.run().await;
        (status.code(), format!("{stdout}{stderr}"))
    };
    for place in [
        url.clone(),
        format!("{url}/"),
        format!("{url}/openapi.json"),
    ] {
        let (code, said) = check(&document, &place).await;
        assert_eq!(code, Some(0), "{place}: {said}");
        assert!(said.starts_with("nothing that callers"), "{said}");
    }
    let (code, said) = check(&document, &format!("{url}/nothing.json")).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("404"), "{said}");
    let nobody = format!("http://127.0.0.1:{}", port::free());
    let (code, said) = check(&document, &nobody).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&nobody), "{said}");

    // The old one had an operation more.
    let paths = document["paths"].as_object_mut().expect("paths");
    paths.insert(
        "/gone".to_owned(),
        json!({ "get": { "operationId": "gone" } }),
    );
    let (code, said) = check(&document, &url).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("gone: the operation is removed"), "{said}");
}
