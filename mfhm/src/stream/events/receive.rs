//! Events from a connection, and from the next one when it breaks.

use std::time::Duration;

use futures_util::stream::Stream;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use super::parse::{Malformed, Parser};
use super::{CONTENT_TYPE, Event};
use crate::client::transport::Opened;
use crate::fault::{Fault, FaultKind};

/// How long nothing may come, not even a comment.
const IDLE: Duration = Duration::from_secs(30);
/// How long is waited before a first new connection.
const RETRY: Duration = Duration::from_secs(1);
/// A service may say that nobody needs to wait; one that breaks each time would be
/// called without a pause.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// New connections that may fail in a row.
const RECONNECTS: u32 = 5;

/// The events of an answer.
pub(super) fn events<T: DeserializeOwned + Send + 'static>(
    opened: Opened,
) -> Result<impl Stream<Item = Result<Event<T>, Fault>> + Send + 'static, Fault> {
    check(&opened)?;
    let receiver = Receiver {
        opened,
        parser: Parser::default(),
        last_id: None,
        retry: RETRY,
        failures: 0,
    };
    Ok(futures_util::stream::unfold(
        receiver,
        |mut receiver| async move {
            let event = receiver.next().await?;
            Some((event, receiver))
        },
    ))
}

/// What is not an event stream would look like one without events.
fn check(opened: &Opened) -> Result<(), Fault> {
    let content_type = opened.headers.get(http::header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.unwrap_or_default().split(';').next();
    if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(CONTENT_TYPE)) {
        return Ok(());
    }
    let detail = format!("the answer is not an event stream but {text:?}");
    Err(opened.named(Fault::new(FaultKind::Decode, detail)))
}

struct Receiver {
    opened: Opened,
    parser: Parser,
    last_id: Option<String>,
    retry: Duration,
    /// Connections that broke since the last event.
    failures: u32,
}

impl Receiver {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<Event<T>, Fault>> {
        loop {
            match self.parser.next() {
                Ok(Some(raw)) => {
                    self.failures = 0;
                    self.last_id = raw.id.clone().or(self.last_id.take());
                    self.retry = raw.retry.unwrap_or(self.retry);
                    let read = serde_json::from_str(&raw.data).map(|data| Event {
                        id: raw.id,
                        event: raw.event,
                        data,
                        retry: raw.retry,
                    });
                    return Some(read.map_err(|error| {
                        let detail = "the data of an event is not what the contract declares";
                        let fault = Fault::new(FaultKind::Decode, detail);
                        self.opened.named(fault.because(error))
                    }));
                }
                Ok(None) => {}
                Err(Malformed(why)) => {
                    let fault = Fault::new(FaultKind::Decode, why);
                    return Some(Err(self.opened.named(fault)));
                }
            }
            let broken = match timeout(IDLE, self.opened.body.next()).await {
                Ok(Some(Ok(chunk))) => {
                    self.parser.push(&chunk);
                    continue;
                }
                Ok(Some(Err(fault))) => fault,
                Ok(None) => return None,
                Err(_) => Fault::new(FaultKind::Timeout, "nothing came for 30 s"),
            };
            match self.reconnect(broken).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(fault) => return Some(Err(self.opened.named(fault))),
            }
        }
    }

    /// Goes on with another connection. `false`: there is nothing more to come.
    async fn reconnect(&mut self, mut broken: Fault) -> Result<bool, Fault> {
        loop {
            let Some(again) = self.opened.again.clone() else {
                return Err(broken);
            };
            if self.failures >= RECONNECTS {
                return Err(broken);
            }
            sleep(pause(self.retry, self.failures)).await;
            self.failures += 1;
            tracing::debug!(fault = %broken, "an event stream broke, connecting again");
            match again.call(self.last_id.clone()).await {
                // 204 is how the standard lets a service say that it is over.
                Ok(opened) if opened.status == http::StatusCode::NO_CONTENT => return Ok(false),
                Ok(opened) => {
                    check(&opened)?;
                    self.opened = opened;
                    self.parser = Parser::default();
                    return Ok(true);
                }
                // The service refuses: asking once more changes nothing.
                Err(fault)
                    if fault
                        .status()
                        .is_some_and(|status| status.is_client_error()) =>
                {
                    return Err(fault);
                }
                Err(fault) => broken = fault,
            }
        }
    }
}

/// Twice as long after each failure, and a little more, so that callers of a
/// service that restarts do not come all at once.
fn pause(retry: Duration, failures: u32) -> Duration {
    let pause = retry
        .max(SHORTEST_RETRY)
        .saturating_mul(1 << failures.min(5))
        .min(LONGEST_RETRY);
    pause.mul_f64(1.0 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream::{self, StreamExt as _};
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::client::transport::Again;
    use crate::stream::ByteStream;

    /// An answer with this text, after which nothing comes.
    fn silent(text: &'static str) -> Opened {
        let text = stream::iter([Bytes::from_static(text.as_bytes())]);
        let content_type = HeaderValue::from_static(CONTENT_TYPE);
        Opened {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type)]),
            body: ByteStream::new(text.chain(stream::pending())),
            before: Default::default(),
            call: ("clock", "ticks"),
            again: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_fault_after_30_seconds() {
        let started = tokio::time::Instant::now();
        let mut events = Box::pin(events::<u8>(silent("data: 1\n\n")).unwrap());
        assert_eq!(events.next().await.unwrap().unwrap().data, 1);
        let fault = events.next().await.unwrap().unwrap_err();
        assert!(
            fault.is_timeout() && fault.operation() == "ticks",
            "{fault:?}"
        );
        assert_eq!(started.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_stays_away_is_given_up() {
        let mut opened = silent("retry: 1000\nid: 7\ndata: 1\n\n");
        opened.again = Some(Again::new(|last_event_id| {
            assert_eq!(last_event_id.as_deref(), Some("7"));
            Box::pin(async { Err(Fault::new(FaultKind::Connect, "nobody there")) })
        }));
        let mut events = Box::pin(events::<u8>(opened).unwrap());
        assert!(events.next().await.unwrap().is_ok());
        let started = tokio::time::Instant::now();
        let fault = events.next().await.unwrap().unwrap_err();
        assert!(fault.is_connect(), "{fault:?}");
        // 30 s of silence, then 1, 2, 4, 8 and 16 s, each with up to a quarter more.
        let waited = started.elapsed().as_secs();
        assert!((61..=69).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_wants_no_pause_gets_one() {
        fn broken() -> Opened {
            let mut opened = silent("");
            let chunks = [
                Ok(Bytes::from_static(b"retry: 0\ndata: 1\n\n")),
                Err("gone"),
            ];
            opened.body = ByteStream::try_new(stream::iter(chunks));
            opened.again = Some(Again::new(|_| Box::pin(async { Ok(broken()) })));
            opened
        }
        let mut events = Box::pin(events::<u8>(broken()).unwrap());
        let started = tokio::time::Instant::now();
        for _ in 0..11 {
            assert!(events.next().await.unwrap().is_ok());
        }
        assert!(started.elapsed() >= 10 * SHORTEST_RETRY);
    }
}
