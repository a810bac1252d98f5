//! Waiting for something that another process does.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long a test waits for what usually takes a moment. Generous: it is only
/// ever used up by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(10);

/// Asks `probe` again and again until it has an answer, and gives that answer.
///
/// # Panics
///
/// When [`PATIENCE`] is used up; `what` says what was waited for.
pub async fn until<T>(what: impl Display, probe: impl AsyncFnMut() -> Option<T>) -> T {
    match within(PATIENCE, probe).await {
        Some(answer) => answer,
        None => panic!("waited {} s for {what}", PATIENCE.as_secs()),
    }
}

/// Asks `probe` again and again until it has an answer or `time` is used up.
pub async fn within<T>(time: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        if let Some(answer) = probe().await {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
