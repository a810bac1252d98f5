//! The time of this process, for everything in the client that compares times.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// Time since the first use in this process; never goes back.
pub(crate) fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    // A second keeps zero free for "never".
    START.get_or_init(Instant::now).elapsed() + Duration::from_secs(1)
}
