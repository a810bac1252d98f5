//! Python's view of text: what is white space, what is a digit, and what a
//! percent-encoded path means.

use std::borrow::Cow;

/// Python's `str.strip()`: Rust's `trim` leaves U+001C to U+001F where they are.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Decodes the path of a request target. A malformed escape is taken literally,
/// and bytes that are not UTF-8 become U+FFFD: a lookup of such a name misses.
pub(crate) fn decode_path(raw: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode_str(raw).into();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Python's `int(text)`, brought into the range of `i64`: signs, white space
/// around, single underscores between digits, and the digits of any script.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    // Of the first 127 characters only these six are space here; for the
    // others `str.isspace` decides.
    let is_space = |letter: char| match letter {
        '\0'..='\x7f' => matches!(letter, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r'),
        _ => is_space(letter),
    };
    let text = text.trim_matches(is_space);
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number = 0i64;
    let mut after_digit = false;
    for letter in digits.chars() {
        if letter == '_' && after_digit {
            after_digit = false;
            continue;
        }
        number = number.saturating_mul(10).saturating_add(digit(letter)?);
        after_digit = true;
    }
    after_digit.then_some(if is_negative { -number } else { number })
}

/// Python's `str.isspace` for one character.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\x1c'..='\x1f')
}

/// The value of a decimal digit of any script.
fn digit(letter: char) -> Option<i64> {
    let point = u32::from(letter);
    let script = ZEROS
        .partition_point(|zero| *zero <= point)
        .checked_sub(1)?;
    let value = point - ZEROS[script];
    (value < 10).then_some(value.into())
}

/// The zeros of all scripts with decimal digits in Unicode 14, which is what
/// Python 3.11 knows; the other nine digits follow each.
#[rustfmt::skip]
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
    0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946,
    0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
    0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0,
    0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0,
    0x1E950, 0x1FBF0,
];
