//! The file itself: tables, format, and how it is opened and written.
//!
//! Every record is a JSON document, so that a later version can add fields; the
//! format number in the table `meta` is for changes that JSON does not forgive.
//!
//! A new file is made under another name and gets its own when it is whole, so
//! that a center may be killed in the middle of its very first start.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, Durability, ReadableDatabase as _, ReadableTable as _, StorageBackend,
    TableDefinition, TableError,
};

use crate::center::contracts::document::Document;
use crate::center::record::Record;
use crate::center::settings::lacks_room;
use crate::center::store::{CommitError, Event, Revision, Snapshot};

/// By service, host and port: a [`Record`] as JSON.
const INSTANCES: TableDefinition<'_, (&str, &str, u16), &[u8]> = TableDefinition::new("instances");
/// By hash: an OpenAPI document as it was brought. Earlier versions pass it over.
const DOCUMENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("documents");
const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");

/// The format that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// Registries are small; redb's default is a GiB.
const CACHE_BYTES: usize = 16 << 20;

/// Each opening begins a new block of revisions. The view counts on from the
/// store's revision when health changes, so this keeps its numbers growing over
/// restarts as well. While the disk is full, the new block is only in memory, and
/// the first write that succeeds makes it durable.
const REVISION_BLOCK: u32 = 32;

/// An open file and what was read from it.
pub(super) struct Disk {
    database: Database,
    snapshot: Snapshot,
}

impl Disk {
    /// Opens `path` or makes it, waiting up to `patience` for another process to
    /// release it.
    pub(super) fn open(path: &Path, patience: Duration) -> Result<Self, Unopened> {
        let give_up = Instant::now() + patience;
        loop {
            // redb checks pages before it trusts them. Should it still stumble
            // over a damaged file, that must not take the program down.
            let opened = catch_unwind(AssertUnwindSafe(|| Self::load(|| open_file(path))))
                .unwrap_or_else(|_| Err(Failure::Damaged("it is damaged".to_owned())));
            match opened {
                Err(Failure::InUse) if Instant::now() < give_up => {
                    // This is the store's own thread: no runtime waits with it.
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(failure) => return Err(failure.explain(path)),
                Ok(disk) => return Ok(disk),
            }
        }
    }

    /// Reads everything and begins a new block of revisions.
    pub(super) fn load(open: impl Fn() -> Result<Database, Failure>) -> Result<Self, Failure> {
        let database = open()?;
        let mut snapshot = read(&database)?;
        snapshot.revision = ((snapshot.revision >> REVISION_BLOCK) + 1) << REVISION_BLOCK;
        let disk = Self { database, snapshot };
        match disk.commit(disk.snapshot.revision, |_| Ok(())) {
            Ok(()) => Ok(disk),
            Err(error) if is_full(&error) => {
                tracing::warn!("the disk is full: registrations are read, but none can be stored");
                let Self { database, snapshot } = disk;
                // redb is of no more use after a failed write, not even to read or
                // to keep other centers away. Opening the file needs no room.
                drop(database);
                let database = open()?;
                Ok(Self { database, snapshot })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Releases the file.
    pub(super) fn close(self) {
        // After a failure redb may stumble once more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }

    /// What the file held when it was opened. Given away once.
    pub(super) fn take_snapshot(&mut self) -> Snapshot {
        std::mem::take(&mut self.snapshot)
    }

    /// Writes these batches in one transaction; durable when it returns.
    pub(super) fn write(
        &self,
        batches: &[(Revision, Vec<Event>)],
        marks: &[&'static str],
    ) -> Result<(), CommitError> {
        let revision = batches.last().map_or(0, |(revision, _)| *revision);
        let fill = |transaction: &redb::WriteTransaction| {
            let mut instances = transaction.open_table(INSTANCES)?;
            let mut documents = transaction.open_table(DOCUMENTS)?;
            for event in batches.iter().flat_map(|(_, events)| events) {
                match event {
                    Event::Put(record) => {
                        let json = serde_json::to_vec(&**record).map_err(io::Error::other)?;
                        let place = (record.service.as_str(), record.host.as_str(), record.port);
                        instances.insert(place, json.as_slice())?;
                    }
                    Event::Remove(place) => {
                        instances.remove((&*place.service, &*place.host, place.port))?;
                    }
                    Event::Keep(document) => {
                        documents.insert(document.hash.as_str(), &*document.bytes)?;
                    }
                    Event::Drop(hash) => {
                        documents.remove(hash.as_str())?;
                    }
                }
            }
            let mut meta = transaction.open_table(META)?;
            for mark in marks {
                meta.insert(format!("mark:{mark}").as_str(), "")?;
            }
            Ok(())
        };
        // As in `open`: one batch that can't be written must not end the store.
        match catch_unwind(AssertUnwindSafe(|| self.commit(revision, fill))) {
            Ok(Ok(())) => Ok(()),
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

    fn commit(
        &self,
        revision: Revision,
        fill: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        fill(&transaction)?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", FORMAT.to_string().as_str())?;
            meta.insert("revision", revision.to_string().as_str())?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Why a file can't be used.
pub(super) enum Failure {
    InUse,
    Newer(u32),
    Damaged(String),
    Full(String),
    Io(String),
}

/// The same, in words.
#[derive(Debug)]
pub(super) struct Unopened {
    pub text: String,
    pub is_full: bool,
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
                "the store {file} can't be read: {cause}. The file is kept: put a copy of it back, \
                 or move it away to start without registrations"
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
            // redb reports a file that is not its own as invalid data.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            redb::Error::Io(error) if lacks_room(&error) => Self::Full(error.to_string()),
            redb::Error::Io(error) => Self::Io(error.to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

fn open_file(path: &Path) -> Result<Database, Failure> {
    if !is_made(path)? {
        create(path, |file| Ok(FileBackend::new(file)?))?;
    }
    Ok(builder().open(path)?)
}

/// A file without a byte is none yet: whoever made it did not get further.
fn is_made(path: &Path) -> Result<bool, Failure> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_failure(error)),
    }
}

/// Makes the file, unless another center did so meanwhile. `backend` is how the
/// draft is written.
pub(super) fn create<B: StorageBackend>(
    path: &Path,
    backend: impl FnOnce(File) -> Result<B, Failure>,
) -> Result<(), Failure> {
    // redb's own lock comes with opening a file, and a draft that was left half-made
    // can't be opened. So the right to make one has a lock of its own.
    let lock_path = beside(path, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let lock = options.open(&lock_path).map_err(io_failure)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Failure::InUse),
        // A file system without locks; redb does without them there as well.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(io_failure(error)),
    }
    if !is_made(path)? {
        let draft = beside(path, ".new");
        let made = make(&draft, backend)
            .and_then(|()| std::fs::rename(&draft, path).map_err(io_failure))
            .and_then(|()| sync_directory(path).map_err(io_failure));
        if let Err(failure) = made {
            // It may be what filled the disk.
            let _ = std::fs::remove_file(&draft);
            return Err(failure);
        }
    }
    // Who still waits for this lock finds the file made, and who does not find
    // the lock finds the file: from now on nobody needs it.
    let _ = std::fs::remove_file(&lock_path);
    Ok(())
}

fn make<B: StorageBackend>(
    draft: &Path,
    backend: impl FnOnce(File) -> Result<B, Failure>,
) -> Result<(), Failure> {
    match std::fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_failure(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    // The file holds the keys of services.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(draft).map_err(io_failure)?;
    let disk = Disk {
        database: builder().create_with_backend(backend(file)?)?,
        snapshot: Snapshot::default(),
    };
    disk.commit(0, |_| Ok(()))?;
    drop(disk);
    // What redb wrote when it was closed belongs to the file.
    let file = OpenOptions::new().write(true).open(draft);
    file.and_then(|file| file.sync_all()).map_err(io_failure)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn io_failure(error: io::Error) -> Failure {
    redb::Error::Io(error).into()
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// A new file is found again after a power failure only when its directory was
/// written too.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) && !parent.as_os_str().is_empty() => {
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}

fn read(database: &Database) -> Result<Snapshot, Failure> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Snapshot::default()),
        Err(error) => return Err(error.into()),
    };
    check_format(meta.get("format")?.map(|value| value.value().to_owned()))?;

    let mut snapshot = Snapshot {
        marks: BTreeSet::new(),
        ..Snapshot::default()
    };
    for entry in meta.iter()? {
        let (name, value) = entry?;
        if let Some(mark) = name.value().strip_prefix("mark:") {
            snapshot.marks.insert(mark.to_owned());
        } else if name.value() == "revision" {
            snapshot.revision = value
                .value()
                .parse()
                .map_err(|_| Failure::Damaged(format!("its revision is {:?}", value.value())))?;
        }
    }
    let instances = match transaction.open_table(INSTANCES) {
        Ok(instances) => instances,
        Err(TableError::TableDoesNotExist(_)) => return Ok(snapshot),
        Err(error) => return Err(error.into()),
    };
    for entry in instances.iter()? {
        let (place, json) = entry?;
        let record: Record = serde_json::from_slice(json.value()).map_err(|error| {
            let (service, host, port) = place.value();
            Failure::Damaged(format!(
                "the record of {service:?} at {host}:{port}: {error}"
            ))
        })?;
        snapshot.records.push(Arc::new(record));
    }
    snapshot.documents = read_documents(&transaction)?;
    Ok(snapshot)
}

fn read_documents(transaction: &redb::ReadTransaction) -> Result<Vec<Arc<Document>>, Failure> {
    let documents = match transaction.open_table(DOCUMENTS) {
        Ok(documents) => documents,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut read = Vec::new();
    for entry in documents.iter()? {
        let (hash, bytes) = entry?;
        let hash = hash.value().parse().map_err(|error| {
            Failure::Damaged(format!("the document {:?}: {error}", hash.value()))
        })?;
        let bytes = bytes::Bytes::copy_from_slice(bytes.value());
        read.push(Arc::new(Document { hash, bytes }));
    }
    Ok(read)
}

fn check_format(found: Option<String>) -> Result<(), Failure> {
    match found.as_deref().map(str::parse::<u32>) {
        Some(Ok(format)) if format > FORMAT => Err(Failure::Newer(format)),
        Some(Ok(FORMAT)) => Ok(()),
        _ => Err(Failure::Damaged(format!("its format is {found:?}"))),
    }
}

fn is_full(error: &redb::Error) -> bool {
    matches!(error, redb::Error::Io(error) if lacks_room(error))
}
