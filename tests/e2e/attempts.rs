//! Counts the attempts that failed and were repeated, from what the client logs.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The events of failed attempts while this is the subscriber.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailedAttempts {
    texts: Arc<Mutex<Vec<String>>>,
}

impl FailedAttempts {
    pub(crate) fn count(&self) -> usize {
        self.texts.lock().expect("no test panics with it").len()
    }
}

impl Subscriber for FailedAttempts {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "mfhm::client::attempt"
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.texts
            .lock()
            .expect("no test panics with it")
            .push(text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}
