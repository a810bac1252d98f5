//! The signals that end a process in an orderly way.

use std::io;

/// SIGTERM and Ctrl-C. From when this exists, a signal is kept for
/// [`next`](Self::next) instead of ending the process.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// The name of what Ctrl-C sends.
    pub(crate) const CTRL_C: &'static str = "Ctrl-C";

    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// The signal handlers cannot be installed.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for a signal, and says which it was.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> io::Result<&'static str> {
        Ok(tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => Self::CTRL_C,
        })
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for a signal, and says which it was.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> io::Result<&'static str> {
        tokio::signal::ctrl_c().await?;
        Ok(Self::CTRL_C)
    }
}
