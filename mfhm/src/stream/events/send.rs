//! Events to text, with a comment whenever nothing was said for a while.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use serde::Serialize;
use tokio::time::timeout;

use super::Event;
use crate::fault::{Fault, FaultKind};
use crate::stream::{failed, until_failure};

/// How long a stream is silent before a comment says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The events as they travel.
pub(super) fn lines<T: Serialize + Send + 'static>(
    events: BoxStream<'static, Result<Event<T>, Fault>>,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'static {
    let lines = futures_util::stream::unfold(events, |mut events| async move {
        let text = match timeout(KEEP_ALIVE, events.next()).await {
            Ok(event) => event?.and_then(|event| text(&event)),
            Err(_) => Ok(Bytes::from_static(b":\n\n")),
        };
        Some((text, events))
    });
    until_failure(lines)
}

fn text<T: Serialize>(event: &Event<T>) -> Result<Bytes, Fault> {
    let mut text = String::new();
    for (name, value) in [("id", &event.id), ("event", &event.event)] {
        if let Some(value) = value {
            if value.contains(['\n', '\r', '\0']) {
                if name == "id" {
                    // It may be made of a caller's text: its event says as much without.
                    tracing::error!(id = ?value, "an event's id cannot be sent");
                    continue;
                }
                let detail = format!("the `{name}` of an event has a line break or a zero byte");
                return Err(Fault::new(FaultKind::Broken, detail));
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if let Some(retry) = event.retry {
        let _ = writeln!(text, "retry: {}", retry.as_millis());
    }
    // JSON of serde_json has no line breaks of its own.
    let data = serde_json::to_string(&event.data).map_err(failed)?;
    let _ = write!(text, "data: {data}\n\n");
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_line_for_each_part() {
        let event = Event::new("a\nb")
            .id("7")
            .event("said")
            .retry(Duration::from_millis(1500));
        assert_eq!(
            text(&event).unwrap(),
            "id: 7\nevent: said\nretry: 1500\ndata: \"a\\nb\"\n\n"
        );
        assert!(text(&Event::new(1).event("a\nb")).is_err());
    }

    #[tokio::test]
    async fn an_id_that_cannot_be_sent_is_left_out() {
        let ids = ["a\nb", "a\rb", "a\0b", "a"];
        let events = ids.map(|id| Ok(Event::new(1).id(id)));
        let lines = lines(futures_util::stream::iter(events).boxed());
        let lines: Vec<_> = lines.map(Result::unwrap).collect().await;
        let bare = "data: 1\n\n";
        assert_eq!(lines, [bare, bare, bare, "id: a\ndata: 1\n\n"]);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_comments() {
        let silent = futures_util::stream::pending::<Result<Event<u8>, Fault>>().boxed();
        let mut lines = Box::pin(lines(silent));
        let started = tokio::time::Instant::now();
        for _ in 0..3 {
            assert_eq!(lines.next().await.unwrap().unwrap(), ":\n\n");
        }
        assert_eq!(started.elapsed().as_secs(), 30);
    }
}
