//! Whole processes under load, side by side in one run: the same callers send
//! the same calls to a service made with mfhm and to one made by hand, and a
//! service is called by mfhm's client and by reqwest, in turns.
//!
//! ```sh
//! cargo bench -p mfhm-benches --bench load [-- CALLS ROUNDS]
//! ```
//!
//! It prints, for each pair, the median over the rounds of the ratio of their
//! times, and the least and the greatest ratio. Servers are processes of their
//! own. 64 calls are in flight at a time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mfhm::{App, Caller, Center};
use mfhm_benches::by_hand;
use mfhm_benches::client::Connection;
use mfhm_benches::contract::{BenchClient, Service};
use tokio::runtime::Runtime;

const IN_FLIGHT: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let runtime = Runtime::new().expect("a runtime");
    match arguments.first().map(String::as_str) {
        Some("serve-axum") => runtime.block_on(serve_axum()),
        Some("serve-mfhm") => runtime.block_on(serve_mfhm(&arguments[1])),
        _ => {
            let number = |index: usize, default: usize| {
                arguments
                    .get(index)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(default)
            };
            runtime.block_on(measure(number(0, 20_000), number(1, 15)));
        }
    }
}

async fn measure(calls: usize, rounds: usize) {
    let data = tempfile::tempdir().expect("a temporary folder");
    let center = Center::builder()
        .port(0)
        .data_dir(data.path())
        .start()
        .await
        .expect("center");
    let axum = Server::start(&["serve-axum"]);
    let mfhm = Server::start(&["serve-mfhm", center.url().as_str()]);
    println!(
        "{calls} calls a turn, {rounds} rounds, {IN_FLIGHT} in flight, {} cores",
        std::thread::available_parallelism().map_or(0, usize::from)
    );

    compare("service, GET: mfhm / axum", rounds, async || {
        (
            load(&mfhm.address, calls, false).await,
            load(&axum.address, calls, false).await,
        )
    })
    .await;
    compare("service, POST: mfhm / axum", rounds, async || {
        (
            load(&mfhm.address, calls, true).await,
            load(&axum.address, calls, true).await,
        )
    })
    .await;

    let caller = Caller::builder()
        .center(center.url())
        .build()
        .expect("a caller");
    let typed = BenchClient::through(&caller);
    let by_name = reqwest::Client::new();
    let url = format!("http://{}", mfhm.address);
    compare(
        "typed call, GET: mfhm through the center / reqwest by hand",
        rounds,
        async || {
            let ours = in_flight(calls, |share| {
                let typed = typed.clone();
                async move {
                    for _ in 0..share {
                        typed.user(7, Some(true)).await.expect("an answer");
                    }
                }
            })
            .await;
            let theirs = in_flight(calls, |share| {
                let (client, url) = (by_name.clone(), url.clone());
                async move {
                    for _ in 0..share {
                        by_hand::call_user(&client, &url, 7, Some(true))
                            .await
                            .expect("an answer");
                    }
                }
            })
            .await;
            (ours, theirs)
        },
    )
    .await;
    center.stop().await;
}

/// Prints the ratio of two times, measured in turns so that a drift of the
/// machine's speed meets both.
async fn compare(name: &str, rounds: usize, turn: impl AsyncFn() -> (Duration, Duration)) {
    turn().await; // The first one warms both up.
    let mut ratios = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let (first, second) = turn().await;
        ratios.push(first.as_secs_f64() / second.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "{name}: {:.3} times the time (from {:.3} to {:.3})",
        ratios[rounds / 2],
        ratios[0],
        ratios[rounds - 1]
    );
}

/// Requests over kept-alive connections.
async fn load(address: &str, calls: usize, is_post: bool) -> Duration {
    let mut connections = Vec::with_capacity(IN_FLIGHT);
    for _ in 0..IN_FLIGHT {
        connections.push(Connection::open(address).await);
    }
    let started = Instant::now();
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            tokio::spawn(async move {
                for _ in 0..calls / IN_FLIGHT {
                    if is_post {
                        connection.post().await
                    } else {
                        connection.get().await
                    };
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the calls go well");
    }
    started.elapsed()
}

/// Runs 64 workers, each with its share of the calls.
async fn in_flight<F>(calls: usize, worker: impl Fn(usize) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| tokio::spawn(worker(calls / IN_FLIGHT)))
        .collect();
    for task in tasks {
        task.await.expect("the calls go well");
    }
    started.elapsed()
}

async fn serve_axum() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    tell(&listener.local_addr().expect("bound").to_string());
    axum::serve(listener, by_hand::router())
        .await
        .expect("it serves");
}

async fn serve_mfhm(center: &str) {
    let app = App::new()
        .service(Service)
        .center(center)
        .port(0)
        .start()
        .await
        .expect("a service");
    app.registered().await;
    tell(&app.services()[0].addr().to_string());
    std::future::pending::<()>().await;
}

fn tell(address: &str) {
    println!("{address}");
    std::io::stdout().flush().expect("the parent reads");
}

/// This program again, as a server.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts again");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut address)
            .expect("a line");
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
