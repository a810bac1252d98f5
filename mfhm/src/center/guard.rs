//! The guard against wrong conclusions from silence.
//!
//! A time-out says that the center did not hear an instance, not that it is
//! gone. Two rules keep silence from emptying the registry. Deletions for
//! silence are few: at most 15 % of the instances in a minute, and at least one.
//! And when more than half of the instances fall silent together, the center
//! suspects its own network: until pings get through again, for 5 minutes at
//! most, silence makes nobody unhealthy and deletes nobody.
//!
//! One silent instance alone is never taken for a network fault, whatever its
//! share: in a fleet of one the instance is the likelier cause.

use std::collections::VecDeque;
use std::time::Duration;

/// Share of the instances that may be deleted for silence in a [`WINDOW`].
const DELETION_PERCENT: usize = 15;
const WINDOW: Duration = Duration::from_secs(60);

/// How long the center doubts its own network.
const LONGEST_SUSPICION: Duration = Duration::from_secs(5 * 60);

/// Fewer silent instances than this are their own fault.
const LEAST_SILENT: usize = 2;

/// Sees all time-outs together.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Deletions for silence within the last [`WINDOW`].
    deletions: VecDeque<Duration>,
    suspicion: Suspicion,
    witnesses: usize,
    silent: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Suspicion {
    #[default]
    None,
    Since(Duration),
    /// It lasted too long: the silence is believed until it has ended once.
    Exhausted,
}

impl Guard {
    /// Takes note of how many of the pinged, not unhealthy instances were silent
    /// at their last ping. Returns whether the suspicion began or ended.
    pub(crate) fn observe(&mut self, silent: usize, witnesses: usize, now: Duration) -> bool {
        (self.silent, self.witnesses) = (silent, witnesses);
        let most_are_silent = silent >= LEAST_SILENT && silent * 2 > witnesses;
        let next = match self.suspicion {
            _ if !most_are_silent => Suspicion::None,
            Suspicion::None => Suspicion::Since(now),
            Suspicion::Since(start) if now.saturating_sub(start) >= LONGEST_SUSPICION => {
                Suspicion::Exhausted
            }
            same => same,
        };
        let was_held = matches!(self.suspicion, Suspicion::Since(_));
        self.suspicion = next;
        was_held != self.is_held(now)
    }

    /// Whether time-outs are not believed at the moment.
    pub(crate) fn is_held(&self, now: Duration) -> bool {
        match self.suspicion {
            Suspicion::Since(start) => now.saturating_sub(start) < LONGEST_SUSPICION,
            Suspicion::None | Suspicion::Exhausted => false,
        }
    }

    /// Whether one more of `instances` may be deleted for silence; if so, it is
    /// counted.
    pub(crate) fn admit_deletion(&mut self, instances: usize, now: Duration) -> bool {
        self.forget_old(now);
        if self.is_held(now) || self.deletions.len() >= self.allowance(instances) {
            return false;
        }
        self.deletions.push_back(now);
        true
    }

    /// The arithmetic in a sentence.
    pub(crate) fn explain(&mut self, instances: usize, now: Duration) -> String {
        self.forget_old(now);
        let silence = format!(
            "{} of {} pinged instances that are not down timed out at their last ping",
            self.silent, self.witnesses
        );
        if self.is_held(now) {
            format!(
                "{silence}, more than half: the center suspects its own network and believes no \
                 time-out until pings get through again, 5 min at most"
            )
        } else {
            format!(
                "{silence}; {} of {instances} registered instances were deleted for time-outs in \
                 the last minute, {} may be",
                self.deletions.len(),
                self.allowance(instances)
            )
        }
    }

    /// The center itself stood still for `pause`.
    pub(crate) fn shift(&mut self, pause: Duration) {
        if let Suspicion::Since(start) = &mut self.suspicion {
            *start = start.saturating_add(pause);
        }
    }

    /// What was deleted within the window still counts as part of the fleet, so
    /// that the allowance does not shrink while it is used up.
    fn allowance(&self, instances: usize) -> usize {
        ((instances + self.deletions.len()) * DELETION_PERCENT / 100).max(1)
    }

    fn forget_old(&mut self, now: Duration) {
        while self
            .deletions
            .front()
            .is_some_and(|&at| now.saturating_sub(at) >= WINDOW)
        {
            self.deletions.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn deletions(guard: &mut Guard, fleet: usize, now: Duration) -> usize {
        let mut left = fleet;
        while left > 0 && guard.admit_deletion(left, now) {
            left -= 1;
        }
        fleet - left
    }

    #[test]
    fn fifteen_percent_a_minute_may_go_and_at_least_one() {
        for (fleet, allowed) in [
            (1, 1),
            (6, 1),
            (13, 1),
            (14, 2),
            (20, 3),
            (100, 15),
            (1000, 150),
        ] {
            let mut guard = Guard::default();
            assert_eq!(
                deletions(&mut guard, fleet, secs(0)),
                allowed,
                "fleet of {fleet}"
            );
            assert_eq!(deletions(&mut guard, fleet - allowed, secs(59)), 0);
        }
        let mut guard = Guard::default();
        assert_eq!(deletions(&mut guard, 100, secs(0)), 15);
        assert_eq!(deletions(&mut guard, 85, secs(60)), 12);
    }

    #[test]
    fn more_than_half_in_silence_is_the_centers_own_network() {
        for (silent, witnesses, is_held) in [
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 3, true),
            (2, 4, false),
            (35, 100, false),
            (50, 100, false),
            (51, 100, true),
        ] {
            let mut guard = Guard::default();
            assert_eq!(guard.observe(silent, witnesses, secs(0)), is_held);
            assert_eq!(guard.is_held(secs(0)), is_held, "{silent} of {witnesses}");
            assert_eq!(guard.admit_deletion(100, secs(0)), !is_held);
        }
    }

    #[test]
    fn the_suspicion_ends_when_pings_get_through() {
        let mut guard = Guard::default();
        assert!(guard.observe(9, 10, secs(0)));
        assert!(!guard.observe(6, 10, secs(5)));
        assert!(guard.observe(5, 10, secs(6)));
        assert!(!guard.is_held(secs(6)));
    }

    #[test]
    fn the_suspicion_ends_after_five_minutes_and_must_be_earned_anew() {
        let mut guard = Guard::default();
        guard.observe(9, 10, secs(0));
        assert!(guard.is_held(secs(299)));
        assert!(!guard.is_held(secs(300)), "even when nobody observes");
        guard.observe(9, 10, secs(301));
        guard.observe(9, 10, secs(302));
        assert!(!guard.is_held(secs(302)));
        guard.observe(0, 10, secs(303));
        assert!(guard.observe(9, 10, secs(304)));
    }

    #[test]
    fn the_arithmetic_is_said() {
        let mut guard = Guard::default();
        guard.observe(6, 10, secs(0));
        let text = guard.explain(12, secs(0));
        assert!(
            text.starts_with("6 of 10 ") && text.contains("own network"),
            "{text}"
        );
        guard.observe(1, 10, secs(1));
        assert!(guard.admit_deletion(20, secs(1)));
        let text = guard.explain(19, secs(1));
        assert!(
            text.contains("1 of 19 ") && text.ends_with("3 may be"),
            "{text}"
        );
    }
}
