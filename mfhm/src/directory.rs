//! Directories that are on disk when it is said so: what was made or renamed in one
//! is found again after a power failure only when the directory was written too.

use std::io;
use std::path::{Path, PathBuf};

/// Writes the directory that `path` is in.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    sync(parent)
}

/// Makes a directory and those above it that are missing.
pub(crate) fn create_all(dir: &Path) -> io::Result<()> {
    let missing: Vec<PathBuf> = dir
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .map(Path::to_owned)
        .collect();
    std::fs::create_dir_all(dir)?;
    // From above, so that none is written that nobody leads to.
    missing.iter().rev().try_for_each(|made| sync_parent(made))
}

#[cfg(unix)]
fn sync(dir: &Path) -> io::Result<()> {
    match std::fs::File::open(dir)?.sync_all() {
        // Some file systems have no such thing for directories.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Elsewhere directories can't be opened, or need not be.
#[cfg(not(unix))]
fn sync(_dir: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_down_to_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_all(&deep).unwrap();
        create_all(&deep).unwrap();
        assert!(deep.is_dir());
        sync_parent(&deep.join("file")).unwrap();
        sync_parent(Path::new("relative")).unwrap();
        assert!(create_all(&dir.path().join("a\0b")).is_err());
    }
}
