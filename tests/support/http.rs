//! Plain HTTP/1.1, one request a connection, written by hand so that a test can
//! send what a good client would never send.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header lines, as they came.
    pub head: String,
    /// The body, lossily as text.
    pub body: String,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `GET` of this path.
///
/// # Errors
///
/// When nothing answers, or what answers is not HTTP.
pub async fn get(port: u16, path: &str) -> io::Result<Answer> {
    request(port, "GET", path, &[], "").await
}

/// One request to 127.0.0.1. `path` is sent as it is, encoded or not.
///
/// # Errors
///
/// When nothing answers, or what answers is not HTTP.
pub async fn request(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            text += "content-type: application/json\r\n";
        }
        text += &format!("content-length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    exchange(port, text.as_bytes()).await
}

/// Sends these bytes to 127.0.0.1 and reads the answer until the connection ends.
///
/// # Errors
///
/// When nothing answers in 10 s, or what answers is not HTTP.
pub async fn exchange(port: u16, bytes: &[u8]) -> io::Result<Answer> {
    let run = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        // A server may answer and close before it has read all; its answer counts.
        let sent = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        if answer.is_empty() {
            sent?;
            read?;
        }
        parse(&answer)
    };
    tokio::time::timeout(Duration::from_secs(10), run)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in 10 s")))
}

fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let not_http = || io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(not_http)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(not_http)?;
    Ok(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
