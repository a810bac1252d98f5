//! Centers, services and callers in a simulated network, with a clock of its own.
//!
//! Real is everything that decides: the center's api, registration, registry, watches
//! and prober; a service's registration with its held stream, and its door, which refuses
//! what is meant for others; a caller's resolver, watch, balancer, ejection and attempts; HTTP
//! between them all. Simulated are the sockets ([`network`]) and with them the accept
//! loop and the exchange of a ping, and the center's disk.
//!
//! A cut is made by holding what is sent until the line is mended, which is what TCP
//! makes of lost packets. Each scenario runs for several seeds; a failure names its own.
//! `MFHM_SIMULATIONS=50` runs more of them, and `MFHM_SEED=7` one.
//!
//! A seed decides the network's delays, the jitter and the choices; the order in which a
//! hash map is read and in which `select!` looks at its branches is not in its hand, so a
//! seed makes the same trouble again, and not always the same failure.

mod hosts;
mod network;
mod scenarios;
mod world;

pub(crate) use self::network::connector;
