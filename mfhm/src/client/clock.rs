//! The time of this process, for everything in the client that compares times.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// Time since the first use in this process; never goes back.
pub(crate) fn now() -> Duration {
    at(Instant::now())
}

/// The same for a moment of which the time was read before.
pub(crate) fn at(moment: Instant) -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    // A second keeps zero free for "never".
    moment.saturating_duration_since(*START.get_or_init(Instant::now)) + Duration::from_secs(1)
}
