//! [`Connector`]: what makes the streams that requests are sent over, to instances and
//! to centers, so that what is below HTTP can be another: a simulated network, or one
//! that encrypts.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;

use crate::tls::{Secured, Told, Whom};

#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
use crate::tcp::UNACKNOWLEDGED;
use crate::tcp::{KEEPALIVE, KEEPALIVE_TIMES};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);

/// The connector where nobody chose one: TCP.
pub(crate) fn standard() -> Arc<dyn Connector> {
    #[cfg(all(test, feature = "client", feature = "server", feature = "center"))]
    if let Some(simulated) = crate::simulation::connector() {
        return simulated;
    }
    #[cfg(fuzzing)]
    if let Some(scripted) = crate::fuzzing::connector() {
        return scripted;
    }
    Arc::new(Tcp::new())
}

/// Makes streams.
pub(crate) trait Connector: fmt::Debug + Send + Sync + 'static {
    /// A stream to this host and port. It is given up after a second, whatever
    /// it does.
    fn connect(&self, to: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>>;
}

/// What bytes go through, both ways.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// A stream to the other end, and what is spoken on it.
pub(crate) struct Line {
    wire: Box<dyn Wire>,
    #[cfg(feature = "h2")]
    is_http2: bool,
}

impl Line {
    fn new(wire: Box<dyn Wire>) -> Self {
        Self {
            wire,
            #[cfg(feature = "h2")]
            is_http2: false,
        }
    }
}

// Nothing else about a stream is of interest to the pool.
impl Connection for Line {
    fn connected(&self) -> Connected {
        #[cfg(feature = "h2")]
        if self.is_http2 {
            return Connected::new().negotiated_h2();
        }
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

/// TCP, with the names of the system's resolver. Where a name has several
/// addresses, another one is tried beside the first when that one is slow.
#[derive(Clone, Debug)]
pub(crate) struct Tcp(HttpConnector);

impl Tcp {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE));
        connector.set_keepalive_retries(Some(KEEPALIVE_TIMES));
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
        connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        Self(connector)
    }
}

impl Connector for Tcp {
    fn connect(&self, to: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        let mut connector = self.0.clone();
        Box::pin(async move {
            let uri = Uri::builder().scheme(Scheme::HTTP).authority(to);
            let stream = connector.call(uri.path_and_query("/").build()?).await?;
            Ok(Box::new(stream.into_inner()) as Box<dyn Wire>)
        })
    }
}

/// A connector as the pooled client wants it: with the end of its patience, and TLS
/// where the address says `https`.
///
/// The pool knows connections by their address only. So whoever is expected is the same
/// for all connections of one: each service has a pool of its own where TLS is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    connector: Arc<dyn Connector>,
    secured: Secured,
    whom: Whom,
    told: Told,
    /// Whether HTTP/2 is spoken where the other end wants it, by ALPN.
    #[cfg(all(feature = "h2", feature = "tls"))]
    offers_http2: bool,
    /// Whether it is spoken without asking where there is no TLS.
    #[cfg(feature = "h2")]
    knows_http2: bool,
}

impl Dial {
    /// Makes connections to this one.
    pub(crate) fn new(connector: Arc<dyn Connector>, secured: Secured, whom: Whom) -> Self {
        Self {
            connector,
            secured,
            whom,
            told: Told::default(),
            #[cfg(all(feature = "h2", feature = "tls"))]
            offers_http2: false,
            #[cfg(feature = "h2")]
            knows_http2: false,
        }
    }

    /// The same with HTTP/2: where the other end wants it, and where there is no TLS.
    #[cfg(all(feature = "client", feature = "h2"))]
    pub(crate) fn with_http2(
        mut self,
        #[cfg_attr(not(feature = "tls"), allow(unused_variables))] if_wanted: bool,
        without_tls: bool,
    ) -> Self {
        #[cfg(feature = "tls")]
        {
            self.offers_http2 = if_wanted;
        }
        self.knows_http2 = without_tls;
        self
    }

    /// What the other side says of this process.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Line>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move {
            let parts = to.into_parts();
            let to = parts.authority.ok_or("there is no host")?;
            let connect = dial.connector.connect(to.clone());
            let stream = match tokio::time::timeout(CONNECT, connect).await {
                Ok(stream) => stream?,
                Err(_) => return Err("no connection within a second".into()),
            };
            if parts.scheme != Some(Scheme::HTTPS) {
                #[cfg_attr(not(feature = "h2"), allow(unused_mut))]
                let mut line = Line::new(stream);
                #[cfg(feature = "h2")]
                {
                    line.is_http2 = dial.knows_http2;
                }
                return Ok(TokioIo::new(line));
            }
            #[cfg(all(feature = "h2", feature = "tls"))]
            if dial.offers_http2 {
                let spoken = dial
                    .secured
                    .connect_offering_http2(stream, &dial.whom, to.host());
                let spoken = spoken.await?.noting(dial.told);
                let is_http2 = spoken.is_http2();
                let wire = Box::new(spoken);
                return Ok(TokioIo::new(Line { wire, is_http2 }));
            }
            let spoken = dial.secured.connect(stream, &dial.whom, to.host()).await?;
            #[cfg(feature = "tls")]
            let spoken = spoken.noting(dial.told);
            Ok(TokioIo::new(Line::new(Box::new(spoken))))
        })
    }
}
