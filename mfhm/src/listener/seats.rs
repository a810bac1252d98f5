//! [`Seats`]: the connections that are served, how many there may be, and which of
//! them has to go.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::activity::{Activity, Phase, Tick, TickLimits};
use super::limits::Limits;

/// So many at once are told that there is no room; others are closed without a
/// word.
const TOLD: u32 = 64;

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    pub limits: TickLimits,
    most: usize,
    per_address: usize,
    started: Instant,
    now: AtomicU32,
    is_closing: AtomicBool,
    told: AtomicU32,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Seat>>,
    by_source: HashMap<IpAddr, usize>,
    /// Those that can go, the first to go last. Made anew at each tick for as long
    /// as there is little room, and not for each newcomer.
    spare: Vec<u64>,
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Seat {
    id: u64,
    /// `None` does not count.
    source: Option<IpAddr>,
    pub activity: Activity,
    order: AtomicU8,
    task: AtomicWaker,
    seats: Arc<Seats>,
}

/// What a connection is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// Answer the request that runs, then close.
    Finish,
    Close,
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

/// Gives the place back when it is dropped.
#[derive(Debug)]
pub(super) struct Taker(pub Arc<Seat>);

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            limits: TickLimits::of(limits),
            most: limits.most(),
            per_address: limits.per_address,
            started: Instant::now(),
            now: AtomicU32::new(0),
            is_closing: AtomicBool::new(false),
            told: AtomicU32::new(0),
            taken: Mutex::default(),
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
        let source = source(peer);
        let mut taken = self.taken();
        if let Some(source) = source
            && taken.by_source.get(&source).copied().unwrap_or(0) >= self.per_address
        {
            return Err(NoSeat::Address);
        }
        if taken.seats.len() >= self.most && !taken.spare_one(now) {
            return Err(NoSeat::Full);
        }
        if let Some(source) = source {
            *taken.by_source.entry(source).or_default() += 1;
        }
        let id = taken.next;
        taken.next += 1;
        let seat = Arc::new(Seat {
            id,
            source,
            activity: Activity::new(now),
            order: AtomicU8::new(Order::GoOn as u8),
            task: AtomicWaker::new(),
            seats: self.clone(),
        });
        taken.seats.insert(id, seat.clone());
        Ok(Taker(seat))
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
                seat.tell(Order::Close);
            }
        }
        if taken.seats.len() >= self.most - self.most / 8 {
            taken.note_spare(now);
        } else {
            taken.spare = Vec::new();
        }
    }

    /// Closes one that does nothing, if there is one.
    pub(super) fn close_one(&self) -> bool {
        let now = self.look_at_the_clock();
        let mut taken = self.taken();
        taken.note_spare(now);
        taken.spare_one(now)
    }

    /// Says with each answer from now on that the connection is closed after it.
    pub(super) fn announce_close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Lets every connection end after what it is answering.
    pub(super) fn finish(&self) {
        self.announce_close();
        for seat in self.taken().seats.values() {
            seat.tell(Order::Finish);
        }
    }
}

impl Taken {
    fn note_spare(&mut self, now: Tick) {
        let can_go = |seat: &Arc<Seat>| Some((seat.can_go(now)?, seat.id));
        let mut spare: Vec<_> = self.seats.values().filter_map(can_go).collect();
        spare.sort_unstable_by(|first, second| second.cmp(first));
        self.spare = spare.into_iter().map(|(_, id)| id).collect();
    }

    /// Closes the first that can go.
    fn spare_one(&mut self, now: Tick) -> bool {
        while let Some(id) = self.spare.pop() {
            // It may have begun something since it was noted.
            let seat = self.seats.get(&id);
            if let Some(seat) = seat.filter(|seat| seat.can_go(now).is_some()).cloned() {
                seat.tell(Order::Close);
                self.leave(&seat);
                return true;
            }
        }
        false
    }

    fn leave(&mut self, seat: &Seat) {
        // Whoever was told to go has left already when its task ends.
        if self.seats.remove(&seat.id).is_none() {
            return;
        }
        if let Some(source) = seat.source
            && let Some(count) = self.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl Seat {
    pub(super) fn seats(&self) -> &Seats {
        &self.seats
    }

    fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Relaxed);
        self.task.wake();
    }

    /// What it is told, and to be woken by the next word.
    pub(super) fn listen(&self, task: &Waker) -> Order {
        self.task.register(task);
        self.order()
    }

    pub(super) fn order(&self) -> Order {
        match self.order.load(Ordering::Relaxed) {
            0 => Order::GoOn,
            1 => Order::Finish,
            _ => Order::Close,
        }
    }

    /// Whether nobody misses it, and in which order: those that never said anything,
    /// then the idle ones, the oldest first. A whole tick of silence is asked, so
    /// that nobody is closed between connecting and speaking.
    fn can_go(&self, now: Tick) -> Option<(Phase, Tick)> {
        let (phase, since) = self.activity.phase();
        let is_silent =
            matches!(phase, Phase::Fresh | Phase::Idle) && now > since.saturating_add(1);
        is_silent.then_some((phase, since))
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let seats = self.0.seats.clone();
        seats.taken().leave(&self.0);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.told.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What counts as one address: who has one IPv6 address has its whole network.
/// `None`, the machine itself, is not counted.
fn source(peer: IpAddr) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if peer.is_loopback() {
        return None;
    }
    Some(match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn seats(most: usize, per_address: usize) -> Arc<Seats> {
        let limits = Limits::new().connections(most);
        Seats::new(&limits.connections_per_address(per_address))
    }

    async fn ticks(seats: &Seats, ticks: u32) {
        tokio::time::sleep(seats.limits.tick * ticks).await;
        seats.sweep();
    }

    fn order(taker: &Taker) -> Order {
        taker.0.listen(Waker::noop())
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_places_and_each_comes_back() {
        let seats = seats(2, 9);
        let first = seats.take(HERE).unwrap();
        let _second = seats.take(HERE).unwrap();
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full);
        drop(first);
        seats.take(HERE).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_gets_a_part_and_the_machine_itself_is_not_counted() {
        let seats = seats(100, 2);
        let from = |text: &str| seats.take(text.parse().unwrap());
        let _taken = [
            from("10.0.0.1").unwrap(),
            from("::ffff:10.0.0.1").unwrap(),
            from("2001:db8::1").unwrap(),
            from("2001:db8::2:1").unwrap(),
            from("2001:db8:0:1::1").unwrap(),
            from("127.0.0.1").unwrap(),
            from("127.0.0.1").unwrap(),
            from("127.0.0.1").unwrap(),
        ];
        assert_eq!(from("10.0.0.1").unwrap_err(), NoSeat::Address);
        assert_eq!(from("2001:db8::3").unwrap_err(), NoSeat::Address);
        from("10.0.0.2").unwrap();
        drop(_taken);
        assert!(seats.taken().by_source.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_silent_give_way_first_and_the_busy_never() {
        let seats = seats(4, 9);
        let [busy, idle, older, fresh] = [(); 4].map(|()| seats.take(HERE).unwrap());
        busy.0.activity.begins(0);
        older.0.activity.answered(0);
        ticks(&seats, 1).await;
        idle.0.activity.answered(1);
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full, "too early");
        ticks(&seats, 4).await;
        let mut newcomers = Vec::new();
        for gone in [&fresh, &older, &idle] {
            let newcomer = seats.take(HERE).unwrap();
            newcomer.0.activity.begins(seats.now());
            newcomers.push(newcomer);
            assert_eq!(order(gone), Order::Close);
        }
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full);
        assert_eq!(order(&busy), Order::GoOn);
        // Whoever had to go leaves no place behind a second time.
        drop((fresh, older, idle));
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_begun_to_speak_since_is_kept() {
        let seats = seats(1, 9);
        let fresh = seats.take(HERE).unwrap();
        ticks(&seats, 4).await;
        fresh.0.activity.received(seats.now());
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full);
        assert!(!seats.close_one());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_overdue_is_told_to_close_and_woken() {
        let seats = seats(9, 9);
        let silent = seats.take(HERE).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        seats.sweep();
        assert_eq!(order(&silent), Order::GoOn);
        ticks(&seats, 1).await;
        assert_eq!(order(&silent), Order::Close);
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_told() {
        let seats = seats(1, 1);
        let told: Vec<_> = (0..TOLD).map(|_| seats.tell().unwrap()).collect();
        assert!(seats.tell().is_none());
        drop(told);
        assert!(seats.tell().is_some());
    }
}
