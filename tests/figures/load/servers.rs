//! The servers, each a process of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use support::process::{Process, Program};
use support::python::Version;
use support::{http, port, wait};
use tempfile::TempDir;

use crate::cores::Cores;

/// Many seconds: so many instances take their time.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Server {
    pub port: u16,
    pub process: Process,
    _data: TempDir,
}

impl Server {
    pub(crate) async fn mfhm(cores: &Cores) -> Self {
        Self::start(cores, "/health", |port, data| {
            own("center").arg(port.to_string()).arg(data)
        })
        .await
    }

    /// Answers every look-up with this.
    pub(crate) async fn axum(cores: &Cores, content: &[u8]) -> Self {
        Self::start(cores, "/health", |port, data| {
            let file = data.join("content");
            std::fs::write(&file, content).expect("the folder can be written to");
            own("axum").arg(port.to_string()).arg(file)
        })
        .await
    }

    /// Absent, with a word of why: it is not installed.
    pub(crate) async fn etcd(cores: &Cores) -> Option<Self> {
        let program = in_path("etcd").or_else(|| {
            println!("\netcd is left out: there is no `etcd` in the PATH (Debian: etcd-server).");
            None
        })?;
        let start = |own: u16, data: &Path| {
            let (clients, peers) = (url(own), url(port::free()));
            Program::new("etcd", &program)
                .option("--data-dir", data.join("etcd").display())
                .option("--listen-client-urls", &clients)
                .option("--advertise-client-urls", &clients)
                .option("--listen-peer-urls", &peers)
                .option("--initial-advertise-peer-urls", &peers)
                .option("--initial-cluster", format!("default={peers}"))
                .option("--logger", "zap")
                .option("--log-level", "error")
        };
        Some(Self::start(cores, "/health", start).await)
    }

    /// The center of the package mfhm 0.1.1. Absent, with a word of why.
    pub(crate) async fn python(cores: &Cores) -> Option<Self> {
        let folder = target().join("tmp");
        let environment = match Version::V011.environment(&folder) {
            Ok(environment) => environment,
            Err(why) => {
                println!("\nPython's center is left out: {why}.");
                return None;
            }
        };
        let start = |port: u16, data: &Path| {
            environment
                .script("center.py")
                .option("--port", port)
                .option("--data-dir", data.display())
                // As mfhm's center does.
                .option("--ping-interval", 5)
                .option("--ping-timeout", 2)
        };
        Some(Self::start(cores, "/ping", start).await)
    }

    async fn start(cores: &Cores, path: &str, program: impl FnOnce(u16, &Path) -> Program) -> Self {
        // Beside this program: where temporary files are kept there may be no disk.
        let data = tempfile::tempdir_in(target()).expect("a folder");
        let port = port::free();
        let program = program(port, data.path());
        let mut process = cores.on_servers(|| program.start());
        process.answers(port, path, 200).await;
        Self {
            port,
            process,
            _data: data,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until a center counts so many of these: `up`, `held`, `instances`.
    pub(crate) async fn counts(&self, what: &str, wanted: u64) {
        let count = async || {
            let answer = http::get(self.port, "/health").await.ok()?;
            serde_json::from_str::<Value>(&answer.body).ok()?[what].as_u64()
        };
        let reached = wait::within(PATIENCE, async || {
            (count().await == Some(wanted)).then_some(())
        });
        if reached.await.is_none() {
            panic!("the center counts {:?} {what}, not {wanted}", count().await);
        }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// This program in another role.
fn own(role: &str) -> Program {
    let own = std::env::current_exe().expect("this program is a file");
    Program::new(role, own).arg("serve").arg(role)
}

/// The folder of what is built.
fn target() -> PathBuf {
    let own = std::env::current_exe().expect("this program is a file");
    let target = own.ancestors().nth(2).expect("it is in target/release");
    target.to_owned()
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
