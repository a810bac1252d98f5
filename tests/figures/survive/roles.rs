//! What this program is when an experiment has started it: a center or an instance.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mfhm::Center;
use support::follow::follow_the_test;

use crate::callers::{Patience, Way};
use crate::services::{self, Work};

/// A center, with its usual times where nothing else is said.
#[derive(Args, Debug)]
pub(crate) struct CenterRole {
    port: u16,
    data: PathBuf,
    /// Milliseconds: ping interval, ping time-out, lease, time until deletion.
    #[arg(num_args = 0..=4)]
    times: Vec<u64>,
}

impl CenterRole {
    pub(crate) async fn run(self) -> mfhm::Result<()> {
        follow_the_test();
        let center = Center::builder().port(self.port).data_dir(self.data);
        let times: Vec<_> = self.times.into_iter().map(Duration::from_millis).collect();
        let center = match times.as_slice() {
            [interval, timeout, lease, forget] => center
                .ping_interval(*interval)
                .ping_timeout(*timeout)
                .lease_ttl(*lease)
                .forget_after(*forget),
            _ => center,
        };
        center.run().await
    }
}

/// An instance; its port and its center come from the environment.
#[derive(Args, Debug)]
pub(crate) struct ServiceRole {
    name: String,
    /// Where it is written down what ran.
    #[arg(long)]
    runs: Option<PathBuf>,
    /// Every call fails.
    #[arg(long)]
    failing: bool,
    /// The service that it calls each time, and the kind of caller that it is.
    #[arg(long, num_args = 2)]
    below: Vec<String>,
}

impl ServiceRole {
    pub(crate) async fn run(self) -> mfhm::Result<()> {
        follow_the_test();
        let mut work = Work::new(self.runs.as_deref());
        work.is_failing = self.failing;
        if let [service, way] = self.below.as_slice() {
            let way = Way::named(way).ok_or_else(|| mfhm::Error::new("no such kind of caller"))?;
            let center = std::env::var("MFHM_CENTER").unwrap_or_default();
            work.below = Some(
                way.caller(&center, service, Patience::default(), None)
                    .await,
            );
        }
        services::app(&self.name, work).run().await
    }
}
