//! The accept loop that centers and services share: HTTP/1.1 over TCP, with a
//! header time-out and a graceful stop.
//!
//! hyper does the work. What is added here: each request knows its peer, the
//! loop outlives a lack of file descriptors, and whoever holds the [`Server`]
//! owns every task under it: dropping it ends them all.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower_service::Service as _;

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time from the end of one request (or the start of the connection) to the
    /// end of the next request's headers. It also ends idle connections, so
    /// callers close theirs earlier.
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
        }
    }
}

/// Who is connected: the socket's peer, never a header's claim. A request
/// extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub SocketAddr);

/// What answers the requests of a listener.
pub(crate) trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request that came from `peer`.
    fn answer(&self, request: Request, peer: SocketAddr) -> impl Future<Output = Response> + Send;
}

/// The peer is an extension of the request: [`Peer`].
impl Answer for Router {
    fn answer(
        &self,
        mut request: Request,
        peer: SocketAddr,
    ) -> impl Future<Output = Response> + Send {
        request.extensions_mut().insert(Peer(peer));
        let answered = self.clone().call(request);
        async move {
            match answered.await {
                Ok(answer) => answer,
                Err(never) => match never {},
            }
        }
    }
}

/// A running accept loop.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    is_closing: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to accept connections and to answer them with `app`.
    pub(crate) fn start(
        listener: TcpListener,
        app: impl Answer,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let is_closing = Arc::new(AtomicBool::new(false));
        let closing = is_closing.clone();
        let task = tokio::spawn(accept_loop(listener, app, limits, closing, stopped));
        Ok(Self {
            address,
            is_closing,
            stop: Some(stop),
            task,
        })
    }

    /// The address that is bound, with the real port.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Goes on serving, and says with each answer that the connection is closed
    /// after it: no client begins a request on a connection that is about to go.
    #[cfg(feature = "server")]
    pub(crate) fn announce_close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Stops accepting, lets running requests finish for up to `grace`, then
    /// closes what is left.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.is_closing.store(true, Ordering::Relaxed);
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            tracing::warn!(address = %self.address, ?grace, "requests still running were cut off");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_loop(
    listener: TcpListener,
    app: impl Answer,
    limits: Limits,
    is_closing: Arc<AtomicBool>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout);
    let (stop, stopping) = watch::channel(());
    // The set owns the connections: when this task is aborted, so are they.
    let mut connections = JoinSet::new();

    loop {
        tokio::select! {
            _ = &mut stopped => break,
            // Reaping keeps the set from growing with connections long gone.
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(builder.clone(), stream, peer, app.clone(), is_closing.clone(), stopping.clone()));
                }
                Err(error) => pause_after(&error).await,
            },
        }
    }
    // The port is free from here on; what runs is finished.
    drop(listener);
    let _ = stop.send(());
    while connections.join_next().await.is_some() {}
}

/// Serves one connection until it ends or, once `stopping` changes, until its
/// running request is answered.
async fn serve(
    builder: http1::Builder,
    stream: TcpStream,
    peer: SocketAddr,
    app: impl Answer,
    is_closing: Arc<AtomicBool>,
    mut stopping: watch::Receiver<()>,
) {
    // Small answers should not wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let app = app.clone();
        let is_closing = is_closing.clone();
        async move {
            let mut answer = app.answer(request.map(Body::new), peer).await;
            if is_closing.load(Ordering::Relaxed) {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = std::pin::pin!(
        builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Errors of one connection concern nobody else. Anything else is a lack of
/// resources (file descriptors, memory), and trying again at once would spin.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn started(app: Router) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server::start(listener, app, Limits::default()).unwrap()
    }

    #[tokio::test]
    async fn a_stop_finishes_the_running_request_and_frees_the_port() {
        let (entered, mut has_entered) = tokio::sync::mpsc::unbounded_channel();
        let release = std::sync::Arc::new(tokio::sync::Notify::new());
        let gate = release.clone();
        let app = Router::new().route(
            "/",
            axum::routing::get(move || async move {
                entered.send(()).unwrap();
                gate.notified().await;
                "done"
            }),
        );
        let server = started(app).await;
        let address = server.local_addr();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        has_entered.recv().await.unwrap();

        let stopping = tokio::spawn(server.stop(Duration::from_secs(20)));
        release.notify_one();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        stopping.await.unwrap();
        TcpListener::bind(address)
            .await
            .expect("the port is free again");
    }

    #[tokio::test]
    async fn a_request_knows_its_peer() {
        let app = Router::new().fallback(|request: axum::extract::Request| async move {
            request.extensions().get::<Peer>().unwrap().0.to_string()
        });
        let server = started(app).await;
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 9.9.9.9\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(&own), "{answer}");
    }
}
