//! The file itself: how it is made, opened, written, and replaced when it can't be
//! trusted any more.
//!
//! A new file is made under another name and gets its own when it is whole, so
//! that a center may be killed in the middle of its very first start.
//!
//! After a sync that failed the file is *in doubt* (see [`Doubt`]), and nothing that is
//! added to it would be safe. So what can be read of it is written to a new one that
//! takes its place.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::{Builder, Database, StorageBackend as _};

use super::doubt::{Doubt, Watched};
use super::medium::Medium;
use super::tables::{self, FORMAT, Trail, Writing};
use crate::center::audit::Numbered;
use crate::center::settings::lacks_room;
use crate::center::store::{CommitError, Revision, Snapshot};

/// What is read is in memory as records, so the pages of a file matter only while it is
/// written to; redb's default is a GiB.
const CACHE_BYTES: usize = 1 << 20;

/// Each opening begins a new block of revisions. The view counts on from the
/// store's revision when health changes, so this keeps its numbers growing over
/// restarts as well, and the file need not be told each revision but only the block. While the disk is full, the new block is only in memory, and
/// the first write that succeeds makes it durable.
const REVISION_BLOCK: u32 = 32;

/// How often to open a file that seems to have been replaced while it was opened.
const OPENINGS: usize = 3;

/// Where a store's file is.
pub(super) struct Location<M> {
    medium: M,
    path: PathBuf,
    doubt: Arc<Doubt<M>>,
}

/// An open file and what was read from it.
pub(crate) struct Disk {
    database: Database,
    snapshot: Snapshot,
    /// The block of revisions that the file says to be in. Absent: an earlier one.
    block: Option<Revision>,
    trail: Trail,
    /// Why nothing may be written: the file is in doubt, and could not be replaced.
    refusal: Option<CommitError>,
}

impl<M: Medium> Location<M> {
    pub(super) fn new(medium: M, path: &Path) -> Self {
        let (mark, spare) = (beside(path, ".doubt"), beside(path, ".sound"));
        Self {
            doubt: Arc::new(Doubt::new(medium.clone(), mark, spare)),
            medium,
            path: path.to_owned(),
        }
    }

    /// Opens the file or makes it, waiting up to `patience` for another process to
    /// release it.
    pub(super) fn open(&self, patience: Duration) -> Result<Disk, Unopened> {
        let give_up = Instant::now() + patience;
        loop {
            // redb checks pages before it trusts them. Should it still stumble
            // over a damaged file, that must not take the program down.
            let opened = catch_unwind(AssertUnwindSafe(|| self.load()))
                .unwrap_or_else(|_| Err(Failure::Damaged("it is damaged".to_owned())));
            match opened {
                Err(Failure::InUse) if Instant::now() < give_up => {
                    // This is the store's own thread: no runtime waits with it.
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(failure) => return Err(failure.explain(&self.path)),
                Ok(disk) => return Ok(disk),
            }
        }
    }

    /// Reads everything and begins a new block of revisions.
    fn load(&self) -> Result<Disk, Failure> {
        if !self.is_made()? {
            self.create()?;
        } else {
            // Left by who was killed after having made the file.
            let _ = self.medium.remove(&beside(&self.path, ".lock"));
        }
        // Who made the file may have been killed before its name was on disk.
        self.sync_directory()?;
        let mut refusal = None;
        if self.doubt.exists()? {
            refusal = match self.replace() {
                Ok(()) => None,
                // It can be read until it can be replaced.
                Err(failure @ (Failure::Full(_) | Failure::Io(_))) => {
                    tracing::warn!(?failure, "the store can't be written anew yet");
                    Some(failure.explain(&self.path).into())
                }
                Err(failure) => return Err(failure),
            };
        }
        let database = self.open_file()?;
        let mut snapshot = tables::read(&database)?;
        self.doubt.prepare();
        snapshot.revision = (block_of(snapshot.revision) + 1) << REVISION_BLOCK;
        let disk = |database, snapshot, refusal, block| Disk {
            database,
            snapshot,
            refusal,
            block,
            trail: None,
        };
        if refusal.is_some() {
            return Ok(disk(database, snapshot, refusal, None));
        }
        let begun = Writing {
            revision: snapshot.revision,
            ..Writing::default()
        };
        let block = Some(block_of(snapshot.revision));
        match tables::write(&database, begun, false, &mut None) {
            Ok(_) => Ok(disk(database, snapshot, None, block)),
            Err(error) if is_full(&error) => {
                tracing::warn!("the disk is full: registrations are read, but none can be stored");
                // redb is of no more use after a failed write, not even to read or
                // to keep other centers away. Opening the file needs no room.
                drop(database);
                let database = self.open_file()?;
                // Some file systems look for room only when they sync. The next change
                // finds the file replaced, or not yet.
                let refusal = self.doubt.is_seen().then(|| CommitError::Failed {
                    is_full: true,
                    reason: error.to_string(),
                });
                Ok(disk(database, snapshot, refusal, None))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn open_file(&self) -> Result<Database, Failure> {
        let mut openings = 0;
        loop {
            let (file, identity) = self.medium.open(&self.path).map_err(io_failure)?;
            let file = Watched::new(file, self.doubt.clone());
            let database = builder().create_with_backend(file)?;
            // Its lock keeps others from replacing it from now on. Before that one may have
            // done so, and then this is a file that nobody will find again.
            if self.medium.identity(&self.path)? == Some(identity) {
                return Ok(database);
            }
            openings += 1;
            if openings == OPENINGS {
                // Nobody replaces it so often.
                tracing::warn!(
                    file = %self.path.display(),
                    "the file system does not tell this file from others: start no second center \
                     with it"
                );
                return Ok(database);
            }
        }
    }

    /// A file without a byte is none yet: whoever made it did not get further.
    fn is_made(&self) -> Result<bool, Failure> {
        let size = self.medium.size(&self.path).map_err(io_failure)?;
        Ok(size.is_some_and(|size| size > 0))
    }

    /// Makes the file, unless another center did so meanwhile.
    pub(super) fn create(&self) -> Result<(), Failure> {
        // redb's own lock comes with opening a file, and a draft that was left half-made
        // can't be opened. So the right to make one has a lock of its own.
        let lock_path = beside(&self.path, ".lock");
        let lock = self.medium.lock(&lock_path).map_err(io_failure)?;
        let Some(_lock) = lock else {
            return Err(Failure::InUse);
        };
        if !self.is_made()? {
            self.draft(|_| Ok(()))?;
        }
        // Who still waits for this lock finds the file made, and who does not find
        // the lock finds the file: from now on nobody needs it.
        let _ = self.medium.remove(&lock_path);
        Ok(())
    }

    /// Puts a new file with what can be read in the place of one that is in doubt.
    fn replace(&self) -> Result<(), Failure> {
        // Perhaps it can be written down now.
        self.doubt.mark();
        let old = self.open_file()?;
        // It is not replaced by less than it should hold.
        tables::read(&old)?;
        self.draft(|new| tables::copy(&old, new))?;
        // Only now: as long as it is open, no other center takes the old one for the
        // right one. What its last sync comes to does not matter.
        drop(old);
        self.doubt.end()?;
        self.sync_directory()?;
        tracing::warn!(file = %self.path.display(), "a sync had failed: the store was written anew");
        Ok(())
    }

    /// Makes a whole file under another name, and gives it the right one.
    fn draft(&self, fill: impl FnOnce(&Database) -> Result<(), Failure>) -> Result<(), Failure> {
        let draft = beside(&self.path, ".new");
        let made = self.make(&draft, fill).and_then(|()| {
            self.medium.rename(&draft, &self.path)?;
            self.sync_directory()
        });
        if made.is_err() {
            // It may be what filled the disk.
            let _ = self.medium.remove(&draft);
        }
        made
    }

    fn make(
        &self,
        draft: &Path,
        fill: impl FnOnce(&Database) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.medium.remove(draft)?;
        let backend = self.medium.create(draft)?;
        let database = builder().create_with_backend(backend)?;
        tables::write(&database, Writing::default(), false, &mut None)?;
        fill(&database)?;
        database.close()?;
        // What redb wrote when it was closed belongs to the file.
        let (whole, _) = self.medium.open(draft)?;
        whole.sync_data()?;
        Ok(())
    }

    /// A name that may not be on disk is as bad as a content: it is given again, to a
    /// new file.
    fn sync_directory(&self) -> Result<(), Failure> {
        let synced = self.medium.sync_directory_of(&self.path);
        synced
            .inspect_err(|_| self.doubt.begin())
            .map_err(io_failure)
    }
}

impl Disk {
    /// Releases the file.
    pub(crate) fn close(self) {
        // After a failure redb may stumble once more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }

    /// What the file held when it was opened. Given away once.
    pub(crate) fn take_snapshot(&mut self) -> Snapshot {
        std::mem::take(&mut self.snapshot)
    }

    /// Why nothing may be written.
    pub(crate) fn refusal(&self) -> Option<&CommitError> {
        self.refusal.as_ref()
    }

    /// Writes in one transaction; durable when it returns. The answer is the number
    /// of the first entry of the audit trail.
    pub(crate) fn write(&mut self, writing: Writing<'_>) -> Result<u64, CommitError> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal.clone());
        }
        let block = Some(block_of(writing.revision));
        let is_begun = self.block == block;
        let mut trail = self.trail.take();
        let first = guarded(|| tables::write(&self.database, writing, is_begun, &mut trail))?;
        // Both as of what is in the file now.
        (self.block, self.trail) = (block, trail);
        Ok(first)
    }

    /// Entries of the audit trail in their order: those after a number, or the last.
    pub(crate) fn audit(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Numbered>, CommitError> {
        guarded(|| tables::read_audit(&self.database, after, limit))
    }
}

/// As in [`Location::open`]: what can't be done must not end the store.
fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, CommitError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(CommitError::Failed {
            is_full: is_full(&error),
            reason: error.to_string(),
        }),
        Err(_) => Err(CommitError::Failed {
            is_full: false,
            reason: "the file may be damaged".to_owned(),
        }),
    }
}

/// Why a file can't be used.
#[derive(Debug)]
pub(super) enum Failure {
    InUse,
    Newer(u32),
    Damaged(String),
    Full(String),
    Io(String),
}

/// The same, in words.
#[derive(Debug)]
pub(crate) struct Unopened {
    pub text: String,
    pub is_full: bool,
}

impl From<Unopened> for CommitError {
    fn from(problem: Unopened) -> Self {
        Self::Failed {
            reason: problem.text,
            is_full: problem.is_full,
        }
    }
}

impl Failure {
    pub(super) fn explain(self, path: &Path) -> Unopened {
        let file = path.display();
        let is_full = matches!(self, Self::Full(_));
        let text = match self {
            Self::InUse => format!(
                "the store {file} is in use by another center: stop that one, or choose another \
                 data directory (--data-dir, .data_dir(…))"
            ),
            Self::Newer(format) => format!(
                "the store {file} has format {format}, and this version of mfhm knows formats up \
                 to {FORMAT}: use the newer version, or choose another data directory (--data-dir, \
                 .data_dir(…))"
            ),
            Self::Damaged(cause) => format!(
                "the store {file} can't be read: {cause}. The file is kept: put a copy of it back \
                 (mfhm center import), or move it away to start without registrations"
            ),
            Self::Full(cause) => format!(
                "the store {file} can't be opened: {cause}. Make room on its disk, or choose \
                 another data directory (--data-dir, .data_dir(…))"
            ),
            Self::Io(cause) => format!("the store {file} can't be opened: {cause}"),
        };
        Unopened { text, is_full }
    }
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            // redb reports a file that is not its own as invalid data; one that was cut
            // ends too early.
            redb::Error::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ) =>
            {
                Self::Damaged(error.to_string())
            }
            redb::Error::Io(error) if lacks_room(&error) => Self::Full(error.to_string()),
            redb::Error::Io(error) => Self::Io(error.to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

fn io_failure(error: io::Error) -> Failure {
    redb::Error::Io(error).into()
}

fn block_of(revision: Revision) -> Revision {
    revision >> REVISION_BLOCK
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

fn is_full(error: &redb::Error) -> bool {
    matches!(error, redb::Error::Io(error) if lacks_room(error))
}
