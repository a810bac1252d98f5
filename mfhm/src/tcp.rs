//! How connections find out that the other end is gone: the same on both sides.

use std::time::Duration;

/// After so long without a byte the other end is asked whether it is there, and
/// so often again.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(15);
pub(crate) const KEEPALIVE_TIMES: u32 = 3;
/// What was sent and not acknowledged for so long breaks the connection.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Sets what an accepted connection needs. It works without, if the system does not
/// know some of it.
#[cfg(any(feature = "server", feature = "center"))]
pub(crate) fn prepare(stream: &tokio::net::TcpStream) {
    use socket2::{SockRef, TcpKeepalive};

    // Small answers should not wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "macos"
    ))]
    let keepalive = keepalive
        .with_interval(KEEPALIVE)
        .with_retries(KEEPALIVE_TIMES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    // Without it a peer that vanished while something was on its way to it keeps the
    // connection for a quarter of an hour.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

#[cfg(all(test, target_os = "linux", any(feature = "server", feature = "center")))]
mod tests {
    use socket2::SockRef;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_notices_that_its_peer_vanished() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _peer = TcpStream::connect(address).await.unwrap();
        let mut source = listener;
        let next = crate::listener::Source::next(&mut source).await;
        let (stream, _) = next.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_TIMES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
        assert!(stream.nodelay().unwrap());
    }
}
