//! [`Gate`]: so many at a time, a bounded queue, and no for everybody else.
//!
//! Services limit with it what they run at once, callers what they have under
//! way to one service. Both need the same thing of it: as long as there is room
//! it costs a few atomic operations and takes no lock, and what cannot be let in
//! is told so soon instead of waiting in a line that only grows.
//!
//! The line is only nearly first come, first served: somebody new may take a
//! place before one who was woken for it gets there. A semaphore that hands its
//! permits over in turn would take a lock for each.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Lets a limited number in.
#[derive(Debug)]
pub(crate) struct Gate {
    limit: u32,
    queue: u32,
    inside: AtomicU32,
    waiting: AtomicU32,
    left: Notify,
}

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// As many are waiting as may.
    Full,
    /// The time passed while it waited.
    Late,
}

/// A place inside, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Gate);

/// A place in the line, until it is dropped.
struct Waiting<'a>(&'a Gate);

impl Gate {
    /// At most `limit` inside (at least 1) and `queue` waiting.
    pub(crate) fn new(limit: u32, queue: u32) -> Self {
        Self {
            limit: limit.max(1),
            queue,
            inside: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            left: Notify::new(),
        }
    }

    /// How many may be inside.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Whether nobody would be let in now, nor into the line.
    #[cfg(feature = "server")]
    pub(crate) fn is_full(&self) -> bool {
        self.inside.load(Ordering::Relaxed) >= self.limit
            && self.waiting.load(Ordering::Relaxed) >= self.queue
    }

    /// A place inside if one is free and nobody waits for it.
    pub(crate) fn try_enter(&self) -> Option<Place<'_>> {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            return None;
        }
        self.take()
    }

    /// A place inside, when one is free before `deadline`.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<Place<'_>, Turned> {
        match self.try_enter() {
            Some(place) => Ok(place),
            None => self.wait(deadline).await,
        }
    }

    fn take(&self) -> Option<Place<'_>> {
        let more = |inside: u32| (inside < self.limit).then(|| inside + 1);
        self.inside
            .fetch_update(Ordering::SeqCst, Ordering::Relaxed, more)
            .ok()?;
        Some(Place(self))
    }

    async fn wait(&self, deadline: Instant) -> Result<Place<'_>, Turned> {
        let more = |waiting: u32| (waiting < self.queue).then(|| waiting + 1);
        let queued = self
            .waiting
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        if queued.is_err() {
            // The last place may have become free just now.
            return self.take().ok_or(Turned::Full);
        }
        let _waiting = Waiting(self);
        loop {
            // Listening begins before the look: whoever leaves after the look is
            // heard, and whoever left before it left a place.
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if let Some(place) = self.take() {
                return Ok(place);
            }
            if tokio::time::timeout_at(deadline, left).await.is_err() {
                return Err(Turned::Late);
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.left.notify_one();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    fn in_a_second() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_inside_so_many_wait_and_the_rest_is_turned_away() {
        let gate = Gate::new(2, 1);
        let first = gate.enter(in_a_second()).await.unwrap();
        let _second = gate.enter(in_a_second()).await.unwrap();
        let mut third = std::pin::pin!(gate.enter(in_a_second()));
        assert!(third.as_mut().now_or_never().is_none());
        assert_eq!(
            gate.enter(in_a_second()).await.unwrap_err(),
            Turned::Full,
            "the line is full"
        );
        drop(first);
        let third = third.await.unwrap();
        assert!(gate.try_enter().is_none());
        drop(third);
        assert!(gate.try_enter().is_some(), "nobody waits any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_deadline() {
        let gate = Gate::new(1, 1);
        let _inside = gate.enter(in_a_second()).await.unwrap();
        let started = Instant::now();
        assert_eq!(gate.enter(in_a_second()).await.unwrap_err(), Turned::Late);
        assert_eq!(started.elapsed(), Duration::from_secs(1));
        // Whoever gave up does not hold a place in the line.
        assert_eq!(gate.enter(in_a_second()).await.unwrap_err(), Turned::Late);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_waiting_passes_its_turn_on() {
        let gate = Gate::new(1, 2);
        let inside = gate.enter(in_a_second()).await.unwrap();
        let mut first = Box::pin(gate.enter(in_a_second()));
        let mut second = Box::pin(gate.enter(in_a_second()));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(inside);
        // The first was called and is gone.
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_place_is_lost_and_none_is_given_twice() {
        let gate = Arc::new(Gate::new(3, 1000));
        let inside = Arc::new(AtomicU32::new(0));
        let tasks = (0..200).map(|_| {
            let (gate, inside) = (gate.clone(), inside.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    let far = Instant::now() + Duration::from_secs(600);
                    let _place = gate.enter(far).await.unwrap();
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            })
        });
        for ended in futures_util::future::join_all(tasks).await {
            ended.unwrap();
        }
        assert!(gate.try_enter().is_some());
    }
}
