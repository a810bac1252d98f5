//! Whether instances accept connections.
//!
//! So many are asked at once, whatever the length of a list: who runs out of file
//! descriptors by asking would find that nobody is there.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use crate::client::clock;
use crate::client::ejection::Outcome;
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::connector;

const CONNECT: Duration = Duration::from_secs(1);
const AT_ONCE: usize = 128;

/// Tries to connect to the instances that are left out as unreachable: those
/// that accept are back, the others stay out.
pub(super) async fn readmit(set: &EndpointSet) {
    let now = clock::now();
    let unreachable = set
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.ejection.is_unreachable(now));
    let probes = unreachable.map(|endpoint| async move {
        if accepts(endpoint).await {
            endpoint.ejection.reachable();
        } else {
            endpoint
                .ejection
                .record(Outcome::Unreachable, clock::now(), 0.0);
        }
    });
    some_at_once(probes.collect()).await;
}

/// Leaves out those that do not accept connections. Of a long list only the first are
/// asked: it is needed now, and calls find out about the others.
pub(super) async fn leave_out_unreachable(set: &EndpointSet) {
    let asked = set.endpoints.iter().take(AT_ONCE);
    let probes = asked.map(|endpoint| async move {
        if !accepts(endpoint).await {
            endpoint
                .ejection
                .record(Outcome::Unreachable, clock::now(), 0.0);
        }
    });
    some_at_once(probes.collect()).await;
}

/// Those of a list that accept connections.
pub(super) async fn alive(set: &EndpointSet) -> EndpointSet {
    let probes = set
        .endpoints
        .iter()
        .map(|endpoint| async move { accepts(endpoint).await.then(|| endpoint.clone()) });
    let endpoints = some_at_once(probes.collect())
        .await
        .into_iter()
        .flatten()
        .collect();
    EndpointSet::new(endpoints)
}

async fn some_at_once<F: Future>(probes: Vec<F>) -> Vec<F::Output> {
    stream::iter(probes).buffered(AT_ONCE).collect().await
}

async fn accepts(endpoint: &Endpoint) -> bool {
    let Some(to) = endpoint.address.authority() else {
        return false;
    };
    let connect = connector::standard().connect(to.clone());
    matches!(tokio::time::timeout(CONNECT, connect).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_a_long_list_some_are_asked_at_once_and_all_in_the_end() {
        let (asked, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (asked, most) = (&asked, &most);
        let probes = (0..1000).map(|number| async move {
            let now = asked.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(CONNECT).await;
            asked.fetch_sub(1, Ordering::SeqCst);
            number
        });
        let all = some_at_once(probes.collect()).await;
        assert_eq!(all, Vec::from_iter(0..1000));
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    }
}
