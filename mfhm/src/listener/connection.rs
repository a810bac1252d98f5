//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONNECTION;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Answer;
use super::seats::{NoSeat, Order, Seat, Taker, Told};
use super::source::Handshake;
use super::watched::Watched;

/// The head of a request has room in this; what is larger is answered 431.
const BUFFER: usize = 128 << 10;

/// How long a connection without a place is kept, so that its peer reads why.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one connection until it ends, is told to close, or is told to finish and
/// has answered what it runs.
pub(super) async fn serve<S, H, A>(stream: S, peer: SocketAddr, taker: Taker, shaking: H, app: A)
where
    H: Handshake<Watched<S>>,
    A: Answer,
{
    let seat = taker.0.clone();
    let mut served = pin!(speak(stream, peer, seat.clone(), shaking, app));
    std::future::poll_fn(|context| {
        // Before the connection is polled: what it is told meanwhile wakes it again.
        if seat.listen(context.waker()) == Order::Close {
            return Poll::Ready(());
        }
        served.as_mut().poll(context)
    })
    .await;
    drop(taker);
}

async fn speak<S, H, A>(stream: S, peer: SocketAddr, seat: Arc<Seat>, shaking: H, app: A)
where
    H: Handshake<Watched<S>>,
    A: Answer,
{
    let stream = match shaking.shake(Watched::new(stream, seat.clone())).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%peer, %error, "no connection was made"),
    };
    let certified = H::certified(&stream);
    let service = hyper::service::service_fn(|mut request: http::Request<Incoming>| {
        let (app, seat) = (app.clone(), seat.clone());
        seat.activity.begins(seat.seats().now());
        if let Some(certified) = &certified {
            request.extensions_mut().insert(certified.clone());
        }
        async move {
            let mut answer = app.answer(request.map(Body::new), peer).await;
            if seat.seats().is_closing() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer.map(|body| Answered { body, seat }))
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let mut is_finishing = false;
    let ended = std::future::poll_fn(|context| {
        if !is_finishing && seat.order() == Order::Finish {
            is_finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// The body of an answer: the request is busy until it is gone.
struct Answered {
    body: Body,
    seat: Arc<Seat>,
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
pub(super) async fn turn_away<S>(mut stream: S, why: NoSeat, _told: Told)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = refusal(why);
    let farewell = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

fn refusal(why: NoSeat) -> String {
    let detail = match why {
        NoSeat::Full => "as many connections are open as there may be, and none of them is idle",
        NoSeat::Address => "as many connections are open from this address as there may be",
    };
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
