//! What of a path template travels: its literals, and where placeholders are.
//! Their names do not.

/// A number for a method and the shape of a path: equal for equal operations,
/// whatever their placeholders are called. It is made at compile time, so that a
/// call can ask by one number whether an instance offers its operation.
pub(crate) const fn key(method: &str, path: &str) -> u64 {
    let mut hash = Fnv::new();
    let method = method.as_bytes();
    let mut at = 0;
    while at < method.len() {
        hash = hash.with(method[at].to_ascii_uppercase());
        at += 1;
    }
    hash = hash.with(b' ');

    let path = path.as_bytes();
    // Peers write a path with a slash in front and without.
    at = if !path.is_empty() && path[0] == b'/' {
        1
    } else {
        0
    };
    while at < path.len() {
        hash = hash.with(path[at]);
        if path[at] == b'{'
            && let Some(end) = closing(path, at)
        {
            if path[at + 1] == b'*' {
                hash = hash.with(b'*');
            }
            at = end;
            hash = hash.with(b'}');
        }
        at += 1;
    }
    hash.0
}

const fn closing(path: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    while at < path.len() {
        if path[at] == b'}' {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether whoever serves the path `offered` answers every request for `wanted`.
#[cfg(any(feature = "client", feature = "center"))]
pub(crate) fn covers(offered: &str, wanted: &str) -> bool {
    let is_placeholder = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let is_rest = |segment: &str| segment.starts_with("{*") && segment.ends_with('}');
    let segments = |path| str::strip_prefix(path, "/").unwrap_or(path).split('/');
    let (mut offered, mut wanted) = (segments(offered), segments(wanted));
    loop {
        match (offered.next(), wanted.next()) {
            (None, None) => return true,
            // A rest is never empty.
            (Some(offered), Some(wanted)) if is_rest(offered) => return !wanted.is_empty(),
            (Some(_), Some(wanted)) if is_rest(wanted) => return false,
            (Some(offered), Some(wanted)) if is_placeholder(offered) && !wanted.is_empty() => {}
            (Some(offered), Some(wanted)) if offered == wanted => {}
            _ => return false,
        }
    }
}

/// FNV-1a, which can be computed in constants.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    const fn with(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_placeholders_do_not_count() {
        for (first, second) in [
            (("GET", "/users/{id}"), ("get", "/users/{key}")),
            (("GET", "/f/{*rest}"), ("GET", "f/{*p}")),
            (("GET", ""), ("GET", "/")),
            (("GET", "/a-{x}.json"), ("GET", "/a-{yy}.json")),
        ] {
            assert_eq!(key(first.0, first.1), key(second.0, second.1), "{first:?}");
        }
    }

    #[test]
    fn everything_else_counts() {
        let different = [
            ("GET", "/users/{id}"),
            ("PUT", "/users/{id}"),
            ("GET", "/users/{*id}"),
            ("GET", "/users/id"),
            ("GET", "/users/{id}/"),
            ("GET", "/users"),
            ("GET", "/users/{id"),
        ];
        for (index, first) in different.iter().enumerate() {
            for second in &different[index + 1..] {
                assert_ne!(
                    key(first.0, first.1),
                    key(second.0, second.1),
                    "{first:?} {second:?}"
                );
            }
        }
    }

    #[test]
    #[cfg(any(feature = "client", feature = "center"))]
    fn a_wider_path_covers_a_narrower_one() {
        for (offered, wanted, is_covered) in [
            ("/files/{*rest}", "/files/readme", true),
            ("/files/{*rest}", "/files/{dir}/{name}", true),
            ("/files/{*rest}", "/files", false),
            ("/files/{*rest}", "/files/", false),
            ("/{*all}", "/a/b", true),
            ("/a/{x}", "/a/b", true),
            ("/a/b", "/a/{x}", false),
            ("/a/{x}", "/a/{*rest}", false),
            ("/a/{x}/c", "/a/b/d", false),
            ("/a/{x}", "/a/b/c", false),
            ("a/{x}", "/a/{y}", true),
        ] {
            assert_eq!(covers(offered, wanted), is_covered, "{offered} {wanted}");
        }
    }
}
