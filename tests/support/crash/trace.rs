//! A center under strace, which kills it at its n-th write, sync, rename or other
//! change of its files, or has some of them fail.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::history::Ended;
use super::{Figures, History, Place, is_read, listens};
use crate::process::{Process, Program};
use crate::wait;

/// What changes files. Which of them the center uses is counted, not assumed.
const CALLS: [&str; 14] = [
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "linkat",
    "unlink",
    "unlinkat",
];

/// So many changes are asked for in a run.
const CHANGES: usize = 14;

/// Whether there is an strace that may trace.
pub fn is_available() -> bool {
    let mut trial = Command::new("strace");
    trial.args(["-qq", "-o", "/dev/null", "true"]);
    trial.stdout(Stdio::null()).stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

/// The n-th call of this name is the last thing that the center does.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// The system call.
    pub call: &'static str,
    /// Counted from 1, for each name.
    pub number: usize,
}

/// Some calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Failing {
    /// The system call.
    pub call: &'static str,
    /// Which of them, such as `20..26`.
    pub which: &'static str,
    /// How, such as `EIO`.
    pub error: &'static str,
    /// What the center answers to changes meanwhile.
    pub status: u16,
}

/// What a center starts with, and where it is traced.
#[derive(Debug)]
pub struct Traced {
    program: PathBuf,
    /// A copy of it is the data of each run.
    before: Option<PathBuf>,
    known: History,
    folder: PathBuf,
}

impl Traced {
    /// A center that begins with nothing. `folder` is for its data.
    pub fn empty(program: &Path, folder: &Path) -> Self {
        Self {
            program: program.to_owned(),
            before: None,
            known: History::default(),
            folder: folder.to_owned(),
        }
    }

    /// One that begins with what a killed center left.
    pub async fn killed(program: &Path, folder: &Path) -> Self {
        let before = folder.join("before");
        let place = Place::new(program, &before);
        let mut process = place.start().await;
        let mut known = History::default();
        let ended = known.work(place.port, 0, 40, 1).await;
        assert_eq!(ended, Ended::Done);
        process.kill();
        Self {
            program: program.to_owned(),
            before: Some(before),
            known,
            folder: folder.to_owned(),
        }
    }

    /// Every moment at which it can be killed.
    pub async fn kills(&self) -> Vec<Kill> {
        let log = self.folder.join("calls");
        let place = self.place();
        let mut process = self.start(&place, &[], &log);
        assert!(listens(&mut process).await, "{}", process.output());
        let mut history = self.known.clone();
        assert_eq!(history.work(place.port, 1, CHANGES, 2).await, Ended::Done);
        process.terminate();
        let pid = process.id().to_string();
        process.ended().await;
        // The tracer writes on for a moment.
        let text = wait::until("the end of the trace", async || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let is_last = |line: &str| line.starts_with(&pid) && line.contains("+++ exited");
            text.lines().any(is_last).then_some(text)
        })
        .await;
        let mut counts = BTreeMap::new();
        for line in text.lines() {
            // `<pid> fsync(12) = 0`, and not what goes on after another thread's line.
            let call = line.split_whitespace().nth(1).unwrap_or_default();
            let call = call.split('(').next().unwrap_or_default();
            if let Some(call) = CALLS.iter().find(|known| **known == call) {
                *counts.entry(*call).or_insert(0) += 1;
            }
        }
        let kills = counts
            .into_iter()
            .flat_map(|(call, count)| (1..=count).map(move |number| Kill { call, number }));
        kills.collect()
    }

    /// Has it killed there, starts it again and compares. False: it did not come so
    /// far this time.
    pub async fn kill_at(&self, kill: Kill, figures: &mut Figures) -> bool {
        let place = self.place();
        let inject = format!("inject={}:signal=KILL:when={}", kill.call, kill.number);
        let mut process = self.start(&place, &["-e", &inject], Path::new("/dev/null"));
        let mut history = self.known.clone();
        if listens(&mut process).await {
            let ended = history.work(place.port, 1, CHANGES, 2).await;
            assert!(
                matches!(ended, Ended::Done | Ended::Gone),
                "{kill:?}: {ended:?}"
            );
            process.terminate();
        }
        let was_killed = process.ended().await.signal() == Some(9);
        figures.kills += usize::from(was_killed);
        compare(&place, &mut history, figures).await;
        was_killed
    }

    /// Has some of its calls fail: changes are refused as long as that lasts, readers
    /// are answered all the while, and it heals without a restart.
    pub async fn fail(&self, failing: Failing, figures: &mut Figures) {
        let Failing {
            call,
            which,
            error,
            status,
        } = failing;
        let place = self.place();
        let inject = format!("inject={call}:error={error}:when={which}");
        let mut process = self.start(&place, &["-e", &inject], Path::new("/dev/null"));
        assert!(listens(&mut process).await, "{}", process.output());
        let mut history = self.known.clone();
        let mut refused = 0;
        let mut healed = 0;
        for round in 0..60 {
            match history.work(place.port, 1, 1, round).await {
                Ended::Done => healed += usize::from(refused > 0),
                ended => {
                    assert_eq!(ended, Ended::Refused(status), "{failing:?}");
                    refused += 1;
                    healed = 0;
                }
            }
            assert!(is_read(place.port).await, "{failing:?}");
        }
        assert!(refused > 0 && healed > 0, "{failing:?}: {refused} {healed}");
        process.kill();
        figures.kills += 1;
        compare(&place, &mut history, figures).await;
    }

    /// Fresh data for one run.
    fn place(&self) -> Place {
        let data = self.folder.join("data");
        let _ = std::fs::remove_dir_all(&data);
        if let Some(before) = &self.before {
            std::fs::create_dir_all(&data).expect("a folder");
            for file in std::fs::read_dir(before).expect("what was before") {
                let file = file.expect("a file").path();
                let name = file.file_name().expect("a name");
                std::fs::copy(&file, data.join(name)).expect("a copy");
            }
        }
        Place::new(&self.program, &data)
    }

    fn start(&self, place: &Place, options: &[&str], log: &Path) -> Process {
        // The tracer is the grandchild, so signals go to the center.
        let mut strace = Program::new("center", "strace")
            .arg("-D")
            .arg("-f")
            .arg("-q")
            .arg("-o")
            .arg(log);
        // What is not done to its data is not counted.
        let data = &place.folder;
        for path in [
            "",
            "center.redb",
            "center.redb.new",
            "center.redb.lock",
            "center.redb.doubt",
            "center.redb.sound",
        ] {
            let path = if path.is_empty() {
                data.clone()
            } else {
                data.join(path)
            };
            strace = strace.arg("-P").arg(path);
        }
        strace = strace.arg("-e").arg(format!("trace={}", CALLS.join(",")));
        for option in options {
            strace = strace.arg(option);
        }
        place.arguments(strace.arg(&self.program)).start()
    }
}

async fn compare(place: &Place, history: &mut History, figures: &mut Figures) {
    let mut process = place.start().await;
    figures.starts += 1;
    history.compare(place.port, figures).await;
    process.kill();
}
