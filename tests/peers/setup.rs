//! Starts the peers of both languages and waits until they are ready.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mfhm::{App, Caller, RunningApp, RunningCenter};
use serde_json::Value;
use support::process::Process;
use support::python::Environment;
use support::services::Service01Server;
use support::{http, port, wait};
use tempfile::TempDir;

/// A name that the contract of the tests has as well.
pub(crate) const SERVICE: &str = "service01";
/// The key of Rust services and centers that have one.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Longer than any test: no ping of a Python center comes.
///
/// A Python center forgets a service for ever when a ping comes between its
/// registration and its first answer, so tests with Python services cannot have
/// pings.
pub(crate) const NO_PINGS: Duration = Duration::from_secs(3600);

/// How to reach a center: its port and the key it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Center {
    pub(crate) port: u16,
    pub(crate) key: Option<String>,
}

impl Center {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A Rust caller that asks this center.
    pub(crate) fn caller(&self) -> Caller {
        let mut builder = Caller::builder().center(self.url());
        if let Some(key) = &self.key {
            builder = builder.center_key(key);
        }
        builder.build().expect("a caller")
    }

    /// Asks the center for the service, as the Python callers do.
    pub(crate) async fn look_up(&self) -> Option<http::Answer> {
        let key = self.key.as_ref().map(|key| ("MFHM-AuthKey", key.as_str()));
        let path = format!("/service/{SERVICE}");
        http::request(self.port, "GET", &path, key.as_slice(), "")
            .await
            .ok()
    }

    /// Waits until the center hands the service out.
    pub(crate) async fn knows_the_service(&self) {
        wait::until("the center to know the service", async || {
            self.look_up().await.filter(|answer| answer.status == 200)
        })
        .await;
    }
}

/// A Rust center in this process.
pub(crate) struct RustCenter {
    pub(crate) center: Center,
    _running: RunningCenter,
    _data: TempDir,
}

impl RustCenter {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that asks for [`KEY`].
    pub(crate) async fn start_guarded() -> Self {
        Self::start_with(Some(KEY)).await
    }

    async fn start_with(key: Option<&str>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let running = rust_center(data.path(), key).await;
        let center = Center {
            port: running.addr().port(),
            key: key.map(String::from),
        };
        Self {
            center,
            _running: running,
            _data: data,
        }
    }
}

/// A Rust center with its data in this folder.
pub(crate) async fn rust_center(data: &Path, key: Option<&str>) -> RunningCenter {
    let mut builder = mfhm::Center::builder()
        .port(0)
        .data_dir(data)
        .ping_interval(Duration::from_millis(500))
        .ping_timeout(Duration::from_millis(400));
    if let Some(key) = key {
        std::fs::write(data.join("key"), key).expect("a key file");
        builder = builder.key_auth(true);
    }
    builder.start().await.expect("a center")
}

/// A Python center in its own process.
pub(crate) struct PythonCenter {
    pub(crate) center: Center,
    pub(crate) process: Process,
    data: TempDir,
}

impl PythonCenter {
    pub(crate) async fn start(python: &Environment, ping_interval: Duration) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let port = port::free();
        let process = python_center(python, port, data.path(), ping_interval, false).await;
        Self {
            center: Center { port, key: None },
            process,
            data,
        }
    }

    /// One behind `KeyAuth`, with the key that the Python package made.
    pub(crate) async fn start_guarded(python: &Environment) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let port = port::free();
        let process = python_center(python, port, data.path(), NO_PINGS, true).await;
        let key = std::fs::read_to_string(data.path().join("key")).expect("the center's key file");
        Self {
            center: Center {
                port,
                key: Some(key),
            },
            process,
            data,
        }
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }
}

/// A Python center that listens.
pub(crate) async fn python_center(
    python: &Environment,
    port: u16,
    data: &Path,
    ping_interval: Duration,
    is_guarded: bool,
) -> Process {
    let mut program = python
        .script("center.py")
        .option("--port", port)
        .option("--data-dir", data.display())
        .option("--ping-interval", ping_interval.as_secs());
    if is_guarded {
        program = program.arg("--key-auth");
    }
    let mut process = program.start();
    let path = format!("/service/{SERVICE}");
    process
        .answers(port, &path, if is_guarded { 403 } else { 404 })
        .await;
    process
}

/// A Python service in its own process.
pub(crate) struct PythonService {
    pub(crate) port: u16,
    pub(crate) process: Process,
}

impl PythonService {
    /// One on a free port that has registered and listens.
    pub(crate) async fn start(python: &Environment, center: &Center) -> Self {
        Self::start_on(python, center, port::free(), None).await
    }

    /// One behind `KeyAuth`, with the key that the Python package makes in this
    /// folder.
    pub(crate) async fn start_guarded(
        python: &Environment,
        center: &Center,
        folder: &Path,
    ) -> Self {
        Self::start_on(python, center, port::free(), Some(folder.to_owned())).await
    }

    pub(crate) async fn start_on(
        python: &Environment,
        center: &Center,
        port: u16,
        key_folder: Option<PathBuf>,
    ) -> Self {
        let mut program = python
            .script("service.py")
            .option("--name", SERVICE)
            .option("--port", port)
            .option("--center-port", center.port);
        if let Some(key) = &center.key {
            program = program.option("--center-key", key);
        }
        if let Some(folder) = &key_folder {
            program = program.option("--key-auth", folder.display());
        }
        let mut process = program.start();
        process
            .answers(port, "/ping", if key_folder.is_some() { 403 } else { 200 })
            .await;
        Self { port, process }
    }
}

/// A Rust service in this process that registers with this center; `key` is what
/// it asks of its callers.
pub(crate) async fn rust_service(center: &Center, key: Option<&str>) -> RunningApp {
    let mut app = App::new()
        .service(Service01Server)
        .center(center.url())
        .port(0)
        .local_calls(false);
    if let Some(key) = &center.key {
        app = app.center_key(key);
    }
    if let Some(key) = key {
        app = app.key(key);
    }
    let running = app.start().await.expect("a service");
    center.knows_the_service().await;
    running
}

/// Calls the service with one of the Python proxies: an outcome for each call.
pub(crate) async fn python_calls(
    python: &Environment,
    proxy: &str,
    center: &Center,
    calls: Value,
) -> Vec<Value> {
    let mut program = python
        .script("caller.py")
        .option("--with", proxy)
        .option("--center-port", center.port);
    if let Some(key) = &center.key {
        program = program.option("--center-key", key);
    }
    let (status, stdout, stderr) = program.arg(SERVICE).arg(calls.to_string()).run().await;
    assert!(status.success(), "{proxy}: {status}\n{stdout}{stderr}");
    serde_json::from_str(stdout.trim()).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}
