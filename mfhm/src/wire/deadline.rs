//! How long an attempt has left, as it travels: `mfhm-timeout-ms: 4987`.
//!
//! A relative time, because two machines' clocks need not agree: the service
//! counts from when the request arrives. In whole milliseconds and in a header of
//! its own, as Envoy does it (`x-envoy-expected-rq-timeout-ms`); gRPC's
//! `grpc-timeout: 4987m` means the same with one of six units behind the number.
//! Whoever does not know the header ignores it, so it is sent to every server.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// The time that is left, in milliseconds.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("mfhm-timeout-ms");

/// 115 days: a longer time is none.
const MOST: u128 = 9_999_999_999;

/// The header's value; `None` for a time that is as good as endless.
///
/// It is rounded up: the caller gives up first, and what the service answers
/// after that reaches nobody.
pub(crate) fn encode(left: Duration) -> Option<HeaderValue> {
    let millis = left.as_nanos().div_ceil(1_000_000);
    let millis = u64::try_from(millis).ok();
    millis
        .filter(|millis| u128::from(*millis) <= MOST)
        .map(HeaderValue::from)
}

/// The time that a header says. What is no number of milliseconds is ignored: a
/// service has its own limits, and a request is not at fault for what a proxy
/// made of it.
pub(crate) fn decode(value: &HeaderValue) -> Option<Duration> {
    let digits = value.as_bytes();
    let is_number =
        (1..=10).contains(&digits.len()) && digits.iter().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return None;
    }
    let millis = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_up() {
        let encoded = |nanos| encode(Duration::from_nanos(nanos)).unwrap();
        assert_eq!(encoded(0), "0");
        assert_eq!(encoded(1), "1");
        assert_eq!(encoded(4_986_000_001), "4987");
        assert_eq!(encode(Duration::from_secs(86_400 * 365)), None);
        assert_eq!(encode(Duration::MAX), None);
    }

    #[test]
    fn what_is_no_number_is_ignored() {
        let decoded = |text: &'static str| decode(&HeaderValue::from_static(text));
        assert_eq!(decoded("250"), Some(Duration::from_millis(250)));
        assert_eq!(
            decoded("0009999999"),
            Some(Duration::from_millis(9_999_999))
        );
        for text in ["", "-1", "+1", "1.5", "1s", " 1", "12345678901", "NaN"] {
            assert_eq!(decoded(text), None, "{text:?}");
        }
    }
}
