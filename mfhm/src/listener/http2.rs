//! One connection that speaks HTTP/2, from its preface to its last frame.
//!
//! The `h2` crate reads and writes the frames and knows what each stream may do. hyper,
//! which stands between it and a service elsewhere, does not say when a peer takes a
//! request back, cannot end a connection for how its peer behaves, and hands tasks to
//! somebody who does not end them; what a connection does and owes is the whole point
//! of this listener. So this is spoken with here: which requests run ([`running`]), what
//! a peer may do without being answered ([`conduct`], [`frames`]), and how an answer is
//! sent to one that does not take it ([`reply`]).

mod conduct;
mod date;
mod frames;
mod head;
mod observed;
pub(super) mod preface;
mod reply;
mod running;
#[cfg(test)]
mod tests;
mod upload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use self::observed::Observed;
use self::running::Running;
use self::upload::Upload;
use super::Answer;
use super::connection::FAREWELL;
use super::seat::{Order, Seat};
use super::source::Certified;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// So much of a request's body comes before it is read. Below a millisecond to the peer,
/// as between services, it is more than the network carries in that time.
const STREAM_WINDOW: u32 = 128 << 10;

/// The same for all requests of a connection. A handler that does not read its body
/// keeps one share of eight, and not others' bodies from coming.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// So much of an answer waits for the socket. Each running request may have it.
const SEND_BUFFER: usize = 32 << 10;

/// The fields of a request have room in this, 32 bytes more for each counted. A
/// connection may send as many requests at once as it likes up to its limit, so it is
/// less than where it sends one. More is answered 431; of much more the connection ends.
const HEAD: u32 = 32 << 10;

/// So often may the peer be at fault with a single request before the connection ends
/// with it. A client that does not know yet how many requests it may have at once can
/// send a hundred too many.
const FAULTS: usize = 256;

/// Answers requests until there are no more, until it is told to end, or until the peer
/// does what no caller does.
pub(super) async fn converse<S, A>(
    stream: S,
    peer: SocketAddr,
    certified: Option<Certified>,
    seat: Arc<Seat>,
    app: A,
) -> Result<(), BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Answer,
{
    let running = Running::new(seat.clone());
    let limits = seat.seats().limits.http2;
    let connection = h2::server::Builder::new()
        .max_concurrent_streams(limits.requests)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD)
        .max_send_buffer_size(SEND_BUFFER)
        // Of requests that are taken back before they were looked at: not fewer than
        // of others. h2's own twenty come together when this process was busy for a
        // moment and its callers were not.
        .max_pending_accept_reset_streams(limits.resets as usize)
        .max_local_error_reset_streams(Some(FAULTS))
        .handshake(Observed::new(stream, running.clone()))
        .await?;
    seat.activity.becomes_framed(seat.seats().now());
    let mut conversation = Conversation {
        connection,
        // They belong to this connection, and end with it.
        requests: JoinSet::new(),
        running,
        seat,
        peer,
        certified,
        app,
        has_been_asked: false,
        is_ending: false,
    };
    std::future::poll_fn(|context| conversation.poll(context)).await?;
    if conversation.running.is_abused() {
        conversation.ends_abused().await;
    }
    Ok(())
}

struct Conversation<S, A> {
    connection: Connection<S, Bytes>,
    requests: JoinSet<()>,
    running: Arc<Running>,
    seat: Arc<Seat>,
    peer: SocketAddr,
    certified: Option<Certified>,
    app: A,
    has_been_asked: bool,
    is_ending: bool,
}

impl<S, A> Conversation<S, A>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Answer,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        loop {
            self.may_end();
            match self.connection.poll_accept(context) {
                Poll::Ready(Some(Ok((request, respond)))) => self.begin(request, respond, context),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error.into())),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
            if self.running.is_abused() {
                break;
            }
        }
        while self.requests.try_join_next().is_some() {}
        if self.running.is_abused() {
            return Poll::Ready(Ok(()));
        }
        // What has come by now was read just now.
        if self.seat.order() == Order::Close {
            self.leaves(Reason::NO_ERROR);
            // What the socket does not take at once the peer does not hear.
            let _ = self.connection.poll_closed(context);
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    /// Tells the peer that it goes too far, and waits a moment for it to hear that.
    async fn ends_abused(&mut self) {
        tracing::warn!(
            peer = %self.peer,
            "an HTTP/2 connection is closed: its peer takes requests back, or sends frames that \
             ask for nothing, faster than any caller"
        );
        self.leaves(Reason::ENHANCE_YOUR_CALM);
        let closed = std::future::poll_fn(|context| self.connection.poll_closed(context));
        let _ = tokio::time::timeout(FAREWELL, closed).await;
    }

    /// Lets the peer send its next requests elsewhere, once it has to. While closing is
    /// only announced, a new connection is told so with its first request: its peer does
    /// not know of any other place yet.
    fn may_end(&mut self) {
        let has_to = || {
            let is_announced = self.has_been_asked && self.seat.seats().is_closing();
            is_announced || self.seat.order() == Order::Finish
        };
        if !self.is_ending && has_to() {
            self.is_ending = true;
            self.connection.graceful_shutdown();
        }
    }

    /// Drops what runs, and says up to which request was heard.
    fn leaves(&mut self, why: Reason) {
        self.requests.abort_all();
        self.connection.abrupt_shutdown(why);
    }

    fn begin(
        &mut self,
        request: http::Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        context: &mut Context<'_>,
    ) {
        self.has_been_asked = true;
        // It came together with its end.
        if respond.poll_reset(context).is_ready() {
            return self.running.taken_back();
        }
        let one = self.running.begin();
        let (parts, stream) = request.into_parts();
        let body = Upload::new(&parts.headers, stream);
        let request = http::Request::from_parts(parts, body);
        let (app, peer, certified) = (self.app.clone(), self.peer, self.certified.clone());
        self.requests.spawn(async move {
            let is_head = request.method() == http::Method::HEAD;
            let request = match head::read(request) {
                Ok(request) => request,
                Err(two_hosts) => {
                    return reply::send(respond, two_hosts.refusal(), is_head, &one).await;
                }
            };
            let mut request = request.map(Body::new);
            if let Some(certified) = certified {
                request.extensions_mut().insert(certified);
            }
            if let Some(answer) = reply::make(&mut respond, app.answer(request, peer), &one).await {
                reply::send(respond, answer, is_head, &one).await;
            }
        });
    }
}
