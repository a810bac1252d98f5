//! [`Activity`]: what a connection is doing, and since when.
//!
//! Timers would be the obvious way to limit how long anything may take, and would
//! cost each request several entries in the timer wheel. Here a request writes
//! down when what it is doing began (a store to an atomic), in ticks of a clock that
//! the accept loop moves on, and the accept loop looks at all connections once a
//! tick.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::limits::Limits;

/// Ticks since the listener started.
pub(super) type Tick = u32;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It has not sent a byte.
    Fresh,
    /// It waits for the next request.
    Idle,
    /// The head of a request arrives.
    Head,
    /// A request is being answered.
    Busy,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    FirstByte,
    Head,
    Idle,
    Write,
}

/// The limits in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct TickLimits {
    pub tick: Duration,
    first_byte: Tick,
    head: Tick,
    idle: Tick,
    write: Tick,
    #[cfg(feature = "h2")]
    pub http2: Http2Limits,
}

/// The limits on a connection that carries several requests at once.
#[cfg(feature = "h2")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Http2Limits {
    /// At once.
    pub requests: u32,
    /// So many may be taken back in a period, beside as many as are answered.
    pub resets: u32,
    /// Half a second, or a tick where those are longer.
    pub period: Tick,
    /// How long a peer may take none of an answer.
    pub write: Duration,
}

impl TickLimits {
    /// The shorter the limits, the finer the ticks: half a second, or a quarter of
    /// the shortest.
    pub(super) fn of(limits: &Limits) -> Self {
        let times = [limits.first_byte, limits.head, limits.idle, limits.write];
        let shortest = times.iter().min().copied().unwrap_or_default();
        let tick = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_millis(500));
        let ticks = |time: Duration| {
            Tick::try_from(time.as_millis().div_ceil(tick.as_millis())).unwrap_or(Tick::MAX)
        };
        Self {
            tick,
            first_byte: ticks(limits.first_byte),
            head: ticks(limits.head),
            idle: ticks(limits.idle),
            write: ticks(limits.write),
            #[cfg(feature = "h2")]
            http2: Http2Limits {
                requests: limits.http2_requests,
                resets: limits.http2_resets,
                period: ticks(Duration::from_millis(500)).max(1),
                write: limits.write,
            },
        }
    }
}

/// Written by the connection's task, read by the accept loop.
#[derive(Debug)]
pub(super) struct Activity {
    /// The phase in the two lowest bits, since when above.
    phase: AtomicU64,
    /// Since when the peer takes nothing of what waits for it, plus 1; 0: it takes,
    /// or nothing waits.
    stalled: AtomicU32,
    /// It carries several requests at once: whoever serves it says when the first
    /// begins and the last ends, and bytes alone say nothing.
    is_framed: AtomicBool,
    /// Since when a frame is under way that keeps others from coming, plus 1; 0: none
    /// is.
    frame: AtomicU32,
}

impl Activity {
    pub(super) fn new(now: Tick) -> Self {
        Self {
            phase: AtomicU64::new(pack(Phase::Fresh, now)),
            stalled: AtomicU32::new(0),
            is_framed: AtomicBool::new(false),
            frame: AtomicU32::new(0),
        }
    }

    /// From here on it carries several requests at once; none has begun.
    #[cfg(feature = "h2")]
    pub(super) fn becomes_framed(&self, now: Tick) {
        self.is_framed.store(true, Ordering::Relaxed);
        self.set(Phase::Idle, now);
    }

    /// A frame other than of data has begun to come.
    #[cfg(feature = "h2")]
    pub(super) fn frame_begins(&self, now: Tick) {
        if self.frame.load(Ordering::Relaxed) == 0 {
            self.frame.store(now.saturating_add(1), Ordering::Relaxed);
        }
    }

    /// It has come whole.
    #[cfg(feature = "h2")]
    pub(super) fn frame_ends(&self) {
        if self.frame.load(Ordering::Relaxed) != 0 {
            self.frame.store(0, Ordering::Relaxed);
        }
    }

    fn is_framed(&self) -> bool {
        self.is_framed.load(Ordering::Relaxed)
    }

    /// Bytes have come.
    pub(super) fn received(&self, now: Tick) {
        if matches!(self.phase().0, Phase::Fresh | Phase::Idle) && !self.is_framed() {
            self.set(Phase::Head, now);
        }
    }

    /// A request has come whole but for its body.
    pub(super) fn begins(&self, now: Tick) {
        self.set(Phase::Busy, now);
    }

    /// Its answer is ready to be sent to the end.
    pub(super) fn answered(&self, now: Tick) {
        self.set(Phase::Idle, now);
    }

    /// Bytes have gone.
    pub(super) fn sent(&self, now: Tick) {
        let was_stalled = self.stalled.load(Ordering::Relaxed) != 0;
        if was_stalled {
            self.stalled.store(0, Ordering::Relaxed);
        }
        // The end of a long answer may take longer than idleness. An answer to a ping
        // is none.
        if self.phase().0 == Phase::Idle && (was_stalled || !self.is_framed()) {
            self.set(Phase::Idle, now);
        }
    }

    /// Nothing waits to go. That is asked whenever the connection is looked at, and is
    /// news only if something did.
    pub(super) fn flushed(&self, now: Tick) {
        if self.stalled.load(Ordering::Relaxed) != 0 {
            self.sent(now);
        }
    }

    /// Bytes wait to go.
    pub(super) fn stalls(&self, now: Tick) {
        if self.stalled.load(Ordering::Relaxed) == 0 {
            self.stalled.store(now.saturating_add(1), Ordering::Relaxed);
        }
    }

    pub(super) fn phase(&self) -> (Phase, Tick) {
        let packed = self.phase.load(Ordering::Relaxed);
        let phase = match packed & 3 {
            0 => Phase::Fresh,
            1 => Phase::Idle,
            2 => Phase::Head,
            _ => Phase::Busy,
        };
        (phase, u32::try_from(packed >> 2).unwrap_or(Tick::MAX))
    }

    /// What is waited for, and since when. An answer that is ready and not taken is
    /// like a head that does not come: its peer is slow.
    pub(super) fn waits_since(&self) -> (Phase, Tick) {
        let (phase, since) = self.phase();
        let stalled = self.stalled.load(Ordering::Relaxed);
        if phase == Phase::Idle && stalled != 0 {
            return (Phase::Head, stalled - 1);
        }
        (phase, since)
    }

    fn set(&self, phase: Phase, now: Tick) {
        self.phase.store(pack(phase, now), Ordering::Relaxed);
    }

    /// What takes longer than it may.
    pub(super) fn overdue(&self, now: Tick, limits: &TickLimits) -> Option<Overdue> {
        // The tick in which it began does not count: it may have begun at its end.
        let is_over = |since: Tick, limit: Tick| now.saturating_sub(since) > limit;
        let stalled = self.stalled.load(Ordering::Relaxed);
        if stalled != 0 && is_over(stalled - 1, limits.write) {
            return Some(Overdue::Write);
        }
        let frame = self.frame.load(Ordering::Relaxed);
        if frame != 0 && is_over(frame - 1, limits.head) {
            return Some(Overdue::Head);
        }
        let (phase, since) = self.phase();
        let (limit, overdue) = match phase {
            Phase::Fresh => (limits.first_byte, Overdue::FirstByte),
            Phase::Head => (limits.head, Overdue::Head),
            Phase::Idle => (limits.idle, Overdue::Idle),
            Phase::Busy => return None,
        };
        is_over(since, limit).then_some(overdue)
    }
}

fn pack(phase: Phase, since: Tick) -> u64 {
    (u64::from(since) << 2) | phase as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 s, 10 s, 30 s and 30 s in half seconds.
    fn limits() -> TickLimits {
        TickLimits::of(&Limits::new())
    }

    #[test]
    fn each_phase_has_its_limit_and_is_kept_to_within_a_tick() {
        type Step = fn(&Activity);
        let steps: [(Step, Tick, Overdue); 4] = [
            (|_| {}, 20, Overdue::FirstByte),
            (|activity| activity.received(0), 20, Overdue::Head),
            (|activity| activity.answered(0), 60, Overdue::Idle),
            (|activity| activity.stalls(0), 60, Overdue::Write),
        ];
        for (step, limit, expected) in steps {
            let activity = Activity::new(0);
            if expected == Overdue::Write {
                activity.begins(0);
            }
            step(&activity);
            assert_eq!(activity.overdue(limit, &limits()), None, "{expected:?}");
            assert_eq!(activity.overdue(limit + 1, &limits()), Some(expected));
        }
    }

    #[test]
    fn a_request_that_is_being_answered_has_all_the_time() {
        let activity = Activity::new(0);
        activity.received(1);
        activity.begins(2);
        // Its body.
        activity.received(3);
        assert_eq!(activity.overdue(Tick::MAX, &limits()), None);
    }

    #[test]
    fn the_bytes_of_a_head_do_not_begin_it_again() {
        let activity = Activity::new(0);
        for now in 5..=25 {
            activity.received(now);
        }
        assert_eq!(activity.overdue(26, &limits()), Some(Overdue::Head));
    }

    #[test]
    fn whoever_takes_a_little_is_not_stalled() {
        let activity = Activity::new(0);
        activity.begins(0);
        activity.stalls(0);
        activity.sent(59);
        activity.stalls(59);
        assert_eq!(activity.overdue(119, &limits()), None);
        assert_eq!(activity.overdue(120, &limits()), Some(Overdue::Write));
    }

    #[test]
    fn the_end_of_an_answer_that_still_goes_is_not_idle() {
        let activity = Activity::new(0);
        activity.answered(0);
        activity.sent(50);
        assert_eq!(activity.overdue(110, &limits()), None);
        assert_eq!(activity.overdue(111, &limits()), Some(Overdue::Idle));
    }

    #[cfg(feature = "h2")]
    #[test]
    fn on_a_framed_connection_bytes_alone_are_no_request() {
        let activity = Activity::new(0);
        activity.received(0);
        activity.becomes_framed(5);
        for now in 6..=65 {
            activity.received(now);
            activity.sent(now);
        }
        assert_eq!(activity.overdue(65, &limits()), None);
        assert_eq!(activity.overdue(66, &limits()), Some(Overdue::Idle));
        // What was ready and is taken at last is the end of an answer.
        activity.stalls(50);
        activity.sent(60);
        assert_eq!(activity.overdue(66, &limits()), None);
    }

    #[cfg(feature = "h2")]
    #[test]
    fn a_frame_has_an_end_whatever_runs_beside_it() {
        let activity = Activity::new(0);
        activity.becomes_framed(0);
        activity.begins(1);
        for now in 5..=25 {
            activity.frame_begins(now);
        }
        assert_eq!(activity.overdue(25, &limits()), None);
        assert_eq!(activity.overdue(26, &limits()), Some(Overdue::Head));
        activity.frame_ends();
        assert_eq!(activity.overdue(26, &limits()), None);
    }

    #[test]
    fn short_limits_have_short_ticks() {
        let limits = TickLimits::of(&Limits::new().head(Duration::from_millis(100)));
        assert_eq!(limits.tick, Duration::from_millis(25));
        assert_eq!(limits.head, 4);
        let none = TickLimits::of(&Limits::new().head(Duration::ZERO));
        assert_eq!((none.tick, none.head), (Duration::from_millis(10), 0));
    }
}
