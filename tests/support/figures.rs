//! What the programs with figures (`tests/figures`) share.

pub mod address;
pub mod machine;
pub mod plain;
pub mod report;
