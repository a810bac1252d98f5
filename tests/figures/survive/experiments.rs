//! The experiments, one a file.

pub(crate) mod centerless;
pub(crate) mod discovery;
pub(crate) mod flap;
pub(crate) mod hang;
pub(crate) mod herd;
pub(crate) mod kill;
pub(crate) mod layers;
pub(crate) mod restarts;
pub(crate) mod rolling;
pub(crate) mod slow;
