//! The three kinds of callers side by side: the same load at the same time.

use std::collections::HashMap;
use std::time::Duration;

use support::wait;

use crate::callers::{Patience, Way};
use crate::fleet::Fleet;
use crate::load::{Load, Mix, Record, Sample};
use crate::report::{Table, millis};
use crate::services::TARGET;

/// A load of each kind.
pub(crate) struct Sides {
    loads: Vec<(Way, Load)>,
}

/// How a load is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Callers that know nothing of each other.
    pub callers: usize,
    /// Calls that are under way at a time, at most.
    pub tasks: usize,
    /// Calls a second.
    pub rate: u32,
    pub mix: Mix,
    pub patience: Patience,
}

impl Plan {
    /// One caller of each kind with 16 calls at a time.
    pub(crate) fn of_one(rate: u32, mix: Mix) -> Self {
        Self {
            callers: 1,
            tasks: 16,
            rate,
            mix,
            patience: Patience::default(),
        }
    }
}

impl Sides {
    /// Starts to call the instances of the fleet.
    pub(crate) async fn start(fleet: &Fleet, plan: Plan) -> Self {
        let mut all = Vec::new();
        for way in Way::ALL {
            let mut callers = Vec::new();
            for _ in 0..plan.callers {
                let url = fleet.center.url();
                let lists = Some(fleet.lists.path());
                callers.push(way.caller(&url, TARGET, plan.patience, lists).await);
            }
            all.push((way, callers));
        }
        let start = |(way, callers): (Way, Vec<_>)| {
            (way, Load::start(&callers, plan.tasks, plan.rate, plan.mix))
        };
        let sides = Self {
            loads: all.into_iter().map(start).collect(),
        };
        // Each has its list, and connections.
        sides.reach(4 * plan.tasks as u64).await;
        sides
    }

    /// Waits until mfhm's client has made so many calls in all.
    pub(crate) async fn reach(&self, calls: u64) {
        let time = Duration::from_secs(600);
        let reached = wait::within(time, async || (self.mfhm().made() >= calls).then_some(()));
        assert!(
            reached.await.is_some(),
            "{calls} calls take longer than {time:?}"
        );
    }

    /// The time since the loads began.
    pub(crate) fn now(&self) -> Duration {
        self.mfhm().now()
    }

    pub(crate) async fn finish(self) -> Vec<(Way, Record)> {
        let ends = self.loads.into_iter();
        let ends = ends.map(|(way, load)| async move { (way, load.finish().await) });
        futures_util::future::join_all(ends).await
    }

    fn mfhm(&self) -> &Load {
        &self.loads[0].1
    }
}

/// What failed, what ran twice, and the times.
pub(crate) fn print(records: &[(Way, Record)], runs: &HashMap<u64, usize>) {
    let mut table = Table::new([
        "callers",
        "calls",
        "failed GETs",
        "failed POSTs",
        "POSTs that ran twice",
        "p50 ms",
        "p99 ms",
        "longest ms",
    ]);
    for (way, record) in records {
        let (reads, writes) = record.failed();
        let times = record.times();
        let has_run = |sample: &&Sample| sample.result.is_err() && runs.contains_key(&sample.id);
        let ran = record.samples.iter().filter(has_run).count();
        let is_twice = |id: &u64| runs.get(id).is_some_and(|times| *times > 1);
        let twice = record.samples.iter().filter(|sample| is_twice(&sample.id));
        table.row([
            way.name().to_owned(),
            record.samples.len().to_string(),
            reads.to_string(),
            match writes {
                0 => "0".to_owned(),
                _ => format!("{writes} ({ran} ran)"),
            },
            twice.count().to_string(),
            millis(times.at(0.5)),
            millis(times.at(0.99)),
            millis(times.longest()),
        ]);
    }
    table.print();
    print_failures(records);
}

/// The kinds of failures, each with an example.
pub(crate) fn print_failures(records: &[(Way, Record)]) {
    for (way, record) in records {
        for ((what, kind), (count, example)) in record.failures() {
            println!(
                "- {}: {count} {what}s, {kind}, such as: `{example}`",
                way.name()
            );
        }
    }
}
