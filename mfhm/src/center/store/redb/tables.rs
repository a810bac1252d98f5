//! What is in the file: its tables, and how they are read and written.
//!
//! Every record is a JSON document, so that a later version can add fields; the
//! format number in the table `meta` is for changes that JSON does not forgive.

use std::io;
use std::sync::Arc;

use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase as _, ReadableTable as _,
    ReadableTableMetadata as _, TableDefinition, TableError, TableHandle as _, Value,
    WriteTransaction,
};

use super::file::Failure;
use crate::center::audit::retention::{self, Kept};
use crate::center::audit::{self, Numbered};
use crate::center::contracts::document::Document;
use crate::center::record::Record;
use crate::center::store::{Event, Mark, Revision, Snapshot};

/// By service, host and port: a [`Record`] as JSON.
const INSTANCES: TableDefinition<'_, (&str, &str, u16), &[u8]> = TableDefinition::new("instances");
/// By hash: an OpenAPI document as it was brought. Earlier versions pass it over.
const DOCUMENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("documents");
/// By number: an [`audit::Entry`] as JSON. Earlier versions pass it over.
const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");

/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// What one transaction writes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Writing<'a> {
    /// The revision that it makes of the store.
    pub revision: Revision,
    pub batches: &'a [(Revision, Vec<Event>)],
    pub marks: &'a [Mark],
    pub audit: &'a [audit::Entry],
}

/// What is in the audit trail, as far as the choice of what goes needs to know. It is read
/// when the trail is full for the first time, and followed from then on.
pub(super) type Trail = Option<Vec<Kept>>;

/// Writes in one transaction; durable when it returns. The answer is the number of
/// the first entry of the audit trail. `is_begun`: an earlier transaction wrote down a
/// revision from which the next opening goes on in the same way, so this one need not. That is
/// one page less to be written, of about a dozen, where it is one registration.
///
/// After an error `trail` is not what is in the file.
pub(super) fn write(
    database: &Database,
    writing: Writing<'_>,
    is_begun: bool,
    trail: &mut Trail,
) -> Result<u64, redb::Error> {
    // Somebody who reads what was there before. The pages that this transaction replaces are
    // free for others after it; without a reader redb gives them back at once, in a second
    // round that nobody waits for but whoever registers, and whose own pages the next
    // transaction has to write.
    let _reader = database.begin_read()?;
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    if !writing.batches.is_empty() {
        write_events(&transaction, writing.batches)?;
    }
    let first = match writing.audit {
        [] => 0,
        audit => write_audit(&transaction, audit, trail)?,
    };
    if !is_begun || !writing.marks.is_empty() {
        let mut meta = transaction.open_table(META)?;
        for mark in writing.marks {
            match mark {
                Mark::Set(mark) => meta.insert(format!("mark:{mark}").as_str(), "")?,
                Mark::Clear(mark) => meta.remove(format!("mark:{mark}").as_str())?,
            };
        }
        meta.insert("format", FORMAT.to_string().as_str())?;
        meta.insert("revision", writing.revision.to_string().as_str())?;
    }
    transaction.commit()?;
    Ok(first)
}

fn write_events(
    transaction: &WriteTransaction,
    batches: &[(Revision, Vec<Event>)],
) -> Result<(), redb::Error> {
    let events = || batches.iter().flat_map(|(_, events)| events);
    let is_about_documents = |event: &Event| matches!(event, Event::Keep(_) | Event::Drop(_));
    let mut instances = transaction.open_table(INSTANCES)?;
    for event in events() {
        match event {
            Event::Put(record) => {
                let json = serde_json::to_vec(&**record).map_err(io::Error::other)?;
                let place = (record.service.as_str(), record.host.as_str(), record.port);
                instances.insert(place, json.as_slice())?;
            }
            Event::Remove(place) => {
                instances.remove((&*place.service, &*place.host, place.port))?;
            }
            Event::Keep(_) | Event::Drop(_) => {}
        }
    }
    // Of most transactions none is.
    if !events().any(is_about_documents) {
        return Ok(());
    }
    let mut documents = transaction.open_table(DOCUMENTS)?;
    for event in events() {
        match event {
            Event::Keep(document) => {
                documents.insert(document.hash.as_str(), &*document.bytes)?;
            }
            Event::Drop(hash) => {
                documents.remove(hash.as_str())?;
            }
            Event::Put(_) | Event::Remove(_) => {}
        }
    }
    Ok(())
}

fn write_audit(
    transaction: &WriteTransaction,
    entries: &[audit::Entry],
    known: &mut Trail,
) -> Result<u64, redb::Error> {
    let mut trail = transaction.open_table(AUDIT)?;
    let first = trail.last()?.map_or(1, |(number, _)| number.value() + 1);
    for (number, entry) in (first..).zip(entries) {
        let json = serde_json::to_vec(entry).map_err(io::Error::other)?;
        trail.insert(number, json.as_slice())?;
        if let Some(known) = known {
            known.push(Kept::read(number, &json));
        }
    }
    if trail.len()? > retention::MOST {
        let known = match known {
            Some(known) => known,
            None => {
                let entries = trail.iter()?.map(|entry| {
                    let (number, json) = entry?;
                    Ok::<_, redb::StorageError>(Kept::read(number.value(), json.value()))
                });
                known.insert(entries.collect::<Result<Vec<_>, _>>()?)
            }
        };
        let surplus = retention::surplus(known);
        for number in &surplus {
            trail.remove(number)?;
        }
        known.retain(|entry| !surplus.contains(&entry.number));
    }
    debug_assert!(
        known
            .as_ref()
            .is_none_or(|known| trail.len().is_ok_and(|n| n == known.len() as u64))
    );
    Ok(first)
}

/// Entries of the audit trail in their order: those after a number, or the last ones.
pub(super) fn read_audit(
    database: &Database,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<Numbered>, redb::Error> {
    let transaction = database.begin_read()?;
    let Some(trail) = table(&transaction, AUDIT)? else {
        return Ok(Vec::new());
    };
    let mut read = Vec::new();
    match after {
        Some(after) => {
            for entry in trail.range(after.saturating_add(1)..)?.take(limit) {
                let (number, json) = entry?;
                read.push(Numbered::read(number.value(), json.value()));
            }
        }
        None => {
            for entry in trail.iter()?.rev().take(limit) {
                let (number, json) = entry?;
                read.push(Numbered::read(number.value(), json.value()));
            }
            read.reverse();
        }
    }
    Ok(read)
}

/// Everything but the audit trail.
pub(super) fn read(database: &Database) -> Result<Snapshot, Failure> {
    let transaction = database.begin_read()?;
    let Some(meta) = table(&transaction, META)? else {
        return Ok(Snapshot::default());
    };
    check_format(meta.get("format")?.map(|value| value.value().to_owned()))?;

    let mut snapshot = Snapshot::default();
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
    let Some(instances) = table(&transaction, INSTANCES)? else {
        return Ok(snapshot);
    };
    for entry in instances.iter()? {
        let (place, json) = entry?;
        let record: Record = serde_json::from_slice(json.value()).map_err(|error| {
            let (service, host, port) = place.value();
            Failure::Damaged(format!(
                "the record of {service:?} at {host}:{port}: {error}"
            ))
        })?;
        // Those of one service come one after the other.
        let mut record = record.shrunk();
        if let Some(last) = snapshot.records.last() {
            record.share(last);
        }
        snapshot.records.push(Arc::new(record));
    }
    snapshot.documents = read_documents(&transaction)?;
    Ok(snapshot)
}

fn read_documents(transaction: &ReadTransaction) -> Result<Vec<Arc<Document>>, Failure> {
    let Some(documents) = table(transaction, DOCUMENTS)? else {
        return Ok(Vec::new());
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

/// Writes everything that one file holds into another, in one transaction.
pub(super) fn copy(from: &Database, to: &Database) -> Result<(), Failure> {
    let from = from.begin_read()?;
    for table in from.list_tables()? {
        let is_known = [
            INSTANCES.name(),
            DOCUMENTS.name(),
            AUDIT.name(),
            META.name(),
        ]
        .contains(&table.name());
        if !is_known {
            let why = format!("a newer version has put the table {:?} in it", table.name());
            return Err(Failure::Io(why));
        }
    }
    let mut to = to.begin_write()?;
    to.set_durability(Durability::Immediate)?;
    copy_table(&from, &to, INSTANCES)?;
    copy_table(&from, &to, DOCUMENTS)?;
    copy_table(&from, &to, AUDIT)?;
    copy_table(&from, &to, META)?;
    to.commit()?;
    Ok(())
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    definition: TableDefinition<'_, K, V>,
) -> Result<(), redb::Error> {
    let Some(from) = table(from, definition)? else {
        return Ok(());
    };
    let mut to = to.open_table(definition)?;
    for entry in from.iter()? {
        let (key, value) = entry?;
        to.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// A table, if it was ever written to.
fn table<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    definition: TableDefinition<'_, K, V>,
) -> Result<Option<redb::ReadOnlyTable<K, V>>, redb::Error> {
    match transaction.open_table(definition) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
