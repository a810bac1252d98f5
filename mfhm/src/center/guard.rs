//! The guard against wrong conclusions from silence.
//!
//! A time-out says that the center did not hear an instance, not that it is
//! gone. Two rules keep silence from emptying the registry. Deletions for
//! silence are few: at most 15 % of the instances in a minute, and at least one.
//! Those that never answered are counted for themselves: otherwise whoever registers a
//! thousand of them would make 15 % enough for everybody else.
//! And when half of the instances or more fall silent together, the center
//! suspects its own network: until pings get through again, for 5 minutes at
//! most, silence makes nobody unhealthy and deletes nobody.
//!
//! One silent instance alone is never taken for a network fault, whatever its
//! share: in a fleet of one, or of two, the instance is the likelier cause.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Share of the instances that may be deleted for silence in a [`WINDOW`].
const DELETION_PERCENT: usize = 15;
const WINDOW: Duration = Duration::from_secs(60);

/// How long the center doubts its own network.
pub(crate) const LONGEST_SUSPICION: Duration = Duration::from_secs(5 * 60);

/// Fewer silent instances than this are their own fault.
const LEAST_SILENT: usize = 2;

/// Sees all time-outs together.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    deletions: Deletions,
    /// Those of instances that were never reached.
    of_strangers: Deletions,
    suspicion: Suspicion,
    witnesses: usize,
    silent: usize,
    /// When a refused deletion was last told of.
    refusal_told: Option<Duration>,
}

/// Deletions for silence within the last [`WINDOW`].
#[derive(Debug, Default)]
struct Deletions(VecDeque<Duration>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Suspicion {
    #[default]
    None,
    Since(Duration),
    /// It lasted too long: the silence is believed until it has ended once.
    Exhausted,
}

/// What the guard reckons with. As text it is a sentence for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arithmetic {
    /// Instances that were pinged, are not down, and were reached before, and those of
    /// them that timed out at their last ping.
    pub witnesses: usize,
    pub silent: usize,
    /// So many silent ones make the center suspect its own network.
    pub suspicious: usize,
    /// For how long it does so yet, at most. Absent: it does not.
    pub suspects_for: Option<Duration>,
    /// It did so for as long as it may, and believes the silence now.
    pub is_exhausted: bool,
    /// Instances that were reached before.
    pub instances: usize,
    /// Deleted for time-outs in the last minute, and how many may be.
    pub deleted: usize,
    pub allowed: usize,
}

impl Guard {
    /// Takes note of how many of the witnesses (pinged, not unhealthy, and reached
    /// before) were silent at their last ping. Returns whether the suspicion began or ended.
    pub(crate) fn observe(&mut self, silent: usize, witnesses: usize, now: Duration) -> bool {
        (self.silent, self.witnesses) = (silent, witnesses);
        let next = match self.suspicion {
            _ if silent < suspicious(witnesses) => Suspicion::None,
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
        self.held_for(now).is_some()
    }

    /// Whether one more of `instances` may be deleted for silence, all of which were
    /// reached before; if so, it is counted.
    pub(crate) fn admit_deletion(&mut self, instances: usize, now: Duration) -> bool {
        !self.is_held(now) && self.deletions.admit(instances, now)
    }

    /// The same for one of `strangers` that were never reached.
    pub(crate) fn admit_stranger(&mut self, strangers: usize, now: Duration) -> bool {
        !self.is_held(now) && self.of_strangers.admit(strangers, now)
    }

    /// A deletion was refused. The arithmetic, if operators are to be told of it:
    /// once in a minute, however many are refused.
    pub(crate) fn refused(&mut self, instances: usize, now: Duration) -> Option<Arithmetic> {
        let is_told = |at: Duration| now.saturating_sub(at) < WINDOW;
        if self.refusal_told.is_some_and(is_told) {
            return None;
        }
        self.refusal_told = Some(now);
        Some(self.arithmetic(instances, now))
    }

    pub(crate) fn arithmetic(&mut self, instances: usize, now: Duration) -> Arithmetic {
        self.deletions.forget_old(now);
        Arithmetic {
            witnesses: self.witnesses,
            silent: self.silent,
            suspicious: suspicious(self.witnesses),
            suspects_for: self.held_for(now),
            is_exhausted: match self.suspicion {
                Suspicion::None => false,
                Suspicion::Since(_) => !self.is_held(now),
                Suspicion::Exhausted => true,
            },
            instances,
            deleted: self.deletions.0.len(),
            allowed: self.deletions.allowance(instances),
        }
    }

    /// The center itself stood still for `pause`.
    pub(crate) fn shift(&mut self, pause: Duration) {
        if let Suspicion::Since(start) = &mut self.suspicion {
            *start = start.saturating_add(pause);
        }
    }

    fn held_for(&self, now: Duration) -> Option<Duration> {
        match self.suspicion {
            Suspicion::Since(start) => LONGEST_SUSPICION
                .checked_sub(now.saturating_sub(start))
                .filter(|left| !left.is_zero()),
            Suspicion::None | Suspicion::Exhausted => None,
        }
    }
}

impl Deletions {
    fn admit(&mut self, instances: usize, now: Duration) -> bool {
        self.forget_old(now);
        let is_admitted = self.0.len() < self.allowance(instances);
        if is_admitted {
            self.0.push_back(now);
        }
        is_admitted
    }

    /// What was deleted within the window still counts as part of the fleet, so
    /// that the allowance does not shrink while it is used up.
    fn allowance(&self, instances: usize) -> usize {
        ((instances + self.0.len()) * DELETION_PERCENT / 100).max(1)
    }

    fn forget_old(&mut self, now: Duration) {
        let is_old = |at: &Duration| now.saturating_sub(*at) >= WINDOW;
        while self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
    }
}

/// So many of these silent together are the center's own network.
fn suspicious(witnesses: usize) -> usize {
    witnesses.div_ceil(2).max(LEAST_SILENT)
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            witnesses,
            silent,
            suspicious,
            instances,
            deleted,
            allowed,
            ..
        } = self;
        write!(
            f,
            "{silent} of {witnesses} instances that answered before and are not down timed out at \
             their last ping; "
        )?;
        match self.suspects_for {
            Some(left) => write!(
                f,
                "{suspicious} are enough for the center to suspect its own network: it believes no \
                 time-out until pings get through again, {} s more at most",
                left.as_secs()
            ),
            None if self.is_exhausted => write!(
                f,
                "the center suspected its own network for {} min and believes the time-outs now",
                LONGEST_SUSPICION.as_secs() / 60
            ),
            None => write!(
                f,
                "with {suspicious} the center would suspect its own network"
            ),
        }?;
        if self.suspects_for.is_none() {
            write!(
                f,
                "; {deleted} of {instances} instances that ever answered were deleted for \
                 time-outs in the last minute, {allowed} may be"
            )?;
        }
        Ok(())
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
    fn half_of_the_fleet_in_silence_is_the_centers_own_network() {
        for (silent, witnesses, is_held) in [
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 3, true),
            (2, 4, true),
            (2, 5, false),
            (3, 5, true),
            (35, 100, false),
            (49, 100, false),
            (50, 100, true),
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
        assert!(!guard.observe(5, 10, secs(5)));
        assert!(guard.observe(4, 10, secs(6)));
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

    /// Two instances: the smallest fleet in which one can fail and one remain.
    #[test]
    fn at_two_instances_the_arithmetic_is_shown() {
        let mut guard = Guard::default();
        let text = |guard: &mut Guard, instances, second| {
            guard.arithmetic(instances, secs(second)).to_string()
        };
        guard.observe(1, 2, secs(0));
        assert_eq!(
            text(&mut guard, 2, 0),
            "1 of 2 instances that answered before and are not down timed out at their last ping; \
             with 2 the center would suspect its own network; 0 of 2 instances that ever answered \
             were deleted for time-outs in the last minute, 1 may be"
        );
        assert!(guard.admit_deletion(2, secs(1)));
        assert!(!guard.admit_deletion(1, secs(2)), "one in a minute");
        assert!(text(&mut guard, 1, 2).ends_with(
            "1 of 1 instances that ever answered were deleted for time-outs in the last minute, \
             1 may be"
        ));
        guard.observe(2, 2, secs(10));
        assert_eq!(
            text(&mut guard, 2, 70),
            "2 of 2 instances that answered before and are not down timed out at their last ping; 2 \
             are enough for the center to suspect its own network: it believes no time-out until \
             pings get through again, 240 s more at most"
        );
        assert!(!guard.admit_deletion(2, secs(70)));
        assert!(text(&mut guard, 2, 310).contains("for 5 min and believes the time-outs now"));
        assert!(guard.admit_deletion(2, secs(310)));
    }

    #[test]
    fn refused_deletions_are_told_once_in_a_minute() {
        let mut guard = Guard::default();
        guard.observe(9, 10, secs(0));
        let told = (0..180).filter(|&second| guard.refused(10, secs(second)).is_some());
        assert_eq!(told.collect::<Vec<_>>(), [0, 60, 120]);
    }
}
