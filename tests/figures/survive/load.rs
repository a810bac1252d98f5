//! Calls made at a rate, and what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::callers::{Call, Calls};
use crate::report::Times;

/// The numbers of calls, each given once in a run of this program.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Which calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Only those that may be repeated.
    Reads,
    /// As many that may be repeated as that may not.
    Half,
}

/// Tasks that make calls until they are told to end. Dropping it ends them at once.
pub(crate) struct Load {
    began: Instant,
    made: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Vec<Sample>>,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub id: u64,
    /// The place of its caller among those of the load.
    pub caller: usize,
    pub is_write: bool,
    /// Since the start of the load.
    pub began: Duration,
    pub took: Duration,
    /// The process that answered, or the kind of the failure and an example.
    pub result: Result<u32, (&'static str, String)>,
}

/// All calls of a load.
#[derive(Debug)]
pub(crate) struct Record {
    pub samples: Vec<Sample>,
}

impl Load {
    /// So many tasks, which share the callers and make so many calls a second
    /// together, as long as the answers come soon enough for that.
    pub(crate) fn start(callers: &[Arc<dyn Calls>], tasks: usize, rate: u32, mix: Mix) -> Self {
        let began = Instant::now();
        let made = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = watch::channel(false);
        let period = Duration::from_secs(1) * tasks as u32 / rate.max(1);
        let mut set = JoinSet::new();
        for task in 0..tasks {
            let index = task % callers.len();
            let maker = Maker {
                calls: callers[index].clone(),
                caller: index,
                mix,
                began,
                made: made.clone(),
            };
            // They do not all begin at the same moment.
            let first = period * task as u32 / tasks as u32;
            set.spawn(maker.run(first, period, stopped.clone()));
        }
        Self {
            began,
            made,
            stop,
            tasks: set,
        }
    }

    /// Calls that have ended so far.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The time since its start.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets the calls end that are under way.
    pub(crate) async fn finish(mut self) -> Record {
        self.stop.send_replace(true);
        let mut samples = Vec::new();
        while let Some(made) = self.tasks.join_next().await {
            samples.append(&mut made.expect("a task that makes calls does not panic"));
        }
        Record { samples }
    }
}

struct Maker {
    calls: Arc<dyn Calls>,
    caller: usize,
    mix: Mix,
    began: Instant,
    made: Arc<AtomicU64>,
}

impl Maker {
    async fn run(
        self,
        first: Duration,
        period: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + first, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stopped| *stopped) => return samples,
            }
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            let is_write = self.mix == Mix::Half && samples.len() % 2 == 1;
            let began = Instant::now();
            let result = self.calls.call(Call { id, is_write }).await;
            samples.push(Sample {
                id,
                caller: self.caller,
                is_write,
                began: began - self.began,
                took: began.elapsed(),
                result: result.map_err(|failed| (failed.kind, failed.text)),
            });
            self.made.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Record {
    /// How many reads and how many writes failed.
    pub(crate) fn failed(&self) -> (usize, usize) {
        let failed = self.samples.iter().filter(|sample| sample.result.is_err());
        let writes = failed.clone().filter(|sample| sample.is_write).count();
        (failed.count() - writes, writes)
    }

    pub(crate) fn times(&self) -> Times {
        Times::new(self.samples.iter().map(|sample| sample.took).collect())
    }

    /// The calls that began in this span.
    pub(crate) fn between(&self, span: std::ops::Range<Duration>) -> impl Iterator<Item = &Sample> {
        let is_in = move |sample: &&Sample| span.contains(&sample.began);
        self.samples.iter().filter(is_in)
    }

    /// Each kind of failure: how often, and an example.
    pub(crate) fn failures(&self) -> BTreeMap<(&'static str, &'static str), (usize, &str)> {
        let mut kinds = BTreeMap::new();
        for sample in &self.samples {
            if let Err((kind, text)) = &sample.result {
                let what = if sample.is_write { "POST" } else { "GET" };
                kinds.entry((what, *kind)).or_insert((0, text.as_str())).0 += 1;
            }
        }
        kinds
    }
}
