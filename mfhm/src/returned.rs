//! What an operation can return: JSON of any type that serde knows, and mfhm's
//! own types for everything else.
//!
//! mfhm's own types are neither `Serialize` nor `Deserialize`; that keeps them
//! apart from those that are JSON.

mod headed;
mod raw;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::headed::Headed;
pub use self::raw::Raw;
#[cfg(feature = "client")]
use crate::client::{error::Fault, transport::Answered};

/// The success of an operation of a contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between a service and its callers",
    label = "not both `Serialize` and `Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to it"
)]
pub trait Returned: Sized {
    /// The content type that a caller asks for.
    const ACCEPT: &'static str = "application/json";

    /// The answer that carries it.
    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response;

    /// Reads an answer whose status is a success.
    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault>;
}

impl<T: Serialize + DeserializeOwned> Returned for T {
    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        crate::server::reply::json(&self)
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
