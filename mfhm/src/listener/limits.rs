//! [`Limits`]: what connections may take of a process.

use std::time::Duration;

/// How many connections a service or a center serves at once, and how long each
/// may keep it waiting. For [`App::limits`](crate::App::limits) and
/// [`CenterBuilder::limits`](crate::CenterBuilder::limits).
///
/// The times are kept to within half a second above. No time limits an answer that
/// is being made or a stream that is being read.
///
/// ```
/// use std::time::Duration;
///
/// let limits = mfhm::Limits::new()
///     .connections(2_000)
///     .idle(Duration::from_secs(60));
/// # let _ = limits;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Limits {
    pub(super) connections: Option<usize>,
    pub(super) per_address: usize,
    pub(super) first_byte: Duration,
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            connections: None,
            per_address: 1024,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            write: Duration::from_secs(30),
        }
    }

    /// Connections in all, at least 1. A new one beyond that takes the place of one
    /// that says nothing: one that never sent a byte, else the longest idle one.
    /// When all of them are busy it is answered 503 with `Retry-After`, and closed. The default is three
    /// quarters of the files that the process may open (`ulimit -n`), 32,768 at
    /// most; 768 where nobody says how many those are.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = Some(most.max(1));
        self
    }

    /// Connections from one address, at least 1; of IPv6 from one network of 64
    /// bits. More are answered 503 and closed. The default is 1,024. Set it higher
    /// when everybody comes through one proxy.
    ///
    /// Connections from the same machine do not count: a proxy may stand there, and
    /// who is on the machine has nearer ways to take its resources.
    pub fn connections_per_address(mut self, most: usize) -> Self {
        self.per_address = most.max(1);
        self
    }

    /// How long a new connection may say nothing. The default is 10 s.
    pub fn first_byte(mut self, time: Duration) -> Self {
        self.first_byte = time;
        self
    }

    /// How long the head of a request may take from its first byte to its last. The
    /// default is 10 s.
    pub fn head(mut self, time: Duration) -> Self {
        self.head = time;
        self
    }

    /// How long a connection may be idle between two requests. The default is 30 s;
    /// mfhm's callers close theirs after 15 s at most.
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// How long a peer may take none of what is waiting to be sent to it. The
    /// default is 30 s.
    pub fn write(mut self, time: Duration) -> Self {
        self.write = time;
        self
    }

    /// Connections in all, with the default looked up.
    pub(super) fn most(&self) -> usize {
        let by_files = || by_open_files(&std::fs::read_to_string("/proc/self/limits").ok()?);
        self.connections.or_else(by_files).unwrap_or(UNKNOWN)
    }
}

/// Three quarters of 1,024, the usual limit of open files.
const UNKNOWN: usize = 768;

/// A connection that does nothing takes some 10 KiB.
const MOST: usize = 32_768;

/// The default number of connections by the text of `/proc/self/limits`. The rest
/// of the files is for what the process does with its connections: its calls, its
/// data.
fn by_open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" {
        return Some(MOST);
    }
    let soft: usize = soft.parse().ok()?;
    Some((soft - soft / 4).clamp(1, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_follows_the_open_files() {
        let text = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max processes             unlimited            unlimited            processes\n\
                 Max open files            {soft}               1048576              files\n"
            )
        };
        for (soft, expected) in [
            ("1024", Some(768)),
            ("1048576", Some(MOST)),
            ("unlimited", Some(MOST)),
            ("1", Some(1)),
            ("many", None),
        ] {
            assert_eq!(by_open_files(&text(soft)), expected, "{soft}");
        }
        assert_eq!(by_open_files(""), None);
    }
}
