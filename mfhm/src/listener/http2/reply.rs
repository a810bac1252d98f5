//! An answer, from the handler to the peer.

use std::pin::{Pin, pin};
use std::task::{Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};

use super::date;
use super::running::One;

/// What the handler answers. Absent: the request was taken back, and the handler is
/// dropped, or was not asked.
pub(super) async fn make(
    respond: &mut SendResponse<Bytes>,
    answer: impl Future<Output = Response>,
    one: &One,
) -> Option<Response> {
    let mut answer = pin!(answer);
    let mut has_begun = false;
    let answer = std::future::poll_fn(|context| {
        if !has_begun {
            has_begun = true;
            if respond.poll_reset(context).is_ready() {
                return Poll::Ready(None);
            }
        }
        if let Poll::Ready(answer) = answer.as_mut().poll(context) {
            return Poll::Ready(Some(answer));
        }
        respond.poll_reset(context).map(|_| None)
    });
    let answer = answer.await;
    if answer.is_none() {
        one.taken_back();
    }
    answer
}

/// Sends it to its end, for as long as the peer takes it.
pub(super) async fn send(
    mut respond: SendResponse<Bytes>,
    answer: Response,
    is_head: bool,
    one: &One,
) {
    let (parts, mut body) = answer.into_parts();
    if parts.status.is_informational() {
        // The handler wants to speak something else on this connection.
        return respond.send_reset(Reason::HTTP_1_1_REQUIRED);
    }
    let mut head = http::Response::new(());
    *head.status_mut() = parts.status;
    *head.headers_mut() = parts.headers;
    tidy(head.headers_mut());
    let never_has_one = matches!(
        parts.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if !never_has_one && let Some(length) = body.size_hint().exact() {
        let length = HeaderValue::from(length);
        head.headers_mut().entry(CONTENT_LENGTH).or_insert(length);
    }
    let is_all = is_head || never_has_one || body.is_end_stream();
    one.is_answered();
    let sending = match respond.send_response(head, is_all) {
        Ok(sending) if !is_all => sending,
        // The peer has gone, or has all.
        _ => return,
    };
    if let Err(error) = send_body(sending, &mut body, one).await {
        tracing::debug!(%error, "an answer was not sent to its end");
    }
}

/// What is of a single connection, which HTTP/2 has no place for: RFC 9113, section
/// 8.2.2.
fn tidy(headers: &mut HeaderMap) {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    if let Some(named) = headers.remove(CONNECTION) {
        let named = named.to_str().unwrap_or_default();
        for name in named.split(',') {
            headers.remove(name.trim());
        }
    }
    for name in [TRANSFER_ENCODING, UPGRADE, TE, KEEP_ALIVE, PROXY_CONNECTION] {
        headers.remove(name);
    }
    headers.entry(DATE).or_insert_with(date::now);
}

/// Sends data only when the peer has room for it, so that what waits here is what the
/// handler made last, and not all of it.
async fn send_body(
    mut sending: SendStream<Bytes>,
    body: &mut Body,
    one: &One,
) -> Result<(), h2::Error> {
    loop {
        let next = std::future::poll_fn(|context| match Pin::new(&mut *body).poll_frame(context) {
            Poll::Pending => sending.poll_reset(context).map(|gone| gone.map(Err)),
            Poll::Ready(frame) => Poll::Ready(Ok(Ok(frame))),
        });
        let frame = match next.await? {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => return sending.send_data(Bytes::new(), true),
            // What was sent is no answer.
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "the body of an answer broke off");
                sending.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Err(reason) => return Err(reason.into()),
        };
        match Frame::into_data(frame) {
            Ok(data) => {
                let is_last = body.is_end_stream();
                if !data.is_empty() || is_last {
                    send_data(&mut sending, data, is_last, one).await?;
                }
                if is_last {
                    return Ok(());
                }
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                return sending.send_trailers(trailers);
            }
        }
    }
}

async fn send_data(
    sending: &mut SendStream<Bytes>,
    mut data: Bytes,
    is_last: bool,
    one: &One,
) -> Result<(), h2::Error> {
    loop {
        sending.reserve_capacity(data.len());
        let mut room = sending.capacity();
        if room == 0 && !data.is_empty() {
            room = match tokio::time::timeout(one.patience(), has_room(sending)).await {
                Ok(room) => room?,
                Err(_) => {
                    sending.send_reset(Reason::CANCEL);
                    return Err(Reason::CANCEL.into());
                }
            };
        }
        let some = data.split_to(room.min(data.len()));
        one.is_sent(some.len());
        let is_all = data.is_empty();
        sending.send_data(some, is_all && is_last)?;
        if is_all {
            return Ok(());
        }
    }
}

/// Waits until the peer has room for something.
async fn has_room(sending: &mut SendStream<Bytes>) -> Result<usize, h2::Error> {
    std::future::poll_fn(|context| {
        loop {
            match ready!(sending.poll_capacity(context)) {
                Some(Ok(0)) => {}
                Some(room) => return Poll::Ready(room),
                None => return Poll::Ready(Err(Reason::CANCEL.into())),
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_connection_is_left_out() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-stays", "1"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        tidy(&mut headers);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["date", "x-stays"]);
    }
}
