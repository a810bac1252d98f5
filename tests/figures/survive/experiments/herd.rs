//! Thousands of instances lose their center and come back at once; thousands of
//! watchers, one of which never reads.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::address;
use crate::center::CenterProcess;
use crate::machine::{need_descriptors, peak_memory};
use crate::options::Options;
use crate::plain::{Held, Pingable, PlainInstance};
use crate::report::{Table, Times, heading, millis, seconds};
use crate::watcher::{Seen, Watcher, What};

/// What the instances are called, so that no list is too long to be looked at.
const SERVICES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);
/// How long an instance waits for the center before it tries again.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two tries it waits for a time that is drawn from these, the upper one
/// growing from the first to the longest, as `docs/protocol.md` says.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(crate) async fn run(options: &Options) {
    instances(options).await;
    watchers(options).await;
}

async fn instances(options: &Options) {
    let count = options.instances(10_000, 300);
    need_descriptors(count + 2000);
    let mut center = CenterProcess::start().await;
    let pingable = Pingable::listen(16).await;
    let mut herd = JoinSet::new();
    let began = Instant::now();
    for number in 0..count {
        let instance = PlainInstance {
            service: format!("service-{}", number % SERVICES),
            id: format!("herd-{number}"),
            host: address::numbered(number),
            port: pingable.port(number),
        };
        herd.spawn(live(instance, center.port));
    }
    let wanted = count as u64;
    center.counts("held", wanted, PATIENCE).await;
    let first = began.elapsed();
    center.counts("up", wanted, PATIENCE).await;
    let memory = peak_memory(center.process.id());

    center.process.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    center.start_again().await;
    let began = Instant::now();
    let mut losses = Losses::watch(&center).await;
    center.counts("held", wanted, PATIENCE).await;
    let kept = began.elapsed();
    // What is lost now was live.
    tokio::time::sleep(Duration::from_secs(options.either(20, 3))).await;
    let registered = center.count("instances").await.unwrap_or_default();
    let lost = losses.count();

    center.process.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    center.start_empty().await;
    let began = Instant::now();
    center.counts("held", wanted, PATIENCE).await;
    let empty = began.elapsed();
    let registered_anew = center.count("instances").await.unwrap_or_default();
    let memory_anew = peak_memory(center.process.id());

    heading(
        "All instances come back at once",
        &format!(
            "{count} instances of {SERVICES} services, each with an address of its own and an open \
             stream to the center, which pings each of them every 5 s. The center is killed and \
             started again 1 s later. An instance that cannot reach it, or hears nothing from it for 5 s, \
             tries again after a pause that grows from 0.1 to 30 s, drawn by chance as the \
             protocol says."
        ),
    );
    let mut table = Table::new([
        "",
        "s until all are registered and held",
        "registered then",
        "told to be down or removed",
        "center's peak memory, MiB",
    ]);
    table.row([
        "the first time".to_owned(),
        seconds(first),
        count.to_string(),
        String::new(),
        format!("{memory:.0}"),
    ]);
    table.row([
        "with what was on the center's disk".to_owned(),
        seconds(kept),
        registered.to_string(),
        lost.to_string(),
        String::new(),
    ]);
    table.row([
        "with an empty disk".to_owned(),
        seconds(empty),
        registered_anew.to_string(),
        String::new(),
        format!("{memory_anew:.0}"),
    ]);
    table.print();
}

/// Registers, holds the registration, and begins anew when the stream ends.
async fn live(instance: PlainInstance, center: u16) {
    let mut ceiling = FIRST_PAUSE;
    loop {
        let held = tokio::time::timeout(ANSWER, hold(&instance, center)).await;
        if let Ok(Ok(Some(held))) = held {
            held.ended().await;
            ceiling = FIRST_PAUSE;
        }
        let pause = FIRST_PAUSE + (ceiling - FIRST_PAUSE).mul_f64(fastrand::f64());
        tokio::time::sleep(pause).await;
        ceiling = (ceiling * 2).min(LONGEST_PAUSE);
    }
}

async fn hold(instance: &PlainInstance, center: u16) -> io::Result<Option<Held>> {
    match instance.hold(center).await? {
        Some(held) => Ok(Some(held)),
        None => {
            instance.register(center).await?;
            instance.hold(center).await
        }
    }
}

/// Counts the instances that watchers are told to be down or removed.
struct Losses {
    told: mpsc::UnboundedReceiver<()>,
    _watching: JoinSet<()>,
}

impl Losses {
    async fn watch(center: &CenterProcess) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let mut watching = JoinSet::new();
        for service in 0..SERVICES {
            let service = format!("service-{service}");
            // The accept queue may be full of those that come back.
            let mut watcher = Watcher::open(Ipv4Addr::LOCALHOST, center.port, &service)
                .await
                .expect("the center listens");
            let tell = tell.clone();
            watching.spawn(async move {
                while let Some(seen) = watcher.next().await {
                    if matches!(seen.what, What::Down | What::Removed) {
                        let _ = tell.send(());
                    }
                }
            });
        }
        Self {
            told,
            _watching: watching,
        }
    }

    fn count(&mut self) -> usize {
        std::iter::from_fn(|| self.told.try_recv().ok()).count()
    }
}

async fn watchers(options: &Options) {
    const SERVICE: &str = "watched";
    let count = options.watchers(10_000, 300);
    let rounds = options.rounds(20, 3);
    need_descriptors(count + 2000);
    let center = CenterProcess::start().await;
    let pingable = Pingable::listen(1).await;
    let instance = |number: usize| PlainInstance {
        service: SERVICE.to_owned(),
        id: format!("watched-{number}"),
        host: address::numbered(number),
        port: pingable.port(number),
    };
    for number in 0..10 {
        let registered = instance(number).register(center.port).await;
        registered.expect("it registers");
    }
    // One that never reads.
    let mut stalled = address::connect(address::numbered(0), center.port)
        .await
        .expect("the center listens");
    let request = format!("GET /v1/watch?service={SERVICE} HTTP/1.0\r\nhost: a\r\n\r\n");
    let sent = stalled.write_all(request.as_bytes()).await;
    sent.expect("it is sent");

    let (tell, mut told) = mpsc::unbounded_channel();
    let mut watching = JoinSet::new();
    // No more at a time than the center's accept queue takes.
    let opening = Arc::new(Semaphore::new(256));
    for number in 0..count {
        let (tell, opening, port) = (tell.clone(), opening.clone(), center.port);
        watching.spawn(async move {
            let turn = opening.acquire().await;
            let mut watcher = Watcher::open(address::numbered(number), port, SERVICE)
                .await
                .expect("the center listens");
            let mut next = watcher.next().await;
            drop(turn);
            while let Some(seen) = next {
                let _ = tell.send(seen);
                next = watcher.next().await;
            }
        });
    }
    // One watcher may have the next event before the last one has this.
    let mut seen_at: HashMap<(What, String), Vec<Instant>> = HashMap::new();
    let mut wait_for = async |what: What, id: &str, began: Instant| {
        let wanted = (what, id.to_owned());
        while seen_at.get(&wanted).map_or(0, Vec::len) < count {
            let next = tokio::time::timeout(PATIENCE, told.recv()).await;
            let Seen { what, id, at } = next.expect("it is told").expect("there are watchers");
            seen_at.entry((what, id)).or_default().push(at);
        }
        let times = seen_at.remove(&wanted).unwrap_or_default();
        let times = times.into_iter().map(|at| at - began);
        times.collect::<Vec<Duration>>()
    };
    wait_for(What::Snapshot, "", Instant::now()).await;

    let (mut each, mut last) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let instance = instance(10 + round);
        let began = Instant::now();
        let registered = instance.register(center.port).await;
        registered.expect("it registers");
        let came = wait_for(What::Starting, &instance.id, began).await;
        // It is pinged, and told to be up; the next change is not to be mixed with that.
        wait_for(What::Up, &instance.id, began).await;
        let began = Instant::now();
        instance.leave(center.port).await.expect("it leaves");
        let left = wait_for(What::Removed, &instance.id, began).await;
        for times in [came, left] {
            last.push(times.iter().copied().max().unwrap_or_default());
            each.extend(times);
        }
    }
    let memory = peak_memory(center.process.id());
    heading(
        "Many watchers",
        &format!(
            "{count} watchers of one service of 10 instances, and one that never reads, at one \
             center; {rounds} instances register and leave, one after the other. Milliseconds from \
             sending the request; the watchers are all in one process, on the same machine. The \
             center's peak memory was {memory:.0} MiB."
        ),
    );
    let mut table = Table::new(["milliseconds", "p50", "p99", "greatest"]);
    for (what, times) in [
        ("until a watcher knows", each),
        ("until the last one knows", last),
    ] {
        let times = Times::new(times);
        table.row([
            what.to_owned(),
            millis(times.at(0.5)),
            millis(times.at(0.99)),
            millis(times.longest()),
        ]);
    }
    table.print();
    drop(stalled);
}
