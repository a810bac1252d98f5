//! A center in a process of its own.

use std::time::Duration;

use serde_json::Value;
use support::process::{Process, Program};
use support::{http, port, wait};
use tempfile::TempDir;

/// It listens as long as it is not killed.
pub(crate) struct CenterProcess {
    pub port: u16,
    pub process: Process,
    data: TempDir,
    times: Vec<u64>,
}

impl CenterProcess {
    /// One with the usual times, and an empty disk.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// One with these times, in milliseconds: ping interval, ping time-out, lease, time
    /// until deletion.
    pub(crate) async fn start_with(times: &[u64]) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let port = port::free();
        Self {
            port,
            process: listening(port, &data, times).await,
            data,
            times: times.to_vec(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it again with what is on its disk. It has been killed or has ended.
    pub(crate) async fn start_again(&mut self) {
        self.process = listening(self.port, &self.data, &self.times).await;
    }

    /// Starts it again with an empty disk.
    pub(crate) async fn start_empty(&mut self) {
        self.data = tempfile::tempdir().expect("a folder");
        self.start_again().await;
    }

    /// A number that it counts: `instances`, `up`, `held`. Absent: it does not answer.
    pub(crate) async fn count(&self, what: &str) -> Option<u64> {
        let answer = http::get(self.port, "/health").await.ok()?;
        serde_json::from_str::<Value>(&answer.body).ok()?[what].as_u64()
    }

    /// Waits until the center counts so many.
    pub(crate) async fn counts(&self, what: &str, wanted: u64, time: Duration) {
        let reached = wait::within(time, async || {
            (self.count(what).await == Some(wanted)).then_some(())
        });
        if reached.await.is_none() {
            let now = self.count(what).await;
            panic!("after {time:?} the center counts {now:?} {what}, not {wanted}");
        }
    }

    /// Waits until so many instances of a service may be called.
    pub(crate) async fn has(&self, service: &str, wanted: usize) {
        let path = format!("/v1/services/{service}");
        wait::until(format!("{wanted} instances of {service}"), async || {
            let answer = http::get(self.port, &path).await.ok()?;
            let view: Value = serde_json::from_str(&answer.body).ok()?;
            let instances = view["instances"].as_array()?;
            let is_usable =
                |instance: &&Value| matches!(instance["status"].as_str(), Some("starting" | "up"));
            (instances.iter().filter(is_usable).count() == wanted).then_some(())
        })
        .await;
    }
}

/// This program in another role.
pub(crate) fn role(name: &str) -> Program {
    let own = std::env::current_exe().expect("this program is a file");
    let program = Program::new(name, own).arg(name);
    // Nothing of an experiment stays on the machine.
    program.env("MFHM_CACHE_DIR", "off")
}

async fn listening(port: u16, data: &TempDir, times: &[u64]) -> Process {
    let mut program = role("center").arg(port.to_string()).arg(data.path());
    for time in times {
        program = program.arg(time.to_string());
    }
    let mut process = program.start();
    process.answers(port, "/health", 200).await;
    process
}
