//! The folder of lists: which file is whose, which are read, which can go.
//!
//! A name is `{program}-{scope}-{process id}-{number}.lists.json`. The scope stands
//! for where the lists come from: a program that is pointed at another center does
//! not begin with the instances of this one. The number tells the callers of one
//! process apart.
//!
//! Whoever puts a list there says where calls go, and the folder may be one in which
//! others write, too. What is read are regular files that belong to the user that this
//! process acts as, and that nobody else may write; each is looked at once it is open,
//! for a name can stand for something else a moment later. Nothing that lies there makes
//! the reading wait.

mod own;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::file::{self, SavedService};
use crate::contract::shape;

const SUFFIX: &str = ".lists.json";
/// A file that is being written.
const DRAFT: &str = ".draft";

/// So many files of one program stay, the newest. Processes that run are at home in
/// more: each of them writes again what it knows.
const STAY: usize = 8;
/// What nobody confirmed for so long is of no use to anybody.
const OLDEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A draft that is older than this was left by a process that was killed.
const OLDEST_DRAFT: Duration = Duration::from_secs(60 * 60);
/// Longer files are not read: 50,000 instances fill one.
const LARGEST: u64 = 16 << 20;
/// Clocks are put right; what is further in the future was not written by one of ours.
const LEEWAY: Duration = Duration::from_secs(5 * 60);

/// Where a caller's lists are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
    /// What the names of all files begin with that this caller reads.
    family: String,
    /// The name of its own.
    own: String,
}

impl Place {
    /// The place of a caller of this process that learns from `origin`.
    pub(crate) fn new(folder: PathBuf, origin: &str) -> Self {
        static CALLERS: AtomicU32 = AtomicU32::new(0);
        let exe = std::env::current_exe().unwrap_or_default();
        let stem = exe.file_stem().unwrap_or_default().to_string_lossy();
        let number = CALLERS.fetch_add(1, Ordering::Relaxed);
        Self::of(folder, &stem, origin, std::process::id(), number)
    }

    pub(super) fn of(
        folder: PathBuf,
        program: &str,
        origin: &str,
        process: u32,
        number: u32,
    ) -> Self {
        let is_harmless = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let program: String = program
            .chars()
            .filter(|&c| is_harmless(c))
            .take(64)
            .collect();
        let scope = shape::key("lists", origin);
        let family = format!("{program}-{scope:016x}-");
        let own = format!("{family}{process}-{number}{SUFFIX}");
        Self {
            folder,
            family,
            own,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The folder for those who say nothing: `$XDG_CACHE_HOME/mfhm`, or
/// `~/.cache/mfhm`. None for a process without a home, and none for a test
/// that cargo built, which lies in a folder `deps`: a test leaves nothing behind, and
/// does not find what another one left.
pub(super) fn usual(
    var: impl Fn(&str) -> Option<std::ffi::OsString>,
    program: &Path,
) -> Option<PathBuf> {
    if program
        .parent()
        .is_some_and(|folder| folder.ends_with("deps"))
    {
        return None;
    }
    let absolute = |name: &str| {
        var(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("mfhm"))
}

/// What the files of a program say, each service as it was told last. Files that
/// cannot be read are passed over with a warning.
pub(super) fn read(place: &Place, now: u64) -> BTreeMap<String, SavedService> {
    let mut found = BTreeMap::<String, SavedService>::new();
    let passed_over = |path: &Path, why: &str| {
        let path = path.display();
        tracing::warn!("the lists of instances in {path} are passed over: {why}");
    };
    // What is not to be read takes no place away from what is.
    let is_to_be_read = |(path, _): &(PathBuf, SystemTime)| {
        let about = fs::symlink_metadata(path).map_err(|error| error.to_string());
        let checked = about.and_then(|about| own::check(&about));
        checked.map_err(|why| passed_over(path, &why)).is_ok()
    };
    let files = files(place, now).into_iter().filter(is_to_be_read);
    for (path, _) in files.take(STAY) {
        let services = match content(&path) {
            Ok(services) => services,
            Err(why) => {
                passed_over(&path, &why);
                continue;
            }
        };
        for (service, mut saved) in services {
            if saved.at > now.saturating_add(LEEWAY.as_secs()) {
                // Nobody knows how old it is: better than nothing, worse than all others.
                saved.at = now.saturating_sub(OLDEST.as_secs() - 1);
            }
            let is_newer = found.get(&service).is_none_or(|known| known.at < saved.at);
            if is_newer && now.saturating_sub(saved.at) < OLDEST.as_secs() {
                found.insert(service, saved);
            }
        }
    }
    found
}

fn content(path: &Path) -> Result<BTreeMap<String, SavedService>, String> {
    let mut text = Vec::new();
    let file = own::open(path)?;
    let read = file.take(LARGEST + 1).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("it is longer than {LARGEST} bytes"));
    }
    file::read(&text)
}

/// Puts `text` in the place of the caller's file, all of it or nothing, and clears
/// away what is of no use any more.
pub(super) fn write(place: &Place, text: &[u8], now: u64) -> io::Result<()> {
    create_folder(&place.folder)?;
    let path = place.folder.join(&place.own);
    let draft = place.folder.join(format!("{}{DRAFT}", place.own));
    // What a killed process left, which perhaps had this very process id.
    let _ = fs::remove_file(&draft);
    let written = (|| {
        let mut file = create_file(&draft)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    } else {
        // The name is on disk, too, when the folder is.
        let _ = File::open(&place.folder).and_then(|folder| folder.sync_all());
        clear(place, now);
    }
    written
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file that only its owner reads.
fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The files of the place's program and scope, the newest first. Those that are said to
/// be of the future come last: they would be the newest for ever.
fn files(place: &Place, now: u64) -> Vec<(PathBuf, SystemTime)> {
    let latest = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(now) + LEEWAY);
    let entries = fs::read_dir(&place.folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(&place.family) && is_ours(&name)
        })
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?)))
        .collect();
    files.sort_by_key(|(_, at)| {
        let is_possible = latest.is_none_or(|latest| *at <= latest);
        std::cmp::Reverse((is_possible, *at))
    });
    files
}

/// Removes the older files of the program, and those of all programs that nobody
/// has confirmed for long.
fn clear(place: &Place, now: u64) {
    let own = place.folder.join(&place.own);
    for (path, _) in files(place, now).into_iter().skip(STAY) {
        if path != own {
            let _ = fs::remove_file(path);
        }
    }
    for entry in fs::read_dir(&place.folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let oldest = match name.strip_suffix(DRAFT) {
            Some(draft) if is_ours(draft) => OLDEST_DRAFT,
            None if is_ours(&name) => OLDEST,
            // The folder may have other uses.
            _ => continue,
        };
        let modified = entry.metadata().and_then(|about| about.modified());
        let age = modified.ok().and_then(|at| {
            let at = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            now.checked_sub(at.as_secs())
        });
        if age.is_some_and(|age| age > oldest.as_secs()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file has a name as [`Place`] makes them.
fn is_ours(name: &str) -> bool {
    let Some(name) = name.strip_suffix(SUFFIX) else {
        return false;
    };
    let mut parts = name.rsplitn(4, '-');
    let mut next = |is_part: fn(&str) -> bool| parts.next().is_some_and(is_part);
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    next(is_number)
        && next(is_number)
        && next(|part| part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit()))
        && next(|_| true)
}
