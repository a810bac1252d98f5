//! [`InMemory`]: exchanges with a router in the same process.

use futures_util::future::BoxFuture;
use tower_service::Service as _;

use super::{Answered, Hop, Opened, Outgoing, Transport, TransportError, collect, opened};

/// Serialisation, routing and handlers, and no socket.
#[derive(Clone, Debug)]
pub(crate) struct InMemory {
    router: axum::Router,
}

impl InMemory {
    pub(crate) fn new(router: axum::Router) -> Self {
        Self { router }
    }

    async fn send(&self, hop: Hop<'_>, request: &Outgoing) -> http::Response<axum::body::Body> {
        let body = match request.take_stream() {
            Some(stream) => axum::body::Body::new(stream.into_body()),
            None => axum::body::Body::from(request.body.clone()),
        };
        let mut sent = http::Request::new(body);
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = request.target.clone().into();
        *sent.headers_mut() = hop.headers(request);
        match self.router.clone().call(sent).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

impl Transport for InMemory {
    fn exchange<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>> {
        Box::pin(async move {
            let (parts, body) = self.send(hop, request).await.into_parts();
            collect(parts, body).await
        })
    }

    fn open<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Opened, TransportError>> {
        Box::pin(async move { Ok(opened(self.send(hop, request).await)) })
    }
}
