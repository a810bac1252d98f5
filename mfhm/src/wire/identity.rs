//! Who calls: assertions that a center signs and services check by themselves.
//!
//! An assertion says that its bearer is this service, towards that one, until then. It
//! is a JSON Web Token in the compact form, signed with Ed25519 (RFC 7519, RFC 8037), so
//! that any language's library reads it. The algorithm is no matter of choice here: a
//! header that names another one is refused, and the key is only ever one of the
//! center's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
#[cfg(any(feature = "center", test))]
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::v1::identity::LONGEST;

/// The only algorithm, as JOSE calls it.
const ALGORITHM: &str = "EdDSA";

/// How long an assertion counts, in seconds.
pub(crate) const LIFE: u64 = 600;

/// What the clocks of two machines may differ by, in seconds.
pub(crate) const LEEWAY: u64 = 30;

/// Whatever a token says of its key: the center's names are much shorter.
const LONGEST_KEY_ID: usize = 64;

/// What an assertion says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Who calls.
    pub sub: String,
    /// Whom it calls: the assertion is of no use elsewhere.
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// When it ends.
    pub exp: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// A public key as `GET /v1/identity/keys` tells it (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicKey {
    pub kty: String,
    pub crv: String,
    pub kid: String,
    pub x: String,
}

/// Answer of `GET /v1/identity/keys`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PublicKeys {
    pub keys: Vec<PublicKey>,
}

/// The keys by which a service checks who calls.
#[derive(Debug, Default)]
pub(crate) struct Trusted(BTreeMap<String, VerifyingKey>);

/// Why an assertion does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    NoAssertion,
    /// Of this name.
    UnknownKey(String),
    Forged,
    Expired,
    NotYet,
    /// It is for this service.
    OtherAudience(String),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAssertion => f.write_str("it is no assertion of a center"),
            Self::UnknownKey(_) => {
                f.write_str("it is signed with a key that this service's centers do not have")
            }
            Self::Forged => f.write_str("its signature is wrong"),
            Self::Expired => f.write_str("it has expired"),
            Self::NotYet => f.write_str(
                "it was made in the future: the clocks of the center and of this machine differ",
            ),
            Self::OtherAudience(audience) => write!(f, "it is for the service {audience:?}"),
        }
    }
}

impl PublicKey {
    #[cfg(any(feature = "center", test))]
    pub(crate) fn of(id: &str, key: &SigningKey) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: id.to_owned(),
            x: URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        }
    }
}

impl Trusted {
    /// Those of the keys that are of the one kind.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        let read = |key: &PublicKey| {
            let is_ours = key.kty == "OKP" && key.crv == "Ed25519";
            let bytes = URL_SAFE_NO_PAD.decode(&key.x).ok().filter(|_| is_ours)?;
            let verifying = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
            Some((key.kid.clone(), verifying))
        };
        Self(keys.into_iter().filter_map(read).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a key of this name.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// What an assertion says, when it is good for this audience at this time (in
    /// seconds since 1970).
    #[cfg(any(test, fuzzing))]
    pub(crate) fn check(&self, text: &str, audience: &str, now: u64) -> Result<Claims, Doubt> {
        self.check_late(text, audience, now, 0)
    }

    /// The same for one that may have ended so many seconds ago.
    pub(crate) fn check_late(
        &self,
        text: &str,
        audience: &str,
        now: u64,
        late: u64,
    ) -> Result<Claims, Doubt> {
        let mut parts = text.split('.');
        let [Some(header), Some(claims), Some(signature), None] =
            [parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(Doubt::NoAssertion);
        };
        if text.len() > LONGEST {
            return Err(Doubt::NoAssertion);
        }
        let signed = &text[..header.len() + 1 + claims.len()];
        let header: Header = decoded(header)?;
        if header.alg != ALGORITHM {
            return Err(Doubt::NoAssertion);
        }
        if header.kid.len() > LONGEST_KEY_ID {
            return Err(Doubt::NoAssertion);
        }
        let Some(key) = self.0.get(&header.kid) else {
            return Err(Doubt::UnknownKey(header.kid));
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let signature = signature.ok_or(Doubt::NoAssertion)?;
        key.verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| Doubt::Forged)?;
        // From here on it is the center that speaks.
        let claims: Claims = decoded(claims)?;
        let end = claims.exp.saturating_add(LEEWAY).saturating_add(late);
        if end <= now {
            return Err(Doubt::Expired);
        }
        if claims.iat > now.saturating_add(LEEWAY) {
            return Err(Doubt::NotYet);
        }
        if claims.aud != audience {
            return Err(Doubt::OtherAudience(claims.aud));
        }
        Ok(claims)
    }
}

/// A signed assertion.
#[cfg(any(feature = "center", test))]
pub(crate) fn sign(claims: &Claims, id: &str, key: &SigningKey) -> String {
    let header = Header {
        alg: ALGORITHM.to_owned(),
        kid: id.to_owned(),
    };
    let text = format!("{}.{}", encoded(&header), encoded(claims));
    let signature = key.sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

#[cfg(any(feature = "center", test))]
fn encoded(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, Doubt> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(Doubt::NoAssertion)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn claims() -> Claims {
        Claims {
            sub: "orders".to_owned(),
            aud: "users".to_owned(),
            iat: NOW - 60,
            exp: NOW + 540,
        }
    }

    fn check(text: &str, audience: &str, now: u64) -> Result<Claims, Doubt> {
        Trusted::new([&PublicKey::of("k1", &key(1))]).check(text, audience, now)
    }

    #[test]
    fn what_the_center_signed_is_believed() {
        let text = sign(&claims(), "k1", &key(1));
        assert_eq!(check(&text, "users", NOW), Ok(claims()));
        // Clocks differ a little.
        assert!(check(&text, "users", NOW + 540 + 29).is_ok());
        assert!(check(&text, "users", NOW - 60 - 30).is_ok());
    }

    #[test]
    fn what_has_ended_counts_for_as_long_as_is_said() {
        let trusted = Trusted::new([&PublicKey::of("k1", &key(1))]);
        let text = sign(&claims(), "k1", &key(1));
        let late = |now| trusted.check_late(&text, "users", now, 3600);
        assert!(late(NOW + 540 + 3600 + 29).is_ok());
        assert_eq!(late(NOW + 540 + 3600 + 30), Err(Doubt::Expired));
    }

    #[test]
    fn everything_else_is_not() {
        let good = sign(&claims(), "k1", &key(1));
        assert_eq!(check(&good, "users", NOW + 540 + 30), Err(Doubt::Expired));
        assert_eq!(check(&good, "users", NOW - 60 - 31), Err(Doubt::NotYet));
        let other = Doubt::OtherAudience("users".to_owned());
        assert_eq!(check(&good, "billing", NOW), Err(other));
        let forged = sign(&claims(), "k1", &key(2));
        assert_eq!(check(&forged, "users", NOW), Err(Doubt::Forged));
        let foreign = sign(&claims(), "k2", &key(2));
        assert_eq!(
            check(&foreign, "users", NOW),
            Err(Doubt::UnknownKey("k2".to_owned()))
        );

        let endless = sign(&claims(), &"k".repeat(65), &key(1));
        assert_eq!(check(&endless, "users", NOW), Err(Doubt::NoAssertion));

        let parts: Vec<_> = good.split('.').collect();
        let said = encoded(&Claims {
            sub: "admin".to_owned(),
            ..claims()
        });
        let changed = format!("{}.{said}.{}", parts[0], parts[2]);
        assert_eq!(check(&changed, "users", NOW), Err(Doubt::Forged));
        for algorithm in ["none", "HS256", "eddsa"] {
            let header = encoded(&Header {
                alg: algorithm.to_owned(),
                kid: "k1".to_owned(),
            });
            let text = format!("{header}.{}.{}", parts[1], parts[2]);
            assert_eq!(check(&text, "users", NOW), Err(Doubt::NoAssertion));
            let unsigned = format!("{header}.{}.", parts[1]);
            assert_eq!(check(&unsigned, "users", NOW), Err(Doubt::NoAssertion));
        }
        let long = "a".repeat(LONGEST);
        for text in [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            &good[1..],
            &good[..good.len() - 4],
            &long,
        ] {
            assert!(check(text, "users", NOW).is_err(), "{text}");
        }
    }
}
