//! Starts the programs that the tests are about and waits for what they do.

use std::path::Path;

use mfhm::Caller;
use serde_json::Value;
use support::process::{Process, Program};
use support::{http, port, wait};
use tempfile::TempDir;

/// A center process that can be killed and started again on the same port.
pub(crate) struct CenterProcess {
    pub(crate) port: u16,
    pub(crate) process: Process,
    data: TempDir,
    policy: &'static str,
}

impl CenterProcess {
    /// One that listens.
    pub(crate) async fn start() -> Self {
        Self::start_on(port::free()).await
    }

    /// One that listens on this port.
    pub(crate) async fn start_on(port: u16) -> Self {
        Self::start_as(port, "warn").await
    }

    /// One with this policy for contracts: `warn` or `refuse`.
    pub(crate) async fn start_with(policy: &'static str) -> Self {
        Self::start_as(port::free(), policy).await
    }

    async fn start_as(port: u16, policy: &'static str) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        Self {
            port,
            process: center_process(port, data.path(), policy).await,
            data,
            policy,
        }
    }

    /// One that pings an instance when it registers, and after that once an hour.
    pub(crate) async fn start_without_pings() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let port = port::free();
        let mut process = center_program(port, data.path())
            .arg("warn")
            .arg("3600000")
            .start();
        process.line("center on ").await;
        Self {
            port,
            process,
            data,
            policy: "warn",
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it again, with the data that it left.
    pub(crate) async fn restart(&mut self) {
        self.process = center_process(self.port, self.data.path(), self.policy).await;
    }

    /// Starts it again, with an empty disk.
    pub(crate) async fn restart_empty(&mut self) {
        self.data = tempfile::tempdir().expect("a folder");
        self.restart().await;
    }

    /// A caller that asks this center.
    pub(crate) fn caller(&self) -> Caller {
        Caller::builder()
            .center(self.url())
            .build()
            .expect("a caller")
    }

    /// The registered instances of a service that may be called; none when the
    /// center does not answer.
    pub(crate) async fn usable(&self, service: &str) -> Vec<Value> {
        let path = format!("/v1/services/{service}");
        let Ok(answer) = http::get(self.port, &path).await else {
            return Vec::new();
        };
        if answer.status != 200 {
            return Vec::new();
        }
        let mut instances = match answer.json()["instances"].take() {
            Value::Array(instances) => instances,
            other => panic!("{other}"),
        };
        instances.retain(|instance| {
            ["starting", "up"].contains(&instance["status"].as_str().unwrap_or(""))
        });
        instances
    }

    /// Waits until exactly this many instances of a service may be called.
    pub(crate) async fn has(&self, service: &str, count: usize) -> Vec<Value> {
        wait::until(format!("{count} instances of {service}"), async || {
            Some(self.usable(service).await).filter(|instances| instances.len() == count)
        })
        .await
    }

    /// Waits until no instance of a service is registered, healthy or not.
    pub(crate) async fn forgets(&self, service: &str) {
        let path = format!("/v1/services/{service}");
        wait::until(format!("no {service}"), async || {
            let answer = http::get(self.port, &path).await.ok();
            answer.filter(|answer| answer.status == 404)
        })
        .await;
    }

    /// Waits until the only instance of a service is the one of this process.
    pub(crate) async fn has_only(&self, service: &str, port: u16, not_id: &Value) -> Value {
        wait::until(
            format!("the new instance of {service}"),
            async || match self.usable(service).await.as_slice() {
                [one] if one["port"] == port && one["id"] != *not_id => Some(one["id"].clone()),
                _ => None,
            },
        )
        .await
    }
}

/// A center on this port that listens.
async fn center_process(port: u16, data: &Path, policy: &str) -> Process {
    let mut process = center_program(port, data).arg(policy).start();
    process.line("center on ").await;
    process
}

pub(crate) fn center_program(port: u16, data: &Path) -> Program {
    Program::new("center", env!("CARGO_BIN_EXE_test-center"))
        .arg(port.to_string())
        .arg(data)
}

/// A program that serves these services; its port comes from the environment.
pub(crate) fn service_program(names: &[&str], center_url: &str) -> Program {
    let program = Program::new(&names.join("+"), env!("CARGO_BIN_EXE_test-service"));
    let program = program.env("MFHM_CENTER", center_url);
    names
        .iter()
        .fold(program, |program, name| program.arg(name))
}

/// A service process on this port that listens.
pub(crate) async fn service_process(name: &str, center_url: &str, port: u16) -> Process {
    let mut process = service_program(&[name], center_url)
        .env("MFHM_PORT", port)
        .start();
    process.answers(port, "/ping", 200).await;
    process
}
