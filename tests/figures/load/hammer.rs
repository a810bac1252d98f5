//! The same again and again, by so many callers at once, for some time.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// What came of a turn.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub times: Vec<Duration>,
    pub took: Duration,
    /// Processor time that the server took meanwhile.
    pub processor: Duration,
}

/// What one caller does.
pub(crate) trait Work: Send + 'static {
    /// Once. What fails ends the program: a figure without it means nothing.
    fn once(&mut self) -> impl Future<Output = ()> + Send;
}

/// Lets all callers work until the time is over. `server` is the process that answers.
pub(crate) async fn hammer<W: Work>(
    callers: Vec<W>,
    time: Duration,
    server: u32,
) -> (Turn, Vec<W>) {
    let mut running = JoinSet::new();
    let (before, began) = (processor_time(server), Instant::now());
    for mut caller in callers {
        running.spawn(async move {
            let mut times = Vec::new();
            let mut last = Instant::now();
            while last.duration_since(began) < time {
                caller.once().await;
                let now = Instant::now();
                times.push(now.duration_since(last));
                last = now;
            }
            (times, caller)
        });
    }
    let mut turn = Turn::default();
    let mut callers = Vec::new();
    for (times, caller) in running.join_all().await {
        turn.times.extend(times);
        callers.push(caller);
    }
    turn.took = began.elapsed();
    turn.processor = processor_time(server).saturating_sub(before);
    (turn, callers)
}

impl Turn {
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    /// In microseconds.
    pub(crate) fn processor_of_one(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.times.len() as f64
    }
}

/// What a process has used of the processors so far.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may have spaces in it. Then come the state and 10 numbers
    // before the two that are meant.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
    // What Linux tells programs counts in hundredths of a second on all machines.
    Duration::from_millis(10 * ticks)
}

/// The median of the values of all rounds.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
