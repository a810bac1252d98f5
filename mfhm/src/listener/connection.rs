//! One connection, from its first byte to its last.

use std::convert::Infallible;
#[cfg(feature = "h2")]
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::HeaderValue;
use http::header::CONNECTION;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Answer;
#[cfg(feature = "h2")]
use super::activity::Phase;
#[cfg(feature = "h2")]
use super::begun::Begun;
#[cfg(feature = "h2")]
use super::http2::{
    self,
    preface::{self, Opened},
};
use super::lasting::{Lasting, Outgoing, Sending};
use super::seat::{Order, Seat};
use super::seats::{NoSeat, Taker, Told};
#[cfg(feature = "h2")]
use super::source::Agreed;
use super::source::{Certified, Handshake};
use super::watched::Watched;

/// The head of a request has room in this; what is larger is answered 431.
const BUFFER: usize = 128 << 10;

/// How long a connection without a place, or whose peer goes too far, is kept, so that
/// its peer reads why.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one connection until it ends, is told to close, or is told to finish and
/// has answered what it runs. One that is upgraded outlives it, with its place.
///
/// What is returned is an answer that lasts: it is to go on as a task of its own, which
/// has no need of the room that this one took.
pub(super) async fn serve<S, H, A>(
    stream: S,
    peer: SocketAddr,
    taker: Taker,
    shaking: H,
    app: A,
) -> Option<Sending<H::Stream>>
where
    H: Handshake<Watched<S>>,
    A: Answer,
{
    let seat = taker.0.clone();
    let mut served = pin!(speak(stream, peer, taker, shaking, app));
    std::future::poll_fn(|context| {
        // Before the connection is polled: what it is told meanwhile wakes it again.
        let order = seat.listen(context.waker());
        if let Poll::Ready(lasting) = served.as_mut().poll(context) {
            return Poll::Ready(lasting);
        }
        // What has come by now was read just now: a request that has begun is
        // answered, and what it was told does not hold any more.
        if order == Order::Close && seat.order() == Order::Close {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// Goes on with an answer that lasts. Not an `async fn`, which would have room for it
/// twice.
pub(super) fn go_on<S>(sending: Sending<S>) -> impl Future<Output = Option<Sending<S>>> + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    sending.map(|ended| {
        if let Err(error) = ended {
            tracing::debug!(%error, "a stream ended");
        }
        None
    })
}

async fn speak<S, H, A>(
    stream: S,
    peer: SocketAddr,
    taker: Taker,
    shaking: H,
    app: A,
) -> Option<Sending<H::Stream>>
where
    H: Handshake<Watched<S>>,
    A: Answer,
{
    let seat = taker.0.clone();
    let stream = match shaking.shake(Watched::new(stream, taker), peer.ip()).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %error, "no connection was made");
            return None;
        }
    };
    let certified = H::certified(&stream);
    #[cfg(not(feature = "h2"))]
    let bare = std::convert::identity;
    #[cfg(feature = "h2")]
    let bare = Begun::into_inner;
    #[cfg(feature = "h2")]
    let stream = match opened::<_, H>(stream, &seat).await {
        Ok(Opened::Http1(stream)) => stream,
        Ok(Opened::Http2(stream)) => {
            let ended = Box::pin(http2::converse(stream, peer, certified, seat, app)).await;
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "connection ended");
            }
            return None;
        }
        Err(error) => {
            tracing::debug!(%peer, %error, "nothing was said");
            return None;
        }
    };
    // It has room of its own, which is given back before an answer that lasts is sent.
    let mut lasting = match Box::pin(converse(stream, bare, peer, certified, seat, app)).await {
        Ok(lasting) => lasting?,
        Err(error) => {
            tracing::debug!(%peer, %error, "connection ended");
            return None;
        }
    };
    // Its beginning does not wait for the task that goes on with it.
    match std::future::poll_fn(|context| Poll::Ready(lasting.poll_unpin(context))).await {
        Poll::Pending => Some(lasting),
        Poll::Ready(ended) => {
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a stream ended");
            }
            None
        }
    }
}

/// What is spoken on a stream. One on which nothing was said when it was to finish
/// ends.
#[cfg(feature = "h2")]
async fn opened<S, H>(stream: H::Stream, seat: &Arc<Seat>) -> io::Result<Opened<H::Stream>>
where
    H: Handshake<S>,
{
    match H::agreed(&stream) {
        Agreed::Http1 => return Ok(Opened::Http1(Begun::new(&[], stream))),
        Agreed::Http2 => return Ok(Opened::Http2(Begun::new(&[], stream))),
        Agreed::Nothing => {}
    }
    let mut looking = pin!(preface::look(stream));
    std::future::poll_fn(|context| {
        let looked = looking.as_mut().poll(context);
        let has_to_finish = || seat.order() == Order::Finish;
        if looked.is_pending() && seat.activity.phase().0 == Phase::Fresh && has_to_finish() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        looked
    })
    .await
}

/// Answers requests until there are no more, or until an answer is to be sent that
/// lasts: over the `bare` stream, of which nothing is left that was read before.
async fn converse<S, B, A>(
    stream: S,
    bare: impl FnOnce(S) -> B,
    peer: SocketAddr,
    certified: Option<Certified>,
    seat: Arc<Seat>,
    app: A,
) -> hyper::Result<Option<Sending<B>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Answer,
{
    let lasting = Mutex::new(None);
    let take_lasting = || {
        let mut lasting = lasting.lock().unwrap_or_else(PoisonError::into_inner);
        lasting.take()
    };
    let service = hyper::service::service_fn(|mut request: http::Request<Incoming>| {
        let (app, seat, lasting) = (app.clone(), seat.clone(), &lasting);
        seat.activity.begins(seat.seats().now());
        if let Some(certified) = &certified {
            request.extensions_mut().insert(certified.clone());
        }
        async move {
            let version = request.version();
            let mut answer = app.answer(request.map(Body::new), peer).await;
            if seat.seats().is_closing() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            let answer = answer.map(|body| Answered { body, seat });
            if answer.extensions().get::<Lasting>().is_some() {
                // It is the only one: hyper asks for no other while this one is waited for.
                let outgoing = Some(Outgoing::new(version, answer));
                *lasting.lock().unwrap_or_else(PoisonError::into_inner) = outgoing;
                return std::future::pending().await;
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut is_finishing = false;
    let outgoing = std::future::poll_fn(|context| {
        if !is_finishing && seat.order() == Order::Finish {
            is_finishing = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        match Pin::new(&mut connection).poll(context) {
            Poll::Ready(ended) => Poll::Ready(ended.map(|()| None)),
            Poll::Pending => take_lasting().map_or(Poll::Pending, |it| Poll::Ready(Ok(Some(it)))),
        }
    });
    let outgoing = outgoing.await?;
    if outgoing.is_none() {
        // Of one that only ended, the stream goes with this function.
        seat.upgraded();
    }
    // Of an upgraded connection there is nothing left.
    let stream = connection.into_parts().map(|parts| parts.io.into_inner());
    let lasting = stream.zip(outgoing);
    Ok(lasting.map(|(stream, outgoing)| outgoing.to(bare(stream))))
}

/// The body of an answer: the request is busy until it is gone.
pub(super) struct Answered {
    body: Body,
    seat: Arc<Seat>,
}

impl Answered {
    pub(super) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.seat.activity.answered(self.seat.seats().now());
    }
}

/// Tells a connection without a place that there is none, whatever it asks. It is
/// closed when the peer has had time to read it: a socket that is closed with
/// unread bytes in it takes its own last words back.
pub(super) async fn turn_away<S>(
    #[cfg_attr(feature = "h2", allow(unused_mut))] mut stream: S,
    why: NoSeat,
    _told: Told,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        #[cfg(not(feature = "h2"))]
        let answer = refusal(why).into_bytes();
        #[cfg(feature = "h2")]
        let (mut stream, answer) = match preface::look(stream).await? {
            Opened::Http1(stream) => (stream, refusal(why).into_bytes()),
            Opened::Http2(stream) => (stream, preface::refusal(detail(why))),
        };
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

fn detail(why: NoSeat) -> &'static str {
    match why {
        NoSeat::Full => "as many connections are open as there may be, and none of them is idle",
        NoSeat::Address => "as many connections are open from this address as there may be",
    }
}

fn refusal(why: NoSeat) -> String {
    let detail = detail(why);
    let body = format!(
        r#"{{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"{detail}","code":"mfhm.overloaded"}}"#
    );
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 1\r\nmfhm-not-run: true\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::problem::Problem;

    /// Whatever is added here is added to each of ten thousand watchers and instances: the
    /// task of one, with what the runtime adds to it, fits into 256 bytes.
    #[test]
    fn the_task_of_an_answer_that_lasts_is_small() {
        fn size<S, F>(_: impl FnOnce(Sending<S>) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(go_on::<Watched<tokio::net::TcpStream>>);
        assert!(size <= 160, "{size}");
    }

    #[test]
    fn the_refusal_is_a_problem_like_others() {
        for why in [NoSeat::Full, NoSeat::Address] {
            let text = refusal(why);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
            let problem: Problem = serde_json::from_str(body).unwrap();
            assert_eq!(problem.code, "mfhm.overloaded");
        }
    }
}
