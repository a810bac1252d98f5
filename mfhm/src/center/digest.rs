//! What the center keeps of a secret: its digest, from which nobody learns it.
//!
//! Tokens and lease secrets are 32 random bytes, so a fast digest without salt is
//! enough: there is no list of likely ones to try.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::private_file::{hex, unhex};

/// SHA-256 of a secret. It is compared in a time that does not depend on where two
/// differ, and its `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(crate) fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

impl Serialize for SecretDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = unhex(&text);
        let bytes = bytes.ok_or_else(|| de::Error::custom("a digest has 64 hexadecimal digits"))?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        let digest = SecretDigest::of(b"secret");
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text.len(), 66);
        assert!(serde_json::from_str::<SecretDigest>(&text).unwrap() == digest);
        assert!(digest != SecretDigest::of(b"Secret"));
        for bad in ["\"\"", "\"0\"", &text.replace('b', "x"), "7"] {
            assert!(serde_json::from_str::<SecretDigest>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", SecretDigest::of(b"a")), "SecretDigest(…)");
    }
}
