//! [`Outside`]: exchanges with a fixed address, which may be anything that speaks
//! HTTP.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{
    Answered, Hop, Opened, Outgoing, Transport, TransportError, TransportErrorKind, collect, opened,
};

/// Over the network, by reqwest.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    client: reqwest::Client,
}

impl Outside {
    pub(crate) fn new() -> Result<Self, crate::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            // Ends before a server's idle time-out, so that a request rarely
            // meets a connection that is being closed.
            .pool_idle_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .build()
            .map_err(|error| {
                crate::Error::with_source("the HTTP client cannot be set up", error)
            })?;
        Ok(Self { client })
    }

    /// Sends, and waits for the headers.
    async fn send(
        &self,
        hop: Hop<'_>,
        request: &Outgoing,
    ) -> Result<http::Response<reqwest::Body>, TransportError> {
        let url = format!("{}{}", hop.to.base(), request.target);
        let url = reqwest::Url::parse(&url).map_err(|error| TransportError {
            kind: TransportErrorKind::Invalid,
            source: error.into(),
        })?;
        let mut sent = reqwest::Request::new(request.method.clone(), url);
        *sent.headers_mut() = hop.headers(request);
        if let Some(stream) = request.take_stream() {
            *sent.body_mut() = Some(reqwest::Body::wrap(stream.into_body()));
        } else if !request.body.is_empty() {
            *sent.body_mut() = Some(request.body.clone().into());
        }
        let answer = self.client.execute(sent).await.map_err(classify)?;
        Ok(http::Response::from(answer))
    }
}

impl Transport for Outside {
    fn exchange<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>> {
        Box::pin(async move {
            let (parts, body) = self.send(hop, request).await?.into_parts();
            collect(parts, body).await
        })
    }

    fn open<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Opened, TransportError>> {
        Box::pin(async move { Ok(opened(self.send(hop, request).await?)) })
    }
}

/// The fault of a failed exchange. reqwest says whether a connection was made;
/// everything after that may have reached the service.
fn classify(error: reqwest::Error) -> TransportError {
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_builder() {
        TransportErrorKind::Invalid
    } else {
        TransportErrorKind::Broken
    };
    // The text of the URL is left out: a query may hold what logs should not.
    TransportError {
        kind,
        source: error.without_url().into(),
    }
}
