//! What expansions of the macros name. Not for use by hand: anything here may
//! change in any release.

pub use std::convert::Infallible;

pub use http::StatusCode;

pub use crate::api_error::{ApiError, Data, ErrorVariant};
pub use crate::checks::{Check, ErrorField, check_bytes, check_error, check_travels};
#[cfg(any(feature = "client", feature = "server"))]
pub use crate::checks::{check_multipart, check_resumed, check_stream};
pub use crate::contract::{Operation, Param};
pub use crate::error::Error;
pub use crate::raw_body::{RawBody, SendBody};

#[cfg(feature = "client")]
pub use crate::{
    CallError, CallOptions, Caller,
    client::{
        Client,
        intercept::Interceptor,
        local::LocalSlot,
        request::Request,
        typed::{Argument, Exchange},
    },
};
#[cfg(feature = "client")]
pub use futures_util::future::BoxFuture;

#[cfg(feature = "cli")]
pub use crate::link::{operator::Operator, stranger::Stranger};
#[cfg(any(feature = "server", feature = "cli"))]
pub use crate::log::init as init_log;
#[cfg(feature = "validate")]
pub use crate::wire::problem::InvalidParam;
#[cfg(feature = "validate")]
pub use crate::{
    __mfhm_check_rules as check_rules, __mfhm_validated as validated,
    validate::{NoRulesKind, RulesKind, RulesProbe},
};
#[cfg(feature = "openapi")]
pub use crate::{
    __mfhm_error_schema as error_schema, __mfhm_field_schema as field_schema,
    __mfhm_param_schema as param_schema, __mfhm_value_schema as value_schema,
    openapi::answer::AnswerSchema,
    openapi::errors::{DataSchemas, ErrorSchema},
    openapi::schemas::{
        AbsenceKind, ErrorKind, JsonKind, NoErrorKind, NoSchemaKind, OpaqueKind, OperationSchemas,
        ParamSchema, Probe, RequiredKind, ReturnedKind, SchemaKind, Schemas,
    },
};
#[cfg(feature = "server")]
pub use crate::{
    entry::{Runtime, run_main},
    server::extract::{
        Extract, Needs, Reading, check_extract, check_extract_parts, check_readable,
    },
    server::input::Input,
    server::linked::{LinkedHandler, LinkedScope},
    server::reply::{
        JsonWay, NoErrorWay, NoWay, ProblemWay, Replying, ResponseWay, answer_empty, with_status,
    },
    server::typed::{Answer, Typed},
    server::{ContractRoutes, Route, Service, ServiceDefinition},
};
#[cfg(feature = "server")]
pub use axum::response::Response;
#[cfg(feature = "server")]
pub use inventory;

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
