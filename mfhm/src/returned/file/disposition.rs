//! The header `content-disposition` of a download:
//! [RFC 6266](https://www.rfc-editor.org/rfc/rfc6266).

use percent_encoding::percent_decode_str;
#[cfg(feature = "server")]
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays in `filename*`: RFC 5987's `attr-char`.
#[cfg(feature = "server")]
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header for this name: as it is for every reader, and besides without what
/// older ones cannot read.
#[cfg(feature = "server")]
pub(super) fn write(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => '_',
        })
        .collect();
    if plain == name {
        return format!("attachment; filename=\"{name}\"");
    }
    let escaped = utf8_percent_encode(name, ESCAPED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{escaped}")
}

/// The name in a header, if it has one.
pub(super) fn read(header: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(header) {
        if name.eq_ignore_ascii_case("filename*") {
            let (charset, rest) = value.split_once('\'')?;
            let (_language, escaped) = rest.split_once('\'')?;
            if charset.eq_ignore_ascii_case("utf-8")
                && let Ok(decoded) = percent_decode_str(escaped).decode_utf8()
            {
                return Some(decoded.into_owned());
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain = Some(value);
        }
    }
    plain
}

/// The parameters after the first `;`, values without their quotes.
fn parameters(header: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((index, character)) = characters.next() {
                match character {
                    '"' => {
                        end = index + 1;
                        break;
                    }
                    '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                    other => value.push(other),
                }
            }
            rest = quoted.get(end..).unwrap_or_default();
            rest = rest.split_once(';').map_or("", |(_, rest)| rest);
        } else {
            let (text, after) = after.split_once(';').unwrap_or((after, ""));
            value.push_str(text.trim());
            rest = after;
        }
        found.push((name.trim(), value));
    }
    found
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_of_others_are_read() {
        for (header, expected) in [
            ("attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("attachment;filename=a.txt ; size=3", Some("a.txt")),
            (
                "inline; x=\"; filename=no\"; FileName=\"a\\\"b\"",
                Some("a\"b"),
            ),
            (
                "attachment; filename=\"_\"; filename*=utf-8'en'%c3%bc",
                Some("ü"),
            ),
            (
                "attachment; filename*=iso-8859-1''%fc; filename=u",
                Some("u"),
            ),
            ("attachment; filename*=bad", None),
            ("attachment", None),
            ("", None),
            ("attachment; filename=\"open", Some("open")),
        ] {
            assert_eq!(read(header).as_deref(), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives(name in ".+") {
            let header = write(&name);
            prop_assert!(http::HeaderValue::from_str(&header).is_ok());
            prop_assert_eq!(read(&header), Some(name));
        }

        #[test]
        fn nothing_panics(header in ".*") {
            read(&header);
        }
    }
}
