//! The calls that every pair of a caller and a service must get right.

use std::collections::BTreeMap;

use mfhm::{CallError, Caller};
use serde_json::{Value, json};
use support::cli::mfhm;
use support::python::Environment;
use support::services::{Hello, Item, Received, Service01Client};

use crate::setup::{Center, SERVICE, python_calls};

/// The service is called by the typed and by the untyped client of Rust.
pub(crate) async fn is_called_by_rust(caller: &Caller) {
    let service = Service01Client::through(caller);
    assert_eq!(service.hello().await.expect("hello"), Hello::from(SERVICE));
    // The percent sign, the plus and the ü must arrive as they are.
    let note = Some("50% + ü".to_owned());
    let item = service.item(7, note.clone()).await.expect("item");
    assert_eq!((item.item_id, item.note), (7, note));
    assert_eq!(service.item(8, None).await.expect("item").note, None);
    let body = BTreeMap::from([
        ("text".to_owned(), json!("中文")),
        ("list".to_owned(), json!([1, null])),
    ]);
    let Received { received } = service.echo(&body).await.expect("echo");
    assert_eq!(received, body);

    let answer = caller.call(SERVICE, "hello").send().await.expect("hello");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Hello>().expect("JSON"), Hello::from(SERVICE));
    let answer = caller
        .call(SERVICE, "item")
        .path_param("item_id", 9)
        .query("note", "a&b")
        .send()
        .await;
    let item: Item = answer.expect("item").json().expect("JSON");
    assert_eq!((item.item_id, item.note.as_deref()), (9, Some("a&b")));
    let answer = caller
        .call(SERVICE, "echo")
        .json(&json!({ "a": 1 }))
        .send()
        .await
        .expect("echo");
    assert_eq!(
        answer.json::<Value>().expect("JSON"),
        json!({ "received": { "a": 1 } })
    );
}

/// The service is called by the command-line program.
pub(crate) async fn is_called_by_the_command_line(center: &Center) {
    let program = || {
        let program = mfhm().arg("call").option("--center", center.url());
        match &center.key {
            Some(key) => program.env("MFHM_CENTER_KEY", key).arg(SERVICE),
            None => program.arg(SERVICE),
        }
    };
    let (status, stdout, stderr) = program().arg("hello").run().await;
    assert!(status.success(), "{stderr}");
    assert_eq!(
        serde_json::from_str::<Hello>(&stdout).expect("JSON"),
        Hello::from(SERVICE)
    );
    let (status, stdout, stderr) = program().arg("nope").run().await;
    assert!(!status.success() && stdout.is_empty(), "{stdout}");
    assert!(stderr.contains("nope"), "{stderr}");
}

/// What is not there is reported as what it is.
pub(crate) async fn rust_reports_what_is_missing(caller: &Caller) {
    let fault = caller
        .call("nobody", "hello")
        .send()
        .await
        .expect_err("no such service");
    assert!(fault.is_unknown_service(), "{fault:?}");
    let fault = caller
        .call(SERVICE, "nope")
        .send()
        .await
        .expect_err("no such operation");
    assert!(
        fault.is_unknown_operation() && fault.to_string().contains("nope"),
        "{fault:?}"
    );
    assert!(!fault.may_have_executed(), "{fault:?}");
}

/// A status that a Python service chose, without mfhm's problem document, is a
/// fault that keeps it.
pub(crate) async fn foreign_errors_keep_their_status(caller: &Caller) {
    match Service01Client::through(caller).item(404, None).await {
        Err(CallError::Fault(fault)) => {
            assert_eq!(fault.status().map(|status| status.as_u16()), Some(404))
        }
        other => panic!("{other:?}"),
    }
}

/// The service is called by one of the Python proxies.
pub(crate) async fn is_called_by_python(python: &Environment, proxy: &str, center: &Center) {
    let outcomes = python_calls(
        python,
        proxy,
        center,
        json!([
            { "operation": "hello", "method": "get" },
            { "operation": "item", "method": "get",
              "arguments": { "pathparams": { "item_id": 7 }, "params": { "note": "50% + ü" } } },
            { "operation": "echo", "method": "post", "arguments": { "json": { "text": "中文" } } },
            { "operation": "hello", "method": "get" },
        ]),
    )
    .await;
    let [hello, item, echo, again] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        *hello,
        json!({ "status": 200, "body": Hello::from(SERVICE) })
    );
    assert_eq!(item["status"], 200, "{item}");
    assert_eq!(
        (&item["body"]["item_id"], &item["body"]["note"]),
        (&json!(7), &json!("50% + ü"))
    );
    assert_eq!(
        *echo,
        json!({ "status": 200, "body": { "received": { "text": "中文" } } })
    );
    assert_eq!(again, hello);
}
