//! The header `date`, made once a second and not for each answer.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

thread_local! {
    /// The second, and what it is written as.
    static LAST: RefCell<(u64, HeaderValue)> =
        const { RefCell::new((u64::MAX, HeaderValue::from_static(""))) };
}

/// What time it is.
pub(super) fn now() -> HeaderValue {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    of(since.map_or(0, |since| since.as_secs()))
}

fn of(second: u64) -> HeaderValue {
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            *text = HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static(""));
            *last = second;
        }
        text.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_date() {
        for second in [0, 0, 784_111_777, 784_111_777] {
            let expected = if second == 0 {
                "Thu, 01 Jan 1970 00:00:00 GMT"
            } else {
                "Sun, 06 Nov 1994 08:49:37 GMT"
            };
            assert_eq!(of(second), expected);
        }
    }
}
