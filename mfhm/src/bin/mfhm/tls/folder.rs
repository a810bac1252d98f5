//! The folder of an authority: pairs of files, of which each is whole at any time, and
//! none is overwritten but a certificate that is renewed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Two that work in one folder take turns.
const LOCK: &str = ".lock";

/// Keys are not to be committed.
const IGNORE: (&str, &str) = (".gitignore", "*\n");

pub(super) struct Folder {
    dir: PathBuf,
    _turn: File,
}

/// What there is of a certificate and its key.
pub(super) enum Pair {
    Nothing,
    Both { certificate: String, key: String },
}

impl Folder {
    /// Opens the folder, or makes it for its owner only.
    pub(super) fn open(dir: &Path) -> Result<Self, String> {
        let failed = |error| cannot("made", dir, error);
        if !dir.exists() {
            make(dir).map_err(failed)?;
        } else if is_others(dir).map_err(|error| cannot("read", dir, error))? {
            return Err(format!(
                "{} holds other files and no authority: name a folder that is empty, or none yet \
                 (--dir)",
                dir.display()
            ));
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let turn = private(&mut options)
            .open(dir.join(LOCK))
            .map_err(|error| cannot("written to", dir, error))?;
        turn.lock().map_err(failed)?;
        let folder = Self {
            dir: dir.to_owned(),
            _turn: turn,
        };
        let (name, text) = IGNORE;
        if !dir.join(name).exists() {
            folder.write(name, text, false)?;
        }
        Ok(folder)
    }

    pub(super) fn certificate(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }

    pub(super) fn key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }

    /// The names of whom there are both files, in order.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        let failed = |error| cannot("read", &self.dir, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".pem"));
            let pair = name.filter(|name| *name != "ca" && self.key(name).exists());
            names.extend(pair.map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// What there is of `name`. One of the two alone is an error.
    pub(super) fn read(&self, name: &str) -> Result<Pair, String> {
        let (certificate, key) = (self.certificate(name), self.key(name));
        match (optional(&certificate)?, optional(&key)?) {
            (None, None) => Ok(Pair::Nothing),
            (Some(certificate), Some(key)) => Ok(Pair::Both { certificate, key }),
            (Some(_), None) => Err(half(&certificate, &key, name)),
            (None, Some(_)) => Err(half(&key, &certificate, name)),
        }
    }

    /// The key first: a certificate without a key is of no use, and a run that ends
    /// between the two is told by the next one.
    pub(super) fn write_pair(
        &self,
        name: &str,
        certificate: &str,
        key: &str,
    ) -> Result<(), String> {
        self.write(&format!("{name}.key"), key, true)?;
        self.write_certificate(name, certificate)
    }

    pub(super) fn write_certificate(&self, name: &str, text: &str) -> Result<(), String> {
        self.write(&format!("{name}.pem"), text, false)
    }

    /// Whoever reads the file meanwhile has the old one or the new one.
    fn write(&self, name: &str, text: &str, is_secret: bool) -> Result<(), String> {
        let draft = self.dir.join(format!(".{name}.new"));
        let written = (|| {
            // What a run has left that was killed. Nobody else has the turn.
            match fs::remove_file(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            if is_secret {
                private(&mut options);
            }
            let mut out = options.open(&draft)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&draft, self.dir.join(name))
        })();
        written.map_err(|error| {
            let _ = fs::remove_file(&draft);
            cannot("written", &self.dir.join(name), error)
        })
    }
}

/// Whether there is something else in it than what this command has made.
fn is_others(dir: &Path) -> io::Result<bool> {
    if dir.join("ca.pem").exists() || dir.join("ca.key").exists() {
        return Ok(false);
    }
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        // Of a run that was killed.
        let is_ours = [LOCK, IGNORE.0].iter().any(|ours| name == *ours)
            || name.to_str().is_some_and(|name| name.ends_with(".new"));
        if !is_ours {
            return Ok(true);
        }
    }
    Ok(false)
}

fn make(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn optional(file: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", file, error)),
    }
}

fn half(there: &Path, missing: &Path, name: &str) -> String {
    let (there, missing) = (there.display(), missing.display());
    if name == "ca" {
        format!(
            "there is {there} and no {missing}: put it back; or begin anew in another folder, and \
             give the new files to everybody"
        )
    } else {
        format!(
            "there is {there} and no {missing}: put it back, or remove {there} to have both made anew"
        )
    }
}

fn cannot(what: &str, path: &Path, error: io::Error) -> String {
    format!("{} can't be {what}: {error}", path.display())
}
