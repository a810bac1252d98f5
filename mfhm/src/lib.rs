//! Declare an HTTP service once, as annotated Rust. Call it like a function.
//! Run it as one process or as many.

#![cfg_attr(docsrs, feature(doc_cfg))]
// A test that unwraps says where it failed.
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[doc(hidden)]
pub mod __private;
mod api_error;
#[cfg(feature = "server")]
mod app;
#[cfg(feature = "center")]
mod center;
#[cfg(feature = "client")]
mod client;
#[cfg(any(feature = "openapi", feature = "cli"))]
pub mod compat;
mod contract;
#[cfg(feature = "server")]
mod entry;
mod error;
mod instance;
mod json;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
mod key;
#[cfg(any(feature = "client", feature = "server"))]
mod link;
#[cfg(any(feature = "server", feature = "center"))]
mod listener;
#[cfg(any(feature = "server", feature = "cli"))]
mod log;
mod macros;
#[cfg(feature = "openapi")]
mod openapi;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "client", feature = "server"))]
mod settings;
#[cfg(any(feature = "server", feature = "center"))]
mod shutdown;
#[cfg(any(feature = "client", feature = "server"))]
mod value;
mod wire;

pub use api_error::{ApiError, Data, ErrorVariant};
#[cfg(feature = "server")]
pub use app::{App, RunningApp, RunningService, run};
#[cfg(feature = "center")]
pub use center::{Center, CenterBuilder, RunningCenter};
#[cfg(feature = "client")]
pub use client::{
    caller::{Caller, CallerBuilder},
    error::{CallError, Fault},
    options::CallOptions,
    untyped::{Answer, CallBuilder},
};
pub use contract::{Operation, Param, ParamSource};
pub use error::{Error, Result};
pub use instance::{InstanceId, InstanceStatus, InvalidName, ServiceName};
pub use json::Json;
pub use macros::*;
#[cfg(feature = "server")]
pub use server::{Service, state::State};
pub use wire::problem::{InvalidParam, Problem};
