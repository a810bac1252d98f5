//! Whole programs, started and ended as an operator would: services and centers
//! are processes of their own, the callers live in the tests.

mod ambient;
mod attempts;
mod backup;
mod bad_input;
mod certificates;
mod check;
mod cli;
mod crash;
mod discovery;
mod drain;
mod instances;
mod kept_lists;
mod kept_out;
mod offered;
mod one_or_many;
mod placement;
mod programs;
mod protocol;
mod restart;
mod several_centers;
mod shutdown;
mod sockets;
mod startup;
mod taken_id;
mod takeover;
mod uploads;
mod versions;
mod without_center;
