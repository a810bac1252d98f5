//! Documents that are true: an independent validator reads them, and a
//! property-based tester finds no disagreement between a service and its own.
//!
//! Both are Python packages. Without Python the tests are ignored and say why;
//! with `MFHM_REQUIRE_PYTHON=1` they fail. The page is tried in a real browser,
//! if there is one; with `MFHM_REQUIRE_BROWSER=1` a missing one is a failure.

mod library;
mod page;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mfhm::{App, RunningApp};
use support::browser;
use support::python::{self, Tools};
use tokio::runtime::Runtime;

use crate::library::InMemory;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("a_validator_accepts_the_document", validate),
        trial("the_service_does_what_its_document_says", agree),
        Trial::ignorable_test("the_page_shows_and_tries_each_operation", || {
            match browser::is_installed() {
                Ok(()) => page::test().map(|()| Completion::Completed),
                Err(reason) if browser::is_required() => Err(Failed::from(reason)),
                Err(reason) => Ok(Completion::ignored_with(reason)),
            }
        }),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn(&Tools) -> Result<(), Failed>) -> Trial {
    Trial::ignorable_test(name, move || {
        match python::openapi_tools(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
            Ok(tools) => test(tools).map(|()| Completion::Completed),
            Err(reason) if python::is_required() => Err(Failed::from(reason)),
            Err(reason) => Ok(Completion::ignored_with(reason)),
        }
    })
}

/// The documents with and without a key, read by `openapi-spec-validator`.
fn validate(tools: &Tools) -> Result<(), Failed> {
    let open = App::new().service(InMemory::default());
    let closed = App::new().service(InMemory::default()).key("secret");
    for (name, app) in [("open", open), ("closed", closed)] {
        let document = app.openapi("library").ok_or("there is no such service")?;
        let file = temporary(&format!("library-{name}.json"));
        std::fs::write(&file, document.to_string())?;
        let mut validator = tools.command("openapi-spec-validator");
        succeed(validator.args(["--schema", "3.1"]).arg(&file))?;
    }
    Ok(())
}

/// `schemathesis` with all its checks, against a service on a real port.
fn agree(tools: &Tools) -> Result<(), Failed> {
    let (runtime, app) = serve()?;
    let url = format!("{}/openapi.json", app.services()[0].url());
    let tester = succeed(
        tools
            .command("schemathesis")
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .args(["run", &url])
            .args(["--checks", "all"])
            .args(["--max-examples", "30"])
            .args(["--seed", "1", "--generation-database", "none"])
            .args(["--no-color"]),
    );
    runtime.block_on(app.stop());
    tester
}

/// The service on a real port.
fn serve() -> Result<(Runtime, RunningApp), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let app = App::new()
        .service(InMemory::default())
        // Nobody listens there: the service serves without a center.
        .center("http://127.0.0.1:9")
        .port(0);
    let app = runtime.block_on(app.start())?;
    Ok((runtime, app))
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a program; what it said is shown when it fails.
fn succeed(command: &mut Command) -> Result<(), Failed> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output()?;
    if status.success() {
        return Ok(());
    }
    let said = [stdout, stderr].concat();
    Err(Failed::from(format!(
        "{status}\n{}",
        String::from_utf8_lossy(&said)
    )))
}
