//! What the registry makes of trouble: instances that hang, networks that are cut,
//! clocks that jump, thousands that come back at once. Each seed is another history;
//! a failure names it.

use super::fleet::{Fleet, Renews, State};
use super::*;
use InstanceStatus::{Down, Up};

const WAYS: [Renews; 3] = [Renews::ByStream, Renews::ByItself, Renews::Never];

/// So many running processes, which renew in one way or in all of them.
fn running(seed: u64, size: u16, ways: &[Renews]) -> Fleet {
    let mut fleet = Fleet::new(seed);
    for port in 1..=size {
        let renews = ways[fleet.random.usize(..ways.len())];
        fleet.start(port, renews);
    }
    fleet.run(20.0);
    assert_eq!(fleet.count(Up), usize::from(size), "seed {seed}");
    fleet
}

/// Nobody that runs became down, was deleted or forgotten.
fn nobody_was_wronged(fleet: &Fleet, seed: u64) {
    let wronged = fleet.wronged();
    assert!(wronged.is_empty(), "seed {seed}: {wronged:?}");
}

fn for_seeds(seeds: u64, check: impl Fn(u64)) {
    for seed in 0..seeds {
        check(seed);
    }
}

#[test]
fn no_healthy_instance_is_evicted_while_a_third_of_the_fleet_hangs() {
    for_seeds(20, |seed| {
        let size = 2 + (seed as u16 * 17) % 99;
        let mut fleet = running(seed, size, &WAYS);
        // Those that registered first hang, which is what misled the Python center.
        let hanging = size * 35 / 100;
        for port in 1..=hanging {
            let hangs_after = fleet.random.f64();
            fleet.run(hangs_after);
            fleet.set(port, State::Silent);
        }
        fleet.run(900.0);
        nobody_was_wronged(&fleet, seed);
        for port in 1..=size {
            let expected = port > hanging;
            assert_eq!(
                fleet.status(port) == Some(Up),
                expected,
                "seed {seed}: {port}"
            );
        }
    });
}

#[test]
fn half_the_fleet_out_of_reach_changes_nothing_and_ends_by_itself() {
    for_seeds(30, |seed| {
        let size = 4 + (seed as u16 * 13) % 99;
        let mut fleet = running(seed, size, &WAYS);
        let cut_off = size.div_ceil(2) + (seed as u16 % 3).min(size / 2);
        for port in 1..=cut_off {
            fleet.set(port, State::Silent);
        }
        fleet.run(240.0);
        assert_eq!(fleet.count(Up), usize::from(size), "seed {seed}");
        let guard = fleet.registry.summary(fleet.now).guard;
        assert!(guard.suspects_for.is_some(), "seed {seed}: {guard}");
        for port in 1..=cut_off {
            fleet.set(port, State::Running);
        }
        fleet.run(30.0);
        let guard = fleet.registry.summary(fleet.now).guard;
        assert!(guard.suspects_for.is_none(), "seed {seed}: {guard}");
        assert_eq!(
            (fleet.downs.len(), fleet.deleted.len()),
            (0, 0),
            "seed {seed}"
        );
        assert_eq!(fleet.guard.len(), 2, "seed {seed}: it is told at both ends");
    });
}

/// The center is cut off from everybody for an hour: from the fifth minute on it
/// believes what it does not hear, but deletes slowly.
#[test]
fn a_long_cut_deletes_fifteen_percent_a_minute_at_most() {
    let mut fleet = running(3, 100, &[Renews::ByItself]);
    for port in 1..=100 {
        fleet.set(port, State::Silent);
    }
    fleet.run(300.0);
    assert_eq!(fleet.deleted.len(), 0);
    fleet.run(90.0);
    let deleted = fleet.deleted.len();
    assert!((1..=30).contains(&deleted), "{deleted}");
    let summary = fleet.registry.summary(fleet.now);
    assert!(summary.spared > 50, "{summary:?}");
    let told = fleet.spared.last().expect("operators are told");
    assert_eq!(told.deleted, told.allowed, "{told}");
    assert!(
        fleet.spared.len() <= 3,
        "once in a minute: {}",
        fleet.spared.len()
    );
}

#[test]
fn two_instances_of_which_one_hangs_are_told_apart() {
    for_seeds(30, |seed| {
        for renews in WAYS {
            let mut fleet = running(seed, 2, &[renews]);
            fleet.set(1, State::Silent);
            fleet.run(25.0);
            assert_eq!((fleet.status(1), fleet.status(2)), (Some(Down), Some(Up)));
            fleet.run(1200.0);
            nobody_was_wronged(&fleet, seed);
            assert_eq!(
                fleet.status(1),
                None,
                "seed {seed}, {renews:?}: given up in the end"
            );
        }
    });
}

/// An intruder registers instances that never answer, and keeps them registered.
#[test]
fn instances_that_never_answered_do_not_hide_that_another_one_hangs() {
    for_seeds(10, |seed| {
        let mut fleet = running(seed, 10, &WAYS);
        for port in 11..=100 {
            fleet.start(port, Renews::ByStream);
            fleet.set(port, State::Silent);
        }
        fleet.run(3.0);
        fleet.set(1, State::Silent);
        fleet.run(25.0);
        assert_eq!(fleet.status(1), Some(Down), "seed {seed}");
        assert!(fleet.guard.is_empty(), "seed {seed}: {:?}", fleet.guard);
        nobody_was_wronged(&fleet, seed);
    });
}

/// Nor do they make the share that may be deleted in a minute larger for all others.
#[test]
fn instances_that_never_answered_do_not_count_in_the_guards_arithmetic() {
    let mut fleet = running(5, 20, &[Renews::ByItself]);
    for port in 21..=1000 {
        fleet.start(port, Renews::ByStream);
        fleet.set(port, State::Silent);
    }
    fleet.run(3.0);
    for port in 1..=20 {
        fleet.set(port, State::Silent);
    }
    // For 5 min the center suspects its own network; then it believes the silence.
    fleet.run(390.0);
    let deleted = fleet.deleted.iter().filter(|(_, port, _)| *port <= 20);
    let deleted = deleted.count();
    assert!((1..=6).contains(&deleted), "{deleted} of 20 in 90 s");
}

/// It has reached nobody, and must not conclude anything from that.
#[test]
fn a_center_that_starts_while_it_is_cut_off_deletes_nobody() {
    for_seeds(10, |seed| {
        let mut fleet = running(seed, 20, &WAYS);
        for port in 1..=20 {
            fleet.set(port, State::Silent);
        }
        fleet.restart_center();
        fleet.run(240.0);
        assert_eq!(
            (fleet.downs.len(), fleet.deleted.len()),
            (0, 0),
            "seed {seed}"
        );
        for port in 1..=20 {
            fleet.set(port, State::Running);
        }
        fleet.run(30.0);
        assert_eq!(fleet.count(Up), 20, "seed {seed}");
    });
}

#[test]
fn a_center_that_is_stopped_for_a_minute_evicts_nobody() {
    for_seeds(100, |seed| {
        let mut fleet = running(seed, 4 + seed as u16 % 40, &[Renews::ByStream]);
        // One is down at present, for it hangs a while.
        fleet.set(1, State::Silent);
        fleet.run(30.0);
        assert_eq!(fleet.status(1), Some(Down), "seed {seed}");
        for _ in 0..20 {
            // Often again while its pings are under way.
            let longest = if fleet.random.bool() { 0.02 } else { 8.0 };
            let before = longest * fleet.random.f64();
            let pause = 8.0 + 100.0 * fleet.random.f64();
            fleet.run(before);
            fleet.stop_center(pause);
        }
        fleet.set(1, State::Running);
        fleet.run(60.0);
        nobody_was_wronged(&fleet, seed);
        assert_eq!(fleet.deleted, [], "seed {seed}");
        assert_eq!(fleet.status(1), Some(Up), "seed {seed}");
    });
}

#[test]
fn a_process_that_is_stopped_for_a_minute_keeps_its_registration() {
    for_seeds(50, |seed| {
        let mut fleet = running(seed, 4, &[Renews::ByStream]);
        let before = fleet.random.f64() * 10.0;
        fleet.run(before);
        fleet.set(1, State::Silent);
        fleet.run(60.0);
        assert_eq!(fleet.status(1), Some(Down), "seed {seed}: it gets no calls");
        fleet.set(1, State::Running);
        fleet.run(8.0);
        assert_eq!(fleet.status(1), Some(Up), "seed {seed}");
        assert_eq!(fleet.deleted, [], "seed {seed}");
        assert_eq!(fleet.lost, [], "seed {seed}");
    });
}

#[test]
fn a_killed_process_is_deleted_although_its_neighbours_live() {
    for_seeds(30, |seed| {
        let mut fleet = running(seed, 6, &[Renews::ByStream, Renews::ByItself]);
        fleet.set(1, State::Gone);
        fleet.registry.ping_now(&fleet::id(1), fleet.now);
        fleet.run(0.1);
        assert_eq!(fleet.status(1), Some(Down), "seed {seed}: at once");
        fleet.run(40.0);
        assert_eq!(fleet.status(1), None, "seed {seed}");
        nobody_was_wronged(&fleet, seed);
    });
}

/// Ten thousand come back to a center that started again, or that lost its disk,
/// beside a hundred that it knows; it sends 2,000 pings a second.
#[test]
fn ten_thousand_registering_again_cost_no_lease() {
    const HERD: u16 = 10_000;
    const KNOWN: u16 = 100;
    for has_disk in [true, false] {
        let mut fleet = Fleet::new(9);
        fleet.pings_a_second = 2_000;
        let everybody = HERD + KNOWN;
        for port in 1..=KNOWN {
            fleet.start(port, Renews::ByStream);
        }
        fleet.run(20.0);
        if has_disk {
            for port in KNOWN + 1..=everybody {
                fleet.start(port, Renews::ByItself);
            }
            fleet.restart_center();
        }
        for port in KNOWN + 1..=everybody {
            // Within a second.
            fleet.run(1.0 / f64::from(HERD));
            if has_disk {
                fleet.register(port);
            } else {
                fleet.start(port, Renews::ByItself);
            }
        }
        let mut seconds = 1;
        while fleet.count(Up) < usize::from(everybody) {
            fleet.run(1.0);
            seconds += 1;
            assert!(
                seconds <= 30,
                "disk: {has_disk}: {} are up",
                fleet.count(Up)
            );
        }
        println!("disk: {has_disk}: all are up after {seconds} s");
        fleet.run(30.0);
        nobody_was_wronged(&fleet, 9);
        assert!(fleet.deleted.is_empty());
        // One entry each, and one deadline for each entry: nothing piles up.
        let registry = &fleet.registry;
        assert_eq!(registry.entries.len(), usize::from(everybody));
        let scheduled = registry.entries.values().filter(|e| e.scheduled.is_some());
        assert_eq!(registry.deadlines.len(), scheduled.count());
        assert_eq!(registry.services["users"].len(), usize::from(everybody));
    }
}

#[test]
fn a_port_that_another_service_took_over_is_handed_out_no_more_after_one_ping() {
    let mut fleet = running(1, 3, &[Renews::ByItself]);
    fleet.set(1, State::Gone);
    let now = fleet.now;
    fleet.registry.ping_now(&fleet::id(1), now);
    let target = fleet.registry.tick(now, &mut fleet.random).pings.remove(0);
    let stranger = PingOutcome::Stranger("another service answers there".to_owned());
    let random = &mut fleet.random;
    fleet.registry.report(&target, &stranger, now, now, random);
    assert_eq!(fleet.status(1), Some(Down));
    for random in 0..30 {
        let picked = fleet.registry.pick("users", random);
        assert!(picked.is_some_and(|record| record.port != 1));
    }
}
