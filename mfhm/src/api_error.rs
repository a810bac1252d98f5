//! [`ApiError`]: errors that cross the wire.

use std::convert::Infallible;

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[cfg(any(feature = "client", feature = "server"))]
use crate::wire::problem::Problem;

/// An error of an operation that its caller gets back as the same type.
///
/// Derive it; the derive reads a status for each variant:
///
/// ```
/// #[derive(Debug, mfhm::ApiError)]
/// pub enum UserError {
///     #[status(404)]
///     NotFound { id: u64 },
///     #[status(409)]
///     #[code("email_taken")] // what travels; the default is the name in snake case
///     EmailTaken,
///     #[internal] // answered as a bare 500; its text stays in the service's log
///     Database(std::io::Error),
/// }
/// # impl std::fmt::Display for UserError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("no") }
/// # }
/// # impl std::error::Error for UserError {}
/// ```
///
/// It travels as `application/problem+json`
/// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): the status, the code,
/// the error's text as `detail` and its fields as `data`. The caller's side
/// finds the variant by the code and fills its fields from the data.
///
/// A field that has no JSON value is left out, and callers then get a
/// [`Fault`](crate::Fault) with the problem in place of the error: an `i128` or `u128`
/// beyond 64 bits (send it as a text), or a map whose keys are not text. NaN and infinity
/// are `null`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of an operation",
    label = "not an `ApiError`",
    note = "add `#[derive(mfhm::ApiError)]` to it, with `#[status(404)]` (or another status) on each variant",
    note = "an error of another crate goes into a variant of your own: `#[internal] Failed(TheError)`"
)]
pub trait ApiError: std::error::Error + Send + Sync + Sized + 'static {
    /// Each error that can arrive at a caller, for documents.
    const VARIANTS: &'static [ErrorVariant];

    /// The status to answer with.
    fn status(&self) -> StatusCode;

    /// The name of the error on the wire.
    fn code(&self) -> &str;

    /// Whether nothing of it may be told to the caller.
    fn is_internal(&self) -> bool {
        false
    }

    /// The fields that travel.
    fn data(&self) -> Data;

    /// The error with this code, filled from its fields; `None` when the code
    /// is unknown or a field does not fit.
    fn from_data(code: &str, data: &mut Data) -> Option<Self>;

    /// The schemas of the fields, for documents; `None`: nobody wrote them down.
    #[cfg(feature = "openapi")]
    #[doc(hidden)]
    fn __mfhm_data_schemas(
        _schemas: &mut crate::openapi::schemas::Schemas,
    ) -> Option<crate::openapi::errors::DataSchemas> {
        None
    }
}

/// One error that an operation can answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorVariant {
    code: &'static str,
    status: u16,
    doc: &'static str,
}

impl ErrorVariant {
    #[doc(hidden)]
    pub const fn new(code: &'static str, status: u16, doc: &'static str) -> Self {
        Self { code, status, doc }
    }

    /// The name on the wire.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The doc comment.
    pub fn documentation(&self) -> &'static str {
        self.doc
    }
}

/// The fields of an [`ApiError`] as they travel: a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data(Map<String, Value>);

impl Data {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field. A value that has no JSON form (a map with keys that are
    /// not text, an integer of more than 64 bits) is left out, and the log says so.
    #[must_use]
    pub fn field<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.insert(name.to_owned(), value);
            }
            Err(error) => {
                tracing::error!(field = name, %error, "an error's field cannot travel as JSON")
            }
        }
        self
    }

    /// Takes a field out; `None` when it does not fit. A field that is absent
    /// is read as `null`.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        serde_json::from_value(self.0.remove(name).unwrap_or(Value::Null)).ok()
    }
}

/// An operation that cannot fail by its own account.
impl ApiError for Infallible {
    const VARIANTS: &'static [ErrorVariant] = &[];

    fn status(&self) -> StatusCode {
        match *self {}
    }

    fn code(&self) -> &str {
        match *self {}
    }

    fn data(&self) -> Data {
        match *self {}
    }

    fn from_data(_code: &str, _data: &mut Data) -> Option<Self> {
        None
    }
}

/// The problem document that carries `error`.
#[cfg(feature = "server")]
pub(crate) fn to_problem<E: ApiError>(error: &E) -> Problem {
    if error.is_internal() {
        return Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "mfhm.internal",
            "the service failed; its log says why",
        );
    }
    let mut problem = Problem::new(error.status(), error.code(), error.to_string());
    problem.data = error.data().0;
    problem
}

/// The error that `problem` carries, if it is one of `E`'s.
#[cfg(feature = "client")]
pub(crate) fn from_problem<E: ApiError>(problem: &Problem) -> Option<E> {
    E::from_data(&problem.code, &mut Data(problem.data.clone()))
}
