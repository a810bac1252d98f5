//! The instances that are registered: what is said of them to each kind of server.

use std::net::Ipv4Addr;

use bytes::Bytes;
use support::figures::plain::{Held, Pingable, PlainInstance};

use crate::etcd::{self, PutRequest};
use crate::wire::request;

/// The instances of a service share its ports.
pub(crate) const PORTS: usize = 16;

/// An instance that is told to centers and to etcd, as nearly alike as they allow.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub service: String,
    pub id: String,
    pub host: Ipv4Addr,
    pub port: u16,
}

impl Instance {
    /// The instance with this number of those that register from `host`.
    pub(crate) fn new(kind: &str, number: usize, host: Ipv4Addr, pingable: &Pingable) -> Self {
        Self {
            service: format!("{kind}-{}", number / PORTS),
            id: format!("{kind}-{}-{number}", u32::from(host) & 0xffff),
            host,
            port: pingable.port(number),
        }
    }

    /// `POST /v1/instances`.
    pub(crate) fn register(&self) -> Vec<u8> {
        let Self {
            service, id, port, ..
        } = self;
        let body = format!(
            r#"{{"service":"{service}","id":"{id}","address":{{"port":{port}}},"operations":[{{"name":"user","path":"/users/{{id}}","methods":["GET"]}}]}}"#
        );
        request("POST", "/v1/instances", &body)
    }

    /// Holds the registration for as long as what is returned.
    pub(crate) async fn hold(&self, center: u16) -> Held {
        let plain = PlainInstance {
            service: self.service.clone(),
            id: self.id.clone(),
            host: self.host,
            port: self.port,
        };
        let held = plain.hold(center).await.expect("the center answers");
        held.expect("it is registered")
    }

    pub(crate) fn leave(&self) -> Vec<u8> {
        request("DELETE", &format!("/v1/instances/{}", self.id), "")
    }

    /// `POST /online`, as Python services say it.
    pub(crate) fn online(&self) -> Vec<u8> {
        let Self { service, port, .. } = self;
        let body = format!(
            r#"{{"name":"{service}","port":{port},"methods":{{"user":{{"path":"/users/{{id}}","methods":["GET"]}}}},"transmissionType":null,"transmissionData":null}}"#
        );
        request("POST", "/online", &body)
    }

    pub(crate) fn offline(&self) -> Vec<u8> {
        let path = format!("/offline/{}/{}", self.service, self.port);
        request("DELETE", &path, "")
    }

    fn key(&self) -> String {
        format!("/services/{}/{}", self.service, self.id)
    }

    /// What a center says of an instance in a look-up.
    fn value(&self) -> String {
        let Self { id, host, port, .. } = self;
        format!(
            r#"{{"id":"{id}","host":"{host}","port":{port},"status":"up","operations":[{{"name":"user","path":"/users/{{id}}","methods":["GET"]}}],"weight":100}}"#
        )
    }

    pub(crate) fn put(&self, lease: i64) -> PutRequest {
        PutRequest {
            key: Bytes::from(self.key()),
            value: Bytes::from(self.value()),
            lease,
        }
    }

    /// The same through the JSON gateway.
    pub(crate) fn put_json(&self) -> Vec<u8> {
        let body = format!(
            r#"{{"key":"{}","value":"{}"}}"#,
            etcd::base64(self.key().as_bytes()),
            etcd::base64(self.value().as_bytes())
        );
        request("POST", "/v3/kv/put", &body)
    }
}

/// What all keys of a service begin with.
pub(crate) fn prefix(service: &str) -> String {
    format!("/services/{service}/")
}
