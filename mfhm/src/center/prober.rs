//! The pings: carries out what the registry decides and tells it what came of it.
//!
//! Each instance has its own clock in the registry, so pings are spread over the
//! interval and a hanging instance delays nobody else.

#[cfg(fuzzing)]
pub(super) mod fuzzing;
pub(super) mod ping;

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

pub(crate) use self::ping::{Answer, Pinger};
use super::audit::{Action, Actor, Entry};
use super::registry::{Deletion, Target};
use super::store::{Batch, CommitError, DocumentWrite, Store};
use super::view::View;
use crate::instance::InstanceStatus;
use crate::wire::v1::DocumentHash;

/// Asks instances whether they are there.
pub(crate) trait Ping: Send + Sync + 'static {
    /// A ping in its turn, with an end.
    fn ping<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Answer>;
}

/// Pings and deletes until it is dropped.
pub(crate) async fn run(view: Arc<View>, store: Arc<dyn Store>, pinger: Arc<dyn Ping>) {
    // The set owns what runs: when this task is aborted, so are they.
    let mut running = JoinSet::new();
    loop {
        // Whoever registered is told so first, and pinged then. Both follow from the same
        // change, and who makes it runs in the order in which they were woken.
        tokio::task::yield_now().await;
        let decisions = view.with(|registry, now, random| registry.tick(now, random));
        if let Some(pause) = decisions.pause {
            tracing::warn!(
                ?pause,
                "the center stood still; leases are extended by the pause"
            );
        }
        if let Some(arithmetic) = decisions.spared {
            tracing::warn!(%arithmetic, "the guard keeps instances that would be deleted for time-outs");
        }
        for target in decisions.pings {
            let target = Box::new(target);
            running.spawn(ping(view.clone(), pinger.clone(), target));
        }
        for deletion in decisions.deletions {
            running.spawn(delete(view.clone(), store.clone(), deletion));
        }
        if !decisions.documents.is_empty() {
            running.spawn(drop_documents(store.clone(), decisions.documents));
        }
        // Whatever ends meanwhile leaves nothing to be decided here: what came of it was
        // reported, and may have made the next tick due.
        let mut due = pin!(view.tick_due());
        loop {
            tokio::select! {
                () = &mut due => break,
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
            while running.try_join_next().is_some() {}
        }
    }
}

/// The target is in a box, because there may be as many of these as instances, waiting for
/// their turn, and an `async fn` has room for its arguments twice.
async fn ping(view: Arc<View>, pinger: Arc<dyn Ping>, target: Box<Target>) {
    let answer = pinger.ping(&target).await;
    let started = view.time_of(answer.started);
    let reported = view.with(|registry, now, random| {
        registry.report(&target, &answer.outcome, started, now, random)
    });
    let Target {
        id,
        service,
        host,
        port,
        ..
    } = &*target;
    let outcome = &answer.outcome;
    tracing::debug!(?service, %host, port, %id, %outcome, "ping");
    match reported.transition.map(|transition| transition.to) {
        Some(InstanceStatus::Up) => tracing::info!(?service, %host, port, %id, "up"),
        Some(_) => tracing::warn!(?service, %host, port, %id, reason = %outcome, "down"),
        None => {}
    }
    if let Some(arithmetic) = reported.guard {
        tracing::warn!(%arithmetic, "the guard against wrong time-outs");
    }
}

async fn delete(view: Arc<View>, store: Arc<dyn Store>, deletion: Deletion) {
    let Deletion {
        place,
        id,
        since,
        reason,
    } = deletion;
    let batch = Batch::remove_unchanged(place.clone(), id.clone(), since);
    let entry = Entry::place(Action::Evicted, &Actor::Center, place, &id).because(reason);
    match store.commit(batch.noting(entry)).await {
        Ok(_) => {}
        // It registered again, or somebody else has the place by now; the view
        // will know. If it is still to be deleted, that is decided anew.
        Err(CommitError::Conflict(_)) => {
            view.with(|registry, now, _| registry.deletion_failed(&id, now));
        }
        Err(error) => {
            tracing::error!(%error, %id, "a deletion can't be stored");
            view.with(|registry, now, _| registry.deletion_failed(&id, now));
        }
    }
}

/// What can't be dropped now is decided anew in a day; it may be named again, too.
async fn drop_documents(store: Arc<dyn Store>, hashes: Vec<DocumentHash>) {
    for hash in hashes {
        let batch = Batch::documents(vec![DocumentWrite::Drop(hash.clone())]);
        let entry = Entry::document(Action::DocumentDropped, &Actor::Center, &hash);
        match store.commit(batch.noting(entry)).await {
            Ok(_) => {}
            Err(error) => tracing::debug!(%hash, %error, "a document stays"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::center::health::PingOutcome;
    use crate::center::record::{Origin, Record};
    use crate::center::registration::Outcome;
    use crate::center::registry::Owner;
    use crate::center::testing::TestCenter;

    fn record() -> Arc<Record> {
        Arc::new(Record::sample(Origin::V1, "users", "a", 1))
    }

    fn actor() -> Actor {
        Actor::peer([127, 0, 0, 1].into())
    }

    /// A center that has decided to delete its only instance.
    async fn deciding() -> (TestCenter, Deletion) {
        let center = TestCenter::new().await;
        center.registrar.register(record(), &actor()).await.unwrap();
        center.probe.set(1, PingOutcome::Refused, None);
        center.ping_all().await;
        let deletion = center.registrar.view.with(|registry, _, random| {
            // No tick is late, which would be taken for a pause.
            loop {
                let due = registry.next_deadline();
                let decisions = registry.tick(due, random);
                for target in decisions.pings {
                    registry.report(&target, &PingOutcome::Refused, due, due, random);
                }
                if let Some(deletion) = decisions.deletions.into_iter().next() {
                    return deletion;
                }
                assert!(due < Duration::from_secs(600), "it is never deleted");
            }
        });
        (center, deletion)
    }

    fn is_registered(center: &TestCenter) -> bool {
        center
            .registrar
            .view
            .with(|registry, _, _| registry.get(&record().id).is_some())
    }

    #[tokio::test]
    async fn a_renewal_of_who_is_about_to_be_deleted_is_not_acknowledged() {
        let (center, deletion) = deciding().await;
        assert!(center.registrar.renew(&deletion.id).is_none());
        let revision = {
            let (view, store) = (center.registrar.view.clone(), center.store.clone());
            delete(view, store, deletion).await;
            center.registrar.store.commit(Batch::default()).await
        };
        center.registrar.view.reach(revision.unwrap()).await;
        assert!(!is_registered(&center));
        let trail = center.registrar.store.audit(None, 1).await.unwrap();
        assert_eq!(trail[0].entry["action"], "evicted");
        assert_eq!(trail[0].entry["actor"]["kind"], "center");
    }

    #[tokio::test]
    async fn who_registers_again_is_not_deleted_by_an_earlier_decision() {
        let (center, deletion) = deciding().await;
        let id = deletion.id.clone();
        let outcome = center.registrar.register(record(), &actor()).await.unwrap();
        assert_eq!(outcome, Outcome::Registered);
        assert!(center.registrar.renew(&id).is_some());
        let (view, store) = (center.registrar.view.clone(), center.store.clone());
        delete(view, store, deletion).await;
        let revision = center.registrar.store.commit(Batch::default()).await;
        center.registrar.view.reach(revision.unwrap()).await;
        assert!(is_registered(&center));
        assert!(center.registrar.renew(&id).is_some());
    }

    #[tokio::test]
    async fn a_document_that_nobody_needs_for_a_day_is_dropped() {
        let center = TestCenter::new().await;
        let document = crate::center::contracts::document::Document::sample(
            &serde_json::json!({ "openapi": "3.1.0", "paths": {} }),
        );
        let hash = document.hash.clone();
        let by = Owner::of(&record());
        let kept = center.registrar.keep(document, &by, &actor()).await;
        assert_eq!(kept.unwrap(), Ok(()));
        let due = center.registrar.view.with(|registry, now, random| {
            let almost = now + Duration::from_secs(24 * 3600 - 20);
            assert_eq!(registry.tick(almost, random).documents, []);
            registry.tick(almost + Duration::from_secs(40), random)
        });
        assert_eq!(due.documents, std::slice::from_ref(&hash));
        drop_documents(center.store.clone(), due.documents).await;
        let revision = center.registrar.store.commit(Batch::default()).await;
        center.registrar.view.reach(revision.unwrap()).await;
        assert!(!center.registrar.has_document(&hash));
    }
}
