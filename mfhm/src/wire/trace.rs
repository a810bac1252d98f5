//! The headers that say which trace a request belongs to: `traceparent` and
//! `tracestate` of [W3C Trace Context](https://www.w3.org/TR/trace-context/), and
//! [`baggage`](https://www.w3.org/TR/baggage/).
//!
//! mfhm passes them on and makes none up. They come from outside, so what is not
//! well-formed, or longer than a participant has to take, is left out: a request is
//! not at fault for its trace.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
pub(crate) const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// What a participant has to pass on, in bytes and members; more it may drop.
const LONGEST_STATE: usize = 512;
const MOST_STATES: usize = 32;
const LONGEST_BAGGAGE: usize = 8192;
/// A version to come may add to the 55 bytes of the present one.
const LONGEST_PARENT: usize = 512;

/// The `traceparent`, if it is the only one and well-formed.
pub(crate) fn parent(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let only = values.next()?;
    (values.next().is_none() && is_parent(only.as_bytes())).then_some(only)
}

/// Whether there is a `tracestate` that can be passed on.
pub(crate) fn has_state(headers: &HeaderMap) -> bool {
    members(headers, &TRACESTATE, LONGEST_STATE).is_some_and(|count| count <= MOST_STATES)
}

/// Whether there is a `baggage` that can be passed on.
pub(crate) fn has_baggage(headers: &HeaderMap) -> bool {
    members(headers, &BAGGAGE, LONGEST_BAGGAGE).is_some()
}

/// `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, lower case, neither id all
/// zeros. A version above 00 may go on after a further hyphen; ff is none.
fn is_parent(text: &[u8]) -> bool {
    let is_hex = |part: &[u8]| {
        part.iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &[u8]| is_hex(part) && part.iter().any(|byte| *byte != b'0');
    let Some((known, more)) = text.split_at_checked(55) else {
        return false;
    };
    let is_whole = match (&known[..2], more) {
        (b"ff", _) => false,
        (_, []) => true,
        (version, [first, ..]) => version != b"00" && *first == b'-',
    };
    is_whole
        && text.len() <= LONGEST_PARENT
        && [2, 35, 52].iter().all(|at| known[*at] == b'-')
        && is_hex(&known[..2])
        && is_id(&known[3..35])
        && is_id(&known[36..52])
        && is_hex(&known[53..])
}

/// The number of `key=value` members of a list that may stand in several headers;
/// `None` when there is none, when one is no member, or when it is too long.
fn members(headers: &HeaderMap, name: &HeaderName, longest: usize) -> Option<usize> {
    let (mut length, mut count) = (0, 0);
    for value in headers.get_all(name) {
        let text = value.to_str().ok()?;
        // A comma joins two headers of a name.
        length += text.len() + usize::from(length > 0);
        for member in text.split(',').map(str::trim) {
            // Both lists allow for empty members.
            if member.is_empty() {
                continue;
            }
            let (key, _) = member.split_once('=')?;
            if key.trim().is_empty() {
                return None;
            }
            count += 1;
        }
    }
    (count > 0 && length <= longest).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| value.parse().unwrap());
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn a_parent_is_taken_as_the_standard_says() {
        let parent_of = |values: &[&str]| parent(&headers(TRACEPARENT, values)).cloned();
        for text in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes",
        ] {
            assert_eq!(parent_of(&[text]).unwrap(), text);
        }
        for text in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parent_of(&[text]), None, "{text:?}");
        }
        let long = format!(
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-{}",
            "a".repeat(500)
        );
        assert_eq!(parent_of(&[&long]), None);
        let one = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(parent_of(&[one, one]), None, "two say nothing");
    }

    #[test]
    fn lists_that_are_none_or_too_long_are_not_taken() {
        let state = |values: &[&str]| has_state(&headers(TRACESTATE, values));
        assert!(state(&["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"]));
        assert!(state(&["a=1, ,", "b=2"]));
        assert!(!state(&["a"]) && !state(&["=1"]) && !state(&[""]) && !state(&[]));
        assert!(!state(&[&vec!["a=1"; 33].join(",")]), "33 members");
        assert!(!state(&[&format!("a={}", "1".repeat(511))]), "513 bytes");
        let latin =
            HeaderMap::from_iter([(TRACESTATE, HeaderValue::from_bytes(b"a=\xe9").unwrap())]);
        assert!(!has_state(&latin));

        let baggage = |values: &[&str]| has_baggage(&headers(BAGGAGE, values));
        assert!(baggage(&["userId=alice;p=1,isProduction=false"]));
        assert!(baggage(&[&format!("a={}", "1".repeat(8190))]));
        assert!(!baggage(&[
            &format!("a={}", "1".repeat(4000)),
            &format!("b={}", "1".repeat(4200))
        ]));
    }
}
