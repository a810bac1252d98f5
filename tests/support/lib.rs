//! What the end-to-end tests share: processes, ports, waiting, plain HTTP and
//! Python with the package mfhm.
//!
//! Nothing here knows how mfhm works inside. Tests start programs, look at what
//! they print and answer, and end them in the ways in which programs end.

pub mod browser;
pub mod chain;
pub mod cli;
pub mod crash;
pub mod dns;
pub mod figures;
pub mod follow;
pub mod http;
pub mod port;
pub mod process;
pub mod python;
pub mod services;
pub mod versions;
pub mod wait;
