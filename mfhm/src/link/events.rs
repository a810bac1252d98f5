//! Event streams of a center: watches, and held registrations.

use std::time::Duration;

use ::http::{HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use super::http::Answer;
use super::{Heard, Link, in_time, innermost};
pub(crate) use crate::stream::events::parse::RawEvent;
use crate::stream::events::parse::{Malformed, Parser};

/// A center breaks its silence every 10 s at the latest: a stream without a byte
/// for so long is a broken one.
const IDLE: Duration = Duration::from_secs(25);

/// What a center answers to who wants a stream.
pub(crate) enum Opened {
    Stream(Box<EventStream>),
    Refused(Heard),
}

/// Events as they come.
#[derive(Debug)]
pub(crate) struct EventStream {
    center: String,
    answer: Answer,
    parser: Parser,
    /// When a silence has lasted too long.
    silent_at: Instant,
}

impl Link {
    /// Opens a stream, with those of these headers that have a value; the error says
    /// what failed and where.
    pub(crate) async fn open(
        &self,
        center: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'static str, Option<HeaderValue>)>,
    ) -> Result<Opened, String> {
        let mut request = self.request(Method::GET, center, path);
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        in_time(center, async {
            let answer = request.send().await?;
            if answer.status() != StatusCode::OK {
                return Ok(Opened::Refused(Heard::read(center, answer).await?));
            }
            Ok(Opened::Stream(Box::new(EventStream {
                center: center.to_owned(),
                answer,
                parser: Parser::default(),
                silent_at: Instant::now() + IDLE,
            })))
        })
        .await
    }
}

impl EventStream {
    /// The next event. The error says how the stream ended.
    ///
    /// Cancel safe: what has come is kept.
    pub(crate) async fn next(&mut self) -> Result<RawEvent, String> {
        let why = loop {
            match self.parser.next() {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(Malformed(why)) => break why.to_owned(),
            }
            match tokio::time::timeout_at(self.silent_at, self.answer.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    self.silent_at = Instant::now() + IDLE;
                    self.parser.push(&chunk);
                }
                Ok(Ok(None)) => break "it ended".to_owned(),
                Ok(Err(error)) => break innermost(&*error),
                Err(_) => break format!("nothing came for {} s", IDLE.as_secs()),
            }
        };
        Err(format!(
            "the stream of the center at {}: {why}",
            self.center
        ))
    }
}
