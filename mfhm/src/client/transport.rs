//! [`Transport`]: one HTTP exchange.
//!
//! The seam between a call and the network. Behind it is hyper's pooled client for
//! instances that were found by name ([`Network`]), reqwest for an address that
//! somebody wrote ([`Outside`]), and a router in the same process for tests
//! (`InMemory`).

mod address;
pub(crate) mod connector;
#[cfg(feature = "server")]
mod in_memory;
mod network;
mod outside;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::time::Instant;

pub(crate) use self::address::Address;
#[cfg(feature = "server")]
pub(crate) use self::in_memory::InMemory;
pub(crate) use self::network::Network;
pub(crate) use self::outside::Outside;
use super::retry::Before;
use crate::fault::Fault;
use crate::stream::ByteStream;
use crate::wire::deadline;
use crate::wire::v1::HEADER_SERVICE;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Answers larger than this are not read.
const MAX_ANSWER: usize = 64 << 20;
/// So much is read of an error where a stream was expected.
const MAX_ERROR: usize = 1 << 20;

/// One request, ready to be sent to any instance.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub method: Method,
    /// Begins with a slash.
    pub target: PathAndQuery,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What is sent in place of `body`, once.
    pub stream: Option<OutgoingStream>,
}

/// What a target may not have in it as it is. Parameters have been escaped
/// already; a path that a service registered need not be.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'^')
    .add(b'{')
    .add(b'}');

/// Path and query of a request.
pub(crate) fn target(text: String) -> Result<PathAndQuery, http::uri::InvalidUri> {
    let escaped = match Cow::from(utf8_percent_encode(&text, UNSAFE)) {
        Cow::Owned(escaped) => Some(escaped),
        Cow::Borrowed(_) => None,
    };
    PathAndQuery::from_maybe_shared(Bytes::from(escaped.unwrap_or(text)))
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
    pub to: &'a Address,
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
    pub source: BoxError,
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
    B::Error: Into<BoxError>,
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

async fn collect<B>(parts: http::response::Parts, body: B) -> Result<Answered, TransportError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_was_registered_as_it_is_is_escaped() {
        for (text, expected) in [
            ("/users/7?verbose=true", "/users/7?verbose=true"),
            ("/a%20b/~x!$&'()*+,;=:@", "/a%20b/~x!$&'()*+,;=:@"),
            ("/nós e vós", "/n%C3%B3s%20e%20v%C3%B3s"),
            ("/{a}\"<b>\n", "/%7Ba%7D%22%3Cb%3E%0A"),
        ] {
            assert_eq!(target(text.to_owned()).unwrap(), expected);
        }
        assert!(target("/".repeat(70_000)).is_err());
    }
}
