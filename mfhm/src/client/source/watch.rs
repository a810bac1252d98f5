//! What a center tells of one service by itself.
//!
//! Each service has a stream of its own. A process calls few services, and one
//! stream for all of them would have to be opened again, with a snapshot of
//! everything, whenever a name is added.
//!
//! A break is resumed from the last event, at the same center; another center
//! answers that with a snapshot. Every 20 s the service is read besides,
//! so that a mistake on the way does not stay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use tokio::time::Instant;

use super::center::Centers;
use super::{SourceError, Watch, WatchError};
use crate::client::encoding;
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::client::uses::Uses;
use crate::instance::InstanceId;
use crate::link::events::{EventStream, Opened, RawEvent};
use crate::wire::v1::watch::{REMOVE, Removal, SNAPSHOT, Snapshot, UPSERT, Upsert};
use crate::wire::v1::{InstanceView, ServiceView};

/// Time between two readings, give or take a fifth. A reading also tells the center
/// what this process calls, which the center believes for 30 s.
const RELIST: Duration = Duration::from_secs(20);

/// Follows one service at the first center that answers.
pub(super) struct CenterWatch {
    centers: Arc<Centers>,
    service: String,
    /// Which center, and its stream.
    stream: Option<(usize, EventStream)>,
    /// The last event that was taken in.
    last: Option<String>,
    picture: Picture,
    /// The picture was not handed out yet.
    is_fresh: bool,
    is_asked: bool,
    relist_at: Instant,
}

/// The instances as the center last told them.
#[derive(Debug, Default)]
struct Picture {
    revision: u64,
    instances: BTreeMap<InstanceId, InstanceView>,
}

impl CenterWatch {
    pub(super) fn new(centers: Arc<Centers>, service: &str) -> Self {
        Self {
            centers,
            service: service.to_owned(),
            stream: None,
            last: None,
            picture: Picture::default(),
            is_fresh: false,
            is_asked: false,
            relist_at: next_relist(),
        }
    }

    async fn next_list(
        &mut self,
        known: &EndpointSet,
        uses: &Uses,
    ) -> Result<Vec<Endpoint>, WatchError> {
        loop {
            let Some((at, _)) = self.stream else {
                self.stream = Some(self.connect().await?);
                continue;
            };
            if self.is_asked || Instant::now() >= self.relist_at {
                self.read(at, uses).await?;
                self.is_asked = false;
                self.is_fresh = true;
                self.relist_at = next_relist();
            }
            if self.is_fresh {
                let list = self.endpoints(at, known).await;
                self.is_fresh = false;
                return list;
            }
            let Some((_, stream)) = &mut self.stream else {
                continue;
            };
            tokio::select! {
                event = stream.next() => match event {
                    Ok(event) => self.take(event)?,
                    Err(why) => return Err(self.broken(why)),
                },
                () = tokio::time::sleep_until(self.relist_at) => {}
            }
        }
    }

    /// Opens the stream at the first center that answers.
    async fn connect(&self) -> Result<(usize, EventStream), WatchError> {
        let service = encoding::segment(&self.service);
        let path = format!("/v1/watch?service={service}");
        let mut failure = None;
        for (at, center) in self.centers.centers.iter().enumerate() {
            let link = &self.centers.link;
            let why = match link.open(&center.url, &path, self.last.as_deref()).await {
                Ok(Opened::Stream(stream)) => return Ok((at, *stream)),
                // Python's, or one of an earlier version.
                Ok(Opened::Refused(heard))
                    if matches!(
                        heard.status,
                        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
                    ) =>
                {
                    return Err(WatchError::NotOffered);
                }
                Ok(Opened::Refused(heard)) => heard.refusal(),
                Err(why) => why,
            };
            failure.get_or_insert(why);
        }
        Err(WatchError::Broken(
            failure.unwrap_or_else(|| "no center is set".to_owned()),
        ))
    }

    /// Takes an event in. What cannot be read is answered with a new stream, and a
    /// snapshot.
    fn take(&mut self, event: RawEvent) -> Result<(), WatchError> {
        match self.picture.take(&self.service, &event) {
            Ok(is_fresh) => {
                self.is_fresh |= is_fresh;
                self.last = event.id.or(self.last.take());
                Ok(())
            }
            Err(error) => {
                self.last = None;
                Err(self.broken(format!("an event of the center cannot be read: {error}")))
            }
        }
    }

    /// Reads the service, as without a watch.
    async fn read(&mut self, at: usize, uses: &Uses) -> Result<(), WatchError> {
        let path = format!("/v1/services/{}", encoding::segment(&self.service));
        let center = &self.centers.centers[at];
        let heard = match self.centers.read(center, &path, uses).await {
            Ok(heard) => heard,
            Err(error) => return Err(self.failed(error)),
        };
        match heard.status {
            StatusCode::OK => match heard.json::<ServiceView>() {
                Ok(view) => {
                    self.picture.replace(view.revision, view.instances);
                    Ok(())
                }
                Err(why) => Err(self.broken(why)),
            },
            StatusCode::NOT_FOUND => {
                self.picture.instances.clear();
                Ok(())
            }
            // It started a moment ago with an empty disk: the stream tells more.
            StatusCode::SERVICE_UNAVAILABLE if heard.code() == "mfhm.warming" => Ok(()),
            _ => Err(self.broken(heard.refusal())),
        }
    }

    async fn endpoints(
        &mut self,
        at: usize,
        known: &EndpointSet,
    ) -> Result<Vec<Endpoint>, WatchError> {
        if self.picture.instances.is_empty() {
            self.is_fresh = false;
            return Err(WatchError::Unknown);
        }
        let view = ServiceView {
            service: self.service.clone(),
            revision: self.picture.revision,
            instances: self.picture.instances.values().cloned().collect(),
        };
        let center = &self.centers.centers[at];
        let listed = self.centers.endpoints(center, view, known).await;
        listed.map_err(|error| self.failed(error))
    }

    fn failed(&mut self, error: SourceError) -> WatchError {
        match error {
            SourceError::Unknown => WatchError::Unknown,
            SourceError::Unreachable(why) => self.broken(why),
        }
    }

    fn broken(&mut self, why: String) -> WatchError {
        self.stream = None;
        WatchError::Broken(why)
    }
}

impl Picture {
    /// Whether the event says anything new.
    fn take(&mut self, service: &str, event: &RawEvent) -> Result<bool, serde_json::Error> {
        match event.event.as_deref() {
            Some(SNAPSHOT) => {
                let snapshot: Snapshot = serde_json::from_str(&event.data)?;
                let mut services = snapshot.services.into_iter();
                let view = services.find(|view| view.service == service);
                self.revision = 0;
                let instances = view.map(|view| view.instances).unwrap_or_default();
                self.replace(snapshot.revision, instances);
                Ok(true)
            }
            Some(UPSERT) => {
                let Upsert {
                    revision, instance, ..
                } = serde_json::from_str(&event.data)?;
                Ok(self.is_news(revision) && {
                    let id = instance.id.clone();
                    self.instances.insert(id, instance.clone()).as_ref() != Some(&instance)
                })
            }
            Some(REMOVE) => {
                let Removal { revision, id, .. } = serde_json::from_str(&event.data)?;
                Ok(self.is_news(revision) && self.instances.remove(&id).is_some())
            }
            // What a newer center says besides.
            _ => Ok(false),
        }
    }

    /// A reading may have told more than the events that are still on their way.
    fn is_news(&self, revision: u64) -> bool {
        // Several events can have one revision: only a reading moves it on.
        revision > self.revision
    }

    fn replace(&mut self, revision: u64, instances: Vec<InstanceView>) {
        if revision >= self.revision {
            self.revision = revision;
            self.instances = instances
                .into_iter()
                .map(|instance| (instance.id.clone(), instance))
                .collect();
        }
    }
}

impl Watch for CenterWatch {
    fn next<'a>(
        &'a mut self,
        known: &'a EndpointSet,
        uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, WatchError>> {
        Box::pin(self.next_list(known, uses))
    }

    fn ask(&mut self) {
        self.is_asked = true;
    }
}

fn next_relist() -> Instant {
    Instant::now() + RELIST.mul_f64(0.8 + 0.4 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, data: Value) -> RawEvent {
        RawEvent {
            event: Some(kind.to_owned()),
            data: data.to_string(),
            ..RawEvent::default()
        }
    }

    fn instance(id: &str, status: &str) -> Value {
        json!({"id": id, "host": "127.0.0.1", "port": 1, "status": status})
    }

    fn snapshot(revision: u64, instances: &[Value]) -> RawEvent {
        let view = json!({"service": "users", "revision": revision, "instances": instances});
        event(
            SNAPSHOT,
            json!({"revision": revision, "services": [view], "new": 1}),
        )
    }

    fn upsert(revision: u64, id: &str, status: &str) -> RawEvent {
        let instance = instance(id, status);
        let data = json!({"service": "users", "revision": revision, "instance": instance});
        event(UPSERT, data)
    }

    fn remove(revision: u64, id: &str) -> RawEvent {
        event(
            REMOVE,
            json!({"service": "users", "revision": revision, "id": id}),
        )
    }

    fn ids(picture: &Picture) -> Vec<&str> {
        picture.instances.keys().map(InstanceId::as_str).collect()
    }

    #[test]
    fn events_add_up_to_a_picture() {
        let mut picture = Picture::default();
        let first = snapshot(7, &[instance("a", "up")]);
        assert!(picture.take("users", &first).unwrap());
        assert!(picture.take("users", &upsert(8, "b", "starting")).unwrap());
        assert!(picture.take("users", &upsert(8, "c", "up")).unwrap());
        assert!(picture.take("users", &remove(9, "a")).unwrap());
        assert_eq!(ids(&picture), ["b", "c"]);
        assert!(!picture.take("users", &remove(9, "a")).unwrap(), "no news");
        assert!(!picture.take("users", &upsert(10, "c", "up")).unwrap());
        assert!(!picture.take("users", &event("later", json!({}))).unwrap());
        // Another run of the center counts from the beginning again.
        assert!(picture.take("users", &snapshot(1, &[])).unwrap());
        assert!(picture.instances.is_empty());
    }

    #[test]
    fn events_older_than_a_reading_are_no_news() {
        let mut picture = Picture::default();
        picture.take("users", &snapshot(7, &[])).unwrap();
        let read = serde_json::from_value(instance("a", "up")).unwrap();
        picture.replace(10, vec![read]);
        assert!(!picture.take("users", &remove(9, "a")).unwrap());
        assert!(!picture.take("users", &upsert(8, "a", "starting")).unwrap());
        assert_eq!(ids(&picture), ["a"]);
        assert!(picture.take("users", &remove(11, "a")).unwrap());
    }

    #[test]
    fn garbage_is_an_error_and_changes_nothing() {
        let mut picture = Picture::default();
        picture
            .take("users", &snapshot(7, &[instance("a", "up")]))
            .unwrap();
        for garbage in [
            event(SNAPSHOT, json!([])),
            event(UPSERT, json!({"revision": 8})),
            event(REMOVE, json!({"revision": "x"})),
            upsert(8, "not an id", "up"),
        ] {
            assert!(picture.take("users", &garbage).is_err());
        }
        assert_eq!(ids(&picture), ["a"]);
        let unknown = upsert(8, "b", "some later status");
        assert!(picture.take("users", &unknown).unwrap());
    }
}
