//! The events of `GET /v1/instances/{id}/hold`. While the stream is open the center
//! renews the lease by itself; when it ends, the center pings the instance at once.
//!
//! | event | data | meaning |
//! |---|---|---|
//! | `held` | [`Registered`](super::Registered) | first of all: the stream holds the registration |
//! | `drain` | `{}` | leave, as on SIGTERM |

use serde::{Deserialize, Serialize};

pub(crate) const HELD: &str = "held";
pub(crate) const DRAIN: &str = "drain";

/// Answer of `POST /v1/instances/{id}/drain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drained {
    /// Whether the instance holds a stream, on which it is told. Without one it
    /// only gets no new calls.
    pub told: bool,
}

/// Answer of `POST /v1/instances/{id}/report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reported {
    /// Whether it is pinged for this report; if not, it was for another one within
    /// the last second.
    pub pinged: bool,
}
