//! [`Resolver`]: the instances of one service, in memory, refreshed in the
//! background.
//!
//! A call reads the last list and never waits for a center, except the very
//! first. One task for each service follows what the source tells by itself
//! ([`follow`]); where it tells nothing, or the line is broken, it asks every two
//! seconds, and more and more rarely while nobody answers. It asks at once when a
//! call failed to connect, and tries to connect to instances that are left out as
//! unreachable. When no center answers, the last list stays, and a process that has
//! none begins with the one that an earlier process left on disk.
//! When the center knows the service no longer, instances that still accept
//! connections stay: a center that lost its disk must not take healthy services
//! away.

mod follow;
mod reach;
mod restore;
mod suspects;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::follow::{Ended, Following, tend};
use self::reach::{alive, readmit};
use self::restore::Restoring;
use self::suspects::Suspects;
use super::clock;
use super::endpoint::{Endpoint, EndpointSet};
use super::error::{Fault, FaultKind};
use super::identity::Identity;
use super::limits::Limits;
use super::offers;
use super::saved::SavedLists;
use super::source::{Source, SourceError};
use super::uses::Uses;
use crate::contract::Operation;
use crate::instance::ServiceName;
use crate::link::backoff::Backoff;

/// Time between two lists, give or take a fifth.
const INTERVAL: Duration = Duration::from_secs(2);
/// The least time between two, however many calls ask for one.
const GAP: Duration = Duration::from_millis(25);
/// A list older than this makes a call look whether the task still runs.
const STALE: Duration = Duration::from_secs(10);
/// How long a call waits for a list in which somebody offers its operation.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A service that nobody knows is asked after for this long after the last call.
const CURIOSITY: Duration = Duration::from_secs(30);

/// What is known about a service.
#[derive(Clone, Debug)]
enum Knowledge {
    /// Nothing has been asked yet.
    Nothing,
    Known(Arc<EndpointSet>),
    Unknown,
    Unreachable(String),
}

/// The instances of one service.
#[derive(Debug)]
pub(crate) struct Resolver {
    addressee: Option<HeaderValue>,
    /// What calls of the service share.
    pub limits: Limits,
    /// Who this process is to the service; absent: nobody says so.
    identity: Option<Identity>,
    shared: Arc<Shared>,
    /// The refreshing task, with the runtime that it lives on.
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    service: String,
    source: Arc<dyn Source>,
    knowledge: ArcSwap<Knowledge>,
    restoring: Restoring,
    uses: Uses,
    /// When the task last finished a round, in milliseconds of [`clock::now`].
    refreshed: AtomicU64,
    /// When a call last found nothing to go on with, likewise.
    wanted: AtomicU64,
    wake: Notify,
    /// The instances that calls failed to reach.
    suspects: Suspects,
    /// The number of the last round that has begun.
    begun: AtomicU64,
    /// The number of the last round that is finished.
    finished: watch::Sender<u64>,
}

impl Resolver {
    /// One without lists on disk.
    #[cfg(test)]
    pub(crate) fn new(service: String, source: Arc<dyn Source>) -> Self {
        Self::with_saved(service, source, None)
    }

    /// The instances of a service by this source; with lists on disk.
    pub(crate) fn with_saved(
        service: String,
        source: Arc<dyn Source>,
        saved: Option<Arc<SavedLists>>,
    ) -> Self {
        // Other names are Python's, which does not look.
        let name = service.parse::<ServiceName>().ok();
        let addressee = name.and_then(|name| HeaderValue::from_str(name.as_str()).ok());
        let shared = Shared {
            service,
            source,
            knowledge: ArcSwap::from_pointee(Knowledge::Nothing),
            restoring: Restoring::new(saved),
            uses: Uses::default(),
            refreshed: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            wake: Notify::new(),
            suspects: Suspects::default(),
            begun: AtomicU64::new(0),
            finished: watch::Sender::new(0),
        };
        Self {
            addressee,
            limits: Limits::default(),
            identity: None,
            shared: Arc::new(shared),
            task: Mutex::new(None),
        }
    }

    /// The same with these limits.
    pub(crate) fn limited(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same for a process that somebody can say who it is.
    pub(crate) fn identified(mut self, identity: Option<Identity>) -> Self {
        self.identity = identity;
        self
    }

    /// What calls carry to say who calls.
    pub(crate) async fn identity(&self, deadline: Instant) -> Option<HeaderValue> {
        match &self.identity {
            Some(identity) => identity.current(deadline).await,
            None => None,
        }
    }

    /// The same after a service has refused what was sent: another one, if there is
    /// one.
    pub(crate) async fn renewed_identity(
        &self,
        sent: Option<&HeaderValue>,
        deadline: Instant,
    ) -> Option<HeaderValue> {
        match &self.identity {
            Some(identity) => identity.renewed(sent, deadline).await,
            None => None,
        }
    }

    /// The instances to call: from memory, or, when nothing is known, from the
    /// source by `deadline`; from disk when that does not answer in a second.
    pub(crate) async fn endpoints(&self, deadline: Instant) -> Result<Arc<EndpointSet>, Fault> {
        if let Knowledge::Known(set) = &**self.shared.knowledge.load()
            && !set.endpoints.is_empty()
        {
            if self.shared.is_stale() {
                self.ensure_task();
            }
            return Ok(set.clone());
        }
        self.wait_for_round(deadline).await
    }

    /// A call could not reach this instance: has the source told, and asks for a
    /// fresh list soon, without waiting for it.
    pub(crate) fn lost(&self, endpoint: &Endpoint) {
        self.shared.suspects.add(&endpoint.id);
        self.shared.wake.notify_one();
    }

    /// What requests carry so that nobody else runs them.
    pub(crate) fn addressee(&self) -> Option<&HeaderValue> {
        self.addressee.as_ref()
    }

    /// What this process calls, as the center is told.
    pub(crate) fn uses(&self) -> &Uses {
        &self.shared.uses
    }

    /// A list that is asked for now, because none of the known instances will do.
    /// An instance that will may have registered a moment ago.
    pub(crate) async fn look_again(&self, deadline: Instant) -> Result<Arc<EndpointSet>, Fault> {
        let patience = Instant::now() + LOOK_AGAIN;
        self.wait_for_round(deadline.min(patience)).await
    }

    /// The fault of a call that none of these instances answers.
    pub(crate) fn not_offered(&self, operation: &Operation, set: &EndpointSet) -> Fault {
        let text = offers::explain(&self.shared.service, operation, set);
        Fault::new(FaultKind::NotOffered, text)
    }

    /// Why no operation can be called by its name alone, if that is so.
    pub(crate) fn without_names(&self) -> Option<Fault> {
        let Shared {
            service, source, ..
        } = &*self.shared;
        (!source.tells_operations()).then(|| {
            let text = format!(
                "`{service}` is found by {}, which does not tell its operations: call it by a \
                 typed client, or find it through a center",
                source.name()
            );
            Fault::new(FaultKind::UnknownOperation, text)
        })
    }

    /// Whether nothing refreshes it and nothing is known that would be lost.
    pub(crate) fn is_idle(&self) -> bool {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.as_ref().is_none_or(JoinHandle::is_finished) && !self.shared.knows_something()
    }

    /// Waits until a round that begins from now on is finished. One that is
    /// under way may have asked before the service registered.
    async fn wait_for_round(&self, deadline: Instant) -> Result<Arc<EndpointSet>, Fault> {
        self.shared.wanted.store(now_millis(), Ordering::Relaxed);
        let mut finished = self.shared.finished.subscribe();
        let before = self.shared.begun.load(Ordering::SeqCst);
        self.ensure_task();
        self.shared.wake.notify_one();
        let round = finished.wait_for(|&round| round > before);
        let in_time = tokio::select! {
            in_time = tokio::time::timeout_at(deadline, round) => in_time.is_ok(),
            () = self.shared.restored_in_time() => true,
        };
        match &**self.shared.knowledge.load() {
            Knowledge::Known(set) if !set.endpoints.is_empty() => Ok(set.clone()),
            Knowledge::Known(_) => Err(Fault::new(
                FaultKind::NoInstance,
                "the service is registered, and none of its instances is healthy",
            )),
            Knowledge::Unknown => Err(Fault::new(
                FaultKind::UnknownService,
                self.shared.source.unknown(&self.shared.service),
            )),
            Knowledge::Unreachable(why) => {
                Err(Fault::new(FaultKind::CenterUnreachable, why.clone()))
            }
            Knowledge::Nothing if in_time => Err(Fault::new(
                FaultKind::CenterUnreachable,
                format!("{} was not asked", self.shared.source.name()),
            )),
            Knowledge::Nothing => Err(Fault::new(
                FaultKind::TimeoutUnsent,
                format!(
                    "the deadline passed while {} was asked for the service",
                    self.shared.source.name()
                ),
            )),
        }
    }

    /// The task dies with the runtime that it was started on; a later call, on
    /// another runtime, starts it again.
    fn ensure_task(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(refresh(self.shared.clone())));
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl Shared {
    fn is_stale(&self) -> bool {
        let refreshed = Duration::from_millis(self.refreshed.load(Ordering::Relaxed));
        clock::now().saturating_sub(refreshed) > STALE
    }

    fn knows_something(&self) -> bool {
        matches!(&**self.knowledge.load(), Knowledge::Known(set) if !set.endpoints.is_empty())
    }

    /// Whether a call asked for it lately, or it is known.
    fn is_wanted(&self) -> bool {
        let wanted = Duration::from_millis(self.wanted.load(Ordering::Relaxed));
        self.knows_something() || clock::now().saturating_sub(wanted) < CURIOSITY
    }

    /// Asks the source once. Whether it answered.
    async fn round(&self) -> bool {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let known = self.known();
        let answer = self.source.list(&self.service, &known, &self.uses).await;
        let is_answered = !matches!(answer, Err(SourceError::Unreachable(_)));
        self.learn(answer, known).await;
        self.finished.send_replace(number);
        // The list is out; whoever waits for it does not wait for this.
        readmit(&self.known()).await;
        is_answered
    }

    /// The last list.
    fn known(&self) -> Arc<EndpointSet> {
        match &**self.knowledge.load() {
            Knowledge::Known(set) => set.clone(),
            _ => Arc::default(),
        }
    }

    /// Takes an answer of the source in, in place of the list `known`.
    async fn learn(&self, answer: Result<Vec<Endpoint>, SourceError>, mut known: Arc<EndpointSet>) {
        if answer.is_err() && known.endpoints.is_empty() {
            known = self.restore_once().await.unwrap_or(known);
        }
        let next = match answer {
            Ok(fresh) => {
                let set = known.succeed(fresh);
                self.restoring.note(&self.service, &set, &known);
                Knowledge::Known(Arc::new(set))
            }
            Err(SourceError::Unknown) => match alive(&known).await {
                kept if kept.endpoints.is_empty() => Knowledge::Unknown,
                kept => Knowledge::Known(Arc::new(kept)),
            },
            Err(SourceError::Unreachable(_)) if !known.endpoints.is_empty() => {
                Knowledge::Known(known)
            }
            Err(SourceError::Unreachable(why)) => Knowledge::Unreachable(why),
        };
        self.knowledge.store(Arc::new(next));
        self.refreshed.store(now_millis(), Ordering::Relaxed);
    }
}

async fn refresh(shared: Arc<Shared>) {
    let mut following = Following::new(&shared);
    let mut backoff = Backoff::default();
    loop {
        let is_answered = shared.round().await;
        if !shared.is_wanted() {
            // The next call starts it again.
            return;
        }
        let pause = if is_answered {
            backoff = Backoff::default();
            if let Ended::Unwanted = following.follow(&shared).await {
                return;
            }
            interval().min(following.due_in())
        } else {
            // A center that comes back is not to be met by everybody at once.
            backoff.next(fastrand::f64())
        };
        // Calls to a service that nobody knows must not become a storm of
        // questions to the center.
        tokio::time::sleep(GAP).await;
        tokio::select! {
            _ = tokio::time::timeout(pause, shared.wake.notified()) => {}
            () = tend(&shared) => {}
        }
    }
}

fn interval() -> Duration {
    INTERVAL.mul_f64(0.8 + 0.4 * fastrand::f64())
}

fn now_millis() -> u64 {
    u64::try_from(clock::now().as_millis()).unwrap_or(u64::MAX)
}
