//! Axum's extractors as parameters of handlers, of types that may be none: see
//! [`checks`](crate::checks).

use std::any::{TypeId, type_name};
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequest, FromRequestParts};
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::input::Input;
use super::state::State;
use crate::checks::{Deserializing, Nothing, Unknown, stand_in};

/// Reads an extractor of the type `T`.
#[derive(Debug)]
pub struct Extract<T>(PhantomData<fn() -> T>);

impl<T> Extract<T> {
    /// Reads `T`.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromRequestParts<()>> Extract<T> {
    /// How it reads.
    pub fn __mfhm_way(self) -> FromParts {
        FromParts
    }

    /// Runs it; the body is left alone.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn parts(self, input: &mut Input) -> Result<T, Response> {
        input.extract_parts().await
    }

    /// Runs it; it may take the body.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn whole(self, input: &mut Input) -> Result<T, Response> {
        input.extract_parts().await
    }
}

impl<T> Deref for Extract<T> {
    type Target = ExtractBody<T>;

    fn deref(&self) -> &Self::Target {
        const { &ExtractBody(PhantomData) }
    }
}

/// Reads an extractor that takes the body.
#[derive(Debug)]
pub struct ExtractBody<T>(PhantomData<fn() -> T>);

impl<T: FromRequest<()>> ExtractBody<T> {
    /// How it reads.
    pub fn __mfhm_way(&self) -> FromWhole {
        FromWhole
    }

    /// Runs it; it may take the body.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn whole(&self, input: &mut Input) -> Result<T, Response> {
        input.extract().await
    }
}

impl<T> Deref for ExtractBody<T> {
    type Target = NoExtract<T>;

    fn deref(&self) -> &Self::Target {
        const { &NoExtract(PhantomData) }
    }
}

/// A type that is no extractor, or not at this place.
#[derive(Debug)]
pub struct NoExtract<T>(PhantomData<fn() -> T>);

impl<T> NoExtract<T> {
    /// Not at all.
    pub fn __mfhm_way(&self) -> Neither {
        Neither
    }

    /// Stands in.
    ///
    /// # Errors
    ///
    /// None.
    pub async fn parts(&self, _input: &mut Input) -> Result<T, Response> {
        stand_in!()
    }

    /// Stands in.
    ///
    /// # Errors
    ///
    /// None.
    pub async fn whole(&self, _input: &mut Input) -> Result<T, Response> {
        stand_in!()
    }
}

/// From the head of a request.
#[derive(Debug)]
pub struct FromParts;

/// From all of a request.
#[derive(Debug)]
pub struct FromWhole;

/// Not at all.
#[derive(Debug)]
pub struct Neither;

/// An axum extractor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an axum extractor",
    label = "not `FromRequestParts` and not `FromRequest`",
    note = "a value that travels is written without `#[extract]`; shared state is `mfhm::State<T>`"
)]
pub trait Extractor<Way> {}

impl<T> Extractor<FromParts> for T {}
impl<T> Extractor<FromWhole> for T {}

/// An axum extractor that leaves the body alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted here",
    label = "not `FromRequestParts`",
    note = "only the last parameter can take the body, and only when no other parameter is the body"
)]
pub trait PartsExtractor<Way> {}

impl<T> PartsExtractor<FromParts> for T {}
// With one impl the compiler would guess the way.
impl<T> PartsExtractor<Unknown> for T {}

/// Demands that `T` is an extractor.
pub fn check_extract<T: Extractor<Way>, Way>(_: Way) {}

/// Demands that `T` is an extractor that leaves the body alone.
pub fn check_extract_parts<T: PartsExtractor<Way>, Way>(_: Way) {}

/// Finds out why a parameter of the type `T` cannot be read. `Inner` is what `T`
/// is a list or an option of, which has a check of its own.
#[derive(Debug)]
pub struct Reading<T, Inner = ()>(PhantomData<fn() -> (T, Inner)>);

impl<T, Inner> Reading<T, Inner> {
    /// Finds out.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: DeserializeOwned, Inner> Reading<T, Inner> {
    /// It can be read.
    pub fn __mfhm_read(self) -> Nothing {
        Nothing
    }
}

impl<T, Inner> Deref for Reading<T, Inner> {
    type Target = ReadingParts<T, Inner>;

    fn deref(&self) -> &Self::Target {
        const { &ReadingParts(PhantomData) }
    }
}

/// The same, of a type that is not `Deserialize`: is it an extractor?
#[derive(Debug)]
pub struct ReadingParts<T, Inner>(PhantomData<fn() -> (T, Inner)>);

impl<T: FromRequestParts<()>, Inner> ReadingParts<T, Inner> {
    /// It is extracted.
    pub fn __mfhm_read(&self) -> Extracting {
        Extracting
    }
}

impl<T, Inner> Deref for ReadingParts<T, Inner> {
    type Target = ReadingWhole<T, Inner>;

    fn deref(&self) -> &Self::Target {
        const { &ReadingWhole(PhantomData) }
    }
}

/// The same: is it an extractor that takes the body?
#[derive(Debug)]
pub struct ReadingWhole<T, Inner>(PhantomData<fn() -> (T, Inner)>);

impl<T: FromRequest<()>, Inner> ReadingWhole<T, Inner> {
    /// It is extracted.
    pub fn __mfhm_read(&self) -> Extracting {
        Extracting
    }
}

impl<T, Inner> Deref for ReadingWhole<T, Inner> {
    type Target = ReadingInner<Inner>;

    fn deref(&self) -> &Self::Target {
        const { &ReadingInner(PhantomData) }
    }
}

/// The same: is it the inner type that cannot be read?
#[derive(Debug)]
pub struct ReadingInner<Inner>(PhantomData<fn() -> Inner>);

impl<Inner: DeserializeOwned> ReadingInner<Inner> {
    /// It is not.
    pub fn __mfhm_read(&self) -> Deserializing {
        Deserializing
    }
}

impl<Inner> Deref for ReadingInner<Inner> {
    type Target = NoReading;

    fn deref(&self) -> &Self::Target {
        &NoReading
    }
}

/// The same, of a type that lacks what its inner type lacks.
#[derive(Debug)]
pub struct NoReading;

impl NoReading {
    /// It is.
    pub fn __mfhm_read(&self) -> Nothing {
        Nothing
    }
}

/// It is an extractor and not `Deserialize`.
#[derive(Debug)]
pub struct Extracting;

/// What a handler that is in no contract reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "not `Deserialize`",
    note = "add `#[derive(serde::Deserialize)]` to it"
)]
pub trait Readable<Lack> {}

impl<T> Readable<Nothing> for T {}
impl<T> Readable<Extracting> for T {}
impl<T: DeserializeOwned> Readable<Deserializing> for T {}

/// What is read without an extractor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is an axum extractor, and not a value that travels in a request",
    label = "write `#[extract]` before this parameter"
)]
pub trait Plain<Lack> {}

impl<T> Plain<Nothing> for T {}
impl<T> Plain<Deserializing> for T {}

/// Demands that `T` can be read from a request.
pub fn check_readable<T: Readable<Lack> + Plain<Lack>, Lack>(_: Lack) {}

/// A state that a handler takes as [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateNeed {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
}

/// Finds out which state an extractor of the type `T` needs.
#[derive(Debug)]
pub struct Needs<T>(PhantomData<fn() -> T>);

impl<T> Needs<T> {
    /// Finds out.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: 'static> Needs<State<T>> {
    /// The state.
    pub fn __mfhm_state(self) -> Option<StateNeed> {
        Some(StateNeed {
            type_id: TypeId::of::<T>(),
            type_name: type_name::<T>(),
        })
    }
}

impl<T> Deref for Needs<T> {
    type Target = NeedsNothing;

    fn deref(&self) -> &Self::Target {
        &NeedsNothing
    }
}

/// An extractor that needs no state that is known of.
#[derive(Debug)]
pub struct NeedsNothing;

impl NeedsNothing {
    /// None.
    pub fn __mfhm_state(&self) -> Option<StateNeed> {
        None
    }
}
