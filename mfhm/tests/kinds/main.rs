//! Every kind of parameter and answer, three ways: as a local call, through the
//! router without a socket, and through a socket. All three give the same
//! result.

#![allow(clippy::unwrap_used)]

mod answers;
mod around;
mod overload;
mod params;
mod streams;
mod support;
