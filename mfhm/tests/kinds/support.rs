//! A service on a port of its own, and requests that no client would send.

use std::net::SocketAddr;

use mfhm::{App, RunningApp, Service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Runs `service` on a free port; there is no center.
pub(crate) async fn start(service: impl Service) -> RunningApp {
    App::new()
        .service(service)
        .center("http://127.0.0.1:9")
        .port(0)
        .local_calls(false)
        .start()
        .await
        .unwrap()
}

pub(crate) fn addr(app: &RunningApp) -> SocketAddr {
    app.services()[0].addr()
}

pub(crate) fn url(app: &RunningApp) -> String {
    format!("http://{}", addr(app))
}

/// What came back: the status, and all of the answer as text.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Sends a request as it is written. `head` has no line ends: `|` is one.
pub(crate) async fn raw(addr: SocketAddr, head: &str, body: &[u8]) -> Raw {
    raw_bytes(addr, head.as_bytes(), body).await
}

pub(crate) async fn raw_bytes(addr: SocketAddr, head: &[u8], body: &[u8]) -> Raw {
    let mut request: Vec<u8> = Vec::new();
    for (index, line) in head.split(|byte| *byte == b'|').enumerate() {
        request.extend_from_slice(line);
        if index == 0 {
            request.extend_from_slice(b" HTTP/1.1\r\nhost: x\r\nconnection: close");
        }
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // A service that refuses a large body may close before all of it is sent.
    let _ = stream.write_all(&request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).unwrap_or_default();
    Raw {
        status: status.parse().unwrap_or_default(),
        text,
    }
}

/// A refusal with this status that names the parameter.
#[track_caller]
pub(crate) fn refused(answer: &Raw, status: u16, location: &str, name: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let entry = format!("\"name\":\"{name}\",\"in\":\"{location}\"");
    assert!(answer.text.contains(&entry), "{answer:?} lacks {entry}");
}
