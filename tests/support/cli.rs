//! The command-line program `mfhm`, built from the checkout.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::process::Program;

/// The program, ready to be given arguments. The first use builds it.
///
/// # Panics
///
/// When it cannot be built.
pub fn mfhm() -> Program {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    Program::new("mfhm", BUILT.get_or_init(build))
}

/// Cargo builds the binaries of a test's own package only, so this asks it for
/// the other one. All of the workspace takes part in the choice of features, as
/// it does in a test run, so that little is compiled twice.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "build",
            "--workspace",
            "--bin",
            "mfhm",
            "--features",
            "mfhm/cli",
        ])
        .args(["--quiet", "--message-format", "json"])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "mfhm")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program that it built")
}
