//! Who is left out, and until when.
//!
//! Two kinds of evidence leave an endpoint out. A connection that cannot be
//! made or that breaks says that the process is gone: the endpoint is left out
//! until a connection is made again (the resolver tries in the background) or
//! half a minute has passed. Failed answers say less: five in a row leave it
//! out for 5 s, doubled each time up to 300 s.
//!
//! An instance that asks for a pause (503 with `Retry-After`) has it, for half a
//! minute at most: it is not picked meanwhile if another one is there.
//!
//! The clock is the caller's: `now` is the time since some start. The state is
//! atomic, so that a call that goes well takes no lock and writes nothing.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

const FAILURES: u32 = 5;
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);
const UNREACHABLE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What happened to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer came that does not speak against the instance.
    Answered,
    /// It answered 502, 503 or 504, or not in time.
    Failed,
    /// The connection could not be made, or broke.
    Unreachable,
}

/// What this caller holds against one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Ejection {
    /// Failures since the last success.
    failures: AtomicU32,
    /// How often it was ejected without a success in between.
    ejections: AtomicU32,
    /// Milliseconds since the start of the clock; 0 is never.
    failed_until: AtomicU64,
    unreachable_until: AtomicU64,
    paused_until: AtomicU64,
}

impl Ejection {
    /// Whether calls should go elsewhere.
    #[cfg(test)]
    fn is_ejected(&self, now: Duration) -> bool {
        self.is_failing(now) || self.is_unreachable(now)
    }

    /// Whether failed answers leave it out at present.
    pub(crate) fn is_failing(&self, now: Duration) -> bool {
        self.failed_until.load(Ordering::Relaxed) > millis(now)
    }

    /// Whether a connection failed and none has been made since.
    pub(crate) fn is_unreachable(&self, now: Duration) -> bool {
        self.unreachable_until.load(Ordering::Relaxed) > millis(now)
    }

    /// Whether it asked for a pause that is not over.
    pub(crate) fn is_paused(&self, now: Duration) -> bool {
        self.paused_until.load(Ordering::Relaxed) > millis(now)
    }

    /// It asked not to be called for so long.
    pub(crate) fn pause(&self, pause: Duration, now: Duration) {
        let until = millis(now + pause.min(LONGEST_PAUSE));
        self.paused_until.store(until, Ordering::Relaxed);
    }

    /// Learns from an attempt. `jitter` is from 0 to 1 and lengthens an
    /// ejection by up to a tenth, so that callers do not come back together.
    pub(crate) fn record(&self, outcome: Outcome, now: Duration, jitter: f64) {
        match outcome {
            // Reading first keeps the cache line shared while all goes well.
            Outcome::Answered => {
                if self.failures.load(Ordering::Relaxed) != 0 {
                    self.failures.store(0, Ordering::Relaxed);
                    self.ejections.store(0, Ordering::Relaxed);
                    self.failed_until.store(0, Ordering::Relaxed);
                }
                if self.unreachable_until.load(Ordering::Relaxed) != 0 {
                    self.unreachable_until.store(0, Ordering::Relaxed);
                }
            }
            // Calls that were under way when it was ejected tell nothing new.
            Outcome::Failed if self.is_failing(now) => {}
            Outcome::Failed => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures.is_multiple_of(FAILURES) {
                    let times = self.ejections.fetch_add(1, Ordering::Relaxed).min(16);
                    let length = (FIRST * (1 << times))
                        .min(LONGEST)
                        .mul_f64(1.0 + jitter / 10.0);
                    self.failed_until
                        .store(millis(now + length), Ordering::Relaxed);
                }
            }
            Outcome::Unreachable => {
                self.unreachable_until
                    .store(millis(now + UNREACHABLE), Ordering::Relaxed);
            }
        }
    }

    /// A connection could be made.
    pub(crate) fn reachable(&self) {
        self.unreachable_until.store(0, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_broken_connection_ejects_until_a_connection_is_made() {
        let ejection = Ejection::default();
        ejection.record(Outcome::Unreachable, at(1), 0.0);
        assert!(ejection.is_ejected(at(2)) && ejection.is_unreachable(at(2)));
        ejection.reachable();
        assert!(!ejection.is_ejected(at(2)));
        ejection.record(Outcome::Unreachable, at(3), 0.0);
        assert!(
            !ejection.is_ejected(at(34)),
            "it is tried again after 30 s all the same"
        );
    }

    #[test]
    fn five_failures_in_a_row_eject_for_longer_each_time() {
        let ejection = Ejection::default();
        let five = |now| (0..5).for_each(|_| ejection.record(Outcome::Failed, now, 0.0));
        (0..4).for_each(|_| ejection.record(Outcome::Failed, at(0), 0.0));
        assert!(!ejection.is_ejected(at(0)));
        ejection.record(Outcome::Failed, at(0), 0.0);
        assert!(ejection.is_ejected(at(4)) && !ejection.is_ejected(at(5)));
        five(at(10));
        assert!(ejection.is_ejected(at(19)) && !ejection.is_ejected(at(20)));
        ejection.record(Outcome::Answered, at(20), 0.0);
        five(at(30));
        assert!(
            ejection.is_ejected(at(34)) && !ejection.is_ejected(at(35)),
            "a success forgets"
        );
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_again() {
        let ejection = Ejection::default();
        for _ in 0..100 {
            (0..4).for_each(|_| ejection.record(Outcome::Failed, at(0), 0.0));
            ejection.record(Outcome::Answered, at(0), 0.0);
        }
        assert!(!ejection.is_ejected(at(0)));
    }

    #[test]
    fn many_failures_at_once_are_one_ejection() {
        let ejection = Ejection::default();
        (0..500).for_each(|_| ejection.record(Outcome::Failed, at(0), 0.0));
        assert!(ejection.is_ejected(at(4)) && !ejection.is_ejected(at(5)));
    }

    #[test]
    fn a_pause_is_granted_for_half_a_minute_at_most() {
        let ejection = Ejection::default();
        ejection.pause(at(1), at(5));
        assert!(ejection.is_paused(at(5)) && !ejection.is_paused(at(6)));
        assert!(!ejection.is_ejected(at(5)));
        ejection.pause(at(3600), at(5));
        assert!(ejection.is_paused(at(34)) && !ejection.is_paused(at(35)));
    }

    #[test]
    fn no_ejection_is_longer_than_five_minutes_and_a_tenth() {
        let ejection = Ejection::default();
        for round in 0..20 {
            (0..5).for_each(|_| ejection.record(Outcome::Failed, at(round * 400), 1.0));
        }
        assert!(ejection.is_ejected(at(19 * 400 + 329)));
        assert!(!ejection.is_ejected(at(19 * 400 + 331)));
    }
}
