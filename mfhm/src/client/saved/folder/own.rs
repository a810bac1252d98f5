//! Files that nobody but this process's user can have written.

use std::fs::{File, Metadata, OpenOptions};
use std::path::Path;

/// Opens a file to read it, if it is one of the user's own. The error says why not.
pub(super) fn open(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe is open at once although nobody writes to it, and a link is not followed.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK,
    );
    let file = options.open(path).map_err(|error| error.to_string())?;
    // The name may have stood for another one when it was looked at.
    let about = file.metadata().map_err(|error| error.to_string())?;
    check(&about)?;
    Ok(file)
}

/// Whether it is a regular file of the user's own. The error says what else it is.
pub(super) fn check(about: &Metadata) -> Result<(), String> {
    if !about.is_file() {
        return Err("it is no regular file".to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        // Where the system does not say who this process is, nobody is it.
        let own = user().map_err(|error| format!("who runs this process is unknown: {error}"))?;
        judge(about.uid(), about.mode(), own)
    }
    #[cfg(not(unix))]
    Ok(())
}

#[cfg(unix)]
fn judge(owner: u32, mode: u32, own: u32) -> Result<(), String> {
    if owner != own {
        return Err(format!(
            "it belongs to the user {owner}, and this process runs as {own}: whoever writes it \
             says where calls go"
        ));
    }
    if mode & 0o022 != 0 {
        let mode = mode & 0o777;
        return Err(format!(
            "others may write it (its mode is {mode:o}), and whoever writes it says where calls \
             go: `chmod go-w`, or remove it"
        ));
    }
    Ok(())
}

/// The user that this process acts as. The standard library does not tell; but the system
/// says of a pair of sockets whose it is.
#[cfg(unix)]
fn user() -> std::io::Result<u32> {
    let (one, _other) = tokio::net::UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_own_user_that_nobody_else_may_write_count() {
        assert_eq!(judge(7, 0o100_600, 7), Ok(()));
        assert_eq!(judge(7, 0o100_644, 7), Ok(()));
        for (owner, mode, why) in [
            (8, 0o100_600, "belongs to the user 8"),
            (0, 0o100_600, "belongs to the user 0"),
            (7, 0o100_620, "620"),
            (7, 0o100_602, "602"),
        ] {
            let refused = judge(owner, mode, 7).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_file_that_was_made_now_is_the_users_own() {
        use std::os::unix::fs::MetadataExt as _;

        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("list");
        std::fs::write(&file, "x").unwrap();
        assert_eq!(user().unwrap(), std::fs::metadata(&file).unwrap().uid());
    }
}
