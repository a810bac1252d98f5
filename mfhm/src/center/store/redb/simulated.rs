//! A disk for tests, in memory: it is killed after so many steps, loses what was not
//! synced when its power goes, fills up, and fails.
//!
//! A step is whatever changes the disk: a write, a change of length, a sync, a file
//! that is made, renamed or removed, a directory that is synced.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::medium::Medium;

/// What is written at once or not at all.
const SECTOR: usize = 512;

/// The disk. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Simulated(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<File>,
    /// As programs see them, and as they are on disk.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// What leads from the one to the other, in order.
    name_changes: Vec<NameChange>,
    /// Those of them that a failed sync should have written. They are written with the
    /// next change of a name, should there be one.
    forgotten: Vec<NameChange>,
    /// Somebody replaces the file that is opened next, just before it is locked.
    is_replaced_at_open: bool,
    /// Files that were opened in an earlier life are of no use.
    life: u32,
    is_dead: bool,
    steps: usize,
    steps_left: Option<usize>,
    syncs: usize,
    faults: Faults,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// There is no room for anything new.
    pub is_full: bool,
    /// This shows only when it is synced.
    pub has_room_until_sync: bool,
    /// Writes fail, as those of a broken device.
    pub writes_fail: bool,
    /// After so many syncs, so many fail, also those of the directory. What they should
    /// have written is forgotten, and yet it is read, as with Linux's page cache.
    pub good_syncs: usize,
    pub failing_syncs: usize,
    /// When a sync has failed, the process is killed after so many steps.
    pub steps_after_failure: Option<usize>,
    /// The next sync panics.
    pub stumbles: bool,
}

#[derive(Debug, Default)]
struct File {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// What was not synced, in order.
    unsynced: Vec<Unsynced>,
}

#[derive(Debug)]
enum Unsynced {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
}

impl Simulated {
    /// From now on it dies after so many steps.
    pub(super) fn stop_after(&self, steps: usize) {
        self.state().steps_left = Some(steps);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state().is_dead
    }

    /// How many steps and how many syncs there were.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.steps, state.syncs)
    }

    pub(super) fn set(&self, faults: Faults) {
        self.state().faults = faults;
    }

    pub(super) fn faults(&self) -> Faults {
        self.state().faults
    }

    /// The file that is opened next is replaced by a copy of it meanwhile.
    pub(super) fn replace_at_open(&self) {
        self.state().is_replaced_at_open = true;
    }

    /// The next process: what the last one wrote is there, synced or not.
    pub(super) fn restart(&self) {
        let mut state = self.state();
        state.life += 1;
        state.is_dead = false;
        state.steps_left = None;
    }

    /// The power goes and comes back. Of what was not synced, any sector may be on
    /// disk or not; names change in their order.
    pub(super) fn lose_power(&self, random: &mut fastrand::Rng) {
        let mut state = self.state();
        state.forgotten.clear();
        let kept = random.usize(..=state.name_changes.len());
        for change in std::mem::take(&mut state.name_changes)
            .into_iter()
            .take(kept)
        {
            change.apply(&mut state.durable_names);
        }
        state.names = state.durable_names.clone();
        for file in &mut state.files {
            for unsynced in std::mem::take(&mut file.unsynced) {
                unsynced.apply_some(&mut file.durable, random);
            }
            file.seen = file.durable.clone();
        }
        drop(state);
        self.restart();
    }

    /// The names of all files.
    pub(super) fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// What a program sees of a file.
    pub(super) fn content(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[path]].seen.clone()
    }

    /// Puts a file there, durably.
    pub(super) fn put(&self, path: &Path, content: &[u8]) {
        let mut state = self.state();
        let inode = state.files.len();
        state.files.push(File::whole(content));
        state.names.insert(path.to_owned(), inode);
        state.durable_names.insert(path.to_owned(), inode);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn handle(&self, state: &State, inode: usize) -> Handle {
        Handle {
            disk: self.clone(),
            inode,
            life: state.life,
        }
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        if self.steps_left == Some(0) {
            self.is_dead = true;
        }
        if self.is_dead {
            return Err(io::Error::other("the process was killed"));
        }
        if let Some(left) = &mut self.steps_left {
            *left -= 1;
        }
        self.steps += 1;
        Ok(())
    }

    fn needs_room(&self) -> io::Result<()> {
        match self.faults.is_full {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs += 1;
        if self.faults.good_syncs > 0 {
            self.faults.good_syncs -= 1;
            return Ok(());
        }
        if self.faults.failing_syncs == 0 {
            return Ok(());
        }
        self.faults.failing_syncs -= 1;
        self.steps_left = self.faults.steps_after_failure.take().or(self.steps_left);
        Err(match self.faults.is_full {
            true => io::ErrorKind::StorageFull.into(),
            false => io::Error::from_raw_os_error(5),
        })
    }

    fn rename(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        // A directory is written as a whole.
        let forgotten = std::mem::take(&mut self.forgotten);
        self.name_changes.extend(forgotten);
        self.name_changes.push(change);
    }
}

impl File {
    /// A file that is on disk.
    fn whole(content: &[u8]) -> Self {
        Self {
            seen: content.to_vec(),
            durable: content.to_vec(),
            unsynced: Vec::new(),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Made(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Renamed(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Removed(path) => {
                names.remove(path);
            }
        }
    }
}

impl Unsynced {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => write(content, *offset, data),
            Self::Length(length) => content.resize(*length, 0),
        }
    }

    fn apply_some(&self, content: &mut Vec<u8>, random: &mut fastrand::Rng) {
        match self {
            Self::Write(offset, data) => {
                let mut at = 0;
                while at < data.len() {
                    let length = (SECTOR - (offset + at) % SECTOR).min(data.len() - at);
                    if random.bool() {
                        write(content, offset + at, &data[at..at + length]);
                    }
                    at += length;
                }
            }
            Self::Length(_) if random.bool() => self.apply(content),
            Self::Length(_) => {}
        }
    }
}

fn write(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(data);
}

impl Medium for Simulated {
    type Backend = Handle;
    type Identity = usize;
    type Lock = ();

    fn size(&self, path: &Path) -> io::Result<Option<u64>> {
        let state = self.state();
        let file = state.names.get(path).map(|inode| &state.files[*inode]);
        Ok(file.map(|file| file.seen.len() as u64))
    }

    fn open(&self, path: &Path) -> io::Result<(Handle, usize)> {
        let mut state = self.state();
        let Some(&inode) = state.names.get(path) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if std::mem::take(&mut state.is_replaced_at_open) {
            let copy = File::whole(&state.files[inode].seen);
            let replacing = state.files.len();
            state.files.push(copy);
            state.names.insert(path.to_owned(), replacing);
            state.durable_names.insert(path.to_owned(), replacing);
        }
        Ok((self.handle(&state, inode), inode))
    }

    fn identity(&self, path: &Path) -> io::Result<Option<usize>> {
        Ok(self.state().names.get(path).copied())
    }

    fn create(&self, path: &Path) -> io::Result<Handle> {
        let mut state = self.state();
        state.step()?;
        state.needs_room()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(File::default());
        state.rename(NameChange::Made(path.to_owned(), inode));
        Ok(self.handle(&state, inode))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<()>> {
        if self.size(path)?.is_none() {
            self.create(path)?;
        }
        Ok(Some(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.is_dead && !state.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.step()?;
        state.rename(NameChange::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            state.step()?;
            state.rename(NameChange::Removed(path.to_owned()));
        }
        Ok(())
    }

    fn sync_directory_of(&self, _path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let changes = std::mem::take(&mut state.name_changes);
        if let Err(error) = state.sync() {
            state.forgotten.extend(changes);
            return Err(error);
        }
        for change in changes {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    disk: Simulated,
    inode: usize,
    life: u32,
}

impl Handle {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.is_dead || state.life != self.life {
            return Err(io::Error::other("the process was killed"));
        }
        Ok(state)
    }

    fn change(&self, state: &mut State, change: Unsynced) {
        let file = &mut state.files[self.inode];
        change.apply(&mut file.seen);
        file.unsynced.push(change);
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state()?.files[self.inode].seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state()?;
        let seen = &state.files[self.inode].seen;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let read = start
            .checked_add(out.len())
            .and_then(|end| seen.get(start..end));
        out.copy_from_slice(read.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state()?;
        state.step()?;
        let length = usize::try_from(len).map_err(io::Error::other)?;
        if length > state.files[self.inode].seen.len() && !state.faults.has_room_until_sync {
            state.needs_room()?;
        }
        self.change(&mut state, Unsynced::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        state.step()?;
        let stumbles = std::mem::take(&mut state.faults.stumbles);
        if stumbles {
            drop(state);
            panic!("it stumbles");
        }
        let unsynced = std::mem::take(&mut state.files[self.inode].unsynced);
        state.sync()?;
        let durable = &mut state.files[self.inode].durable;
        unsynced.iter().for_each(|change| change.apply(durable));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state()?;
        state.step()?;
        // The header is never moved, so a full disk has room for it.
        if offset > 0 && !state.faults.has_room_until_sync {
            state.needs_room()?;
        }
        if state.faults.writes_fail {
            return Err(io::Error::from_raw_os_error(5));
        }
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.change(&mut state, Unsynced::Write(offset, data.to_vec()));
        Ok(())
    }
}
