//! A body that must go on coming.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::BoxError;
use crate::body::StoodStill;

/// A caller that sends nothing for so long while a handler waits for it is taken
/// for gone: a handler's place is not kept for it.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// A body that fails when nothing of it comes for [`IDLE`] while it is waited for.
pub(crate) struct Impatient<B> {
    body: B,
    /// Since somebody waits.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<B> Impatient<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body, sleep: None }
    }
}

impl<B> Body for Impatient<B>
where
    B: Body + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.sleep = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE)));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Some(Err(StoodStill(IDLE).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream::{self, StreamExt as _};
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_fails_and_a_slow_one_does_not() {
        let slow = stream::iter(0..3).then(|_| async {
            tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
            Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"x")))
        });
        let stopped = slow.chain(stream::pending()).boxed();
        let mut body = Impatient::new(StreamBody::new(stopped));
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
        }
        let started = Instant::now();
        assert!(body.frame().await.unwrap().is_err());
        assert_eq!(started.elapsed(), IDLE);
    }
}
