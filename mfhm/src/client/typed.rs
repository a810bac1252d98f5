//! The arguments and results of calls, of types that may lack what it takes:
//! see [`checks`](crate::checks).

use std::marker::PhantomData;
use std::ops::Deref;

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::Client;
use super::error::CallError;
use super::local::LocalResult;
use super::request::Request;
use crate::api_error::ApiError;
use crate::checks::stand_in;
use crate::contract::Operation;
use crate::multipart::MultipartBody;
use crate::raw_body::SendBody;
use crate::returned::Returned;
use crate::stream::StreamBody;

/// An argument.
#[derive(Debug)]
pub struct Argument<T>(pub T);

/// An argument that cannot be sent.
#[derive(Debug)]
pub struct NoArgument<T>(PhantomData<fn() -> T>);

impl<T> Deref for Argument<T> {
    type Target = NoArgument<T>;

    fn deref(&self) -> &Self::Target {
        const { &NoArgument(PhantomData) }
    }
}

/// Methods of [`Request`], and those that stand in for them.
macro_rules! writes {
    ($($bound:ident: fn $name:ident($($argument:ident: $type:ty),*);)*) => {
        $(impl<T: $bound> Argument<T> {
            /// The method of the request with this name.
            pub fn $name(self, request: &mut Request, $($argument: $type),*) {
                request.$name($($argument,)* writes!(@value $bound self));
            }
        })*

        impl<T> NoArgument<T> {
            $(
                /// Stands in.
                pub fn $name(&self, _request: &mut Request, $(_: $type),*) {
                    stand_in!()
                }
            )*
        }
    };
    (@value Serialize $argument:ident) => { &$argument.0 };
    // By value: an owned one is not copied.
    (@value $bound:ident $argument:ident) => { $argument.0 };
}

writes! {
    Serialize: fn path(name: &str);
    Serialize: fn rest(name: &str);
    Serialize: fn query(name: &str);
    Serialize: fn query_fields(name: &str);
    Serialize: fn header(name: &'static str);
    Serialize: fn cookie(name: &str);
    Serialize: fn form(name: &str);
    Serialize: fn body();
    SendBody: fn bytes();
    StreamBody: fn stream();
    MultipartBody: fn multipart(name: &str);
}

/// A call that gives a `T` or an `E`.
#[derive(Debug)]
pub struct Exchange<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Exchange<T, E> {
    /// A call.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Returned, E: ApiError> Exchange<T, E> {
    /// Sends the request and reads the answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn send(
        self,
        request: Request,
    ) -> impl Future<Output = Result<T, CallError<E>>> + use<T, E> {
        request.send()
    }
}

impl<T, E: ApiError> Exchange<T, E> {
    /// Runs a call of an implementation in this process.
    ///
    /// # Errors
    ///
    /// See [`Client::call_local`].
    pub fn local<'a, C: ?Sized + Send + Sync + 'static>(
        self,
        client: &'a Client<C>,
        operation: &'static Operation,
        call: BoxFuture<'a, Result<T, E>>,
    ) -> LocalResult<'a, T, E>
    where
        T: 'a,
    {
        client.call_local(operation, call)
    }
}

impl<T, E> Deref for Exchange<T, E> {
    type Target = NoExchange<T, E>;

    fn deref(&self) -> &Self::Target {
        const { &NoExchange(PhantomData) }
    }
}

/// A call whose answer cannot be read.
#[derive(Debug)]
pub struct NoExchange<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> NoExchange<T, E> {
    /// Stands in.
    ///
    /// # Errors
    ///
    /// None.
    pub fn send(&self, _request: Request) -> std::future::Pending<Result<T, CallError<E>>> {
        stand_in!()
    }

    /// Stands in.
    ///
    /// # Errors
    ///
    /// None.
    pub fn local<C: ?Sized>(
        &self,
        _client: &Client<C>,
        _operation: &'static Operation,
        _call: BoxFuture<'_, Result<T, E>>,
    ) -> std::future::Pending<Result<T, CallError<E>>> {
        stand_in!()
    }
}
