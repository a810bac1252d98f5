//! [`Events`]: server-sent events, after the [HTML
//! standard](https://html.spec.whatwg.org/multipage/server-sent-events.html).

pub(crate) mod parse;
#[cfg(feature = "client")]
mod receive;
#[cfg(feature = "server")]
mod send;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{BoxStream, Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BoxError, failed, until_failure, until_panic};
#[cfg(feature = "client")]
use crate::client::transport::{Answered, Opened};
use crate::fault::Fault;
use crate::returned::Returned;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<T> {
    /// Its name in the stream, from which a caller resumes. One with a line break
    /// or a zero byte is not sent; the event is.
    pub id: Option<String>,
    /// Its kind; it has no line breaks.
    pub event: Option<String>,
    /// What it tells, as JSON.
    pub data: T,
    /// How long a caller shall wait before it connects again, in whole
    /// milliseconds; callers of mfhm wait at least 100 ms.
    pub retry: Option<Duration>,
}

impl<T> Event<T> {
    /// An event with this data.
    pub fn new(data: T) -> Self {
        Self {
            id: None,
            event: None,
            data,
            retry: None,
        }
    }

    /// The event under this name.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The event as one of this kind.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// With how long a caller shall wait before it connects again.
    #[must_use]
    pub fn retry(mut self, retry: Duration) -> Self {
        self.retry = Some(retry);
        self
    }
}

/// Server-sent events, as an operation returns them.
///
/// It is a `Stream` of `Result<Event<T>, Fault>`; [`next`](Self::next) reads it
/// without another crate. A service sends a comment after each 10 s of silence;
/// a caller takes 30 s without a byte for a broken connection.
///
/// With `#[resume]` on the operation, a caller whose connection breaks connects
/// again and says in `Last-Event-ID` which event was its last: at most 5 times in
/// a row, after 1 s (or what `retry` said) and then twice as long each time. A
/// stream that the service ends is at its end.
///
/// ```
/// use mfhm::{Event, Events};
///
/// #[mfhm::client(service = "clock")]
/// pub trait Clock {
///     #[get("/ticks")]
///     #[resume]
///     async fn ticks(&self, #[header("last-event-id")] last: Option<u64>) -> Events<u64>;
/// }
///
/// struct Three;
///
/// impl Clock for Three {
///     async fn ticks(&self, last: Option<u64>) -> Events<u64> {
///         let first = last.map_or(1, |last| last + 1);
///         let ticks = (first..=3).map(|tick| Event::new(tick).id(tick.to_string()));
///         Events::new(futures_util::stream::iter(ticks))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut ticks = ClockClient::local(Three).ticks(Some(1)).await.unwrap();
/// assert_eq!(ticks.next().await.unwrap().unwrap().data, 2);
/// # });
/// ```
pub struct Events<T> {
    events: BoxStream<'static, Result<Event<T>, Fault>>,
}

impl<T: Send + 'static> Events<T> {
    /// These events.
    pub fn new(events: impl Stream<Item = Event<T>> + Send + 'static) -> Self {
        Self {
            events: until_panic(events.map(Ok)).boxed(),
        }
    }

    /// Events whose source can fail. The stream ends with the first error.
    pub fn try_new<E: Into<BoxError>>(
        events: impl Stream<Item = Result<Event<T>, E>> + Send + 'static,
    ) -> Self {
        Self {
            events: until_failure(events.map(|event| event.map_err(failed))),
        }
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    ///
    /// The stream broke off and could not be resumed, or an event's data is not
    /// a `T`. Nothing comes after that.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Event<T>, Fault>> {
        StreamExt::next(&mut self.events).await
    }
}

impl<T> Stream for Events<T> {
    type Item = Result<Event<T>, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

const CONTENT_TYPE: &str = "text/event-stream";

impl<T: Serialize + DeserializeOwned + Send + 'static> Returned for Events<T> {
    type Item = T;
    const ACCEPT: &'static str = CONTENT_TYPE;
    const STREAMS: bool = true;

    #[cfg(feature = "openapi")]
    fn describe(item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        let description = "Server-sent events; the data of each is JSON.";
        crate::openapi::answer::AnswerSchema::items(CONTENT_TYPE, description, item)
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        let mut answer = super::answer(CONTENT_TYPE, send::lines(self.events));
        answer.headers_mut().insert(
            http::header::CACHE_CONTROL,
            http::HeaderValue::from_static("no-cache"),
        );
        answer
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        Self::open(answer.into())
    }

    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        Ok(Self {
            events: until_failure(receive::events(opened)?),
        })
    }
}

#[cfg(feature = "server")]
impl<T: Serialize + DeserializeOwned + Send + 'static> axum::response::IntoResponse for Events<T> {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}
