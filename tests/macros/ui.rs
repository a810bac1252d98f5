//! One mistake a file, and the message that it gets: `ui/*/*.rs` beside their
//! `.stderr`.
//!
//! The compiler's own words change between releases, so the messages are
//! compared with one release only; with another one the test is ignored and
//! says so. `MFHM_REQUIRE_UI=1` makes that a failure, `TRYBUILD=overwrite`
//! accepts new messages.

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// The release whose messages are recorded.
const RELEASE: &str = "rustc 1.95.";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mistakes = Trial::ignorable_test("every_mistake_gets_its_message", || {
        let version = compiler_version()?;
        if !version.starts_with(RELEASE) {
            let reason = format!("the messages are those of {RELEASE}*, this is {version}");
            return match std::env::var_os("MFHM_REQUIRE_UI") {
                Some(_) => Err(Failed::from(reason)),
                None => Ok(Completion::ignored_with(reason)),
            };
        }
        let cases = trybuild::TestCases::new();
        cases.compile_fail("ui/*/*.rs");
        // The cases run, and are judged, when this is dropped.
        drop(cases);
        Ok(Completion::Completed)
    });
    libtest_mimic::run(&arguments, vec![mistakes]).exit_code()
}

fn compiler_version() -> Result<String, Failed> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .arg("--version")
        .output()
        .map_err(|error| format!("the compiler cannot be asked for its version: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
