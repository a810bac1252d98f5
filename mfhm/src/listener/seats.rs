//! [`Seats`]: the connections that are served, how many there may be, and which of
//! them has to go.
//!
//! When every place is taken, a newcomer gets the place of a connection that does
//! nothing or is slow, of the address that has the most: whoever floods a listener
//! pays for it. A connection that runs a request never has to go. Some places are
//! kept for [`Regulars`], who come again whatever happens.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::activity::{Activity, Tick, TickLimits};
use super::limits::Limits;
use super::seat::{Reason, Seat, Standing};
use super::source_address::Source;

/// So many at once are told that there is no room; others are closed without a
/// word.
const TOLD: u32 = 64;

/// Of so many places one is kept for regulars.
const KEPT: usize = 8;

/// Who always comes again, such as the instances that are registered with a center.
pub(crate) trait Regulars: std::fmt::Debug + Send + Sync + 'static {
    /// Where they come from. Asked while there is little room, once a tick at most.
    fn addresses(&self) -> Vec<IpAddr>;
}

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    pub limits: TickLimits,
    most: usize,
    per_address: usize,
    regulars: Option<Arc<dyn Regulars>>,
    started: Instant,
    now: AtomicU32,
    is_closing: AtomicBool,
    told: AtomicU32,
    taken: Mutex<Taken>,
    /// A place was given back, when the end of all is waited for.
    left: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Seat>>,
    by_source: HashMap<Source, usize>,
    /// Those that can go, the first to go last. Made anew at each tick for as long
    /// as there is little room, and not for each newcomer.
    spare: Vec<u64>,
    /// Where regulars come from, and as of when.
    regulars: (Option<Tick>, HashSet<Source>),
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    Full,
    /// This address has as many as one may.
    Address,
}

/// The right to be told that there is no room, until it is dropped.
#[derive(Debug)]
pub(super) struct Told(Arc<Seats>);

/// A place that is taken. It lives in the stream of its connection, and is given back
/// when that is dropped, whoever has it by then.
#[derive(Debug)]
pub(super) struct Taker(pub Arc<Seat>);

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let most = limits.most();
        Arc::new(Self {
            limits: TickLimits::of(limits),
            most,
            per_address: limits.most_of_address(most),
            regulars: limits.regulars.clone(),
            started: Instant::now(),
            now: AtomicU32::new(0),
            is_closing: AtomicBool::new(false),
            told: AtomicU32::new(0),
            taken: Mutex::default(),
            left: Notify::new(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing panics while it is held.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tick of the last look at the clock: what is written down of a request
    /// costs no clock of its own.
    pub(super) fn now(&self) -> Tick {
        self.now.load(Ordering::Relaxed)
    }

    fn look_at_the_clock(&self) -> Tick {
        let ticks = self.started.elapsed().as_millis() / self.limits.tick.as_millis();
        let now = Tick::try_from(ticks).unwrap_or(Tick::MAX);
        self.now.store(now, Ordering::Relaxed);
        now
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken().seats.is_empty()
    }

    /// A place for a connection from this address.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Taker, NoSeat> {
        let now = self.look_at_the_clock();
        let source = Source::of(peer);
        self.look_for_regulars(now);
        let mut taken = self.taken();
        let has = taken.by_source.get(&source).copied().unwrap_or(0);
        if !source.is_here() && has >= self.per_address {
            return Err(NoSeat::Address);
        }
        let open = if taken.is_regular(&source) {
            self.most
        } else {
            self.most - self.kept()
        };
        if taken.seats.len() >= open && !taken.spare_one(now) {
            return Err(NoSeat::Full);
        }
        let id = taken.next;
        taken.next += 1;
        let seat = Arc::new(Seat::new(id, source, Activity::new(now), self.clone()));
        taken.enter(seat.clone());
        Ok(Taker(seat))
    }

    /// How many places only regulars get.
    fn kept(&self) -> usize {
        self.regulars.as_ref().map_or(0, |_| self.most / KEPT)
    }

    /// Whether so few places are left that it matters who comes.
    fn is_scarce(&self, taken: &Taken) -> bool {
        taken.seats.len() >= self.most - self.kept().max(self.most / 8)
    }

    /// Learns where regulars come from, when that matters and is not known as of now.
    fn look_for_regulars(&self, now: Tick) {
        let Some(regulars) = &self.regulars else {
            return;
        };
        {
            let taken = self.taken();
            if !self.is_scarce(&taken) || taken.regulars.0 == Some(now) {
                return;
            }
        }
        // Asked without the lock: it may take one of its own.
        let addresses = regulars.addresses().into_iter().map(Source::of).collect();
        self.taken().regulars = (Some(now), addresses);
    }

    /// Whether a connection without a place may be told so.
    pub(super) fn tell(self: &Arc<Self>) -> Option<Told> {
        let more = |told: u32| (told < TOLD).then(|| told + 1);
        let told = self
            .told
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        told.ok().map(|_| Told(self.clone()))
    }

    /// Closes what takes too long; called once a tick.
    pub(super) fn sweep(&self) {
        let now = self.look_at_the_clock();
        let mut taken = self.taken();
        for seat in taken.seats.values() {
            if let Some(overdue) = seat.activity.overdue(now, &self.limits) {
                tracing::debug!(?overdue, "a connection is closed");
                seat.close(Reason::Overdue);
            }
        }
        if self.is_scarce(&taken) {
            taken.note_spare(now);
        } else {
            taken.spare = Vec::new();
        }
    }

    /// Closes one that does nothing or is slow, if there is one.
    pub(super) fn close_one(&self) -> bool {
        let now = self.look_at_the_clock();
        let mut taken = self.taken();
        taken.note_spare(now);
        taken.spare_one(now)
    }

    /// Says with each answer from now on that the connection is closed after it.
    pub(super) fn announce_close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        // Where answers do not say it, the connection does, and not with the next one.
        #[cfg(feature = "h2")]
        self.all().iter().for_each(|seat| seat.wake());
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Lets every connection end after what it is answering.
    pub(super) fn finish(&self) {
        self.announce_close();
        self.all().iter().for_each(|seat| seat.finish());
    }

    /// Ends every connection, whatever it does.
    pub(super) fn cut_off(&self) {
        self.all().iter().for_each(|seat| seat.close(Reason::End));
    }

    /// A copy: what is woken may end at once, and give its place back.
    fn all(&self) -> Vec<Arc<Seat>> {
        self.taken().seats.values().cloned().collect()
    }

    /// Waits until a place is given back after [`finish`](Self::finish).
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    /// Takes back whoever was told to go and has begun a request just then. There is
    /// one more than there may be for a while.
    pub(super) fn put_back(&self, seat: &Arc<Seat>) {
        self.taken().enter(seat.clone());
    }
}

impl Taken {
    fn is_regular(&self, source: &Source) -> bool {
        source.is_here() || self.regulars.1.contains(source)
    }

    /// Notes who can go, and in which order: first those that never sent anything,
    /// for nobody misses them, then those that are idle or slow. Of each kind the
    /// address goes first that has the most, counting what it has left by then, so
    /// that in the end none has more than another because it came first.
    fn note_spare(&mut self, now: Tick) {
        let mut by_source: HashMap<Source, Vec<(Standing, u64)>> = HashMap::new();
        for seat in self.seats.values() {
            if let Some(standing) = seat.can_go(now) {
                let of_source = by_source.entry(seat.source).or_default();
                of_source.push((standing, seat.id));
            }
        }
        let mut spare = Vec::new();
        for (source, mut can_go) in by_source {
            can_go.sort_unstable();
            let has = self.by_source.get(&source).copied().unwrap_or(0);
            for (gone, (standing, id)) in can_go.into_iter().enumerate() {
                let left = has.saturating_sub(gone);
                spare.push((standing.has_spoken(), Reverse(left), standing, id));
            }
        }
        spare.sort_unstable_by(|first, second| second.cmp(first));
        self.spare = spare.into_iter().map(|(.., id)| id).collect();
    }

    /// Closes the first that can go.
    fn spare_one(&mut self, now: Tick) -> bool {
        while let Some(id) = self.spare.pop() {
            // It may have begun something since it was noted.
            let seat = self.seats.get(&id);
            if let Some(seat) = seat.filter(|seat| seat.can_go(now).is_some()).cloned() {
                self.leave(&seat);
                seat.close(Reason::GivesWay);
                return true;
            }
        }
        false
    }

    fn enter(&mut self, seat: Arc<Seat>) {
        let source = seat.source;
        if self.seats.insert(seat.id, seat).is_none() {
            *self.by_source.entry(source).or_default() += 1;
        }
    }

    fn leave(&mut self, seat: &Seat) {
        // Whoever was told to go has left already when its task ends.
        if self.seats.remove(&seat.id).is_none() {
            return;
        }
        if let Some(count) = self.by_source.get_mut(&seat.source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&seat.source);
            }
        }
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let seats = self.0.seats();
        seats.taken().leave(&self.0);
        if seats.is_closing() {
            seats.left.notify_one();
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.told.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
