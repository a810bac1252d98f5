//! Long experiments: what becomes of calls while instances and the center are
//! restarted, killed, stopped, slow and many.
//!
//! ```text
//! cargo build --release -p mfhm-tests --bins
//! target/release/survive all
//! target/release/survive rolling --rounds 20 --calls 100000
//! target/release/survive --help
//! ```
//!
//! What is called runs in processes of its own. The same calls are made at the same
//! time by three kinds of callers: mfhm's client, round robin by hand, and as Python's
//! `CallProxy` does it; their figures stand side by side. All of it is Markdown, to be
//! pasted into `docs/experiments.md`.

mod callers;
mod center;
mod experiments;
mod fleet;
mod load;
mod options;
mod roles;
mod services;
mod side;
mod watcher;

use clap::{Parser, Subcommand};
use support::figures::{address, machine, plain, report};

use crate::options::Options;
use crate::roles::{CenterRole, ServiceRole};

#[derive(Debug, Parser)]
#[command(about = "Long experiments with figures; `all` runs them in turn")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// All of them, one after the other.
    All(Options),
    /// Instances are restarted in turn, and with `--center` the center too.
    Rolling(Options),
    /// One of four instances is killed.
    Kill(Options),
    /// One of four instances takes 500 ms longer.
    Slow(Options),
    /// One of four instances stops answering; then seven of twenty.
    Hang(Options),
    /// Three layers of services over one that always fails.
    Layers(Options),
    /// The center is gone for the whole run.
    Centerless(Options),
    /// How long until every watcher knows of a change.
    Discovery(Options),
    /// Thousands of instances come back at once; thousands of watchers.
    Herd(Options),
    /// An instance goes up and down.
    Flap(Options),
    /// An instance is started again and again on the same address.
    Restarts(Options),
    /// The center of an experiment.
    #[command(hide = true)]
    Center(CenterRole),
    /// An instance of an experiment.
    #[command(hide = true)]
    Service(ServiceRole),
}

#[tokio::main]
async fn main() -> mfhm::Result<()> {
    use crate::experiments::*;

    match Cli::parse().what {
        What::Center(role) => return role.run().await,
        What::Service(role) => return role.run().await,
        experiment => {
            machine::raise_descriptor_limit();
            match experiment {
                What::All(options) => {
                    machine::print(&format!("survive all{options}"));
                    rolling::run(&options).await;
                    rolling::run(&options.with_center()).await;
                    kill::run(&options).await;
                    slow::run(&options).await;
                    hang::run(&options).await;
                    layers::run(&options).await;
                    centerless::run(&options).await;
                    discovery::run(&options).await;
                    herd::run(&options).await;
                    flap::run(&options).await;
                    restarts::run(&options).await;
                }
                What::Rolling(options) => {
                    machine::print(&format!("survive rolling{options}"));
                    rolling::run(&options).await;
                }
                What::Kill(options) => {
                    machine::print(&format!("survive kill{options}"));
                    kill::run(&options).await;
                }
                What::Slow(options) => {
                    machine::print(&format!("survive slow{options}"));
                    slow::run(&options).await;
                }
                What::Hang(options) => {
                    machine::print(&format!("survive hang{options}"));
                    hang::run(&options).await;
                }
                What::Layers(options) => {
                    machine::print(&format!("survive layers{options}"));
                    layers::run(&options).await;
                }
                What::Centerless(options) => {
                    machine::print(&format!("survive centerless{options}"));
                    centerless::run(&options).await;
                }
                What::Discovery(options) => {
                    machine::print(&format!("survive discovery{options}"));
                    discovery::run(&options).await;
                }
                What::Herd(options) => {
                    machine::print(&format!("survive herd{options}"));
                    herd::run(&options).await;
                }
                What::Flap(options) => {
                    machine::print(&format!("survive flap{options}"));
                    flap::run(&options).await;
                }
                What::Restarts(options) => {
                    machine::print(&format!("survive restarts{options}"));
                    restarts::run(&options).await;
                }
                What::Center(_) | What::Service(_) => {}
            }
        }
    }
    Ok(())
}
