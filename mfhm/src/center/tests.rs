//! Whole centers, over real sockets and on a real disk.

mod garbage;
mod lost_tokens;

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn builder(dir: &Path) -> CenterBuilder {
    Center::builder().port(0).data_dir(dir)
}

/// Sends one request and reads the whole answer.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(address: SocketAddr, target: &str) -> String {
    ask(
        address,
        &format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
    )
    .await
}

async fn send(address: SocketAddr, method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    ask(
        address,
        &format!(
            "{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )
    .await
}

async fn online(center: &RunningCenter, name: &str, port: u16) -> String {
    let body = format!(r#"{{"name":"{name}","port":{port},"methods":{{}}}}"#);
    send(center.addr(), "POST", "/online", &body).await
}

/// A service that answers every request with 200; stops when dropped.
async fn service() -> (u16, Task) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = Task::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, task)
}

/// Asks again and again, until the answer has this text. No fixed waiting: each
/// round is a request over a socket.
async fn until(address: SocketAddr, target: &str, text: &str) {
    let asking = async { while !get(address, target).await.contains(text) {} };
    if tokio::time::timeout(Duration::from_secs(20), asking)
        .await
        .is_err()
    {
        panic!("{target} never said {text}: {}", get(address, target).await);
    }
}

#[tokio::test]
async fn a_center_serves_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path()).start().await.unwrap();
    assert_eq!(center.url(), format!("http://{}", center.addr()));
    let answer = get(center.addr(), "/ping").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("content-type: application/json\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with(r#"{"code":0,"message":"ok"}"#), "{answer}");
    let answer = ask(center.addr(), "HEAD /v1/services HTTP/1.0\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.0 200 OK") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    let absolute = format!(
        "GET http://{}/ping HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        center.addr()
    );
    assert!(ask(center.addr(), &absolute).await.contains("200 OK"));

    let address = center.addr();
    center.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    TcpListener::bind(address)
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn registrations_outlive_a_center_that_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _service) = service().await;
    let center = builder(dir.path()).start().await.unwrap();
    assert!(online(&center, "users", port).await.contains(r#""code":0"#));
    assert!(online(&center, "gone", port).await.contains(r#""code":0"#));
    send(
        center.addr(),
        "DELETE",
        &format!("/offline/gone/{port}"),
        "",
    )
    .await;
    drop(center);

    let center = builder(dir.path()).start().await.unwrap();
    let found = get(center.addr(), "/service/users").await;
    assert!(found.contains(&format!(r#""port":{port}"#)), "{found}");
    assert!(
        get(center.addr(), "/service/gone")
            .await
            .starts_with("HTTP/1.1 404")
    );
    until(center.addr(), "/v1/services/users", r#""status":"up""#).await;
}

#[tokio::test]
async fn a_center_that_lost_its_disk_says_that_it_may_only_not_know_yet() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _service) = service().await;
    let center = builder(dir.path()).start().await.unwrap();
    let answer = get(center.addr(), "/v1/services/users").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("mfhm.warming"), "{answer}");
    online(&center, "others", port).await;
    center.stop().await;

    let center = builder(dir.path()).start().await.unwrap();
    let answer = get(center.addr(), "/v1/services/users").await;
    assert!(
        answer.starts_with("HTTP/1.1 404"),
        "its disk is there: {answer}"
    );
}

#[tokio::test]
async fn a_stop_ends_the_streams() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path()).start().await.unwrap();
    let mut stream = TcpStream::connect(center.addr()).await.unwrap();
    let request = "GET /v1/watch?service=users HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut some = [0; 64];
    assert!(stream.read(&mut some).await.unwrap() > 0);
    let (mut rest, ()) = (Vec::new(), center.stop().await);
    stream.read_to_end(&mut rest).await.unwrap();
    let text = String::from_utf8_lossy(&rest);
    assert!(
        text.ends_with("0\r\n\r\n"),
        "it ends as a stream does: {text}"
    );
}

#[tokio::test]
async fn a_service_that_dies_is_noticed_and_may_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path())
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    let (port, running) = service().await;
    online(&center, "users", port).await;
    until(center.addr(), "/v1/services/users", r#""status":"up""#).await;
    let again = online(&center, "users", port).await;
    assert!(again.contains("Service is online"), "{again}");

    drop(running);
    until(center.addr(), "/service/users", "Service not online").await;
    let restarted = online(&center, "users", port).await;
    assert!(restarted.contains(r#""code":0"#), "{restarted}");
}

#[tokio::test]
async fn a_dead_instance_is_deleted_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path())
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_millis(50))
        .lease_ttl(Duration::from_millis(100))
        .forget_after(Duration::from_millis(200))
        .forget_python_after(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let (port, running) = service().await;
    drop(running);
    online(&center, "python", port).await;
    let body = format!(r#"{{"service":"rust","id":"a","address":{{"port":{port}}}}}"#);
    let answer = send(center.addr(), "POST", "/v1/instances", &body).await;
    assert!(answer.contains(r#""ttl_ms":100"#), "{answer}");
    until(center.addr(), "/v1/services", r#""services":[]"#).await;
    center.stop().await;

    let center = builder(dir.path()).start().await.unwrap();
    let list = get(center.addr(), "/v1/services").await;
    assert!(
        list.contains(r#""services":[]"#),
        "deleted from the disk too: {list}"
    );
}

#[tokio::test]
async fn revisions_grow_over_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for port in 1..4 {
        let center = builder(dir.path()).start().await.unwrap();
        online(&center, "users", port).await;
        let answer = get(center.addr(), "/v1/services").await;
        let body = answer.split("\r\n\r\n").last().unwrap();
        let revision =
            serde_json::from_str::<serde_json::Value>(body).unwrap()["revision"].as_u64();
        assert!(revision > Some(last), "{answer}");
        last = revision.unwrap();
        center.stop().await;
    }
}

#[tokio::test]
async fn a_second_center_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = builder(dir.path()).start().await.unwrap();
    let error = builder(dir.path()).start().await.unwrap_err().to_string();
    let file = dir.path().join("center.redb");
    assert!(
        error.contains(&*file.to_string_lossy()) && error.contains("in use"),
        "{error}"
    );
}

#[tokio::test]
async fn every_problem_of_the_settings_is_told_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = builder(file.path())
        .port(taken.local_addr().unwrap().port())
        .ping_timeout(Duration::from_secs(9))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.problems().count(), 3, "{error}");
}

#[tokio::test]
async fn key_auth_makes_a_key_and_asks_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path()).key_auth(true).start().await.unwrap();
    assert!(
        get(center.addr(), "/ping")
            .await
            .starts_with("HTTP/1.1 403")
    );
    let key = std::fs::read_to_string(dir.path().join("key")).unwrap();
    let request = format!(
        "GET /ping HTTP/1.1\r\nhost: a\r\nMFHM-AuthKey: {key}\r\nconnection: close\r\n\r\n"
    );
    assert!(
        ask(center.addr(), &request)
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_python_centers_file_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let cache =
        r#"{"service01": [{"host": "127.0.0.1", "port": 9, "ping": 0.003, "methods": {}}]}"#;
    std::fs::write(dir.path().join("centerCache.json"), cache).unwrap();
    let center = builder(dir.path()).start().await.unwrap();
    assert!(
        get(center.addr(), "/v1/services")
            .await
            .contains("service01")
    );
    send(center.addr(), "DELETE", "/offline/service01/9", "").await;
    center.stop().await;

    let center = builder(dir.path()).start().await.unwrap();
    let list = get(center.addr(), "/v1/services").await;
    assert!(!list.contains("service01"), "it is imported once: {list}");
}

#[tokio::test]
async fn input_that_is_no_http_is_refused_and_the_center_stays_up() {
    let dir = tempfile::tempdir().unwrap();
    let center = builder(dir.path()).start().await.unwrap();
    for request in [
        "GET /service/\u{e9} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "BREW /online HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "nonsense\r\n\r\n",
        "POST /online HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
    ] {
        let answer = ask(center.addr(), request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{request}: {answer}");
    }
    let large = "x".repeat(1_000_000);
    let answer = send(center.addr(), "POST", "/online", &large).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(get(center.addr(), "/ping").await.contains("200 OK"));
}
