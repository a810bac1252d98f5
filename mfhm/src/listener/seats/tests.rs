//! Who gets a place, and who has to go.

use std::task::Waker;
use std::time::Duration;

use super::*;
use crate::listener::seat::Order;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn seats(most: usize, per_address: usize) -> Arc<Seats> {
    let limits = Limits::new().connections(most);
    Seats::new(&limits.connections_per_address(per_address))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn ticks(seats: &Seats, ticks: u32) {
    tokio::time::sleep(seats.limits.tick * ticks).await;
    seats.sweep();
}

fn order(taker: &Taker) -> Order {
    taker.0.listen(Waker::noop())
}

/// So many from this address, each in the phase that `begin` puts it in.
fn several(seats: &Arc<Seats>, from: &str, many: usize, begin: fn(&Activity)) -> Vec<Taker> {
    let take = |_| {
        let taker = seats.take(address(from)).unwrap();
        begin(&taker.0.activity);
        taker
    };
    (0..many).map(take).collect()
}

fn closed(takers: &[Taker]) -> usize {
    let is_closed = |taker: &&Taker| order(taker) == Order::Close;
    takers.iter().filter(is_closed).count()
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
async fn one_address_gets_a_part_and_the_machine_itself_is_not_limited() {
    let seats = seats(100, 2);
    let from = |text: &str| seats.take(address(text));
    let taken = [
        from("10.0.0.1").unwrap(),
        from("::ffff:10.0.0.1").unwrap(),
        from("2001:db8::1").unwrap(),
        from("2001:db8::2:1").unwrap(),
        from("2001:db8:0:1::1").unwrap(),
        from("127.0.0.1").unwrap(),
        from("127.0.0.2").unwrap(),
        from("::1").unwrap(),
    ];
    assert_eq!(from("10.0.0.1").unwrap_err(), NoSeat::Address);
    assert_eq!(from("2001:db8::3").unwrap_err(), NoSeat::Address);
    from("10.0.0.2").unwrap();
    drop(taken);
    assert!(seats.taken().by_source.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_fills_every_place_alone_unless_he_is_allowed_to() {
    let seats = Seats::new(&Limits::new().connections(8));
    let _half = several(&seats, "10.0.0.1", 4, |_| {});
    let fifth = seats.take(address("10.0.0.1"));
    assert_eq!(fifth.unwrap_err(), NoSeat::Address);
    let _other = several(&seats, "10.0.0.2", 4, |_| {});
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
async fn who_is_slow_gives_way_too() {
    let slow: [fn(&Activity); 2] = [
        |activity| activity.received(0),
        // Ready, and not taken.
        |activity| {
            activity.answered(0);
            activity.stalls(0);
        },
    ];
    for slow in slow {
        let seats = seats(1, 9);
        let slow = several(&seats, "10.0.0.1", 1, slow);
        ticks(&seats, 3).await;
        assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full, "too early");
        ticks(&seats, 1).await;
        seats.take(HERE).unwrap();
        assert_eq!(closed(&slow), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_address_that_has_the_most_pays_for_newcomers() {
    let seats = seats(12, 12);
    let idle = |activity: &Activity| activity.answered(0);
    // The others are idle for longer than the heads of the greedy one arrive.
    let few = several(&seats, "10.0.0.1", 2, idle);
    let some = several(&seats, "10.0.0.2", 4, idle);
    ticks(&seats, 2).await;
    let greedy = several(&seats, "10.0.0.3", 6, |activity| activity.received(2));
    ticks(&seats, 4).await;
    let mut newcomers = Vec::new();
    for (gone, expected) in [
        (2, [0, 0, 2]),
        (2, [0, 1, 3]),
        (2, [0, 2, 4]),
        (1, [1, 2, 4]),
    ] {
        newcomers.extend(several(&seats, "10.0.0.4", gone, |activity| {
            activity.begins(6);
        }));
        let now = [closed(&few), closed(&some), closed(&greedy)];
        assert_eq!(now, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_never_said_a_word_goes_first_wherever_he_comes_from() {
    let seats = seats(4, 9);
    let idle = several(&seats, "10.0.0.1", 3, |activity| activity.answered(0));
    let silent = several(&seats, "10.0.0.2", 1, |_| {});
    ticks(&seats, 4).await;
    let _newcomer = seats.take(HERE).unwrap();
    assert_eq!((closed(&silent), closed(&idle)), (1, 0));
}

#[derive(Debug)]
struct Registered(Vec<IpAddr>);

impl Regulars for Registered {
    fn addresses(&self) -> Vec<IpAddr> {
        self.0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn some_places_are_for_regulars_whatever_the_others_do() {
    let mut limits = Limits::new().connections(16).connections_per_address(16);
    limits.regulars = Some(Arc::new(Registered(vec![address("2001:db8::1")])));
    let seats = Seats::new(&limits);
    let strangers = several(&seats, "10.0.0.1", 14, |activity| activity.begins(0));
    ticks(&seats, 9).await;
    let stranger = seats.take(address("10.0.0.2"));
    assert_eq!(stranger.unwrap_err(), NoSeat::Full);
    // Of the same network.
    let _regular = seats.take(address("2001:db8::7")).unwrap();
    let _here = seats.take(HERE).unwrap();
    assert_eq!(seats.take(HERE).unwrap_err(), NoSeat::Full);
    assert_eq!(closed(&strangers), 0);
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
async fn who_begins_in_the_moment_in_which_he_is_told_to_go_is_kept() {
    let seats = seats(1, 9);
    let idle = seats.take(HERE).unwrap();
    idle.0.activity.answered(0);
    ticks(&seats, 4).await;
    let newcomer = seats.take(HERE).unwrap();
    // Its task has read this before it came to hear that it has to go.
    idle.0.activity.received(seats.now());
    assert_eq!(order(&idle), Order::GoOn);
    assert_eq!(seats.taken().seats.len(), 2);
    assert_eq!(seats.taken().by_source.len(), 1);
    drop((idle, newcomer));
    assert!(seats.is_empty() && seats.taken().by_source.is_empty());

    let late = seats.take(HERE).unwrap();
    late.0.activity.answered(seats.now());
    ticks(&seats, 62).await;
    late.0.activity.received(seats.now());
    assert_eq!(order(&late), Order::GoOn);
    late.0.activity.answered(seats.now());
    assert_eq!(order(&late), Order::GoOn, "it was told before");
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
