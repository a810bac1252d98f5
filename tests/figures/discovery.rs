//! How long it takes until every watcher knows: of an instance that registers, one
//! that leaves, and one that is killed.
//!
//! ```text
//! cargo build --release -p mfhm-tests --bins
//! target/release/discovery [instances] [watchers] [rounds]
//! ```
//!
//! The center is a process of its own with its usual times; the instances answer
//! its pings from this process, and one more is killed for real. A figure is the
//! time from sending the request (or the signal) until the last watcher has the
//! event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use support::port;
use support::process::{Process, Program};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const SERVICE: &str = "service01";

/// A watcher has read an event: its kind, and the instance's id and status.
type Seen = (&'static str, String, Instant);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let mut number = |default| arguments.next().map_or(default, |n| n.expect("a number"));
    let (instances, watchers, rounds) = (number(1000), number(100), number(200));
    let data = tempfile::tempdir().expect("a folder");
    let port = port::free();
    let mut center = program("test-center")
        .arg(port.to_string())
        .arg(data.path())
        .arg("warn")
        .arg("5000")
        .start();
    center.line("center on ").await;

    let fleet = listen().await;
    for number in 0..instances {
        register(
            port,
            &format!("fleet-{number}"),
            fleet[number % fleet.len()],
            number,
        )
        .await;
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    for _ in 0..watchers {
        tokio::spawn(watch(port, tell.clone()));
    }
    let mut ready = 0;
    while ready < watchers {
        ready += usize::from(told.recv().await.expect("events").0 == "snapshot");
    }
    let everybody = Everybody { watchers };

    let (mut came, mut left, mut died) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let id = format!("round-{round}");
        let began = Instant::now();
        register(port, &id, fleet[0], instances + round).await;
        came.push(everybody.know(&mut told, "upsert", &id, began).await);
        let began = Instant::now();
        let path = format!("/v1/instances/{id}");
        ask_from(&address(instances + round), port, "DELETE", &path, "").await;
        left.push(everybody.know(&mut told, "remove", &id, began).await);
    }
    for _ in 0..rounds.min(20) {
        let mut process = service(port).await;
        let id = everybody.held(&mut told, port).await;
        let began = Instant::now();
        process.kill();
        died.push(everybody.know(&mut told, "down", &id, began).await);
    }
    println!(
        "{instances} instances, {watchers} watchers of all of them; ms until the last watcher knows"
    );
    for (what, times) in [("registers", came), ("leaves", left), ("is killed", died)] {
        println!("{what:>10}: {}", summary(times));
    }
}

struct Everybody {
    watchers: usize,
}

impl Everybody {
    /// The time until each watcher has this event.
    async fn know(
        &self,
        told: &mut mpsc::UnboundedReceiver<Seen>,
        kind: &str,
        id: &str,
        began: Instant,
    ) -> Duration {
        let mut missing = self.watchers;
        let mut last = began;
        let wanted = |seen: &Seen| seen.1 == id && (seen.0 == kind);
        while missing > 0 {
            let next = tokio::time::timeout(Duration::from_secs(30), told.recv()).await;
            let seen = next.expect("it is told").expect("watchers");
            if wanted(&seen) {
                missing -= 1;
                last = last.max(seen.2);
            }
        }
        last - began
    }

    /// Waits until a real process holds its registration. Its id.
    async fn held(&self, told: &mut mpsc::UnboundedReceiver<Seen>, port: u16) -> String {
        let id = loop {
            let (kind, id, _) = told.recv().await.expect("watchers");
            if kind == "up" && !id.contains('-') {
                break id;
            }
        };
        while !ask(port, "GET", "/health", "").await.contains("\"held\":1") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        id
    }
}

/// Ports on which something answers every request with 200.
async fn listen() -> Arc<Vec<u16>> {
    let mut ports = Vec::new();
    for _ in 0..64 {
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        ports.push(listener.local_addr().expect("an address").port());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let answer =
                        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
    }
    Arc::new(ports)
}

/// Each instance has an address of its own: 127.0.x.y is this machine too.
async fn register(center: u16, id: &str, port: u16, number: usize) {
    let body = format!(r#"{{"service":"{SERVICE}","id":"{id}","address":{{"port":{port}}}}}"#);
    let answer = ask_from(&address(number), center, "POST", "/v1/instances", &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn address(number: usize) -> String {
    format!("127.0.{}.{}:0", 1 + number / 250, 1 + number % 250)
}

async fn ask(center: u16, method: &str, path: &str, body: &str) -> String {
    ask_from("127.0.0.1:0", center, method, path, body).await
}

async fn ask_from(from: &str, center: u16, method: &str, path: &str, body: &str) -> String {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(from.parse().expect("an address"))
        .expect("it is this machine's");
    let mut stream = socket
        .connect(([127, 0, 0, 1], center).into())
        .await
        .expect("the center");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// Reads events for ever.
async fn watch(center: u16, tell: mpsc::UnboundedSender<Seen>) {
    let stream = TcpStream::connect(("127.0.0.1", center))
        .await
        .expect("the center");
    let mut stream = BufReader::new(stream);
    let request = format!("GET /v1/watch?service={SERVICE} HTTP/1.0\r\nhost: a\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let (mut line, mut kind) = (String::new(), String::new());
    loop {
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            // The center ends with the program; one that ends before it is missed
            // by who waits for the event.
            return;
        }
        let now = Instant::now();
        if let Some(event) = line.strip_prefix("event: ") {
            event.trim().clone_into(&mut kind);
        }
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        let told = match kind.as_str() {
            "snapshot" => tell.send(("snapshot", String::new(), now)),
            "remove" => tell.send(("remove", text(&data["id"]), now)),
            _ => {
                let instance = &data["instance"];
                let id = text(&instance["id"]);
                let _ = match instance["status"].as_str() {
                    Some("down") => tell.send(("down", id.clone(), now)),
                    Some("up") => tell.send(("up", id.clone(), now)),
                    _ => Ok(()),
                };
                let is_new = instance["status"] == "starting";
                if is_new {
                    tell.send(("upsert", id, now))
                } else {
                    Ok(())
                }
            }
        };
        if told.is_err() {
            return;
        }
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A real service that holds its registration.
async fn service(center: u16) -> Process {
    let own = port::free();
    let mut process = program("test-service")
        .arg(SERVICE)
        .env("MFHM_CENTER", format!("http://127.0.0.1:{center}"))
        .env("MFHM_PORT", own)
        .start();
    process.answers(own, "/ping", 200).await;
    process
}

/// A program beside this one.
fn program(name: &str) -> Program {
    let own = std::env::current_exe().expect("a path");
    Program::new(name, own.with_file_name(name))
}

fn summary(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() - 1) as f64 * share).round() as usize;
        times[index].as_secs_f64() * 1000.0
    };
    format!(
        "p50 {:.1}, p99 {:.1}, greatest {:.1} ({} times)",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    )
}
