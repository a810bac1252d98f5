//! How long it takes until every watcher knows: of an instance that registers, one
//! that leaves, and one that is killed.
//!
//! The instances answer the center's pings from this process, and one more is killed
//! for real. A figure is the time from sending the request (or the signal) until the
//! last watcher has the event.

use std::time::{Duration, Instant};

use support::port;
use support::process::Process;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::address;
use crate::center::{CenterProcess, role};
use crate::options::Options;
use crate::plain::{Pingable, PlainInstance};
use crate::report::{Table, Times, heading, millis};
use crate::services::TARGET;
use crate::watcher::{Seen, Watcher, What};

pub(crate) async fn run(options: &Options) {
    let instances = options.instances(1000, 50);
    let watchers = options.watchers(100, 10);
    let rounds = options.rounds(200, 10);
    let center = CenterProcess::start().await;
    let pingable = Pingable::listen(64).await;
    let instance = |number: usize, id: String| PlainInstance {
        service: TARGET.to_owned(),
        id,
        host: address::numbered(number),
        port: pingable.port(number),
    };
    for number in 0..instances {
        let instance = instance(number, format!("fleet-{number}"));
        instance.register(center.port).await.expect("it registers");
    }
    let mut everybody = Everybody::start(&center, watchers).await;

    let (mut came, mut left, mut died) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let instance = instance(instances + round, format!("round-{round}"));
        let began = Instant::now();
        instance.register(center.port).await.expect("it registers");
        came.push(everybody.know(What::Starting, &instance.id, began).await);
        let began = Instant::now();
        instance.leave(center.port).await.expect("it leaves");
        left.push(everybody.know(What::Removed, &instance.id, began).await);
    }
    for _ in 0..rounds.min(50) {
        let mut process = service(&center).await;
        let id = everybody.next_that_is_up().await;
        center.counts("held", 1, Duration::from_secs(30)).await;
        let began = Instant::now();
        process.kill();
        died.push(everybody.know(What::Down, &id, began).await);
    }
    heading(
        "How long until every watcher knows",
        &format!(
            "{instances} instances of one service, {watchers} watchers of it, one center with its \
             usual times; from sending the request (or `kill -9`) until the last watcher has read \
             the event. Nothing is left to chance but the center's pings."
        ),
    );
    let mut table = Table::new(["milliseconds", "p50", "p99", "greatest", "times"]);
    for (what, times) in [
        ("an instance registers", came),
        ("an instance leaves", left),
        ("a process is killed", died),
    ] {
        let times = Times::new(times);
        table.row([
            what.to_owned(),
            millis(times.at(0.5)),
            millis(times.at(0.99)),
            millis(times.longest()),
            times.count().to_string(),
        ]);
    }
    table.print();
}

/// The watchers, and what they see.
struct Everybody {
    watchers: usize,
    seen: mpsc::UnboundedReceiver<Seen>,
    _watching: JoinSet<()>,
}

impl Everybody {
    async fn start(center: &CenterProcess, watchers: usize) -> Self {
        let (tell, seen) = mpsc::unbounded_channel();
        let mut watching = JoinSet::new();
        for number in 0..watchers {
            let from = address::numbered(number);
            let mut watcher = Watcher::open(from, center.port, TARGET)
                .await
                .expect("the center listens");
            let tell = tell.clone();
            watching.spawn(async move {
                while let Some(seen) = watcher.next().await {
                    let _ = tell.send(seen);
                }
            });
        }
        let mut everybody = Self {
            watchers,
            seen,
            _watching: watching,
        };
        let now = Instant::now();
        everybody.know(What::Snapshot, "", now).await;
        everybody
    }

    /// The time until each watcher has this event.
    async fn know(&mut self, what: What, id: &str, began: Instant) -> Duration {
        let mut missing = self.watchers;
        let mut last = began;
        while missing > 0 {
            let seen = self.next().await;
            if seen.what == what && seen.id == id {
                missing -= 1;
                last = last.max(seen.at);
            }
        }
        last - began
    }

    /// Waits until a process is up that has made its id itself.
    async fn next_that_is_up(&mut self) -> String {
        loop {
            let seen = self.next().await;
            if seen.what == What::Up && !seen.id.contains('-') {
                return seen.id;
            }
        }
    }

    async fn next(&mut self) -> Seen {
        let next = tokio::time::timeout(Duration::from_secs(30), self.seen.recv()).await;
        next.expect("it is told").expect("there are watchers")
    }
}

/// A real service that holds its registration.
async fn service(center: &CenterProcess) -> Process {
    let own = port::free();
    let mut process = role("service")
        .arg(TARGET)
        .env("MFHM_CENTER", center.url())
        .env("MFHM_PORT", own)
        .start();
    process.answers(own, "/ping", 200).await;
    process
}
