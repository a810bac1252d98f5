//! A body that must go on coming, and not too slowly.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::BoxError;
use crate::body::Slow;

/// A caller that sends nothing for so long while a handler waits for it is taken
/// for gone: a handler's place is not kept for it. So long it may also be slow.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// How slowly a body may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As slowly as it likes, as long as something comes: who sends it may have
    /// nothing to say at present.
    Live,
    /// It has an end that somebody waits for: so many bytes a second, once it has
    /// been waited for [`IDLE`]. Absent: it may take its time.
    Upload(Option<NonZeroU32>),
}

impl Pace {
    /// How long a body may be waited for of which so much has come.
    fn patience(self, bytes: u64) -> Option<Duration> {
        let Self::Upload(Some(rate)) = self else {
            return None;
        };
        let millis = bytes.saturating_mul(1000) / u64::from(rate.get());
        Some(IDLE.saturating_add(Duration::from_millis(millis)))
    }
}

/// A body that fails when nothing of it comes for [`IDLE`] while it is waited for, or
/// less than its [`Pace`] asks. The time in which nobody waits does not count: the
/// sender may be waiting, too.
pub(crate) struct Impatient<B> {
    body: B,
    pace: Pace,
    bytes: u64,
    /// In all, but for the wait that goes on.
    waited: Duration,
    /// Since when somebody waits.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Why it failed, for others.
    verdict: Verdict,
}

/// Why a body failed that somebody else reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict(Arc<OnceLock<Slow>>);

impl Verdict {
    pub(crate) fn get(&self) -> Option<Slow> {
        self.0.get().copied()
    }
}

impl<B> Impatient<B> {
    pub(crate) fn new(body: B, pace: Pace) -> Self {
        Self {
            body,
            pace,
            bytes: 0,
            waited: Duration::ZERO,
            wait: None,
            verdict: Verdict::default(),
        }
    }

    /// What is to be asked once it has failed.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    /// How long the wait that begins may last.
    fn patience(&self) -> Duration {
        let left = |patience: Duration| patience.saturating_sub(self.waited);
        let left = self.pace.patience(self.bytes).map(left);
        left.map_or(IDLE, |left| left.min(IDLE))
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
            if let Some((began, _)) = self.wait.take() {
                self.waited += began.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                self.bytes += frame.data_ref().map_or(0, |data| data.remaining() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience();
        let (began, sleep) = self.wait.get_or_insert_with(|| {
            let sleep = tokio::time::sleep(patience);
            (Instant::now(), Box::pin(sleep))
        });
        ready!(sleep.as_mut().poll(context));
        let time = began.elapsed();
        let slow = if time >= IDLE {
            Slow::Silent(IDLE)
        } else {
            Slow::Trickling {
                bytes: self.bytes,
                waited: self.waited + time,
            }
        };
        let _ = self.verdict.0.set(slow);
        Poll::Ready(Some(Err(slow.into())))
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
    use futures_util::stream::{self, BoxStream, StreamExt as _};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    type Frames = BoxStream<'static, Result<Frame<Bytes>, BoxError>>;

    /// So many bytes, each so many times, with pauses between.
    fn dripping(bytes: usize, times: usize, pause: Duration) -> Frames {
        let frames = stream::iter(0..times).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; bytes])))
        });
        frames.boxed()
    }

    /// How it ended, and after how many seconds.
    async fn read(frames: Frames, pace: Pace) -> (Option<Slow>, u64) {
        let mut body = Impatient::new(StreamBody::new(frames), pace);
        let verdict = body.verdict();
        let started = Instant::now();
        let mut failed = None;
        while let Some(frame) = body.frame().await {
            if let Err(error) = frame {
                failed = Slow::behind(&*error);
                break;
            }
        }
        assert_eq!(failed, verdict.get());
        (failed, started.elapsed().as_secs())
    }

    const KIB: Pace = Pace::Upload(NonZeroU32::new(1024));
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_fails_and_a_slow_one_does_not() {
        for pace in [Pace::Live, Pace::Upload(None)] {
            let slow = dripping(1, 3, IDLE - SECOND);
            let stopped = slow.chain(stream::pending()).boxed();
            let ended = read(stopped, pace).await;
            assert_eq!(ended, (Some(Slow::Silent(IDLE)), 3 * 29 + 30));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_trickles_is_given_up_and_a_slow_one_is_not() {
        // A byte whenever the connection would be given up.
        let (failed, seconds) = read(dripping(1, 1000, IDLE - SECOND), KIB).await;
        assert!(matches!(failed, Some(Slow::Trickling { bytes: 1, .. })));
        assert_eq!(seconds, 30);
        let (failed, seconds) = read(dripping(512, 1000, SECOND), KIB).await;
        assert!(matches!(failed, Some(Slow::Trickling { .. })), "{failed:?}");
        // Half of what is asked for: the 30 s are used up after as many again.
        assert!((58..=60).contains(&seconds), "{seconds}");
        assert_eq!(read(dripping(1024, 300, SECOND), KIB).await, (None, 300));
        // It has been fast, so it may rest.
        let rested = dripping(64 << 10, 4, IDLE - SECOND);
        assert_eq!(read(rested, KIB).await, (None, 4 * 29));
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_its_time_is_not_the_senders_fault() {
        let frames = dripping(1, 20, SECOND);
        let mut body = Impatient::new(StreamBody::new(frames), KIB);
        while let Some(frame) = body.frame().await {
            frame.unwrap();
            tokio::time::sleep(IDLE).await;
        }
    }
}
