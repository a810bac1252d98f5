//! [`Input`]: a request as the generated handlers read it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::path_params::{PathParams, PathText};
use crate::body::{self, BodyError, BodyLimits, Held};
use crate::current::{CallerName, Head};
use crate::json::{self, Unreadable};
use crate::listener::Peer;
use crate::multipart::{Multipart, MultipartBody};
use crate::raw_body::RawBody;
use crate::stream::idle::{Impatient, Pace, Verdict};
use crate::stream::{ByteStream, StreamBody};
use crate::value;
use crate::wire::problem::{self, InvalidParam, Problem, shown};

/// The largest body is 2 MiB.
const BODY: BodyLimits = BodyLimits {
    longest: 2 << 20,
    skipped: 32 << 20,
    time: Duration::from_secs(30),
};

/// How fast a body comes at least where nobody says otherwise: 1 KiB/s.
pub(crate) const SLOWEST: Option<NonZeroU32> = NonZeroU32::new(1024);

/// A query or a form of more pairs is refused: no caller sends them one by one,
/// and each would cost more memory than it takes on the wire.
const PAIRS: usize = 1_000;

/// A request, and what was found wrong with it so far.
///
/// Each parameter is read on its own and all refusals are answered together.
#[derive(Debug)]
pub struct Input {
    /// Shared with [`request()`](crate::request()).
    head: Arc<Head>,
    /// The request's extensions. The rest is in `head` until an extractor wants
    /// it here.
    parts: Parts,
    is_whole: bool,
    content: Content,
    /// The memory that the body takes while it arrives.
    held: Option<Held>,
    /// The largest body that is read, in bytes, if it is declared.
    limit: Option<usize>,
    /// How fast a body comes at least that is read while it comes, in bytes a second.
    rate: Option<NonZeroU32>,
    path: PathParams,
    invalid: Vec<InvalidParam>,
    /// 400, unless one refusal has a status of its own.
    status: StatusCode,
}

/// The body, by how far it is.
#[derive(Debug)]
enum Content {
    Unread(Body),
    Read(Result<Bytes, BodyError>),
    Taken,
}

impl Input {
    /// A request that axum's router has brought to its operation.
    pub(super) fn routed(request: Request, peer: Option<SocketAddr>) -> Self {
        Self::new(request, peer, PathParams::Routed)
    }

    /// A request whose path fits this template.
    pub(super) fn matched(
        request: Request,
        peer: Option<SocketAddr>,
        template: &'static str,
    ) -> Self {
        Self::new(request, peer, PathParams::Matched(template))
    }

    /// A request that an axum extractor has got.
    pub(crate) fn extracted(request: Request) -> Self {
        let rules = request.extensions().get().copied().unwrap_or(BodyRules {
            limit: None,
            rate: SLOWEST,
        });
        let peer = request.extensions().get().map(|Peer(address)| *address);
        let mut input = Self::new(request, peer, PathParams::Routed);
        input.limit = rules.limit;
        input.rate = rules.rate;
        input
    }

    fn new(request: Request, peer: Option<SocketAddr>, path: PathParams) -> Self {
        let (mut parts, body) = request.into_parts();
        let head = Arc::new(Head {
            method: std::mem::take(&mut parts.method),
            uri: Some(std::mem::take(&mut parts.uri)),
            headers: std::mem::take(&mut parts.headers),
            peer,
            caller: parts.extensions.remove().map(|CallerName(name)| name),
        });
        Self {
            head,
            parts,
            is_whole: false,
            limit: None,
            rate: SLOWEST,
            content: Content::Unread(body),
            held: None,
            path,
            invalid: Vec::new(),
            status: StatusCode::BAD_REQUEST,
        }
    }

    /// What is shared of the request.
    pub(crate) fn head(&self) -> &Arc<Head> {
        &self.head
    }

    fn query_text(&self) -> &str {
        let uri = self.head.uri.as_ref();
        uri.and_then(http::Uri::query).unwrap_or_default()
    }

    /// The parts as extractors expect them. Only these pay for a copy.
    fn whole_parts(&mut self) -> &mut Parts {
        if !self.is_whole {
            self.is_whole = true;
            self.parts.method = self.head.method.clone();
            self.parts.uri = self.head.uri.clone().unwrap_or_default();
            self.parts.headers = self.head.headers.clone();
        }
        &mut self.parts
    }

    /// Sets how large a body may be, in bytes.
    pub fn limit_body(&mut self, bytes: usize) {
        self.limit = Some(bytes);
    }

    /// Sets how fast a body comes at least.
    pub(super) fn expect_rate(&mut self, rate: Option<NonZeroU32>) {
        self.rate = rate;
    }

    /// Whether the body has not come yet and nobody says how long it is.
    pub(super) fn has_no_end(&self) -> bool {
        match &self.content {
            Content::Unread(body) => body.size_hint().exact().is_none(),
            Content::Read(_) | Content::Taken => false,
        }
    }

    /// Reads the path parameter at the placeholder with this index.
    pub fn path<T: DeserializeOwned>(&mut self, index: usize, name: &'static str) -> Option<T> {
        let path = self.head.uri.as_ref().map_or("", http::Uri::path);
        let text = match self.path.text(&mut self.parts, path, index) {
            PathText::Text(text) => text,
            PathText::NotUtf8 => return self.refuse("path", name, "is not UTF-8"),
            PathText::Unknown => return None,
        };
        let decoded = value::decode(&[text]);
        self.accept("path", name, decoded)
    }

    /// Reads a query parameter.
    pub fn query<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let query = self.query_text();
        let mut count = 0;
        let texts: Option<Vec<Cow<'_, str>>> = form_pairs(query)
            .inspect(|_| count += 1)
            .take(PAIRS + 1)
            .filter(|(key, _)| form_decode(key).is_some_and(|key| key == name))
            .map(|(_, value)| form_decode(value))
            .collect();
        let Some(texts) = texts else {
            return self.refuse("query", name, "is not UTF-8");
        };
        if count > PAIRS {
            return self.refuse("query", name, too_many_pairs("query"));
        }
        let decoded = value::decode(&texts);
        self.accept("query", name, decoded)
    }

    /// Reads the query parameters that are the fields of a struct.
    pub fn query_fields<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let query = self.query_text();
        if form_pairs(query).nth(PAIRS).is_some() {
            return self.refuse("query", name, too_many_pairs("query"));
        }
        let mut fields = value::Fields::default();
        for (key, text) in form_pairs(query) {
            // A name that is not UTF-8 is nobody's.
            if let Some(key) = form_decode(key) {
                fields.add(key, form_decode(text));
            }
        }
        let decoded = fields.decode();
        self.accept_fields("query", name, decoded)
    }

    /// Reads a cookie.
    pub fn cookie<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let texts: Result<Vec<Cow<'_, str>>, _> = self
            .head
            .headers
            .get_all(COOKIE)
            .iter()
            .flat_map(|header| cookies(header.as_bytes()))
            .filter(|(key, _)| *key == name.as_bytes())
            .map(|(_, value)| std::str::from_utf8(value).map(Cow::Borrowed))
            .collect();
        let Ok(texts) = texts else {
            return self.refuse("cookie", name, "is not UTF-8");
        };
        let decoded = value::decode(&texts);
        self.accept("cookie", name, decoded)
    }

    /// Reads a header.
    pub fn header<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let texts: Result<Vec<Cow<'_, str>>, _> = self
            .head
            .headers
            .get_all(name)
            .iter()
            .map(|value| std::str::from_utf8(value.as_bytes()).map(Cow::Borrowed))
            .collect();
        let Ok(texts) = texts else {
            return self.refuse("header", name, "is not UTF-8");
        };
        let decoded = value::decode(&texts);
        self.accept("header", name, decoded)
    }

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
    fn guarded(&self, body: Body, pace: Pace) -> (Body, Verdict) {
        let body = Impatient::new(body, pace);
        let verdict = body.verdict();
        let body = match self.limit {
            Some(limit) => Body::new(http_body_util::Limited::new(body, limit)),
            None => Body::new(body),
        };
        (body, verdict)
    }

    fn take_body(&mut self) -> Body {
        match std::mem::replace(&mut self.content, Content::Taken) {
            Content::Unread(body) => body,
            Content::Read(Ok(bytes)) => Body::from(bytes),
            Content::Read(Err(_)) | Content::Taken => Body::empty(),
        }
    }

    /// Accepts a value, unless it breaks rules of its type.
    #[cfg(feature = "validate")]
    pub fn validated<T>(&mut self, value: T, broken: Vec<InvalidParam>) -> Option<T> {
        if broken.is_empty() {
            return Some(value);
        }
        self.status = StatusCode::UNPROCESSABLE_ENTITY;
        self.invalid.extend(broken);
        None
    }

    /// Runs an axum extractor that leaves the body alone.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn extract_parts<T: FromRequestParts<()>>(&mut self) -> Result<T, Response> {
        T::from_request_parts(self.whole_parts(), &())
            .await
            .map_err(IntoResponse::into_response)
    }

    /// Runs an axum extractor that may take the body.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn extract<T: FromRequest<(), M>, M>(&mut self) -> Result<T, Response> {
        let body = self.take_body();
        if let Some(longest) = self.limit
            && body.size_hint().lower() > longest as u64
        {
            // Received and thrown away, so that its sender reads the answer.
            let limits = self.body_limits();
            let _ = body::read(body, limits).await;
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "mfhm.body_too_large",
                format!("the body {}", BodyError::TooLarge.detail(limits)),
            )
            .into_axum());
        }
        let (nothing, ()) = Request::new(()).into_parts();
        let parts = std::mem::replace(self.whole_parts(), nothing);
        let (body, verdict) = self.guarded(body, Pace::Upload(self.rate));
        let mut request = Request::from_parts(parts, body);
        // One for axum's own extractors, one for ours.
        if let Some(limit) = self.limit {
            DefaultBodyLimit::max(limit).apply(&mut request);
        }
        request.extensions_mut().insert(BodyRules {
            limit: self.limit,
            rate: self.rate,
        });
        T::from_request(request, &())
            .await
            .map_err(|rejection| match verdict.get() {
                // The extractor knows only that something went wrong.
                Some(slow) => problem::too_slow(&slow.to_string()).into_axum(),
                None => rejection.into_response(),
            })
    }

    /// The answer to a request with refused parameters.
    pub fn reject(self) -> Response {
        Problem::refused(self.status, self.invalid).into_axum()
    }

    fn body_limits(&self) -> BodyLimits {
        match self.limit {
            Some(longest) => BodyLimits { longest, ..BODY },
            None => BODY,
        }
    }

    /// Reads the body, for the parameter that it is. What is wrong with it is told
    /// when it is asked for.
    pub(super) async fn receive(&mut self) {
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
    pub(super) fn has_no_room(&self) -> bool {
        matches!(self.content, Content::Read(Err(BodyError::NoRoom)))
    }

    /// The body has a place now, and others may arrive.
    pub(super) fn make_room(&mut self) {
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

    fn accept<T>(
        &mut self,
        location: &str,
        name: &str,
        decoded: Result<T, value::Invalid>,
    ) -> Option<T> {
        match decoded {
            Ok(value) => Some(value),
            Err(invalid) => self.refuse(location, name, invalid.to_string()),
        }
    }

    /// What is wrong with a field is said of the field.
    fn accept_fields<T>(
        &mut self,
        location: &str,
        name: &str,
        decoded: Result<T, value::InvalidField>,
    ) -> Option<T> {
        match decoded {
            Ok(value) => Some(value),
            Err(invalid) => {
                let detail = invalid.to_string();
                self.refuse(location, invalid.name.as_deref().unwrap_or(name), detail)
            }
        }
    }

    fn refuse<T>(&mut self, location: &str, name: &str, detail: impl Into<String>) -> Option<T> {
        self.invalid.push(InvalidParam {
            name: shown(name, 100).into_owned(),
            location: location.to_owned(),
            detail: shown(&detail.into(), 400).into_owned(),
        });
        None
    }
}

/// What holds for an operation's body, for extractors that read one.
#[derive(Clone, Copy, Debug)]
struct BodyRules {
    limit: Option<usize>,
    rate: Option<NonZeroU32>,
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

/// The pairs of a header `cookie`, after RFC 6265: quotes around a value are no
/// part of it.
fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|byte| *byte == b';').filter_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let value = pair[end + 1..].trim_ascii();
        let unquoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        Some((pair[..end].trim_ascii(), unquoted.unwrap_or(value)))
    })
}

fn too_many_pairs(whole: &str) -> String {
    format!("is in a {whole} of more than {PAIRS} pairs")
}

/// The pairs of a query string, still encoded.
fn form_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A name or a value of a query string; `None` when it is not UTF-8. Most hold
/// nothing to decode and are borrowed.
fn form_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|text| Cow::Owned(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn input(uri: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Input {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Input::extracted(request.body(Body::from(body.to_vec())).unwrap())
    }

    async fn rejection(input: Input) -> (u16, Problem) {
        let response = input.reject();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn every_refused_parameter_is_named() {
        let mut input = input("/?page=x&tag=a&tag=b", &[("x-n", b"7"), ("x-n", b"8")], b"");
        assert_eq!(input.query::<u8>("page"), None);
        assert_eq!(input.query::<u8>("size"), None);
        assert_eq!(input.header::<u8>("x-n"), None);
        assert_eq!(
            input.query::<Vec<String>>("tag"),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(input.query::<Option<u8>>("none"), Some(None));
        let (status, problem) = rejection(input).await;
        assert_eq!(status, 400);
        let named: Vec<_> = problem
            .errors
            .iter()
            .map(|e| (e.location.as_str(), e.name.as_str()))
            .collect();
        assert_eq!(
            named,
            [("query", "page"), ("query", "size"), ("header", "x-n")]
        );
        assert_eq!(problem.errors[1].detail, "is missing");
    }

    #[tokio::test]
    async fn a_query_is_decoded_and_must_be_utf8() {
        let mut good = input("/?q=a+b%20%C3%A9&q2", &[], b"");
        assert_eq!(good.query::<String>("q"), Some("a b é".to_owned()));
        assert_eq!(good.query::<String>("q2"), Some(String::new()));
        let mut bad = input("/?q=%ff", &[], b"");
        assert_eq!(bad.query::<String>("q"), None);
        assert_eq!(rejection(bad).await.1.errors[0].detail, "is not UTF-8");
    }

    #[tokio::test]
    async fn a_header_must_be_utf8() {
        let mut input = input("/", &[("x-a", b"\xff")], b"");
        assert_eq!(input.header::<String>("x-a"), None);
        assert_eq!(rejection(input).await.0, 400);
    }

    #[tokio::test]
    async fn a_body_is_refused_with_the_right_status() {
        const JSON: &[(&str, &[u8])] = &[("content-type", b"application/json; charset=utf-8")];
        let big = vec![b' '; BODY.longest + 1];
        for (headers, body, expected) in [
            (JSON, &b"{"[..], 400),
            (JSON, b"", 400),
            (JSON, b"\"x\"", 422),
            (JSON, b"[1, 2", 400),
            (JSON, &big, 413),
            (&[("content-type", b"text/plain")], b"[1]", 415),
        ] {
            let mut input = input("/", headers, body);
            assert_eq!(input.body::<Vec<u8>>("list").await, None);
            let (status, problem) = rejection(input).await;
            assert_eq!(
                (status, problem.errors[0].name.as_str()),
                (expected, "list"),
                "{problem:?}"
            );
        }
        for headers in [JSON, &[], &[("content-type", b"application/x+json")]] {
            let mut input = input("/", headers, b"[1]");
            assert_eq!(input.body::<Vec<u8>>("list").await, Some(vec![1]));
        }
        let mut absent = input("/", &[], b"");
        assert_eq!(absent.body::<Option<u8>>("maybe").await, Some(None));
    }

    /// Bytes for a while, then nothing.
    fn stopping() -> Body {
        let some = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        let stops = futures_util::StreamExt::chain(some, futures_util::stream::pending());
        Body::from_stream(stops)
    }

    #[tokio::test(start_paused = true)]
    async fn an_extractor_that_waits_in_vain_is_answered_408() {
        let mut input = Input::extracted(Request::new(stopping()));
        let rejection = input.extract::<Bytes, _>().await.unwrap_err();
        assert_eq!(rejection.status(), 408);
        let body = rejection.into_body().collect().await.unwrap().to_bytes();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.code, "mfhm.body_too_slow");
        assert_eq!(problem.detail, "the body stood still for 30 s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_that_stops_is_answered_408() {
        let request = http::Request::post("/")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(stopping());
        let mut input = Input::extracted(request.unwrap());
        let mut form = input.multipart::<Multipart>("form").unwrap();
        let error = form.next().await.unwrap_err();
        assert!(error.is_too_slow(), "{error}");
        assert_eq!(error.into_response().status(), 408);
    }
}
