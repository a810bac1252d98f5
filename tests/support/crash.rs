//! A center that is killed again and again, and what must be true afterwards: what
//! was acknowledged is there, what was removed is not, and every start succeeds.

mod history;
mod trace;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::history::{Figures, History};
pub use self::trace::{Failing, Kill, Traced, is_available};
use crate::process::{Process, Program};
use crate::{http, port, wait};

/// How many clients change instances at once, each of them its own.
pub const CLIENTS: usize = 8;

/// How a disk can fail, once the center has started: full, broken at its writes, broken
/// at its syncs, and full at its syncs.
pub const FAILING: [Failing; 4] = [
    Failing {
        call: "pwrite64",
        which: "60..90",
        error: "ENOSPC",
        status: 507,
    },
    Failing {
        call: "pwrite64",
        which: "60..90",
        error: "EIO",
        status: 503,
    },
    Failing {
        call: "fdatasync",
        which: "20..26",
        error: "EIO",
        status: 503,
    },
    Failing {
        call: "fdatasync",
        which: "20..26",
        error: "ENOSPC",
        status: 507,
    },
];

/// The place of a center that is killed.
#[derive(Debug)]
pub struct Place {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Place {
    /// A center with its data in this folder; `program` is `test-center`.
    pub fn new(program: &Path, folder: &Path) -> Self {
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            port: port::free(),
        }
    }

    /// The port that the center listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it ends instead.
    pub async fn start(&self) -> Process {
        let mut process = self
            .arguments(Program::new("center", &self.program))
            .start();
        if !listens(&mut process).await {
            panic!("a start failed:\n{}", process.output());
        }
        process
    }

    /// What the center is told. It pings what registers, and then once an hour.
    fn arguments(&self, program: Program) -> Program {
        program
            .arg(self.port.to_string())
            .arg(&self.folder)
            .arg("warn")
            .arg("3600000")
    }
}

/// Waits until it listens; false when it ends instead.
async fn listens(process: &mut Process) -> bool {
    wait::until("a center that listens, or its end", async || {
        // Asked first, because the output is complete only after the end.
        let ended = process.has_ended();
        if process.output().contains("center on ") {
            return Some(!ended);
        }
        ended.then_some(false)
    })
    .await
}

/// Kills the center at random moments, most of them under load, and compares after
/// each of them.
pub async fn at_random_moments(place: &Place, kills: usize, seed: u64) -> Figures {
    let mut random = Random::new(seed);
    let mut history = History::default();
    let mut figures = Figures::default();
    for _ in 0..kills {
        figures.kills += 1;
        if random.below(4) == 0 {
            // Somewhere in its start, or shortly after.
            let mut process = place
                .arguments(Program::new("center", &place.program))
                .start();
            tokio::time::sleep(Duration::from_micros(random.below(80_000))).await;
            assert!(
                !process.has_ended(),
                "a start failed:\n{}",
                process.output()
            );
            process.kill();
            continue;
        }
        let mut process = place.start().await;
        figures.starts += 1;
        history.compare(place.port, &mut figures).await;
        let mut clients = tokio::task::JoinSet::new();
        for (client, own) in history.split(CLIENTS).into_iter().enumerate() {
            let (port, seed) = (place.port, random.next());
            clients.spawn(async move {
                let mut own = own;
                own.work(port, client, usize::MAX, seed).await;
                own
            });
        }
        tokio::time::sleep(Duration::from_micros(random.below(120_000))).await;
        process.kill();
        history.join(clients.join_all().await);
    }
    let mut process = place.start().await;
    figures.starts += 1;
    history.compare(place.port, &mut figures).await;
    process.kill();
    figures
}

/// Whether the center answers readers.
pub async fn is_read(port: u16) -> bool {
    let answer = http::get(port, "/v1/services").await;
    answer.is_ok_and(|answer| answer.status == 200)
}

/// A small generator of our own, so that a seed means the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
