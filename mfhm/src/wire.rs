//! What travels between the center, services and callers.
//!
//! Each module holds the serde types of one protocol. The center, the server
//! and the client share these types and nothing else.

pub(crate) mod problem;
pub(crate) mod python;
pub(crate) mod v1;
