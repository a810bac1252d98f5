//! The streams of the simulated network.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::BoxFuture;
use http::uri::Authority;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tower_service::Service as _;
use turmoil::net::{TcpListener, TcpStream};

use crate::connector::{Connector, Wire};
use crate::listener::Peer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects within the simulation that this thread runs.
#[derive(Clone, Copy, Debug)]
struct Simulated;

/// The connector of the simulation that this thread runs, if it runs one.
pub(crate) fn connector() -> Option<Arc<dyn Connector>> {
    turmoil::in_simulation().then(|| Arc::new(Simulated) as Arc<dyn Connector>)
}

impl Connector for Simulated {
    fn connect(&self, to: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        Box::pin(async move {
            let stream = TcpStream::connect(to.as_str()).await?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    }
}

/// Answers what comes to this port with `app`, until it is dropped.
pub(super) async fn serve(listener: TcpListener, app: Router) {
    // The set owns the connections: who is killed drops them.
    let mut connections = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        let app = app.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            app.clone().call(request)
        });
        connections.spawn(async move {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(30));
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
