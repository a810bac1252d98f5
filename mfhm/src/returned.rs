//! What an operation can return: JSON of any type that serde knows, and mfhm's
//! own types for everything else.
//!
//! mfhm's own types are neither `Serialize` nor `Deserialize`; that keeps them
//! apart from those that are JSON.

mod file;
mod headed;
mod raw;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::file::File;
pub use self::headed::Headed;
pub use self::raw::Raw;
#[cfg(feature = "client")]
use crate::client::{
    error::{Fault, FaultKind},
    transport::{Answered, Opened},
};
#[cfg(feature = "openapi")]
use crate::openapi::answer::AnswerSchema;

/// The success of an operation of a contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between a service and its callers",
    label = "not both `Serialize` and `Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it"
)]
pub trait Returned: Sized {
    /// What is written as JSON, wholly or part by part; `()` where nothing is.
    type Item;
    /// The content type that a caller asks for.
    const ACCEPT: &'static str = "application/json";
    /// Whether the body is read while it comes: then the call ends with the
    /// headers, and [`open`](Self::open) makes the value.
    const STREAMS: bool = false;

    /// What a document says of it. `item` is the schema of [`Item`](Self::Item).
    #[cfg(feature = "openapi")]
    fn describe(item: serde_json::Value) -> AnswerSchema;

    /// The answer that carries it.
    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response;

    /// Reads an answer whose status is a success.
    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault>;

    /// The same where the body has not come yet.
    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        // Called only for types that stream, and these have their own.
        let detail = "the answer is read as a whole";
        Err(opened.named(Fault::new(FaultKind::Decode, detail)))
    }
}

/// Whether `T` is `()`, under whatever name: then there is no body.
#[cfg(feature = "server")]
pub(crate) fn is_nothing<T: ?Sized>() -> bool {
    std::any::type_name::<T>() == std::any::type_name::<()>()
}

impl<T: Serialize + DeserializeOwned> Returned for T {
    type Item = T;

    #[cfg(feature = "openapi")]
    fn describe(item: serde_json::Value) -> AnswerSchema {
        AnswerSchema::of_json::<T>(item)
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        crate::server::reply::json_or_empty(&self)
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        let Answered { status, body, .. } = answer;
        // No content is what `()` and `None` are sent as.
        let json: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(json).map_err(|error| {
            let detail = if status == http::StatusCode::NO_CONTENT {
                "the answer is empty, and the contract declares a value"
            } else {
                "the answer is not what the contract declares"
            };
            Fault::undecodable(status, body.clone(), detail.to_owned()).because(error)
        })
    }
}
