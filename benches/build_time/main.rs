//! What the macros cost when a crate is built: a crate of 100 operations, written
//! with mfhm, by hand on axum and reqwest, and with poem-openapi.
//!
//! ```sh
//! cargo bench -p mfhm-benches --bench build-time            # 3 rounds
//! cargo bench -p mfhm-benches --bench build-time -- 5       # 5 rounds
//! cargo bench -p mfhm-benches --bench build-time -- 1 mfhm  # one of them
//! ```
//!
//! The crates are written to `target/build-time` and built there with debug
//! settings and two jobs, in turns. What is measured is processor time, of cargo
//! and everything that it starts: it suffers less from other load than time on
//! the clock does. The first build may download crates.

mod by_hand;
mod generate;
mod poem;
mod types;
mod with_mfhm;

use std::path::{Path, PathBuf};
use std::process::Command;

use generate::Variant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds: usize = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(3);
    let names: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--") && argument.parse::<usize>().is_err())
        .collect();

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = target_folder(&root).join("build-time");
    let crates: Vec<Built> = generate::variants()
        .into_iter()
        .filter(|variant| names.is_empty() || names.iter().any(|name| *name == variant.name))
        .map(|variant| Built::new(variant, &root, &folder))
        .collect();
    for one in &crates {
        // Downloads, and finds out whether it builds, before anything is measured.
        one.cargo(&["fetch"]);
    }

    let mut rows: Vec<[Vec<f64>; 4]> = crates.iter().map(|_| Default::default()).collect();
    for round in 1..=rounds {
        for (one, row) in crates.iter().zip(&mut rows) {
            eprintln!("round {round} of {rounds}: {}", one.variant.name);
            one.cargo(&["clean"]);
            row[0].push(one.measure(&["build"]));
            one.cargo(&["clean", "-p", "generated"]);
            row[1].push(one.measure(&["build"]));
            one.cargo(&["clean", "-p", "generated"]);
            one.cargo(&["check"]);
            one.cargo(&["clean", "-p", "generated"]);
            row[2].push(one.measure(&["check"]));
            one.touch(round);
            row[3].push(one.measure(&["check"]));
        }
    }
    print(&crates, &rows);
}

/// What is measured of each crate.
const MEASURED: [&str; 4] = [
    "clean build",
    "build of the crate alone",
    "check of the crate alone",
    "check after a change of one handler",
];

fn print(crates: &[Built], rows: &[[Vec<f64>; 4]]) {
    println!("{}", machine());
    println!("seconds of processor time: median (least to greatest), ratio to by-hand");
    let baseline = crates.iter().position(|one| one.variant.name == "by-hand");
    for (index, what) in MEASURED.iter().enumerate() {
        println!("\n{what}");
        for (one, row) in crates.iter().zip(rows) {
            let [least, median, greatest] = summary(&row[index]);
            let ratio = baseline.map(|by_hand| median / summary(&rows[by_hand][index])[1]);
            let ratio = ratio.map_or(String::new(), |ratio| format!("  {ratio:.2}"));
            println!(
                "  {:14} {median:7.2} ({least:.2} to {greatest:.2}){ratio}  {}",
                one.variant.name, one.variant.what
            );
        }
    }
}

fn summary(times: &[f64]) -> [f64; 3] {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    [times[0], times[times.len() / 2], times[times.len() - 1]]
}

/// A generated crate on disk.
struct Built {
    variant: Variant,
    folder: PathBuf,
}

impl Built {
    fn new(variant: Variant, root: &Path, folder: &Path) -> Self {
        let folder = folder.join(variant.name);
        std::fs::create_dir_all(folder.join("src")).expect("a folder under target is writable");
        for (path, text) in &variant.files {
            let path = folder.join(path);
            // A file that is as it was keeps its time.
            if std::fs::read_to_string(&path).ok().as_ref() != Some(text) {
                std::fs::write(path, text).expect("a folder under target is writable");
            }
        }
        let lock = folder.join("Cargo.lock");
        if !lock.exists() {
            // The same versions as here, as far as they are the same crates.
            std::fs::copy(root.join("Cargo.lock"), lock).expect("this workspace has a lock file");
        }
        Self { variant, folder }
    }

    fn cargo(&self, arguments: &[&str]) {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.folder).args(arguments).arg("-q");
        if let [what @ ("build" | "check"), ..] = arguments {
            debug_assert!(!what.is_empty());
            cargo.arg("-j2");
        }
        // What `cargo bench` has set is about another package.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO") && name != "CARGO_HOME" || name.starts_with("RUST") {
                cargo.env_remove(name);
            }
        }
        for (name, value) in std::env::vars_os() {
            // Which Rust is asked for is not to be forgotten.
            if name == "RUSTUP_TOOLCHAIN" || name == "RUSTUP_HOME" {
                cargo.env(name, value);
            }
        }
        cargo.env("CARGO_TARGET_DIR", self.folder.join("target"));
        let status = cargo.status().expect("cargo is installed");
        assert!(status.success(), "{}: {arguments:?}", self.variant.name);
    }

    /// Seconds of processor time that this takes.
    fn measure(&self, arguments: &[&str]) -> f64 {
        let before = time_of_children();
        self.cargo(arguments);
        time_of_children() - before
    }

    /// Changes a number in one handler.
    fn touch(&self, round: usize) {
        let path = self.folder.join("src").join(self.variant.touched);
        let text = std::fs::read_to_string(&path).expect("it was written");
        let line = text
            .lines()
            .find(|line| line.contains(generate::TOUCHED))
            .expect("there is such a line");
        let changed = text.replace(
            line,
            &format!("        let offset = {round}; {}", generate::TOUCHED),
        );
        std::fs::write(path, changed).expect("a folder under target is writable");
    }
}

fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Processor time of all children that have ended, and of theirs.
fn time_of_children() -> f64 {
    // Linux counts in hundredths of a second here, on every usual machine.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // After the name, which may hold anything, in parentheses.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let times = fields.split_whitespace().skip(13).take(2);
    let ticks: f64 = times.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS
}

/// Where this was measured.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .map(|name| name.trim_start_matches(['\t', ' ', ':']))
        .collect();
    let rustc = Command::new("rustc").arg("-V").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} x {}; {}; load {}",
        names.len(),
        names.first().unwrap_or(&"?"),
        rustc.unwrap_or_default(),
        load.split(' ').take(3).collect::<Vec<_>>().join(" ")
    )
}
