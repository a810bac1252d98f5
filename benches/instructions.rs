//! Instructions a call in user space, side by side: repeatable where times are
//! not. Needs valgrind.
//!
//! ```sh
//! cargo bench -p mfhm-benches --bench instructions
//! ```
//!
//! Each measurement runs this program again under callgrind, on one thread,
//! with the server and the caller in one process, for two numbers of calls; the
//! difference leaves out everything but the calls. Both sides of the exchange
//! are in each figure, so a ratio compares the whole exchange.

use std::collections::HashMap;
use std::process::Command;

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mfhm::{App, Caller, Center};
use mfhm_benches::by_hand;
use mfhm_benches::client::Connection;
use mfhm_benches::contract::{BenchClient, NewUser, Service};

const FEW: usize = 300;
const MANY: usize = 1300;

/// What is measured, what it is compared with, and what that is called.
const PAIRS: [(&str, &str, &str); 7] = [
    (
        "service-get-mfhm",
        "service-get-axum",
        "service, GET: mfhm / axum",
    ),
    (
        "service-post-mfhm",
        "service-post-axum",
        "service, POST: mfhm / axum",
    ),
    (
        "call-get-mfhm",
        "call-get-reqwest",
        "typed call, GET: mfhm / reqwest by hand",
    ),
    (
        "call-post-mfhm",
        "call-post-reqwest",
        "typed call, POST: mfhm / reqwest by hand",
    ),
    (
        "call-get-mfhm",
        "call-get-hyper",
        "typed call, GET: mfhm / hyper-util's client by hand",
    ),
    (
        "call-post-mfhm",
        "call-post-hyper",
        "typed call, POST: mfhm / hyper-util's client by hand",
    ),
    (
        "local-mfhm",
        "local-function",
        "local call: mfhm / function call",
    ),
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if let [what, calls] = arguments.as_slice() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        return runtime.block_on(run(what, calls.parse().expect("a number")));
    }
    let mut counted = HashMap::new();
    let mut count = |what| *counted.entry(what).or_insert_with(|| a_call(what));
    for (ours, theirs, name) in PAIRS {
        let (Some(ours), Some(theirs)) = (count(ours), count(theirs)) else {
            println!("valgrind is not there: install Debian's package valgrind");
            return;
        };
        println!(
            "{name}: {ours} / {theirs} instructions, {:.3}",
            ours as f64 / theirs as f64
        );
    }
}

/// Instructions for one call; `None` without valgrind.
fn a_call(what: &str) -> Option<u64> {
    let count = |calls: usize| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().expect("this program"))
            .args([what, &calls.to_string()])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        let line = text.lines().find(|line| line.contains("refs:"))?;
        let digits: String = line
            .rsplit(':')
            .next()?
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse::<u64>().ok()
    };
    Some((count(MANY)? - count(FEW)?) / (MANY - FEW) as u64)
}

async fn run(what: &str, calls: usize) {
    let data = tempfile::tempdir().expect("a temporary folder");
    let center = Center::builder()
        .port(0)
        .data_dir(data.path())
        .start()
        .await
        .expect("center");
    let app = App::new()
        .service(Service)
        .center(center.url())
        .port(0)
        .local_calls(false);
    let app = app.start().await.expect("a service");
    app.registered().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let by_hand_url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, by_hand::router()).await });
    let mfhm_url = app.services()[0].url();

    let url = if what.starts_with("service") && what.ends_with("mfhm") {
        &mfhm_url
    } else {
        &by_hand_url
    };
    let mut connection = Connection::open(url.trim_start_matches("http://")).await;
    let caller = Caller::builder()
        .center(center.url())
        .build()
        .expect("a caller");
    let typed = BenchClient::through(&caller);
    let local = BenchClient::local(Service);
    let client = reqwest::Client::new();
    let hyper: by_hand::HyperClient = Client::builder(TokioExecutor::new()).build_http();
    let new = NewUser {
        name: "Ada".to_owned(),
    };
    for _ in 0..calls {
        match what {
            "service-get-mfhm" | "service-get-axum" => drop(connection.get().await),
            "service-post-mfhm" | "service-post-axum" => drop(connection.post().await),
            // Both callers call the mfhm service.
            "call-get-mfhm" => drop(typed.user(7, Some(true)).await.expect("an answer")),
            "call-get-reqwest" => {
                let called = by_hand::call_user(&client, &mfhm_url, 7, Some(true)).await;
                drop(called.expect("an answer"));
            }
            "call-get-hyper" => {
                let called = by_hand::call_user_by_hyper(&hyper, &mfhm_url, 7, Some(true)).await;
                drop(called.expect("an answer"));
            }
            "call-post-hyper" => {
                let called = by_hand::call_create_by_hyper(&hyper, &mfhm_url, &new).await;
                drop(called.expect("an answer"));
            }
            "call-post-mfhm" => drop(typed.create(&new).await.expect("an answer")),
            "call-post-reqwest" => {
                drop(
                    by_hand::call_create(&client, &mfhm_url, &new)
                        .await
                        .expect("an answer"),
                );
            }
            "local-mfhm" => drop(local.user(7, None).await.expect("an answer")),
            "local-function" => {
                drop(mfhm_benches::contract::Bench::user(&Service, 7, None).await);
            }
            other => panic!("there is no {other:?}"),
        }
    }
    app.stop().await;
    center.stop().await;
}
