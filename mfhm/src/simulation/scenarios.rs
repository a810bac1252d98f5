//! What may happen to a network, and what must hold then.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::hosts::CENTER;
use super::world::{Plan, World, caller, service};

/// Runs a scenario for each seed.
fn for_seeds(usual: u64, scenario: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse());
    if let Some(Ok(seed)) = number("MFHM_SEED") {
        return scenario(seed);
    }
    let seeds = match number("MFHM_SIMULATIONS") {
        Some(Ok(seeds)) => seeds,
        _ => usual,
    };
    for seed in 0..seeds {
        // The seed is told even by a panic that does not know it.
        let told = Told(seed);
        scenario(seed);
        std::mem::forget(told);
    }
}

struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("the scenario failed with MFHM_SEED={}", self.0);
    }
}

fn usual(seed: u64) -> World {
    World::new(seed, &Plan::default())
}

#[test]
fn a_center_that_restarts_costs_no_call_and_no_instance() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        for _ in 0..3 {
            world.kill(CENTER);
            world.run_between(0.0, 20.0);
            world.start(CENTER);
            world.run_between(0.0, 10.0);
        }
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
    });
}

#[test]
fn half_the_fleet_out_of_the_centers_reach_costs_no_call_and_no_instance() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        for index in [0, 1] {
            world.cut(CENTER, &service(index));
        }
        world.run_between(60.0, 200.0);
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
        assert_eq!(world.up(), 4, "seed {seed}: nobody is taken for down");
        for index in [0, 1] {
            world.mend(CENTER, &service(index));
        }
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
    });
}

#[test]
fn one_caller_that_is_cut_off_from_an_instance_avoids_it_and_others_go_on() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        world.run(5.0);
        world.cut(&caller(0), &service(1));
        let before = world.seen(|seen| seen.calls[&0].len());
        world.shares();
        world.run(120.0);
        // Each attempt at it is a call that took as long as an attempt may, or as long
        // as a connection may.
        let (calls, late) = world.seen(|seen| {
            let calls = &seen.calls[&0][before..];
            let is_late = |took: &&Duration| **took >= Duration::from_secs(1);
            (calls.len(), calls.iter().filter(is_late).count())
        });
        println!("seed {seed}: {late} of {calls} calls met it");
        assert!(late <= 5, "seed {seed}: {late} of {calls}");
        let shares = world.shares();
        let others = world.seen(|seen| seen.calls[&1].len());
        assert!(
            shares[1] * 8 > others,
            "seed {seed}: {shares:?} of {others}"
        );
        assert_eq!(world.up(), 4, "seed {seed}");
        world.mend(&caller(0), &service(1));
        world.check_quiet();
        world.check_calls();
    });
}

#[test]
fn a_slow_instance_gets_few_calls() {
    for_seeds(2, |seed| {
        let plan = Plan {
            pause: Duration::from_millis(50),
            ..Plan::default()
        };
        let mut world = World::new(seed, &plan);
        world
            .machine(&service(2))
            .delay_ms
            .store(500, Ordering::SeqCst);
        world.run(5.0);
        world.shares();
        world.run(30.0);
        let shares = world.shares();
        println!("seed {seed}: {shares:?}");
        let all: usize = shares.iter().sum();
        assert!(shares[2] * 20 <= all, "seed {seed}: {shares:?}");
        world.check_calls();
    });
}

#[test]
fn an_instance_that_hangs_costs_no_call() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        world.hang(&service(0), true);
        world.run(40.0);
        assert_eq!(world.up(), 3, "seed {seed}");
        world.hang(&service(0), false);
        world.check_quiet();
        world.check_calls();
        let longest = world.seen(|seen| seen.calls.values().flatten().max().copied());
        assert!(longest < Some(Duration::from_millis(15_050)), "{longest:?}");
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
    });
}

#[test]
fn an_instance_that_is_killed_and_restarted_costs_no_call_and_has_one_entry() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        for _ in 0..8 {
            let host = service(world.random.usize(..4));
            world.kill(&host);
            world.run_between(0.0, 6.0);
            world.start(&host);
            world.run_between(1.0, 8.0);
        }
        world.check_quiet();
        world.check_calls();
    });
}

#[test]
fn a_port_that_changes_hands_runs_nothing_for_the_old_callers() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        // The center, which would tell them at once, is away.
        world.kill(CENTER);
        world.take_over(&service(3), "orders");
        world.shares();
        world.run(60.0);
        world.start(CENTER);
        assert_eq!(world.shares()[3], 0, "seed {seed}: it is called by nobody");
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.up(), 3, "seed {seed}");
    });
}

#[test]
fn a_registration_that_is_made_twice_is_one() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        world.kill(&service(0));
        let machine = world.machine(&service(0));
        machine.registrations.store(2, Ordering::SeqCst);
        world.start(&service(0));
        world.run(30.0);
        assert_eq!(world.up(), 4, "seed {seed}");
        world.check_quiet();
        world.check_calls();
    });
}

#[test]
fn a_renewal_that_comes_late_finds_its_registration() {
    for_seeds(2, |seed| {
        let mut world = usual(seed);
        for index in 0..4 {
            world.cut(CENTER, &service(index));
            world.run_between(16.0, 90.0);
            world.mend(CENTER, &service(index));
            world.run(15.0);
        }
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
    });
}

#[test]
fn a_network_that_is_slow_and_uneven_costs_no_call_and_no_instance() {
    for_seeds(2, |seed| {
        let plan = Plan {
            latency: Duration::from_millis(300),
            ..Plan::default()
        };
        let mut world = World::new(seed, &plan);
        world.run(60.0);
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.seen(|seen| seen.removals.len()), 0, "seed {seed}");
    });
}

#[test]
fn a_center_that_is_away_for_an_hour_costs_no_call_though_an_instance_dies() {
    for_seeds(1, |seed| {
        let plan = Plan {
            services: 3,
            callers: 1,
            pause: Duration::from_secs(1),
            tick: Duration::from_millis(100),
            ..Plan::default()
        };
        let mut world = World::new(seed, &plan);
        world.kill(CENTER);
        let dies_after = 1800.0 * world.random.f64();
        world.run(dies_after);
        world.kill(&service(0));
        world.run(3600.0 - dies_after);
        world.check_calls();
        let calls: usize = world.seen(|seen| seen.calls.values().map(Vec::len).sum());
        println!("seed {seed}: {calls} calls, none failed");
        world.start(CENTER);
        // The one that died is removed in time, the others stay.
        world.check_quiet();
        world.check_calls();
        assert_eq!(world.up(), 2, "seed {seed}");
    });
}

/// Whatever happens, as long as half of the instances can be called.
#[test]
fn one_thing_after_another_costs_no_call() {
    for_seeds(4, |seed| {
        let mut world = usual(seed);
        for _ in 0..8 {
            let host = service(world.random.usize(..4));
            match world.random.u8(..5) {
                0 => {
                    world.kill(CENTER);
                    world.run_between(0.0, 15.0);
                    world.start(CENTER);
                }
                1 => {
                    world.kill(&host);
                    world.run_between(0.0, 10.0);
                    world.start(&host);
                }
                2 => {
                    world.cut(CENTER, &host);
                    world.run_between(0.0, 60.0);
                    world.mend(CENTER, &host);
                }
                3 => {
                    let who = caller(world.random.usize(..2));
                    world.cut(&who, &host);
                    world.run_between(0.0, 20.0);
                    world.mend(&who, &host);
                }
                _ => {
                    world.hang(&host, true);
                    world.run_between(0.0, 20.0);
                    world.hang(&host, false);
                }
            }
            world.run_between(0.0, 10.0);
            world.check();
        }
        world.check_quiet();
        world.check_calls();
    });
}
