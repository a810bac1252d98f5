//! [`Network`]: exchanges with instances, over connections that are kept.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::HOST;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

#[cfg(feature = "h2")]
use super::http2::{self, Http2};
use super::{
    Answered, Hop, Opened, Outgoing, Transport, TransportError, TransportErrorKind, collect, opened,
};
use crate::connector::{self, Dial};
use crate::stream::StreamedBody;
use crate::tls::{Secured, Told, Whom};

/// Ends before a server's idle time-out, so that a request rarely meets a
/// connection that is being closed.
const IDLE: Duration = Duration::from_secs(10);

/// Over the network, by hyper's pooled client: HTTP/1.1, with the feature `h2` HTTP/2
/// where it is agreed on; no proxies, no redirects. Connections are kept and shared.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    client: Client<Dial, Payload>,
    told: Told,
}

/// What is sent: bytes, perhaps none, or a stream.
type Payload = Either<Full<Bytes>, StreamedBody>;

impl Network {
    /// Over the usual streams, and where TLS is spoken to this one only.
    pub(crate) fn to(whom: Whom, secured: Secured, #[cfg(feature = "h2")] http2: Http2) -> Self {
        let dial = Dial::new(connector::standard(), secured, whom);
        #[cfg(feature = "h2")]
        let dial = dial.with_http2(http2 != Http2::Off, http2 == Http2::PriorKnowledge);
        Self::over(dial)
    }

    fn over(dial: Dial) -> Self {
        let told = dial.told().clone();
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            // Each request brings its own.
            .set_host(false);
        #[cfg(feature = "h2")]
        builder
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(http2::QUIET)
            .http2_keep_alive_timeout(http2::DEAD)
            .http2_max_header_list_size(http2::HEAD);
        let client = builder.build(dial);
        Self { client, told }
    }

    /// Sends, and waits for the headers.
    async fn send(
        &self,
        hop: Hop<'_>,
        request: &Outgoing,
    ) -> Result<http::Response<Incoming>, TransportError> {
        let (Some(uri), Some(host)) = (hop.to.uri(&request.target), hop.to.host()) else {
            return Err(TransportError {
                kind: TransportErrorKind::Invalid,
                source: "the instance's address has a host that is none".into(),
            });
        };
        let body = match request.take_stream() {
            Some(stream) => Either::Right(stream.into_body()),
            None => Either::Left(Full::new(request.body.clone())),
        };
        let mut sent = http::Request::new(body);
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = uri;
        let mut headers = hop.headers(request);
        headers.insert(HOST, host.clone());
        *sent.headers_mut() = headers;
        let sent = self.client.request(sent).await;
        sent.map_err(|error| classify(error, &self.told))
    }
}

impl Transport for Network {
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

/// The fault of a failed exchange. A request that hyper hands back was never
/// begun: its connection was closed before it took the request. (The client has
/// another one take it where the connection was an old one.) Everything else
/// after the connection was made may have reached the service.
fn classify(error: legacy::Error, told: &Told) -> TransportError {
    let source = error.source().and_then(|source| source.downcast_ref());
    let is_untouched =
        source.is_some_and(|source: &hyper::Error| source.is_canceled() || source.is_closed());
    #[cfg(feature = "tls")]
    let is_untouched = is_untouched || crate::tls::Refused::is_in(&error);
    #[cfg(feature = "h2")]
    let is_untouched = is_untouched || http2::was_not_begun(&error);
    #[cfg(all(feature = "h2", feature = "tls"))]
    let is_untouched = is_untouched
        || told
            .lately()
            .is_some_and(|refused| http2::ended_with(&error, &refused.to_string()));
    let kind = if error.is_connect() || is_untouched {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Broken
    };
    let lost = told.lately().filter(|_| is_untouched);
    TransportError {
        kind,
        source: lost.map_or_else(|| error.into(), Into::into),
    }
}

#[cfg(test)]
mod tests;
