//! Bodies that are read while they come: [`ByteStream`], and what is made of
//! one: [`Lines`] and [`Events`].
//!
//! The same types stand on both sides. A service makes one of any stream, a
//! caller reads one from the connection, and in a local call the service's own
//! passes through as it is. Where a stream fails its last element is a
//! [`Fault`]; over a connection the body is then cut off, so that no caller
//! takes a part for the whole.

pub(crate) mod events;
#[cfg(feature = "server")]
pub(crate) mod idle;
mod lines;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
#[cfg(feature = "client")]
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
#[cfg(feature = "client")]
use http_body::Frame;

pub use self::events::{Event, Events};
pub use self::lines::Lines;
#[cfg(feature = "client")]
use crate::client::transport::{Answered, Opened};
use crate::fault::{Fault, FaultKind};
use crate::returned::Returned;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are read while they come: an answer, or a parameter with
/// `#[body(stream)]`.
///
/// It is a `Stream` of `Result<Bytes, Fault>`; the sizes of its chunks mean
/// nothing. [`next`](Self::next) reads it without another crate.
///
/// ```
/// use mfhm::{ByteStream, Bytes};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let chunks = ["a", "b"].map(|text| Bytes::from_static(text.as_bytes()));
/// let stream = ByteStream::new(futures_util::stream::iter(chunks));
/// assert_eq!(stream.read_to_end(100).await.unwrap(), "ab");
/// # });
/// ```
pub struct ByteStream {
    chunks: BoxStream<'static, Result<Bytes, Fault>>,
    /// How many bytes are left, if that is known.
    length: Option<u64>,
}

impl ByteStream {
    /// These chunks.
    pub fn new(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self {
            chunks: until_panic(chunks.map(Ok)).boxed(),
            length: None,
        }
    }

    /// Chunks whose source can fail. The stream ends with the first error.
    pub fn try_new<E: Into<BoxError>>(
        chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        Self::of_faults(chunks.map(|chunk| chunk.map_err(failed)))
    }

    /// Chunks of mfhm's own making. The stream ends with the first fault.
    pub(crate) fn of_faults(
        chunks: impl Stream<Item = Result<Bytes, Fault>> + Send + 'static,
    ) -> Self {
        Self {
            chunks: until_failure(chunks),
            length: None,
        }
    }

    /// The same bytes, which are known to be so many.
    pub(crate) fn with_length(mut self, length: Option<u64>) -> Self {
        self.length = length;
        self
    }

    /// How many bytes are left, if that is known beforehand: of bytes and files
    /// that are sent, and of bodies whose sender said so.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The bytes of a body that comes over a connection.
    pub(crate) fn of_body<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let length = body.size_hint().exact();
        let chunks = http_body_util::BodyDataStream::new(body).map(|chunk| {
            chunk.map_err(|error| {
                Fault::new(FaultKind::Broken, "the stream broke before its end").because(error)
            })
        });
        Self::of_faults(chunks).with_length(length)
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// The stream broke off. Nothing comes after that.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        StreamExt::next(self).await
    }

    /// All that is left, if it has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The stream broke off, or is longer.
    pub async fn read_to_end(mut self, limit: usize) -> Result<Bytes, Fault> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            if all.len() + chunk.len() > limit {
                let detail = format!("the stream is longer than {limit} bytes");
                return Err(Fault::new(FaultKind::Decode, detail));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// The stream as a body to be sent.
    #[cfg(feature = "client")]
    pub(crate) fn into_body(self) -> StreamedBody {
        StreamedBody(Mutex::new(self))
    }
}

/// What a service's own stream failed with.
fn failed(error: impl Into<BoxError>) -> Fault {
    Fault::new(FaultKind::Broken, "the stream failed").because(error)
}

/// Ends a stream with a fault where it panics: who reads it, perhaps in a local
/// call, is another than who made it.
fn until_panic<T>(
    items: impl Stream<Item = Result<T, Fault>>,
) -> impl Stream<Item = Result<T, Fault>> {
    let items = AssertUnwindSafe(items).catch_unwind();
    let items = items.map(|item| {
        item.unwrap_or_else(|_panic| Err(Fault::new(FaultKind::Panicked, "the stream panicked")))
    });
    // Who asks on after the end hears again that it is the end.
    items.fuse()
}

/// Ends a stream with its first error; nothing is asked of it after that.
fn until_failure<T: Send + 'static>(
    items: impl Stream<Item = Result<T, Fault>> + Send + 'static,
) -> BoxStream<'static, Result<T, Fault>> {
    let items = stream::unfold(Some(until_panic(items).boxed()), |items| async move {
        let mut items = items?;
        let item = items.next().await?;
        let rest = item.is_ok().then_some(items);
        Some((item, rest))
    });
    items.fuse().boxed()
}

impl From<Bytes> for ByteStream {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::new(stream::iter((!bytes.is_empty()).then_some(bytes))).with_length(Some(length))
    }
}

macro_rules! from_bytes {
    ($($type:ty),*) => {$(
        impl From<$type> for ByteStream {
            fn from(bytes: $type) -> Self {
                Bytes::from(bytes).into()
            }
        }
    )*};
}

from_bytes!(Vec<u8>, String, &'static [u8], &'static str);

impl Stream for ByteStream {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.chunks.as_mut().poll_next(context);
        if let (Poll::Ready(Some(Ok(chunk))), Some(length)) = (&chunk, &mut self.length) {
            *length = length.saturating_sub(chunk.len() as u64);
        }
        chunk
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}

/// A stream as an HTTP body. The mutex makes the body `Sync`, which the HTTP
/// client demands; nobody ever waits for it.
#[cfg(feature = "client")]
pub(crate) struct StreamedBody(Mutex<ByteStream>);

#[cfg(feature = "client")]
impl http_body::Body for StreamedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let stream = match self.0.get_mut() {
            Ok(stream) => stream,
            Err(poisoned) => poisoned.into_inner(),
        };
        let chunk = Pin::new(stream).poll_next(context);
        chunk.map(|chunk| chunk.map(|chunk| chunk.map(Frame::data).map_err(Into::into)))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.length.map_or_else(
            http_body::SizeHint::default,
            http_body::SizeHint::with_exact,
        )
    }
}

/// An answer whose body is `chunks`; what breaks it is in the log.
#[cfg(feature = "server")]
fn answer(
    content_type: &'static str,
    chunks: impl Stream<Item = Result<Bytes, Fault>> + Send + 'static,
) -> axum::response::Response {
    let chunks = chunks.then(|chunk| async {
        if let Err(error) = &chunk {
            tracing::error!(?error, "a stream broke off");
            // An error closes the connection at once. What came before it, at
            // least the headers, is sent while this waits for its turn.
            tokio::task::yield_now().await;
        }
        chunk
    });
    let mut answer = axum::response::Response::new(axum::body::Body::from_stream(chunks));
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    answer
}

impl Returned for ByteStream {
    type Item = ();
    const ACCEPT: &'static str = "*/*";
    const STREAMS: bool = true;

    #[cfg(feature = "openapi")]
    fn describe(_item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        crate::openapi::answer::AnswerSchema::bytes(
            "application/octet-stream",
            "Bytes, read while they come.",
        )
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        answer("application/octet-stream", self.chunks)
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        Ok(answer.body.into())
    }

    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        Ok(opened.body)
    }
}

#[cfg(feature = "server")]
impl axum::response::IntoResponse for ByteStream {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}

/// What a parameter with `#[body(stream)]` can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a streamed body",
    label = "not `mfhm::ByteStream`",
    note = "`#[body(stream)]` takes a `mfhm::ByteStream`; for a body that fits the memory write `#[body(bytes)]`"
)]
pub trait StreamBody: Sized {
    #[doc(hidden)]
    fn from_stream(stream: ByteStream) -> Self;
    #[doc(hidden)]
    fn into_stream(self) -> ByteStream;
}

impl StreamBody for ByteStream {
    fn from_stream(stream: ByteStream) -> Self {
        stream
    }

    fn into_stream(self) -> ByteStream {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One item, and then a panic that nobody reports.
    fn panicking<T: Send + 'static>(item: T) -> impl Stream<Item = T> + Send + 'static {
        let panic = stream::once(async { std::panic::resume_unwind(Box::new("oh")) });
        stream::once(async { item }).chain(panic)
    }

    /// `Ok`, and then a panic.
    fn failing<T: Send + 'static>(
        item: T,
    ) -> impl Stream<Item = Result<T, BoxError>> + Send + 'static {
        panicking(item).map(Ok)
    }

    async fn check<T>(items: impl Stream<Item = Result<T, Fault>>) {
        let items: Vec<_> = items.collect().await;
        let kinds: Vec<_> = items
            .into_iter()
            .map(|item| item.err().map(|fault| fault.kind()))
            .collect();
        assert_eq!(kinds, [None, Some(FaultKind::Panicked)]);
    }

    #[tokio::test]
    async fn who_asks_on_after_the_end_hears_that_it_is_the_end() {
        // It would panic itself.
        let once = || {
            stream::unfold(
                true,
                |is_first| async move { is_first.then_some((1, false)) },
            )
        };
        let bytes = || once().map(|_| Bytes::from_static(b"a"));
        let mut chunks = [
            ByteStream::new(bytes()),
            ByteStream::try_new(bytes().map(Ok::<_, BoxError>)),
        ];
        for stream in &mut chunks {
            assert!(stream.next().await.is_some());
            assert!(stream.next().await.is_none());
            assert!(stream.next().await.is_none());
        }
        for mut lines in [
            Lines::new(once()),
            Lines::try_new(once().map(Ok::<_, BoxError>)),
        ] {
            assert!(lines.next().await.is_some());
            assert!(lines.next().await.is_none());
            assert!(lines.next().await.is_none());
        }
    }

    #[tokio::test]
    async fn a_panic_ends_a_stream_with_a_fault() {
        let bytes = Bytes::from_static(b"a");
        check(ByteStream::new(panicking(bytes.clone()))).await;
        check(ByteStream::try_new(failing(bytes))).await;
        check(Lines::new(panicking(1))).await;
        check(Lines::try_new(failing(1))).await;
        check(Events::new(panicking(Event::new(1)))).await;
        check(Events::try_new(failing(Event::new(1)))).await;
    }

    #[cfg(feature = "server")]
    #[tokio::test]
    async fn a_panic_breaks_the_body_of_an_answer() {
        /// A value whose JSON cannot be made.
        #[derive(serde::Deserialize)]
        struct Bad;

        impl serde::Serialize for Bad {
            fn serialize<S: serde::Serializer>(&self, _to: S) -> Result<S::Ok, S::Error> {
                std::panic::resume_unwind(Box::new("oh"))
            }
        }

        for answer in [
            ByteStream::new(panicking(Bytes::from_static(b"a"))).into_answer(),
            Lines::new(stream::iter([Bad])).into_answer(),
            Events::new(stream::iter([Event::new(Bad)])).into_answer(),
        ] {
            let body = axum::body::to_bytes(answer.into_body(), 100).await;
            assert!(body.is_err(), "{body:?}");
        }
    }
}
