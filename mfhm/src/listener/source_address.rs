//! [`Source`]: what counts as one address.

use std::net::{IpAddr, Ipv4Addr};

use crate::network::network;

/// Where connections come from. Who has one IPv6 address has its whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(peer: IpAddr) -> Self {
        let peer = peer.to_canonical();
        if peer.is_loopback() {
            return Self(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        Self(network(peer))
    }

    /// Whether it is this machine.
    pub(super) fn is_here(self) -> bool {
        self.0.is_loopback()
    }
}
