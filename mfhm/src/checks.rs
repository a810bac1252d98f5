//! Bounds of the user's types, each asked for in one place.
//!
//! A type that cannot travel is used by several parts of an expansion. If each
//! of them asked for the bound, the compiler would repeat one mistake as often.
//! So the parts of a contract take any type: where it has what it takes, method
//! resolution finds the real method, and else, one dereference later, one that
//! stands in. Only the checks here, which every contract contains, complain.

use std::marker::PhantomData;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api_error::{ApiError, Data};
use crate::raw_body::RawBody;
#[cfg(any(feature = "client", feature = "server"))]
use crate::{multipart::MultipartBody, returned::Returned, stream::StreamBody};

/// The body of a method that stands in where a bound is missing. Should it ever
/// be compiled to code, a check was forgotten, and this says so.
macro_rules! stand_in {
    () => {
        const { panic!("mfhm: a type lacks what its contract needs, and no check has said so") }
    };
}
pub(crate) use stand_in;

/// What can be sent and received: everything with serde's two traits.
pub trait Wire {}

impl<T: Serialize + DeserializeOwned> Wire for T {}

/// What a contract demands of a type. `Lack` is what [`Check`] has found: only
/// this is demanded, so that one type gets one message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between a service and its callers",
    label = "not both `Serialize` and `Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it"
)]
pub trait Travels<Lack> {}

impl<T> Travels<Nothing> for T {}
// With one impl that fits every type the compiler would guess the lack.
impl<T> Travels<Unknown> for T {}
impl<T: Serialize> Travels<Serializing> for T {}
impl<T: DeserializeOwned> Travels<Deserializing> for T {}

/// It lacks nothing, or what it lacks is said elsewhere.
#[derive(Debug)]
pub struct Nothing;

/// Nobody has this lack.
#[derive(Debug)]
pub struct Unknown;

/// It lacks `Serialize`. Whether it lacks `Deserialize` too is not asked: the
/// message tells to derive both.
#[derive(Debug)]
pub struct Serializing;

/// It lacks `Deserialize`.
#[derive(Debug)]
pub struct Deserializing;

/// Demands that `T` travels.
pub fn check_travels<T: Travels<Lack>, Lack>(_: Lack) {}

/// Finds out what `T` lacks. `Inner` is what `T` is a list or an option of,
/// which has a check of its own.
#[derive(Debug)]
pub struct Check<T, Inner = ()>(PhantomData<fn() -> (T, Inner)>);

impl<T, Inner> Check<T, Inner> {
    /// Finds out.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Wire, Inner> Check<T, Inner> {
    /// For a parameter or a JSON body.
    pub fn wire(&self) -> Nothing {
        Nothing
    }
}

impl<T: DeserializeOwned, Inner> Check<T, Inner> {
    /// For what is only read.
    pub fn read(&self) -> Nothing {
        Nothing
    }
}

#[cfg(any(feature = "client", feature = "server"))]
impl<T: Returned, Inner> Check<T, Inner> {
    /// For a success.
    pub fn reply(&self) -> Nothing {
        Nothing
    }
}

impl<T, Inner> Deref for Check<T, Inner> {
    type Target = CheckRead<T, Inner>;

    fn deref(&self) -> &Self::Target {
        const { &CheckRead(PhantomData) }
    }
}

/// The check of a type that cannot travel: is it for want of `Deserialize`?
#[derive(Debug)]
pub struct CheckRead<T, Inner>(PhantomData<fn() -> (T, Inner)>);

impl<T: Serialize, Inner: Wire> CheckRead<T, Inner> {
    /// For a parameter or a JSON body.
    pub fn wire(&self) -> Deserializing {
        Deserializing
    }
}

#[cfg(any(feature = "client", feature = "server"))]
impl<T: Serialize, Inner: Returned> CheckRead<T, Inner> {
    /// For a success.
    pub fn reply(&self) -> Deserializing {
        Deserializing
    }
}

impl<T, Inner: DeserializeOwned> CheckRead<T, Inner> {
    /// For what is only read.
    pub fn read(&self) -> Deserializing {
        Deserializing
    }
}

impl<T, Inner> Deref for CheckRead<T, Inner> {
    type Target = CheckWritten<Inner>;

    fn deref(&self) -> &Self::Target {
        const { &CheckWritten(PhantomData) }
    }
}

/// The check of a type that cannot be written: is it for want of `Serialize`?
#[derive(Debug)]
pub struct CheckWritten<Inner>(PhantomData<fn() -> Inner>);

impl<Inner: Wire> CheckWritten<Inner> {
    /// For a parameter or a JSON body.
    pub fn wire(&self) -> Serializing {
        Serializing
    }
}

#[cfg(any(feature = "client", feature = "server"))]
impl<Inner: Returned> CheckWritten<Inner> {
    /// For a success.
    pub fn reply(&self) -> Serializing {
        Serializing
    }
}

impl<Inner> Deref for CheckWritten<Inner> {
    type Target = CheckInner;

    fn deref(&self) -> &Self::Target {
        &CheckInner
    }
}

/// The check of a type that lacks what its inner type lacks.
#[derive(Debug)]
pub struct CheckInner;

impl CheckInner {
    /// For a parameter or a JSON body.
    pub fn wire(&self) -> Nothing {
        Nothing
    }

    /// For what is only read.
    pub fn read(&self) -> Nothing {
        Nothing
    }

    /// For a success.
    pub fn reply(&self) -> Nothing {
        Nothing
    }
}

/// What a handler that is in no contract reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "not `Deserialize`",
    note = "add `#[derive(serde::Deserialize)]` to it; before an axum extractor write `#[extract]`"
)]
pub trait Readable<Lack> {}

impl<T> Readable<Nothing> for T {}
impl<T> Readable<Unknown> for T {}
impl<T: DeserializeOwned> Readable<Deserializing> for T {}

/// Demands that `T` can be read from a request.
pub fn check_readable<T: Readable<Lack>, Lack>(_: Lack) {}
/// A contract's error.
pub fn check_error<E: ApiError>() {}
/// A body as it is.
pub fn check_bytes<T: RawBody>() {}
/// A body that is read while it comes.
#[cfg(any(feature = "client", feature = "server"))]
pub fn check_stream<T: StreamBody>() {}
/// A form with files.
#[cfg(any(feature = "client", feature = "server"))]
pub fn check_multipart<T: MultipartBody>() {}

/// A field of an [`ApiError`] of the type `T`.
#[derive(Debug)]
pub struct ErrorField<T>(PhantomData<fn() -> T>);

impl<T> ErrorField<T> {
    /// The field.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Serialize> ErrorField<T> {
    /// Adds the field to an error's data.
    pub fn put(&self, data: Data, name: &str, value: &T) -> Data {
        data.field(name, value)
    }
}

impl<T: DeserializeOwned> ErrorField<T> {
    /// Takes the field out of an error's data.
    pub fn take(&self, data: &mut Data, name: &str) -> Option<T> {
        data.take(name)
    }
}

impl<T> Deref for ErrorField<T> {
    type Target = UnknownField<T>;

    fn deref(&self) -> &Self::Target {
        const { &UnknownField(PhantomData) }
    }
}

/// A field that cannot travel.
#[derive(Debug)]
pub struct UnknownField<T>(PhantomData<fn() -> T>);

impl<T> UnknownField<T> {
    /// Stands in.
    pub fn put(&self, _data: Data, _name: &str, _value: &T) -> Data {
        stand_in!()
    }

    /// Stands in.
    pub fn take(&self, _data: &mut Data, _name: &str) -> Option<T> {
        stand_in!()
    }
}
