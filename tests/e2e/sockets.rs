//! Sockets that say nothing or too much, and processes that have no file descriptors
//! left.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use support::{http, port, wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::programs::{CenterProcess, service_process};

fn open_files(process: u32) -> u64 {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).expect("a process of ours");
    open.count() as u64
}

/// Processor time that it has used, in hundredths of a second.
fn used_time(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("ours");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
    let fields: Vec<_> = fields.split_whitespace().collect();
    let number = |index: usize| fields[index].parse::<u64>().expect("a number");
    number(11) + number(12)
}

/// Lets the process open `more` files beside those that it has.
fn limit_open_files(process: u32, more: u64) -> u64 {
    let most = open_files(process) + more;
    let pid = Pid::from_raw(process.cast_signed()).expect("a process");
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    prlimit(Some(pid), Resource::Nofile, limit).expect("a lower limit is allowed");
    most
}

async fn silent(port: u16, count: usize) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..count {
        silent.push(
            TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("queued"),
        );
    }
    silent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_without_file_descriptors_keeps_its_instances_and_answers_again() {
    let mut center = CenterProcess::start().await;
    let service_port = port::free();
    let _service = service_process("service01", &center.url(), service_port).await;
    center.has("service01", 1).await;
    let process = center.process.id();
    let most = limit_open_files(process, 8);
    let used = used_time(process);
    let silent = silent(center.port, 30).await;
    wait::until("every file descriptor is taken", async || {
        (open_files(process) >= most).then_some(())
    })
    .await;
    // Those that say nothing give way.
    let answer = wait::until("an answer", async || {
        http::get(center.port, "/v1/services/service01").await.ok()
    })
    .await;
    assert_eq!(answer.status, 200, "the registration is still there");
    assert!(used_time(process) - used < 300, "it spins");
    assert!(!center.process.has_ended());
    drop(silent);
    center.has("service01", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_file_descriptors_answers_on_its_connections_and_then_again() {
    let center = CenterProcess::start().await;
    let service_port = port::free();
    let mut service = service_process("service01", &center.url(), service_port).await;
    center.has("service01", 1).await;
    let most = limit_open_files(service.id(), 8);
    let silent = silent(service_port, 30).await;
    wait::until("every file descriptor is taken", async || {
        (open_files(service.id()) >= most).then_some(())
    })
    .await;
    let answer = wait::until("an answer", async || {
        http::get(service_port, "/ping").await.ok()
    })
    .await;
    assert_eq!(answer.status, 200);
    assert!(!service.has_ended());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_sockets_are_closed_in_time_and_slow_nobody_down() {
    let center = CenterProcess::start().await;
    // 5,000, if the machine lets a process open so many files.
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let count = usize::try_from(files / 3).map_or(5_000, |most| most.min(5_000));
    let silent = silent(center.port, count).await;
    let started = Instant::now();
    let mut times = Vec::new();
    while started.elapsed() < Duration::from_secs(5) {
        let asked = Instant::now();
        let answer = http::get(center.port, "/health").await.expect("an answer");
        assert_eq!(answer.status, 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    assert!(p99 < Duration::from_millis(100), "{p99:?}");
    for mut socket in silent {
        let end = tokio::time::timeout(Duration::from_secs(20), socket.read_u8()).await;
        assert!(end.expect("it is closed").is_err());
    }
    let closed = started.elapsed();
    let expected = Duration::from_secs(9)..Duration::from_secs(12);
    assert!(expected.contains(&closed), "{closed:?}");
}

/// Memory of the process, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("ours");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next());
    size.expect("a size").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large_are_refused_and_not_kept() {
    let center = CenterProcess::start().await;
    let process = center.process.id();
    http::get(center.port, "/health").await.expect("an answer");
    let before = memory(process);
    let sends = (0..16).map(|_| {
        let port = center.port;
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a center");
            let head = "POST /v1/instances HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                        content-length: 67108864\r\n\r\n";
            stream.write_all(head.as_bytes()).await.expect("sent");
            // It breaks when the center has thrown away as much as it does.
            let chunk = vec![b' '; 1 << 20];
            for _ in 0..64 {
                if stream.write_all(&chunk).await.is_err() {
                    break;
                }
            }
            let mut answer = [0; 12];
            let _ = stream.read_exact(&mut answer).await;
            answer
        })
    });
    let sends: Vec<_> = sends.collect();
    let mut refused = 0;
    for send in sends {
        let answer = send.await.expect("no panic");
        // A sender that does not stop may lose the answer.
        assert!(
            answer == [0; 12] || answer == *b"HTTP/1.1 413",
            "{answer:?}"
        );
        refused += usize::from(answer != [0; 12]);
    }
    let grown = memory(process).saturating_sub(before);
    assert!(grown < 10 << 10, "{grown} KiB more");
    // One that is a little too large is told so.
    let body = " ".repeat(300 << 10);
    let json = [("content-type", "application/json")];
    let answer = http::request(center.port, "POST", "/v1/instances", &json, &body).await;
    assert_eq!(answer.expect("an answer").status, 413, "{refused} of 16");
}
