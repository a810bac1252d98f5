//! The center under load, side by side with etcd, with the center of the Python package
//! and with an axum server that returns the same bytes.
//!
//! ```text
//! apt-get install etcd-server strace python3-venv
//! cargo build --release -p mfhm-tests --features load --bin load
//! target/release/load all
//! ```
//!
//! Each server is a process of its own with its data on the same disk. They are asked
//! in turns, a little at a time, so that whatever else happens on the machine meets all
//! of them. Where there is more than one processor, the servers have one of them, and the
//! callers the others. What is not installed is left out, and said. The figures are
//! Markdown, to be pasted into `docs/experiments.md`.

mod cores;
mod etcd;
mod hammer;
mod instances;
mod lookups;
mod memory;
mod registrations;
mod roles;
mod servers;
mod syncs;
mod wire;

use std::fmt;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use support::figures::{machine, report};

use crate::cores::Cores;
use crate::roles::Role;

#[derive(Debug, Parser)]
#[command(about = "The center under load beside etcd, Python's center and bare axum")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// All of it, one after the other.
    All(Options),
    /// Look-ups a second, and how long they take.
    Lookups(Options),
    /// Durable registrations a second.
    Registrations(Options),
    /// What a registered instance takes.
    Memory(Options),
    /// A server of an experiment.
    #[command(hide = true)]
    Serve(Role),
}

/// What is not said is each experiment's own.
#[derive(Args, Clone, Debug)]
struct Options {
    /// Little of everything, to see that it works.
    #[arg(long)]
    small: bool,
    /// How often each server has its turn.
    #[arg(long)]
    rounds: Option<usize>,
    /// How long a turn is, in milliseconds.
    #[arg(long)]
    turn: Option<u64>,
    /// Instances whose memory is measured.
    #[arg(long)]
    instances: Option<usize>,
}

impl Options {
    fn rounds(&self, full: usize, small: usize) -> usize {
        self.rounds.unwrap_or(if self.small { small } else { full })
    }

    fn turn(&self) -> Duration {
        let millis = self.turn.unwrap_or(if self.small { 200 } else { 1500 });
        Duration::from_millis(millis)
    }

    fn instances(&self) -> usize {
        let usual = if self.small { 200 } else { 10_000 };
        self.instances.unwrap_or(usual)
    }
}

/// As it is written on the command line.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("rounds", self.rounds.map(|n| n as u64)),
            ("turn", self.turn),
            ("instances", self.instances.map(|n| n as u64)),
        ];
        report::options(f, self.small, &said)
    }
}

fn main() -> mfhm::Result<()> {
    let what = Cli::parse().what;
    if let What::Serve(role) = what {
        return runtime().block_on(role.run());
    }
    machine::raise_descriptor_limit();
    let (name, options) = match &what {
        What::All(options) => ("all", options),
        What::Lookups(options) => ("lookups", options),
        What::Registrations(options) => ("registrations", options),
        What::Memory(options) => ("memory", options),
        What::Serve(_) => return Ok(()),
    };
    machine::print(&format!("load {name}{options}"));
    // Before the runtime has threads, because they inherit it.
    let cores = Cores::divide();
    println!("{}", cores.text());
    runtime().block_on(async {
        if matches!(what, What::All(_) | What::Lookups(_)) {
            lookups::run(options, &cores).await;
        }
        if matches!(what, What::All(_) | What::Registrations(_)) {
            registrations::run(options, &cores).await;
        }
        if matches!(what, What::All(_) | What::Memory(_)) {
            memory::run(options, &cores).await;
        }
    });
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    // As many threads as this process has processors.
    tokio::runtime::Runtime::new().expect("a runtime")
}
