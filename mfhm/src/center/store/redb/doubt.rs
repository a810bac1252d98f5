//! Whether more may be read of the store's file than is on disk.
//!
//! After a sync that failed, an operating system may take what it could not write
//! for written: it shows it to readers, and never writes it again. The file is *in
//! doubt* then, until a new one has taken its place. This is written down in the moment
//! in which the sync fails, whoever asked for it: an opening, a commit, an import, or
//! the closing that nobody waits for. The next process must know of it, should this one
//! be killed before the file is replaced.
//!
//! It is written down where there may be no room for another file. So an empty file is
//! kept beside the store, made while there was room, and gets another name: `.sound`
//! becomes `.doubt`. The mark need not outlive a power failure, because what a system
//! shows without having written it does not either.
//!
//! Two gaps are left. Where the name can't be changed and no file can be made, as on a
//! file system that became read-only, only this process knows: it refuses changes, and
//! tries again with each. And a process that is killed between the failure and the mark,
//! two system calls, tells nobody.

use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{BackendError, StorageBackend};

use super::medium::Medium;

/// What is known of one file.
#[derive(Debug)]
pub(super) struct Doubt<M> {
    medium: M,
    /// The two names of the empty file.
    mark: PathBuf,
    spare: PathBuf,
    /// This process saw a sync fail, and the file was not replaced since.
    is_seen: AtomicBool,
}

impl<M: Medium> Doubt<M> {
    pub(super) fn new(medium: M, mark: PathBuf, spare: PathBuf) -> Self {
        Self {
            medium,
            mark,
            spare,
            is_seen: AtomicBool::new(false),
        }
    }

    /// Whether this process saw a sync fail.
    pub(super) fn is_seen(&self) -> bool {
        self.is_seen.load(Ordering::SeqCst)
    }

    /// Whether this process saw one fail, or an earlier one did.
    pub(super) fn exists(&self) -> io::Result<bool> {
        Ok(self.is_seen() || self.is_marked()?)
    }

    /// A sync failed.
    pub(super) fn begin(&self) {
        self.is_seen.store(true, Ordering::SeqCst);
        self.mark();
    }

    /// Tells the next process, as far as it can be.
    pub(super) fn mark(&self) {
        if self.medium.rename(&self.spare, &self.mark).is_ok() {
            return;
        }
        // There was no spare, or it is the mark already.
        if let Ok(false) = self.is_marked()
            && let Err(error) = self.medium.create(&self.mark)
        {
            tracing::error!(
                %error, file = %self.mark.display(),
                "a sync failed, and this can't be written down for a center that is started later"
            );
        }
    }

    /// Keeps an empty file for a mark.
    pub(super) fn prepare(&self) {
        let is_there = |path: &Path| !matches!(self.medium.size(path), Ok(None));
        if !is_there(&self.spare) && !is_there(&self.mark) {
            // Where there is no room for it, there may be for the mark.
            let _ = self.medium.create(&self.spare);
        }
    }

    /// A new file has taken the place of the one that was in doubt.
    pub(super) fn end(&self) -> io::Result<()> {
        match self.medium.rename(&self.mark, &self.spare) {
            // It could not be made.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.is_seen.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn is_marked(&self) -> io::Result<bool> {
        Ok(self.medium.size(&self.mark)?.is_some())
    }
}

/// A file that is in doubt as soon as a sync of it fails.
#[derive(Debug)]
pub(super) struct Watched<M: Medium> {
    inner: M::Backend,
    doubt: Arc<Doubt<M>>,
}

impl<M: Medium> Watched<M> {
    pub(super) fn new(inner: M::Backend, doubt: Arc<Doubt<M>>) -> Self {
        Self { inner, doubt }
    }
}

impl<M: Medium> StorageBackend for Watched<M> {
    fn sync_data(&self) -> io::Result<()> {
        // Before whoever asked for it hears of it.
        self.inner.sync_data().inspect_err(|_| self.doubt.begin())
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
