//! Which hosts an instance may register, and where pings may go.
//!
//! The center sends requests to what is registered, so a registration must not
//! be a way to make it talk to somebody else: an instance registers its own
//! address, and everything else must have been allowed by the operator.

mod allow_list;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

pub(crate) use self::allow_list::AllowList;
pub(crate) use crate::network::network;

/// How long a host name may take to resolve at a registration.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The host under which an instance is registered: the one it asked for, or its
/// own address.
///
/// # Errors
///
/// The host may not be registered from there; the text says what to do.
pub(crate) async fn admit(
    asked: Option<&str>,
    peer: IpAddr,
    allowed: &AllowList,
) -> Result<String, String> {
    let peer = peer.to_canonical();
    let host = match asked {
        None => return admit_address(peer, peer).map(|()| peer.to_string()),
        Some(host) => host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host),
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        let address = address.to_canonical();
        if !is_same(address, peer) && !allowed.has_address(address) {
            return Err(not_allowed(host, peer));
        }
        return admit_address(address, peer).map(|()| address.to_string());
    }
    if !is_host_name(host) {
        return Err(format!("`{host}` is neither an IP address nor a host name"));
    }
    if peer.is_loopback() && host.eq_ignore_ascii_case("localhost") {
        return Ok(host.to_owned());
    }
    if !allowed.has_host(host) {
        return Err(not_allowed(host, peer));
    }
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, resolve(host)).await;
    match found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(found) => allowed
            .permitted(host, found)
            .map(|_| host.to_owned())
            .map_err(|why| format!("{why} ({peer} asks for it)")),
        Err(error) => Err(format!("the name `{host}` can't be resolved: {error}")),
    }
}

/// Whether a ping may go to this host, for all that can be said before a name is looked
/// up: the instance's own, or one that was allowed.
/// `registrant` is where the registration came from; it is not known of Python
/// services, whose host is their own address in any case, nor of records of earlier
/// versions, which were checked when they came.
///
/// # Errors
///
/// It may not; the text says what to do.
pub(crate) fn may_ping(
    host: &str,
    registrant: Option<IpAddr>,
    allowed: &AllowList,
) -> Result<(), String> {
    let Ok(address) = host.parse::<IpAddr>() else {
        return match registrant {
            Some(peer) if peer.is_loopback() && host.eq_ignore_ascii_case("localhost") => Ok(()),
            Some(peer) if !allowed.has_host(host) => Err(not_allowed(host, peer)),
            _ => Ok(()),
        };
    };
    if is_forbidden(address) {
        return Err("its address may not be registered".to_owned());
    }
    match registrant {
        Some(peer) if !is_same(address, peer) && !allowed.has_address(address) => {
            Err(not_allowed(&address.to_string(), peer))
        }
        _ => Ok(()),
    }
}

/// Whether a request from `peer` comes from the host of this name or address. On
/// one machine every loopback address is the same host.
pub(crate) async fn is_host(host: &str, peer: IpAddr) -> bool {
    if let Ok(address) = host.parse() {
        return is_same(address, peer);
    }
    match tokio::time::timeout(RESOLVE_TIMEOUT, resolve(host)).await {
        Ok(Ok(addresses)) => addresses.into_iter().any(|address| is_same(address, peer)),
        Ok(Err(_)) | Err(_) => false,
    }
}

/// Whether two addresses are the same host's, as far as can be told.
pub(crate) fn is_same(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one == other || one.is_loopback() && other.is_loopback()
}

/// Looks a name up.
pub(crate) async fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = tokio::net::lookup_host((name, 0)).await?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// Addresses that are no instance's, whoever asks: link-local ones (cloud
/// providers answer there with credentials), other providers' metadata services,
/// and those that name no single host.
pub(crate) fn is_forbidden(address: IpAddr) -> bool {
    const METADATA_V4: [Ipv4Addr; 2] = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    const METADATA_V6: [Ipv6Addr; 2] = [
        Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254),
    ];
    let is_forbidden_v4 = |v4: Ipv4Addr| {
        v4.is_link_local()
            // All of 0.0.0.0/8 is "this network".
            || v4.octets()[0] == 0
            || v4.is_multicast()
            || v4.is_broadcast()
            || METADATA_V4.contains(&v4)
    };
    match address.to_canonical() {
        IpAddr::V4(v4) => is_forbidden_v4(v4),
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
                || METADATA_V6.contains(&v6)
                || embedded(v6).is_some_and(is_forbidden_v4)
        }
    }
}

/// The IPv4 address that a gateway would make of this one: NAT64 (64:ff9b::/96), 6to4
/// (2002::/16), and the old IPv4-compatible form (::/96).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // ::1 is loopback, not 0.0.0.1.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

/// `host` as it stands in a URL. Absent: it can't.
pub(crate) fn url_host(host: &str) -> Option<String> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => Some(format!("[{address}]")),
        Ok(IpAddr::V4(address)) => Some(address.to_string()),
        Err(_) => is_host_name(host).then(|| host.to_owned()),
    }
}

/// Letters, digits, hyphens, underscores and dots, and not only digits and dots:
/// URL parsers read those as an address in an old notation.
fn is_host_name(host: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let last = labels.clone().next_back().unwrap_or_default();
    host.len() <= 253
        && labels
            .into_iter()
            .all(|l| (1..=63).contains(&l.len()) && l.bytes().all(is_plain))
        && !last.starts_with(|first: char| first.is_ascii_digit())
}

fn admit_address(address: IpAddr, peer: IpAddr) -> Result<(), String> {
    if is_forbidden(address) {
        let hint = if address == peer {
            ": connect from another address, or name one"
        } else {
            ""
        };
        return Err(format!(
            "{address} can't be registered (link-local, metadata or no single host){hint}"
        ));
    }
    Ok(())
}

fn not_allowed(host: &str, peer: IpAddr) -> String {
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback());
    if is_loopback {
        // Leaving the host out, or allowing it, would only hide that nobody can
        // reach the service.
        return format!(
            "`{host}` is reached on its own machine only, and this registration comes from another \
             one ({peer}): let the service listen where others reach it, such as on {peer} \
             (MFHM_HOST={peer}, App::host)"
        );
    }
    format!(
        "`{host}` is not the address that this registration comes from ({peer}): leave the host \
         out, or allow it at the center (--allow-host {host}, .allow_host({host:?}); also a range \
         of addresses such as 10.0.0.0/8)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(asked: Option<&str>, peer: &str, expected: Result<&str, &str>) {
        let allowed = ["10.9.9.9", "Orders.internal", "localhost", "192.168.0.0/16"];
        let allowed = AllowList::new(allowed).unwrap();
        let admitted = admit(asked, peer.parse().unwrap(), &allowed).await;
        match (&admitted, expected) {
            (Ok(host), Ok(expected)) => assert_eq!(host, expected),
            (Err(text), Err(part)) => assert!(text.contains(part), "{text}"),
            _ => panic!("{asked:?} from {peer}: {admitted:?}"),
        }
    }

    #[tokio::test]
    async fn an_instance_registers_its_own_address() {
        check(None, "10.0.0.5", Ok("10.0.0.5")).await;
        check(None, "::ffff:10.0.0.5", Ok("10.0.0.5")).await;
        check(Some("10.0.0.5"), "10.0.0.5", Ok("10.0.0.5")).await;
        check(Some("::ffff:10.0.0.5"), "10.0.0.5", Ok("10.0.0.5")).await;
        check(Some("[2001:db8::1]"), "2001:db8::1", Ok("2001:db8::1")).await;
        check(Some("10.0.0.6"), "10.0.0.5", Err("--allow-host 10.0.0.6")).await;
        check(Some("10.0.0.5"), "127.0.0.1", Err("--allow-host")).await;
    }

    #[tokio::test]
    async fn on_one_machine_every_loopback_address_is_its_own() {
        check(Some("127.0.0.9"), "127.0.0.1", Ok("127.0.0.9")).await;
        check(Some("::1"), "127.0.0.1", Ok("::1")).await;
        check(Some("localhost"), "::1", Ok("localhost")).await;
    }

    #[tokio::test]
    async fn who_listens_for_its_own_machine_only_is_told_to_listen_elsewhere() {
        for host in ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "::ffff:127.0.0.1"] {
            check(Some(host), "10.0.0.5", Err("MFHM_HOST=10.0.0.5")).await;
        }
        let peer = "10.0.0.5".parse().unwrap();
        for host in ["127.0.0.1", "Localhost"] {
            let text = admit(Some(host), peer, &AllowList::default())
                .await
                .unwrap_err();
            assert!(text.contains("App::host"), "{text}");
            assert!(!text.contains("allow"), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_allowed_may_come_from_anywhere() {
        check(Some("10.9.9.9"), "10.0.0.5", Ok("10.9.9.9")).await;
        check(Some("localhost"), "10.0.0.5", Ok("localhost")).await;
        check(Some("192.168.7.7"), "10.0.0.5", Ok("192.168.7.7")).await;
        check(Some("192.169.7.7"), "10.0.0.5", Err("--allow-host")).await;
        check(Some("orders.invalid"), "10.0.0.5", Err("can't be resolved")).await;
        // Not by a range of other addresses.
        let range = AllowList::new(["10.0.0.0/8"]).unwrap();
        let peer = "10.0.0.5".parse().unwrap();
        let admitted = admit(Some("localhost"), peer, &range).await;
        assert!(admitted.unwrap_err().contains("App::host"));
        assert!(may_ping("localhost", Some(peer), &range).is_err());
        let own = "127.0.0.1".parse().unwrap();
        assert!(may_ping("localhost", Some(own), &range).is_ok());
    }

    #[tokio::test]
    async fn a_host_is_known_by_its_addresses() {
        for (host, peer, expected) in [
            ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "::ffff:10.0.0.5", true),
            ("10.0.0.5", "10.0.0.6", false),
            ("10.0.0.5", "127.0.0.1", false),
            ("127.0.0.1", "::1", true),
            ("localhost", "127.0.0.1", true),
            ("localhost", "10.0.0.5", false),
            ("orders.invalid", "10.0.0.5", false),
        ] {
            let found = is_host(host, peer.parse().unwrap()).await;
            assert_eq!(found, expected, "{host} {peer}");
        }
    }

    #[tokio::test]
    async fn what_is_no_host_is_refused() {
        for host in [
            "", "a b", "a/b", "a@b", "1.2.3", "0x7f.1", "127.1", "a..b", "é", "a:1", "[::1",
        ] {
            check(Some(host), "127.0.0.1", Err("")).await;
            assert_eq!(url_host(host), None, "{host}");
        }
    }

    #[tokio::test]
    async fn link_local_and_metadata_addresses_are_refused_to_everybody() {
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "0.0.0.1",
            "::",
            "::ffff:0.0.0.0",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "::ffff:255.255.255.255",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            // Whatever the operator allows.
            let everything = AllowList::new(["0.0.0.0/0", "::/0"]).unwrap();
            let parsed = address.parse().unwrap();
            assert!(may_ping(address, Some(parsed), &everything).is_err());
            let admitted = admit(Some(address), parsed, &everything).await;
            assert!(admitted.is_err(), "{address}");
            check(Some(address), address, Err("can't be registered")).await;
            check(None, address, Err("can't be registered")).await;
        }
    }

    #[test]
    fn ipv6_hosts_are_bracketed() {
        assert_eq!(url_host("::1").as_deref(), Some("[::1]"));
        assert_eq!(url_host("127.0.0.1").as_deref(), Some("127.0.0.1"));
        assert_eq!(
            url_host("orders-1.internal").as_deref(),
            Some("orders-1.internal")
        );
    }
}
