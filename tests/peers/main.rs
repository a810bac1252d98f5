//! Real peers: the Python package mfhm, 0.0.2 and 0.1.1, against the Rust crate.
//!
//! Without a Python in which both versions of the package can be installed the
//! tests are ignored and say why; with `MFHM_REQUIRE_PYTHON=1` they fail.
//! `MFHM_TEST_PYTHON` names the Python to use.

mod checks;
mod import;
mod proxies;
mod python_center;
mod rust_center;
mod setup;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use support::python::{self, Environment, Version};

/// Longer than any test takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// Both versions of the Python package, ready to run.
#[derive(Clone, Copy)]
struct Peers {
    v002: &'static Environment,
    v011: &'static Environment,
}

impl Peers {
    fn find() -> Result<Self, &'static str> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let v002 = Version::V002.environment(folder)?;
        let v011 = Version::V011.environment(folder)?;
        Ok(Self { v002, v011 })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = rust_center::trials();
    trials.extend(proxies::trials());
    trials.extend(python_center::trials());
    trials.extend(import::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test of this name. It gets its own runtime, so that it owns everything that
/// it starts.
fn trial<F: Future<Output = ()> + 'static>(name: &str, test: fn(Peers) -> F) -> Trial {
    Trial::ignorable_test(name, move || {
        let peers = match Peers::find() {
            Ok(peers) => peers,
            Err(reason) if python::is_required() => return Err(Failed::from(reason)),
            Err(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failed::from(format!("no runtime: {error}")))?;
        let test = async { tokio::time::timeout(LIMIT, test(peers)).await };
        match runtime.block_on(test) {
            Ok(()) => Ok(Completion::Completed),
            Err(_) => Err(Failed::from(format!(
                "not finished after {} s",
                LIMIT.as_secs()
            ))),
        }
    })
}
