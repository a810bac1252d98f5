//! [`Uses`]: which operations of a service this process has called, for the
//! center to know whom a change would break.
//!
//! A call looks into a table of fixed size, whose places are filled once and for
//! all: no lock, and nothing is written from the second call on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use http::HeaderValue;
use tokio::sync::Notify;

use crate::contract::{Operation, shape};
use crate::wire::v1::{CallerReport, UsedOperation};

/// Operations beyond this many are not told.
const PLACES: usize = 256;

/// The operations of one service that were called.
#[derive(Debug)]
pub(crate) struct Uses {
    places: Box<[OnceLock<Used>]>,
    count: AtomicUsize,
    /// Told of each operation that is new, for the task that tells the center.
    news: Notify,
    /// The last report, which only the refreshing task asks for.
    written: Mutex<Option<Written>>,
}

/// A report at a count, and whose it is.
#[derive(Debug)]
struct Written {
    count: usize,
    who: CallerReport,
    value: HeaderValue,
}

#[derive(Debug)]
struct Used {
    key: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// By a typed client.
    Typed(&'static Operation),
    /// By name, as the center told it.
    Named(Box<str>),
}

impl Default for Uses {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| OnceLock::new()).collect(),
            count: AtomicUsize::new(0),
            news: Notify::new(),
            written: Mutex::new(None),
        }
    }
}

impl Uses {
    /// A typed client calls `operation`.
    pub(crate) fn note(&self, operation: &'static Operation) {
        self.insert(operation.key(), || What::Typed(operation));
    }

    /// An operation is called by its name.
    pub(crate) fn note_name(&self, name: &str) {
        // No method is called like this, so it is not the key of a typed call.
        self.insert(shape::key("by name", name), || What::Named(name.into()));
    }

    fn insert(&self, key: u64, what: impl Fn() -> What) {
        let start = (key % PLACES as u64) as usize;
        for step in 0..PLACES {
            let place = &self.places[(start + step) % PLACES];
            let mut is_new = false;
            let used = place.get_or_init(|| {
                is_new = true;
                Used { key, what: what() }
            });
            if is_new {
                self.count.fetch_add(1, Ordering::Release);
                self.news.notify_one();
            }
            if used.key == key {
                return;
            }
        }
    }

    /// How many operations were called.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until more than this many were called. One waits at a time.
    pub(crate) async fn more_than(&self, told: usize) {
        while self.count() <= told {
            self.news.notified().await;
        }
    }

    /// What a center is told, as the value of a header. Absent: nothing was
    /// called so far.
    pub(crate) fn report(&self, who: &CallerReport) -> Option<HeaderValue> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = &*written
            && written.count == count
            && written.who == *who
        {
            return Some(written.value.clone());
        }
        let used = self.places.iter().filter_map(OnceLock::get);
        let report = CallerReport {
            operations: used.map(|used| used.what.describe()).collect(),
            ..who.clone()
        };
        let value = HeaderValue::from_str(&report.to_header()).ok()?;
        *written = Some(Written {
            count,
            who: who.clone(),
            value: value.clone(),
        });
        Some(value)
    }
}

impl What {
    fn describe(&self) -> UsedOperation {
        match self {
            Self::Typed(operation) => UsedOperation {
                name: operation.name().to_owned(),
                method: Some(operation.method().to_owned()),
                path: Some(operation.path().to_owned()),
                fingerprint: fingerprint(operation),
            },
            Self::Named(name) => UsedOperation {
                name: name.to_string(),
                method: None,
                path: None,
                fingerprint: None,
            },
        }
    }
}

/// The fingerprint of the contract that this program was compiled with.
fn fingerprint(operation: &'static Operation) -> Option<String> {
    #[cfg(feature = "openapi")]
    return crate::openapi::fingerprint_of(operation);
    #[cfg(not(feature = "openapi"))]
    {
        let _ = operation;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIRST: Operation = Operation::new("first", "GET", "/first/{id}");
    static SECOND: Operation = Operation::new("second", "POST", "/second");

    fn told(uses: &Uses) -> Vec<(String, Option<String>)> {
        let who = CallerReport::new("me".parse().unwrap(), Vec::new());
        let Some(header) = uses.report(&who) else {
            return Vec::new();
        };
        let report = CallerReport::from_header(header.as_bytes()).unwrap();
        let operations = report.operations.into_iter();
        let mut told: Vec<_> = operations.map(|o| (o.name, o.path)).collect();
        told.sort();
        told
    }

    #[test]
    fn what_was_called_is_told_once() {
        let uses = Uses::default();
        assert_eq!(told(&uses), []);
        uses.note(&FIRST);
        assert_eq!(told(&uses).len(), 1);
        (0..10).for_each(|_| uses.note(&FIRST));
        uses.note(&SECOND);
        uses.note_name("second");
        uses.note_name("by ü");
        let path = |path: &str| Some(path.to_owned());
        assert_eq!(
            told(&uses),
            [
                ("by ü".to_owned(), None),
                ("first".to_owned(), path("/first/{id}")),
                ("second".to_owned(), None),
                ("second".to_owned(), path("/second")),
            ]
        );
    }

    #[test]
    fn a_full_table_takes_no_more_and_loses_nothing() {
        let uses = Uses::default();
        (0..2 * PLACES).for_each(|n| uses.note_name(&format!("operation{n}")));
        assert_eq!(uses.count.load(Ordering::Relaxed), PLACES);
        let told = told(&uses);
        assert_eq!(told.len(), PLACES);
        assert!(told.iter().any(|(name, _)| name == "operation0"));
    }

    #[test]
    fn threads_that_call_at_once_are_counted_once() {
        let uses = Uses::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|n| uses.note_name(&format!("operation{n}"))));
            }
        });
        assert_eq!(told(&uses).len(), 100);
    }
}
