//! [`Transport`]: one HTTP exchange.
//!
//! The seam between a call and the network. reqwest is behind it for services
//! anywhere; a router in the same process is behind it for tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::Instant;

use super::retry::Before;
use crate::fault::Fault;
use crate::stream::ByteStream;
use crate::wire::deadline;
use crate::wire::v1::HEADER_SERVICE;

/// Answers larger than this are not read.
const MAX_ANSWER: usize = 64 << 20;
/// So much is read of an error where a stream was expected.
const MAX_ERROR: usize = 1 << 20;

/// One request, ready to be sent to any instance.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub method: Method,
    /// Path and query, percent-encoded; begins with a slash.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What is sent in place of `body`, once.
    pub stream: Option<OutgoingStream>,
}

/// A body that comes while it is sent. Whoever sends it takes it out.
pub(crate) type OutgoingStream = Arc<Mutex<Option<ByteStream>>>;

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What came before it.
    pub(crate) before: Before,
}

/// One answer whose body has not come yet.
#[derive(Debug)]
pub struct Opened {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ByteStream,
    /// What came before it.
    pub(crate) before: Before,
    /// The service and the operation that were called.
    pub(crate) call: (&'static str, &'static str),
    /// Makes the call again, where that is declared.
    pub(crate) again: Option<Again>,
}

/// Makes a call again, with this `Last-Event-ID`.
#[derive(Clone)]
pub(crate) struct Again(Arc<dyn Fn(Option<String>) -> OpenFuture + Send + Sync>);

type OpenFuture = BoxFuture<'static, Result<Opened, Fault>>;

impl Again {
    pub(crate) fn new(call: impl Fn(Option<String>) -> OpenFuture + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    pub(crate) fn call(&self, last_event_id: Option<String>) -> OpenFuture {
        (self.0)(last_event_id)
    }
}

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

impl Opened {
    /// The fault as one of this call.
    pub(crate) fn named(&self, fault: Fault) -> Fault {
        fault.of_call(self.call.0, self.call.1)
    }

    /// The answer with its body, or what there is of it: an error is told in
    /// few bytes.
    pub(crate) async fn collect(mut self) -> Result<Answered, Fault> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            let room = MAX_ERROR - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_ERROR {
                break;
            }
        }
        Ok(Answered {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
            before: self.before,
        })
    }
}

impl From<Answered> for Opened {
    fn from(answer: Answered) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers,
            body: answer.body.into(),
            before: answer.before,
            call: ("", ""),
            again: None,
        }
    }
}

/// Where one attempt goes, and what it adds to the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop<'a> {
    /// `http://host:port`
    pub base: &'a str,
    /// Goes into `MFHM-AuthKey`.
    pub key: Option<&'a HeaderValue>,
    /// The service that is meant, where it was found by its name.
    pub service: Option<&'a HeaderValue>,
    /// When the attempt is given up, which the service is told.
    pub limit: Instant,
}

impl Hop<'_> {
    fn headers(self, headers: &HeaderMap) -> HeaderMap {
        let mut headers = headers.clone();
        if let Some(key) = self.key {
            headers.insert(crate::key::HEADER, key.clone());
        }
        if let Some(service) = self.service {
            headers.insert(HEADER_SERVICE, service.clone());
        }
        let left = self.limit.saturating_duration_since(Instant::now());
        if let Some(left) = deadline::encode(left) {
            headers.insert(deadline::HEADER, left);
        }
        headers
    }
}

/// Sends one request to one address and reads the answer.
pub(crate) trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Answered when all of the answer is there.
    fn exchange<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>>;

    /// The same, but done when the headers are there.
    fn open<'a>(
        &'a self,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Opened, TransportError>> {
        let answer = self.exchange(hop, request);
        Box::pin(async move { answer.await.map(Opened::from) })
    }
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

    /// Sends, and waits for the headers.
    async fn send(
        &self,
        hop: Hop<'_>,
        request: &Outgoing,
    ) -> Result<http::Response<reqwest::Body>, TransportError> {
        let url =
            reqwest::Url::parse(&format!("{}{}", hop.base, request.target)).map_err(|error| {
                TransportError {
                    kind: TransportErrorKind::Invalid,
                    source: error.into(),
                }
            })?;
        let mut sent = reqwest::Request::new(request.method.clone(), url);
        *sent.headers_mut() = hop.headers(&request.headers);
        if let Some(stream) = request.take_stream() {
            *sent.body_mut() = Some(reqwest::Body::wrap(stream.into_body()));
        } else if !request.body.is_empty() {
            *sent.body_mut() = Some(request.body.clone().into());
        }
        let answer = self.client.execute(sent).await.map_err(classify)?;
        Ok(http::Response::from(answer))
    }
}

impl Outgoing {
    /// The streamed body, if there is one and it was not sent yet.
    fn take_stream(&self) -> Option<ByteStream> {
        let mut stream = self
            .stream
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        stream.take()
    }
}

fn opened<B>(answer: http::Response<B>) -> Opened
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = answer.into_parts();
    Opened {
        status: parts.status,
        headers: parts.headers,
        body: ByteStream::of_body(body),
        before: Before::default(),
        call: ("", ""),
        again: None,
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
        before: Before::default(),
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

    async fn send(
        &self,
        hop: Hop<'_>,
        request: &Outgoing,
    ) -> Result<http::Response<axum::body::Body>, TransportError> {
        use tower_service::Service as _;

        let body = match request.take_stream() {
            Some(stream) => axum::body::Body::new(stream.into_body()),
            None => axum::body::Body::from(request.body.clone()),
        };
        let mut sent = http::Request::new(body);
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = request
            .target
            .parse()
            .map_err(|error: http::uri::InvalidUri| TransportError {
                kind: TransportErrorKind::Invalid,
                source: error.into(),
            })?;
        *sent.headers_mut() = hop.headers(&request.headers);
        match self.router.clone().call(sent).await {
            Ok(answer) => Ok(answer),
            Err(never) => match never {},
        }
    }
}

#[cfg(feature = "server")]
impl Transport for InMemory {
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
