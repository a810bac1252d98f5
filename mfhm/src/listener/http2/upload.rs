//! [`Upload`]: the body of a request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};

/// What comes of a body. More may come as it is read.
pub(super) struct Upload {
    stream: RecvStream,
    /// Of what was declared; h2 sees to it that no more comes and no less.
    left: Option<u64>,
    has_ended: bool,
}

impl Upload {
    /// The body of a request with these headers.
    pub(super) fn new(headers: &HeaderMap, stream: RecvStream) -> Self {
        let declared = headers.get(CONTENT_LENGTH);
        Self {
            stream,
            left: declared.and_then(|text| text.to_str().ok()?.parse().ok()),
            has_ended: false,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.has_ended {
            match ready!(self.stream.poll_data(context)) {
                Some(Ok(data)) => {
                    if let Some(left) = &mut self.left {
                        *left = left.saturating_sub(data.len() as u64);
                    }
                    let room = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(room.map(|()| Frame::data(data))));
                }
                // One that is taken back is no body that ended.
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.has_ended = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(context));
        Poll::Ready(trailers.transpose().map(|all| all.map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.stream.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
