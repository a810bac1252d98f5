//! The serving side: transport → router → handler, and the life of a service.
//!
//! The macros describe a service as a [`ServiceDefinition`]: its name and its
//! [`Route`]s. A request passes the [`door`], [`dispatch`] finds its operation (by
//! itself, or with the [`router`], which is axum's), and [`run`] runs it, with
//! [`input`] and [`reply`] on both sides of the handler. [`registration`] keeps the
//! center informed.

#[cfg(any(feature = "identity", feature = "tls"))]
pub(crate) mod callers;
pub(crate) mod definition;
pub(crate) mod dispatch;
pub(crate) mod door;
pub(crate) mod extract;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod guard;
pub(crate) mod input;
pub(crate) mod layers;
pub(crate) mod linked;
mod misdirected;
mod not_run;
pub(crate) mod overload;
mod path_params;
pub(crate) mod registration;
pub(crate) mod reply;
pub(crate) mod router;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod typed;

pub use definition::{ContractRoutes, Route, Service, ServiceDefinition};
