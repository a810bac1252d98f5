//! The keys with which the center signs who calls.
//!
//! They are in the file `identity.json` of the data directory, readable by its owner
//! only. There are two at most: a new one is told to everybody for a while before it
//! signs, and the one before it goes on being told until the next.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use super::private_file::{self, hex, random};
use crate::error::{Error, Result};
use crate::wire;
use crate::wire::identity::{Claims, PublicKey, PublicKeys, sign};

const FILE: &str = "identity.json";

/// The format that this version writes, and the only one so far.
const FORMAT: u32 = 1;

/// How long an assertion counts.
pub(crate) const LIFE: Duration = Duration::from_secs(wire::identity::LIFE);

/// How long a key signs before there is another one.
const KEY_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a new key is told before it signs; services look for keys more often.
const KEY_NOTICE: Duration = Duration::from_secs(3600);

/// Signs assertions.
#[derive(Debug)]
pub(crate) struct Signer {
    dir: PathBuf,
    /// The oldest first; at least one.
    keys: Mutex<Vec<Key>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Key {
    id: String,
    #[serde(with = "seed")]
    key: SigningKey,
    /// In seconds since 1970.
    created: u64,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

#[derive(Serialize, Deserialize)]
struct Contents {
    format: u32,
    keys: Vec<Key>,
}

impl Signer {
    /// Reads the keys of this data directory, or makes the first one.
    ///
    /// # Errors
    ///
    /// The file can't be read or written.
    pub(crate) fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        let file = dir.join(FILE);
        let keys = match fs::read(&file) {
            Ok(text) => read(&text).map_err(|error| {
                let advice = "restore it from a back-up, or remove it: then a new key is made, \
                              and services learn it";
                let context = format!("{} has no keys: {advice}", file.display());
                Error::with_source(context, error)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let context = format!("the keys in {} can't be read", file.display());
                return Err(Error::with_source(context, error));
            }
        };
        let signer = Self {
            dir,
            keys: Mutex::new(keys),
        };
        if let Err(error) = signer.rotate(now()) {
            // A full disk keeps no center from starting.
            tracing::warn!(?error, "the key that says who calls is new at each start");
        }
        Ok(signer)
    }

    /// One with a key that is nowhere written.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_test() -> Self {
        let key = Key {
            id: "test".to_owned(),
            key: SigningKey::from_bytes(&[7; 32]),
            created: 0,
        };
        Self {
            dir: PathBuf::from("/nowhere"),
            keys: Mutex::new(vec![key]),
        }
    }

    /// Makes a new key when it is time for one.
    ///
    /// # Errors
    ///
    /// It can't be written; the old ones stay. Where there is none, the new one is
    /// used all the same.
    pub(crate) fn rotate(&self, now: u64) -> Result<()> {
        let mut keys = self.known();
        let is_young = |key: &Key| now.saturating_sub(key.created) < KEY_LIFE.as_secs();
        if keys.last().is_some_and(is_young) {
            return Ok(());
        }
        keys.push(Key {
            id: hex(&random::<4>()?),
            key: SigningKey::from_bytes(&random::<32>()?),
            created: now,
        });
        if keys.len() > 2 {
            keys.remove(0);
        }
        let contents = Contents {
            format: FORMAT,
            keys: keys.clone(),
        };
        let text = serde_json::to_vec_pretty(&contents).map_err(io::Error::other);
        let written = text.and_then(|text| private_file::write(&self.dir, FILE, &text));
        if written.is_ok() || keys.len() == 1 {
            *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        written.map_err(|error| {
            let file = self.dir.join(FILE);
            let context = format!("the keys in {} can't be written", file.display());
            Error::with_source(context, error)
        })
    }

    /// An assertion that its bearer is `name`, for `audience`.
    pub(crate) fn assert(&self, name: &str, audience: &str, now: u64) -> String {
        let claims = Claims {
            sub: name.to_owned(),
            aud: audience.to_owned(),
            iat: now,
            exp: now + LIFE.as_secs(),
        };
        let keys = self.known();
        let is_known = |key: &&Key| now.saturating_sub(key.created) >= KEY_NOTICE.as_secs();
        let key = keys.iter().rev().find(is_known).or(keys.first());
        // There always is one.
        key.map(|key| sign(&claims, &key.id, &key.key))
            .unwrap_or_default()
    }

    /// What everybody may know.
    pub(crate) fn public(&self) -> PublicKeys {
        let keys = self.known();
        PublicKeys {
            keys: keys
                .iter()
                .map(|key| PublicKey::of(&key.id, &key.key))
                .collect(),
        }
    }

    fn known(&self) -> Vec<Key> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }
}

/// Makes new keys in time, for ever.
pub(crate) async fn rotate(signer: Arc<Signer>) {
    loop {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let signer = signer.clone();
        let rotated = tokio::task::spawn_blocking(move || signer.rotate(now())).await;
        if let Ok(Err(error)) = rotated {
            tracing::error!(?error, "no new key to say who calls");
        }
    }
}

/// In seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// For fuzzing: the keys in this text are read again as the same.
#[cfg(fuzzing)]
pub(crate) fn check(text: &[u8]) {
    let Ok(keys) = read(text) else {
        return;
    };
    let contents = Contents {
        format: FORMAT,
        keys: keys.clone(),
    };
    let written = serde_json::to_vec(&contents).expect("keys are written");
    let again = read(&written).expect("what was written is read");
    let told = |keys: &[Key]| -> Vec<_> {
        let public = |key: &Key| (PublicKey::of(&key.id, &key.key), key.created);
        keys.iter().map(public).collect()
    };
    assert_eq!(told(&again), told(&keys));
}

fn read(text: &[u8]) -> std::result::Result<Vec<Key>, serde_json::Error> {
    let contents: Contents = serde_json::from_slice(text)?;
    if contents.format != FORMAT {
        let text = format!(
            "it has the format {}, and this version of mfhm knows {FORMAT}",
            contents.format
        );
        return Err(serde::de::Error::custom(text));
    }
    Ok(contents.keys)
}

/// A key as the 64 hexadecimal digits of its seed.
mod seed {
    use ed25519_dalek::SigningKey;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use super::hex;

    pub(super) fn serialize<S: Serializer>(key: &SigningKey, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(key.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SigningKey, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = crate::center::private_file::unhex(&text);
        bytes
            .map(|seed| SigningKey::from_bytes(&seed))
            .ok_or_else(|| de::Error::custom("a key has 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::identity::Trusted;

    fn believes(keys: &PublicKeys, text: &str, now: u64) -> bool {
        Trusted::new(&keys.keys).check(text, "users", now).is_ok()
    }

    #[test]
    fn keys_stay_and_only_their_owner_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let told = Signer::open(dir.path()).unwrap().public();
        let signer = Signer::open(dir.path()).unwrap();
        assert_eq!(signer.public().keys, told.keys);
        assert!(believes(
            &told,
            &signer.assert("orders", "users", now()),
            now()
        ));
        let file = dir.path().join(FILE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&file, "{}").unwrap();
        let error = Signer::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("identity.json"), "{error}");
    }

    #[test]
    fn a_new_key_is_told_before_it_signs_and_the_old_one_after() {
        let dir = tempfile::tempdir().unwrap();
        let signer = Signer::open(dir.path()).unwrap();
        let old = signer.public();
        let later = now() + KEY_LIFE.as_secs();
        signer.rotate(later).unwrap();
        assert_eq!(signer.public().keys.len(), 2);
        let text = signer.assert("orders", "users", later);
        assert!(believes(&old, &text, later), "who has not looked yet");
        let later = later + KEY_NOTICE.as_secs();
        let text = signer.assert("orders", "users", later);
        assert!(!believes(&old, &text, later));
        assert!(believes(&signer.public(), &text, later));
        signer.rotate(later + KEY_LIFE.as_secs()).unwrap();
        assert_eq!(signer.public().keys.len(), 2);
    }
}
