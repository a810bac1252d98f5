//! Names with values, as queries, forms and cookies have them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A query or a form of more pairs is refused: no caller sends them one by one,
/// and each would cost more memory than it takes on the wire.
pub(super) const PAIRS: usize = 1_000;

/// The pairs of a header `cookie`, after RFC 6265: quotes around a value are no
/// part of it.
pub(super) fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|byte| *byte == b';').filter_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let value = pair[end + 1..].trim_ascii();
        let unquoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        Some((pair[..end].trim_ascii(), unquoted.unwrap_or(value)))
    })
}

pub(super) fn too_many_pairs(whole: &str) -> String {
    format!("is in a {whole} of more than {PAIRS} pairs")
}

/// The pairs of a query string, still encoded.
pub(super) fn form_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A name or a value of a query string; `None` when it is not UTF-8. Most hold
/// nothing to decode and are borrowed.
pub(super) fn form_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|text| Cow::Owned(text.into_owned()))
}
