//! [`Source`]: what counts as one address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where connections come from. Who has one IPv6 address has its whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(peer: IpAddr) -> Self {
        let peer = peer.to_canonical();
        if peer.is_loopback() {
            return Self(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        Self(match peer {
            IpAddr::V4(_) => peer,
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        })
    }

    /// Whether it is this machine.
    pub(super) fn is_here(self) -> bool {
        self.0.is_loopback()
    }
}
