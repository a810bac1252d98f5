//! Look-ups of one service of three instances, among a hundred such.

use std::net::Ipv4Addr;

use bytes::Bytes;
use support::figures::plain::Pingable;
use support::figures::report::{Table, Times, heading};

use crate::Options;
use crate::cores::Cores;
use crate::etcd::{self, Grpc, RangeRequest};
use crate::hammer::{Turn, Work, hammer, median};
use crate::instances::{Instance, prefix};
use crate::servers::Server;
use crate::wire::{Connection, request};

const SERVICES: usize = 100;
const OF_EACH: usize = 3;
const IN_FLIGHT: usize = 64;
/// HTTP/2 connections that share them.
const CONNECTIONS: usize = 4;

/// One way to look up.
struct Way<'a> {
    name: &'static str,
    server: &'a Server,
    ask: Ask,
    /// The way whose bytes this one's are.
    like: Option<usize>,
    /// What is said before each turn.
    before: Vec<Vec<u8>>,
    turns: Vec<Turn>,
}

enum Ask {
    Http(Vec<u8>),
    Grpc(RangeRequest),
}

pub(crate) async fn run(options: &Options, cores: &Cores) {
    let rounds = options.rounds(8, 2);
    let pingable = Pingable::listen(OF_EACH).await;
    let instances: Vec<Instance> = (0..SERVICES * OF_EACH)
        .map(|number| Instance {
            service: format!("service-{:02}", number / OF_EACH),
            id: format!("0123456789abcdef0123456789abc{number:03}"),
            host: Ipv4Addr::LOCALHOST,
            port: pingable.port(number),
        })
        .collect();

    let mfhm = Server::mfhm(cores).await;
    let mut connection = Connection::open(mfhm.port).await.expect("it listens");
    let mut held = Vec::new();
    for instance in &instances {
        expect(&mut connection, &instance.register(), 200).await;
        held.push(instance.hold(mfhm.port).await);
    }
    mfhm.counts("up", instances.len() as u64).await;
    let etcd = Server::etcd(cores).await;
    if let Some(etcd) = &etcd {
        let mut grpc = Grpc::open(etcd.port).await.expect("etcd listens");
        for instance in &instances {
            grpc.put(&instance.put(0)).await.expect("etcd takes it");
        }
    }
    let python = Server::python(cores).await;
    if let Some(python) = &python {
        let mut connection = Connection::open(python.port).await.expect("it listens");
        for instance in &instances {
            expect(&mut connection, &instance.online(), 200).await;
        }
    }

    let service = &instances[SERVICES / 2 * OF_EACH].service;
    let v1 = request("GET", &format!("/v1/services/{service}"), "");
    let by_python = request("GET", &format!("/service/{service}"), "");
    // The other one has been idle, and may be closed.
    let mut connection = Connection::open(mfhm.port).await.expect("it listens");
    let content = expect(&mut connection, &v1, 200).await;
    let like_v1 = Server::axum(cores, &content).await;
    let python_content = expect(&mut connection, &by_python, 200).await;
    let like_python = Server::axum(cores, &python_content).await;

    let way = |name, server, ask, like| Way {
        name,
        server,
        ask,
        like,
        before: Vec::new(),
        turns: Vec::new(),
    };
    let mut ways = vec![
        way(
            "bare axum, the bytes of the next",
            &like_v1,
            Ask::Http(v1.clone()),
            None,
        ),
        way(
            "mfhm, `GET /v1/services/{name}`",
            &mfhm,
            Ask::Http(v1),
            Some(0),
        ),
        way(
            "bare axum, the bytes of the next",
            &like_python,
            Ask::Http(by_python.clone()),
            None,
        ),
        way(
            "mfhm, `GET /service/{name}` (Python's)",
            &mfhm,
            Ask::Http(by_python.clone()),
            Some(2),
        ),
    ];
    let mut first_of_etcd = None;
    if let Some(etcd) = &etcd {
        first_of_etcd = Some(ways.len());
        let (key, end) = (prefix(service), etcd::end_of(&prefix(service)));
        let range = |serializable| RangeRequest {
            key: Bytes::from(key.clone()),
            range_end: end.clone(),
            serializable,
        };
        let mut grpc = Grpc::open(etcd.port).await.expect("etcd listens");
        let found = grpc.range(&range(false)).await.expect("etcd answers");
        assert_eq!(found, OF_EACH as i64, "etcd finds what was put");
        let body = format!(
            r#"{{"key":"{}","range_end":"{}","serializable":true}}"#,
            etcd::base64(key.as_bytes()),
            etcd::base64(&end)
        );
        let json = request("POST", "/v3/kv/range", &body);
        ways.push(way("etcd, gRPC", etcd, Ask::Grpc(range(false)), None));
        ways.push(way(
            "etcd, gRPC, serializable",
            etcd,
            Ask::Grpc(range(true)),
            None,
        ));
        ways.push(way(
            "etcd, `POST /v3/kv/range`, serializable",
            etcd,
            Ask::Http(json),
            None,
        ));
    }
    if let Some(python) = &python {
        let ask = Ask::Http(by_python);
        let mut way = way("Python's center, `GET /service/{name}`", python, ask, None);
        // It forgets an instance after one ping that takes too long.
        let looked_up = instances.iter().filter(|i| i.service == *service);
        way.before = looked_up.map(Instance::online).collect();
        ways.push(way);
    }

    // The first round warms all of them up.
    for round in 0..=rounds {
        for way in &mut ways {
            let turn = way.turn(options).await;
            if round > 0 {
                way.turns.push(turn);
            }
        }
    }
    drop(held);
    report(&ways, first_of_etcd, rounds, options, content.len());
}

fn report(
    ways: &[Way<'_>],
    first_of_etcd: Option<usize>,
    rounds: usize,
    options: &Options,
    bytes: usize,
) {
    heading(
        "Look-ups",
        &format!(
            "One of {SERVICES} services, {OF_EACH} instances each; {bytes} bytes of body by v1. {IN_FLIGHT} \
             callers, each with a kept connection and one request at a time (gRPC: {CONNECTIONS} \
             connections that they share), {rounds} rounds of {:?} for each. Rates and ratios are medians over \
             the rounds, with the least and the greatest ratio in brackets; the times are those of all requests. \
             \"Processor\" is what the server's process took of its processor for each look-up. The centers ping \
             their {} instances all the while.",
            options.turn(),
            SERVICES * OF_EACH
        ),
    );
    let mut table = Table::new([
        "",
        "look-ups a second",
        "p50 ms",
        "p99 ms",
        "processor, µs",
        "to bare axum",
        "to etcd, gRPC",
    ]);
    for way in ways {
        let times = Times::new(way.turns.iter().flat_map(|t| t.times.clone()).collect());
        let processor = way.turns.iter().map(Turn::processor_of_one);
        table.row([
            way.name.to_owned(),
            format!("{:.0}", median(way.turns.iter().map(Turn::rate).collect())),
            format!("{:.2}", times.at(0.5).as_secs_f64() * 1000.0),
            format!("{:.2}", times.at(0.99).as_secs_f64() * 1000.0),
            format!("{:.1}", median(processor.collect())),
            ratio(way, way.like.map(|like| &ways[like])),
            ratio(way, first_of_etcd.map(|first| &ways[first])),
        ]);
    }
    table.print();
}

/// The rate of one to that of the other, round by round.
fn ratio(one: &Way<'_>, other: Option<&Way<'_>>) -> String {
    let Some(other) = other.filter(|other| other.name != one.name) else {
        return String::new();
    };
    let rounds = one.turns.iter().zip(&other.turns);
    let mut ratios: Vec<f64> = rounds
        .map(|(one, other)| one.rate() / other.rate())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ends = [ratios.first(), ratios.last()].map(|end| end.copied().unwrap_or(f64::NAN));
    format!("{:.2} ({:.2} to {:.2})", median(ratios), ends[0], ends[1])
}

impl Way<'_> {
    async fn turn(&self, options: &Options) -> Turn {
        let (time, pid) = (options.turn(), self.server.pid());
        if !self.before.is_empty() {
            let connection = Connection::open(self.server.port).await;
            let mut connection = connection.expect("it listens");
            for request in &self.before {
                expect(&mut connection, request, 200).await;
            }
        }
        match &self.ask {
            Ask::Http(request) => {
                let mut callers = Vec::new();
                for _ in 0..IN_FLIGHT {
                    callers.push(HttpCaller {
                        connection: Connection::open(self.server.port)
                            .await
                            .expect("it listens"),
                        request: request.clone(),
                    });
                }
                hammer(callers, time, pid).await.0
            }
            Ask::Grpc(range) => {
                let mut connections = Vec::new();
                for _ in 0..CONNECTIONS {
                    connections.push(Grpc::open(self.server.port).await.expect("it listens"));
                }
                let callers = (0..IN_FLIGHT).map(|number| GrpcCaller {
                    grpc: connections[number % CONNECTIONS].clone(),
                    range: range.clone(),
                });
                hammer(callers.collect(), time, pid).await.0
            }
        }
    }
}

struct HttpCaller {
    connection: Connection,
    request: Vec<u8>,
}

impl Work for HttpCaller {
    async fn once(&mut self) {
        let answer = self.connection.exchange(&self.request).await;
        let answer = answer.expect("an answer");
        let asked = String::from_utf8_lossy(&self.request);
        assert_eq!(answer.status, 200, "{asked}");
    }
}

struct GrpcCaller {
    grpc: Grpc,
    range: RangeRequest,
}

impl Work for GrpcCaller {
    async fn once(&mut self) {
        let found = self.grpc.range(&self.range).await.expect("an answer");
        assert_eq!(found, OF_EACH as i64);
    }
}

/// Sends a request that has to succeed; the body of its answer.
pub(crate) async fn expect(connection: &mut Connection, request: &[u8], status: u16) -> Vec<u8> {
    let answer = connection.exchange(request).await.expect("an answer");
    assert_eq!(
        answer.status,
        status,
        "{}",
        String::from_utf8_lossy(answer.body)
    );
    answer.body.to_vec()
}
