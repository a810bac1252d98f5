//! A center's registrations as text: for a back-up, and to move to another machine.
//!
//! It is JSON, one record a line, and the first line says what it is and how many
//! follow, so that half an export is not taken for a whole one. Importing is one
//! transaction. What is not in it: health, which is found out anew, and the audit
//! trail, which belongs to the file that it is in.

pub(crate) mod lines;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::lines::Export;
use super::audit::{Action, Actor, Entry};
use super::record::Record;
use super::store::contents::{Conflict, Contents};
use super::store::redb::{self, Writing};
use super::store::{self, Batch, DocumentWrite, Expect, Mark, Snapshot};
use super::{Center, STORE_FILE};
use crate::directory;
use crate::error::{Error, Result};

/// How long to wait for a center that is about to release its file.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many problems are listed, and the rest is counted.
const LISTED: usize = 20;

/// What [`Center::export`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Registered instances.
    pub instances: usize,
    /// OpenAPI documents that instances name.
    pub documents: usize,
}

/// What [`Center::import`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Instances that were written.
    pub instances: usize,
    /// Instances that had to make way for them.
    pub replaced: usize,
    /// Instances that were there already, exactly like this.
    pub unchanged: usize,
    /// Documents that were not there before.
    pub documents: usize,
}

impl Center {
    /// Writes what a center that does not run keeps in `data_dir`: JSON, one record a
    /// line. It holds the keys of services, so it is to be kept like them.
    ///
    /// # Errors
    ///
    /// There is no center's data, a center has it open, or it can't be read or written.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> mfhm::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("mfhm-export-doc-{}", std::process::id()));
    /// # let (here, there) = (folder.join("here"), folder.join("there"));
    /// # mfhm::Center::builder().port(0).data_dir(&here).start().await?.stop().await;
    /// use mfhm::Center;
    ///
    /// let mut copy = Vec::new();
    /// Center::export(&here, &mut copy)?;
    /// Center::import(&there, copy.as_slice(), false)?;
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn export(data_dir: impl AsRef<Path>, out: impl Write) -> Result<Exported> {
        let file = data_dir.as_ref().join(STORE_FILE);
        if !file.exists() {
            return Err(Error::new(format!(
                "there is no center's data in {}: name its data directory (--data-dir)",
                data_dir.as_ref().display()
            )));
        }
        let mut disk = open(&file)?;
        let snapshot = disk.take_snapshot();
        let exported = Exported {
            instances: snapshot.records.len(),
            documents: snapshot.documents.len(),
        };
        lines::write(snapshot, out)
            .map_err(|error| Error::with_source("the export can't be written", error))?;
        disk.close();
        Ok(exported)
    }

    /// Writes what [`Center::export`] wrote into the data directory of a center that
    /// does not run, which is made if need be: all of it, or nothing.
    ///
    /// An instance that is there already exactly like this is left alone. With
    /// `replace`, what is in the way of the others goes.
    ///
    /// # Errors
    ///
    /// Lines can't be read (each is named), something would be overwritten (each is
    /// named) and `replace` is false, a center has the data open, or it can't be
    /// written.
    pub fn import(
        data_dir: impl AsRef<Path>,
        lines: impl BufRead,
        replace: bool,
    ) -> Result<Imported> {
        let export = lines::read(lines).map_err(listed)?;
        let dir = data_dir.as_ref();
        directory::create_all(dir).map_err(|error| {
            let text = format!("the data directory {} can't be made", dir.display());
            Error::with_source(text, error)
        })?;
        let file = dir.join(STORE_FILE);
        let mut disk = open(&file)?;
        let result = import(&mut disk, export, replace);
        disk.close();
        result.map_err(|problems| match problems {
            Refused::Overwrites(mut problems) => {
                problems.push(
                    "nothing was imported: say --replace to let what is imported take their place"
                        .to_owned(),
                );
                listed(problems)
            }
            Refused::Store(error) => Error::new(format!("nothing was imported: {error}")),
        })
    }
}

fn open(file: &Path) -> Result<redb::Disk> {
    redb::open(file, PATIENCE).map_err(|problem| Error::new(problem.text))
}

enum Refused {
    Overwrites(Vec<String>),
    Store(store::CommitError),
}

fn import(disk: &mut redb::Disk, export: Export, replace: bool) -> Result<Imported, Refused> {
    let there = disk.take_snapshot();
    let mut imported = Imported::default();
    let mut batch = Batch {
        marks: export.marks.into_iter().map(Mark::Set).collect(),
        ..Batch::default()
    };
    let known: HashSet<_> = there
        .documents
        .iter()
        .map(|document| &document.hash)
        .collect();
    for document in export.documents {
        if !known.contains(&document.hash) {
            imported.documents += 1;
            let hash = &document.hash;
            let entry = Entry::document(Action::DocumentKept, &Actor::Command, hash);
            batch = batch.noting(entry);
            batch.documents.push(DocumentWrite::Keep(document));
        }
    }
    let (unchanged, new) = sort(export.records, &there);
    imported.unchanged = unchanged;
    imported.instances = new.len();
    let in_the_way = in_the_way(&new, &there);
    imported.replaced = in_the_way.len();
    if !replace && !in_the_way.is_empty() {
        let problems = in_the_way.iter().map(|record| {
            let Record {
                service,
                host,
                port,
                id,
                ..
            } = &***record;
            format!("{service:?} at {host}:{port} (id {id}) is registered already")
        });
        return Err(Refused::Overwrites(problems.collect()));
    }
    // First everything that is in the way: ids and places may have changed hands.
    for record in in_the_way {
        let entry = Entry::instance(Action::Replaced, &Actor::Command, record);
        batch = batch.noting(entry.because("by an import"));
        let write = store::Write::remove(record.place(), record.id.clone());
        batch.writes.push(write);
    }
    for record in new {
        batch = batch.noting(Entry::instance(Action::Imported, &Actor::Command, &record));
        batch.writes.push(store::Write::put(record, Expect::Absent));
    }
    commit(disk, there, batch).map_err(Refused::Store)?;
    Ok(imported)
}

/// How many are there already, and those that are not.
fn sort(records: Vec<Arc<Record>>, there: &Snapshot) -> (usize, Vec<Arc<Record>>) {
    let held: std::collections::HashMap<_, _> = there
        .records
        .iter()
        .map(|record| (&record.id, record))
        .collect();
    let all = records.len();
    let new: Vec<_> = records
        .into_iter()
        .filter(|record| held.get(&record.id) != Some(&record))
        .collect();
    (all - new.len(), new)
}

/// Who has a place or an id that is to be imported.
fn in_the_way<'a>(new: &[Arc<Record>], there: &'a Snapshot) -> Vec<&'a Arc<Record>> {
    let places: HashSet<_> = new.iter().map(|record| record.place()).collect();
    let ids: HashSet<_> = new.iter().map(|record| &record.id).collect();
    let records = there.records.iter();
    records
        .filter(|record| places.contains(&record.place()) || ids.contains(&record.id))
        .collect()
}

fn commit(
    disk: &mut redb::Disk,
    there: Snapshot,
    mut batch: Batch,
) -> Result<(), store::CommitError> {
    let (marks, audit) = (batch.marks.clone(), std::mem::take(&mut batch.audit));
    let (revision, events) = Contents::new(there).apply(batch).map_err(|Conflict| {
        // Everything that could be in the way was looked for.
        store::CommitError::Failed {
            reason: "the records contradict each other".to_owned(),
            is_full: false,
        }
    })?;
    let first = disk.write(Writing {
        revision,
        batches: &[(revision, events)],
        marks: &marks,
        audit: &audit,
    })?;
    for (number, entry) in (first..).zip(&audit) {
        entry.log(number);
    }
    Ok(())
}

/// One error of many, of which the first are listed.
fn listed(mut problems: Vec<String>) -> Error {
    // The last one may be advice.
    if problems.len() > LISTED + 1 {
        let left_out = problems.len() - LISTED;
        let last = problems.pop();
        problems.truncate(LISTED - 1);
        problems.push(format!("and {left_out} more"));
        problems.extend(last);
    }
    Error::many(problems)
}
