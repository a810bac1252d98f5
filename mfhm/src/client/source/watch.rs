//! What a center tells of one service by itself.
//!
//! Each service has a stream of its own. A process calls few services, and one
//! stream for all of them would have to be opened again, with a snapshot of
//! everything, whenever a name is added.
//!
//! A break is resumed from the last event, at the same center; another center
//! answers that with a snapshot. Every 20 s the service is read besides,
//! so that a mistake on the way does not stay, and soon after an operation was
//! called for the first time, so that the center knows who relies on it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use tokio::time::Instant;

use super::center::Centers;
use super::picture::{OtherRun, Picture};
use super::{SourceError, Watch, WatchError};
use crate::client::encoding;
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::client::uses::Uses;
use crate::link::events::{EventStream, Opened, RawEvent};
use crate::wire::problem::shown;
use crate::wire::v1::{HEADER_CALLER, ServiceView};

/// Time between two readings, give or take a fifth. A reading also tells the center
/// what this process calls, which the center believes for 30 s.
const RELIST: Duration = Duration::from_secs(20);

/// Operations that are called for the first time come in groups: they are told
/// together, so long after the first of them.
const GATHER: Duration = Duration::from_millis(200);

const LAST_EVENT_ID: &str = "last-event-id";
/// Longer ids of events are not sent back; ours have some 30 bytes.
const LONGEST_ID: usize = 1024;

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
    /// So many of the operations that were called are told.
    told: usize,
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
            told: 0,
        }
    }

    async fn next_list(
        &mut self,
        known: &EndpointSet,
        uses: &Uses,
    ) -> Result<Vec<Endpoint>, WatchError> {
        loop {
            let Some((at, _)) = self.stream else {
                let told = uses.count();
                self.stream = Some(self.connect(uses).await?);
                self.told = told;
                continue;
            };
            if self.is_asked || Instant::now() >= self.relist_at {
                self.read(at, uses).await?;
                self.is_asked = false;
                self.is_fresh = true;
                self.relist_at = next_relist();
            }
            if self.is_fresh {
                let list = self.endpoints(at, known, uses).await;
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
                () = uses.more_than(self.told) => {
                    self.relist_at = self.relist_at.min(Instant::now() + GATHER);
                    // Once is enough, whatever comes of the reading.
                    self.told = uses.count();
                }
            }
        }
    }

    /// Opens the stream at the first center that answers, and tells it what this
    /// process calls.
    async fn connect(&self, uses: &Uses) -> Result<(usize, EventStream), WatchError> {
        let service = encoding::segment(&self.service);
        let path = format!("/v1/watch?service={service}");
        let mut failure = None;
        for (at, center) in self.centers.in_turn() {
            let link = &self.centers.link;
            let headers = [
                (
                    LAST_EVENT_ID,
                    self.last.as_ref().and_then(|id| id.parse().ok()),
                ),
                (HEADER_CALLER, self.centers.report_of(uses)),
            ];
            let why = match link.open(&center.url, &path, headers).await {
                Ok(Opened::Stream(stream)) => {
                    self.centers.prefer(at);
                    return Ok((at, *stream));
                }
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
                // What is too long to be sent back is answered as by a new caller.
                self.last.take_if(|id| id.len() > LONGEST_ID);
                Ok(())
            }
            Err(error) => {
                self.last = None;
                let error = error.to_string();
                let error = shown(&error, 400);
                Err(self.broken(format!("an event of the center cannot be read: {error}")))
            }
        }
    }

    /// Reads the service, as without a watch.
    async fn read(&mut self, at: usize, uses: &Uses) -> Result<(), WatchError> {
        let path = format!("/v1/services/{}", encoding::segment(&self.service));
        let center = self.centers.center(at);
        let heard = match self.centers.read(center, &path, uses).await {
            Ok(heard) => heard,
            Err(error) => return Err(self.failed(error)),
        };
        match heard.status {
            StatusCode::OK => match heard.json::<ServiceView>() {
                Ok(view) if view.service != self.service => {
                    let why = center.of_another(&view.service);
                    Err(self.broken(why))
                }
                Ok(view) => match self.picture.read(view.revision, view.instances) {
                    Ok(()) => Ok(()),
                    Err(OtherRun) => {
                        self.last = None;
                        Err(self.broken("the center is another one than before".to_owned()))
                    }
                },
                Err(why) => Err(self.broken(why)),
            },
            StatusCode::NOT_FOUND => {
                self.picture.clear();
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
        uses: &Uses,
    ) -> Result<Vec<Endpoint>, WatchError> {
        if self.picture.is_empty() {
            // A center that lost its disk is not the only one to ask.
            let other = self
                .centers
                .list_other(at, &self.service, known, uses)
                .await;
            self.is_fresh = false;
            return other
                .inspect(|_| {
                    self.stream = None;
                    self.last = None;
                })
                .ok_or(WatchError::Unknown);
        }
        let view = ServiceView {
            service: self.service.clone(),
            revision: self.picture.revision(),
            instances: self.picture.instances().cloned().collect(),
        };
        let center = self.centers.center(at);
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
