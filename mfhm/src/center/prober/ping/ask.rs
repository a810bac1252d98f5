//! The request of a ping and its answer, on a connection of its own.
//!
//! hyper's client is made for many requests: for one, it takes 30 KiB of buffers, lines
//! and tasks' room, of which hundreds are in use together whenever many instances
//! register or are slow to answer. What is asked here never changes, and of the answer
//! its first lines matter, which hyper's own parser reads; so little is kept that
//! the most pings at a time are less than a megabyte.

use std::io;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Failed, assess};
use crate::center::health::PingOutcome;
use crate::center::registry::Target;
use crate::key;
use crate::wire::v1;

const AGENT: &str = concat!("mfhm/", env!("CARGO_PKG_VERSION"));

/// The head of an answer has room in this.
const MOST_OF_HEAD: usize = 16 << 10;

/// As many as hyper takes.
const MOST_HEADERS: usize = 100;

/// Of an answer's body.
const MOST_BYTES: usize = 4096;

/// How long to read it for.
const BODY_TIMEOUT: Duration = Duration::from_millis(100);

/// Most answers are shorter than this.
const ROOM: usize = 512;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Bytes(usize),
    Chunks,
    UntilTheEnd,
}

/// What the head of an answer says.
#[derive(Debug)]
struct Head {
    /// So many bytes it is long.
    length: usize,
    status: StatusCode,
    service: Option<String>,
    instance: Option<String>,
    body: Body,
}

/// `host` is as it stands in a URL.
pub(in crate::center::prober) async fn ask<S>(
    stream: &mut S,
    target: &Target,
    host: &str,
    key: Option<HeaderValue>,
) -> Result<(PingOutcome, Option<String>), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = request(host, target.port, key.as_ref())?;
    stream.write_all(&request).await?;
    stream.flush().await?;
    drop(request);

    let mut read = Vec::with_capacity(ROOM);
    let head = loop {
        match parse(&read)? {
            // Something that comes before the answer, which may be here already.
            Some(head) if is_before(head.status) => {
                read.drain(..head.length);
                continue;
            }
            Some(head) => break head,
            None => {}
        }
        if read.len() >= MOST_OF_HEAD {
            return Err(
                format!("the head of its answer has more than {MOST_OF_HEAD} bytes").into(),
            );
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    };
    let (service, instance) = (head.service.as_deref(), head.instance.as_deref());
    let outcome = assess(target, head.status, service, instance);
    // The body says nothing, but whoever writes it should not find the
    // connection gone in the middle of a word.
    read.drain(..head.length);
    if !is_whole(&read, head.body) {
        let _ = tokio::time::timeout(BODY_TIMEOUT, skip(stream, read, head.body)).await;
    }
    Ok((outcome, head.instance))
}

fn is_before(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

fn request(host: &str, port: u16, key: Option<&HeaderValue>) -> Result<Vec<u8>, Failed> {
    // Nothing gets into the head that can't stand in a header.
    let host = HeaderValue::from_str(&format!("{host}:{port}"))?;
    let mut request = Vec::with_capacity(256);
    request.extend_from_slice(b"GET /ping HTTP/1.1\r\n");
    let agent = HeaderValue::from_static(AGENT);
    let any = HeaderValue::from_static("*/*");
    let lines = [
        ("host", Some(&host)),
        ("user-agent", Some(&agent)),
        ("accept", Some(&any)),
        (key::HEADER, key),
    ];
    for (name, value) in lines {
        let Some(value) = value else { continue };
        for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            request.extend_from_slice(part);
        }
    }
    request.extend_from_slice(b"\r\n");
    Ok(request)
}

/// Absent: more of it has to come.
fn parse(read: &[u8]) -> Result<Option<Head>, Failed> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = answer.parse(read)? else {
        return Ok(None);
    };
    let status = StatusCode::from_u16(answer.code.unwrap_or_default())?;
    let value = |name: &str| {
        let mut headers = answer.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(header.value).into_owned())
    };
    let length_of_body = value("content-length").and_then(|length| length.trim().parse().ok());
    let body = match status {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Body::Bytes(0),
        _ if value("transfer-encoding").is_some() => Body::Chunks,
        _ => length_of_body.map_or(Body::UntilTheEnd, Body::Bytes),
    };
    Ok(Some(Head {
        length,
        status,
        service: value(v1::HEADER_SERVICE),
        instance: value(v1::HEADER_INSTANCE),
        body,
    }))
}

/// Whether as much of a body was read as there is, or as is read.
fn is_whole(read: &[u8], body: Body) -> bool {
    read.len() >= MOST_BYTES
        || match body {
            Body::Bytes(length) => read.len() >= length,
            Body::Chunks => read.ends_with(b"0\r\n\r\n"),
            Body::UntilTheEnd => false,
        }
}

async fn skip(stream: &mut (impl AsyncRead + Unpin), mut read: Vec<u8>, body: Body) {
    while !is_whole(&read, body) {
        let left = (MOST_BYTES - read.len()) as u64;
        match stream.take(left).read_buf(&mut read).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::target;
    use super::*;
    use crate::center::record::Origin;

    #[test]
    fn the_end_of_a_body_is_known() {
        let check = |headers: &str, expected: Body| {
            let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\nbody");
            let head = parse(text.as_bytes()).unwrap().unwrap();
            assert_eq!(head.body, expected, "{headers}");
            assert_eq!(&text[head.length..], "body");
        };
        check("Content-Length: 4\r\n", Body::Bytes(4));
        check("content-length: four\r\n", Body::UntilTheEnd);
        check("", Body::UntilTheEnd);
        let chunked = "content-length: 4\r\ntransfer-encoding: chunked\r\n";
        check(chunked, Body::Chunks);
        assert!(is_whole(b"4\r\nbody\r\n0\r\n\r\n", Body::Chunks));
        assert!(!is_whole(b"4\r\nbody\r\n", Body::Chunks));
        assert!(is_whole(b"", Body::Bytes(0)));
    }

    #[test]
    fn a_head_that_has_not_come_is_waited_for_and_what_is_none_is_refused() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nmfhm-").unwrap().is_none());
        assert!(parse(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn what_comes_before_the_answer_is_passed_over() {
        let (mut here, mut there) = tokio::io::duplex(1024);
        let hints = b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n";
        there.write_all(hints).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        there.write_all(answer).await.unwrap();
        let target = target(Origin::Python, 1);
        let asked = ask(&mut here, &target, "a", None).await.unwrap();
        assert_eq!(asked, (PingOutcome::Ok, None));
    }

    #[tokio::test]
    async fn four_kibibytes_of_an_answer_are_read() {
        let mut long = tokio::io::repeat(0).take(1 << 20);
        skip(&mut long, Vec::new(), Body::UntilTheEnd).await;
        assert_eq!(long.limit(), (1 << 20) - 4096);
    }
}
