//! A network that is simulated, for tests.

mod network;

pub(crate) use self::network::connector;
