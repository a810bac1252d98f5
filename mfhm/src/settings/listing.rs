//! [`Listing`]: instances that are listed one by one, as `MFHM_INSTANCES` does.

use std::collections::BTreeMap;

use super::directory::DnsName;
use super::http_url;
use crate::error::{Error, Result};
use crate::instance::ServiceName;

/// Services that are not looked up in the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing(pub(crate) BTreeMap<String, Listed>);

/// Where the instances of one service are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    At(Vec<ListedAddress>),
    /// Where the DNS says.
    Dns(DnsName),
}

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedAddress {
    pub host: String,
    pub port: u16,
    pub is_tls: bool,
}

impl Listing {
    /// Reads `users=10.0.0.1:8080,10.0.0.2:8080; orders=…`: commas between addresses,
    /// as between those of centers.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut services = Self::default();
        for entry in text.split(';').filter(|entry| !entry.trim().is_empty()) {
            let Some((service, addresses)) = entry.split_once('=') else {
                return Err(Error::new(format!(
                    "{:?} lists nothing; write users=10.0.0.1:8080,10.0.0.2:8080; orders=…",
                    entry.trim()
                )));
            };
            let addresses: Vec<&str> = addresses.split(',').collect();
            services.add(service.trim(), &addresses)?;
        }
        Ok(services)
    }

    /// Adds a service.
    pub(crate) fn add(&mut self, service: &str, addresses: &[impl AsRef<str>]) -> Result<()> {
        let refused = |why: &str| Err(Error::new(format!("the instances of {service:?}: {why}")));
        if let Err(why) = service.parse::<ServiceName>() {
            return refused(&why.to_string());
        }
        if self.0.contains_key(service) {
            return refused("they are listed twice");
        }
        let texts: Vec<&str> = addresses.iter().map(|text| text.as_ref().trim()).collect();
        let listed = match texts.as_slice() {
            [dns] if DnsName::is_one(dns) => Listed::Dns(DnsName::parse(dns)?),
            [] => return refused("there is none; give the address of each"),
            texts if texts.iter().any(|text| DnsName::is_one(text)) => {
                return refused("they are at addresses, or where one DNS name says, not both");
            }
            texts => {
                let mut all = Vec::new();
                for text in texts {
                    let address = address(text)?;
                    if !all.contains(&address) {
                        all.push(address);
                    }
                }
                Listed::At(all)
            }
        };
        self.0.insert(service.to_owned(), listed);
        Ok(())
    }

    /// Takes over what `other` says of services that are not listed here.
    pub(crate) fn or(mut self, other: Self) -> Self {
        for (service, listed) in other.0 {
            self.0.entry(service).or_insert(listed);
        }
        self
    }
}

/// The host and the port of an instance.
fn address(text: &str) -> Result<ListedAddress> {
    let url = http_url(text)?;
    let refused = |why: &str| Error::new(format!("{text:?} is no address of an instance: {why}"));
    let uri: http::Uri = url.parse().map_err(|_| refused("it has no host"))?;
    if !matches!(uri.path(), "" | "/") {
        return Err(refused("it has a path; write its host and its port"));
    }
    let host = uri.host().ok_or_else(|| refused("it has no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_tls = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
    let usual = if is_tls { 443 } else { 80 };
    Ok(ListedAddress {
        host: host.to_owned(),
        port: uri.port_u16().unwrap_or(usual),
        is_tls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[(&str, u16)]) -> Listed {
        let addresses = addresses.iter().map(|&(host, port)| ListedAddress {
            host: host.to_owned(),
            port,
            is_tls: false,
        });
        Listed::At(addresses.collect())
    }

    #[test]
    fn services_and_their_addresses_are_read() {
        let listing = Listing::parse(
            "users=10.0.0.1:8080, http://b:81/,10.0.0.1:8080;\n orders = [::1]:9;mail=dns://mail:25;",
        )
        .unwrap();
        assert_eq!(listing.0["users"], at(&[("10.0.0.1", 8080), ("b", 81)]));
        assert_eq!(listing.0["orders"], at(&[("::1", 9)]));
        assert!(matches!(listing.0["mail"], Listed::Dns(_)));
        let other = Listing::parse("users=c; more=d:1").unwrap();
        let both = listing.or(other);
        assert_eq!(both.0["users"], at(&[("10.0.0.1", 8080), ("b", 81)]));
        assert_eq!(both.0["more"], at(&[("d", 1)]));
    }

    #[test]
    fn what_lists_nothing_says_why() {
        for (text, why) in [
            ("users", "lists nothing"),
            ("=a:1", "service name"),
            ("no spaces=a:1", "service name"),
            ("a=b:1;a=c:1", "listed twice"),
            ("a=", "empty host"),
            ("a=http://b:1/path", "has a path"),
            ("a=b:1,dns://c:1", "not both"),
            ("a=dns://c", "need a port"),
            ("a=b:99999", "port"),
        ] {
            let error = Listing::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let secure = Listing::parse("a=https://b, https://c:1");
        if cfg!(feature = "tls") {
            let Listed::At(both) = &secure.unwrap().0["a"] else {
                panic!("they are addresses");
            };
            let ports = both.iter().map(|at| (at.port, at.is_tls));
            assert_eq!(ports.collect::<Vec<_>>(), [(443, true), (1, true)]);
        } else {
            assert!(secure.unwrap_err().to_string().contains("feature `tls`"));
        }
        let nobody: [&str; 0] = [];
        assert!(Listing::default().add("a", &nobody).is_err());
    }
}
