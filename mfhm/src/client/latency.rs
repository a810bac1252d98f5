//! How long an endpoint takes to answer, as one number that follows bad news
//! soon and good news slowly.
//!
//! An exponentially weighted moving average over time, in which the past loses
//! half of its weight in seven seconds; what is longer than the average becomes
//! the average (*peak* EWMA, as in Finagle's balancers). Without answers the
//! number fades, so that an endpoint which was slow once is tried again.
//!
//! One answer that took long is noise: a connection that had to be made, a pause
//! of the scheduler. With two endpoints it would leave one of them without calls
//! for half a minute, so a peak is what the *fastest of the last three* answers
//! took, and an endpoint is not judged by its first answer alone.
//!
//! The clock is the caller's. Two answers at the same moment may overwrite each
//! other's contribution; the next one corrects it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The seconds in which the weight of the past falls to 1/e.
const DECAY: f64 = 10.0;
/// The seconds that an endpoint is taken to need which has only failed so far.
const UNPROVEN: f64 = 0.1;

/// The moving average of an endpoint's answers.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// Seconds, as the bits of an `f64`.
    average: AtomicU64,
    /// What the last answer took and the one before it, likewise; 0 is none.
    last: [AtomicU64; 2],
    /// When the average was last written, in nanoseconds.
    written: AtomicU64,
}

impl Latency {
    /// An answer took `took`.
    pub(crate) fn record(&self, took: Duration, now: Duration) {
        // Nothing takes no time: 0 is for none.
        let took = took.as_secs_f64().max(f64::MIN_POSITIVE);
        let last = [0, 1].map(|index| f64::from_bits(self.last[index].load(Ordering::Relaxed)));
        self.remember([took, last[0]]);
        let known = last.into_iter().filter(|&other| other > 0.0);
        let took = known.fold(took, f64::min);
        let next = match self.at(now) {
            Some(average) if took < average && last[1] > 0.0 => {
                let written = self.written.load(Ordering::Relaxed);
                // `average` has faded already: the past's part of it.
                average + took * (1.0 - weight_of_past(written, now))
            }
            _ => took,
        };
        self.write(next, now);
    }

    /// No answer came for `waited`: the next one takes at least as long, as far as
    /// is known.
    pub(crate) fn at_least(&self, waited: Duration, now: Duration) {
        let average = self.at(now).unwrap_or_default();
        self.judge(average.max(waited.as_secs_f64()), now);
    }

    /// An answer came that says the instance failed. A fast failure must not make
    /// it look fast, and failing without a pause must not make it fade, or calls
    /// would run to where they fail fastest.
    pub(crate) fn failed(&self, took: Duration, now: Duration) {
        let known = match self.at(now) {
            Some(_) => f64::from_bits(self.average.load(Ordering::Relaxed)),
            None => UNPROVEN,
        };
        self.judge(known.max(took.as_secs_f64()), now);
    }

    /// The average, whatever the answers say.
    fn judge(&self, average: f64, now: Duration) {
        if self.at(now).is_none() {
            self.remember([average.max(f64::MIN_POSITIVE); 2]);
        }
        self.write(average, now);
    }

    fn remember(&self, last: [f64; 2]) {
        for (cell, took) in self.last.iter().zip(last) {
            cell.store(took.to_bits(), Ordering::Relaxed);
        }
    }

    fn write(&self, average: f64, now: Duration) {
        self.average.store(average.to_bits(), Ordering::Relaxed);
        self.written.store(nanos(now), Ordering::Relaxed);
    }

    /// The average in seconds, faded by the time since the last answer; `None`
    /// before the second.
    pub(crate) fn at(&self, now: Duration) -> Option<f64> {
        if self.last[1].load(Ordering::Relaxed) == 0 {
            return None;
        }
        let written = self.written.load(Ordering::Relaxed);
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        Some(average * weight_of_past(written, now))
    }
}

fn weight_of_past(written: u64, now: Duration) -> f64 {
    let elapsed = Duration::from_nanos(nanos(now).saturating_sub(written));
    (-elapsed.as_secs_f64() / DECAY).exp()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn shown(latency: &Latency, now: Duration) -> f64 {
        latency.at(now).unwrap() * 1e3
    }

    /// So many answers, of which each took as long.
    fn answers(latency: &Latency, count: usize, took: Duration, now: Duration) {
        (0..count).for_each(|_| latency.record(took, now));
    }

    #[test]
    fn bad_news_count_soon_and_good_news_slowly() {
        let latency = Latency::default();
        answers(&latency, 3, ms(2), at(1));
        answers(&latency, 3, ms(500), at(2));
        assert!((shown(&latency, at(2)) - 500.0).abs() < 0.1);
        latency.record(ms(2), at(3));
        assert!(shown(&latency, at(3)) > 400.0);
        (4..60).for_each(|second| latency.record(ms(2), at(second)));
        assert!(shown(&latency, at(59)) < 5.0);
    }

    #[test]
    fn a_single_long_answer_is_noise() {
        let latency = Latency::default();
        latency.record(ms(80), at(1));
        assert_eq!(latency.at(at(1)), None, "a connection had to be made");
        for _ in 0..5 {
            answers(&latency, 2, ms(2), at(1));
            latency.record(ms(500), at(1));
            assert!(shown(&latency, at(1)) < 2.1);
        }
        latency.record(ms(500), at(1));
        assert!(shown(&latency, at(1)) < 2.1);
        latency.record(ms(500), at(1));
        assert!((shown(&latency, at(1)) - 500.0).abs() < 0.1);
    }

    #[test]
    fn what_was_slow_is_forgotten() {
        let latency = Latency::default();
        answers(&latency, 2, ms(500), at(1));
        assert!(shown(&latency, at(2)) > 400.0);
        assert!(shown(&latency, at(61)) < 2.0);
    }

    #[test]
    fn waiting_in_vain_counts_as_no_less_than_the_wait() {
        let latency = Latency::default();
        latency.at_least(ms(300), at(1));
        assert!((shown(&latency, at(1)) - 300.0).abs() < 0.1);
        latency.at_least(ms(2), at(1));
        assert!((shown(&latency, at(1)) - 300.0).abs() < 0.1);
    }

    #[test]
    fn failing_fast_does_not_look_fast() {
        let latency = Latency::default();
        latency.failed(ms(1), at(1));
        assert!((shown(&latency, at(1)) - 100.0).abs() < 0.1);
        let latency = Latency::default();
        answers(&latency, 2, ms(20), at(1));
        (2..60).for_each(|second| latency.failed(ms(1), at(second)));
        assert!((shown(&latency, at(59)) - 20.0).abs() < 0.1);
    }

    #[test]
    fn time_never_goes_back() {
        let latency = Latency::default();
        answers(&latency, 2, Duration::from_micros(50), at(5));
        assert!((shown(&latency, at(5)) - 0.05).abs() < 1e-6);
        assert!((shown(&latency, at(4)) - 0.05).abs() < 1e-6);
        latency.record(Duration::ZERO, at(5));
        assert!(shown(&latency, at(5)) >= 0.0);
    }
}
