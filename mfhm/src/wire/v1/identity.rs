//! `POST /v1/identity`: a caller has the center say who it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Header of a call: the center's word for who calls.
pub(crate) const HEADER: &str = "mfhm-caller-identity";

/// How much longer an assertion counts where no center can be asked for another one.
pub(crate) const OVERTIME: Duration = Duration::from_secs(3600);

/// Longer assertions are none of ours.
pub(crate) const LONGEST: usize = 2048;

pub(crate) const PATH: &str = "/v1/identity";
#[cfg(feature = "identity")]
pub(crate) const KEYS_PATH: &str = "/v1/identity/keys";

/// What a caller asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WhoAmI {
    /// Who it says to be. May be left out where its token is for one name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service that it wants to call.
    pub audience: String,
}

/// What the center answers.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Asserted {
    /// The value of [`HEADER`].
    pub assertion: String,
    pub name: String,
    pub expires_in_ms: u64,
}
