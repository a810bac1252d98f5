//! How large an experiment is.

use std::fmt;

use clap::Args;

use crate::report;

/// What is not said is each experiment's own.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Little of everything, to see that it works.
    #[arg(long)]
    small: bool,
    /// How often what the experiment is about happens.
    #[arg(long)]
    rounds: Option<usize>,
    /// The least number of calls by mfhm's client.
    #[arg(long)]
    calls: Option<u64>,
    /// Calls a second of each kind of callers.
    #[arg(long)]
    rate: Option<u32>,
    #[arg(long)]
    instances: Option<usize>,
    #[arg(long)]
    watchers: Option<usize>,
    /// Decides the order of the instances. By default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// `rolling`: the center is restarted too.
    #[arg(long)]
    pub(crate) center: bool,
}

impl Options {
    pub(crate) fn rounds(&self, full: usize, small: usize) -> usize {
        self.rounds.unwrap_or(self.either(full, small))
    }

    pub(crate) fn calls(&self, full: u64, small: u64) -> u64 {
        self.calls.unwrap_or(self.either(full, small))
    }

    pub(crate) fn rate(&self, full: u32, small: u32) -> u32 {
        self.rate.unwrap_or(self.either(full, small))
    }

    pub(crate) fn instances(&self, full: usize, small: usize) -> usize {
        self.instances.unwrap_or(self.either(full, small))
    }

    pub(crate) fn watchers(&self, full: usize, small: usize) -> usize {
        self.watchers.unwrap_or(self.either(full, small))
    }

    /// One or the other, where nothing can be said.
    pub(crate) fn either<T>(&self, full: T, small: T) -> T {
        if self.small { small } else { full }
    }

    /// The dice of this run, and with what they began.
    pub(crate) fn random(&self) -> (fastrand::Rng, u64) {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        (fastrand::Rng::with_seed(seed), seed)
    }

    /// The same with restarts of the center.
    pub(crate) fn with_center(&self) -> Self {
        Self {
            center: true,
            ..self.clone()
        }
    }
}

/// As it is written on the command line.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("rounds", self.rounds.map(|n| n as u64)),
            ("calls", self.calls),
            ("rate", self.rate.map(u64::from)),
            ("instances", self.instances.map(|n| n as u64)),
            ("watchers", self.watchers.map(|n| n as u64)),
            ("seed", self.seed),
        ];
        report::options(f, self.small, &said)?;
        if self.center {
            f.write_str(" --center")?;
        }
        Ok(())
    }
}
