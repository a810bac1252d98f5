//! The names of things: services and their running instances.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes a type for names that travel in paths and file names, so only harmless
/// characters are allowed.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let is_valid = (1..=$longest).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
                if is_valid {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { kind: $kind, longest: $longest })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }
    };
}

name_type! {
    /// The name that callers use for a service: 1 to 128 of `A-Z a-z 0-9 . _ -`.
    ///
    /// ```
    /// # use mfhm::ServiceName;
    /// assert!("users-v2".parse::<ServiceName>().is_ok());
    /// assert!("no spaces".parse::<ServiceName>().is_err());
    /// ```
    ServiceName, "a service name", 128
}

name_type! {
    /// One running process of a service: made new at every start, by the instance
    /// itself. 1 to 64 of `A-Z a-z 0-9 . _ -`.
    InstanceId, "an instance id", 64
}

impl InstanceId {
    /// A new random id: 32 hexadecimal digits from `random` (the caller owns the
    /// source of randomness).
    pub fn from_random(random: u128) -> Self {
        Self(format!("{random:032x}").into())
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
    kind: &'static str,
    longest: usize,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, longest } = self;
        write!(
            f,
            "{kind} has 1 to {longest} characters, each a letter, a digit, a dot, an underscore or a hyphen"
        )
    }
}

impl std::error::Error for InvalidName {}
