//! What expansions of the macros name. Not for use by hand: anything here may
//! change in any release.

pub use std::convert::Infallible;

pub use http::StatusCode;

pub use crate::api_error::{ApiError, Data, ErrorVariant};
pub use crate::contract::{Operation, Param};
pub use crate::error::Error;
pub use crate::raw_body::{RawBody, SendBody};

#[cfg(feature = "client")]
pub use crate::{
    CallError, CallOptions, Caller,
    client::{Client, intercept::Interceptor, local::LocalSlot, request::Request},
};
#[cfg(feature = "client")]
pub use futures_util::future::BoxFuture;

#[cfg(any(feature = "server", feature = "cli"))]
pub use crate::log::init as init_log;
#[cfg(feature = "openapi")]
pub use crate::{
    __mfhm_error_schema as error_schema, __mfhm_param_schema as param_schema,
    __mfhm_value_schema as value_schema,
    openapi::schemas::{
        AbsenceKind, ErrorKind, JsonKind, NoErrorKind, NoJsonKind, NoSchemaKind, OperationSchemas,
        ParamSchema, Probe, RequiredKind, SchemaKind, Schemas, ValueSchema,
    },
};
#[cfg(feature = "server")]
pub use crate::{
    __mfhm_reply as reply, __mfhm_reply_error as reply_error,
    entry::{Runtime, run_main},
    server::input::Input,
    server::linked::{LinkedHandler, LinkedScope},
    server::reply::{
        ApiErrorKind, ErrorResponseKind, ResponseKind, SerializeKind, answer_empty,
        answer_empty_result, answer_error, answer_result, answer_value, with_status,
    },
    server::{ContractRoutes, Route, Service, ServiceDefinition},
};
#[cfg(feature = "server")]
pub use axum::response::Response;
#[cfg(feature = "server")]
pub use inventory;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The parts of a `Result`, for return types that are an alias of it.
pub trait Outcome {
    /// What a success holds.
    type Value;
    /// What a failure holds.
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// The status with this number, which the macro has checked.
pub fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What can be sent and received: everything with serde's two traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between a service and its callers",
    label = "not both `Serialize` and `Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it"
)]
pub trait Wire {}

impl<T: Serialize + DeserializeOwned> Wire for T {}

/// A contract's result.
#[cfg(any(feature = "client", feature = "server"))]
pub fn check_reply<T: crate::returned::Returned>() {}
/// A contract's error.
pub fn check_error<E: ApiError>() {}
/// A parameter in a path, a query or a header.
pub fn check_param<T: Wire>() {}
/// A JSON body.
pub fn check_body<T: Wire>() {}
/// A body as it is.
pub fn check_bytes<T: RawBody>() {}
/// A body that is read while it comes.
#[cfg(any(feature = "client", feature = "server"))]
pub fn check_stream<T: crate::stream::StreamBody>() {}
/// A field of an `ApiError`.
pub fn check_error_field<T: Wire>() {}
