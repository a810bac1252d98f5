//! The accept loop that centers and services share: HTTP/1.1, and with the feature `h2`
//! HTTP/2 beside it (`http2`), with limits on how many connections there are and on how
//! long each may keep it waiting, and a graceful stop.
//!
//! hyper does the work of HTTP/1.1. What is added here: each request knows its peer; a
//! connection that is silent, slow, or takes nothing of what is sent to it is
//! closed ([`activity`], [`seat`]); when there are too many, those that do nothing
//! give way and the others are told to come back ([`seats`]); a lack of file
//! descriptors ends nothing. Whoever holds the [`Server`] owns every task under it: dropping it
//! ends them all.

mod activity;
#[cfg(any(feature = "h2", feature = "tls"))]
mod begun;
mod connection;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg(feature = "h2")]
mod http2;
mod lasting;
mod limits;
mod seat;
mod seats;
mod source;
mod source_address;
#[cfg(test)]
mod tests;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

#[cfg(feature = "tls")]
pub(crate) use self::begun::Begun;
#[cfg(feature = "center")]
pub(crate) use self::lasting::Lasting;
use self::lasting::Sending;
pub use self::limits::Limits;
#[cfg(feature = "center")]
pub(crate) use self::seats::Regulars;
use self::seats::Seats;
#[cfg(all(feature = "h2", feature = "tls"))]
pub(crate) use self::source::Agreed;
#[cfg(any(feature = "center", feature = "identity", feature = "tls"))]
pub(crate) use self::source::Certified;
use self::source::Plain;
pub(crate) use self::source::{Handshake, Source};
use self::watched::Watched;
use crate::tls::Secured;

/// How long the loop waits when the system has no resources for a connection:
/// trying again at once would spin.
const PAUSE: Duration = Duration::from_millis(100);

/// The log tells of what is refused once in this time.
const QUIET: Duration = Duration::from_secs(10);

/// Who is connected: the socket's peer, never a header's claim. A request
/// extension.
#[cfg(any(feature = "server", test, fuzzing))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub SocketAddr);

/// What answers the requests of a listener.
pub(crate) trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request that came from `peer`.
    fn answer(&self, request: Request, peer: SocketAddr) -> impl Future<Output = Response> + Send;
}

/// The peer is an extension of the request: [`Peer`].
#[cfg(any(test, fuzzing))]
impl Answer for axum::Router {
    fn answer(
        &self,
        mut request: Request,
        peer: SocketAddr,
    ) -> impl Future<Output = Response> + Send {
        request.extensions_mut().insert(Peer(peer));
        let answered = tower_service::Service::call(&mut self.clone(), request);
        async move {
            match answered.await {
                Ok(answer) => answer,
                Err(never) => match never {},
            }
        }
    }
}

/// A running accept loop.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    seats: Arc<Seats>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to accept connections and to answer them with `app`: over TLS where there
    /// is a certificate.
    pub(crate) fn start(
        listener: TcpListener,
        #[cfg_attr(not(feature = "tls"), allow(unused_variables))] secured: &Secured,
        app: impl Answer,
        limits: &Limits,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        #[cfg(feature = "tls")]
        if let Some(shaking) = secured.accepting() {
            return Ok(Self::accept(listener, address, shaking, app, limits));
        }
        Ok(Self::accept(listener, address, Plain, app, limits))
    }

    /// The same with connections from anywhere.
    fn accept<L, H>(
        source: L,
        address: SocketAddr,
        shaking: H,
        app: impl Answer,
        limits: &Limits,
    ) -> Self
    where
        L: Source,
        H: Handshake<Watched<L::Stream>>,
    {
        let seats = Seats::new(limits);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept_loop(source, shaking, app, seats.clone(), stopped));
        Self {
            address,
            seats,
            stop: Some(stop),
            task,
        }
    }

    /// The address that is bound, with the real port.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Goes on serving, and says with each answer that the connection is closed
    /// after it, over HTTP/2 as soon as something was asked: no client begins a request
    /// on a connection that is about to go.
    #[cfg(feature = "server")]
    pub(crate) fn announce_close(&self) {
        self.seats.announce_close();
    }

    /// Stops accepting, lets running requests finish for up to `grace`, then
    /// closes what is left.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.seats.announce_close();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            tracing::warn!(address = %self.address, ?grace, "requests still running were cut off");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_loop<L, H>(
    mut source: L,
    shaking: H,
    app: impl Answer,
    seats: Arc<Seats>,
    mut stopped: oneshot::Receiver<()>,
) where
    L: Source,
    H: Handshake<Watched<L::Stream>>,
{
    // Upgraded connections belong to handlers; they end with this task, too.
    let _rest = CutOff(seats.clone());
    // The set owns the connections: when this task is aborted, so are they.
    let mut connections = JoinSet::new();
    let mut ticks = tokio::time::interval(seats.limits.tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut complaints = Complaints::default();

    loop {
        tokio::select! {
            _ = &mut stopped => break,
            // Reaping keeps the set from growing with connections long gone.
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                go_on(&mut connections, ended);
            }
            _ = ticks.tick(), if !seats.is_empty() => seats.sweep(),
            accepted = source.next() => match accepted {
                Ok((stream, peer)) => match seats.take(peer.ip()) {
                    Ok(taker) => {
                        let served = connection::serve(stream, peer, taker, shaking.clone(), app.clone());
                        connections.spawn(served);
                    }
                    Err(why) => {
                        complaints.refused(peer, why, &seats);
                        // Of those that are not told, the stream is closed here; over TLS
                        // a handshake would be more than it is worth.
                        if H::IS_PLAIN && let Some(told) = seats.tell() {
                            connections.spawn(async move {
                                connection::turn_away(stream, why, told).await;
                                None
                            });
                        }
                    }
                },
                Err(error) if concerns_one(&error) => {}
                Err(error) => {
                    complaints.failed(&error);
                    // One that does nothing gives its file descriptor to the next.
                    seats.close_one();
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    // The port is free from here on; what runs is finished.
    drop(source);
    seats.finish();
    // Upgraded connections have places and no task of this set.
    while !(connections.is_empty() && seats.is_empty()) {
        tokio::select! {
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                go_on(&mut connections, ended);
            }
            () = seats.left() => {}
            _ = ticks.tick() => seats.sweep(),
        }
    }
}

/// Of the connections that end, some only begin an answer that lasts.
fn go_on<S>(connections: &mut JoinSet<Option<Sending<S>>>, ended: Ended<S>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // A task that was ended from outside, or a panic, which was told of already.
    if let Ok(Some(sending)) = ended {
        connections.spawn(connection::go_on(sending));
    }
}

type Ended<S> = Result<Option<Sending<S>>, JoinError>;

/// Ends what is left when it is dropped.
struct CutOff(Arc<Seats>);

impl Drop for CutOff {
    fn drop(&mut self) {
        self.0.cut_off();
    }
}

/// Errors of one connection concern nobody else. Anything else is a lack of
/// resources (file descriptors, memory).
fn concerns_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// What the log is told, and not once for each connection: that would be one load
/// more.
#[derive(Debug, Default)]
struct Complaints {
    refused: u64,
    last_refusal: Option<Instant>,
    failed: u64,
    last_failure: Option<Instant>,
}

impl Complaints {
    fn refused(&mut self, peer: SocketAddr, why: seats::NoSeat, seats: &Seats) {
        self.refused += 1;
        if is_time(&mut self.last_refusal) {
            let (refused, most) = (std::mem::take(&mut self.refused), seats.most());
            tracing::warn!(%peer, ?why, refused, most, "connections are refused");
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.failed += 1;
        if is_time(&mut self.last_failure) {
            let failed = std::mem::take(&mut self.failed);
            tracing::error!(%error, failed, "connections cannot be accepted");
        }
    }
}

fn is_time(last: &mut Option<Instant>) -> bool {
    let now = Instant::now();
    let is_time = last.is_none_or(|last| now.duration_since(last) >= QUIET);
    if is_time {
        *last = Some(now);
    }
    is_time
}
