//! How often a process has its files synced, as strace counts it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use support::process::{Process, Program};
use support::wait;
use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Syncs {
    strace: Process,
    folder: TempDir,
}

impl Syncs {
    /// Begins to count. Absent: there is no strace that may do it.
    pub(crate) async fn count(pid: u32) -> Option<Self> {
        let is_there = Command::new("strace").arg("-V").output();
        is_there.ok().filter(|output| output.status.success())?;
        let folder = tempfile::tempdir().ok()?;
        let strace = Program::new("strace", "strace")
            .arg("-f")
            .arg("-c")
            .option("-e", "trace=fsync,fdatasync,sync_file_range,msync")
            .option("-o", file(&folder).display())
            .option("-p", pid)
            .start();
        // It says so when it is attached.
        let attached = || strace.output().contains("attached").then_some(());
        wait::within(Duration::from_secs(2), async || attached()).await?;
        Some(Self { strace, folder })
    }

    /// How many there were since.
    pub(crate) async fn end(mut self) -> Option<u64> {
        self.strace.signal(Signal::INT);
        self.strace.ended().await;
        let table = std::fs::read_to_string(file(&self.folder)).ok()?;
        // % time, seconds, microseconds of each, calls, errors if any, the name.
        let calls = table.lines().filter(|line| line.contains("sync"));
        Some(
            calls
                .filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok())
                .sum(),
        )
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("calls")
}
