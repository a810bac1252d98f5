//! The serving side: transport → router → handler, and the life of a service.
//!
//! The macros describe a service as a [`ServiceDefinition`]: its name and its
//! [`Route`]s. [`router`] makes an axum router of it, [`input`] and [`reply`]
//! stand on both sides of a handler, [`registration`] keeps the center
//! informed.

pub(crate) mod definition;
pub(crate) mod extract;
pub(crate) mod guard;
pub(crate) mod input;
pub(crate) mod layers;
pub(crate) mod linked;
pub(crate) mod misdirected;
mod not_run;
pub(crate) mod overload;
pub(crate) mod registration;
pub(crate) mod reply;
pub(crate) mod router;
pub(crate) mod state;
pub(crate) mod typed;

pub use definition::{ContractRoutes, Route, Service, ServiceDefinition};
