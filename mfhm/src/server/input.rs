//! [`Input`]: a request as the generated handlers read it.

mod content;
mod pairs;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::COOKIE;
use http::request::Parts;
use http_body::Body as _;
use serde::de::DeserializeOwned;

use self::content::Content;
use self::pairs::{PAIRS, cookies, form_decode, form_pairs, too_many_pairs};
use super::path_params::{PathParams, PathText};
use crate::body::{self, BodyError, Held};
use crate::current::{CallerName, Head};
use crate::listener::Peer;
use crate::stream::idle::Pace;
use crate::value;
use crate::wire::problem::{self, InvalidParam, Problem, shown};

/// How fast a body comes at least where nobody says otherwise: 1 KiB/s.
pub(crate) const SLOWEST: Option<NonZeroU32> = NonZeroU32::new(1024);

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
