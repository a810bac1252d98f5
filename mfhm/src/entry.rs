//! What `#[mfhm::main]` does at run time.

use std::process::ExitCode;

use crate::error::Error;

/// The arguments of `#[mfhm::main]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Runtime {
    /// Threads of the runtime; the default is one for each core.
    pub worker_threads: Option<usize>,
    /// Everything on one thread.
    pub current_thread: bool,
    /// What is logged when `MFHM_LOG` says nothing; the default is `info`.
    pub log: Option<&'static str>,
}

/// Sets up the log and a runtime, and runs `main` on it. An error is printed to
/// standard error with its causes, and the exit code is 1.
pub fn run_main<F>(runtime: Runtime, main: F) -> ExitCode
where
    F: Future,
    F::Output: MainResult,
{
    crate::log::init(runtime.log.unwrap_or("info"));
    let mut builder = if runtime.current_thread {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    if let Some(threads) = runtime.worker_threads {
        builder.worker_threads(threads.max(1));
    }
    match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(main).into_exit_code(),
        Err(error) => failure(&Error::with_source("the runtime cannot be set up", error)),
    }
}

/// What `main` may return: nothing, or a `Result` whose error is an error.
#[diagnostic::on_unimplemented(
    message = "`#[mfhm::main]` cannot return `{Self}`",
    note = "return nothing, `mfhm::Result<()>`, or a `Result<(), E>` whose `E` is an error"
)]
pub trait MainResult {
    #[doc(hidden)]
    fn into_exit_code(self) -> ExitCode;
}

impl MainResult for () {
    fn into_exit_code(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl MainResult for ExitCode {
    fn into_exit_code(self) -> ExitCode {
        self
    }
}

impl<E: Into<Box<dyn std::error::Error>>> MainResult for Result<(), E> {
    fn into_exit_code(self) -> ExitCode {
        match self {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failure(&*error.into()),
        }
    }
}

// The program's last words, wanted whatever the log is set to.
fn failure(error: &dyn std::error::Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    eprintln!("error: {text}");
    ExitCode::FAILURE
}
