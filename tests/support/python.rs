//! Python with the package mfhm, one virtual environment for each version of it.
//!
//! The environments lie under the target folder and are made once, by the first
//! test run that needs them, from `mfhm/tests/python/requirements-*.txt`.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::process::Program;

/// Names the Python to use; when it is set, no other is tried.
const INTERPRETER: &str = "MFHM_TEST_PYTHON";
/// Makes missing Python a failure.
const REQUIRED: &str = "MFHM_REQUIRE_PYTHON";

/// A version of the Python package mfhm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 0.0.2: `ServiceProxy` and `AsyncServiceProxy`, no keys.
    V002,
    /// 0.1.1: `CallProxy` and `KeyAuth`.
    V011,
}

impl Version {
    /// Both versions.
    pub const ALL: [Self; 2] = [Self::V002, Self::V011];

    /// The virtual environment of this version under `folder`, made if need be.
    ///
    /// # Errors
    ///
    /// Why there is none, as a phrase: no suitable Python, or the packages cannot
    /// be installed.
    pub fn environment(self, folder: &Path) -> Result<&'static Environment, &'static str> {
        static MADE: [OnceLock<Result<Environment, String>>; 2] = [const { OnceLock::new() }; 2];
        MADE[self as usize]
            .get_or_init(|| Environment::make(self, folder))
            .as_ref()
            .map_err(String::as_str)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V002 => "0.0.2",
            Self::V011 => "0.1.1",
        })
    }
}

/// Whether the tests with Python peers must run: without Python they fail then,
/// instead of being skipped.
pub fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty() && value != "0")
}

/// A virtual environment with one version of the package.
#[derive(Debug)]
pub struct Environment {
    version: Version,
    python: PathBuf,
}

impl Environment {
    /// The version of the package.
    pub fn version(&self) -> Version {
        self.version
    }

    /// One of the scripts in `tests/python`.
    pub fn script(&self, name: &str) -> Program {
        Program::new(name, &self.python)
            .env("PYTHONUNBUFFERED", 1)
            .env("PYTHONDONTWRITEBYTECODE", 1)
            .env("PYTHONIOENCODING", "utf-8")
            .arg(scripts().join(name))
    }

    fn make(version: Version, folder: &Path) -> Result<Self, String> {
        let programs = install(&version.to_string(), &requirements(), folder)?;
        let python = programs.join("python");
        Ok(Self { version, python })
    }
}

/// Programs that read and try OpenAPI documents.
#[derive(Debug)]
pub struct Tools {
    programs: PathBuf,
}

impl Tools {
    /// One of the programs.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PYTHONIOENCODING", "utf-8");
        command
    }
}

/// The programs of `requirements-openapi.txt`, installed under `folder` if need
/// be.
///
/// # Errors
///
/// As for [`Version::environment`].
pub fn openapi_tools(folder: &Path) -> Result<&'static Tools, &'static str> {
    static MADE: OnceLock<Result<Tools, String>> = OnceLock::new();
    MADE.get_or_init(|| install("openapi", &scripts(), folder).map(|programs| Tools { programs }))
        .as_ref()
        .map_err(String::as_str)
}

/// Makes a virtual environment with the packages of `requirements-{name}.txt` in
/// `lists`, and tells where its programs are.
fn install(name: &str, lists: &Path, folder: &Path) -> Result<PathBuf, String> {
    let interpreter = interpreter()?;
    let home = folder.join(format!("python-{name}"));
    let programs = home.join("bin");
    let python = programs.join("python");
    let list = lists.join(format!("requirements-{name}.txt"));
    let wanted =
        fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let wanted = format!("{interpreter}\n{wanted}");

    // Test binaries may run at the same time: one makes the environment, the
    // others wait for it. The lock ends with the file.
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let lock = folder.join(format!("python-{name}.lock"));
    let lock = File::create(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    lock.lock()
        .map_err(|error| format!("cannot lock the virtual environment: {error}"))?;

    // The stamp is written last, so an environment that was made by halves, or
    // from another list, is made again.
    let stamp = home.join("made-from.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(programs);
    }
    let mut venv = Command::new(&interpreter);
    run(
        venv.args(["-m", "venv", "--clear"]).arg(&home),
        "cannot make a virtual environment",
    )?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "-r",
    ]);
    run(pip.arg(&list), "cannot install the Python packages")?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(programs)
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// The pins are those with which the crate's fixtures were recorded.
fn requirements() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mfhm/tests/python")
}

/// A Python on which the pinned packages work, or why there is none.
fn interpreter() -> Result<String, String> {
    let candidates = match std::env::var(INTERPRETER) {
        Ok(name) if !name.is_empty() => vec![name],
        _ => ["python3.11", "python3.10", "python3"]
            .map(String::from)
            .to_vec(),
    };
    let mut problems = Vec::new();
    for name in candidates {
        let mut command = Command::new(&name);
        // `ensurepip` is what some distributions leave out of `venv`.
        command.args([
            "-c",
            "import sys, ensurepip, venv; print(*sys.version_info[:2], sep='.')",
        ]);
        match command.output() {
            Ok(output) if output.status.success() => {
                match String::from_utf8_lossy(&output.stdout).trim() {
                    "3.10" | "3.11" => return Ok(name),
                    other => problems.push(format!("{name} is {other}")),
                }
            }
            Ok(output) => problems.push(format!("{name} does not work ({})", last_line(&output))),
            Err(_) => problems.push(format!("no {name}")),
        }
    }
    Err(format!(
        "Python 3.10 or 3.11 with venv is needed: {}",
        problems.join(", ")
    ))
}

fn run(command: &mut Command, problem: &str) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{problem}: {}", last_line(&output))),
        Err(error) => Err(format!("{problem}: {error}")),
    }
}

fn last_line(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no output")
        .trim()
        .to_owned()
}
