//! What may be registered besides an instance's own address: names, addresses and
//! ranges of addresses.
//!
//! A name that is allowed may lead to any address of the network, except to the
//! center's own machine: who rules over the name would have the center talk to
//! programs there. That must be allowed as an address.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::is_forbidden;

#[derive(Clone, Debug, Default)]
pub(crate) struct AllowList {
    names: Vec<String>,
    ranges: Vec<IpNet>,
}

impl AllowList {
    /// Each entry is a host name, an address, or a range such as `10.0.0.0/8`.
    ///
    /// # Errors
    ///
    /// All entries that are none of these.
    pub(crate) fn new<S: AsRef<str>>(
        entries: impl IntoIterator<Item = S>,
    ) -> Result<Self, Vec<String>> {
        let mut list = Self::default();
        let mut problems = Vec::new();
        for entry in entries {
            let entry = entry.as_ref().trim();
            let bare = entry
                .strip_prefix('[')
                .and_then(|entry| entry.strip_suffix(']'))
                .unwrap_or(entry);
            if let Ok(address) = bare.parse::<IpAddr>() {
                list.ranges.push(address.to_canonical().into());
            } else if let Ok(range) = bare.parse::<IpNet>() {
                list.ranges.push(range);
            } else if super::is_host_name(bare) {
                list.names.push(bare.to_owned());
            } else {
                problems.push(format!(
                    "the allowed host {entry:?} (--allow-host, .allow_host(…)) is neither an \
                     address, nor a range such as 10.0.0.0/8, nor a host name"
                ));
            }
        }
        if problems.is_empty() {
            Ok(list)
        } else {
            Err(problems)
        }
    }

    fn has_name(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    /// Whether a name may be registered from anywhere, if it leads to where it may.
    /// Where it can't, nobody makes the center ask the name servers.
    pub(super) fn has_host(&self, name: &str) -> bool {
        let by_address = if name.eq_ignore_ascii_case("localhost") {
            self.has_address(Ipv4Addr::LOCALHOST.into())
        } else {
            !self.ranges.is_empty()
        };
        by_address || self.has_name(name)
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| range.contains(&address))
    }

    /// Those of the addresses of a name that pings may go to. It is asked at the
    /// registration and again for each connection, so that a name can't be moved to
    /// another place later.
    ///
    /// # Errors
    ///
    /// There are none; the text says what to do.
    pub(crate) fn permitted(
        &self,
        name: &str,
        addresses: Vec<IpAddr>,
    ) -> Result<Vec<IpAddr>, String> {
        let is_permitted = |address: &IpAddr| self.permits(name, *address);
        let permitted: Vec<_> = addresses.iter().copied().filter(is_permitted).collect();
        if !permitted.is_empty() {
            return Ok(permitted);
        }
        let allowable = addresses
            .into_iter()
            .find(|address| !is_forbidden(*address));
        Err(match allowable {
            Some(address) => format!(
                "the name `{name}` leads to {address}, which is not allowed at the center \
                 (--allow-host {address}, or a range of addresses)"
            ),
            None => format!("the name `{name}` leads to addresses that nobody may register"),
        })
    }

    fn permits(&self, name: &str, address: IpAddr) -> bool {
        let is_loopback = address.to_canonical().is_loopback();
        let by_name = if name.eq_ignore_ascii_case("localhost") {
            is_loopback
        } else {
            self.has_name(name) && !is_loopback
        };
        !is_forbidden(address) && (by_name || self.has_address(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(allowed: &[&str], name: &str, addresses: &[&str]) -> Result<Vec<String>, String> {
        let allowed = AllowList::new(allowed).unwrap();
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let permitted = allowed.permitted(name, addresses.collect())?;
        Ok(permitted.iter().map(IpAddr::to_string).collect())
    }

    #[test]
    fn a_name_leads_where_it_may_and_nowhere_else() {
        let all = [
            "10.0.0.5",
            "127.0.0.1",
            "::ffff:127.0.0.1",
            "169.254.169.254",
            "::1",
        ];
        for (allowed, expected) in [
            (&["orders"][..], Ok(&["10.0.0.5"][..])),
            (&["10.0.0.0/8"], Ok(&["10.0.0.5"])),
            (&["127.0.0.1"], Ok(&["127.0.0.1", "::ffff:127.0.0.1"])),
            (&["192.168.0.0/16"], Err("--allow-host 10.0.0.5")),
            (&["others"], Err("--allow-host 10.0.0.5")),
        ] {
            match (permitted(allowed, "orders", &all), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{allowed:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (found, _) => panic!("{allowed:?}: {found:?}"),
            }
        }
        let why = permitted(&["orders"], "orders", &["169.254.169.254"]).unwrap_err();
        assert!(why.contains("nobody may"), "{why}");
        let why = permitted(&["orders"], "orders", &["127.0.0.1"]).unwrap_err();
        assert!(why.contains("--allow-host 127.0.0.1"), "{why}");
        assert!(permitted(&[], "localhost", &["127.0.0.1", "::1"]).is_ok());
        assert!(permitted(&["localhost"], "localhost", &["10.0.0.5"]).is_err());
    }

    #[test]
    fn what_is_neither_name_nor_range_is_a_problem() {
        let problems = AllowList::new(["10.0.0.0/33", "a b", "orders", "fd00::/8"]);
        assert_eq!(problems.unwrap_err().len(), 2);
    }
}
