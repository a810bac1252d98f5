//! A center and instances of one service, each in a process of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use support::http;
use support::port;
use support::process::Process;
use tempfile::TempDir;

use crate::center::{CenterProcess, role};
use crate::services::TARGET;

pub(crate) struct Fleet {
    pub center: CenterProcess,
    pub instances: Vec<Instance>,
    /// What ran.
    runs: TempDir,
    /// Where callers may keep what the center told them.
    pub lists: TempDir,
}

pub(crate) struct Instance {
    pub port: u16,
    pub process: Process,
    runs: PathBuf,
}

impl Fleet {
    /// So many instances, which the center has registered.
    pub(crate) async fn start(count: usize) -> Self {
        Self::start_with(count, &[]).await
    }

    /// The same with these times of the center's, as for
    /// [`CenterProcess::start_with`].
    pub(crate) async fn start_with(count: usize, times: &[u64]) -> Self {
        let center = CenterProcess::start_with(times).await;
        let runs = tempfile::tempdir().expect("a folder");
        let mut instances = Vec::new();
        for number in 0..count {
            let (port, runs) = (port::free(), runs.path().join(number.to_string()));
            let process = listening(&center, port, &runs).await;
            instances.push(Instance {
                port,
                process,
                runs,
            });
        }
        center.has(TARGET, count).await;
        Self {
            center,
            instances,
            runs,
            lists: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Starts an instance again that has ended, in its place, and waits until it is
    /// registered.
    pub(crate) async fn start_again(&mut self, index: usize) {
        let instance = &mut self.instances[index];
        instance.process = listening(&self.center, instance.port, &instance.runs).await;
        self.center.has(TARGET, self.instances.len()).await;
    }

    /// Asks an instance to stop, waits for its end, and starts it again.
    pub(crate) async fn restart(&mut self, index: usize) {
        let process = &mut self.instances[index].process;
        process.terminate();
        let status = process.ended().await;
        assert!(status.success(), "{status}: {}", process.output());
        self.start_again(index).await;
    }

    /// Makes an instance take so many milliseconds longer.
    pub(crate) async fn delay(&self, index: usize, ms: u64) {
        let port = self.instances[index].port;
        let answer = http::request(port, "PUT", "/delay", &[], &ms.to_string()).await;
        let answer = answer.expect("the instance answers");
        assert!(answer.status < 300, "{answer:?}");
    }

    /// How often each call ran that may not be repeated.
    pub(crate) fn runs(&self) -> HashMap<u64, usize> {
        let mut runs = HashMap::new();
        let files = std::fs::read_dir(self.runs.path()).expect("the folder is there");
        for file in files {
            let path = file.expect("the folder is there").path();
            let content = std::fs::read(path).expect("the instance's file");
            for id in content.as_chunks().0 {
                *runs.entry(u64::from_le_bytes(*id)).or_default() += 1;
            }
        }
        runs
    }
}

async fn listening(center: &CenterProcess, port: u16, runs: &PathBuf) -> Process {
    let mut process = role("service")
        .arg(TARGET)
        .arg("--runs")
        .arg(runs)
        .env("MFHM_CENTER", center.url())
        .env("MFHM_PORT", port)
        .start();
    process.answers(port, "/ping", 200).await;
    process
}
