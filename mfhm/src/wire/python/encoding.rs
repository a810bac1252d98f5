//! From the bytes of a body to code points, as Python's `json` module does it.

/// Decodes `bytes` from UTF-8, UTF-16 or UTF-32, with or without a mark: the
/// first bytes tell which, because JSON starts with an ASCII character. Lone
/// surrogates are kept, since Python keeps them. `None` when the bytes are not
/// valid in their encoding.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u32>> {
    use Encoding::*;
    match bytes {
        [0x00, 0x00, 0xfe, 0xff, rest @ ..] => utf32(rest, BigEndian),
        [0xff, 0xfe, 0x00, 0x00, rest @ ..] => utf32(rest, LittleEndian),
        [0xfe, 0xff, rest @ ..] => utf16(rest, BigEndian),
        [0xff, 0xfe, rest @ ..] => utf16(rest, LittleEndian),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0, 0, _, _, ..] => utf32(bytes, BigEndian),
        [0, _, _, _, ..] => utf16(bytes, BigEndian),
        [_, 0, 0, 0, ..] => utf32(bytes, LittleEndian),
        [_, 0, _, _, ..] => utf16(bytes, LittleEndian),
        [0, _] => utf16(bytes, BigEndian),
        [_, 0] => utf16(bytes, LittleEndian),
        _ => utf8(bytes),
    }
}

/// The order of the bytes of one unit.
#[derive(Clone, Copy)]
enum Encoding {
    BigEndian,
    LittleEndian,
}

fn utf8(mut bytes: &[u8]) -> Option<Vec<u32>> {
    let mut points = Vec::with_capacity(bytes.len());
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                points.extend(text.chars().map(u32::from));
                return Some(points);
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                let valid = std::str::from_utf8(valid).ok()?;
                points.extend(valid.chars().map(u32::from));
                // The one thing that Python takes and UTF-8 forbids: the three
                // bytes of a surrogate.
                let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, rest @ ..] = rest else {
                    return None;
                };
                points.push(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f));
                bytes = rest;
            }
        }
    }
}

fn utf16(bytes: &[u8], order: Encoding) -> Option<Vec<u32>> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units = units.iter().map(|unit| match order {
        Encoding::BigEndian => u16::from_be_bytes(*unit),
        Encoding::LittleEndian => u16::from_le_bytes(*unit),
    });
    let points = char::decode_utf16(units).map(|decoded| match decoded {
        Ok(character) => u32::from(character),
        Err(lone) => u32::from(lone.unpaired_surrogate()),
    });
    Some(points.collect())
}

fn utf32(bytes: &[u8], order: Encoding) -> Option<Vec<u32>> {
    let (units, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let points = units.iter().map(|unit| match order {
        Encoding::BigEndian => u32::from_be_bytes(*unit),
        Encoding::LittleEndian => u32::from_le_bytes(*unit),
    });
    points
        .map(|point| (point <= 0x10ffff).then_some(point))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn text(points: &str) -> Option<Vec<u32>> {
        Some(points.chars().map(u32::from).collect())
    }

    #[test]
    fn reads_every_encoding_of_json() {
        assert_eq!(decode(b"{}"), text("{}"));
        assert_eq!(decode(b"\xef\xbb\xbf5"), text("5"));
        assert_eq!(decode(b"\xff\xfe5\0"), text("5"));
        assert_eq!(decode(b"\0\"\x67\x0d\0\""), text("\"\u{670d}\""));
        assert_eq!(decode(b"\"\0\0\0\x0d\x67\0\0"), text("\"\u{670d}"));
        assert_eq!(decode(b"5\0 "), text("5\0 "));
        assert_eq!(decode(b""), text(""));
    }

    #[test]
    fn keeps_lone_surrogates_and_refuses_the_rest() {
        assert_eq!(decode(b"a\xed\xa0\x80b"), Some(vec![0x61, 0xd800, 0x62]));
        assert_eq!(decode(b"\xed\xbf\xbf"), Some(vec![0xdfff]));
        assert_eq!(decode(b"\x00\x22\xdc\x00"), Some(vec![0x22, 0xdc00]));
        for bytes in [
            &b"\xff"[..],
            b"\xc0\xaf",
            b"\xe4\xbd",
            b"\xed\xa0",
            b"{\0}\0 ",
            b"{\0\0\0 ",
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
        assert_eq!(decode(b"\xff\xfe\0\0\0\0\x11\0"), None);
    }
}
