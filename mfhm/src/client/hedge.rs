//! A second attempt beside the first, when that one is slow.
//!
//! It cuts off the slowest answers for little more load (Dean and Barroso, *The
//! Tail at Scale*, 2013). Which operations it is for, whom the second one asks and
//! who pays for it is decided in [`attempt`](super::attempt); this is the race
//! only.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

/// The result of `first`, or, when that takes longer than `pause`, of whichever
/// ends first with a result that `is_good`: `first` or `second`. When none is
/// good, it is the last one's. The loser is dropped.
///
/// Also tells whether there was a second.
pub(crate) async fn race<T, F, S>(
    first: F,
    pause: Duration,
    second: impl FnOnce() -> Option<S>,
    is_good: impl Fn(&T) -> bool,
) -> (T, bool)
where
    F: Future<Output = T>,
    S: Future<Output = T>,
{
    let mut first = pin!(first);
    if let Ok(result) = tokio::time::timeout(pause, first.as_mut()).await {
        return (result, false);
    }
    let Some(second) = second() else {
        return (first.await, false);
    };
    let result = match select(first, pin!(second)).await {
        Either::Left((result, second)) if !is_good(&result) => second.await,
        Either::Right((result, first)) if !is_good(&result) => first.await,
        Either::Left((result, _)) | Either::Right((result, _)) => result,
    };
    (result, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn after(millis: u64, result: Result<u8, u8>) -> Result<u8, u8> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        result
    }

    /// The result, whether there was a second, and the milliseconds it took.
    async fn raced(
        first: (u64, Result<u8, u8>),
        second: Option<(u64, Result<u8, u8>)>,
    ) -> (Result<u8, u8>, bool, u128) {
        let started = tokio::time::Instant::now();
        let second = || second.map(|(millis, result)| after(millis, result));
        let pause = Duration::from_millis(100);
        let (result, was_sent) = race(after(first.0, first.1), pause, second, Result::is_ok).await;
        (result, was_sent, started.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_answer_needs_no_second() {
        assert_eq!(
            raced((99, Ok(1)), Some((0, Ok(2)))).await,
            (Ok(1), false, 99)
        );
        assert_eq!(
            raced((99, Err(1)), Some((0, Ok(2)))).await,
            (Err(1), false, 99)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_good_answer_wins() {
        assert_eq!(
            raced((500, Ok(1)), Some((10, Ok(2)))).await,
            (Ok(2), true, 110)
        );
        assert_eq!(
            raced((105, Ok(1)), Some((10, Ok(2)))).await,
            (Ok(1), true, 105)
        );
        assert_eq!(
            raced((105, Err(1)), Some((10, Ok(2)))).await,
            (Ok(2), true, 110)
        );
        assert_eq!(
            raced((500, Ok(1)), Some((10, Err(2)))).await,
            (Ok(1), true, 500)
        );
        assert_eq!(
            raced((500, Err(1)), Some((10, Err(2)))).await,
            (Err(1), true, 500)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_second_the_first_is_waited_for() {
        assert_eq!(raced((500, Ok(1)), None).await, (Ok(1), false, 500));
    }
}
