//! A connection of the fuzzer's, served as any other is.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::{Limits, Plain, Server, Source};

/// One connection, and no other.
struct One(Option<DuplexStream>);

impl Source for One {
    type Stream = DuplexStream;

    async fn next(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.0.take() {
            Some(stream) => Ok((stream, SocketAddr::from(([127, 0, 0, 1], 9)))),
            None => std::future::pending().await,
        }
    }
}

/// What comes back to a peer that sends these bytes and then closes its side, until the
/// connection ends.
pub async fn connection(router: axum::Router, bytes: &[u8]) -> Vec<u8> {
    let (near, far) = tokio::io::duplex(1 << 12);
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let limits = Limits::new();
    let server = Server::accept(One(Some(near)), address, Plain, router, &limits);
    let (mut reading, mut writing) = tokio::io::split(far);
    let sent = async {
        // It may be closed before everything is read.
        let _ = writing.write_all(bytes).await;
        let _ = writing.shutdown().await;
    };
    let mut answer = Vec::new();
    let ((), _) = tokio::join!(sent, reading.read_to_end(&mut answer));
    drop(server);
    answer
}
