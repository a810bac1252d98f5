//! What a handler returns, made into an answer.
//!
//! A value that serde can write is JSON; anything else answers for itself
//! (axum's `IntoResponse`). The macros do not know which of the two a type is,
//! so the choice is made by method resolution: [`Replying`] asks serde first.

use std::marker::PhantomData;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::api_error::{self, ApiError};
use crate::checks::stand_in;
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
pub(crate) fn answer_value<T: Returned>(value: T) -> Response {
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
pub(crate) fn answer_result<T: Returned, E: ApiError>(result: Result<T, E>) -> Response {
    match result {
        Ok(value) => value.into_answer(),
        Err(error) => answer_error(error),
    }
}

/// The answer of an operation that returns `Result<(), E>`.
pub(crate) fn answer_empty_result<E: ApiError>(result: Result<(), E>) -> Response {
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
pub(crate) fn answer_error<E: ApiError>(error: E) -> Response {
    if error.is_internal() {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a handler failed");
    }
    api_error::to_problem(&error).into_axum()
}

/// Finds out how a handler's value is answered: the traits below are tried in
/// their order.
#[derive(Debug)]
pub struct Replying<T>(PhantomData<fn() -> T>);

impl<T> Replying<T> {
    /// Of this value.
    pub fn of(_value: &T) -> Self {
        Self(PhantomData)
    }
}

/// First, serde.
pub trait JsonWay {
    #[doc(hidden)]
    fn __mfhm_way(&self) -> AsJson {
        AsJson
    }
}

impl<T: Serialize> JsonWay for &Replying<T> {}

/// First of an error, [`ApiError`].
pub trait ProblemWay {
    #[doc(hidden)]
    fn __mfhm_way(&self) -> AsProblem {
        AsProblem
    }
}

impl<E: ApiError> ProblemWay for &Replying<E> {}

/// Then, axum.
pub trait ResponseWay {
    #[doc(hidden)]
    fn __mfhm_way(&self) -> AsResponse {
        AsResponse
    }
}

impl<T: IntoResponse> ResponseWay for &&Replying<T> {}

/// Else it is not.
pub trait NoWay {
    #[doc(hidden)]
    fn __mfhm_way(&self) -> AsNothing {
        AsNothing
    }
}

impl<T> NoWay for Replying<T> {}

/// Else an error is not.
pub trait NoErrorWay {
    #[doc(hidden)]
    fn __mfhm_way(&self) -> AsNoError {
        AsNoError
    }
}

impl<T> NoErrorWay for Replying<T> {}

/// Writes JSON.
#[derive(Debug)]
pub struct AsJson;

impl AsJson {
    /// The answer.
    pub fn answer<T: Serialize>(self, value: T) -> Response {
        json_or_empty(&value)
    }
}

/// Writes a problem document.
#[derive(Debug)]
pub struct AsProblem;

impl AsProblem {
    /// The answer.
    pub fn answer<E: ApiError>(self, error: E) -> Response {
        answer_error(error)
    }
}

/// Lets the value answer for itself.
#[derive(Debug)]
pub struct AsResponse;

impl AsResponse {
    /// The answer.
    pub fn answer<T: IntoResponse>(self, value: T) -> Response {
        value.into_response()
    }
}

/// Cannot answer.
#[derive(Debug)]
pub struct AsNothing;

impl AsNothing {
    /// Complains.
    pub fn answer<T: Reply>(self, _value: T) -> Response {
        stand_in!()
    }
}

/// Cannot answer.
#[derive(Debug)]
pub struct AsNoError;

impl AsNoError {
    /// Complains.
    pub fn answer<E: ErrorReply>(self, _error: E) -> Response {
        stand_in!()
    }
}

/// What a handler may return. Nothing has it: it is demanded of what has no way.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "neither `serde::Serialize` nor `axum::response::IntoResponse`",
    note = "add `#[derive(serde::Serialize)]` to it, and it is answered as JSON"
)]
pub trait Reply {}

/// What a handler may fail with. Nothing has it, as [`Reply`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "neither `mfhm::ApiError` nor `axum::response::IntoResponse`",
    note = "add `#[derive(mfhm::ApiError)]` to it, with `#[status(404)]` (or another status) on each variant"
)]
pub trait ErrorReply {}
