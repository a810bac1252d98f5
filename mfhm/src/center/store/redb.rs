//! The embedded store: one redb file in the data directory.
//!
//! One thread owns the file. It takes the commits that wait ([`gather`]), puts them into
//! one transaction, and answers them after its fsync, so that a hundred concurrent
//! registrations cost one or two fsyncs and not a hundred. Preconditions are
//! asked of [`Contents`], a copy in memory that shares its records with the view.
//!
//! When the file can't be written, every commit of the group is refused, and
//! the file is opened again, or else at the next one. What it then holds is sent to
//! the followers as a whole: a commit that failed in its fsync may be on disk or not.
//! A full disk keeps nobody from opening the file and reading it.

mod doubt;
mod file;
mod gather;
mod medium;
#[cfg(test)]
mod simulated;
mod tables;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use self::file::Location;
pub(crate) use self::file::{Disk, Unopened};
use self::gather::{Exchange, GROUP};
use self::medium::{Folder, Medium};
pub(crate) use self::tables::Writing;
use super::contents::Contents;
use super::{Batch, Change, Changes, CommitError, Event, Revision, Snapshot, Store};
use crate::center::audit::Numbered;
use crate::center::task::Task;
use crate::error::{Error, Result};

/// A follower may be behind by this many changes before commits wait for it.
const FOLLOWER_CAPACITY: usize = 1024;

/// How long to wait for another center that is about to release the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// The embedded store. Dropping it ends its thread after the commit that it is at; who
/// waits for others is gone as well.
#[derive(Debug)]
pub(crate) struct RedbStore {
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    ended: watch::Receiver<()>,
    _gathering: Task,
}

#[derive(Debug)]
enum Request {
    Commit(Batch, oneshot::Sender<Answer>),
    Follow(mpsc::Sender<Change>),
    Snapshot(oneshot::Sender<Result<Snapshot, CommitError>>),
    Audit {
        after: Option<u64>,
        limit: usize,
        answer: oneshot::Sender<Result<Vec<Numbered>, CommitError>>,
    },
}

type Answer = Result<Revision, CommitError>;

/// Opens the file, anew after each failure.
type Opener = Box<dyn Fn() -> Result<Disk, Unopened> + Send>;

impl RedbStore {
    /// Opens the store in `path`, or makes it.
    ///
    /// # Errors
    ///
    /// Another center has it, a newer version wrote it, or it can't be read. The
    /// text names the file.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        Self::start(opener(Folder, path, PATIENCE)).await
    }

    async fn start(opener: Opener) -> Result<Self> {
        let (requests, received) = mpsc::channel(GROUP);
        let (gathering, exchange) = gather::start(received);
        let (opened, has_opened) = oneshot::channel();
        let (running, ended) = watch::channel(());
        // The thread ends when who gathers is gone, which is so when the sender of
        // `requests` is; `running` is dropped after the file, so whoever saw `ended` can open
        // it again.
        std::thread::Builder::new()
            .name("mfhm-store".to_owned())
            .spawn(move || {
                let _running = running;
                match opener() {
                    Ok(disk) => {
                        let writer = Writer::new(disk, opener);
                        if opened.send(Ok(())).is_ok() {
                            writer.run(exchange);
                        }
                    }
                    Err(problem) => drop(opened.send(Err(Error::new(problem.text)))),
                }
            })?;
        has_opened
            .await
            .unwrap_or_else(|_| Err(Error::new("the store's thread ended early")))?;
        Ok(Self {
            requests: Mutex::new(Some(requests)),
            ended,
            _gathering: Task::spawn(gathering),
        })
    }

    fn sender(&self) -> Result<mpsc::Sender<Request>, CommitError> {
        let requests = self
            .requests
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        requests.clone().ok_or_else(CommitError::closed)
    }
}

impl Store for RedbStore {
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let request = Request::Commit(batch, answer);
            self.sender()?
                .send(request)
                .await
                .map_err(|_| CommitError::closed())?;
            answered
                .await
                .unwrap_or_else(|_| Err(CommitError::closed()))
        })
    }

    fn changes(&self) -> BoxFuture<'_, Result<Changes, CommitError>> {
        Box::pin(async move {
            let (follower, changes) = mpsc::channel(FOLLOWER_CAPACITY);
            let request = Request::Follow(follower);
            self.sender()?
                .send(request)
                .await
                .map_err(|_| CommitError::closed())?;
            Ok(changes)
        })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Snapshot, CommitError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.sender()?
                .send(Request::Snapshot(answer))
                .await
                .map_err(|_| CommitError::closed())?;
            answered
                .await
                .unwrap_or_else(|_| Err(CommitError::closed()))
        })
    }

    fn audit(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Numbered>, CommitError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let request = Request::Audit {
                after,
                limit,
                answer,
            };
            self.sender()?
                .send(request)
                .await
                .map_err(|_| CommitError::closed())?;
            answered
                .await
                .unwrap_or_else(|_| Err(CommitError::closed()))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let sender = self
            .requests
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take();
        drop(sender);
        let mut ended = self.ended.clone();
        Box::pin(async move { while ended.changed().await.is_ok() {} })
    }
}

/// Opens the file without a thread of its own, for who works with it alone.
pub(crate) fn open(path: &Path, patience: Duration) -> Result<Disk, Unopened> {
    Location::new(Folder, path).open(patience)
}

fn opener<M: Medium>(medium: M, path: &Path, patience: Duration) -> Opener {
    let location = Location::new(medium, path);
    Box::new(move || location.open(patience))
}

/// What the store's thread works with.
struct Writer {
    /// Absent after a failure, until the file could be opened again.
    disk: Option<Disk>,
    opener: Opener,
    contents: Contents,
    followers: Vec<mpsc::Sender<Change>>,
}

impl Writer {
    fn new(mut disk: Disk, opener: Opener) -> Self {
        let contents = Contents::new(disk.take_snapshot());
        Self {
            disk: Some(disk),
            opener,
            contents,
            followers: Vec::new(),
        }
    }

    fn run(mut self, mut exchange: Exchange) {
        while let Some(mut group) = exchange.full.blocking_recv() {
            let mut commits = Vec::with_capacity(group.len());
            for request in group.drain(..) {
                match request {
                    // Whoever wanted it has given up, and was told so.
                    Request::Commit(_, answer) if answer.is_closed() => {}
                    Request::Commit(batch, answer) => commits.push((batch, answer)),
                    Request::Follow(follower) => {
                        let reset = Change::Reset(self.contents.snapshot());
                        if follower.blocking_send(reset).is_ok() {
                            self.followers.push(follower);
                        }
                    }
                    Request::Snapshot(answer) => drop(answer.send(self.snapshot())),
                    // A reader of the trail, which is rare, waits for no commit.
                    Request::Audit {
                        after,
                        limit,
                        answer,
                    } => drop(answer.send(self.audit(after, limit))),
                }
            }
            if !commits.is_empty() {
                self.commit(commits);
            }
            // After the answers: who got one may ask again, and be of the next group.
            if exchange.empty.blocking_send(group).is_err() {
                break;
            }
        }
    }

    fn commit(&mut self, commits: Vec<(Batch, oneshot::Sender<Answer>)>) {
        if let Err(failure) = self.make_writable() {
            return refuse(commits.into_iter().map(|(_, answer)| answer), &failure);
        }
        let mut applied: Vec<(Revision, Vec<Event>)> = Vec::new();
        let (mut marks, mut audit) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(commits.len());
        for (mut batch, answer) in commits {
            let noted = (batch.marks.clone(), std::mem::take(&mut batch.audit));
            match self.contents.apply(batch) {
                Ok((revision, events)) => {
                    applied.push((revision, events));
                    marks.extend(noted.0);
                    audit.extend(noted.1);
                    answers.push((answer, Ok(revision)));
                }
                Err(_) => {
                    let conflict = CommitError::Conflict(self.contents.revision());
                    answers.push((answer, Err(conflict)));
                }
            }
        }
        let disk = self.disk.as_mut().expect("it is writable");
        let written = match applied.last() {
            None => Ok(0),
            Some((revision, _)) => disk.write(Writing {
                revision: *revision,
                batches: &applied,
                marks: &marks,
                audit: &audit,
            }),
        };
        match written {
            Ok(first) => {
                for (revision, events) in applied {
                    self.publish(&Change::Applied { revision, events });
                }
                // A conflict too is told only now: it may be with a batch of this
                // very group, which was not decided before.
                for (answer, result) in answers {
                    let _ = answer.send(result);
                }
                // Nobody has to wait for the log.
                for (number, entry) in (first..).zip(&audit) {
                    entry.log(number);
                }
            }
            Err(failure) => {
                tracing::error!(error = %failure, "registrations can't be stored");
                refuse(answers.into_iter().map(|(answer, _)| answer), &failure);
                // The copy in memory is ahead of the file now, so both go.
                if let Some(disk) = self.disk.take() {
                    disk.close();
                }
                if self.reopen().is_err() {
                    tracing::warn!("the store is opened again at the next write");
                }
            }
        }
    }

    /// A file that was opened for reading only is opened anew.
    fn make_writable(&mut self) -> Result<(), CommitError> {
        if let Some(disk) = self.disk.take_if(|disk| disk.refusal().is_some()) {
            disk.close();
        }
        self.reopen()?;
        let disk = self.disk.as_ref().expect("`reopen` succeeded");
        disk.refusal()
            .map_or(Ok(()), |refusal| Err(refusal.clone()))
    }

    /// After a failure: what the file holds is true, whatever was in memory.
    fn reopen(&mut self) -> Result<(), CommitError> {
        if self.disk.is_some() {
            return Ok(());
        }
        let mut disk = (self.opener)()?;
        self.contents = Contents::new(disk.take_snapshot());
        self.disk = Some(disk);
        tracing::info!("the store was opened again");
        self.publish(&Change::Reset(self.contents.snapshot()));
        Ok(())
    }

    /// What the file holds: where it can't be read, memory may be ahead of it.
    fn snapshot(&mut self) -> Result<Snapshot, CommitError> {
        self.reopen()?;
        Ok(self.contents.snapshot())
    }

    fn audit(&mut self, after: Option<u64>, limit: usize) -> Result<Vec<Numbered>, CommitError> {
        self.reopen()?;
        let disk = self.disk.as_ref().expect("`reopen` succeeded");
        disk.audit(after, limit)
    }

    fn publish(&mut self, change: &Change) {
        self.followers
            .retain(|follower| follower.blocking_send(change.clone()).is_ok());
    }
}

fn refuse(answers: impl Iterator<Item = oneshot::Sender<Answer>>, failure: &CommitError) {
    for answer in answers {
        let _ = answer.send(Err(failure.clone()));
    }
}

#[cfg(test)]
mod tests;
