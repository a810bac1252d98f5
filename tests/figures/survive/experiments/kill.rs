//! One of four instances is killed and comes back, again and again.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::load::Mix;
use crate::options::Options;
use crate::report::heading;
use crate::side::{self, Plan, Sides};

const INSTANCES: usize = 4;

pub(crate) async fn run(options: &Options) {
    let rounds = options.rounds(12, 4);
    let rate = options.rate(900, 50);
    let (mut random, seed) = options.random();
    let mut fleet = Fleet::start(INSTANCES).await;
    let plan = Plan::of_one(rate, Mix::Half);
    let sides = Sides::start(&fleet, plan).await;
    let mut order: Vec<usize> = (0..INSTANCES).collect();
    random.shuffle(&mut order);
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let index = order[round % INSTANCES];
        fleet.instances[index].process.kill();
        tokio::time::sleep(Duration::from_secs(2)).await;
        fleet.start_again(index).await;
    }
    let records = sides.finish().await;
    heading(
        "An instance is killed",
        &format!(
            "{INSTANCES} instances; {rounds} times `kill -9` of one of them, which is started again \
             2 s later. Half of the calls are POSTs that are not idempotent: one that was under \
             way at the killed instance must fail, because it may have run. {rate} calls a second \
             of each kind of callers, 16 at a time; seed {seed}."
        ),
    );
    side::print(&records, &fleet.runs());
}
