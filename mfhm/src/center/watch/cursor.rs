//! A place in the journal: the id of an event.

use std::fmt;
use std::str::FromStr;

/// Up to where a watcher has read, and in which run of the center.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Drawn when the center starts.
    pub epoch: u64,
    /// Counts the published changes of that run.
    pub position: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.position)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, position) = text.split_once('-').ok_or(())?;
        let is_plain = epoch.len() == 16 && position.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain {
            return Err(());
        }
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(drop)?,
            position: position.parse().map_err(drop)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let cursor = Cursor {
            epoch: 0xab,
            position: 7,
        };
        assert_eq!(cursor.to_string(), "00000000000000ab-7");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for other in [
            "",
            "7",
            "-7",
            "ab-7",
            "00000000000000ab-",
            "00000000000000ab-+7",
            "00000000000000ab-99999999999999999999",
            "+0000000000000ab-7-1",
        ] {
            assert_eq!(other.parse::<Cursor>(), Err(()), "{other}");
        }
    }
}
