//! The examples are the programs beside this file; `quickstart` is the first to
//! run. What they share is their contracts, here.

pub mod hello;
