//! How many calls may be tried again.
//!
//! A service in trouble must not get more load for being in trouble. Attempts
//! beyond the first are paid for: each call pays in a tenth, each further
//! attempt takes out one, so that each layer of services adds at most a tenth to
//! the load of the next. For callers that call rarely there is a reserve of three
//! attempts that fills up again in ten seconds.
//! (Beyer et al., *Site Reliability Engineering*, chapter 22, has the reason
//! and the tenth.)
//!
//! What never reached a service is no load to it and needs no budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an attempt costs; a call pays in the percentage.
const COST: u64 = 100;
/// What is saved up at most is what so many calls pay in.
const CALLS_SAVED: u64 = 1000;

/// The percentage that is added to the load at most, when nothing else is said.
pub(crate) const DEFAULT_PERCENT: u32 = 10;

const RESERVE: u32 = 3;
/// One attempt of the reserve comes back in this time.
const REFILL: Duration = Duration::from_millis(3333);

/// What the callers of one service in this process share.
#[derive(Debug)]
pub(crate) struct Budget {
    percent: u32,
    saved: AtomicU64,
    /// The time until which the reserve is used up, in nanoseconds (the
    /// theoretical arrival time of the generic cell rate algorithm).
    reserved_until: AtomicU64,
}

impl Budget {
    /// A budget of this percentage of the calls; with 0 there is no reserve
    /// either.
    pub(crate) fn new(percent: u32) -> Self {
        Self {
            percent,
            saved: AtomicU64::new(0),
            reserved_until: AtomicU64::new(0),
        }
    }

    /// A call was made. Costs nothing but a look once enough is saved.
    pub(crate) fn pay_in(&self) {
        let percent = u64::from(self.percent);
        if self.saved.load(Ordering::Relaxed) < CALLS_SAVED * percent {
            self.saved.fetch_add(percent, Ordering::Relaxed);
        }
    }

    /// Whether one more attempt may be made; if so, it is paid.
    pub(crate) fn take(&self, now: Duration) -> bool {
        let take = |saved: u64| saved.checked_sub(COST);
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
            || (self.percent > 0 && self.take_from_reserve(now))
    }

    fn take_from_reserve(&self, now: Duration) -> bool {
        let (now, refill) = (nanos(now), nanos(REFILL));
        let take = |until: u64| {
            let next = until.max(now) + refill;
            (next <= now + refill * u64::from(RESERVE)).then_some(next)
        };
        self.reserved_until
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(DEFAULT_PERCENT)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn taken(budget: &Budget, now: Duration, wanted: usize) -> usize {
        (0..wanted).filter(|_| budget.take(now)).count()
    }

    #[test]
    fn a_tenth_of_the_calls_and_three_more() {
        let budget = Budget::default();
        assert_eq!(taken(&budget, at(1), 10), 3);
        (0..100).for_each(|_| budget.pay_in());
        assert_eq!(taken(&budget, at(1), 100), 10);
    }

    #[test]
    fn the_reserve_comes_back_in_ten_seconds() {
        let budget = Budget::default();
        assert_eq!(taken(&budget, at(1), 10), 3);
        assert_eq!(taken(&budget, at(5), 10), 1);
        assert_eq!(taken(&budget, at(60), 10), 3);
    }

    #[test]
    fn what_is_saved_up_is_bounded() {
        let budget = Budget::default();
        (0..1_000_000).for_each(|_| budget.pay_in());
        assert_eq!(taken(&budget, at(1), 1000), 103);
    }

    #[test]
    fn without_a_percentage_there_is_nothing() {
        let budget = Budget::new(0);
        (0..1000).for_each(|_| budget.pay_in());
        assert_eq!(taken(&budget, at(1), 10), 0);
    }

    #[test]
    fn a_service_that_always_fails_gets_a_tenth_more() {
        let budget = Budget::default();
        let again = (0..10_000)
            .filter(|_| {
                budget.pay_in();
                budget.take(at(1))
            })
            .count();
        assert_eq!(again, 1003);
    }
}
