//! The parameters and answers of contracts, of types that may lack what it
//! takes: see [`checks`](crate::checks).

use std::marker::PhantomData;
use std::ops::Deref;

use axum::response::Response;
use serde::de::DeserializeOwned;

use super::input::Input;
use super::reply;
use crate::api_error::ApiError;
use crate::checks::stand_in;
use crate::multipart::MultipartBody;
use crate::raw_body::RawBody;
use crate::returned::Returned;
use crate::stream::StreamBody;

/// Reads parameters of the type `T`.
#[derive(Debug)]
pub struct Typed<T>(PhantomData<fn() -> T>);

impl<T> Typed<T> {
    /// Reads `T`.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// A parameter that cannot be read.
#[derive(Debug)]
pub struct Untyped<T>(PhantomData<fn() -> T>);

impl<T> Deref for Typed<T> {
    type Target = Untyped<T>;

    fn deref(&self) -> &Self::Target {
        const { &Untyped(PhantomData) }
    }
}

/// Methods of [`Input`], and those that stand in for them.
macro_rules! reads {
    ($([$($asyncness:ident)?] $name:ident($($argument:ident: $type:ty),*) of $bound:ident;)*) => {
        $(impl<T: $bound> Typed<T> {
            /// The method of the request with this name.
            pub $($asyncness)? fn $name(&self, input: &mut Input, $($argument: $type),*) -> Option<T> {
                reads!(@$($asyncness)? input.$name($($argument),*))
            }
        })*

        impl<T> Untyped<T> {
            $(
                /// Stands in.
                pub $($asyncness)? fn $name(&self, _input: &mut Input, $(_: $type),*) -> Option<T> {
                    stand_in!()
                }
            )*
        }
    };
    (@async $call:expr) => { $call.await };
    (@ $call:expr) => { $call };
}

reads! {
    [] path(index: usize, name: &'static str) of DeserializeOwned;
    [] query(name: &'static str) of DeserializeOwned;
    [] query_fields(name: &'static str) of DeserializeOwned;
    [] header(name: &'static str) of DeserializeOwned;
    [] cookie(name: &'static str) of DeserializeOwned;
    [async] form(name: &'static str) of DeserializeOwned;
    [async] body(name: &'static str) of DeserializeOwned;
    [async] bytes(name: &'static str) of RawBody;
    [] stream(name: &'static str) of StreamBody;
    [] multipart(name: &'static str) of MultipartBody;
}

/// Answers with a `T` or an `E`.
#[derive(Debug)]
pub struct Answer<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Answer<T, E> {
    /// Answers.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Returned, E: ApiError> Answer<T, E> {
    /// The answer of an operation that returns a plain value.
    pub fn value(&self, value: T) -> Response {
        reply::answer_value(value)
    }

    /// The answer of an operation that returns a `Result`.
    pub fn result(&self, result: Result<T, E>) -> Response {
        reply::answer_result(result)
    }
}

impl<E: ApiError> Answer<(), E> {
    /// The answer of an operation that returns `Result<(), E>`.
    pub fn empty_result(&self, result: Result<(), E>) -> Response {
        reply::answer_empty_result(result)
    }
}

impl<T, E> Deref for Answer<T, E> {
    type Target = NoAnswer<T, E>;

    fn deref(&self) -> &Self::Target {
        const { &NoAnswer(PhantomData) }
    }
}

/// An answer that cannot be written.
#[derive(Debug)]
pub struct NoAnswer<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> NoAnswer<T, E> {
    /// Stands in.
    pub fn value(&self, _value: T) -> Response {
        stand_in!()
    }

    /// Stands in.
    pub fn result(&self, _result: Result<T, E>) -> Response {
        stand_in!()
    }

    /// Stands in.
    pub fn empty_result(&self, _result: Result<(), E>) -> Response {
        stand_in!()
    }
}
