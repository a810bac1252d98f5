//! Registrations of new instances, each on disk before it is acknowledged.

use std::net::Ipv4Addr;
use std::sync::Arc;

use support::figures::address;
use support::figures::plain::Pingable;
use support::figures::report::{Table, Times, heading};

use crate::Options;
use crate::cores::Cores;
use crate::etcd::Grpc;
use crate::hammer::{Turn, Work, hammer, median};
use crate::instances::{Instance, PORTS};
use crate::servers::Server;
use crate::syncs::Syncs;
use crate::wire::Connection;

/// So many callers at once.
const CALLERS: [usize; 3] = [1, 16, 128];
/// HTTP/2 connections that they share.
const CONNECTIONS: usize = 4;
/// Seconds; the leases are given back long before.
const LEASE: i64 = 600;

/// One way to register.
struct Way<'a> {
    name: &'static str,
    server: &'a Server,
    by: By,
    /// One for each number of callers.
    figures: [Figures; CALLERS.len()],
}

#[derive(Default)]
struct Figures {
    turns: Vec<Turn>,
    /// Syncs of a file for each registration, where they could be counted.
    syncs: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    V1,
    Online,
    Put,
    LeaseAndPut,
    PutJson,
}

pub(crate) async fn run(options: &Options, cores: &Cores) {
    let rounds = options.rounds(5, 1);
    let pingable = Arc::new(Pingable::listen(PORTS).await);
    let mfhm = Server::mfhm(cores).await;
    let etcd = Server::etcd(cores).await;
    let python = Server::python(cores).await;
    let way = |name, server, by| Way {
        name,
        server,
        by,
        figures: Default::default(),
    };
    let mut ways = vec![way("mfhm, `POST /v1/instances`", &mfhm, By::V1)];
    if let Some(etcd) = &etcd {
        ways.push(way("etcd, gRPC: a put", etcd, By::Put));
        ways.push(way(
            "etcd, gRPC: a lease, and a put with it",
            etcd,
            By::LeaseAndPut,
        ));
        ways.push(way("etcd, `POST /v3/kv/put`", etcd, By::PutJson));
    }
    if let Some(python) = &python {
        ways.push(way(
            "Python's center, `POST /online` (not durable)",
            python,
            By::Online,
        ));
    }
    let mut run = 0;
    for round in 0..=rounds {
        for (index, callers) in CALLERS.into_iter().enumerate() {
            for way in &mut ways {
                run += 1;
                // The first round warms up, and its syncs are counted, which takes time.
                let syncs = match round {
                    0 => Syncs::count(way.server.pid()).await,
                    _ => None,
                };
                let (turn, counted) = way.turn(run, callers, options, &pingable, syncs).await;
                let figures = &mut way.figures[index];
                if round > 0 {
                    figures.turns.push(turn);
                } else {
                    figures.syncs = counted.map(|n| n as f64 / turn.times.len() as f64);
                }
            }
        }
    }
    heading(
        "Durable registrations",
        &format!(
            "New instances, each registered by a request on a kept connection, by so many callers at \
             once; {rounds} rounds of {:?} for each, after each of which all leave. The data of all is on the same disk, with the \
             syncs that each makes by itself. mfhm's center pings each new instance besides, and writes its \
             audit trail. Python's center has them in memory, and writes them to a file every two minutes. Rates and ratios are medians over the rounds; syncs \
             (fsync, fdatasync) were counted with strace in a round of their own.",
            options.turn()
        ),
    );
    let mut table = Table::new([
        "",
        "callers",
        "registrations a second",
        "p50 ms",
        "p99 ms",
        "syncs for each",
        "mfhm's rate to this",
    ]);
    for (index, callers) in CALLERS.into_iter().enumerate() {
        for way in &ways {
            let Figures { turns, syncs } = &way.figures[index];
            let times = Times::new(turns.iter().flat_map(|t| t.times.clone()).collect());
            let ours = &ways[0].figures[index].turns;
            let ratios = ours.iter().zip(turns).map(|(a, b)| a.rate() / b.rate());
            table.row([
                way.name.to_owned(),
                callers.to_string(),
                format!("{:.0}", median(turns.iter().map(Turn::rate).collect())),
                format!("{:.1}", times.at(0.5).as_secs_f64() * 1000.0),
                format!("{:.1}", times.at(0.99).as_secs_f64() * 1000.0),
                syncs.map_or(String::new(), |syncs| format!("{syncs:.2}")),
                format!("{:.2}", median(ratios.collect())),
            ]);
        }
    }
    table.print();
}

impl Way<'_> {
    /// Registers for some time, then has all leave.
    async fn turn(
        &self,
        run: usize,
        callers: usize,
        options: &Options,
        pingable: &Arc<Pingable>,
        syncs: Option<Syncs>,
    ) -> (Turn, Option<u64>) {
        let mut connections = Vec::new();
        if self.by.is_grpc() {
            for _ in 0..CONNECTIONS.min(callers) {
                connections.push(Grpc::open(self.server.port).await.expect("it listens"));
            }
        }
        let mut all = Vec::new();
        for number in 0..callers {
            let host = address::numbered(number);
            let way = if self.by.is_grpc() {
                To::Grpc(connections[number % connections.len()].clone())
            } else {
                let connection = Connection::open_from(host, self.server.port).await;
                To::Http(connection.expect("it listens"))
            };
            all.push(Caller {
                by: self.by,
                to: way,
                kind: format!("r{run}"),
                host,
                pingable: pingable.clone(),
                registered: Vec::new(),
            });
        }
        let (turn, mut all) = hammer(all, options.turn(), self.server.pid()).await;
        let counted = match syncs {
            Some(syncs) => syncs.end().await,
            None => None,
        };
        if self.by == By::Put || self.by == By::PutJson {
            let mut grpc = Grpc::open(self.server.port).await.expect("it listens");
            grpc.delete("/services/").await.expect("etcd deletes");
        } else {
            let mut leaving = tokio::task::JoinSet::new();
            for mut caller in all.drain(..) {
                leaving.spawn(async move { caller.leave().await });
            }
            leaving.join_all().await;
        }
        (turn, counted)
    }
}

impl By {
    fn is_grpc(self) -> bool {
        matches!(self, Self::Put | Self::LeaseAndPut)
    }
}

enum To {
    Http(Connection),
    Grpc(Grpc),
}

struct Caller {
    by: By,
    to: To,
    kind: String,
    host: Ipv4Addr,
    pingable: Arc<Pingable>,
    /// Each with its lease.
    registered: Vec<(Instance, i64)>,
}

impl Work for Caller {
    async fn once(&mut self) {
        let number = self.registered.len();
        let instance = Instance::new(&self.kind, number, self.host, &self.pingable);
        let mut lease = 0;
        match (&mut self.to, self.by) {
            (To::Http(connection), by) => {
                let request = match by {
                    By::V1 => instance.register(),
                    By::PutJson => instance.put_json(),
                    _ => instance.online(),
                };
                let answer = connection.exchange(&request).await.expect("an answer");
                let body = String::from_utf8_lossy(answer.body);
                assert_eq!(answer.status, 200, "{body}");
                assert!(!body.contains("-1"), "{body}");
            }
            (To::Grpc(grpc), by) => {
                if by == By::LeaseAndPut {
                    lease = grpc.grant(LEASE).await.expect("a lease");
                }
                grpc.put(&instance.put(lease)).await.expect("etcd takes it");
            }
        }
        self.registered.push((instance, lease));
    }
}

impl Caller {
    async fn leave(&mut self) {
        for (instance, lease) in self.registered.drain(..) {
            match (&mut self.to, self.by) {
                (To::Http(connection), By::V1) => {
                    let answer = connection.exchange(&instance.leave()).await;
                    assert_eq!(answer.expect("an answer").status, 204);
                }
                (To::Http(connection), _) => {
                    let answer = connection.exchange(&instance.offline()).await;
                    assert_eq!(answer.expect("an answer").status, 200);
                }
                (To::Grpc(grpc), _) => grpc.revoke(lease).await.expect("etcd takes it back"),
            }
        }
    }
}
