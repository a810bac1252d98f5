//! Where connections come from, and what has to happen before HTTP is spoken on
//! them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// New connections.
pub(crate) trait Source: Send + 'static {
    /// One of them.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one, and who it is.
    ///
    /// # Cancel safety
    ///
    /// None is lost when the future is dropped.
    fn next(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Source for TcpListener {
    type Stream = TcpStream;

    async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.accept().await?;
        crate::tcp::prepare(&stream);
        Ok((stream, peer))
    }
}

/// The services that the peer is, by the certificate that it showed: the names in it. A
/// request extension.
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
#[derive(Clone, Debug)]
pub(crate) struct Certified(pub Arc<[Arc<str>]>);

/// What makes of a new connection one on which HTTP is spoken, such as TLS. It has
/// the time that the first bytes and the head of the first request have.
pub(crate) trait Handshake<S>: Clone + Send + 'static {
    /// The connection afterwards.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Whether HTTP can be spoken without it.
    const IS_PLAIN: bool;

    /// Makes it with who is at this address.
    fn shake(
        &self,
        stream: S,
        peer: IpAddr,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Who the peer has shown to be.
    fn certified(stream: &Self::Stream) -> Option<Certified>;

    /// What both sides want to speak.
    #[cfg(feature = "h2")]
    fn agreed(stream: &Self::Stream) -> Agreed;
}

/// What was agreed on before HTTP is spoken.
#[cfg(feature = "h2")]
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreed {
    Http1,
    Http2,
    /// The first bytes show it.
    Nothing,
}

/// HTTP is spoken at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl<S> Handshake<S> for Plain
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = S;

    const IS_PLAIN: bool = true;

    async fn shake(&self, stream: S, _: IpAddr) -> io::Result<S> {
        Ok(stream)
    }

    fn certified(_: &S) -> Option<Certified> {
        None
    }

    #[cfg(feature = "h2")]
    fn agreed(_: &S) -> Agreed {
        Agreed::Nothing
    }
}
