//! A center under strace, which kills it at its n-th write, sync, rename or other
//! change of its files, or has some of them fail.

use std::collections::{BTreeMap, BTreeSet};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kill {
    /// The system call.
    pub call: &'static str,
    /// Counted from 1, for each name and, which strace's counters do, for each thread.
    pub number: usize,
}

/// Which changes are the moments of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    /// Those of the store's thread, to its files and their directory.
    Store,
    /// Those that the program's first thread makes before there is a store.
    First,
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
    watched: Watched,
}

impl Traced {
    /// A center that begins with nothing, and what it writes before it has a store: its
    /// signing key. `folder` is for its data.
    pub fn empty(program: &Path, folder: &Path) -> Self {
        Self {
            program: program.to_owned(),
            before: None,
            known: History::default(),
            folder: folder.to_owned(),
            watched: Watched::First,
        }
    }

    /// One that has its signing key and no store. Of a call that two threads make, strace
    /// would have the first of them killed, and never the other.
    pub async fn without_store(program: &Path, folder: &Path) -> Self {
        let before = folder.join("before the store");
        let mut process = Place::new(program, &before).start().await;
        process.kill();
        for file in std::fs::read_dir(&before).expect("what was written") {
            let file = file.expect("a file").path();
            if file.file_name().is_none_or(|name| name != "identity.json") {
                std::fs::remove_file(&file).expect("a file of the store");
            }
        }
        Self {
            before: Some(before),
            watched: Watched::Store,
            ..Self::empty(program, folder)
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
            before: Some(before),
            known,
            watched: Watched::Store,
            ..Self::empty(program, folder)
        }
    }

    /// Every moment at which it can be killed.
    ///
    /// # Panics
    ///
    /// When a moment could not be told from another thread's.
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
        let data = place.folder.to_string_lossy();
        let mut counts = BTreeMap::new();
        let mut kills = BTreeSet::new();
        for line in text.lines() {
            // `<thread> fsync(12</path>) = 0`, and not what goes on after another thread's
            // line.
            let mut words = line.split_whitespace();
            let (thread, call) = (words.next().unwrap_or_default(), words.next());
            let call = call.and_then(|call| call.split('(').next());
            let Some(call) = CALLS.iter().find(|known| Some(**known) == call) else {
                continue;
            };
            let count = counts.entry((thread, *call)).or_insert(0);
            *count += 1;
            let number = *count;
            let is_watched = match self.watched {
                Watched::Store => true,
                Watched::First => thread == pid && line.contains(&*data),
            };
            if is_watched {
                let is_first = kills.insert(Kill { call, number });
                assert!(
                    is_first,
                    "two threads make the change {number} of {call}: {text}"
                );
            }
        }
        kills.into_iter().collect()
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
            // With the paths of what is written.
            .arg("-y")
            .arg("-o")
            .arg(log);
        // What is not done to the store is not counted. The key is made under a name that
        // is known to nobody.
        let files: &[&str] = match self.watched {
            Watched::Store => &[
                "center.redb",
                "center.redb.new",
                "center.redb.lock",
                "center.redb.doubt",
                "center.redb.sound",
            ],
            Watched::First => &[],
        };
        let data = &place.folder;
        for file in files {
            strace = strace.arg("-P").arg(data.join(file));
        }
        if !files.is_empty() {
            strace = strace.arg("-P").arg(data);
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
