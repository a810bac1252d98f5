#[cfg(feature = "h2")]
mod http2;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::Method;
use http::uri::{Authority, PathAndQuery};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf,
};
use tokio::time::Instant;

use super::super::{Address, BoxError};
use super::*;
use crate::connector::{Connector, Wire};

/// A network in memory: each connection is handed to what the test says.
struct Wired {
    peer: fn(DuplexStream, usize) -> BoxFuture<'static, ()>,
    made: AtomicUsize,
}

impl std::fmt::Debug for Wired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wired")
    }
}

impl Connector for Wired {
    fn connect(&self, to: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let peer = self.peer;
        Box::pin(async move {
            match to.port_u16() {
                Some(REFUSING) => return Err("refused".into()),
                Some(SILENT) => std::future::pending().await,
                _ => {}
            }
            let (near, far) = tokio::io::duplex(64 * 1024);
            tokio::spawn(peer(far, number));
            Ok(Box::new(near) as Box<dyn Wire>)
        })
    }
}

const REFUSING: u16 = 1;
const SILENT: u16 = 2;
const THERE: u16 = 3;

fn over(connector: Arc<dyn Connector>) -> Network {
    Network::over(Dial::new(connector, Secured::default(), Whom::Nobody))
}

fn wired(peer: fn(DuplexStream, usize) -> BoxFuture<'static, ()>) -> (Network, Arc<Wired>) {
    let made = AtomicUsize::new(0);
    let wired = Arc::new(Wired { peer, made });
    (over(wired.clone()), wired)
}

async fn get(network: &Network, port: u16) -> Result<Answered, TransportError> {
    let target = PathAndQuery::from_static("/users/7?verbose=true");
    let request = Outgoing::new(Method::GET, target);
    let now = Instant::now();
    let hop = Hop {
        to: &Address::of("a.example", port, false),
        key: None,
        service: None,
        identity: None,
        now,
        limit: now + Duration::from_secs(5),
    };
    network.exchange(hop, &request).await
}

/// Reads the head of one request; `None` at the end.
async fn head(stream: &mut DuplexStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Answers each request with its head.
fn echo(mut stream: DuplexStream, _: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Some(head) = head(&mut stream).await {
            let length = head.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{head}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
}

#[tokio::test]
async fn a_request_says_what_is_called_and_its_connection_is_kept() {
    let (network, wired) = wired(echo);
    for _ in 0..3 {
        let answer = get(&network, THERE).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&answer.body),
            "GET /users/7?verbose=true HTTP/1.1\r\naccept: */*\r\nmfhm-timeout-ms: 5000\r\nhost: a.example:3\r\n\r\n"
        );
        // The connection is put back by a task.
        tokio::task::yield_now().await;
    }
    assert_eq!(wired.made.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nothing_was_sent() {
    let (network, _) = wired(echo);
    let started = Instant::now();
    let refused = get(&network, REFUSING).await.unwrap_err();
    assert_eq!(refused.kind, TransportErrorKind::Connect);
    assert!(started.elapsed() < Duration::from_millis(1));
    let late = get(&network, SILENT).await.unwrap_err();
    assert_eq!(late.kind, TransportErrorKind::Connect);
    assert_eq!(started.elapsed().as_secs(), 1);
}

/// Answers one request; the second connection breaks when it has read a request.
fn once(mut stream: DuplexStream, number: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let _ = head(&mut stream).await;
        if number == 0 {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_used_and_one_that_breaks_is_told() {
    let (network, wired) = wired(once);
    get(&network, THERE).await.unwrap();
    // The other end closes it.
    tokio::task::yield_now().await;
    let broken = get(&network, THERE).await.unwrap_err();
    assert_eq!(broken.kind, TransportErrorKind::Broken, "{broken:?}");
    assert_eq!(wired.made.load(Ordering::SeqCst), 2);
}

/// Breaks when it is read a second time: that is when a request is there.
#[derive(Debug, Default)]
struct Breaking {
    is_read: bool,
}

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.is_read, true) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("nothing is written to a connection that is broken")
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connector for Breaking {
    fn connect(&self, _: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        Box::pin(async { Ok(Box::new(Self::default()) as Box<dyn Wire>) })
    }
}

#[tokio::test]
async fn a_request_that_no_connection_took_never_reached_the_service() {
    let network = over(Arc::new(Breaking::default()));
    let untouched = get(&network, THERE).await.unwrap_err();
    assert_eq!(untouched.kind, TransportErrorKind::Connect, "{untouched:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_for_longer_than_a_server_waits_is_not_used() {
    let (network, wired) = wired(echo);
    for (pause, connections) in [(0, 1), (4, 1), (11, 2)] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        get(&network, THERE).await.unwrap();
        assert_eq!(wired.made.load(Ordering::SeqCst), connections);
    }
}
