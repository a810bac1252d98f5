//! The two sides of every measurement: a small service with mfhm, and the same
//! by hand with axum and reqwest.

pub mod by_hand;
pub mod client;
pub mod contract;
