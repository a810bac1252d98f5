//! How one instance is doing: from the outcomes of its pings to its status.
//!
//! A refused connection is evidence that nobody listens, and so is an answer of
//! somebody else: they count at once. A time-out is only the absence of
//! evidence, and a bad answer may be a passing trouble: three of them in a row
//! count. One good answer makes the instance healthy again.

use std::fmt;
use std::time::Duration;

use crate::instance::InstanceStatus;

/// So many time-outs or bad answers in a row make an instance unhealthy.
const TOLERANCE: u32 = 3;

/// What came of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PingOutcome {
    /// Status 200, and from the right instance as far as the answer says.
    Ok,
    /// No answer in time, or no way to the host.
    TimedOut,
    /// Nobody listens there.
    Refused,
    /// A connection that ended without an answer: it may be that of a process that
    /// is ending.
    Broken,
    /// An answer, but not that of a healthy instance.
    Bad(String),
    /// Another service or instance answers in this place.
    Stranger(String),
}

/// A change of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub from: InstanceStatus,
    pub to: InstanceStatus,
}

/// The health of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    status: InstanceStatus,
    /// Failed pings since the last good one.
    failures: u32,
    /// Since when it is down; absent in every other status.
    down_since: Option<Duration>,
    last: Last,
    has_been_up: bool,
    /// An earlier run of the center had it registered.
    was_loaded: bool,
}

/// The last outcome, without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    None,
    Ok,
    TimedOut,
    Evidence,
}

impl Health {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            status: InstanceStatus::Starting,
            failures: 0,
            down_since: None,
            last: Last::None,
            has_been_up: false,
            was_loaded: false,
        }
    }

    /// Nothing is known yet of an instance that is on the center's disk.
    pub(crate) fn loaded() -> Self {
        Self {
            was_loaded: true,
            ..Self::new()
        }
    }

    /// Takes note of an outcome, before [`Health::decide`].
    pub(crate) fn note(&mut self, outcome: &PingOutcome) {
        self.last = match outcome {
            PingOutcome::Ok => Last::Ok,
            PingOutcome::TimedOut => Last::TimedOut,
            PingOutcome::Refused
            | PingOutcome::Broken
            | PingOutcome::Bad(_)
            | PingOutcome::Stranger(_) => Last::Evidence,
        };
        self.failures = match outcome {
            PingOutcome::Ok => 0,
            PingOutcome::TimedOut | PingOutcome::Broken | PingOutcome::Bad(_) => {
                self.failures.saturating_add(1)
            }
            PingOutcome::Refused | PingOutcome::Stranger(_) => self.failures.max(TOLERANCE),
        };
    }

    /// The status that follows from what was noted. `is_held`: time-outs are not
    /// believed at the moment.
    pub(crate) fn decide(&mut self, now: Duration, is_held: bool) -> Option<Transition> {
        let from = self.status;
        let to = match self.last {
            Last::Ok => InstanceStatus::Up,
            Last::TimedOut if is_held => {
                // Not believed is not counted either: otherwise one ping that was
                // under way when the network healed would be the third.
                self.failures = 0;
                from
            }
            Last::TimedOut | Last::Evidence if self.failures >= TOLERANCE => InstanceStatus::Down,
            Last::None | Last::TimedOut | Last::Evidence => from,
        };
        self.has_been_up |= to == InstanceStatus::Up;
        self.status = to;
        self.down_since = match to {
            InstanceStatus::Down => Some(self.down_since.unwrap_or(now)),
            _ => None,
        };
        (from != to).then_some(Transition { from, to })
    }

    pub(crate) fn status(&self) -> InstanceStatus {
        self.status
    }

    pub(crate) fn down_since(&self) -> Option<Duration> {
        self.down_since
    }

    /// Whether this registration ever answered a ping.
    pub(crate) fn has_been_up(&self) -> bool {
        self.has_been_up
    }

    /// Whether the center has reached it, in this run or before.
    pub(crate) fn was_reached(&self) -> bool {
        self.has_been_up || self.was_loaded
    }

    /// Whether its time-outs say something about the center's own network: it was
    /// pinged, is not down, and the center has reached it before. Otherwise anybody
    /// could have the center doubt its network, by registering places where nothing
    /// answers. Of what was loaded it is supposed: a center that starts while it is
    /// cut off has reached nobody yet.
    pub(crate) fn is_witness(&self) -> bool {
        self.was_reached() && self.last != Last::None && self.status != InstanceStatus::Down
    }

    /// Whether the last ping timed out.
    pub(crate) fn is_silent(&self) -> bool {
        self.last == Last::TimedOut
    }

    /// The center itself stood still for `pause`.
    pub(crate) fn shift(&mut self, pause: Duration) {
        self.down_since = self.down_since.map(|since| since.saturating_add(pause));
    }
}

impl fmt::Display for PingOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("it answers"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Refused => f.write_str("connection refused"),
            Self::Broken => f.write_str("the connection broke"),
            Self::Bad(reason) | Self::Stranger(reason) => f.write_str(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InstanceStatus::{Down, Starting, Up};

    /// `o` ok, `t` time-out, `r` refused, `x` broken, `b` bad, `s` stranger; in upper case
    /// while time-outs are held.
    fn check(outcomes: &str, expected: &[InstanceStatus]) {
        let mut health = Health::new();
        let mut seen = Vec::new();
        for (second, letter) in outcomes.chars().enumerate() {
            let outcome = match letter.to_ascii_lowercase() {
                'o' => PingOutcome::Ok,
                't' => PingOutcome::TimedOut,
                'r' => PingOutcome::Refused,
                'x' => PingOutcome::Broken,
                'b' => PingOutcome::Bad("status 500".to_owned()),
                's' => PingOutcome::Stranger("another".to_owned()),
                other => panic!("{other}"),
            };
            health.note(&outcome);
            let before = health.status();
            let change = health.decide(Duration::from_secs(second as u64), letter.is_uppercase());
            assert_eq!(change.is_some(), before != health.status());
            seen.push(health.status());
        }
        assert_eq!(seen, expected, "{outcomes}");
    }

    #[test]
    fn one_success_is_enough() {
        check("o", &[Up]);
        check("ro", &[Down, Up]);
        check("tttto", &[Starting, Starting, Down, Down, Up]);
    }

    #[test]
    fn three_time_outs_or_bad_answers_in_a_row_count() {
        check("ottt", &[Up, Up, Up, Down]);
        check("obtb", &[Up, Up, Up, Down]);
        check("oxxx", &[Up, Up, Up, Down]);
        check("ottott", &[Up, Up, Up, Up, Up, Up]);
    }

    #[test]
    fn evidence_counts_at_once() {
        check("or", &[Up, Down]);
        check("os", &[Up, Down]);
        check("R", &[Down]);
        check("r", &[Down]);
    }

    #[test]
    fn held_time_outs_change_nothing_until_they_are_believed_again() {
        check("oTTTT", &[Up; 5]);
        check("oTTTTtt", &[Up; 7]);
        check("oTTTTttt", &[Up, Up, Up, Up, Up, Up, Up, Down]);
        check("ottTtt", &[Up; 6]);
        check("oTTTTot", &[Up; 7]);
        check("oTTBR", &[Up, Up, Up, Up, Down]);
    }

    #[test]
    fn a_witness_is_who_was_reached_before() {
        let is_witness = |mut health: Health, outcomes: &[PingOutcome]| {
            for outcome in outcomes {
                health.note(outcome);
                health.decide(Duration::ZERO, false);
            }
            health.is_witness()
        };
        let (ok, silent) = (PingOutcome::Ok, PingOutcome::TimedOut);
        assert!(!is_witness(Health::new(), &[]));
        assert!(!is_witness(Health::new(), std::slice::from_ref(&silent)));
        assert!(is_witness(Health::new(), &[ok.clone(), silent.clone()]));
        assert!(!is_witness(Health::loaded(), &[]));
        assert!(is_witness(Health::loaded(), std::slice::from_ref(&silent)));
        let down = [silent.clone(), silent.clone(), silent];
        assert!(!is_witness(Health::loaded(), &down));
        assert!(!is_witness(Health::loaded(), &[PingOutcome::Refused]));
    }

    #[test]
    fn down_is_counted_from_its_beginning() {
        let mut health = Health::new();
        for second in [5, 6] {
            health.note(&PingOutcome::Refused);
            health.decide(Duration::from_secs(second), false);
        }
        assert_eq!(health.down_since(), Some(Duration::from_secs(5)));
        health.note(&PingOutcome::Ok);
        health.decide(Duration::from_secs(7), false);
        assert_eq!(health.down_since(), None);
    }
}
