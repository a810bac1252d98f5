//! The shared key of KeyAuth: one secret text in a file, carried by each
//! request in the header `MFHM-AuthKey`.
//!
//! Centers, services and callers use the same type, so that a key is compared
//! and hidden in the same way everywhere.

use std::fmt;
use std::path::Path;

use http::HeaderValue;
use http::header::InvalidHeaderValue;
use serde::{Deserialize, Serialize};

#[cfg(any(feature = "server", feature = "center"))]
use crate::directory;
use crate::error::{Error, Result};

/// The header that carries the key. Header names are not case-sensitive; Python
/// peers write it `MFHM-AuthKey`.
pub(crate) const HEADER: &str = "mfhm-authkey";

/// Name of the key file in a data directory.
#[cfg(any(feature = "server", feature = "center"))]
const FILE_NAME: &str = "key";

/// A secret text that requests must carry. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Key(String);

impl Key {
    /// A key with this text. Any text is taken; whether it can be a header is
    /// asked by [`Key::header_value`].
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads a key from a file, without the white space around it.
    ///
    /// # Errors
    ///
    /// The file can't be read, is empty, or holds what can't be a header.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Error::with_source(
                format!("the key file {} can't be read", file.display()),
                error,
            )
        })?;
        let key = Self::new(text.trim());
        if key.0.is_empty() {
            return Err(Error::new(format!(
                "the key file {} is empty: write a key into it, or remove it",
                file.display()
            )));
        }
        if key.header_value().is_err() {
            return Err(Error::new(format!(
                "the key in {} can't be sent as a header: it may have visible ASCII characters only",
                file.display()
            )));
        }
        Ok(key)
    }

    /// Reads the key from the file `key` in `dir`, or writes a new one of 32
    /// hexadecimal digits there, readable by the owner only.
    ///
    /// # Errors
    ///
    /// As for [`Key::read`], or the file can't be written.
    #[cfg(any(feature = "server", feature = "center"))]
    pub(crate) fn read_or_create(dir: &Path) -> Result<Self> {
        let file = dir.join(FILE_NAME);
        if !file.exists() {
            create(dir, &file).map_err(|error| {
                Error::with_source(
                    format!("the key file {} can't be written", file.display()),
                    error,
                )
            })?;
        }
        Self::read(&file)
    }

    /// Whether `candidate` is this key, in a time that does not depend on where
    /// the two differ.
    #[cfg(any(feature = "server", feature = "center"))]
    pub(crate) fn matches(&self, candidate: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        self.0.as_bytes().ct_eq(candidate).into()
    }

    /// The value for [`HEADER`], marked as sensitive.
    ///
    /// # Errors
    ///
    /// The text has characters that a header can't carry.
    pub(crate) fn header_value(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&self.0)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The value of `Authorization` that sends this as a token, marked as sensitive.
    ///
    /// # Errors
    ///
    /// The text has characters that a header can't carry.
    #[cfg(any(feature = "client", feature = "server"))]
    pub(crate) fn bearer(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A new secret of 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    #[cfg(feature = "server")]
    pub(crate) fn random() -> Result<Self> {
        let half = || {
            random().map_err(|error| Error::with_source("the system has no random numbers", error))
        };
        Ok(Self(format!("{:032x}{:032x}", half()?, half()?)))
    }

    /// The secret itself, for the peers that must have it.
    #[cfg(any(feature = "server", feature = "center"))]
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Makes the key file appear with its whole content or not at all: of two
/// processes that start at once, one reads what the other wrote.
#[cfg(any(feature = "server", feature = "center"))]
fn create(dir: &Path, file: &Path) -> std::io::Result<()> {
    use std::io::Write as _;

    directory::create_all(dir)?;
    let text = format!("{:032x}", random()?);
    let draft = dir.join(format!(".{FILE_NAME}.{:032x}", random()?));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&draft)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    // A link fails where the name is taken, a rename would replace a key that
    // somebody may already use.
    let linked = std::fs::hard_link(&draft, file);
    let _ = std::fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => directory::sync_parent(file),
    }
}

#[cfg(any(feature = "server", feature = "center"))]
fn random() -> std::io::Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(u128::from_be_bytes(bytes))
}

#[cfg(all(test, any(feature = "server", feature = "center")))]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_32_digits_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::read_or_create(dir.path()).unwrap();
        assert_eq!(key.reveal().len(), 32);
        assert!(
            key.reveal()
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert_eq!(Key::read_or_create(dir.path()).unwrap(), key);
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft is left"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        Key::read_or_create(dir.path()).unwrap();
        let mode = dir
            .path()
            .join("key")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_written_key_is_trimmed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), " secret\n").unwrap();
        assert_eq!(Key::read_or_create(dir.path()).unwrap().reveal(), "secret");
    }

    #[test]
    fn an_unusable_file_is_named() {
        for content in [&b""[..], b" \n", b"a\nb", b"\xff"] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("key");
            std::fs::write(&file, content).unwrap();
            let error = Key::read_or_create(dir.path()).unwrap_err().to_string();
            assert!(error.contains(&*file.to_string_lossy()), "{error}");
            assert_eq!(std::fs::read(&file).unwrap(), content, "the file is kept");
        }
    }

    #[test]
    fn only_the_same_bytes_match() {
        let key = Key::new("abc");
        assert!(key.matches(b"abc"));
        for other in [&b""[..], b"ab", b"abcd", b"abC"] {
            assert!(!key.matches(other));
        }
    }

    #[test]
    fn debug_and_headers_hide_the_key() {
        let key = Key::new("abc");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(!format!("{:?}", key.header_value().unwrap()).contains("abc"));
        assert!(Key::new("a\r\nb").header_value().is_err());
    }
}
