//! What the figures were measured on.

use std::fs;
use std::process::Command;

use rustix::process::{Resource, getrlimit, setrlimit};

/// The command, the machine and the build.
pub fn print(command: &str) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) {
        "debug build: times say nothing"
    } else {
        "release build"
    };
    println!("`target/release/{command}`");
    println!();
    println!(
        "{cores} cores of {}, {}, {build}, load at the start {}.",
        processor(),
        rustc(),
        load()
    );
}

/// As many descriptors as this process may have; its children inherit that.
pub fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Without it the large experiments say what they lack.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Stops with a word when this process may not have so many descriptors.
///
/// # Panics
///
/// With that word.
pub fn need_descriptors(count: usize) {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    assert!(
        most >= count as u64,
        "{count} file descriptors are needed and {most} allowed: `ulimit -n {count}`, or smaller \
         with --instances and --watchers"
    );
}

/// The most memory that a process has had so far, in MiB.
pub fn peak_memory(pid: u32) -> f64 {
    status(pid, "VmHWM:")
}

/// The memory that a process has now, in MiB.
pub fn memory(pid: u32) -> f64 {
    status(pid, "VmRSS:")
}

fn status(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(':'));
    model.map_or("an unknown processor".to_owned(), |(_, name)| {
        name.trim().to_owned()
    })
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = text.unwrap_or_default();
    let mut words = version.split_whitespace();
    match (words.next(), words.next()) {
        (Some("rustc"), Some(version)) => format!("rustc {version}"),
        _ => "rustc not found".to_owned(),
    }
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}
