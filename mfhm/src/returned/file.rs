//! [`File`]: a file as an answer.

mod disposition;
mod kinds;

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::HeaderName;
#[cfg(feature = "client")]
use http::header::CONTENT_LENGTH;
#[cfg(feature = "server")]
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LAST_MODIFIED};
#[cfg(feature = "server")]
use http::{HeaderMap, HeaderValue};
use tokio::io::AsyncReadExt as _;

use super::Returned;
#[cfg(feature = "client")]
use crate::client::transport::{Answered, Opened};
use crate::fault::Fault;
use crate::stream::{BoxError, ByteStream};

/// So much of a file is read at once.
const CHUNK: usize = 64 << 10;

/// A file as an operation returns it: read from the disk while it is sent, and
/// read from the connection while it comes.
///
/// ```no_run
/// use mfhm::File;
///
/// #[mfhm::get("/report")]
/// async fn report() -> Result<File, ReportError> {
///     let file = File::open("report.pdf").await.map_err(|_| ReportError::Missing)?;
///     Ok(file.download_as("Report 2024.pdf"))
/// }
///
/// #[derive(Debug, thiserror::Error, mfhm::ApiError)]
/// enum ReportError {
///     #[error("there is no report yet")]
///     #[status(404)]
///     Missing,
/// }
/// ```
///
/// It travels with its content type, its length where that is known,
/// `last-modified`, `etag`, and `content-disposition` when a name for downloads is
/// given. Parts of a file (`range`) are not served.
pub struct File {
    content_type: String,
    file_name: Option<String>,
    last_modified: Option<SystemTime>,
    etag: Option<String>,
    body: ByteStream,
}

impl File {
    /// Bytes, or a stream of them, as a file of this content type.
    pub fn new(content_type: impl Into<String>, body: impl Into<ByteStream>) -> Self {
        Self {
            content_type: content_type.into(),
            file_name: None,
            last_modified: None,
            etag: None,
            body: body.into(),
        }
    }

    /// A file of the disk; its content type is that of its name's extension, or
    /// `application/octet-stream`. A path that a caller chose has to be checked
    /// before: it may be `../secret`.
    ///
    /// # Errors
    ///
    /// There is no such file, it is a folder, or it may not be read.
    pub async fn open(path: impl AsRef<Path>) -> std::io::Result<Self> {
        let path = path.as_ref();
        let file = tokio::fs::File::open(path).await?;
        let metadata = file.metadata().await?;
        if !metadata.is_file() {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        let length = metadata.len();
        let modified = metadata.modified().ok();
        let since_epoch =
            modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let chunks = stream::try_unfold(file.take(length), |mut file| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let count = file.read_buf(&mut chunk).await?;
            if count == 0 && file.limit() > 0 {
                return Err(BoxError::from("the file became shorter while it was read"));
            }
            Ok((count > 0).then(|| (chunk.freeze(), file)))
        });
        Ok(Self {
            // What travels has whole seconds.
            last_modified: since_epoch
                .map(|since| SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())),
            etag: since_epoch.map(|since| format!("\"{:x}-{length:x}\"", since.as_nanos())),
            ..Self::new(
                kinds::of(path),
                ByteStream::try_new(chunks).with_length(Some(length)),
            )
        })
    }

    /// Tells browsers to save it under this name.
    #[must_use]
    pub fn download_as(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Says what it is. What cannot be a header is sent as
    /// `application/octet-stream`.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// What it is, such as `image/png`; empty if that was not said.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The name for downloads, by whom sent it: nothing to open a file by.
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// When it was changed last, in whole seconds.
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.last_modified
    }

    /// What changes when its content does, with its quotes.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// How many bytes are left, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.body.length()
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// The file could not be read on, or the connection broke.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        self.body.next().await
    }

    /// All that is left, if it has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next), or it is longer.
    pub async fn read_to_end(self, limit: usize) -> Result<Bytes, Fault> {
        self.body.read_to_end(limit).await
    }

    /// Its bytes, while they come.
    pub fn into_stream(self) -> ByteStream {
        self.body
    }

    /// The headers that it travels with. What cannot be a header is left out, but
    /// for the content type: a browser would guess one.
    #[cfg(feature = "server")]
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, text: &str| match HeaderValue::from_str(text) {
            Ok(value) => {
                headers.insert(name, value);
            }
            Err(error) => tracing::error!(%error, %name, "a file's header cannot be sent"),
        };
        if !self.content_type.is_empty() {
            add(CONTENT_TYPE, "application/octet-stream");
            add(CONTENT_TYPE, &self.content_type);
        }
        add(X_CONTENT_TYPE_OPTIONS, "nosniff");
        if let Some(length) = self.length() {
            add(http::header::CONTENT_LENGTH, &length.to_string());
        }
        if let Some(name) = &self.file_name {
            add(CONTENT_DISPOSITION, &disposition::write(name));
        }
        if let Some(time) = self.last_modified {
            add(LAST_MODIFIED, &httpdate::fmt_http_date(time));
        }
        if let Some(etag) = &self.etag {
            add(ETAG, etag);
        }
        headers
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("content_type", &self.content_type)
            .field("file_name", &self.file_name)
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl Returned for File {
    type Item = ();
    const ACCEPT: &'static str = "*/*";
    const STREAMS: bool = true;

    #[cfg(feature = "openapi")]
    fn describe(_item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        crate::openapi::answer::AnswerSchema::bytes(
            "*/*",
            "A file; its content type is the answer's.",
        )
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        let headers = self.headers();
        let mut answer = self.body.into_answer();
        answer.headers_mut().remove(CONTENT_TYPE);
        answer.headers_mut().extend(headers);
        answer
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        Self::open_answer(answer.into())
    }

    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        Self::open_answer(opened)
    }
}

impl File {
    #[cfg(feature = "client")]
    #[expect(clippy::unnecessary_wraps, reason = "the shape of `Returned`")]
    fn open_answer(opened: Opened) -> Result<Self, Fault> {
        let text = |name: HeaderName| {
            let value = opened.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let time = text(LAST_MODIFIED);
        Ok(Self {
            content_type: text(CONTENT_TYPE).unwrap_or_default(),
            file_name: text(CONTENT_DISPOSITION).and_then(|text| disposition::read(&text)),
            last_modified: time.and_then(|time| httpdate::parse_http_date(&time).ok()),
            etag: text(ETAG),
            body: opened.body.with_length(length),
        })
    }
}

#[cfg(feature = "server")]
impl axum::response::IntoResponse for File {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}

impl From<File> for crate::Part {
    /// A part of this name and content type.
    fn from(file: File) -> Self {
        let part = Self::new(file.body).with_content_type(file.content_type);
        match file.file_name {
            Some(name) => part.with_file_name(name),
            None => part,
        }
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn browsers_do_not_guess_what_a_file_is() {
        for (given, sent) in [
            ("text/plain", Some("text/plain")),
            ("text/html\r\nx: y", Some("application/octet-stream")),
            ("", None),
        ] {
            let headers = File::new("image/png", "")
                .with_content_type(given)
                .headers();
            let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            assert_eq!(content_type, sent.map(str::as_bytes), "{given:?}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{given:?}");
        }
    }
}
