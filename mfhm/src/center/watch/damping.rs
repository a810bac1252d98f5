//! An instance that flaps is told about at most once in ten seconds.
//!
//! The first change of health is told at once: a caller that does not know of a
//! dead instance loses attempts on it. What follows within ten seconds waits until
//! they are over, and then only what has become of it is told. What somebody asked
//! for (to register, to leave, to drain) never waits, and an instance that was
//! never up is no flapping one: it is on its way.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::center::registry::{Cause, InstanceChange};
use crate::instance::{InstanceId, InstanceStatus};

/// The least time between two changes of one instance's health.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Damping {
    known: HashMap<InstanceId, Known>,
    /// Whose change waits, and until when.
    held: BTreeSet<(Duration, InstanceId)>,
}

#[derive(Debug, Default)]
struct Known {
    has_been_up: bool,
    /// When its health was last told of.
    told: Option<Duration>,
    held_until: Option<Duration>,
}

impl Damping {
    /// Whether this change is told now. If not, its instance is in
    /// [`Damping::release`] later.
    pub(super) fn admit(&mut self, change: &InstanceChange, now: Duration) -> bool {
        let Some(seen) = &change.seen else {
            self.forget(&change.id);
            return true;
        };
        let known = self.known.entry(change.id.clone()).or_default();
        if change.cause == Cause::Health && known.has_been_up {
            if known.held_until.is_some() {
                return false;
            }
            let free_at = known.told.map(|told| told.saturating_add(PAUSE));
            if let Some(free_at) = free_at.filter(|at| *at > now) {
                known.held_until = Some(free_at);
                self.held.insert((free_at, change.id.clone()));
                return false;
            }
            known.told = Some(now);
        }
        known.has_been_up |= seen.status == InstanceStatus::Up;
        true
    }

    /// The instances whose changes have waited long enough. Each counts as told.
    pub(super) fn release(&mut self, now: Duration) -> Vec<InstanceId> {
        let mut released = Vec::new();
        while let Some((due, id)) = self.held.first().cloned() {
            if due > now {
                break;
            }
            self.held.pop_first();
            if let Some(known) = self.known.get_mut(&id) {
                known.held_until = None;
                known.told = Some(now);
            }
            released.push(id);
        }
        released
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.held.first().map(|(due, _)| *due)
    }

    fn forget(&mut self, id: &InstanceId) {
        if let Some(due) = self.known.remove(id).and_then(|known| known.held_until) {
            self.held.remove(&(due, id.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::center::record::{Origin, Record};
    use crate::center::registry::Listed;
    use InstanceStatus::{Down, Draining, Starting, Up};

    fn change(status: InstanceStatus, cause: Cause) -> InstanceChange {
        let record = Arc::new(Record::sample(Origin::V1, "users", "a", 1));
        InstanceChange {
            service: "users".into(),
            id: record.id.clone(),
            seen: Some(Listed { record, status }),
            cause,
        }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn health_is_told_once_in_ten_seconds() {
        let mut damping = Damping::default();
        assert!(damping.admit(&change(Starting, Cause::Command), at(0)));
        assert!(damping.admit(&change(Down, Cause::Health), at(0)));
        assert!(damping.admit(&change(Up, Cause::Health), at(0)));
        let mut told = 0;
        for second in 1..=60 {
            let status = if second % 2 == 0 { Up } else { Down };
            told += usize::from(damping.admit(&change(status, Cause::Health), at(second)));
            told += damping.release(at(second)).len();
        }
        assert_eq!(told, 6, "at 1, 11, 21, 31, 41 and 51 s");
    }

    #[test]
    fn a_death_after_a_quiet_time_is_told_at_once() {
        let mut damping = Damping::default();
        assert!(damping.admit(&change(Up, Cause::Health), at(0)));
        assert!(damping.admit(&change(Down, Cause::Health), at(1)));
        assert!(!damping.admit(&change(Up, Cause::Health), at(2)));
        assert_eq!(damping.next_deadline(), Some(at(11)));
        assert_eq!(damping.release(at(11)).len(), 1);
        assert!(damping.admit(&change(Down, Cause::Health), at(21)));
    }

    #[test]
    fn what_somebody_asked_for_never_waits() {
        let mut damping = Damping::default();
        assert!(damping.admit(&change(Up, Cause::Health), at(0)));
        assert!(damping.admit(&change(Down, Cause::Health), at(1)));
        assert!(!damping.admit(&change(Up, Cause::Health), at(2)));
        assert!(damping.admit(&change(Draining, Cause::Command), at(3)));
        let gone = InstanceChange {
            seen: None,
            ..change(Up, Cause::Command)
        };
        assert!(damping.admit(&gone, at(4)));
        assert_eq!(damping.next_deadline(), None, "and nothing of it is kept");
        assert!(damping.known.is_empty());
    }

    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// However its health goes up and down once it was up.
        #[test]
        fn an_instance_that_flaps_is_told_of_once_in_any_ten_seconds(
            steps in proptest::collection::vec((0..4_000_u64, any::<bool>()), 1..200)
        ) {
            let mut damping = Damping::default();
            let mut now = Duration::ZERO;
            damping.admit(&change(Up, Cause::Health), now);
            let mut told: Vec<Duration> = Vec::new();
            let mut last = Up;
            let mut shown = Up;
            for (millis, is_up) in steps {
                let next = now + Duration::from_millis(millis);
                while let Some(due) = damping.next_deadline().filter(|due| *due <= next) {
                    told.extend(damping.release(due).iter().map(|_| due));
                    shown = last;
                }
                now = next;
                let status = if is_up { Up } else { Down };
                if std::mem::replace(&mut last, status) != status
                    && damping.admit(&change(status, Cause::Health), now)
                {
                    told.push(now);
                    shown = status;
                }
            }
            for pair in told.windows(2) {
                prop_assert!(pair[1] - pair[0] >= Duration::from_secs(10), "{told:?}");
            }
            // And what was held back comes out.
            prop_assert!(shown == last || damping.next_deadline().is_some());
        }
    }
}
