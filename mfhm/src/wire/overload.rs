//! How a service says that it has too much to do, and that it did not run a
//! request: 503, a problem with the code [`OVERLOADED`], `Retry-After`, and the
//! header [`NOT_RUN`].
//!
//! The header is what callers go by. They may send such a request to another
//! instance whatever it does, and a streamed answer needs not be read for it.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName};

/// `mfhm-not-run: true` on an answer: the operation was not begun.
pub(crate) const NOT_RUN: HeaderName = HeaderName::from_static("mfhm-not-run");
/// The problem's code.
pub(crate) const OVERLOADED: &str = "mfhm.overloaded";

/// Whether the answer says that the request was not run.
pub(crate) fn is_not_run(headers: &HeaderMap) -> bool {
    headers.get(NOT_RUN).is_some_and(|value| value == "true")
}

/// The seconds of `Retry-After`. Its other form, a date, is ignored: two
/// machines' clocks need not agree.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn seconds_are_read_and_dates_are_not() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers)
        };
        assert_eq!(read("1"), Some(Duration::from_secs(1)));
        assert_eq!(read(" 120 "), Some(Duration::from_secs(120)));
        for text in [
            "",
            "-1",
            "soon",
            "1.5",
            "99999999999999999999999",
            "Wed, 21 Oct 2015 07:28:00 GMT",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
