//! The body of a request: read whole, as JSON or a form or bytes, or while it comes.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use serde::de::DeserializeOwned;

use super::Input;
use super::pairs::{PAIRS, form_decode, too_many_pairs};
use crate::body::{self, BodyError, BodyLimits};
use crate::json::{self, Unreadable};
use crate::multipart::{Multipart, MultipartBody};
use crate::raw_body::RawBody;
use crate::stream::idle::{Impatient, Pace, Verdict};
use crate::stream::{ByteStream, StreamBody};
use crate::value;

/// The largest body is 2 MiB.
pub(super) const BODY: BodyLimits = BodyLimits {
    longest: 2 << 20,
    skipped: 32 << 20,
    time: Duration::from_secs(30),
};

/// The body, by how far it is.
#[derive(Debug)]
pub(super) enum Content {
    Unread(Body),
    Read(Result<Bytes, BodyError>),
    Taken,
}

impl Input {
    /// Reads the JSON body. No body at all is what `None` is sent as.
    pub async fn body<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let bytes = self.read_body(name).await?;
        if bytes.is_empty() {
            return match serde_json::from_slice(b"null") {
                Ok(nothing) => Some(nothing),
                Err(_) => self.refuse("body", name, "is missing"),
            };
        }
        if !is_json(&self.head.headers) {
            self.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return self.refuse(
                "body",
                name,
                "is not declared as JSON; send the header `content-type: application/json`",
            );
        }
        match json::read(&bytes) {
            Ok(value) => Some(value),
            Err(Unreadable::Syntax(why)) => self.refuse("body", name, why),
            Err(Unreadable::Shape(why)) => {
                self.status = StatusCode::UNPROCESSABLE_ENTITY;
                self.refuse("body", name, why)
            }
        }
    }

    /// Reads a form whose fields are those of a struct. No body at all is a form
    /// without fields.
    pub async fn form<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let bytes = self.read_body(name).await?;
        if !bytes.is_empty() && !is_form(&self.head.headers) {
            self.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return self.refuse(
                "body",
                name,
                "is not declared as a form; send the header \
                 `content-type: application/x-www-form-urlencoded`",
            );
        }
        // A form is ASCII, whatever it holds; what isn't is no text of a field.
        let mut fields = value::Fields::default();
        let pairs = bytes.split(|byte| *byte == b'&');
        let pairs = pairs.filter(|pair| !pair.is_empty());
        if pairs.clone().nth(PAIRS).is_some() {
            self.status = StatusCode::PAYLOAD_TOO_LARGE;
            return self.refuse("form", name, too_many_pairs("form"));
        }
        for pair in pairs {
            let end = pair.iter().position(|byte| *byte == b'=');
            let (key, text) = end.map_or((pair, &[][..]), |end| (&pair[..end], &pair[end + 1..]));
            let decoded = |part| std::str::from_utf8(part).ok().and_then(form_decode);
            if let Some(key) = decoded(key) {
                fields.add(key, decoded(text));
            }
        }
        let decoded = fields.decode();
        if decoded.is_err() {
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self.accept_fields("form", name, decoded)
    }

    /// Reads the body as it is, whatever it is declared as.
    pub async fn bytes<T: RawBody>(&mut self, name: &'static str) -> Option<T> {
        let bytes = self.read_body(name).await?;
        match T::from_body(bytes) {
            Ok(value) => Some(value),
            Err(why) => self.refuse("body", name, why),
        }
    }

    /// Takes the body to be read while it comes. It has no limit unless one is
    /// declared; then one that says it is longer is refused, and one that does not
    /// say so breaks off. One that does not say how long it is may be live, and come
    /// as slowly as it likes.
    pub fn stream<T: StreamBody>(&mut self, name: &'static str) -> Option<T> {
        let pace = if self.has_no_end() {
            Pace::Live
        } else {
            Pace::Upload(self.rate)
        };
        Some(T::from_stream(self.take_stream(name, pace)?))
    }

    /// Takes the body to be read part by part while it comes. It has no limit
    /// unless one is declared.
    pub fn multipart<T: MultipartBody>(&mut self, name: &'static str) -> Option<T> {
        let essence = content_type(&self.head.headers);
        if essence.as_deref() != Some("multipart/form-data") {
            self.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return self.refuse(
                "body",
                name,
                "is not declared as a form with files; send the header \
                 `content-type: multipart/form-data; boundary=…`",
            );
        }
        let declared = self.head.headers.get(CONTENT_TYPE);
        let declared = declared.and_then(|value| value.to_str().ok());
        // An empty boundary would be found anywhere; RFC 2046 allows 70 characters.
        let boundary = declared
            .and_then(|declared| multer::parse_boundary(declared).ok())
            .filter(|boundary| (1..=70).contains(&boundary.len()));
        let Some(boundary) = boundary else {
            return self.refuse(
                "body",
                name,
                "has no boundary; the header is `content-type: multipart/form-data; boundary=…`",
            );
        };
        let pace = Pace::Upload(self.rate);
        let form = Multipart::received(self.take_stream(name, pace)?, boundary);
        Some(T::from_multipart(form))
    }

    fn take_stream(&mut self, name: &'static str, pace: Pace) -> Option<ByteStream> {
        let body = self.take_body();
        if let Some(longest) = self.limit
            && body.size_hint().lower() > longest as u64
        {
            let error = BodyError::TooLarge;
            self.status = error.status();
            return self.refuse("body", name, error.detail(BodyLimits { longest, ..BODY }));
        }
        Some(ByteStream::of_body(self.guarded(body, pace).0))
    }

    /// A body that breaks off when it stands still or comes too slowly, and at the
    /// limit that is declared.
    pub(super) fn guarded(&self, body: Body, pace: Pace) -> (Body, Verdict) {
        let body = Impatient::new(body, pace);
        let verdict = body.verdict();
        let body = match self.limit {
            Some(limit) => Body::new(http_body_util::Limited::new(body, limit)),
            None => Body::new(body),
        };
        (body, verdict)
    }

    pub(super) fn take_body(&mut self) -> Body {
        match std::mem::replace(&mut self.content, Content::Taken) {
            Content::Unread(body) => body,
            Content::Read(Ok(bytes)) => Body::from(bytes),
            Content::Read(Err(_)) | Content::Taken => Body::empty(),
        }
    }

    pub(super) fn body_limits(&self) -> BodyLimits {
        match self.limit {
            Some(longest) => BodyLimits { longest, ..BODY },
            None => BODY,
        }
    }

    /// Reads the body, for the parameter that it is. What is wrong with it is told
    /// when it is asked for.
    pub(in crate::server) async fn receive(&mut self) {
        if let Content::Unread(_) = self.content {
            let body = self.take_body();
            let read = body::read_held(body, self.body_limits()).await;
            self.content = Content::Read(read.map(|(body, held)| {
                self.held = Some(held);
                body
            }));
        }
    }

    /// Whether the body could not be read because of others.
    pub(in crate::server) fn has_no_room(&self) -> bool {
        matches!(self.content, Content::Read(Err(BodyError::NoRoom)))
    }

    /// The body has a place now, and others may arrive.
    pub(in crate::server) fn make_room(&mut self) {
        self.held = None;
    }

    async fn read_body(&mut self, name: &'static str) -> Option<Bytes> {
        self.receive().await;
        match std::mem::replace(&mut self.content, Content::Taken) {
            Content::Read(Ok(body)) => Some(body),
            Content::Read(Err(error)) => {
                self.status = error.status();
                let limits = self.body_limits();
                self.refuse("body", name, error.detail(limits))
            }
            Content::Unread(_) | Content::Taken => Some(Bytes::new()),
        }
    }
}

/// A body without a content type is taken for JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    // What nearly everybody sends, without taking it apart.
    let declared = headers.get(CONTENT_TYPE);
    if declared.is_some_and(|declared| declared == "application/json") {
        return true;
    }
    match content_type(headers) {
        None => true,
        Some(essence) => {
            essence == "application/json"
                || (essence.starts_with("application/") && essence.ends_with("+json"))
        }
    }
}

/// A body without a content type is taken for a form where one is declared.
fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers).is_none_or(|essence| essence == "application/x-www-form-urlencoded")
}

/// The content type without its parameters, in lower case; empty if it is not
/// readable.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    Some(essence.to_ascii_lowercase())
}
