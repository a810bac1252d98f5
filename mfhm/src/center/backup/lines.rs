//! The lines of an export.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, BufRead, Read as _, Write};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::center::contracts::document::Document;
use crate::center::record::check::check_record;
use crate::center::record::{Place, Record};
use crate::center::store::Snapshot;
use crate::instance::InstanceId;
use crate::wire::v1::{DocumentHash, MAX_DOCUMENT};

/// What the first line says it is.
const FORMAT: &str = "mfhm-center";

/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

/// No line is longer, in bytes: a document whose every byte is escaped.
const LONGEST: usize = 6 * MAX_DOCUMENT + 4096;

/// A piece is so long, and the line longer with which it ends.
const PIECE: usize = 64 * 1024;

/// What was exported, checked.
#[derive(Debug, Default)]
pub(crate) struct Export {
    pub records: Vec<Arc<Record>>,
    pub documents: Vec<Arc<Document>>,
    pub marks: BTreeSet<String>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    instances: usize,
    documents: usize,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    marks: BTreeSet<String>,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Document { hash: DocumentHash, text: String },
    Instance(Box<Record>),
}

pub(crate) fn write(snapshot: Snapshot, mut out: impl Write) -> io::Result<()> {
    for piece in Pieces::of(snapshot) {
        out.write_all(&piece?)?;
    }
    out.flush()
}

/// An export in pieces of some whole lines each, which are made when they are asked for:
/// whoever sends them to somebody slow has one of them in memory. Documents come first,
/// because instances name them.
pub(crate) struct Pieces {
    header: Option<Header>,
    documents: std::vec::IntoIter<Arc<Document>>,
    records: std::vec::IntoIter<Arc<Record>>,
}

impl Pieces {
    pub(crate) fn of(snapshot: Snapshot) -> Self {
        let Snapshot {
            records,
            documents,
            marks,
            ..
        } = snapshot;
        Self {
            header: Some(Header {
                format: FORMAT.to_owned(),
                version: VERSION,
                instances: records.len(),
                documents: documents.len(),
                marks,
            }),
            documents: documents.into_iter(),
            records: records.into_iter(),
        }
    }

    /// Adds the next line; false when there is none.
    fn add_line(&mut self, piece: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(header) = self.header.take() {
            serde_json::to_writer(&mut *piece, &header)?;
        } else if let Some(document) = self.documents.next() {
            let text = std::str::from_utf8(&document.bytes).map_err(io::Error::other)?;
            let document = Line::Document {
                hash: document.hash.clone(),
                text: text.to_owned(),
            };
            serde_json::to_writer(&mut *piece, &document)?;
        } else if let Some(record) = self.records.next() {
            let record = Line::Instance(Box::new((*record).clone()));
            serde_json::to_writer(&mut *piece, &record)?;
        } else {
            return Ok(false);
        }
        piece.push(b'\n');
        Ok(true)
    }
}

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            match self.add_line(&mut piece) {
                Ok(true) if piece.len() < PIECE => {}
                Ok(false) if piece.is_empty() => return None,
                Ok(_) => return Some(Ok(piece.into())),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Reads an export. The error lists what is wrong, with the number of the line.
pub(crate) fn read(mut lines: impl BufRead) -> Result<Export, Vec<String>> {
    let first = next(&mut lines).map_err(|why| vec![format!("line 1: {why}")])?;
    let header =
        header(&first.unwrap_or_default()).map_err(|why| vec![format!("line 1: {why}")])?;
    let mut reading = Reading::default();
    let mut problems = Vec::new();
    let mut number = 1;
    loop {
        number += 1;
        match next(&mut lines) {
            Ok(None) => break,
            Ok(Some(line)) => {
                if let Err(why) = reading.add(&line) {
                    problems.push(format!("line {number}: {why}"));
                }
            }
            // What follows could be anything.
            Err(why) => {
                problems.push(format!("line {number}: {why}"));
                return Err(problems);
            }
        }
    }
    let Reading {
        mut export,
        instances,
        documents,
        ..
    } = reading;
    // A line that can't be read is not counted.
    if problems.is_empty() && (instances, documents) != (header.instances, header.documents) {
        problems.push(format!(
            "it should hold {} instances and {} documents, and has {instances} and {documents}: \
             it is not whole",
            header.instances, header.documents
        ));
    }
    if problems.is_empty() {
        export.marks = header.marks;
        Ok(export)
    } else {
        Err(problems)
    }
}

fn header(line: &[u8]) -> Result<Header, String> {
    const NOT: &str = "it is no export of a center (mfhm center export)";
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u32,
    }
    let found: Version = serde_json::from_slice(line).map_err(|_| NOT.to_owned())?;
    if found.format != FORMAT {
        return Err(NOT.to_owned());
    }
    if found.version != VERSION {
        return Err(format!(
            "the export has version {}, and this version of mfhm reads {VERSION}: use the one that \
             wrote it",
            found.version
        ));
    }
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// The next line without its end. Absent: there is none.
fn next(lines: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let mut line = Vec::new();
    let mut bounded = lines.take(LONGEST as u64 + 1);
    let length = bounded.read_until(b'\n', &mut line);
    let length = length.map_err(|error| format!("it can't be read: {error}"))?;
    if length > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok((length > 0).then_some(line))
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    export: Export,
    /// How many lines were there, good ones and bad ones.
    instances: usize,
    documents: usize,
    places: HashSet<Place>,
    ids: HashSet<InstanceId>,
    hashes: HashSet<DocumentHash>,
}

impl Reading {
    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Line::Document { hash, text } => {
                self.documents += 1;
                if text.len() > MAX_DOCUMENT {
                    return Err(format!("the document is longer than {MAX_DOCUMENT} bytes"));
                }
                let document = Document::check(hash, Bytes::from(text))
                    .map_err(|bad| format!("the document {bad}"))?;
                if !self.hashes.insert(document.hash.clone()) {
                    return Err(format!("the document {} is there twice", document.hash));
                }
                self.export.documents.push(Arc::new(document));
            }
            Line::Instance(record) => {
                self.instances += 1;
                self.check(&record)?;
                self.export.records.push(Arc::from(record));
            }
        }
        Ok(())
    }

    fn check(&mut self, record: &Record) -> Result<(), String> {
        let Record {
            service,
            host,
            port,
            ..
        } = record;
        let shown = format!("{service:?} at {host}:{port}");
        let errors = check_record(record);
        if !errors.is_empty() {
            let texts: Vec<_> = errors
                .iter()
                .map(|error| format!("{}: {}", error.name, error.detail))
                .collect();
            return Err(format!("{shown}: {}", texts.join("; ")));
        }
        if !self.places.insert(record.place()) {
            return Err(format!("{shown} is there twice"));
        }
        if !self.ids.insert(record.id.clone()) {
            return Err(format!("{shown}: the id {} is there twice", record.id));
        }
        match &record.document {
            Some(hash) if !self.hashes.contains(hash) => Err(format!(
                "{shown}: its document {hash} is not in a line before"
            )),
            _ => Ok(()),
        }
    }
}
