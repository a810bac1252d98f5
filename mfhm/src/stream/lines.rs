//! [`Lines`]: JSON values, one a line.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(feature = "client")]
use bytes::{Buf as _, BytesMut};
use futures_util::stream::{BoxStream, Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BoxError, failed, until_failure, until_panic};
#[cfg(feature = "client")]
use crate::client::transport::{Answered, Opened};
use crate::fault::Fault;
#[cfg(feature = "client")]
use crate::fault::FaultKind;
use crate::returned::Returned;

/// The longest line that is read, in bytes.
#[cfg(feature = "client")]
const MAX_LINE: usize = 16 << 20;

/// JSON values that are read while they come, one a line
/// (`application/x-ndjson`), as an operation returns them.
///
/// It is a `Stream` of `Result<T, Fault>`; [`next`](Self::next) reads it without
/// another crate. A line may have 16 MiB.
pub struct Lines<T> {
    values: BoxStream<'static, Result<T, Fault>>,
}

impl<T: Send + 'static> Lines<T> {
    /// These values.
    pub fn new(values: impl Stream<Item = T> + Send + 'static) -> Self {
        Self {
            values: until_panic(values.map(Ok)).boxed(),
        }
    }

    /// Values whose source can fail. The stream ends with the first error.
    pub fn try_new<E: Into<BoxError>>(
        values: impl Stream<Item = Result<T, E>> + Send + 'static,
    ) -> Self {
        Self {
            values: until_failure(values.map(|value| value.map_err(failed))),
        }
    }

    /// The next value; `None` at the end.
    ///
    /// # Errors
    ///
    /// The stream broke off, or a line is not a `T`. Nothing comes after that.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Fault>> {
        StreamExt::next(&mut self.values).await
    }
}

impl<T> Stream for Lines<T> {
    type Item = Result<T, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.values.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Lines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Returned for Lines<T> {
    type Item = T;
    const ACCEPT: &'static str = "application/x-ndjson";
    const STREAMS: bool = true;

    #[cfg(feature = "openapi")]
    fn describe(item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        let description = "JSON values, one a line.";
        crate::openapi::answer::AnswerSchema::items(Self::ACCEPT, description, item)
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        let lines = self.values.map(|value| {
            let mut line = serde_json::to_vec(&value?).map_err(failed)?;
            line.push(b'\n');
            Ok(line.into())
        });
        super::answer("application/x-ndjson", until_failure(lines))
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        Self::open(answer.into())
    }

    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        let reader = Reader {
            opened,
            buffer: BytesMut::new(),
            searched: 0,
            is_over: false,
        };
        let values = futures_util::stream::unfold(reader, |mut reader| async move {
            let value = reader.next().await?;
            Some((value, reader))
        });
        Ok(Self {
            values: until_failure(values),
        })
    }
}

/// Cuts the bytes of an answer into lines.
#[cfg(feature = "client")]
struct Reader {
    opened: Opened,
    buffer: BytesMut,
    /// The part of the buffer that is known to hold no line end.
    searched: usize,
    is_over: bool,
}

#[cfg(feature = "client")]
impl Reader {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T, Fault>> {
        loop {
            let fresh = &self.buffer[self.searched..];
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + end);
                self.buffer.advance(1);
                self.searched = 0;
                if !line.trim_ascii().is_empty() {
                    return Some(self.read(&line));
                }
                continue;
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LINE {
                let detail = "a line of the answer is longer than 16 MiB";
                return Some(Err(self
                    .opened
                    .named(Fault::new(FaultKind::Decode, detail))));
            }
            if self.is_over {
                // The last line may end with the stream.
                let line = self.buffer.split();
                self.searched = 0;
                return (!line.trim_ascii().is_empty()).then(|| self.read(&line));
            }
            match self.opened.body.next().await {
                Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
                Some(Err(fault)) => return Some(Err(self.opened.named(fault))),
                None => self.is_over = true,
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, line: &[u8]) -> Result<T, Fault> {
        serde_json::from_slice(line).map_err(|error| {
            let detail = "a line of the answer is not what the contract declares";
            self.opened
                .named(Fault::new(FaultKind::Decode, detail).because(error))
        })
    }
}

#[cfg(feature = "server")]
impl<T: Serialize + DeserializeOwned + Send + 'static> axum::response::IntoResponse for Lines<T> {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}
