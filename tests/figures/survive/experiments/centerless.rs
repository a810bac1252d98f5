//! The center is gone, an instance is killed meanwhile, and a caller starts meanwhile.

use crate::fleet::Fleet;
use crate::load::Mix;
use crate::options::Options;
use crate::report::heading;
use crate::side::{self, Plan, Sides};

const INSTANCES: usize = 4;

pub(crate) async fn run(options: &Options) {
    let calls = options.calls(100_000, 1000);
    let rate = options.rate(1200, 50);
    let (mut random, seed) = options.random();
    let mut fleet = Fleet::start(INSTANCES).await;
    let plan = Plan::of_one(rate, Mix::Reads);
    let sides = Sides::start(&fleet, plan).await;
    fleet.center.process.kill();
    sides.reach(calls / 3).await;
    let index = random.usize(..INSTANCES);
    fleet.instances[index].process.kill();
    sides.reach(calls / 3 * 2).await;
    let late = Plan {
        tasks: 4,
        rate: rate / 4,
        ..plan
    };
    let latecomers = Sides::start(&fleet, late).await;
    sides.reach(calls).await;
    let latecomers = latecomers.finish().await;
    let records = sides.finish().await;
    heading(
        "The center is gone",
        &format!(
            "{INSTANCES} instances. The center is killed as soon as each caller has its list and \
             stays away; after a third of the calls one instance is killed and stays away too. \
             {rate} calls a second of each kind of callers, 16 at a time, all GETs; seed {seed}."
        ),
    );
    side::print(&records, &fleet.runs());
    println!(
        "Callers that start after two thirds of the calls, a quarter of the load each; mfhm's find \
         the list that others have left on disk:"
    );
    side::print(&latecomers, &fleet.runs());
}
