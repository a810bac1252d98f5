//! Instances are restarted in turn, as a deployment does it, under a load of which
//! half must not run twice.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::load::Mix;
use crate::options::Options;
use crate::report::heading;
use crate::side::{self, Plan, Sides};

const INSTANCES: usize = 3;

pub(crate) async fn run(options: &Options) {
    let rounds = options.rounds(20, 3);
    let calls = options.calls(100_000, 500);
    let rate = options.rate(900, 50);
    let (mut random, seed) = options.random();
    let mut fleet = Fleet::start(INSTANCES).await;
    let plan = Plan::of_one(rate, Mix::Half);
    let sides = Sides::start(&fleet, plan).await;
    let mut order: Vec<usize> = (0..INSTANCES).collect();
    random.shuffle(&mut order);
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(500)).await;
        fleet.restart(order[round % INSTANCES]).await;
        if options.center {
            restart_center(&mut fleet, round).await;
        }
    }
    sides.reach(calls).await;
    let records = sides.finish().await;
    let what = if options.center {
        ", and after each the center too: killed and stopped in turn"
    } else {
        ""
    };
    heading(
        if options.center {
            "Rolling restart, of the center too"
        } else {
            "Rolling restart"
        },
        &format!(
            "{INSTANCES} instances; {rounds} restarts of one of them: SIGTERM, the usual drain of \
             5 s, started again{what}. Half of the calls are POSTs that are not idempotent; {rate} \
             calls a second of each kind of callers, 16 at a time, kept connections; seed {seed}."
        ),
    );
    side::print(&records, &fleet.runs());
}

async fn restart_center(fleet: &mut Fleet, round: usize) {
    let center = &mut fleet.center;
    if round.is_multiple_of(2) {
        center.process.kill();
    } else {
        center.process.terminate();
        center.process.ended().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    center.start_again().await;
    let registered = Duration::from_secs(60);
    center.counts("held", INSTANCES as u64, registered).await;
}
