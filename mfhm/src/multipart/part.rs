//! [`Part`]: one part of a form.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream as _};

use super::MultipartError;
use crate::fault::Fault;
use crate::stream::ByteStream;

/// What [`Part::bytes`] and [`Part::text`] read at most: 2 MiB.
const LIMIT: usize = 2 << 20;

/// One part of a [`Multipart`](super::Multipart): a text, or a file.
pub struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: ByteStream,
}

impl Part {
    /// A part to be sent: a text, bytes, or a [`ByteStream`] of any length that
    /// is read while it is sent.
    pub fn new(body: impl Into<ByteStream>) -> Self {
        Self {
            name: String::new(),
            file_name: None,
            content_type: None,
            body: body.into(),
        }
    }

    /// Says how the file is called. A quote in it travels as `%22`, as browsers send
    /// it, and the percent sign as it is: so a name in which `%22`, `%0D` or `%0A` are
    /// written arrives with a quote or a line break in their place.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says what the part is, such as `image/png`.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    pub(super) fn named(mut self, name: String) -> Self {
        self.name = name;
        self
    }

    /// Its name in the form.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the file is called, by who sent it: nothing to open a file by. `%22`, `%0D`
    /// and `%0A` are a quote and line breaks, as browsers send these.
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// What it is, if that was said. A part without is a text.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The next chunk; `None` at the end. The sizes of chunks mean nothing.
    ///
    /// # Errors
    ///
    /// The body broke off, or is longer than the operation's `#[body_limit]`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        match self.body.next().await {
            Some(Ok(chunk)) => Ok(Some(chunk)),
            Some(Err(fault)) => Err(MultipartError::of_fault(&self.name, &fault)),
            None => Ok(None),
        }
    }

    /// All that is left, if it has at most 2 MiB.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](Self::chunk), or the part is longer.
    pub async fn bytes(&mut self) -> Result<Bytes, MultipartError> {
        self.bytes_up_to(LIMIT).await
    }

    /// All that is left, if it has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](Self::chunk), or the part is longer.
    pub async fn bytes_up_to(&mut self, limit: usize) -> Result<Bytes, MultipartError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(MultipartError::too_large(
                    Some(&self.name),
                    format!("is longer than {limit} bytes"),
                ));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// All that is left as a text, if it has at most 2 MiB.
    ///
    /// # Errors
    ///
    /// As for [`bytes`](Self::bytes), or it is not UTF-8.
    pub async fn text(&mut self) -> Result<String, MultipartError> {
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into())
            .map_err(|_| MultipartError::invalid(Some(&self.name), "is not UTF-8"))
    }

    /// What is left, to be given to who takes a stream. It has to be read before
    /// the form is asked for its next part.
    pub fn into_stream(self) -> ByteStream {
        self.body
    }

    /// Puts the body where the form can take it back.
    pub(super) fn lend(self) -> (Self, Lent) {
        let Self {
            name,
            file_name,
            content_type,
            body,
        } = self;
        let lent = Lent {
            name: name.clone(),
            shared: Arc::new(Mutex::new(Shared {
                body: Body::Open(body),
                waker: None,
            })),
        };
        let part = Self {
            name,
            file_name,
            content_type,
            body: lent.stream(),
        };
        (part, lent)
    }
}

impl<T: Into<ByteStream>> From<T> for Part {
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// The body of the part that was handed out last. A reader of a connection can
/// serve one part at a time, so the form takes the body back before it looks
/// for the next part.
pub(super) struct Lent {
    name: String,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    body: Body,
    /// Who waits for the next chunk.
    waker: Option<Waker>,
}

enum Body {
    Open(ByteStream),
    Ended,
    TakenBack,
}

impl Lent {
    /// What was not read yet.
    pub(super) fn take_back(self) -> Option<(String, ByteStream)> {
        // Locked for a poll at most, by a part that went to another task.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let body = std::mem::replace(&mut shared.body, Body::TakenBack);
        let waker = shared.waker.take();
        drop(shared);
        // The body tells its next reader only that something came.
        if let Some(waker) = waker {
            waker.wake();
        }
        match body {
            Body::Open(rest) => Some((self.name.clone(), rest)),
            Body::Ended | Body::TakenBack => None,
        }
    }

    fn stream(&self) -> ByteStream {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        ByteStream::of_faults(stream::poll_fn(move |context| {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let chunk = poll(&mut shared.body, &name, context);
            shared.waker = chunk.is_pending().then(|| context.waker().clone());
            chunk
        }))
    }
}

fn poll(
    body: &mut Body,
    name: &str,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Fault>>> {
    match body {
        Body::Open(open) => {
            let chunk = std::pin::Pin::new(open).poll_next(context);
            if let Poll::Ready(None | Some(Err(_))) = chunk {
                *body = Body::Ended;
            }
            chunk
        }
        Body::Ended => Poll::Ready(None),
        Body::TakenBack => {
            let why = "was left: a part is read before the next one is asked for";
            Poll::Ready(Some(Err(
                MultipartError::invalid(Some(name), why).into_fault()
            )))
        }
    }
}
