//! The open stream that holds a registration at a center.
//!
//! While it is open the center renews the lease by itself, sees at once when this
//! process dies, and says on it what the instance shall do. Without it (an older
//! center, a broken line) renewals do the first of the three.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::center::{Announcement, Center};
use crate::link::backoff::Backoff;
use crate::link::events::{EventStream, Opened};
use crate::wire::v1::hold::{DRAIN, HELD};

/// A center that knows no streams is asked again after this time: it may have
/// been replaced.
const RECHECK: Duration = Duration::from_secs(60);

/// A stream that held for so long was a good one.
const LASTING: Duration = Duration::from_secs(5);

pub(super) struct Hold {
    center: Center,
    announcement: Announcement,
    path: String,
    stream: Option<EventStream>,
    opened: Instant,
    /// When it is opened next.
    due: Instant,
    backoff: Backoff,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// From now on the center renews.
    Held,
    /// Leave, as on SIGTERM.
    Drain,
    /// From now on this side renews.
    Broken(String),
    /// The center does not know the instance any more.
    Forgotten(String),
}

impl Hold {
    pub(super) fn new(center: Center, announcement: Announcement) -> Self {
        let now = Instant::now();
        Self {
            center,
            path: format!("/v1/instances/{}/hold", announcement.register.id),
            announcement,
            stream: None,
            opened: now,
            due: now,
            backoff: Backoff::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// What is heard next. Opens the stream when it is time to.
    ///
    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let Some(stream) = &mut self.stream else {
                if let Some(heard) = self.open().await {
                    return heard;
                }
                continue;
            };
            match stream.next().await {
                Ok(event) => match event.event.as_deref() {
                    Some(HELD) => return Heard::Held,
                    Some(DRAIN) => return Heard::Drain,
                    // What a newer center says besides.
                    _ => {}
                },
                Err(why) => {
                    self.stream = None;
                    if self.opened.elapsed() > LASTING {
                        self.backoff = Backoff::default();
                    }
                    self.due = Instant::now() + self.backoff.next(fastrand::f64());
                    return Heard::Broken(why);
                }
            }
        }
    }

    async fn open(&mut self) -> Option<Heard> {
        tokio::time::sleep_until(self.due).await;
        let pause = match self.center.open(&self.path, &self.announcement).await {
            Ok(Opened::Stream(stream)) => {
                self.stream = Some(*stream);
                self.opened = Instant::now();
                return None;
            }
            Ok(Opened::Refused(heard)) if heard.code() == "mfhm.unknown_instance" => {
                return Some(Heard::Forgotten(heard.refusal()));
            }
            Ok(Opened::Refused(heard)) if heard.status == StatusCode::NOT_FOUND => RECHECK,
            Ok(Opened::Refused(heard)) => {
                let pause = self.backoff.next(fastrand::f64());
                tracing::debug!(
                    why = heard.refusal(),
                    ?pause,
                    "the registration is not held"
                );
                pause
            }
            Err(why) => {
                let pause = self.backoff.next(fastrand::f64());
                tracing::debug!(why, ?pause, "the registration is not held");
                pause
            }
        };
        self.due = Instant::now() + pause;
        None
    }
}
