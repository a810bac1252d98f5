//! Instances stop answering: their processes stand still, and the kernel still
//! accepts connections for them.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use support::http;

use crate::callers::{Patience, Way};
use crate::fleet::Fleet;
use crate::load::{Mix, Record, Sample};
use crate::options::Options;
use crate::report::{Table, heading, millis};
use crate::services::TARGET;
use crate::side::{self, Plan, Sides};
use crate::watcher::{Watcher, What};

const PATIENCE: Patience = Patience {
    call: Duration::from_secs(2),
    attempt: Duration::from_millis(400),
};

pub(crate) async fn run(options: &Options) {
    one_of_four(options).await;
    a_third_of_the_fleet(options).await;
}

async fn one_of_four(options: &Options) {
    const INSTANCES: usize = 4;
    const CALLERS: usize = 8;
    let rounds = options.rounds(4, 1);
    let rate = options.rate(240, 40);
    let stopped_for = Duration::from_secs(options.either(10, 5));
    let (mut random, seed) = options.random();
    let fleet = Fleet::start(INSTANCES).await;
    let plan = Plan {
        callers: CALLERS,
        tasks: CALLERS,
        rate,
        mix: Mix::Half,
        patience: PATIENCE,
    };
    let sides = Sides::start(&fleet, plan).await;
    let mut order: Vec<usize> = (0..INSTANCES).collect();
    random.shuffle(&mut order);
    let mut hung = Vec::new();
    for round in 0..rounds {
        let process = &fleet.instances[order[round % INSTANCES]].process;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let began = sides.now();
        process.signal(Signal::STOP);
        tokio::time::sleep(stopped_for).await;
        process.signal(Signal::CONT);
        hung.push(began..sides.now());
    }
    let records = sides.finish().await;
    heading(
        "An instance hangs",
        &format!(
            "{INSTANCES} instances; {rounds} times one of them is stopped by SIGSTOP for {} s. \
             {CALLERS} callers of each kind that know nothing of each other, each with one call at a \
             time; {rate} calls a second of each kind, half of them POSTs that are not idempotent. A \
             call has 2 s, an attempt of a GET 0.4 s; seed {seed}. A POST that meets the hung \
             instance has nothing left to hope for.",
            stopped_for.as_secs()
        ),
    );
    let mut table = Table::new([
        "callers",
        "calls",
        "failed GETs",
        "failed POSTs",
        "POSTs that ran twice",
        "longest ms (2,000 allowed)",
        "attempts at the hung one in a round: most of a caller",
        "of all callers, a round",
    ]);
    let runs = fleet.runs();
    for (way, record) in &records {
        let (reads, writes) = record.failed();
        let is_twice = |sample: &&Sample| runs.get(&sample.id).is_some_and(|times| *times > 1);
        let (most, all) = lost_attempts(*way, record, &hung);
        table.row([
            way.name().to_owned(),
            record.samples.len().to_string(),
            reads.to_string(),
            writes.to_string(),
            record.samples.iter().filter(is_twice).count().to_string(),
            millis(record.times().longest()),
            most.to_string(),
            format!("{:.1}", all as f64 / rounds as f64),
        ]);
    }
    table.print();
    side::print_failures(&records);
}

/// How many attempts met the hung instance, as the times of the calls show: of the
/// caller with the most of them in a round, and of all.
fn lost_attempts(way: Way, record: &Record, hung: &[Range<Duration>]) -> (usize, usize) {
    let (mut most, mut all) = (0, 0);
    for span in hung {
        let mut lost: HashMap<usize, usize> = HashMap::new();
        for sample in record.between(span.clone()) {
            let can_repeat = !sample.is_write && way != Way::LowestPing;
            let wait = if can_repeat {
                PATIENCE.attempt
            } else {
                PATIENCE.call
            };
            let attempts = (sample.took.as_millis() / wait.as_millis()) as usize;
            *lost.entry(sample.caller).or_default() += attempts;
        }
        most = most.max(lost.values().copied().max().unwrap_or_default());
        all += lost.values().sum::<usize>();
    }
    (most, all)
}

async fn a_third_of_the_fleet(options: &Options) {
    let instances = options.instances(20, 10);
    let hanging = instances * 35 / 100;
    let time = Duration::from_secs(options.either(40, 15));
    let (mut random, seed) = options.random();
    // Five times as fast as usual, so that a deletion would be seen.
    let fleet = Fleet::start_with(instances, &[1000, 400, 3000, 6000]).await;
    let held = Duration::from_secs(30);
    fleet.center.counts("up", instances as u64, held).await;
    let ids = ids_by_port(&fleet).await;
    let from = Ipv4Addr::LOCALHOST;
    let mut watcher = Watcher::open(from, fleet.center.port, TARGET)
        .await
        .expect("the center listens");

    let mut order: Vec<usize> = (0..instances).collect();
    random.shuffle(&mut order);
    let hung: HashSet<&str> = order[..hanging]
        .iter()
        .map(|&index| {
            let instance = &fleet.instances[index];
            instance.process.signal(Signal::STOP);
            ids[&instance.port].as_str()
        })
        .collect();
    let (mut healthy_out, mut down, mut removed) = (0, 0, 0);
    let end = tokio::time::Instant::now() + time;
    while let Ok(seen) = tokio::time::timeout_at(end, watcher.next()).await {
        let seen = seen.expect("the center runs");
        let (is_down, is_removed) = (seen.what == What::Down, seen.what == What::Removed);
        if hung.contains(seen.id.as_str()) {
            down += usize::from(is_down);
            removed += usize::from(is_removed);
        } else {
            healthy_out += usize::from(is_down || is_removed);
        }
    }
    let health = http::get(fleet.center.port, "/health").await;
    let guard = health.expect("the center answers").json()["guard"]["text"].take();
    heading(
        "More than a third of the fleet hangs",
        &format!(
            "{instances} instances, of which {hanging} are stopped by SIGSTOP for {} s, with a center \
             whose times are a fifth of the usual ones; seed {seed}. Healthy instances that were \
             told to be down or deleted: **{healthy_out}**. Of those that hang, {down} were told to \
             be down and {removed} were deleted. What the center's guard says at the end: {}.",
            time.as_secs(),
            guard.as_str().unwrap_or_default()
        ),
    );
    for index in &order[..hanging] {
        fleet.instances[*index].process.signal(Signal::CONT);
    }
}

async fn ids_by_port(fleet: &Fleet) -> HashMap<u16, String> {
    let path = format!("/v1/services/{TARGET}");
    let view = http::get(fleet.center.port, &path).await;
    let view: Value = view.expect("the center answers").json();
    let instances = view["instances"].as_array().expect("a list").iter();
    let by_port = |instance: &Value| {
        let port = instance["port"].as_u64()?.try_into().ok()?;
        Some((port, instance["id"].as_str()?.to_owned()))
    };
    instances.filter_map(by_port).collect()
}
