//! Every kind of parameter and answer, three ways: as a local call, through the
//! router without a socket, and through a socket. All three give the same
//! result.

#![allow(clippy::unwrap_used)]

mod ambient;
mod answers;
mod around;
mod extracted;
mod files;
mod intercept;
mod multipart;
mod overload;
mod params;
#[cfg(feature = "validate")]
mod rules;
mod streams;
mod support;
mod values;
mod versions;
