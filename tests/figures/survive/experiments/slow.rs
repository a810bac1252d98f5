//! One of four instances takes longer than the others.

use std::ops::Range;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::load::Mix;
use crate::options::Options;
use crate::report::{Table, heading, millis, percent};
use crate::side::{self, Plan, Sides};

const INSTANCES: usize = 4;
const DELAY_MS: u64 = 500;
/// So long after it became slow, what it gets is counted.
const SETTLED: Duration = Duration::from_secs(5);

pub(crate) async fn run(options: &Options) {
    let rate = options.rate(300, 50);
    let rounds = options.rounds(INSTANCES, 2);
    let counted = Duration::from_secs(options.either(10, 3));
    let (mut random, seed) = options.random();
    let fleet = Fleet::start(INSTANCES).await;
    let plan = Plan::of_one(rate, Mix::Reads);
    let sides = Sides::start(&fleet, plan).await;
    let mut order: Vec<usize> = (0..INSTANCES).collect();
    random.shuffle(&mut order);
    // When which process was slow.
    let mut slow: Vec<(Range<Duration>, u32)> = Vec::new();
    for round in 0..rounds {
        let index = order[round % INSTANCES];
        tokio::time::sleep(Duration::from_secs(3)).await;
        fleet.delay(index, DELAY_MS).await;
        tokio::time::sleep(SETTLED).await;
        let began = sides.now();
        tokio::time::sleep(counted).await;
        slow.push((began..sides.now(), fleet.instances[index].process.id()));
        fleet.delay(index, 0).await;
    }
    let records = sides.finish().await;
    heading(
        "An instance is slow",
        &format!(
            "{INSTANCES} instances, of which {rounds} in turn take {DELAY_MS} ms longer. Counted are \
             the calls that begin from 5 s after that on, for {} s. {rate} calls a second of each \
             kind of callers, 16 at a time, all GETs; seed {seed}. \"Lowest ping\" has chosen one \
             instance for good, which is the slow one once in {INSTANCES} rounds.",
            counted.as_secs()
        ),
    );
    let mut table = Table::new([
        "callers",
        "calls counted",
        "answered by the slow one",
        "the worst round",
        "failed",
        "p50 ms",
        "p99 ms",
    ]);
    for (way, record) in &records {
        let (mut all, mut to_slow, mut worst) = (Vec::new(), 0, (0, 0));
        for (span, pid) in &slow {
            let calls: Vec<_> = record.between(span.clone()).collect();
            let is_slow = calls.iter().filter(|call| call.result.as_ref() == Ok(pid));
            let (part, whole) = (is_slow.count(), calls.len());
            to_slow += part;
            if part * worst.1 >= worst.0 * whole {
                worst = (part, whole);
            }
            all.extend(calls);
        }
        let failed = all.iter().filter(|call| call.result.is_err()).count();
        let times = crate::report::Times::new(all.iter().map(|call| call.took).collect());
        table.row([
            way.name().to_owned(),
            all.len().to_string(),
            percent(to_slow, all.len()),
            percent(worst.0, worst.1),
            failed.to_string(),
            millis(times.at(0.5)),
            millis(times.at(0.99)),
        ]);
    }
    table.print();
    side::print_failures(&records);
}
