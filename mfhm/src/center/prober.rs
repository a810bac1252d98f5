//! The pings: carries out what the registry decides and tells it what came of it.
//!
//! Each instance has its own clock in the registry, so pings are spread over the
//! interval and a hanging instance delays nobody else.

mod ping;

use std::sync::Arc;

use tokio::task::JoinSet;

pub(crate) use self::ping::Pinger;
use super::registry::{Deletion, Target};
use super::store::{Batch, CommitError, Store};
use super::view::View;
use crate::instance::InstanceStatus;

/// Pings and deletes until it is dropped.
pub(crate) async fn run(view: Arc<View>, store: Arc<dyn Store>, pinger: Arc<Pinger>) {
    // The set owns what runs: when this task is aborted, so are they.
    let mut running = JoinSet::new();
    loop {
        let decisions = view.with(|registry, now, random| registry.tick(now, random));
        if let Some(pause) = decisions.pause {
            tracing::warn!(
                ?pause,
                "the center stood still; leases are extended by the pause"
            );
        }
        for target in decisions.pings {
            running.spawn(ping(view.clone(), pinger.clone(), target));
        }
        for deletion in decisions.deletions {
            running.spawn(delete(view.clone(), store.clone(), deletion));
        }
        tokio::select! {
            () = view.tick_due() => {}
            Some(_) = running.join_next(), if !running.is_empty() => {}
        }
        while running.try_join_next().is_some() {}
    }
}

async fn ping(view: Arc<View>, pinger: Arc<Pinger>, target: Target) {
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
    } = &target;
    let outcome = &answer.outcome;
    tracing::debug!(%service, %host, port, %id, %outcome, "ping");
    match reported.transition.map(|transition| transition.to) {
        Some(InstanceStatus::Up) => tracing::info!(%service, %host, port, %id, "up"),
        Some(_) => tracing::warn!(%service, %host, port, %id, reason = %outcome, "down"),
        None => {}
    }
    if let Some(guard) = reported.guard {
        tracing::warn!(%guard, "the guard against wrong time-outs");
    }
}

async fn delete(view: Arc<View>, store: Arc<dyn Store>, deletion: Deletion) {
    let Deletion { place, id, reason } = deletion;
    match store.commit(Batch::remove(place.clone(), id.clone())).await {
        Ok(_) => {
            let (service, host, port) = (&place.service, &place.host, place.port);
            tracing::warn!(%service, %host, port, %id, %reason, "deleted");
        }
        // Somebody else has the place by now, and the view will know.
        Err(CommitError::Conflict(_)) => {}
        Err(error) => {
            tracing::error!(%error, %id, "a deletion can't be stored");
            view.with(|registry, now, _| registry.deletion_failed(&id, now));
        }
    }
}
