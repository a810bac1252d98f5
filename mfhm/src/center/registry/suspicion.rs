//! Instances that are to be pinged out of turn: somebody has a reason to think
//! that they are gone. A suspicion never decides anything; the ping does.

use std::time::Duration;

use super::Registry;
use crate::instance::InstanceId;

/// The least time between two pings that callers cause by what they report.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspected {
    /// It is pinged at once.
    Pinged,
    /// It was pinged for another report a moment ago.
    Absorbed,
    Unknown,
}

impl Registry {
    /// A caller failed to reach this instance. However many say so, it is pinged
    /// once in a second.
    pub(crate) fn suspect(&mut self, id: &InstanceId, now: Duration) -> Suspected {
        let Some(entry) = self.entries.get_mut(id) else {
            return Suspected::Unknown;
        };
        let is_recent = |at: Duration| now.saturating_sub(at) < PAUSE;
        if entry.suspected.is_some_and(is_recent) {
            return Suspected::Absorbed;
        }
        entry.suspected = Some(now);
        self.ping_now(id, now);
        Suspected::Pinged
    }

    /// Has this instance pinged at once: by the next tick, or again when the ping
    /// is over that is under way, for that one may have seen it alive.
    pub(crate) fn ping_now(&mut self, id: &InstanceId, now: Duration) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.ping_again = entry.ping_in_flight.is_some();
            entry.doubted_until = now.saturating_add(PAUSE);
            entry.next_ping = entry.next_ping.min(now);
            self.schedule(id);
        }
    }
}
