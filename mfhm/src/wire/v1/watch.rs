//! The events of `GET /v1/watch?service=a&service=b`: server-sent events, each
//! with an id to resume from (`Last-Event-ID`).
//!
//! | event | data | meaning |
//! |---|---|---|
//! | `snapshot` | [`Snapshot`] | everything there is, in place of what was told before |
//! | `upsert` | [`Upsert`] | this instance is new, or changed |
//! | `remove` | [`Removal`] | this instance is gone |
//!
//! An id is opaque. The center that gave it answers it with what came after it, as
//! long as it remembers; everything else is answered with a snapshot.

use serde::{Deserialize, Serialize};

use super::{InstanceView, ServiceView};
use crate::instance::InstanceId;

pub(crate) const SNAPSHOT: &str = "snapshot";
pub(crate) const UPSERT: &str = "upsert";
pub(crate) const REMOVE: &str = "remove";

/// So many services can be watched by one request.
pub(crate) const MOST_SERVICES: usize = 64;

/// Data of `snapshot`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// Grows with every change of the registry.
    pub revision: u64,
    /// Every service asked for, those without an instance too.
    pub services: Vec<ServiceView>,
    /// The center started a moment ago with nothing on its disk: instances that
    /// are missing may only not be back yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub warming: bool,
}

/// Data of `upsert`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upsert {
    pub service: String,
    pub revision: u64,
    pub instance: InstanceView,
}

/// Data of `remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removal {
    pub service: String,
    pub revision: u64,
    pub id: InstanceId,
}

fn is_false(value: &bool) -> bool {
    !value
}
