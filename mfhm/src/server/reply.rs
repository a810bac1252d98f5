//! What a handler returns, made into an answer.
//!
//! A value that serde can write is JSON; anything else answers for itself
//! (axum's `IntoResponse`). The macros do not know which of the two a type is,
//! so the choice is made by method resolution: [`SerializeKind`] fits before
//! [`ResponseKind`], which fits every type.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::api_error::{self, ApiError};
use crate::returned::{Returned, is_nothing};
use crate::wire::problem::Problem;

/// `value` as JSON.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "a handler's value has no JSON form");
            internal()
        }
    }
}

/// `value` as JSON, or 204 where it is `()`.
pub(crate) fn json_or_empty<T: Serialize>(value: &T) -> Response {
    if is_nothing::<T>() {
        answer_empty(())
    } else {
        json(value)
    }
}

/// The bare 500: the reason is in the log.
pub(crate) fn internal() -> Response {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "mfhm.internal",
        "the service failed; its log says why",
    )
    .into_axum()
}

/// The answer of an operation that returns a plain value.
pub fn answer_value<T: Returned>(value: T) -> Response {
    value.into_answer()
}

/// The answer of an operation that returns nothing: 204.
pub fn answer_empty(_nothing: ()) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A success with the status that the operation declares. Errors keep theirs,
/// and so does an answer that a handler gave a status of its own.
pub fn with_status(status: u16, mut answer: Response) -> Response {
    if matches!(answer.status(), StatusCode::OK | StatusCode::NO_CONTENT)
        && let Ok(status) = StatusCode::from_u16(status)
    {
        *answer.status_mut() = status;
    }
    answer
}

/// The answer of an operation that returns a `Result`.
pub fn answer_result<T: Returned, E: ApiError>(result: Result<T, E>) -> Response {
    match result {
        Ok(value) => value.into_answer(),
        Err(error) => answer_error(error),
    }
}

/// The answer of an operation that returns `Result<(), E>`.
pub fn answer_empty_result<E: ApiError>(result: Result<(), E>) -> Response {
    match result {
        Ok(nothing) => answer_empty(nothing),
        Err(error) => answer_error(error),
    }
}

/// The answer that carries a declared error.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the handler's last use of it"
)]
pub fn answer_error<E: ApiError>(error: E) -> Response {
    if error.is_internal() {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a handler failed");
    }
    api_error::to_problem(&error).into_axum()
}

/// Fits a value that serde can write.
pub trait SerializeKind: Sized {
    #[doc(hidden)]
    fn __mfhm_kind(&self) -> AsJson {
        AsJson
    }
}

impl<T: Serialize> SerializeKind for T {}

/// Fits every value, after [`SerializeKind`].
pub trait ResponseKind: Sized {
    #[doc(hidden)]
    fn __mfhm_kind(&self) -> AsResponse {
        AsResponse
    }
}

impl<T> ResponseKind for &T {}

/// Writes JSON.
#[derive(Clone, Copy, Debug)]
pub struct AsJson;

impl AsJson {
    #[doc(hidden)]
    pub fn answer<T: Serialize>(self, value: T) -> Response {
        json_or_empty(&value)
    }
}

/// Lets the value answer for itself.
#[derive(Clone, Copy, Debug)]
pub struct AsResponse;

impl AsResponse {
    #[doc(hidden)]
    pub fn answer<T: Reply>(self, value: T) -> Response {
        value.into_reply()
    }
}

/// What a handler may return besides what serde can write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "neither `serde::Serialize` nor `axum::response::IntoResponse`",
    note = "derive `serde::Serialize` for it, and it is answered as JSON"
)]
pub trait Reply {
    #[doc(hidden)]
    fn into_reply(self) -> Response;
}

impl<T: IntoResponse> Reply for T {
    fn into_reply(self) -> Response {
        self.into_response()
    }
}

/// Fits an error that crosses the wire.
pub trait ApiErrorKind: Sized {
    #[doc(hidden)]
    fn __mfhm_error_kind(&self) -> AsProblem {
        AsProblem
    }
}

impl<E: ApiError> ApiErrorKind for E {}

/// Fits every error, after [`ApiErrorKind`].
pub trait ErrorResponseKind: Sized {
    #[doc(hidden)]
    fn __mfhm_error_kind(&self) -> AsErrorResponse {
        AsErrorResponse
    }
}

impl<E> ErrorResponseKind for &E {}

/// Writes a problem document.
#[derive(Clone, Copy, Debug)]
pub struct AsProblem;

impl AsProblem {
    #[doc(hidden)]
    pub fn answer<E: ApiError>(self, error: E) -> Response {
        answer_error(error)
    }
}

/// Lets the error answer for itself.
#[derive(Clone, Copy, Debug)]
pub struct AsErrorResponse;

impl AsErrorResponse {
    #[doc(hidden)]
    pub fn answer<E: ErrorReply>(self, error: E) -> Response {
        error.into_reply()
    }
}

/// What a handler may fail with besides an [`ApiError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "neither `mfhm::ApiError` nor `axum::response::IntoResponse`",
    note = "add `#[derive(mfhm::ApiError)]` to it, with `#[status(404)]` (or another status) on each variant"
)]
pub trait ErrorReply {
    #[doc(hidden)]
    fn into_reply(self) -> Response;
}

impl<E: IntoResponse> ErrorReply for E {
    fn into_reply(self) -> Response {
        self.into_response()
    }
}

/// Answers with a handler's value.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_reply {
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ResponseKind as _, SerializeKind as _};
        match $value {
            value => (&value).__mfhm_kind().answer(value),
        }
    }};
}

/// Answers with a handler's error.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_reply_error {
    ($error:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ApiErrorKind as _, ErrorResponseKind as _};
        match $error {
            error => (&error).__mfhm_error_kind().answer(error),
        }
    }};
}
