//! What the store asks of a file system. There is the real one, [`Folder`]; tests
//! put another one beneath the store, which fails, fills up, and loses what was not
//! synced when its power goes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::directory;

/// Files by their paths, all in one directory.
pub(super) trait Medium: Send + 'static {
    type Backend: StorageBackend;
    /// A lock that is held until this is dropped.
    type Lock;

    /// How long the file is. Absent: there is none.
    fn size(&self, path: &Path) -> io::Result<Option<u64>>;
    /// Opens a file that exists.
    fn open(&self, path: &Path) -> io::Result<Self::Backend>;
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
    type Lock = File;

    fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        match std::fs::metadata(path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path) -> io::Result<FileBackend> {
        backend(OpenOptions::new().read(true).write(true).open(path)?)
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

fn backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(io::Error::other)
}

/// A file whose failed syncs are remembered: after one of them, nobody knows what
/// of it is on disk, whatever is read from it.
#[derive(Debug)]
pub(super) struct Watched<B> {
    inner: B,
    is_in_doubt: Arc<AtomicBool>,
}

impl<B> Watched<B> {
    pub(super) fn new(inner: B, is_in_doubt: Arc<AtomicBool>) -> Self {
        Self { inner, is_in_doubt }
    }
}

impl<B: StorageBackend> StorageBackend for Watched<B> {
    fn sync_data(&self) -> io::Result<()> {
        let synced = self.inner.sync_data();
        if synced.is_err() {
            self.is_in_doubt.store(true, Ordering::SeqCst);
        }
        synced
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}
