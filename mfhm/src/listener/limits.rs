//! [`Limits`]: what connections may take of a process.

use std::sync::Arc;
use std::time::Duration;

use super::seats::Regulars;

/// How many connections a service or a center serves at once, and how long each
/// may keep it waiting. For [`App::limits`](crate::App::limits) and
/// [`CenterBuilder::limits`](crate::CenterBuilder::limits).
///
/// The times are kept to within half a second above. No time limits an answer that
/// is being made.
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
    pub(super) per_address: Option<usize>,
    /// Who has places that nobody else gets.
    pub(super) regulars: Option<Arc<dyn Regulars>>,
    pub(super) first_byte: Duration,
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
    upload_rate: u32,
    #[cfg(feature = "h2")]
    pub(super) http2_requests: u32,
    #[cfg(feature = "h2")]
    pub(super) http2_resets: u32,
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
            per_address: None,
            regulars: None,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            write: Duration::from_secs(30),
            upload_rate: 1024,
            #[cfg(feature = "h2")]
            http2_requests: 200,
            #[cfg(feature = "h2")]
            http2_resets: 200,
        }
    }

    /// Connections in all, at least 1. The default is three quarters of the files that
    /// the process may open (`ulimit -n`), 32,768 at most; 768 where nobody says how
    /// many those are.
    ///
    /// A new one beyond that takes the place of one that does nothing or is slow: of
    /// one that never sent a byte, else of one that is idle, has been sending the head
    /// of a request for a while, or does not take its answer. Of these the address
    /// goes first that has the most. One that runs a request keeps its place; when all
    /// of them do, the new one is answered 503 with `Retry-After`, and closed.
    ///
    /// A center keeps an eighth of its places for the addresses of registered
    /// instances, and for its own machine.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = Some(most.max(1));
        self
    }

    /// Connections from one address, at least 1; of IPv6 from one network of 64
    /// bits. More are answered 503 and closed. The default is half of all, so that
    /// nobody fills every place alone. Set it higher when everybody comes through one
    /// proxy.
    ///
    /// Connections from the same machine are not limited: a proxy may stand there, and
    /// who is on the machine has nearer ways to take its resources.
    pub fn connections_per_address(mut self, most: usize) -> Self {
        self.per_address = Some(most.max(1));
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

    /// How fast a body has to come that is read while it comes, in bytes a second: a
    /// form with files, what an axum extractor takes, and a stream (`#[body(stream)]`)
    /// whose length is known. It is counted from the 31st second in which the handler
    /// waits for it, over all of them; less is answered 408. 0 lets everybody take his
    /// time, as long as something comes every 30 s. The default is 1,024. A center
    /// reads no such bodies.
    pub fn least_upload_rate(mut self, bytes: u32) -> Self {
        self.upload_rate = bytes;
        self
    }

    /// Requests that one HTTP/2 connection carries at once, at least 1; its peer is told,
    /// and more are refused so that they can be sent again. The default is 200. Each may
    /// take 32 KiB for its head and as much for its answer; all requests of a connection
    /// together may have 1 MiB of bodies here that nobody has read yet.
    #[cfg(feature = "h2")]
    pub fn http2_requests(mut self, most: u32) -> Self {
        self.http2_requests = most.max(1);
        self
    }

    /// How many requests of one HTTP/2 connection may be taken back in half a second
    /// before they are answered, beside as many as are answered; more end the connection
    /// (`ENHANCE_YOUR_CALM`). The default is 200.
    ///
    /// The limit on requests at once is none for a peer that takes each of them back at
    /// once and sends the next (CVE-2023-44487), or that has the service do so by a
    /// fault in each (CVE-2025-8671). A caller that waits for what it asks never comes
    /// near it.
    #[cfg(feature = "h2")]
    pub fn http2_resets(mut self, most: u32) -> Self {
        self.http2_resets = most;
        self
    }

    #[cfg(feature = "server")]
    pub(crate) fn upload_rate(&self) -> Option<std::num::NonZeroU32> {
        std::num::NonZeroU32::new(self.upload_rate)
    }

    /// Keeps some places for these.
    #[cfg(feature = "center")]
    pub(crate) fn keeping_places(mut self, regulars: Arc<dyn Regulars>) -> Self {
        self.regulars = Some(regulars);
        self
    }

    /// Connections from one address, of so many in all.
    pub(super) fn most_of_address(&self, most: usize) -> usize {
        self.per_address.unwrap_or((most / 2).max(1))
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
    fn one_address_has_half_unless_more_is_said() {
        for (limits, most, expected) in [
            (Limits::new(), 768, 384),
            (Limits::new(), MOST, MOST / 2),
            (Limits::new(), 1, 1),
            (Limits::new().connections_per_address(2_000), 768, 2_000),
        ] {
            assert_eq!(limits.most_of_address(most), expected, "{most}");
        }
    }

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
