//! The names of things: services and their running instances.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name that callers use for a service: 1 to 128 of `A-Z a-z 0-9 . _ -`.
///
/// ```
/// # use mfhm::ServiceName;
/// assert!("users-v2".parse::<ServiceName>().is_ok());
/// assert!("no spaces".parse::<ServiceName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(std::sync::Arc<str>);

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "service name",
            })
        }
    }
}

impl TryFrom<String> for ServiceName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// One running process of a service: made new at every start, by the instance
/// itself. 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId(std::sync::Arc<str>);

impl InstanceId {
    /// A new random id: 32 hexadecimal digits from `random` (the caller owns the
    /// source of randomness).
    pub fn from_random(random: u128) -> Self {
        Self(format!("{random:032x}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstanceId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "instance id",
            })
        }
    }
}

impl TryFrom<String> for InstanceId {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<InstanceId> for String {
    fn from(id: InstanceId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// How an instance is doing, as the center sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceStatus {
    /// Registered, and not yet answered a ping.
    Starting,
    /// Answers its pings.
    Up,
    /// Finishes what runs and takes no new calls.
    Draining,
    /// Does not answer; kept, and pinged all the while.
    Down,
    /// A status this version does not know.
    #[serde(other)]
    Unknown,
}

impl InstanceStatus {
    /// Whether callers may send calls there.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Starting | Self::Up)
    }
}

/// Text that cannot be a [`ServiceName`] or an [`InstanceId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    what: &'static str,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = if self.what == "service name" { 128 } else { 64 };
        write!(
            f,
            "{} has 1 to {limit} characters, each a letter, a digit, a dot, an underscore or a hyphen",
            if self.what == "service name" {
                "a service name"
            } else {
                "an instance id"
            }
        )
    }
}

impl std::error::Error for InvalidName {}
