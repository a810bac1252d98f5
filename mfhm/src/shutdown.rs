//! The signals that end a process in an orderly way.

/// Waits for SIGTERM or Ctrl-C, and says which it was.
///
/// # Errors
///
/// The signal handlers cannot be installed.
#[cfg(unix)]
pub(crate) async fn signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "Ctrl-C",
    })
}

/// Waits for Ctrl-C.
///
/// # Errors
///
/// The signal handler cannot be installed.
#[cfg(not(unix))]
pub(crate) async fn signal() -> std::io::Result<&'static str> {
    tokio::signal::ctrl_c().await?;
    Ok("Ctrl-C")
}
