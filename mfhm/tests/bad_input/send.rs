//! The two ways to a service: its router, and a socket.

use std::fmt;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use crate::cases::Case;

pub(crate) enum Way {
    Router(Router),
    Socket(SocketAddr),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Router(_) => "router",
            Self::Socket(_) => "socket",
        })
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Way {
    pub(crate) async fn send(&self, case: &Case) -> Answer {
        match self {
            Self::Router(router) => through_router(router, case).await,
            Self::Socket(address) => through_socket(*address, case).await,
        }
    }
}

async fn through_router(router: &Router, case: &Case) -> Answer {
    let mut request = Request::builder()
        .method(case.method)
        .uri(case.target.as_slice());
    for (name, value) in &case.headers {
        request = request.header(name.as_str(), value.as_slice());
    }
    let request = request.body(Body::from(case.body.clone())).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let content_type = head.headers.get("content-type");
    Answer {
        status: head.status.as_u16(),
        content_type: content_type.map_or(String::new(), |v| v.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn through_socket(address: SocketAddr, case: &Case) -> Answer {
    let mut request = Vec::new();
    request.extend_from_slice(case.method.as_bytes());
    request.push(b' ');
    request.extend_from_slice(&case.target);
    request.extend_from_slice(b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in &case.headers {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
    }
    let length = case.body.len();
    request.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    request.extend_from_slice(&case.body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A service that refuses a long head may close before all of it is sent.
    let _ = stream.write_all(&request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let content_type = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "));
    Answer {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_default(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: body.to_owned(),
    }
}
