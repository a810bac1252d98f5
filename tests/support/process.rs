//! Child processes: started, watched, and ended in the way a test asks for.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::{http, wait};

/// A program about to be started.
#[derive(Debug)]
pub struct Program {
    name: String,
    command: Command,
}

impl Program {
    /// The program at this path; `name` is what messages call the process.
    ///
    /// The process inherits the environment without what would make it behave
    /// differently from machine to machine: settings of mfhm and HTTP proxies. It
    /// keeps no lists of instances, so that no test begins with another one's.
    pub fn new(name: &str, path: impl AsRef<Path>) -> Self {
        let mut command = Command::new(path.as_ref());
        for (key, _) in std::env::vars_os() {
            let key_text = key.to_string_lossy().to_lowercase();
            if key_text.starts_with("mfhm_") || key_text.ends_with("_proxy") {
                command.env_remove(&key);
            }
        }
        command.env("MFHM_CACHE_DIR", "off");
        // The other end closes with the tests, however they end; the programs of
        // the tests end themselves then.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            name: name.to_owned(),
            command,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// An option and its value.
    #[must_use]
    pub fn option(self, name: &str, value: impl ToString) -> Self {
        self.arg(name).arg(value.to_string())
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.command.env(name, value.to_string());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    pub fn start(mut self) -> Process {
        let mut child = self.command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}: {:?}", self.name, self.command)
        });
        let output = Arc::new(Mutex::new(Output::default()));
        let readers = [
            collect(child.stdout.take(), Arc::clone(&output), |output| {
                &mut output.stdout
            }),
            collect(child.stderr.take(), Arc::clone(&output), |output| {
                &mut output.stderr
            }),
        ];
        Process {
            name: self.name,
            child,
            output,
            readers: readers.into_iter().flatten().collect(),
        }
    }

    /// Starts it and waits until it has ended by itself: its status and what it
    /// wrote to its standard output and standard error.
    pub async fn run(self) -> (ExitStatus, String, String) {
        let mut process = self.start();
        let status = process.ended().await;
        let (stdout, stderr) = process.texts();
        (status, stdout, stderr)
    }
}

/// A child process. It is killed when this is dropped; when that happens because
/// a test failed, its output is shown.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<Output>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Process {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first line of its output that contains `text`.
    ///
    /// # Panics
    ///
    /// When it does not come in time, or the process ends without it.
    pub async fn line(&mut self, text: &str) -> String {
        wait::until(format!("{text:?} from {}", self.name), async || {
            // Asked first, because the output is complete only after the end.
            let ended = self.has_ended();
            let found = self
                .output()
                .lines()
                .find(|line| line.contains(text))
                .map(str::to_owned);
            assert!(
                found.is_some() || !ended,
                "{} ended without the line {text:?}",
                self.name
            );
            found
        })
        .await
    }

    /// Waits until `GET path` on this port has this status.
    ///
    /// # Panics
    ///
    /// When that does not happen in time, or the process ends.
    pub async fn answers(&mut self, port: u16, path: &str, status: u16) {
        wait::until(
            format!("{status} for {path} of {} on {port}", self.name),
            async || {
                assert!(!self.has_ended(), "{} ended", self.name);
                http::get(port, path)
                    .await
                    .ok()
                    .filter(|answer| answer.status == status)
            },
        )
        .await;
    }

    /// Everything it has written so far: standard output, then standard error.
    pub fn output(&self) -> String {
        let output = self.output.lock().expect("a reader never panics");
        format!("{}{}", output.stdout, output.stderr)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM); it goes on running until it has stopped.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let id = id.expect("a child process has an id above 0");
        // Fails only when the process is gone, which is then seen by who waits.
        let _ = kill_process(id, signal);
    }

    /// Waits until it has ended, by itself or because it was told to.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        wait::until(what, async || self.status()).await
    }

    /// Whether it has ended; its output is complete then.
    pub fn has_ended(&mut self) -> bool {
        self.status().is_some()
    }

    fn status(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("it is our own child")?;
        // The readers end with the pipes, and those with the process.
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        Some(status)
    }

    fn texts(&self) -> (String, String) {
        let output = self.output.lock().expect("a reader never panics");
        (output.stdout.clone(), output.stderr.clone())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!(
                "--- output of {} ({})\n{}---",
                self.name,
                self.child.id(),
                self.output()
            );
        }
    }
}

#[derive(Debug, Default)]
struct Output {
    stdout: String,
    stderr: String,
}

/// Reads a pipe to its end in a thread, so that a child never waits for a test
/// that does not look.
fn collect(
    pipe: Option<impl Read + Send + 'static>,
    output: Arc<Mutex<Output>>,
    field: fn(&mut Output) -> &mut String,
) -> Option<thread::JoinHandle<()>> {
    let mut pipe = BufReader::new(pipe?);
    Some(thread::spawn(move || {
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            let Ok(mut output) = output.lock() else {
                return;
            };
            field(&mut output).push_str(&text);
            drop(output);
            line.clear();
        }
    }))
}
