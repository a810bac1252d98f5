//! A certificate that is there: what it says, and whether it belongs with a key and an
//! authority.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::KeyPair;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::{Pem, parse_x509_pem};

use super::name::Host;

/// A certificate as text, which was read once and can be.
#[derive(Clone)]
pub(super) struct Certificate {
    text: String,
    pem: Pem,
    pub begins: SystemTime,
    pub ends: SystemTime,
    /// Whose it is: names and addresses.
    pub hosts: BTreeSet<Host>,
}

impl Certificate {
    /// Reads the first certificate of a text in PEM.
    pub(super) fn read(text: String) -> Result<Self, String> {
        let (_, pem) = parse_x509_pem(text.as_bytes())
            .map_err(|_| "it is no certificate in PEM".to_owned())?;
        let parsed = parse(&pem)?;
        let validity = parsed.validity();
        let begins = time(validity.not_before.timestamp());
        let ends = time(validity.not_after.timestamp());
        let hosts = hosts(&parsed)?;
        Ok(Self {
            begins,
            ends,
            hosts,
            text,
            pem,
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is its key.
    pub(super) fn is_of(&self, key: &KeyPair) -> bool {
        parse(&self.pem).is_ok_and(|parsed| {
            *parsed.public_key().subject_public_key.data == *key.public_key_raw()
        })
    }

    /// Whether `authority` made it.
    pub(super) fn is_by(&self, authority: &Self) -> bool {
        let (Ok(own), Ok(other)) = (parse(&self.pem), parse(&authority.pem)) else {
            return false;
        };
        own.issuer() == other.subject() && own.verify_signature(Some(other.public_key())).is_ok()
    }

    /// Whether it may make others.
    pub(super) fn is_authority(&self) -> bool {
        parse(&self.pem).is_ok_and(|parsed| parsed.is_ca())
    }

    /// Whether less than a third of its time is left.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        let all = self.ends.duration_since(self.begins).unwrap_or_default();
        let left = self.ends.duration_since(now).unwrap_or_default();
        left < all / 3
    }
}

fn parse(pem: &Pem) -> Result<X509Certificate<'_>, String> {
    pem.parse_x509()
        .map_err(|_| "it is no certificate in PEM".to_owned())
}

fn hosts(parsed: &X509Certificate<'_>) -> Result<BTreeSet<Host>, String> {
    let names = parsed.subject_alternative_name();
    let names = names.map_err(|error| format!("its names can't be read: {error}"))?;
    let names = names.map(|names| names.value.general_names.iter());
    let hosts = names.into_iter().flatten().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(Host::Name((*name).to_owned())),
        GeneralName::IPAddress(bytes) => address(bytes).map(Host::Address),
        _ => None,
    });
    Ok(hosts.collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| sixteen()).ok()
}

fn time(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
