//! `mfhm center export` and `mfhm center import`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use mfhm::{Center, Error, Exported, Imported};

/// Writes what a center that does not run keeps in its data directory: JSON, one
/// record a line. It holds the keys of services; a FILE is made for its owner only.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Folder of the center
    #[arg(long, default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
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

pub(super) fn export(arguments: &Export) -> mfhm::Result<()> {
    let dir = &arguments.data_dir;
    let exported = match &arguments.file {
        None => Center::export(dir, io::stdout().lock())?,
        Some(file) => export_to(dir, file)?,
    };
    let Exported {
        instances,
        documents,
        ..
    } = exported;
    // Standard output may be the export.
    eprintln!(
        "exported {instances} instances and {documents} documents from {}",
        dir.display()
    );
    Ok(())
}

/// A file with this name is a whole export, whatever happens meanwhile.
fn export_to(dir: &Path, file: &Path) -> mfhm::Result<Exported> {
    let failed = |error| Error::with_source(format!("{} can't be written", file.display()), error);
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let _ = std::fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&draft).map_err(failed)?;
    let exported = Center::export(dir, &mut out).and_then(|exported| {
        out.flush().map_err(failed)?;
        out.sync_all().map_err(failed)?;
        std::fs::rename(&draft, file).map_err(failed)?;
        sync_folder_of(file).map_err(failed)?;
        Ok(exported)
    });
    if exported.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    exported
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
