//! [`Transport`]: one HTTP exchange.
//!
//! The seam between a call and the network. reqwest is behind it for services
//! anywhere; a router in the same process is behind it for tests.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};

/// Answers larger than this are not read.
const MAX_ANSWER: usize = 64 << 20;

/// One request, ready to be sent to any instance.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub method: Method,
    /// Path and query, percent-encoded; begins with a slash.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends one request to one address and reads the answer.
pub(crate) trait Transport: fmt::Debug + Send + Sync + 'static {
    /// `base` is `http://host:port`; `key` goes into `MFHM-AuthKey`.
    fn exchange<'a>(
        &'a self,
        base: &'a str,
        key: Option<&'a HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>>;
}

/// Why an exchange gave no answer.
#[derive(Debug)]
pub(crate) struct TransportError {
    pub kind: TransportErrorKind,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    /// The request is not one that can be sent.
    Invalid,
    /// No connection: nothing was sent.
    Connect,
    /// The connection broke, or what came was no HTTP.
    Broken,
    /// The answer is larger than 64 MiB.
    TooLarge,
}

/// Over the network, by reqwest: connections are kept and shared.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    client: reqwest::Client,
}

impl Network {
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
}

impl Transport for Network {
    fn exchange<'a>(
        &'a self,
        base: &'a str,
        key: Option<&'a HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>> {
        Box::pin(async move {
            let url =
                reqwest::Url::parse(&format!("{base}{}", request.target)).map_err(|error| {
                    TransportError {
                        kind: TransportErrorKind::Invalid,
                        source: error.into(),
                    }
                })?;
            let mut sent = reqwest::Request::new(request.method.clone(), url);
            *sent.headers_mut() = with_key(&request.headers, key);
            if !request.body.is_empty() {
                *sent.body_mut() = Some(request.body.clone().into());
            }
            let answer = self.client.execute(sent).await.map_err(classify)?;
            let (parts, body) = http::Response::from(answer).into_parts();
            collect(parts, body).await
        })
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

fn with_key(headers: &HeaderMap, key: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = headers.clone();
    if let Some(key) = key {
        headers.insert(crate::key::HEADER, key.clone());
    }
    headers
}

async fn collect<B>(parts: http::response::Parts, body: B) -> Result<Answered, TransportError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = match Limited::new(body, MAX_ANSWER).collect().await {
        Ok(body) => body.to_bytes(),
        Err(source) => {
            let kind = if source.is::<http_body_util::LengthLimitError>() {
                TransportErrorKind::TooLarge
            } else {
                TransportErrorKind::Broken
            };
            return Err(TransportError { kind, source });
        }
    };
    Ok(Answered {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

/// Through a router in the same process: serialisation, routing and handlers,
/// and no socket.
#[cfg(feature = "server")]
#[derive(Clone, Debug)]
pub(crate) struct InMemory {
    router: axum::Router,
}

#[cfg(feature = "server")]
impl InMemory {
    pub(crate) fn new(router: axum::Router) -> Self {
        Self { router }
    }
}

#[cfg(feature = "server")]
impl Transport for InMemory {
    fn exchange<'a>(
        &'a self,
        _base: &'a str,
        key: Option<&'a HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>> {
        use tower_service::Service as _;

        let mut router = self.router.clone();
        Box::pin(async move {
            let mut sent = http::Request::new(axum::body::Body::from(request.body.clone()));
            *sent.method_mut() = request.method.clone();
            *sent.uri_mut() = request
                .target
                .parse()
                .map_err(|error: http::uri::InvalidUri| TransportError {
                    kind: TransportErrorKind::Invalid,
                    source: error.into(),
                })?;
            *sent.headers_mut() = with_key(&request.headers, key);
            let answer = match router.call(sent).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let (parts, body) = answer.into_parts();
            collect(parts, body).await
        })
    }
}
