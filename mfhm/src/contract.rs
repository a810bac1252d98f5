//! What an operation is: the description that server, client and center share.
//!
//! The macros make one [`Operation`] for each annotated function, as a
//! `static`. The server routes by it, the client sends by it, and the center
//! learns from it what an instance offers.

pub(crate) mod shape;

use std::time::Duration;

/// One HTTP method and path of a service, and the parameters it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    key: u64,
    params: &'static [Param],
    idempotent: bool,
    deprecated: bool,
    success: u16,
    resumed: bool,
    body_limit: usize,
    timeout_ms: u64,
    function: &'static str,
    doc: &'static str,
    file: &'static str,
    line: u32,
    #[cfg(feature = "openapi")]
    describe: crate::openapi::Describe,
}

impl Operation {
    /// An operation without parameters.
    #[doc(hidden)]
    pub const fn new(name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self {
            name,
            method,
            path,
            key: shape::key(method, path),
            params: &[],
            idempotent: false,
            deprecated: false,
            success: 0,
            resumed: false,
            body_limit: 0,
            timeout_ms: 0,
            function: "",
            doc: "",
            file: "",
            line: 0,
            #[cfg(feature = "openapi")]
            describe: crate::openapi::Describe::NOTHING,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn params(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// With the status of a success, from `#[status(201)]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn success(mut self, status: u16) -> Self {
        self.success = status;
        self
    }

    /// With `#[resume]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn resume(mut self) -> Self {
        self.resumed = true;
        self
    }

    /// With the largest body that is read, from `#[body_limit(1024)]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// With `#[timeout("250ms")]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn timeout_ms(mut self, millis: u64) -> Self {
        self.timeout_ms = millis;
        self
    }

    /// With the function's name, where the operation has another.
    #[doc(hidden)]
    #[must_use]
    pub const fn function(mut self, name: &'static str) -> Self {
        self.function = name;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn location(mut self, file: &'static str, line: u32) -> Self {
        self.file = file;
        self.line = line;
        self
    }

    /// What its types say about themselves.
    #[cfg(feature = "openapi")]
    #[doc(hidden)]
    #[must_use]
    pub const fn described_by(mut self, describe: crate::openapi::DescribeFn) -> Self {
        self.describe = crate::openapi::Describe::by(describe);
        self
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn describe(&self) -> crate::openapi::Describe {
        self.describe
    }

    /// The name by which callers ask for it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The HTTP method, in upper case.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The path template, such as `/users/{id}`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Stands for its method and path: [`shape::key`].
    #[cfg(feature = "client")]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// The parameters, in the order of the declaration.
    pub fn parameters(&self) -> &'static [Param] {
        self.params
    }

    /// Whether it may be sent twice: by its method (RFC 9110, section 9.2.2) or
    /// because it is declared `#[idempotent]`.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent || is_idempotent_method(self.method)
    }

    /// Whether it is declared `#[deprecated]`.
    pub fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// The status of a success that is declared with `#[status(201)]`. `None`:
    /// 200, or 204 where nothing is returned.
    pub fn success_status(&self) -> Option<u16> {
        (self.success != 0).then_some(self.success)
    }

    /// Whether callers resume its stream after a break: `#[resume]`.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The largest body that is read, in bytes, if it is declared with
    /// `#[body_limit(1024)]`. `None`: 2 MiB.
    pub fn max_body(&self) -> Option<usize> {
        (self.body_limit != 0).then_some(self.body_limit)
    }

    /// How long it may take, if that is declared with `#[timeout("250ms")]`, by
    /// the operation or for all of its contract or service.
    pub fn timeout(&self) -> Option<Duration> {
        (self.timeout_ms != 0).then_some(Duration::from_millis(self.timeout_ms))
    }

    /// The name of the annotated function.
    #[cfg(feature = "server")]
    pub(crate) fn function_name(&self) -> &'static str {
        if self.function.is_empty() {
            self.name
        } else {
            self.function
        }
    }

    /// Its doc comment.
    pub fn documentation(&self) -> &'static str {
        self.doc
    }

    /// Where it is declared, as `file:line`.
    pub fn declared_at(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// The methods that may be sent twice, after RFC 9110, section 9.2.2.
pub(crate) fn is_idempotent_method(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"
    )
}

/// One parameter of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    name: &'static str,
    source: ParamSource,
}

/// Where a parameter travels in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamSource {
    /// In the path, at a placeholder.
    Path,
    /// In the query string.
    Query,
    /// In the query string, one query parameter for each field of a struct:
    /// `#[query(flatten)]`.
    QueryFields,
    /// In a header.
    Header,
    /// In the header `cookie`, under a name of its own.
    Cookie,
    /// The body, a form (`application/x-www-form-urlencoded`) with the fields of
    /// a struct.
    Form,
    /// The JSON body.
    Body,
    /// The body as it is: `#[body(bytes)]`.
    Bytes,
    /// The body, read while it comes: `#[body(stream)]`.
    Stream,
    /// The body, a form with files (`multipart/form-data`), read while it comes.
    Multipart,
}

impl Param {
    const fn new(name: &'static str, source: ParamSource) -> Self {
        Self { name, source }
    }

    #[doc(hidden)]
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, ParamSource::Path)
    }

    #[doc(hidden)]
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, ParamSource::Query)
    }

    #[doc(hidden)]
    pub const fn query_fields(name: &'static str) -> Self {
        Self::new(name, ParamSource::QueryFields)
    }

    #[doc(hidden)]
    pub const fn header(name: &'static str) -> Self {
        Self::new(name, ParamSource::Header)
    }

    #[doc(hidden)]
    pub const fn cookie(name: &'static str) -> Self {
        Self::new(name, ParamSource::Cookie)
    }

    #[doc(hidden)]
    pub const fn form(name: &'static str) -> Self {
        Self::new(name, ParamSource::Form)
    }

    #[doc(hidden)]
    pub const fn body(name: &'static str) -> Self {
        Self::new(name, ParamSource::Body)
    }

    #[doc(hidden)]
    pub const fn bytes(name: &'static str) -> Self {
        Self::new(name, ParamSource::Bytes)
    }

    #[doc(hidden)]
    pub const fn stream(name: &'static str) -> Self {
        Self::new(name, ParamSource::Stream)
    }

    #[doc(hidden)]
    pub const fn multipart(name: &'static str) -> Self {
        Self::new(name, ParamSource::Multipart)
    }

    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it travels.
    pub fn source(&self) -> ParamSource {
        self.source
    }
}
