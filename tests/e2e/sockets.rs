//! Processes that have no file descriptors left.

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::{http, port, wait};
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
