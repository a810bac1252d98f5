//! `mfhm center export` and `mfhm center import`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use http::StatusCode;
use mfhm::{Center, Error, Imported};
use serde::Deserialize;

use crate::operator::{self, Credentials};

/// How long a center may keep silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// So much is read of a refusal, and the first line of an export is not longer, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Writes what a center keeps: JSON, one record a line. It is asked of a center that
/// runs (--center), or read in the data directory of one that does not (--data-dir). It
/// holds the keys of services; a FILE is made for its owner only.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Folder of a center that does not run
    #[arg(
        long,
        default_value = "./data",
        value_name = "DIR",
        conflicts_with = "center"
    )]
    data_dir: PathBuf,
    /// Address of a center that runs
    #[arg(long, value_name = "URL")]
    center: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// Where to write it, in place of what is there; standard output when absent
    file: Option<PathBuf>,
}

/// Writes what was exported into the data directory of a center that does not run:
/// all of it, or nothing. What is there already, exactly like this, is left alone.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Folder of the center; made if there is none
    #[arg(long, default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Let what is imported take the place of what is there
    #[arg(long)]
    replace: bool,
    /// What to read; standard input when absent
    file: Option<PathBuf>,
}

pub(super) async fn export(arguments: &Export) -> mfhm::Result<()> {
    let (instances, documents) = match &arguments.file {
        None => arguments.write(io::stdout()).await?,
        Some(file) => {
            let mut draft = Draft::new(file)?;
            let exported = arguments.write(&mut draft.out).await?;
            draft.finish()?;
            exported
        }
    };
    let from = match &arguments.center {
        Some(center) => center.clone(),
        None => arguments.data_dir.display().to_string(),
    };
    // Standard output may be the export.
    eprintln!("exported {instances} instances and {documents} documents from {from}");
    Ok(())
}

impl Export {
    /// How many instances and documents were written.
    async fn write(&self, out: impl Write) -> mfhm::Result<(usize, usize)> {
        match &self.center {
            Some(center) => fetch(center, &self.credentials, out)
                .await
                .map_err(Error::new),
            None => {
                let exported = Center::export(&self.data_dir, out)?;
                Ok((exported.instances, exported.documents))
            }
        }
    }
}

/// What a running center says.
async fn fetch(
    center: &str,
    credentials: &Credentials,
    mut out: impl Write,
) -> Result<(usize, usize), String> {
    let center = operator::url(center)?;
    let client = operator::client(credentials.headers()?);
    let client = client.read_timeout(PATIENCE).build();
    let client = client.map_err(|error| crate::chain(&error))?;
    let no_answer = |error| operator::no_answer(&center, error);
    let request = client.get(operator::at(&center, &["v1", "export"]));
    let mut answer = request.send().await.map_err(no_answer)?;
    let status = answer.status();
    if status != StatusCode::OK {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_LINE {
                break;
            }
        }
        let said = serde_json::from_slice(&body).unwrap_or_default();
        let mut refused = operator::refused(&center, status, &said);
        if status == StatusCode::NOT_FOUND {
            refused.push_str("; it is none that exports while it runs: stop it, and name its data directory (--data-dir)");
        }
        return Err(refused);
    }
    let mut lines = Lines::default();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        lines.add(&chunk);
        out.write_all(&chunk)
            .map_err(|error| format!("the export can't be written: {error}"))?;
    }
    out.flush()
        .map_err(|error| format!("the export can't be written: {error}"))?;
    lines
        .are_all()
        .map_err(|why| format!("what the center at {center} sent is no whole export: {why}"))
}

/// The lines of an export that passes by. Whether they are good is for the import to say;
/// that all are there has to be known before the export is relied on.
#[derive(Debug, Default)]
struct Lines {
    first: Vec<u8>,
    count: usize,
    is_cut: bool,
}

impl Lines {
    fn add(&mut self, chunk: &[u8]) {
        if self.count == 0 && self.first.len() < MAX_LINE {
            let first = chunk.split(|byte| *byte == b'\n').next();
            self.first.extend_from_slice(first.unwrap_or_default());
        }
        self.count += chunk.iter().filter(|byte| **byte == b'\n').count();
        self.is_cut = chunk.last().map_or(self.is_cut, |last| *last != b'\n');
    }

    /// How many instances and documents there are, if that is so.
    fn are_all(&self) -> Result<(usize, usize), String> {
        #[derive(Deserialize)]
        struct Header {
            instances: usize,
            documents: usize,
        }
        let header = serde_json::from_slice(&self.first);
        let Header {
            instances,
            documents,
        } = header.map_err(|_| "it does not begin as one".to_owned())?;
        let announced = instances.saturating_add(documents).saturating_add(1);
        if self.is_cut || self.count != announced {
            return Err(format!("of {announced} lines it has {}", self.count));
        }
        Ok((instances, documents))
    }
}

/// A file that gets its name when it is whole: what has the name is a whole export,
/// whatever happens meanwhile.
struct Draft<'a> {
    file: &'a Path,
    draft: PathBuf,
    out: File,
}

impl<'a> Draft<'a> {
    fn new(file: &'a Path) -> mfhm::Result<Self> {
        let mut draft = file.as_os_str().to_owned();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        let _ = std::fs::remove_file(&draft);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let out = options.open(&draft).map_err(|error| cannot(file, error))?;
        Ok(Self { file, draft, out })
    }

    fn finish(self) -> mfhm::Result<()> {
        let finished = (|| {
            self.out.sync_all()?;
            std::fs::rename(&self.draft, self.file)?;
            sync_folder_of(self.file)
        })();
        finished.map_err(|error| cannot(self.file, error))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // It is there only when it was not finished.
        let _ = std::fs::remove_file(&self.draft);
    }
}

fn cannot(file: &Path, error: io::Error) -> Error {
    Error::with_source(format!("{} can't be written", file.display()), error)
}

/// The name is on disk too.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        Some(_) if cfg!(unix) => File::open(".")?.sync_all(),
        _ => Ok(()),
    }
}

pub(super) fn import(arguments: &Import) -> mfhm::Result<()> {
    let Import {
        data_dir,
        replace,
        file,
    } = arguments;
    let imported = match file {
        None => Center::import(data_dir, io::stdin().lock(), *replace)?,
        Some(file) => {
            let opened = File::open(file).map_err(|error| {
                Error::with_source(format!("{} can't be read", file.display()), error)
            })?;
            Center::import(data_dir, BufReader::new(opened), *replace)?
        }
    };
    let Imported {
        instances,
        replaced,
        unchanged,
        documents,
        ..
    } = imported;
    println!(
        "imported {instances} instances and {documents} documents into {}; {replaced} were \
         replaced, {unchanged} were there already",
        data_dir.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(chunks: &[&str]) -> Result<(usize, usize), String> {
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.add(chunk.as_bytes());
        }
        lines.are_all()
    }

    #[test]
    fn half_an_export_is_told_from_a_whole_one() {
        let header = "{\"instances\":1,\"documents\":1}";
        assert_eq!(all_of(&[header, "\n{}\n{", "}\n"]), Ok((1, 1)));
        assert_eq!(
            all_of(&["{\"instances\":0,", "\"documents\":0}\n"]),
            Ok((0, 0))
        );
        for cut in ["", "\n{}", "\n{}\n", "\n{}\n{}", "\n{}\n{}\n{}\n"] {
            assert!(all_of(&[header, cut]).is_err(), "{cut:?}");
        }
        assert!(all_of(&[]).unwrap_err().contains("begin"));
    }
}
