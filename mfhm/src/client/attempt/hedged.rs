//! An attempt that another one overtakes.

use std::time::Duration;

use tokio::time::Instant;

use super::Attempts;
use super::arrival::Arrival;
use super::exchange::Failed;
use crate::client::endpoint::EndpointSet;
use crate::client::retry::Failure;
use crate::client::{clock, hedge};

impl Attempts<'_> {
    /// One attempt, and one at another instance beside it when it takes longer
    /// than `pause`; tells which.
    pub(super) async fn hedged<A: Arrival>(
        &self,
        set: &EndpointSet,
        index: usize,
        now: Instant,
        tried: &[usize],
        pause: Duration,
        random: &mut fastrand::Rng,
    ) -> (Result<A, Failed>, Option<usize>) {
        let mut picked = None;
        let (also, mut random_of_second) = (&mut picked, random.fork());
        let second = move || {
            let tried = [tried, &[index]].concat();
            let now = Instant::now();
            let other = self.pick(set, &tried, now, &mut random_of_second)?;
            let (endpoint, since) = (&set.endpoints[other], clock::at(now));
            if endpoint.ejection.is_unreachable(since) || !self.resolver.limits.budget.take(since) {
                return None;
            }
            *also = Some(other);
            Some(async move { self.send(endpoint, now, &mut random_of_second).await })
        };
        let is_good = |result: &Result<A, Failed>| match result {
            Ok(answer) => Failure::of_answer(answer.status(), answer.headers()).is_none(),
            Err(_) => false,
        };
        let first = self.send(&set.endpoints[index], now, random);
        let (result, _) = hedge::race(first, pause, second, is_good).await;
        (result, picked)
    }
}
