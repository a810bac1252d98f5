//! Lists from a service center: a Rust one by protocol v1, a Python one by its
//! own endpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};
use tokio::sync::watch;

use super::watch::CenterWatch;
use super::{Source, SourceError, Watch};
use crate::client::encoding;
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::client::uses::Uses;
use crate::instance::{InstanceId, InstanceStatus, ServiceName};
use crate::link::{Heard, Link};
use crate::wire::problem::shown;
use crate::wire::python;
use crate::wire::v1::{
    CallerReport, HEADER_CALLER, InstanceView, OperationEntry, ServiceView, ZONE,
};

/// A center that was found to speak Python's protocol only is asked for v1
/// again after this many lists, for it may have been replaced.
const RECHECK: u32 = 16;

/// One or several centers. The one that answered last is asked first; where it
/// knows no instance, the others are asked too, for it may have lost its disk.
#[derive(Debug)]
pub(crate) struct Centers {
    centers: Vec<KnownCenter>,
    /// The one that answered last.
    preferred: AtomicUsize,
    pub(super) link: Link,
    /// Who asks, and what runs in its process.
    id: InstanceId,
    instances: Vec<watch::Receiver<InstanceId>>,
    /// Where this caller runs.
    zone: Option<String>,
}

#[derive(Debug)]
pub(super) struct KnownCenter {
    /// Without a slash at the end.
    pub(super) url: String,
    /// Lists left until v1 is tried again; 0 is "speaks v1, as far as known".
    python: AtomicU32,
}

impl Centers {
    /// `instances` are those that run in this process, under their ids of the moment.
    pub(crate) fn new(
        urls: &[String],
        link: Link,
        instances: Vec<watch::Receiver<InstanceId>>,
    ) -> Self {
        let centers = urls
            .iter()
            .map(|url| KnownCenter {
                url: url.clone(),
                python: AtomicU32::new(0),
            })
            .collect();
        // It need not be secret: what it tells holds together with the address.
        let id = InstanceId::from_random(fastrand::u128(..));
        Self {
            centers,
            preferred: AtomicUsize::new(0),
            link,
            id,
            instances,
            zone: None,
        }
    }

    /// The same for a caller in this zone.
    pub(crate) fn in_zone(mut self, zone: Option<String>) -> Self {
        self.zone = zone;
        self
    }

    async fn list_any(
        &self,
        service: &str,
        known: &EndpointSet,
        uses: &Uses,
    ) -> Result<Vec<Endpoint>, SourceError> {
        let mut failure = None;
        for (at, center) in self.in_turn() {
            match self.list_one(center, service, known, uses).await {
                Ok(list) => {
                    self.prefer(at);
                    return Ok(list);
                }
                // One that answers is believed before one that does not.
                Err(SourceError::Unknown) => failure = Some(SourceError::Unknown),
                Err(SourceError::Unreachable(why)) => {
                    tracing::debug!(center = center.url, why, "center does not answer");
                    failure.get_or_insert(SourceError::Unreachable(why));
                }
            }
        }
        Err(failure.unwrap_or_else(|| SourceError::Unreachable("no center is set".to_owned())))
    }

    /// The instances by another center than this one, if one knows some.
    pub(super) async fn list_other(
        &self,
        than: usize,
        service: &str,
        known: &EndpointSet,
        uses: &Uses,
    ) -> Option<Vec<Endpoint>> {
        for (at, center) in self.in_turn().filter(|(at, _)| *at != than) {
            if let Ok(list) = self.list_one(center, service, known, uses).await
                && !list.is_empty()
            {
                self.prefer(at);
                return Some(list);
            }
        }
        None
    }

    /// The centers in the order in which they are asked.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = (usize, &KnownCenter)> {
        let first = self.preferred.load(Ordering::Relaxed);
        let (before, after) = self.centers.split_at(first.min(self.centers.len()));
        let after = after
            .iter()
            .enumerate()
            .map(move |(i, center)| (first + i, center));
        after.chain(before.iter().enumerate())
    }

    pub(super) fn center(&self, at: usize) -> &KnownCenter {
        &self.centers[at]
    }

    /// Has this center asked first from now on.
    pub(super) fn prefer(&self, at: usize) {
        if self.preferred.swap(at, Ordering::Relaxed) != at {
            tracing::info!(
                center = self.centers[at].url,
                "asking this center from now on"
            );
        }
    }

    async fn list_one(
        &self,
        center: &KnownCenter,
        service: &str,
        known: &EndpointSet,
        uses: &Uses,
    ) -> Result<Vec<Endpoint>, SourceError> {
        // Names that v1 does not allow can only be registered by Python.
        if service.parse::<ServiceName>().is_err() || speaks_python(center) {
            return self.list_python(center, service).await;
        }
        let path = format!("/v1/services/{service}");
        let heard = self.read(center, &path, uses).await?;
        match heard.status {
            StatusCode::OK => {
                let view: ServiceView = heard.json().map_err(SourceError::Unreachable)?;
                if view.service != service {
                    return Err(SourceError::Unreachable(center.of_another(&view.service)));
                }
                self.endpoints(center, view, known).await
            }
            StatusCode::NOT_FOUND if heard.is_v1() => Err(SourceError::Unknown),
            // It started with an empty disk: who is there keeps its place, as above.
            StatusCode::SERVICE_UNAVAILABLE if heard.code() == "mfhm.warming" => {
                Err(SourceError::Unknown)
            }
            StatusCode::NOT_FOUND => {
                center.python.store(RECHECK, Ordering::Relaxed);
                self.list_python(center, service).await
            }
            _ => Err(SourceError::Unreachable(heard.refusal())),
        }
    }

    /// The instances to call: the healthy ones, or all when fewer than half are
    /// healthy, for then the center may be the one that is cut off.
    pub(super) async fn endpoints(
        &self,
        center: &KnownCenter,
        view: ServiceView,
        known: &EndpointSet,
    ) -> Result<Vec<Endpoint>, SourceError> {
        let mut instances = view.instances;
        instances.retain(|instance| instance.status != InstanceStatus::Draining);
        let healthy = instances
            .iter()
            .filter(|instance| instance.status.is_usable())
            .count();
        if healthy * 2 >= instances.len() {
            instances.retain(|instance| instance.status.is_usable());
        }
        let mut endpoints = Vec::with_capacity(instances.len());
        for instance in instances {
            let key = if instance.key {
                match self
                    .instance_key(center, &view.service, &instance, known)
                    .await
                {
                    Ok(key) => Some(key),
                    Err(why) => {
                        tracing::warn!(service = view.service, instance = %instance.id, ?why, "no key for an instance");
                        None
                    }
                }
            } else {
                None
            };
            let InstanceView {
                id,
                host,
                port,
                operations,
                metadata,
                version,
                weight,
                tls,
                ..
            } = instance;
            let is_near = self.zone.is_some() && metadata.get(ZONE) == self.zone.as_ref();
            let mut endpoint = Endpoint::new(id, host, port, key, operations)
                .weighing(weight)
                .over_tls(tls)
                .near(is_near);
            endpoint.version = version;
            endpoints.push(endpoint);
        }
        Ok(endpoints)
    }

    /// v1 never tells keys; the Python endpoint does, to those who may know.
    async fn instance_key(
        &self,
        center: &KnownCenter,
        service: &str,
        instance: &InstanceView,
        known: &EndpointSet,
    ) -> Result<HeaderValue, SourceError> {
        // Ids are told to everybody: one at another address, which perhaps another center
        // tells, gets no key that it may not have.
        let is_known = |endpoint: &&Arc<Endpoint>| {
            let InstanceView { id, host, port, .. } = instance;
            endpoint.id == *id && endpoint.host == *host && endpoint.port == *port
        };
        if let Some(key) = known
            .endpoints
            .iter()
            .find(is_known)
            .and_then(|e| e.key.clone())
        {
            return Ok(key);
        }
        let path = format!(
            "/service/{}?host={}&port={}",
            encoding::segment(service),
            encoding::segment(&instance.host),
            instance.port
        );
        let heard = self.get(center, &path).await?;
        python::decode_found_service(&heard.body)
            .and_then(|found| found.key)
            .and_then(|text| sensitive(&text))
            .ok_or_else(|| {
                SourceError::Unreachable(format!(
                    "the center at {} does not tell this caller the key of {service}; on another machine than the center's, a caller needs the center's own key (MFHM_CENTER_KEY)",
                    center.url
                ))
            })
    }

    /// A Python center tells one instance: the one it would pick.
    async fn list_python(
        &self,
        center: &KnownCenter,
        service: &str,
    ) -> Result<Vec<Endpoint>, SourceError> {
        let heard = self
            .get(center, &format!("/service/{}", encoding::segment(service)))
            .await?;
        if let Some((-1, _)) = python::decode_code(&heard.body) {
            return Err(SourceError::Unknown);
        }
        if heard.status != StatusCode::OK {
            return Err(SourceError::Unreachable(heard.refusal()));
        }
        let found = python::decode_found_service(&heard.body).ok_or_else(|| {
            SourceError::Unreachable(format!(
                "what answers at {} is no service center",
                center.url
            ))
        })?;
        let operations = found
            .methods
            .into_iter()
            .map(|(name, method)| OperationEntry {
                name,
                path: python::from_python_template(&method.path),
                methods: method.methods,
                fingerprint: None,
            })
            .collect();
        // A Python center has no ids; the address has to do.
        let id = format!("{}_{}", found.host.replace(':', "."), found.port)
            .parse()
            .unwrap_or_else(|_| InstanceId::from_random(found.port.into()));
        let key = found.key.as_deref().and_then(sensitive);
        Ok(vec![Endpoint::new(
            id, found.host, found.port, key, operations,
        )])
    }

    /// Reads a service, and tells what this process calls of it.
    pub(super) async fn read(
        &self,
        center: &KnownCenter,
        path: &str,
        uses: &Uses,
    ) -> Result<Heard, SourceError> {
        let report = self.report_of(uses);
        let asked = self.link.get(&center.url, path, HEADER_CALLER, report);
        asked.await.map_err(SourceError::Unreachable)
    }

    /// What this process calls of a service, as a center is told.
    pub(super) fn report_of(&self, uses: &Uses) -> Option<HeaderValue> {
        let instances = self.instances.iter().map(|id| id.borrow().clone());
        uses.report(&CallerReport::new(self.id.clone(), instances.collect()))
    }

    pub(super) async fn get(&self, center: &KnownCenter, path: &str) -> Result<Heard, SourceError> {
        let asked = self.link.ask(Method::GET, &center.url, path, None);
        asked.await.map_err(SourceError::Unreachable)
    }
}

impl KnownCenter {
    /// What it is when it tells of another service than it was asked for.
    pub(super) fn of_another(&self, service: &str) -> String {
        let (url, service) = (&self.url, shown(service, 100));
        format!("the center at {url} tells of another service ({service:?}) than was asked for")
    }
}

impl Source for Centers {
    fn list<'a>(
        &'a self,
        service: &'a str,
        known: &'a EndpointSet,
        uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        Box::pin(self.list_any(service, known, uses))
    }

    fn watch(self: Arc<Self>, service: &str) -> Option<Box<dyn Watch>> {
        Some(Box::new(CenterWatch::new(self, service)))
    }

    fn report<'a>(&'a self, instance: &'a InstanceId) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let path = format!("/v1/instances/{instance}/report");
            // Not each of them knows the instance, and none has to be there.
            let reports = self.centers.iter().map(|center| {
                let asked = self.link.ask(Method::POST, &center.url, &path, None);
                async { drop(asked.await) }
            });
            futures_util::future::join_all(reports).await;
        })
    }
}

fn speaks_python(center: &KnownCenter) -> bool {
    center.python.load(Ordering::Relaxed) > 0 && center.python.fetch_sub(1, Ordering::Relaxed) > 1
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Credentials;
    use crate::tls::Secured;

    fn at(host: &str, port: u16) -> ServiceView {
        let text = format!(
            r#"{{"service":"users","revision":1,"instances":
                [{{"id":"a","host":"{host}","port":{port},"status":"up","key":true}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn the_key_of_an_instance_does_not_follow_its_id_to_another_address() {
        let link = Link::new(&Credentials::default(), &Secured::default()).unwrap();
        // Nobody answers there, so no key is told anew.
        let centers = Centers::new(&["http://127.0.0.1:9".to_owned()], link, Vec::new());
        let id: InstanceId = "a".parse().unwrap();
        let key = HeaderValue::from_static("secret");
        let known = Endpoint::new(id, "10.0.0.1".to_owned(), 1, Some(key), Vec::new());
        let known = EndpointSet::default().succeed(vec![known]);
        for (host, port, is_told) in [
            ("10.0.0.1", 1, true),
            ("10.0.0.1", 2, false),
            ("10.0.0.2", 1, false),
        ] {
            let center = centers.center(0);
            let list = centers.endpoints(center, at(host, port), &known).await;
            assert_eq!(list.unwrap()[0].key.is_some(), is_told, "{host}:{port}");
        }
    }
}
