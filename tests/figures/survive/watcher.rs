//! Reading `GET /v1/watch` by hand.

use std::io;
use std::net::Ipv4Addr;
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::address;

/// An open watch of one service.
pub(crate) struct Watcher {
    stream: BufReader<TcpStream>,
    line: String,
    kind: String,
}

/// What a watcher was told, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub what: What,
    /// The instance; empty for a snapshot.
    pub id: String,
    pub at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Snapshot,
    Starting,
    Up,
    Down,
    Draining,
    Removed,
}

impl Watcher {
    /// Watches this service, from that address.
    pub(crate) async fn open(from: Ipv4Addr, center: u16, service: &str) -> io::Result<Self> {
        let mut stream = address::connect(from, center).await?;
        let request = format!("GET /v1/watch?service={service} HTTP/1.0\r\nhost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        Ok(Self {
            stream: BufReader::with_capacity(1024, stream),
            line: String::new(),
            kind: String::new(),
        })
    }

    /// The next event. Absent: the center has ended the watch.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        loop {
            self.line.clear();
            if !matches!(self.stream.read_line(&mut self.line).await, Ok(1..)) {
                return None;
            }
            let at = Instant::now();
            if let Some(kind) = self.line.strip_prefix("event: ") {
                kind.trim().clone_into(&mut self.kind);
            }
            let Some(data) = self.line.strip_prefix("data: ") else {
                continue;
            };
            if self.kind == "snapshot" {
                let id = String::new();
                let what = What::Snapshot;
                return Some(Seen { what, id, at });
            }
            let data: Value = serde_json::from_str(data).expect("the center writes JSON");
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if self.kind == "remove" {
                let (what, id) = (What::Removed, text(&data["id"]));
                return Some(Seen { what, id, at });
            }
            let instance = &data["instance"];
            let what = match instance["status"].as_str() {
                Some("starting") => What::Starting,
                Some("up") => What::Up,
                Some("draining") => What::Draining,
                _ => What::Down,
            };
            let id = text(&instance["id"]);
            return Some(Seen { what, id, at });
        }
    }
}
