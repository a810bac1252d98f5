//! What the store asks of a file system. There is the real one, [`Folder`]; tests
//! put another one beneath the store, which fails, fills up, and loses what was not
//! synced when its power goes.

use std::fmt::Debug;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::directory;

/// Files by their paths, all in one directory.
pub(super) trait Medium: Clone + Debug + Send + Sync + 'static {
    type Backend: StorageBackend;
    /// Tells a file from others that have had its name.
    type Identity: PartialEq;
    /// A lock that is held until this is dropped.
    type Lock;

    /// How long the file is. Absent: there is none.
    fn size(&self, path: &Path) -> io::Result<Option<u64>>;
    /// Opens a file that exists.
    fn open(&self, path: &Path) -> io::Result<(Self::Backend, Self::Identity)>;
    /// Which file it is. Absent: there is none.
    fn identity(&self, path: &Path) -> io::Result<Option<Self::Identity>>;
    /// Makes a file that does not exist, for the owner only.
    fn create(&self, path: &Path) -> io::Result<Self::Backend>;
    /// Locks a file, which is made if need be. Absent: somebody else has the lock.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file, if there is one.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// What was made, renamed and removed beside `path` is so after a power failure.
    fn sync_directory_of(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder;

impl Medium for Folder {
    type Backend = FileBackend;
    /// The device, and the file's number on it.
    type Identity = (u64, u64);
    type Lock = File;

    fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(metadata(path)?.map(|found| found.len()))
    }

    fn open(&self, path: &Path) -> io::Result<(FileBackend, (u64, u64))> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let identity = identity(&file.metadata()?);
        Ok((backend(file)?, identity))
    }

    fn identity(&self, path: &Path) -> io::Result<Option<(u64, u64)>> {
        Ok(metadata(path)?.map(|found| identity(&found)))
    }

    fn create(&self, path: &Path) -> io::Result<FileBackend> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        // The file holds the keys of services.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        backend(options.open(path)?)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        let lock = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            // A file system without locks; redb does without them there as well.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(lock))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_directory_of(&self, path: &Path) -> io::Result<()> {
        directory::sync_parent(path)
    }
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn identity(file: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (file.dev(), file.ino())
}

/// Elsewhere a file that is open can't be replaced.
#[cfg(not(unix))]
fn identity(_file: &Metadata) -> (u64, u64) {
    (0, 0)
}

fn backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(io::Error::other)
}
