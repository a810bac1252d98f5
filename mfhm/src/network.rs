//! What an address counts as, where each may have a share of something.

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address is one, and of IPv6 everybody has 2⁶⁴.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}
