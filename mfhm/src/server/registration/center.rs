//! What a registration says to a center: by protocol v1, or as a Python service
//! where the center is Python's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};

use super::own_id::Own;
use crate::key::Key;
use crate::link::events::Opened;
use crate::link::{Heard, Link};
use crate::wire::python;
use crate::wire::v1::{Break, DOCUMENT_MISSING, HEADER_LEASE, Register, Registered};

/// A Python center never says how often to come back; it forgets an instance
/// at the first failed ping.
const PYTHON_RENEW: Duration = Duration::from_secs(5);

/// What the center is to know.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub register: Register,
    /// The OpenAPI document that `register` names.
    document: Option<Bytes>,
}

impl Announcement {
    /// Without a document.
    pub(crate) fn new(register: Register) -> Self {
        Self {
            register,
            document: None,
        }
    }

    /// Says that it is this instance.
    pub(super) fn tell(&mut self, own: Own) {
        self.register.id = own.id;
        self.register.secret = Some(own.secret);
    }

    /// The header by which the center knows that it is this instance that asks.
    fn lease(&self) -> Option<(&'static str, HeaderValue)> {
        let secret = self.register.secret.as_ref()?;
        Some((HEADER_LEASE, secret.header_value().ok()?))
    }

    /// With what the service says about its operations.
    #[cfg(feature = "openapi")]
    pub(crate) fn with_document(mut self, document: &serde_json::Value) -> Self {
        use crate::wire::v1::{DocumentHash, MAX_DOCUMENT};
        let mut fingerprints = crate::openapi::fingerprints(document);
        for operation in &mut self.register.operations {
            operation.fingerprint = fingerprints.remove(&operation.name);
        }
        let document = Bytes::from(document.to_string());
        if document.len() > MAX_DOCUMENT {
            let (service, bytes) = (&self.register.service, document.len());
            tracing::warn!(%service, bytes, "the OpenAPI document is too large for a center to keep");
            return self;
        }
        self.register.document = Some(DocumentHash::of(&document));
        self.document = Some(document);
        self
    }
}

/// A center to register with.
#[derive(Clone, Debug)]
pub(crate) struct Center {
    url: String,
    link: Link,
}

/// A registration that a center has.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub center: String,
    pub dialect: Dialect,
    pub renew: Duration,
    pub ttl: Duration,
    /// What live callers use and this service breaks, as the center found.
    pub breaks: Vec<Break>,
}

/// What a center speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    V1,
    Python,
}

/// Why a center does not have a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It did not answer, or not sensibly: it may do so later.
    Unreachable(String),
    /// It said no.
    Refused(String),
    /// Somebody else has the id.
    IdTaken(String),
}

/// What a center answers to a registration whose id somebody else has, with another
/// secret or in another place.
const NOT_YOURS: &str = "mfhm.not_yours";
const ID_TAKEN: &str = "mfhm.id_taken";

impl Center {
    pub(crate) fn new(url: String, link: Link) -> Self {
        Self { url, link }
    }

    pub(crate) async fn register(&self, announcement: &Announcement) -> Result<Held, Refusal> {
        let center = self.url.as_str();
        let mut heard = self.post(&announcement.register).await?;
        if heard.status == StatusCode::CONFLICT && heard.has_code(DOCUMENT_MISSING) {
            heard = self.register_with_document(announcement).await?;
        }
        match heard.status {
            StatusCode::OK | StatusCode::CREATED => {
                let answer: Registered = heard.json().map_err(Refusal::Unreachable)?;
                Ok(Held {
                    center: center.to_owned(),
                    dialect: Dialect::V1,
                    renew: Duration::from_millis(answer.lease.renew_ms.max(10)),
                    ttl: Duration::from_millis(answer.lease.ttl_ms),
                    breaks: answer.breaks,
                })
            }
            StatusCode::NOT_FOUND if !heard.is_v1() => {
                self.python_online(center, announcement).await
            }
            _ if heard.has_code(NOT_YOURS) || heard.has_code(ID_TAKEN) => {
                Err(Refusal::IdTaken(heard.refusal()))
            }
            _ => Err(refused(&heard)),
        }
    }

    async fn post(&self, register: &Register) -> Result<Heard, Refusal> {
        let body =
            serde_json::to_vec(register).map_err(|error| Refusal::Refused(error.to_string()))?;
        self.ask(Method::POST, &self.url, "/v1/instances", Some(body))
            .await
    }

    /// Brings the document that the center does not have, and registers again. A
    /// center that does not want it has the service without it: that callers find
    /// it matters more.
    async fn register_with_document(&self, announcement: &Announcement) -> Result<Heard, Refusal> {
        let Announcement { register, document } = announcement;
        if let (Some(hash), Some(document)) = (&register.document, document) {
            let path = format!("/v1/documents/{hash}");
            let heard = self
                .ask(Method::PUT, &self.url, &path, Some(document.to_vec()))
                .await?;
            if heard.status.is_success() {
                let heard = self.post(register).await?;
                if !heard.has_code(DOCUMENT_MISSING) {
                    return Ok(heard);
                }
            } else if heard.status.is_server_error() {
                return Err(refused(&heard));
            } else {
                let (service, why) = (&register.service, heard.refusal());
                tracing::warn!(%service, why, "registering without the OpenAPI document");
            }
        }
        let mut register = register.clone();
        register.document = None;
        self.post(&register).await
    }

    /// Registers with a Python center. "Service is online" is as good: the
    /// address is this service's own, for it has bound it.
    async fn python_online(
        &self,
        center: &str,
        announcement: &Announcement,
    ) -> Result<Held, Refusal> {
        let Register {
            service,
            address,
            key,
            operations,
            ..
        } = &announcement.register;
        let methods: Vec<_> = operations
            .iter()
            .map(|operation| {
                let path = python::to_python_template(&operation.path);
                (
                    operation.name.clone(),
                    python::Method {
                        path,
                        methods: operation.methods.clone(),
                    },
                )
            })
            .collect();
        let key = key.as_ref().map(Key::reveal);
        let body = python::encode_online(service, address.port, key, &methods);
        let heard = self
            .ask(Method::POST, center, "/online", Some(body))
            .await?;
        match (heard.status, python::decode_code(&heard.body)) {
            (StatusCode::OK, Some((0 | -1, _))) => Ok(Held {
                center: center.to_owned(),
                dialect: Dialect::Python,
                renew: PYTHON_RENEW,
                ttl: 3 * PYTHON_RENEW,
                breaks: Vec::new(),
            }),
            (StatusCode::NOT_FOUND, _) => Err(Refusal::Unreachable(format!(
                "what answers at {center} is no service center: it has neither /v1/instances nor /online"
            ))),
            _ => Err(refused(&heard)),
        }
    }

    pub(crate) async fn renew(
        &self,
        held: &Held,
        announcement: &Announcement,
    ) -> Result<(), Refusal> {
        match held.dialect {
            Dialect::V1 => {
                let path = format!("/v1/instances/{}", announcement.register.id);
                let heard = self
                    .ask_as(announcement, Method::PUT, &held.center, &path)
                    .await?;
                if heard.status.is_success() {
                    Ok(())
                } else {
                    Err(refused(&heard))
                }
            }
            // Registering again is the only way to find out, and to come back.
            Dialect::Python => self
                .python_online(&held.center, announcement)
                .await
                .map(drop),
        }
    }

    /// Opens an event stream; the error says what failed.
    pub(crate) async fn open(
        &self,
        path: &str,
        announcement: &Announcement,
    ) -> Result<Opened, String> {
        let lease = announcement
            .lease()
            .map(|(name, secret)| (name, Some(secret)));
        self.link.open(&self.url, path, lease).await
    }

    /// Every way in which a registration that was cut short may be held.
    pub(crate) fn perhaps_held(&self) -> Vec<Held> {
        let held = |dialect| Held {
            center: self.url.clone(),
            dialect,
            renew: PYTHON_RENEW,
            ttl: PYTHON_RENEW,
            breaks: Vec::new(),
        };
        vec![held(Dialect::V1), held(Dialect::Python)]
    }

    /// Leaves wherever it may be held; the first refusal is told.
    pub(crate) async fn leave_all(
        &self,
        held: &[Held],
        announcement: &Announcement,
    ) -> Result<(), Refusal> {
        let left = held.iter().map(|held| self.leave(held, announcement));
        futures_util::future::join_all(left)
            .await
            .into_iter()
            .collect()
    }

    async fn leave(&self, held: &Held, announcement: &Announcement) -> Result<(), Refusal> {
        let Register {
            service,
            id,
            address,
            ..
        } = &announcement.register;
        let heard = match held.dialect {
            Dialect::V1 => {
                let path = format!("/v1/instances/{id}");
                self.ask_as(announcement, Method::DELETE, &held.center, &path)
                    .await?
            }
            Dialect::Python => {
                let path = format!("/offline/{service}/{}", address.port);
                self.ask(Method::DELETE, &held.center, &path, None).await?
            }
        };
        // Not known is as good as removed.
        if heard.status.is_success() || heard.status == StatusCode::NOT_FOUND {
            Ok(())
        } else {
            Err(refused(&heard))
        }
    }

    /// Asks as the instance that was announced.
    async fn ask_as(
        &self,
        announcement: &Announcement,
        method: Method,
        center: &str,
        path: &str,
    ) -> Result<Heard, Refusal> {
        let lease = announcement.lease();
        let asked = self.link.ask_with(method, center, path, None, lease);
        asked.await.map_err(Refusal::Unreachable)
    }

    async fn ask(
        &self,
        method: Method,
        center: &str,
        path: &str,
        json: Option<Vec<u8>>,
    ) -> Result<Heard, Refusal> {
        self.link
            .ask(method, center, path, json)
            .await
            .map_err(Refusal::Unreachable)
    }
}

/// A center that fails may do better later; one that refuses has said no.
fn refused(heard: &Heard) -> Refusal {
    let text = heard.refusal();
    if heard.status.is_server_error() {
        Refusal::Unreachable(text)
    } else {
        Refusal::Refused(text)
    }
}
