//! [`SavedLists`]: the last good list of each service on disk, so that a process
//! that starts while no center answers finds the services all the same.
//!
//! Each caller writes a file of its own, for a file that several processes write
//! is one that each of them can spoil: the last writer would win, and what only the
//! other one called would be lost. What a new process reads are all files of its
//! program, each service from the one that knew it last ([`folder`]). It writes what
//! it found there into its own, so older files can go.
//!
//! No key and no secret is written. An instance that requires a key is not kept at
//! all: without its key, which only a center tells, it could not be called.
//!
//! Nothing of this is on the way of a call but the reading, once, when no center
//! answered the first question. A disk that cannot be written is one warning.

mod file;
mod folder;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::file::{SavedInstance, SavedService};
pub(crate) use self::folder::Place;
use super::endpoint::{Endpoint, EndpointSet};

/// Changes come in groups: one write for what comes within this time.
const GATHER: Duration = Duration::from_millis(500);
/// The least time between two writes.
const PAUSE: Duration = Duration::from_secs(5);
/// A list that does not change is written again after this time, so that the file
/// says that it held until then.
const CONFIRM: Duration = Duration::from_secs(60 * 60);

/// The lists of one caller.
#[derive(Debug)]
pub(crate) struct SavedLists {
    shared: Arc<Shared>,
    /// The writing task, with the runtime that it lives on.
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    place: Place,
    lists: Mutex<Lists>,
    /// Done once what earlier processes left was read.
    read: OnceCell<()>,
    wake: Notify,
    has_failed: AtomicBool,
}

#[derive(Debug, Default)]
struct Lists {
    services: BTreeMap<String, SavedService>,
    /// When something changed that is not written yet.
    is_changed: bool,
    written: Option<Instant>,
}

/// A list of an earlier process.
#[derive(Debug)]
pub(crate) struct Restored {
    pub endpoints: Vec<Endpoint>,
    /// How long ago it was good.
    pub age: Duration,
}

impl SavedLists {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            shared: Arc::new(Shared {
                place,
                lists: Mutex::default(),
                read: OnceCell::new(),
                wake: Notify::new(),
                has_failed: AtomicBool::new(false),
            }),
            task: Mutex::new(None),
        }
    }

    /// What an earlier process, or this one, knew last of a service.
    pub(crate) async fn list(&self, service: &str) -> Option<Restored> {
        self.shared.read().await;
        let lists = self.shared.lists();
        let saved = lists.services.get(service)?;
        let endpoints: Vec<Endpoint> = saved.instances.iter().map(SavedInstance::restore).collect();
        let age = Duration::from_secs(now().saturating_sub(saved.at));
        (!endpoints.is_empty()).then_some(Restored { endpoints, age })
    }

    /// A source said that these are the instances of a service; `is_news`: they
    /// were others, or said otherwise, before. Written soon, by a task.
    pub(crate) fn note(&self, service: &str, set: &EndpointSet, is_news: bool) {
        let is_due = {
            let mut lists = self.shared.lists();
            match lists.services.get_mut(service) {
                Some(known) if !is_news => known.at = now(),
                _ => {
                    let endpoints = set.endpoints.iter();
                    let instances: Vec<_> =
                        endpoints.filter_map(|e| SavedInstance::of(e)).collect();
                    // A list of keyed instances only would say that there are none.
                    if instances.is_empty() {
                        return;
                    }
                    let saved = SavedService {
                        at: now(),
                        instances,
                    };
                    lists.services.insert(service.to_owned(), saved);
                    lists.is_changed = true;
                }
            }
            let is_old = |at: Instant| at.elapsed() > CONFIRM;
            lists.is_changed |= lists.written.is_some_and(is_old);
            lists.is_changed
        };
        if is_due {
            self.ensure_task();
            self.shared.wake.notify_one();
        }
    }

    /// Writes what there is, without waiting for what else changes.
    #[cfg(test)]
    pub(crate) async fn write(&self) {
        self.shared.write().await;
    }

    /// From now on the disk does not answer, until the task is ended.
    #[cfg(test)]
    pub(crate) async fn hang(&self) -> JoinHandle<()> {
        let shared = self.shared.clone();
        let hanging = tokio::spawn(async move {
            shared.read.get_or_init(std::future::pending).await;
        });
        // It has begun.
        tokio::task::yield_now().await;
        hanging
    }

    /// The task dies with the runtime that it was started on; a later list, on
    /// another runtime, starts it again.
    fn ensure_task(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(keep(self.shared.clone())));
        }
    }
}

impl Drop for SavedLists {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl Shared {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what earlier processes left, unless that was done.
    async fn read(&self) {
        let read = async {
            let place = self.place.clone();
            let found = tokio::task::spawn_blocking(move || folder::read(&place, now()));
            // Fails only when the runtime ends.
            let found = found.await.unwrap_or_default();
            let mut lists = self.lists();
            for (service, saved) in found {
                // What a source said meanwhile is newer.
                lists.services.entry(service).or_insert(saved);
            }
        };
        self.read.get_or_init(|| read).await;
    }

    async fn write(&self) {
        let text = {
            let mut lists = self.lists();
            lists.is_changed = false;
            lists.written = Some(Instant::now());
            file::write(&lists.services)
        };
        let place = self.place.clone();
        let written = tokio::task::spawn_blocking(move || folder::write(&place, &text, now()));
        let Ok(Err(error)) = written.await else {
            return;
        };
        let folder = self.place.folder().display();
        if self.has_failed.swap(true, Ordering::Relaxed) {
            tracing::debug!(%folder, %error, "the lists of instances cannot be kept");
        } else {
            tracing::warn!(
                "the lists of instances cannot be kept in {folder}: {error}; all goes on, but a \
                 start while no center answers will know no service: set MFHM_CACHE_DIR to a \
                 folder that can be written, or to `off`"
            );
        }
    }
}

/// Writes what changed.
async fn keep(shared: Arc<Shared>) {
    // Before the first write, for that takes the place of what is there.
    shared.read().await;
    loop {
        if shared.lists().is_changed {
            tokio::time::sleep(GATHER).await;
            shared.write().await;
            tokio::time::sleep(PAUSE).await;
        } else {
            shared.wake.notified().await;
        }
    }
}

/// The folder of a process that was told none; see [`folder::usual`].
pub(crate) fn usual() -> Option<PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    folder::usual(|name| std::env::var_os(name), &program)
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// For fuzzing: what is written of these is read again as the same.
#[cfg(fuzzing)]
pub(crate) fn check_files(set: &EndpointSet) {
    let endpoints = set.endpoints.iter();
    let saved = SavedService {
        at: 0,
        instances: endpoints.filter_map(|e| SavedInstance::of(e)).collect(),
    };
    let services = BTreeMap::from([("users".to_owned(), saved)]);
    let again = file::read(&file::write(&services)).expect("what was written is read");
    assert_eq!(again, services);
}

/// For fuzzing: the instances of each service in a file.
#[cfg(fuzzing)]
pub(crate) fn read_file(text: &[u8]) -> Vec<Vec<Endpoint>> {
    let services = file::read(text).unwrap_or_default().into_values();
    let restore =
        |saved: SavedService| saved.instances.iter().map(SavedInstance::restore).collect();
    services.map(restore).collect()
}

#[cfg(test)]
mod tests;
