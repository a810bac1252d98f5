//! Axum's extractors as parameters of handlers, of types that may be none: see
//! [`checks`](crate::checks).

use std::any::{TypeId, type_name};
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequest, FromRequestParts};
use axum::response::Response;

use super::input::Input;
use super::state::State;
use crate::checks::{Unknown, stand_in};

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
    pub fn way(&self) -> FromParts {
        FromParts
    }

    /// Runs it; the body is left alone.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn parts(&self, input: &mut Input) -> Result<T, Response> {
        input.extract_parts().await
    }

    /// Runs it; it may take the body.
    ///
    /// # Errors
    ///
    /// The extractor's own rejection.
    pub async fn whole(&self, input: &mut Input) -> Result<T, Response> {
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
    pub fn way(&self) -> FromWhole {
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
    pub fn way(&self) -> Neither {
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
    pub fn state(&self) -> Option<StateNeed> {
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
    pub fn state(&self) -> Option<StateNeed> {
        None
    }
}
