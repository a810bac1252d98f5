//! What the center knows about one instance and keeps on disk: everything but
//! its health, which is found out anew.

pub(crate) mod check;
mod operations;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

pub(crate) use self::operations::Operations;
use super::digest::SecretDigest;
use crate::instance::InstanceId;
use crate::key::Key;
use crate::wire::v1::DocumentHash;

/// One registered instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Chosen by a v1 instance, made by the center for a Python one.
    pub id: InstanceId,
    /// Name of the service. Python names are freer than [`crate::ServiceName`].
    pub service: String,
    /// An IP address, or a name that the center was told to allow.
    pub host: String,
    pub port: u16,
    /// Whether HTTPS is spoken there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    pub origin: Origin,
    /// The address that a v1 registration came from. Absent in records of earlier
    /// versions, and where it is the host in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Who it was registered as, where the center can tell one from another: a token, or a
    /// certificate. Absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Box<str>>,
    /// As registered: path templates are in the form that `origin` uses.
    #[serde(default)]
    pub operations: Operations,
    /// Names the OpenAPI document of a v1 instance, which the store keeps beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentHash>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub weight: u32,
    /// What requests to this instance must carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Stands for the secret with which a v1 instance proves that it is itself. Absent
    /// in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretDigest>,
}

/// Which protocol an instance registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// `POST /online`: never renews and never comes back by itself.
    Python,
    /// `POST /v1/instances`: holds a lease.
    V1,
}

impl Origin {
    /// The word for it, as it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::V1 => "v1",
        }
    }
}

/// The place that an instance takes: at most one instance of a service listens
/// on one host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub service: String,
    pub host: String,
    pub port: u16,
}

impl Record {
    /// Gives back what was reserved while it was read: it is kept for long.
    pub(crate) fn shrunk(mut self) -> Self {
        self.service.shrink_to_fit();
        self.host.shrink_to_fit();
        self
    }

    /// Takes what it promises from one that promises the same, so that it is kept once
    /// for both.
    pub(crate) fn share(&mut self, with: &Self) {
        if self.operations == with.operations {
            self.operations = with.operations.clone();
        }
        if self.document == with.document {
            self.document = with.document.clone();
        }
    }

    /// Whether this is its place.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        (&self.service, &self.host, self.port) == (&place.service, &place.host, place.port)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            service: self.service.clone(),
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// The address that it was registered from, as far as it is known.
    pub(crate) fn registrant(&self) -> IpAddr {
        let own = || self.host.parse().ok();
        let registrant = self.peer.or_else(own);
        registrant.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn footprint(&self) -> usize {
        /// Of a text, a list and an entry of a map, beside what is in it.
        const TEXT: usize = 24;
        let texts = |texts: &[String]| texts.iter().map(|text| TEXT + text.len()).sum::<usize>();
        let operations = self.operations.iter().map(|operation| {
            let fingerprint = operation.fingerprint.as_ref().map_or(0, String::len);
            4 * TEXT
                + operation.name.len()
                + operation.path.len()
                + texts(&operation.methods)
                + fingerprint
        });
        let metadata = self.metadata.iter();
        let metadata = metadata.map(|(name, value)| 2 * TEXT + name.len() + value.len());
        size_of::<Self>()
            + self.id.as_str().len()
            + self.service.len()
            + self.host.len()
            + self.version.as_ref().map_or(0, String::len)
            + self.key.as_ref().map_or(0, |key| key.reveal().len())
            + self.principal.as_ref().map_or(0, |name| name.len())
            + operations.sum::<usize>()
            + metadata.sum::<usize>()
    }
}

#[cfg(test)]
impl Record {
    /// A record for tests: `service` at 127.0.0.1:`port`.
    pub(crate) fn sample(origin: Origin, service: &str, id: &str, port: u16) -> Self {
        Self {
            id: id.parse().expect("tests use valid ids"),
            service: service.to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            tls: false,
            origin,
            peer: None,
            principal: None,
            operations: Operations::default(),
            document: None,
            metadata: BTreeMap::new(),
            version: None,
            weight: 100,
            key: None,
            secret: None,
        }
    }
}
