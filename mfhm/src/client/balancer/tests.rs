use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::ejection::Outcome;
use super::super::endpoint::InFlight;
use super::*;
use crate::instance::InstanceId;

const NOW: Duration = Duration::from_secs(1);

fn endpoint(port: u16) -> Endpoint {
    let id = InstanceId::from_random(port.into());
    Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
}

fn set(endpoints: impl IntoIterator<Item = Endpoint>) -> EndpointSet {
    EndpointSet::new(endpoints.into_iter().map(Arc::new).collect())
}

fn endpoints(count: u16) -> EndpointSet {
    set((1..=count).map(endpoint))
}

fn weighing(weights: &[u32]) -> EndpointSet {
    set((1..)
        .zip(weights)
        .map(|(port, &weight)| endpoint(port).weighing(weight)))
}

/// As [`share`], once each endpoint has answered twice, in this many milliseconds.
fn share_after(set: &EndpointSet, millis: &[u64]) -> Vec<usize> {
    for (endpoint, &took) in set.endpoints.iter().zip(millis) {
        answered(endpoint, took);
    }
    share(set, &[])
}

fn answered(endpoint: &Endpoint, millis: u64) {
    for _ in 0..2 {
        endpoint.latency.record(Duration::from_millis(millis), NOW);
    }
}

fn share(set: &EndpointSet, tried: &[usize]) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut counts = vec![0; set.endpoints.len()];
    for _ in 0..10_000 {
        counts[pick(set, &|_| true, tried, NOW, &mut random).unwrap()] += 1;
    }
    counts
}

#[test]
fn idle_instances_share_evenly() {
    for millis in [&[][..], &[5, 5, 5, 5], &[10, 11, 12, 14]] {
        for count in share_after(&endpoints(4), millis) {
            assert!((2200..2800).contains(&count), "{count}");
        }
    }
}

#[test]
fn the_busier_of_two_gets_nothing() {
    let set = endpoints(2);
    let _busy = set.endpoints[0].enter();
    assert_eq!(share_after(&set, &[5, 5]), [0, 10_000]);
}

#[test]
fn calls_in_flight_are_worth_their_latency() {
    let set = endpoints(2);
    let _busy: Vec<_> = (0..3).map(|_| set.endpoints[0].enter()).collect();
    // 4 × 15 ms against 1 × 120 ms.
    assert_eq!(share_after(&set, &[5, 110]), [10_000, 0]);
}

#[test]
fn one_of_which_nothing_is_known_gets_one_call_at_a_time() {
    let set = endpoints(3);
    set.endpoints[..2]
        .iter()
        .for_each(|endpoint| answered(endpoint, 5));
    // It is in two of three pairs, and wins both.
    assert!((6300..7000).contains(&share(&set, &[])[2]));
    let _probe = set.endpoints[2].enter();
    assert_eq!(share(&set, &[])[2], 0);
}

#[test]
fn weights_are_shares() {
    let counts = share_after(&weighing(&[100, 100, 100, 5]), &[5, 5, 5, 5]);
    // 5 of 305 is 164 of 10,000.
    assert!((120..210).contains(&counts[3]), "{counts:?}");
    let counts = share(&weighing(&[0, 100, 50]), &[]);
    assert!(
        counts[0] == 0 && (6300..7000).contains(&counts[1]),
        "{counts:?}"
    );
    for count in share(&weighing(&[0, 0]), &[]) {
        assert!(
            (4700..5300).contains(&count),
            "no weight at all is none said"
        );
    }
}

#[test]
fn the_own_zone_comes_first_while_half_of_it_is_good() {
    let near = [true, true, true, true, false, false];
    let set = set((1..).zip(near).map(|(port, is)| endpoint(port).near(is)));
    let counts = share(&set, &[]);
    assert_eq!(counts[4..], [0, 0]);
    assert!(counts[..4].iter().all(|&count| count > 2200), "{counts:?}");
    let lose = |index: usize| {
        set.endpoints[index]
            .ejection
            .record(Outcome::Unreachable, NOW, 0.0)
    };
    lose(0);
    lose(1);
    assert_eq!(share(&set, &[])[4..], [0, 0]);
    lose(2);
    // One of four is less than half: all three that are good share.
    let counts = share(&set, &[]);
    assert_eq!(counts[..3], [0, 0, 0]);
    assert!(counts[3..].iter().all(|&count| count > 3000), "{counts:?}");
}

#[test]
fn an_ejected_one_gets_nothing_while_another_is_left() {
    let set = endpoints(3);
    set.endpoints[1]
        .ejection
        .record(Outcome::Unreachable, NOW, 0.0);
    assert_eq!(share(&set, &[])[1], 0);
}

#[test]
fn a_slow_one_gains_nothing_when_others_are_out() {
    let set = endpoints(4);
    for index in [0, 1] {
        set.endpoints[index]
            .ejection
            .record(Outcome::Unreachable, NOW, 0.0);
    }
    assert_eq!(share_after(&set, &[5, 5, 5, 500]), [0, 0, 10_000, 0]);
}

#[test]
fn ejected_ones_are_better_than_none_and_paused_ones_better_than_those() {
    let set = endpoints(3);
    let eject = |index: usize| {
        set.endpoints[index]
            .ejection
            .record(Outcome::Unreachable, NOW, 0.0)
    };
    set.endpoints[2].ejection.pause(Duration::from_secs(1), NOW);
    assert_eq!(share(&set, &[])[2], 0);
    eject(0);
    eject(1);
    assert_eq!(share(&set, &[])[2], 10_000);
    eject(2);
    assert!(share(&set, &[]).iter().all(|&count| count > 3000));
}

#[test]
fn failures_eject_at_most_half() {
    let set = endpoints(4);
    let fail = |index: usize| {
        (0..5).for_each(|_| {
            set.endpoints[index]
                .ejection
                .record(Outcome::Failed, NOW, 0.0)
        });
    };
    (0..2).for_each(fail);
    assert_eq!(share(&set, &[])[..2], [0, 0]);
    fail(2);
    for count in share(&set, &[]) {
        assert!((2200..2800).contains(&count), "{count}");
    }
}

#[test]
fn a_tried_one_is_not_tried_again() {
    let set = endpoints(2);
    set.endpoints[1]
        .ejection
        .record(Outcome::Unreachable, NOW, 0.0);
    assert_eq!(share(&set, &[0]), [0, 10_000]);
    let mut random = fastrand::Rng::with_seed(7);
    assert_eq!(pick(&set, &|_| true, &[0, 1], NOW, &mut random), None);
    let nothing = EndpointSet::default();
    assert_eq!(pick(&nothing, &|_| true, &[], NOW, &mut random), None);
}

/// Callers that call again as soon as they have an answer; which endpoint each
/// call went to, and when, is what comes out. One call in a hundred is held up.
fn closed_loop(
    set: &EndpointSet,
    callers: usize,
    millis: &[u64],
    until: Duration,
) -> Vec<(Duration, usize)> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut calls = Vec::new();
    // When each call ends, which it is, and when it began.
    let mut under_way = BinaryHeap::new();
    let mut open: Vec<Option<InFlight<'_>>> = Vec::new();
    let mut begin = |now: Duration, under_way: &mut BinaryHeap<_>, open: &mut Vec<_>| {
        let index = pick(set, &|_| true, &[], now, &mut random).unwrap();
        // A fifth more or less.
        let mut took = Duration::from_millis(millis[index]).mul_f64(0.8 + 0.4 * random.f64());
        if random.u8(..100) == 0 {
            took += Duration::from_millis(100);
        }
        open.push(Some(set.endpoints[index].enter()));
        under_way.push(Reverse((now + took, open.len() - 1, index, now)));
        calls.push((now, index));
    };
    for _ in 0..callers {
        begin(NOW, &mut under_way, &mut open);
    }
    while let Some(Reverse((now, call, index, began))) = under_way.pop() {
        open[call] = None;
        set.endpoints[index].latency.record(now - began, now);
        if now < until {
            begin(now, &mut under_way, &mut open);
        }
    }
    calls
}

fn portion(calls: &[(Duration, usize)], of: usize, from: Duration) -> f64 {
    let late = || calls.iter().filter(|(at, _)| *at >= from);
    late().filter(|(_, index)| *index == of).count() as f64 / late().count() as f64
}

#[test]
fn one_of_four_that_is_slower_by_500_ms_gets_hardly_anything() {
    for callers in [1, 4, 32, 128] {
        let set = endpoints(4);
        let calls = closed_loop(&set, callers, &[10, 10, 10, 510], Duration::from_secs(60));
        let slow = portion(&calls, 3, Duration::from_secs(5));
        println!(
            "{callers} callers: {:.2}% of the calls go to the slow one",
            slow * 100.0
        );
        assert!(slow <= 0.05, "{callers} callers: {slow}");
        for index in 0..3 {
            let part = portion(&calls, index, Duration::from_secs(5));
            assert!((0.28..0.40).contains(&part), "{callers} callers: {part}");
        }
    }
}

#[test]
fn a_call_that_is_held_up_does_not_leave_an_instance_without_calls() {
    let set = endpoints(2);
    let calls = closed_loop(&set, 1, &[2, 2], Duration::from_secs(60));
    for from in (1..60).step_by(5) {
        let late = calls
            .iter()
            .copied()
            .filter(|(at, _)| at.as_secs() / 5 == from / 5);
        let part = portion(&late.collect::<Vec<_>>(), 0, NOW);
        assert!(
            (0.3..0.7).contains(&part),
            "{part} of the calls from second {from} on"
        );
    }
}

#[test]
fn a_slow_one_of_two_gets_no_more_than_it_can_take() {
    let set = endpoints(2);
    let calls = closed_loop(&set, 16, &[10, 510], Duration::from_secs(20));
    assert!(portion(&calls, 1, Duration::from_secs(5)) <= 0.05);
}

#[test]
fn a_canary_gets_its_share_of_any_load() {
    for (callers, seconds) in [(1, 120), (8, 30), (64, 15)] {
        let set = weighing(&[100, 100, 100, 5]);
        let calls = closed_loop(&set, callers, &[10; 4], Duration::from_secs(seconds));
        let canary = portion(&calls, 3, Duration::from_secs(5));
        let share = 5.0 / 305.0;
        println!(
            "{callers} callers: {canary:.4} of the calls go to the canary, {share:.4} is its share"
        );
        assert!(
            (0.6 * share..1.5 * share).contains(&canary),
            "{callers} callers: {canary}"
        );
    }
}
