//! [`Running`]: the requests of one connection that run, and how its peer behaves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::conduct::Conduct;
use crate::listener::activity::Tick;
use crate::listener::seat::Seat;

/// Shared by the connection and its requests, which run beside each other.
#[derive(Debug)]
pub(super) struct Running {
    seat: Arc<Seat>,
    state: Mutex<State>,
    is_abused: AtomicBool,
}

#[derive(Debug)]
struct State {
    requests: u32,
    conduct: Conduct,
}

/// One request, from its head to the end of its answer.
#[derive(Debug)]
pub(super) struct One(Arc<Running>);

impl Running {
    pub(super) fn new(seat: Arc<Seat>) -> Arc<Self> {
        let conduct = Conduct::new(seat.seats().limits.http2.resets);
        Arc::new(Self {
            seat,
            state: Mutex::new(State {
                requests: 0,
                conduct,
            }),
            is_abused: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The half second that it is.
    fn period(&self) -> Tick {
        let seats = self.seat.seats();
        seats.now() / seats.limits.http2.period
    }

    /// A request has come whole but for its body.
    pub(super) fn begin(self: &Arc<Self>) -> One {
        let mut state = self.state();
        state.requests += 1;
        // Under the lock: the last one may end in the same moment.
        if state.requests == 1 {
            self.seat.activity.begins(self.seat.seats().now());
        }
        drop(state);
        One(self.clone())
    }

    /// One ended before it was answered, because the peer wanted that or caused it.
    pub(super) fn taken_back(&self) {
        let is_fine = self.state().conduct.takes_back(self.period());
        self.judge(is_fine);
    }

    /// Something came: with so many frames that ask for nothing, and perhaps the
    /// beginning of a head.
    pub(super) fn hears(&self, frames: u32, is_underway: bool) {
        let now = self.seat.seats().now();
        if is_underway {
            self.seat.activity.frame_begins(now);
        } else {
            self.seat.activity.frame_ends();
        }
        if frames > 0 {
            let is_fine = self.state().conduct.sends(frames, self.period());
            self.judge(is_fine);
        }
    }

    fn judge(&self, is_fine: bool) {
        if !is_fine && !self.is_abused.swap(true, Ordering::Relaxed) {
            // It may be a request that noticed.
            self.seat.wake();
        }
    }

    /// Whether the peer does what no caller does.
    pub(super) fn is_abused(&self) -> bool {
        self.is_abused.load(Ordering::Relaxed)
    }
}

impl One {
    /// The head of its answer goes to the peer.
    pub(super) fn is_answered(&self) {
        self.0.state().conduct.is_answered();
    }

    /// Data of its answer goes to the peer.
    pub(super) fn is_sent(&self, bytes: usize) {
        self.0.state().conduct.is_sent(bytes);
    }

    /// It ended before it was answered.
    pub(super) fn taken_back(&self) {
        self.0.taken_back();
    }

    /// How long the peer may take none of its answer.
    pub(super) fn patience(&self) -> Duration {
        self.0.seat.seats().limits.http2.write
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        if state.requests == 0 {
            let seat = &self.0.seat;
            seat.activity.answered(seat.seats().now());
        }
    }
}
