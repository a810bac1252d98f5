//! Where an API is.

/// The URL of `path` on an instance. Paths are resolved as Python's `urljoin`
/// does it (`nos` is `/nos`, `/a/../b` is `/b`, nothing is escaped), with one
/// difference: what looks like a scheme or a host is a part of the path like
/// any other, so the URL never leads anywhere else.
pub(crate) fn api_url(is_tls: bool, host: &str, port: u16, path: &str) -> String {
    let path = path
        .trim_start_matches(|letter: char| letter <= ' ')
        .replace(['\t', '\r', '\n'], "");
    let (path, fragment) = path.split_once('#').unwrap_or((&path, ""));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let last_segment = path.rfind('/').unwrap_or(0);
    let (path, params) = match path[last_segment..].find(';') {
        Some(place) => (
            &path[..last_segment + place],
            &path[last_segment + place + 1..],
        ),
        None => (path, ""),
    };
    let scheme = if is_tls { "https" } else { "http" };
    let mut url = match host.contains(':') && !host.starts_with('[') {
        true => format!("{scheme}://[{host}]:{port}"),
        false => format!("{scheme}://{host}:{port}"),
    };
    if !path.is_empty() || !params.is_empty() {
        url += &resolve(path);
    }
    for (mark, part) in [(';', params), ('?', query), ('#', fragment)] {
        if !part.is_empty() {
            url.push(mark);
            url += part;
        }
    }
    url
}

/// The absolute path without dot segments.
fn resolve(path: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').collect();
    if !path.starts_with('/') {
        // Of a relative path, empty segments are left out, except at its end.
        let last = segments.pop().unwrap_or_default();
        segments.retain(|segment| !segment.is_empty());
        segments.push(last);
        segments.insert(0, "");
    }
    let ends_with_dots = matches!(segments.last(), Some(&("." | "..")));
    let mut resolved = Vec::with_capacity(segments.len() + 1);
    for segment in segments {
        match segment {
            "." => {}
            ".." => drop(resolved.pop()),
            segment => resolved.push(segment),
        }
    }
    if ends_with_dots {
        resolved.push("");
    }
    let path = resolved.join("/");
    if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::api_url;

    #[test]
    fn stays_on_host_and_port() {
        let url = |path| api_url(false, "127.0.0.1", 80, path);
        assert_eq!(url("//evil/x"), "http://127.0.0.1:80//evil/x");
        assert_eq!(url("http://evil/x"), "http://127.0.0.1:80/http:/evil/x");
        assert_eq!(url("\nhttp:x"), "http://127.0.0.1:80/http:x");
        assert_eq!(url("@evil"), "http://127.0.0.1:80/@evil");
        assert_eq!(url("//[x"), "http://127.0.0.1:80//[x");
        assert_eq!(url("..//evil/.."), "http://127.0.0.1:80/");
        assert_eq!(url("/..//evil"), "http://127.0.0.1:80/evil");
    }

    #[test]
    fn brackets_ipv6() {
        assert_eq!(api_url(false, "::1", 80, "/a"), "http://[::1]:80/a");
        assert_eq!(api_url(true, "[::1]", 80, "/a"), "https://[::1]:80/a");
    }
}
