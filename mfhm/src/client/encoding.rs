//! Text to URLs: everything but RFC 3986's unreserved characters is escaped.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `text` escaped, for display.
pub(crate) fn segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ESCAPED)
}

/// Appends `text` escaped.
pub(crate) fn push(target: &mut String, text: &str) {
    target.extend(utf8_percent_encode(text, ESCAPED));
}

/// Appends one path segment.
///
/// # Errors
///
/// An empty segment, `.` and `..` change the path itself: routers and URL
/// parsers drop them, escaped or not.
pub(crate) fn push_segment(target: &mut String, text: &str) -> Result<(), &'static str> {
    check_segment(text)?;
    push(target, text);
    Ok(())
}

/// Appends the rest of a path: segments with slashes between them.
///
/// # Errors
///
/// As for [`push_segment`], for each.
pub(crate) fn push_rest(target: &mut String, text: &str) -> Result<(), &'static str> {
    for (index, segment) in text.split('/').enumerate() {
        if index > 0 {
            target.push('/');
        }
        push_segment(target, segment)?;
    }
    Ok(())
}

/// What [`push_segment`] and [`push_rest`] refuse.
pub(crate) fn check_segment(text: &str) -> Result<(), &'static str> {
    match text {
        "" => Err("is empty, and an empty path segment names nothing"),
        "." | ".." => Err("is a dot segment, which would change the path"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(segment("aZ09-._~").to_string(), "aZ09-._~");
        assert_eq!(
            segment("a/b?c#d%2f é").to_string(),
            "a%2Fb%3Fc%23d%252f%20%C3%A9"
        );
    }

    #[test]
    fn segments_that_change_the_path_are_refused() {
        for text in ["", ".", ".."] {
            assert!(push_segment(&mut String::new(), text).is_err(), "{text:?}");
        }
        for text in ["...", ".a", "%2e", "\u{2024}"] {
            assert!(push_segment(&mut String::new(), text).is_ok(), "{text:?}");
        }
    }
}
