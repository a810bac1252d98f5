//! The side that is connected to.

use std::io;
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::kept::{Kept, Secured};
use super::names;
#[cfg(feature = "h2")]
use crate::listener::Agreed;
use crate::listener::{Begun, Certified, Handshake};
use crate::turns::Turns;

/// A TLS connection begins with this byte, and no request does.
const HANDSHAKE: u8 = 0x16;

/// Speaks TLS on new connections. What that takes of the processors, it takes in turns:
/// else whoever opens connections and no more would have all of them, and what comes on
/// other connections, such as the heartbeats of instances, would wait.
#[derive(Clone, Debug)]
pub(crate) struct Accepting {
    pub(super) kept: Arc<Kept>,
    pub(super) turns: Arc<Turns>,
}

/// Half of the processors, and half of that for one address.
pub(super) fn turns() -> Turns {
    let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
    let all = (processors / 2).max(1);
    Turns::new(all, (all / 2).max(1))
}

impl Secured {
    /// Absent: there is no certificate to show, and HTTP is spoken.
    pub(crate) fn accepting(&self) -> Option<Accepting> {
        let kept = self.0.as_ref()?;
        let is_one = kept.current().server.is_some();
        is_one.then(|| Accepting {
            kept: kept.clone(),
            turns: kept.turns.clone(),
        })
    }
}

impl<S> Handshake<S> for Accepting
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = TlsStream<Begun<S>>;

    const IS_PLAIN: bool = false;

    async fn shake(&self, mut stream: S, peer: IpAddr) -> io::Result<Self::Stream> {
        let mut first = [0];
        if stream.read(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first[0] != HANDSHAKE {
            turn_away(stream).await?;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "what came is no TLS",
            ));
        }
        let Some(config) = self.kept.current().server.clone() else {
            return Err(io::Error::other("there is no certificate"));
        };
        let accepting = TlsAcceptor::from(config).accept(Begun::new(&first, stream));
        self.turns.work(peer, accepting).await
    }

    fn certified(stream: &Self::Stream) -> Option<Certified> {
        let (_, connection) = stream.get_ref();
        let certificate = connection.peer_certificates()?.first()?;
        names::of(certificate).ok().map(Certified)
    }

    #[cfg(feature = "h2")]
    fn agreed(stream: &Self::Stream) -> Agreed {
        let (_, connection) = stream.get_ref();
        match connection.alpn_protocol() {
            Some(protocol) if protocol == super::HTTP2 => Agreed::Http2,
            _ => Agreed::Http1,
        }
    }
}

/// Tells whoever speaks HTTP what to do.
async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<()> {
    let body = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"TLS is spoken here: write https:// in place of http://","code":"mfhm.tls_required"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nmfhm-not-run: true\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A socket that is closed with unread bytes in it takes its own last words back.
    // The seat's limits end this, too.
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
