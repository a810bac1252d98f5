//! A form as it comes over a connection.
//!
//! [`multer`] takes apart what it is given; it would take all that is there.
//! The [`Gate`] between the body and it lets one chunk through at a time, and
//! only when what it has is not enough, so that the memory of an upload does
//! not depend on how fast it comes or of how many parts it is made.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::{Multipart, MultipartError, Part, Source};
use crate::body::Slow;
use crate::fault::Fault;
use crate::stream::ByteStream;

/// So much may come before a part's headers end.
const MAX_HEAD: usize = 64 << 10;
/// After so many chunks a poll lets other tasks run.
const CHUNKS: usize = 32;

/// Reads parts from a body.
pub(super) struct Reader {
    multipart: multer::Multipart<'static>,
    gate: Arc<Gate>,
}

impl Multipart {
    /// The form in a body, with the boundary that its content type tells.
    pub(crate) fn received(body: ByteStream, boundary: String) -> Self {
        let gate = Arc::<Gate>::default();
        let gated = Gated {
            body,
            gate: gate.clone(),
        };
        let multipart = multer::Multipart::new(gated, boundary);
        Self::from_source(Source::Received(Box::new(Reader { multipart, gate })))
    }
}

impl Reader {
    /// The next part. Nothing may hold the one before.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, MultipartError> {
        self.gate.limit(MAX_HEAD);
        let Self { multipart, gate } = self;
        let field =
            std::future::poll_fn(|context| gate.poll(context, |c| multipart.poll_next_field(c)));
        let Some(field) = field.await.map_err(|error| explain(None, &error))? else {
            return Ok(None);
        };
        self.gate.limit(usize::MAX);
        let Some(name) = field.name().map(unescape) else {
            return Err(MultipartError::invalid(None, "has a part without a name"));
        };
        let content_type = field.headers().get(http::header::CONTENT_TYPE);
        let content_type =
            content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok(Some(Part {
            file_name: field.file_name().map(unescape),
            content_type,
            body: self.body_of(field, name.clone()),
            name,
        }))
    }

    fn body_of(&self, mut field: multer::Field<'static>, name: String) -> ByteStream {
        let gate = self.gate.clone();
        ByteStream::of_faults(stream::poll_fn(move |context| {
            let chunk = gate.poll(context, |c| Pin::new(&mut field).poll_next(c));
            chunk.map(|chunk| {
                chunk.map(|chunk| chunk.map_err(|error| explain(Some(&name), &error).into_fault()))
            })
        }))
    }
}

/// What browsers and [`encode`](super::encode) escape in a name.
fn unescape(name: &str) -> String {
    if !name.contains('%') {
        return name.to_owned();
    }
    name.replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

fn explain(part: Option<&str>, error: &multer::Error) -> MultipartError {
    use multer::Error as E;

    let invalid = |detail: &str| MultipartError::invalid(part, detail);
    match error {
        E::IncompleteFieldData { .. } | E::IncompleteStream => {
            invalid("ends before its closing boundary")
        }
        E::IncompleteHeaders | E::ReadHeaderFailed(_) => {
            invalid("has a part whose headers are malformed")
        }
        E::DecodeHeaderName { .. } | E::DecodeHeaderValue { .. } => {
            invalid("has a part with a header that is none")
        }
        E::StreamReadFailed(source) if source.is::<HeadTooLong>() => {
            let detail = format!(
                "has no end of a part's headers within {} KiB",
                MAX_HEAD / 1024
            );
            invalid(&detail)
        }
        E::StreamReadFailed(source) if is_limit(&**source) => {
            MultipartError::too_large(None, "is longer than the operation's limit of the body")
        }
        E::StreamReadFailed(source) => match Slow::behind(&**source) {
            Some(slow) => MultipartError::too_slow(part, slow),
            None => invalid("broke off before its end"),
        },
        other => invalid(&format!("cannot be read: {other}")),
    }
}

/// Whether a body was cut because of its length.
fn is_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut errors = std::iter::successors(Some(error), |error| error.source());
    errors.any(|error| error.is::<http_body_util::LengthLimitError>())
}

/// Lets a chunk through when it is open, and is closed by that.
#[derive(Debug, Default)]
struct Gate {
    is_open: AtomicBool,
    /// How many bytes may still be let through, give or take a chunk.
    left: AtomicUsize,
}

// One task at a time uses it: orderings do not matter.
impl Gate {
    fn limit(&self, bytes: usize) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    /// Polls what reads through the gate: first with what it has, then with one
    /// more chunk, until it gives something or nothing more is there.
    fn poll<T>(
        &self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        for _ in 0..CHUNKS {
            self.is_open.store(false, Ordering::Relaxed);
            if let Poll::Ready(ready) = poll(context) {
                return Poll::Ready(ready);
            }
            self.is_open.store(true, Ordering::Relaxed);
            if let Poll::Ready(ready) = poll(context) {
                return Poll::Ready(ready);
            }
            if self.is_open.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A body behind a gate.
struct Gated {
    body: ByteStream,
    gate: Arc<Gate>,
}

impl Stream for Gated {
    type Item = Result<Bytes, GatedError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.gate.is_open.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let left = self.gate.left.load(Ordering::Relaxed);
        if left == 0 {
            self.gate.is_open.store(false, Ordering::Relaxed);
            return Poll::Ready(Some(Err(HeadTooLong.into())));
        }
        let chunk = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(chunk) = &chunk {
            self.gate.is_open.store(false, Ordering::Relaxed);
            let length = chunk
                .as_ref()
                .and_then(|chunk| chunk.as_ref().ok())
                .map_or(0, Bytes::len);
            self.gate
                .left
                .store(left.saturating_sub(length), Ordering::Relaxed);
        }
        chunk.map(|chunk| chunk.map(|chunk| chunk.map_err(Fault::into)))
    }
}

type GatedError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
struct HeadTooLong;

impl std::fmt::Display for HeadTooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the headers of a part are too long")
    }
}

impl std::error::Error for HeadTooLong {}
