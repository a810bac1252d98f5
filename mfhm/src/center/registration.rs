//! Registering and leaving: what the API asks for, decided with the view, asked
//! of the previous holder of the place, and written to the store.
//!
//! A newcomer never replaces a living instance: whoever holds the place is pinged
//! first (1 s at most). Only that nobody listens there, or somebody else, shows at
//! once that it is gone; a silent or troubled one holds its place until the pings
//! have found it to be down. Two newcomers for one place can't both win: each write
//! says whom it expects there, and the one that comes second is told so.

mod contract;
pub(crate) mod room;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use self::room::{Full, Room};
use super::address::{self, AllowList};
use super::audit::{Action, Actor, Entry};
use super::contracts::ContractPolicy;
use super::health::PingOutcome;
use super::record::{Origin, Place, Record};
use super::registry::Target;
use super::store::{Batch, CommitError, Expect, Revision, Store, Write};
use super::view::View;
use crate::instance::{InstanceId, InstanceStatus};
use crate::turns::Turns;
use crate::wire::v1::DocumentHash;

/// A place that changes hands more often than this within one request is
/// contested by others; they will sort it out.
const ATTEMPTS: u32 = 8;

/// So many new instances are asked again for one lookup.
const NEWCOMERS: usize = 8;

/// How long a written change may take to arrive in the view.
const ARRIVAL: Duration = Duration::from_secs(10);

/// How long the disk may take for a change. One that hangs may do so for ever, and
/// whoever waits for it is told; what becomes of the change is not known then.
const STORING: Duration = Duration::from_secs(10);

/// Turns at the comparison of contracts, which for large documents takes a processor for
/// some time: no more than there are processors, and half of them for one address.
pub(crate) fn judging() -> Turns {
    let processors = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    Turns::new(processors, processors / 2)
}

/// Changes the set of registered instances.
pub(crate) struct Registrar {
    pub view: Arc<View>,
    pub store: Arc<dyn Store>,
    pub probe: Arc<dyn Probe>,
    /// What may be registered from anywhere.
    pub allowed: Arc<AllowList>,
    /// What comes of a contract that breaks live callers.
    pub policy: ContractPolicy,
    /// Whether instances that speak HTTPS can be pinged.
    pub can_ping_tls: bool,
    /// How many there may be.
    pub room: Room,
    /// Contracts are compared by so many at a time.
    pub judging: Turns,
}

/// Asks at once who is in a place.
pub(crate) trait Probe: Send + Sync + 'static {
    /// Absent: it could not be asked. `asker` is on whose behalf: it waits with its own.
    fn probe<'a>(&'a self, target: &'a Target, asker: IpAddr) -> BoxFuture<'a, Option<Probed>>;
}

/// What such a question came to.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    pub outcome: PingOutcome,
    /// The instance that says it answers.
    pub instance: Option<String>,
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It is durable and visible.
    Registered,
    /// A living instance has the place.
    PlaceTaken,
    /// A living instance has the id, in another place.
    IdTaken,
    /// The id is registered with another lease secret.
    NotYours,
    /// The document that it names is not kept.
    DocumentMissing(DocumentHash),
    /// So many are registered that there is no room for it.
    Full(Full),
}

impl Registrar {
    /// Registers `record`, or updates the instance of the same id and place.
    pub(crate) async fn register(
        &self,
        record: Arc<Record>,
        actor: &Actor,
    ) -> Result<Outcome, CommitError> {
        let place = record.place();
        let mut rivals = Rivals::default();
        let mut last = CommitError::Conflict(0);
        for _ in 0..ATTEMPTS {
            let (holder, elsewhere) = self.view.with(|registry, _, _| {
                let elsewhere = registry
                    .get(&record.id)
                    .filter(|other| other.place() != place);
                (registry.at(&place).map(|listed| listed.record), elsewhere)
            });
            let same_id = [&holder, &elsewhere].into_iter().flatten();
            for other in same_id.filter(|other| other.id == record.id) {
                match &other.secret {
                    Some(secret) if record.secret.as_ref() != Some(secret) => {
                        return Ok(Outcome::NotYours);
                    }
                    Some(_) => {}
                    None if !may_follow(other, &record).await => return Ok(Outcome::IdTaken),
                    None => {}
                }
            }
            if holder.as_deref() == Some(&*record) && self.renew(&record.id).is_some() {
                // Nothing to write: a thousand services that come back at once
                // after a pause of the center cost no fsync.
                return Ok(Outcome::Registered);
            }
            if let Some(hash) = &record.document
                && !self.has_document(hash)
            {
                return Ok(Outcome::DocumentMissing(hash.clone()));
            }
            let replaced = [&holder, &elsewhere].into_iter().flatten().cloned();
            let replaced: Vec<_> = replaced.collect();
            // Before anybody is asked, which takes time.
            let _coming = match self.room.enter(&self.view, &record, &replaced) {
                Ok(coming) => coming,
                Err(full) => return Ok(Outcome::Full(full)),
            };
            let mut batch = Batch::default();
            if let Some(other) = elsewhere {
                // The same id elsewhere: an instance that moved, or a stolen id.
                if rivals.is_new(&other) || self.is_alive(&other, &record).await {
                    return Ok(Outcome::IdTaken);
                }
                batch
                    .writes
                    .push(Write::remove(other.place(), other.id.clone()));
                let entry = Entry::instance(Action::Replaced, actor, &other);
                let moved = format!(
                    "it moved to {} at {}:{}",
                    place.service, place.host, place.port
                );
                batch = batch.noting(entry.because(moved));
            }
            let mut action = Action::Registered;
            let expect = match &holder {
                None => Expect::Absent,
                Some(holder) if holder.id == record.id => {
                    action = Action::Updated;
                    Expect::Instance(record.id.clone())
                }
                Some(holder) => {
                    if rivals.is_new(holder) || self.is_alive(holder, &record).await {
                        return Ok(Outcome::PlaceTaken);
                    }
                    let entry = Entry::instance(Action::Replaced, actor, holder);
                    batch = batch.noting(entry.because(format!("by {}", record.id)));
                    Expect::Instance(holder.id.clone())
                }
            };
            batch.writes.push(Write::put(record.clone(), expect));
            batch = batch.noting(Entry::instance(action, actor, &record));
            match self.commit(batch).await {
                Ok(()) => return Ok(Outcome::Registered),
                Err(CommitError::Conflict(revision)) => {
                    rivals.lost_once = true;
                    last = CommitError::Conflict(revision);
                }
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Renews the lease of an instance. Absent: it is not registered.
    pub(crate) fn renew(&self, id: &InstanceId) -> Option<Arc<Record>> {
        self.view.with(|registry, now, _| registry.renew(id, now))
    }

    /// Removes the instance with this id; false when there is none.
    pub(crate) async fn leave(&self, id: &InstanceId, actor: &Actor) -> Result<bool, CommitError> {
        self.remove(|view| view.with(|registry, _, _| registry.get(id)), actor)
            .await
    }

    /// Removes whoever has this place; false when nobody has it, or somebody who
    /// leaves by a secret only.
    pub(crate) async fn vacate(&self, place: &Place, actor: &Actor) -> Result<bool, CommitError> {
        let holder = |view: &View| view.with(|registry, _, _| registry.at(place));
        let find = |view: &View| {
            let record = holder(view).map(|listed| listed.record);
            record.filter(|record| record.secret.is_none())
        };
        self.remove(find, actor).await
    }

    /// Has callers get the instance no more; false when there is none with this id.
    pub(crate) async fn drain(&self, id: &InstanceId, actor: &Actor) -> bool {
        let drained = self.view.with(|registry, _, _| {
            let record = registry.get(id)?;
            Some((registry.drain(id)?, record))
        });
        let Some((is_new, record)) = drained else {
            return false;
        };
        // Said again it changes nothing, and fills no trail.
        if !is_new {
            return true;
        }
        // Draining is no registration, so it is kept in memory only. Whether or not
        // the trail can be written, an operator who drains shall get what he asks for.
        let entry = Entry::instance(Action::Drained, actor, &record);
        if let Err(error) = self.store(Batch::default().noting(entry)).await {
            tracing::error!(%error, %id, "drained, but the audit trail can't be written");
        }
        true
    }

    /// Looks once more for instances of a service that nobody can use so far,
    /// and says whether there is one now.
    ///
    /// Python services register before they listen. Their first ping is refused,
    /// and between the moment in which they listen and the next ping a lookup
    /// would miss them: it asks them itself.
    pub(crate) async fn look_again(&self, service: &str, asker: IpAddr) -> bool {
        let newcomers = self
            .view
            .with(|registry, now, _| registry.newcomers(service, now));
        let asked = newcomers
            .into_iter()
            .take(NEWCOMERS)
            .map(|target| async move {
                let probed = self.probe.probe(&target, asker).await;
                let answers = probed.is_some_and(|probed| probed.outcome == PingOutcome::Ok);
                answers && {
                    let id = &target.id;
                    let transition = self
                        .view
                        .with(|registry, now, _| registry.answered(id, now));
                    if transition.is_some() {
                        let Target {
                            service,
                            host,
                            port,
                            ..
                        } = &target;
                        tracing::info!(?service, %host, port, %id, "up");
                    }
                    true
                }
            });
        futures_util::future::join_all(asked).await.contains(&true)
    }

    async fn remove(
        &self,
        find: impl Fn(&View) -> Option<Arc<Record>>,
        actor: &Actor,
    ) -> Result<bool, CommitError> {
        let mut last = CommitError::Conflict(0);
        for _ in 0..ATTEMPTS {
            let Some(record) = find(&self.view) else {
                return Ok(false);
            };
            let batch = Batch::remove(record.place(), record.id.clone());
            let entry = Entry::instance(Action::Removed, actor, &record);
            match self.commit(batch.noting(entry)).await {
                Ok(()) => return Ok(true),
                Err(CommitError::Conflict(revision)) => last = CommitError::Conflict(revision),
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Writes, and waits until the view shows what was written, or what was
    /// there instead.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        match self.store(batch).await {
            Ok(revision) => self.reach(revision).await,
            Err(CommitError::Conflict(revision)) => {
                self.reach(revision).await?;
                Err(CommitError::Conflict(revision))
            }
            Err(error) => Err(error),
        }
    }

    async fn store(&self, batch: Batch) -> Result<Revision, CommitError> {
        let stored = tokio::time::timeout(STORING, self.store.commit(batch)).await;
        stored.unwrap_or_else(|_| {
            let seconds = STORING.as_secs();
            Err(CommitError::Failed {
                reason: format!("its disk has not answered for {seconds} s"),
                is_full: false,
            })
        })
    }

    async fn reach(&self, revision: Revision) -> Result<(), CommitError> {
        tokio::time::timeout(ARRIVAL, self.view.reach(revision))
            .await
            .map_err(|_| {
                let reason = "the center's view does not follow its store".to_owned();
                CommitError::Failed {
                    reason,
                    is_full: false,
                }
            })
    }

    /// Whether `record`'s instance lives for all that is known, and it is not the
    /// newcomer that answers in its place.
    async fn is_alive(&self, record: &Record, newcomer: &Record) -> bool {
        let (status, is_overdue) = self
            .view
            .with(|registry, _, _| registry.standing(&record.id));
        let target = Target {
            id: record.id.clone(),
            service: record.service.clone(),
            host: record.host.clone(),
            port: record.port,
            tls: record.tls,
            key: record.key.clone(),
            origin: record.origin,
            registrant: record.peer,
            owner: record.registrant(),
            is_overdue,
            ping: 0,
        };
        let asker = newcomer.registrant();
        let Some(probed) = self.probe.probe(&target, asker).await else {
            // It may be alive for all that is known.
            return true;
        };
        // The same id elsewhere is the same instance, before it moved.
        let is_newcomer =
            newcomer.id != record.id && probed.instance.as_deref() == Some(newcomer.id.as_str());
        match probed.outcome {
            _ if is_newcomer => false,
            PingOutcome::Ok => true,
            PingOutcome::Refused | PingOutcome::Stranger(_) => false,
            // One such answer is little: the pings need three of them in a row.
            PingOutcome::TimedOut | PingOutcome::Broken | PingOutcome::Bad(_) => {
                status != Some(InstanceStatus::Down)
            }
        }
    }
}

/// The address of a peer as it is registered: an IPv4 address that came through
/// an IPv6 socket is an IPv4 address.
pub(crate) fn host_of(peer: IpAddr) -> String {
    peer.to_canonical().to_string()
}

/// Whether `newcomer` may be what has become of `known`, which has the same id and no
/// secret. Ids are told to everybody, so it must come from the host that `known`
/// registered from, and be the same service: a token for one name says nothing of
/// another. The ids of Python instances are the center's own.
async fn may_follow(known: &Record, newcomer: &Record) -> bool {
    if known.origin != Origin::V1 || known.service != newcomer.service {
        return false;
    }
    match (known.peer, newcomer.peer) {
        (Some(one), Some(other)) => address::is_same(one, other),
        // Stored by an earlier version.
        (None, Some(peer)) => address::is_host(&known.host, peer).await,
        (_, None) => known.origin == newcomer.origin,
    }
}

/// Who was met on the way to a place.
#[derive(Debug, Default)]
struct Rivals {
    known: Vec<InstanceId>,
    lost_once: bool,
}

impl Rivals {
    /// Whether `record` appeared only after a write of this request was refused:
    /// it won the race for the place. It is not asked whether it lives, because a
    /// Python service does not listen yet at that moment.
    fn is_new(&mut self, record: &Record) -> bool {
        let is_known = self.known.contains(&record.id);
        self.known.push(record.id.clone());
        self.lost_once && !is_known
    }
}

#[cfg(test)]
mod tests;
