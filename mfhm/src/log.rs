//! The log of a program: lines on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes the log from here on: `MFHM_LOG` says what of it, as levels by target
/// (`debug`, `warn,mfhm=debug`); the default is `info`. A program that has set
/// up its own log keeps it. `default` stands in when `MFHM_LOG` is not set.
pub fn init(default: &str) {
    let text = std::env::var("MFHM_LOG").unwrap_or_default();
    let text = if text.trim().is_empty() {
        default
    } else {
        text.trim()
    };
    let (targets, mistake) = match text.parse::<Targets>() {
        Ok(targets) => (targets, None),
        Err(error) => (Targets::new().with_default(LevelFilter::INFO), Some(error)),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
    if let Some(error) = mistake {
        tracing::warn!(%error, "MFHM_LOG cannot be read; write a level such as `debug`, or levels by target such as `warn,mfhm=debug`");
    }
}
