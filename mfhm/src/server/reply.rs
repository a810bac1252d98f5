//! What a handler returns, made into an answer.
//!
//! A value that serde can write is JSON; anything else answers for itself
//! (axum's `IntoResponse`). The macros do not know which of the two a type is,
//! so the choice is made by method resolution: [`Replying`] asks serde first.

use std::marker::PhantomData;
use std::ops::Deref;

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

/// Finds out how a handler's value is answered.
#[derive(Debug)]
pub struct Replying<T>(PhantomData<fn() -> T>);

impl<T> Replying<T> {
    /// Of this value.
    pub fn of(_value: &T) -> Self {
        Self(PhantomData)
    }
}

impl<T: Serialize> Replying<T> {
    /// How its value is answered.
    pub fn way(&self) -> AsJson {
        AsJson
    }
}

impl<E: ApiError> Replying<E> {
    /// How its error is answered.
    pub fn way_of_error(&self) -> AsProblem {
        AsProblem
    }
}

impl<T> Deref for Replying<T> {
    type Target = ReplyingItself<T>;

    fn deref(&self) -> &Self::Target {
        const { &ReplyingItself(PhantomData) }
    }
}

/// The same for a type that serde can't write, or that is no [`ApiError`].
#[derive(Debug)]
pub struct ReplyingItself<T>(PhantomData<fn() -> T>);

impl<T: IntoResponse> ReplyingItself<T> {
    /// How its value is answered.
    pub fn way(&self) -> AsResponse {
        AsResponse
    }

    /// How its error is answered.
    pub fn way_of_error(&self) -> AsResponse {
        AsResponse
    }
}

impl<T> Deref for ReplyingItself<T> {
    type Target = NotReplying;

    fn deref(&self) -> &Self::Target {
        &NotReplying
    }
}

/// The same for any other type.
#[derive(Debug)]
pub struct NotReplying;

impl NotReplying {
    /// Not at all.
    pub fn way(&self) -> AsNothing {
        AsNothing
    }

    /// Not at all.
    pub fn way_of_error(&self) -> AsNothing {
        AsNothing
    }
}

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
    /// Stands in.
    pub fn answer<T>(self, _value: T) -> Response {
        stand_in!()
    }
}

/// What a handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "neither `serde::Serialize` nor `axum::response::IntoResponse`",
    note = "add `#[derive(serde::Serialize)]` to it, and it is answered as JSON"
)]
pub trait Reply<Way> {}

impl<T> Reply<AsJson> for T {}
impl<T> Reply<AsResponse> for T {}

/// Demands that a handler may return `value`.
pub fn check_reply<T: Reply<Way>, Way>(_value: &T, _way: &Way) {}

/// What a handler may fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "neither `mfhm::ApiError` nor `axum::response::IntoResponse`",
    note = "add `#[derive(mfhm::ApiError)]` to it, with `#[status(404)]` (or another status) on each variant"
)]
pub trait ErrorReply<Way> {}

impl<T> ErrorReply<AsProblem> for T {}
impl<T> ErrorReply<AsResponse> for T {}

/// Demands that a handler may fail with `error`.
pub fn check_error_reply<E: ErrorReply<Way>, Way>(_error: &E, _way: &Way) {}
