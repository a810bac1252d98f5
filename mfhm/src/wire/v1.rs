//! Protocol v1: how Rust peers, and anything else that speaks HTTP and JSON,
//! register with a center and read from it.
//!
//! | what | how | answers |
//! |---|---|---|
//! | register | `POST /v1/instances` with [`Register`] | 200 [`Registered`]; 409 the address belongs to a living instance, the document is missing (bring it, and register again), or live callers would break; 422 invalid |
//! | bring a document | `PUT /v1/documents/{hash}` | 204; 4xx it is none that the center keeps |
//! | renew | `PUT /v1/instances/{id}` | 200 [`Registered`]; 403 without its secret ([`HEADER_LEASE`]), or registered without one and from another host; 404 not known (register again) |
//! | hold | `GET /v1/instances/{id}/hold` | 200 events, see [`hold`]; 403, 404 as for renew |
//! | leave | `DELETE /v1/instances/{id}` | 204; 403, 404 as for renew |
//! | drain | `POST /v1/instances/{id}/drain` | 202 [`hold::Drained`]; 403 neither the instance nor an operator; 404 not known |
//! | report | `POST /v1/instances/{id}/report` | 202 [`hold::Reported`]: a caller could not reach it; 404 not known |
//! | list | `GET /v1/services` | 200 [`ServiceList`] |
//! | read | `GET /v1/services/{name}`, with a [`CallerReport`] in a header | 200 [`ServiceView`]; 404 no instance is registered; 503 perhaps not back yet |
//! | document | `GET /v1/services/{name}/openapi.json`, also `?instance={id}` | 200 the OpenAPI document; 404 there is none |
//! | callers | `GET /v1/services/{name}/callers` | 200 [`ServiceCallers`] |
//! | compatibility | `GET /v1/services/{name}/compatibility` | 200 [`Compatibility`]; 404 not known |
//! | watch | `GET /v1/watch?service={name}`, for one service with a [`CallerReport`] in a header | 200 events, see [`watch`]; 422 no service, too many, or a name beyond 128 characters; 503 as much is watched as the center keeps |
//! | say who calls | `POST /v1/identity` with an [`identity::WhoAmI`] | 200 [`identity::Asserted`]; 403 the token is not for that name |
//! | check who calls | `GET /v1/identity/keys` | 200 the public keys, a JWK set (RFC 7517) |
//!
//! Every refusal is a problem document (`application/problem+json`). Unknown
//! fields are ignored on both sides, so that a newer peer can say more.

mod contracts;
pub(crate) mod hold;
pub(crate) mod identity;
pub(crate) mod watch;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use self::contracts::{
    Break, CallerReport, CallerView, Compatibility, DOCUMENT_MISSING, DocumentHash, HEADER_CALLER,
    MAX_DOCUMENT, ServiceCallers, UsedOperation, VerdictView,
};
use crate::instance::{InstanceId, InstanceStatus};
use crate::key::Key;

/// Header of a `/ping` answer that names the service which answers.
pub(crate) const HEADER_SERVICE: &str = "mfhm-service";
/// Code of the answer to a request that is for another service: it was not run.
pub(crate) const MISDIRECTED: &str = "mfhm.misdirected";
/// Header of a `/ping` answer that names the instance which answers.
pub(crate) const HEADER_INSTANCE: &str = "mfhm-instance";

/// Header with the secret of a registration: it comes from the instance itself.
pub(crate) const HEADER_LEASE: &str = "mfhm-lease";

/// The key of the metadata that says where an instance runs; callers prefer
/// those of their own zone.
pub(crate) const ZONE: &str = "zone";

/// The greatest weight of an instance.
pub(crate) const MAX_WEIGHT: u32 = 10_000;

/// Body of `POST /v1/instances`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Register {
    /// Name of the service: `[A-Za-z0-9._-]{1,128}`.
    pub service: String,
    /// Chosen by the instance; the same id again is an update.
    pub id: InstanceId,
    /// Where callers reach the instance.
    pub address: Address,
    /// What the instance offers.
    #[serde(default)]
    pub operations: Vec<OperationEntry>,
    /// Names the OpenAPI document of the instance, which the center asks for when
    /// it does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentHash>,
    /// Free text that the center keeps and hands out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Version of the service's program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Share of the calls relative to the other instances: 0 (only when no other
    /// one can be called) to [`MAX_WEIGHT`]; 100 is the default.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// The key that requests to this instance must carry (`MFHM-AuthKey`). The
    /// center needs it for its pings and never hands it out on v1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// A random text with which the instance proves from now on that it is itself, in
    /// the header [`HEADER_LEASE`]. The center keeps its digest and tells it to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Key>,
}

/// Where an instance listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// An IP address or a host name. When absent, the center takes the address
    /// that the registration came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// 1 to 65535.
    pub port: u16,
    /// Whether HTTPS is spoken there, with a certificate for the name of the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
}

/// So many instances of one service are read: no answer makes a caller keep more.
pub(crate) const MOST_INSTANCES: usize = 20_000;

/// One operation of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperationEntry {
    /// Unique within the service.
    pub name: String,
    /// Template such as `/users/{id}`; a name with a star takes the rest.
    pub path: String,
    /// HTTP methods in upper case.
    pub methods: Vec<String>,
    /// Stands for all that callers of it depend on: equal ones are compatible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// Answer to a registration and to a renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registered {
    /// How long the registration holds.
    pub lease: Lease,
    /// The host under which callers find the instance.
    pub host: String,
    /// What live callers use and this instance breaks. It is registered all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
}

/// The time for which a registration holds without a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// Time to live, in milliseconds.
    pub ttl_ms: u64,
    /// How often to renew, in milliseconds.
    pub renew_ms: u64,
}

/// Answer of `GET /v1/services/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceView {
    /// The name asked for.
    pub service: String,
    /// Grows with every change of the registry.
    pub revision: u64,
    /// Every registered instance, healthy or not.
    #[serde(deserialize_with = "bounded")]
    pub instances: Vec<InstanceView>,
}

/// One instance as callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InstanceView {
    pub id: InstanceId,
    pub host: String,
    pub port: u16,
    pub status: InstanceStatus,
    #[serde(default)]
    pub operations: Vec<OperationEntry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// Whether requests to this instance need a key.
    #[serde(default)]
    pub key: bool,
    /// Whether it speaks HTTPS, with a certificate for the name of the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
}

/// Answer of `GET /v1/services`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceList {
    pub revision: u64,
    pub services: Vec<ServiceSummary>,
}

/// One line of the list of services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceSummary {
    pub name: String,
    /// Registered instances.
    pub instances: usize,
    /// Those of them that are healthy.
    pub up: usize,
}

fn default_weight() -> u32 {
    100
}

/// Reads [`MOST_INSTANCES`], and refuses a list that goes on.
fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<InstanceView>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = Vec<InstanceView>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST_INSTANCES} instances of a service")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut instances = Vec::new();
            while let Some(instance) = list.next_element()? {
                if instances.len() == MOST_INSTANCES {
                    return Err(de::Error::invalid_length(MOST_INSTANCES + 1, &self));
                }
                instances.push(instance);
            }
            Ok(instances)
        }
    }

    from.deserialize_seq(Bounded)
}
