//! [`Transport`]: one HTTP exchange.
//!
//! The seam between a call and the network. Behind it is hyper's pooled client for
//! instances that were found by name ([`Network`]), reqwest for an address that
//! somebody wrote ([`Outside`]), and a router in the same process for tests
//! (`InMemory`).

mod address;
#[cfg(feature = "h2")]
mod http2;
#[cfg(feature = "server")]
mod in_memory;
mod network;
mod outside;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::time::Instant;

pub(crate) use self::address::Address;
#[cfg(feature = "h2")]
pub use self::http2::Http2;
#[cfg(feature = "server")]
pub(crate) use self::in_memory::InMemory;
pub(crate) use self::network::Network;
pub(crate) use self::outside::Outside;
use super::retry::Before;
use crate::fault::Fault;
use crate::memory::Room;
use crate::stream::ByteStream;
use crate::wire::deadline;
use crate::wire::v1::HEADER_SERVICE;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the answers that arrive, and are read whole, may take of a process: 1 GiB unless
/// `MFHM_ANSWER_MEMORY` says another.
static ROOM: Room = Room::new(1 << 30);

/// Sets how much that is.
pub(crate) fn set_answer_memory(bytes: usize) {
    ROOM.set_most(bytes);
}

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
    /// Apart from those below, which nearly every request has: most have no others.
    pub headers: HeaderMap,
    /// Goes before one among the headers.
    pub content_type: Option<HeaderValue>,
    /// Unless the headers say another.
    pub accept: HeaderValue,
    pub body: Bytes,
    /// What is sent in place of `body`, once.
    pub stream: Option<OutgoingStream>,
}

impl Outgoing {
    /// A request without a body that takes any answer.
    pub(crate) fn new(method: Method, target: PathAndQuery) -> Self {
        Self {
            method,
            target,
            headers: HeaderMap::new(),
            content_type: None,
            accept: HeaderValue::from_static("*/*"),
            body: Bytes::new(),
            stream: None,
        }
    }

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
    if text.is_ascii() {
        let text = Bytes::from(text);
        return match PathAndQuery::from_maybe_shared(text.clone()) {
            Err(_) => escaped(&String::from_utf8_lossy(&text)),
            target => target,
        };
    }
    escaped(&text)
}

fn escaped(text: &str) -> Result<PathAndQuery, http::uri::InvalidUri> {
    let text: String = utf8_percent_encode(text, UNSAFE).collect();
    PathAndQuery::from_maybe_shared(Bytes::from(text))
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
    /// The center's word for who calls.
    pub identity: Option<&'a HeaderValue>,
    /// When the attempt begins.
    pub now: Instant,
    /// When the attempt is given up, which the service is told.
    pub limit: Instant,
}

const KEY: HeaderName = HeaderName::from_static(crate::key::HEADER);
const SERVICE: HeaderName = HeaderName::from_static(HEADER_SERVICE);
const IDENTITY: HeaderName = HeaderName::from_static(crate::wire::v1::identity::HEADER);
/// So many headers are there of themselves at most.
const USUAL: usize = 7;

impl Hop<'_> {
    /// The headers of the request when it goes here.
    fn headers(self, request: &Outgoing) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !request.headers.is_empty() {
            headers = request.headers.clone();
        }
        headers.reserve(USUAL);
        if let Some(content_type) = &request.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        headers
            .entry(ACCEPT)
            .or_insert_with(|| request.accept.clone());
        if let Some(key) = self.key {
            headers.insert(KEY, key.clone());
        }
        if let Some(service) = self.service {
            headers.insert(SERVICE, service.clone());
        }
        if let Some(identity) = self.identity {
            headers.insert(IDENTITY, identity.clone());
        }
        let left = self.limit.saturating_duration_since(self.now);
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
    /// The answers that arrive take all the memory there is for them.
    NoRoom,
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

/// The answer with all of its body.
async fn collect<B>(parts: http::response::Parts, body: B) -> Result<Answered, TransportError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    collect_in(&ROOM, parts, body).await
}

async fn collect_in<B>(
    room: &'static Room,
    parts: http::response::Parts,
    body: B,
) -> Result<Answered, TransportError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let failed = |kind, source| TransportError { kind, source };
    let mut body = pin!(body);
    // What has arrived is read at once, and belongs to whoever made the call.
    let mut held = room.body();
    // Nearly every answer comes as one chunk, which needs no copy.
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| failed(TransportErrorKind::Broken, error.into()))?;
        // Trailers say nothing to a caller.
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        let length = first.len() + all.len() + chunk.len();
        if length > MAX_ANSWER {
            let why = "reading stopped there".into();
            return Err(failed(TransportErrorKind::TooLarge, why));
        }
        if !held.grow(length) {
            let most = room.most() >> 20;
            let why = format!(
                "they may take {most} MiB together: MFHM_ANSWER_MEMORY says how much, or make \
                 fewer calls at once whose answers are large"
            );
            return Err(failed(TransportErrorKind::NoRoom, why.into()));
        }
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
    }
    let whole = if all.is_empty() { first } else { all.freeze() };
    Ok(Answered {
        status: parts.status,
        headers: parts.headers,
        body: whole,
        before: Before::default(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_path_that_was_registered_as_it_is_is_escaped() {
        for (text, expected) in [
            ("/users/7?verbose=true", "/users/7?verbose=true"),
            ("/a%20b/~x!$&'()*+,;=:@", "/a%20b/~x!$&'()*+,;=:@"),
            ("/nós e vós", "/n%C3%B3s%20e%20v%C3%B3s"),
            ("/<{a}>\n", "/%3C%7Ba%7D%3E%0A"),
        ] {
            assert_eq!(target(text.to_owned()).unwrap(), expected);
        }
        assert!(target("/".repeat(70_000)).is_err());
    }

    async fn collected(chunks: &[usize]) -> Result<usize, TransportErrorKind> {
        let chunks: Vec<Bytes> = chunks
            .iter()
            .map(|&length| vec![0; length].into())
            .collect();
        let body = ByteStream::new(futures_util::stream::iter(chunks)).into_body();
        let (parts, body) = http::Response::new(body).into_parts();
        let answer = collect(parts, body).await;
        answer
            .map(|answer| answer.body.len())
            .map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn answers_that_arrive_together_share_the_memory_for_them() {
        static SMALL: Room = Room::new(1 << 20);
        let slow = |length: usize| {
            let (sender, chunks) = until_dropped(length);
            let body = ByteStream::new(chunks).into_body();
            let (parts, body) = http::Response::new(body).into_parts();
            (sender, tokio::spawn(collect_in(&SMALL, parts, body)))
        };
        // Most of the room is taken by one that has not ended.
        let (end, first) = slow(1 << 20);
        while SMALL.taken() == 0 {
            tokio::task::yield_now().await;
        }
        let (_end, second) = slow(1 << 19);
        let second = tokio::time::timeout(Duration::from_secs(10), second).await;
        let refused = second.expect("it does not wait").unwrap().unwrap_err();
        assert_eq!(refused.kind, TransportErrorKind::NoRoom);
        assert!(refused.source.to_string().contains("MFHM_ANSWER_MEMORY"));
        let (small_end, small) = slow(1000);
        drop(small_end);
        assert_eq!(small.await.unwrap().unwrap().body.len(), 1000);
        drop(end);
        assert_eq!(first.await.unwrap().unwrap().body.len(), 1 << 20);
        assert_eq!(SMALL.taken(), 0);
        let (end, third) = slow(1 << 19);
        drop(end);
        assert!(third.await.unwrap().is_ok());
    }

    /// A chunk of so many bytes, and an end when what comes with it is dropped.
    fn until_dropped(
        length: usize,
    ) -> (
        tokio::sync::oneshot::Sender<()>,
        impl futures_util::Stream<Item = Bytes> + Send + 'static,
    ) {
        use futures_util::StreamExt as _;
        let (sender, end) = tokio::sync::oneshot::channel::<()>();
        let first = futures_util::stream::iter([Bytes::from(vec![0; length])]);
        let rest = futures_util::stream::once(end).filter_map(async |_| None);
        (sender, first.chain(rest.boxed()))
    }

    #[tokio::test]
    async fn an_answer_is_read_to_its_end_if_that_is_near() {
        assert_eq!(collected(&[]).await, Ok(0));
        assert_eq!(collected(&[7]).await, Ok(7));
        assert_eq!(collected(&[0, 7, 0, 5]).await, Ok(12));
        const HALF: usize = MAX_ANSWER / 2;
        assert_eq!(collected(&[HALF, HALF]).await, Ok(MAX_ANSWER));
        let too_large = Err(TransportErrorKind::TooLarge);
        assert_eq!(collected(&[HALF, HALF, 1]).await, too_large);
        assert_eq!(collected(&[MAX_ANSWER + 1]).await, too_large);
    }
}
