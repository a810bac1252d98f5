//! What the servers take with many instances registered, and nothing else to do.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use support::figures::plain::{Held, Pingable};
use support::figures::report::{Table, heading};
use support::figures::{address, machine};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Options;
use crate::cores::Cores;
use crate::etcd::Grpc;
use crate::instances::{Instance, PORTS};
use crate::lookups::expect;
use crate::servers::Server;
use crate::wire::Connection;

/// What the instances are called, so that no list is too long to be looked at.
const SERVICES: usize = 100;
/// So many register at a time.
const AT_ONCE: usize = 128;

pub(crate) async fn run(options: &Options, cores: &Cores) {
    let count = options.instances();
    machine::need_descriptors(count + 2000);
    let quiet = Duration::from_secs(if options.small { 1 } else { 15 });
    let pingable = Arc::new(Pingable::listen(PORTS).await);
    heading(
        "Memory",
        &format!(
            "{count} instances of {SERVICES} services, registered {AT_ONCE} at a time, each from an address of its own. The \
             resident memory of the server's process in MiB: when it had started; {quiet:?} after all were \
             registered, with the pings and renewals that go on; and the most that it ever was."
        ),
    );
    let mut table = Table::new([
        "",
        "at the start",
        "with the instances",
        "at most",
        "KiB for each",
    ]);
    let mut row = |name: &str, before: f64, server: &Server| {
        let (now, most) = (
            machine::memory(server.pid()),
            machine::peak_memory(server.pid()),
        );
        table.row([
            name.to_owned(),
            format!("{before:.1}"),
            format!("{now:.1}"),
            format!("{most:.1}"),
            format!("{:.2}", (now - before) * 1024.0 / count as f64),
        ]);
    };

    let center = Server::mfhm(cores).await;
    let before = machine::memory(center.pid());
    let held = hold(&center, count, &pingable).await;
    center.counts("held", count as u64).await;
    center.counts("up", count as u64).await;
    tokio::time::sleep(quiet).await;
    row("mfhm, each held by an open stream", before, &center);
    drop((center, held));

    let center = Server::mfhm(cores).await;
    let before = machine::memory(center.pid());
    online(&center, count, &pingable).await;
    center.counts("up", count as u64).await;
    tokio::time::sleep(quiet).await;
    row("mfhm, registered as Python services do", before, &center);
    drop(center);

    if let Some(etcd) = Server::etcd(cores).await {
        let before = machine::memory(etcd.pid());
        put(&etcd, count, &pingable).await;
        tokio::time::sleep(quiet).await;
        row("etcd, a key and a lease for each", before, &etcd);
    }
    if let Some(python) = Server::python(cores).await {
        let before = machine::memory(python.pid());
        online(&python, count, &pingable).await;
        tokio::time::sleep(quiet).await;
        row("Python's center", before, &python);
    }
    table.print();
}

/// Registers them by v1, and holds them for as long as what is returned.
async fn hold(center: &Server, count: usize, pingable: &Pingable) -> Vec<Held> {
    let port = center.port;
    side_by_side(instances(count, pingable).map(|instance| async move {
        let connection = Connection::open_from(instance.host, port).await;
        let mut connection = connection.expect("it listens");
        expect(&mut connection, &instance.register(), 200).await;
        instance.hold(port).await
    }))
    .await
}

async fn online(center: &Server, count: usize, pingable: &Pingable) {
    let port = center.port;
    let instances = instances(count, pingable);
    side_by_side(instances.map(|instance| async move {
        let connection = Connection::open_from(instance.host, port).await;
        let mut connection = connection.expect("it listens");
        expect(&mut connection, &instance.online(), 200).await;
    }))
    .await;
}

async fn put(etcd: &Server, count: usize, pingable: &Pingable) {
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(Grpc::open(etcd.port).await.expect("etcd listens"));
    }
    let instances = instances(count, pingable).enumerate();
    side_by_side(instances.map(|(number, instance)| {
        let mut grpc = connections[number % connections.len()].clone();
        async move {
            let lease = grpc.grant(600).await.expect("a lease");
            grpc.put(&instance.put(lease)).await.expect("etcd takes it");
        }
    }))
    .await;
}

fn instances(count: usize, pingable: &Pingable) -> impl Iterator<Item = Instance> {
    (0..count).map(|number| Instance {
        service: format!("service-{}", number % SERVICES),
        id: format!("0123456789abcdef0123456789{number:06}"),
        host: address::numbered(number),
        port: pingable.port(number),
    })
}

/// Runs all of them, so many at a time.
async fn side_by_side<F>(all: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for one in all {
        let place = places.clone().acquire_owned().await;
        running.spawn(async move {
            let done = one.await;
            drop(place);
            done
        });
    }
    running.join_all().await
}
