//! What travels between the center, services and callers.
//!
//! Each module holds the serde types of one protocol. The center, the server
//! and the client share these types and nothing else.

// Each of the three uses its part; a build without one of them leaves some over.
#![cfg_attr(
    not(all(feature = "client", feature = "server", feature = "center")),
    allow(dead_code, unused_imports)
)]

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) mod deadline;
#[cfg(any(feature = "center", feature = "identity"))]
#[cfg_attr(not(feature = "identity"), allow(dead_code))]
pub(crate) mod identity;
pub(crate) mod overload;
pub(crate) mod problem;
pub(crate) mod python;
#[cfg(feature = "client")]
pub(crate) mod trace;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
pub(crate) mod v1;
