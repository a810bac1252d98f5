//! [`Seat`]: the place of one connection, and what it is told from outside.
//!
//! Only the connection's own task closes it, after a look at what it is doing at
//! that moment: whoever decided that it has to go may have looked an instant before
//! the first byte of a request came. A connection that was upgraded has no such task
//! any more; its stream asks here by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use super::activity::{Activity, Phase, Tick};
use super::seats::Seats;
use super::source_address::Source;

/// So many ticks of a slow head, or of an answer that is not taken, are nobody's
/// ill will.
const SLOW: Tick = 3;

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Seat {
    pub id: u64,
    pub source: Source,
    pub activity: Activity,
    /// What it was told, in bits.
    told: AtomicU8,
    /// The connection's task; of an upgraded one, who reads.
    task: AtomicWaker,
    /// Of an upgraded one, who writes.
    writer: AtomicWaker,
    seats: Arc<Seats>,
}

const FINISH: u8 = 1;
const OVERDUE: u8 = 2;
const GIVES_WAY: u8 = 4;
const END: u8 = 8;
/// Not told by anybody: it speaks something else than HTTP now.
const UPGRADED: u8 = 16;

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// What it does takes too long, if it still does.
    Overdue,
    /// Another one has its place, if it still does nothing.
    GivesWay,
    /// Whatever it does.
    End,
}

/// What a connection has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// Answer the request that runs, then close.
    Finish,
    Close,
}

/// How a connection stands that can go: in the order in which they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing(Phase, Tick);

impl Standing {
    /// Whether a byte ever came.
    pub(super) fn has_spoken(self) -> bool {
        self.0 != Phase::Fresh
    }
}

impl Seat {
    pub(super) fn new(id: u64, source: Source, activity: Activity, seats: Arc<Seats>) -> Self {
        Self {
            id,
            source,
            activity,
            told: AtomicU8::new(0),
            task: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            seats,
        }
    }

    pub(super) fn seats(&self) -> &Seats {
        &self.seats
    }

    pub(super) fn finish(&self) {
        self.tell(FINISH);
    }

    pub(super) fn close(&self, reason: Reason) {
        self.tell(match reason {
            // Nobody weighs it: it is only ever overdue for what it does not take.
            Reason::Overdue if self.is_upgraded() => END,
            Reason::Overdue => OVERDUE,
            Reason::GivesWay => GIVES_WAY,
            Reason::End => END,
        });
    }

    /// Has the connection's task look at what there is to do.
    #[cfg(feature = "h2")]
    pub(super) fn wake(&self) {
        self.task.wake();
    }

    fn tell(&self, what: u8) {
        self.told.fetch_or(what, Ordering::Relaxed);
        self.task.wake();
        if self.is_upgraded() {
            self.writer.wake();
        }
    }

    /// What it has to do, and to be woken by the next word.
    pub(super) fn listen(self: &Arc<Self>, task: &Waker) -> Order {
        self.task.register(task);
        self.order()
    }

    /// What it has to do. Asked by the connection's task: what it is told holds only
    /// if it is still true of what it is doing.
    pub(super) fn order(self: &Arc<Self>) -> Order {
        match self.told.load(Ordering::Relaxed) {
            0 => Order::GoOn,
            told => self.weigh(told),
        }
    }

    #[cold]
    fn weigh(self: &Arc<Self>, told: u8) -> Order {
        let now = self.seats.now();
        if told & END != 0 {
            return Order::Close;
        }
        if told & OVERDUE != 0 {
            if self.activity.overdue(now, &self.seats.limits).is_some() {
                return Order::Close;
            }
            self.told.fetch_and(!OVERDUE, Ordering::Relaxed);
        }
        if told & GIVES_WAY != 0 {
            if self.can_go(now).is_some() {
                return Order::Close;
            }
            // Forgotten first: once it is back it can be told again.
            self.told.fetch_and(!GIVES_WAY, Ordering::Relaxed);
            self.seats.put_back(self);
        }
        if told & FINISH != 0 {
            Order::Finish
        } else {
            Order::GoOn
        }
    }

    /// Whether it is one of those that have to go first when there is no room, and
    /// how it stands among them. One that is silent goes after a whole tick, so that
    /// nobody is closed between connecting and speaking; one that is slow later.
    pub(super) fn can_go(&self, now: Tick) -> Option<Standing> {
        let (phase, since) = self.activity.waits_since();
        let patience = match phase {
            Phase::Fresh | Phase::Idle => 1,
            Phase::Head => SLOW,
            Phase::Busy => return None,
        };
        (now > since.saturating_add(patience)).then_some(Standing(phase, since))
    }

    /// HTTP is over, and the stream is somebody else's. It is running for as long as
    /// that one keeps it.
    pub(super) fn upgraded(&self) {
        self.activity.begins(self.seats.now());
        self.told.fetch_or(UPGRADED, Ordering::Relaxed);
    }

    fn is_upgraded(&self) -> bool {
        self.told.load(Ordering::Relaxed) & UPGRADED != 0
    }

    /// Whether the stream of an upgraded connection is at its end, for who reads.
    pub(super) fn is_over_for_reader(&self, task: &Waker) -> bool {
        self.is_upgraded() && self.is_over(&self.task, task)
    }

    /// The same for who writes.
    pub(super) fn is_over_for_writer(&self, task: &Waker) -> bool {
        self.is_upgraded() && self.is_over(&self.writer, task)
    }

    fn is_over(&self, waker: &AtomicWaker, task: &Waker) -> bool {
        waker.register(task);
        self.told.load(Ordering::Relaxed) & END != 0
    }
}
