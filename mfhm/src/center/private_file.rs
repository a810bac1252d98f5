//! Files of the data directory that nobody but their owner may read, and the random
//! bytes that go into them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::directory;
use crate::error::{Error, Result};

/// Replaces the file `name` in `dir`: it has its old content or the new one, whenever
/// the machine stops.
pub(super) fn write(dir: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let suffix = hex(&random::<8>().map_err(io::Error::other)?);
    let draft = dir.join(format!(".{name}.{suffix}"));
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut out = owners_own(options).open(&draft)?;
        #[cfg(unix)]
        keep_owner(&out, dir, name)?;
        out.write_all(text)?;
        out.sync_all()?;
        fs::rename(&draft, dir.join(name))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written?;
    directory::sync_parent(&dir.join(name))
}

/// Gives the draft to whoever has the file so far; a new one that root makes, to
/// whoever has the directory: a center that runs as somebody else could not read it.
#[cfg(unix)]
fn keep_owner(draft: &File, dir: &Path, name: &str) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let own = draft.metadata()?;
    let owner = match fs::metadata(dir.join(name)) {
        Ok(file) => file,
        Err(_) if own.uid() == 0 => fs::metadata(dir)?,
        Err(_) => return Ok(()),
    };
    if owner.uid() == own.uid() {
        return Ok(());
    }
    fchown(draft, Some(owner.uid()), Some(owner.gid())).map_err(|error| {
        let uid = owner.uid();
        io::Error::new(
            error.kind(),
            format!("{name} belongs to the user {uid}: do it as that user, or as root"),
        )
    })
}

/// Waits for its turn to change what `name` stands for; the turn ends when the file
/// is dropped.
pub(super) fn lock(dir: &Path, name: &str) -> io::Result<File> {
    directory::create_all(dir)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let lock = owners_own(options).open(dir.join(name))?;
    lock.lock()?;
    Ok(lock)
}

/// A file that it makes can be read by its owner only.
fn owners_own(mut options: OpenOptions) -> OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::with_source("the system has no random numbers", error))?;
    Ok(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 32 bytes from their 64 hexadecimal digits; absent: these are none.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (pair, byte) in text.as_bytes().chunks_exact(2).zip(&mut bytes) {
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, chown};

    use super::*;

    /// A command of root's on the data of a center that runs as somebody else.
    #[test]
    fn a_file_stays_its_owners_whoever_replaces_it() {
        const OWNER: (u32, u32) = (12_345, 12_346);
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        write(dir, "known", b"one").unwrap();
        let root = fs::metadata(dir.join("known")).unwrap().uid() == 0;
        if !root {
            return println!("skipped: only root gives files away");
        }
        let owner_of = |name: &str| {
            let file = fs::metadata(dir.join(name)).unwrap();
            assert_eq!(file.mode() & 0o777, 0o600, "{name}");
            (file.uid(), file.gid())
        };
        assert_eq!(owner_of("known").0, 0);
        chown(dir.join("known"), Some(OWNER.0), Some(OWNER.1)).unwrap();
        write(dir, "known", b"two").unwrap();
        assert_eq!(owner_of("known"), OWNER);
        assert_eq!(fs::read(dir.join("known")).unwrap(), b"two");
        // What is new is the directory's owner's.
        chown(dir, Some(OWNER.0), Some(OWNER.1)).unwrap();
        write(dir, "new", b"one").unwrap();
        assert_eq!(owner_of("new"), OWNER);
        assert_eq!(fs::read_dir(dir).unwrap().count(), 2, "no draft is left");
    }
}
