//! [`Address`]: where requests go, with what each of them needs of it made once.

use bytes::Bytes;
use http::HeaderValue;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};

/// The address of a service.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// `http://host:port`, without a slash at the end; at a fixed address perhaps
    /// with a path.
    base: String,
    /// Absent: no request can be sent to what a center told.
    origin: Option<Origin>,
}

/// What a request to an instance begins with.
#[derive(Clone, Debug)]
struct Origin {
    authority: Authority,
    /// The header `host`.
    host: HeaderValue,
}

impl Address {
    /// An address that somebody wrote, and that was looked at.
    pub(crate) fn fixed(base: String) -> Self {
        Self { base, origin: None }
    }

    /// An instance at this port of this host: a name, or an IP address without
    /// brackets.
    pub(crate) fn of(host: &str, port: u16) -> Self {
        let authority = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let base = format!("http://{authority}");
        let origin = Origin::new(authority);
        Self { base, origin }
    }

    /// The address as a text.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where to connect to; `None` where one cannot.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.origin.as_ref().map(|origin| &origin.authority)
    }

    /// The header `host` of requests to it.
    pub(crate) fn host(&self) -> Option<&HeaderValue> {
        self.origin.as_ref().map(|origin| &origin.host)
    }

    /// The URI of a request to it; `None` where there can be none.
    pub(crate) fn uri(&self, target: &PathAndQuery) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.origin.as_ref()?.authority.clone());
        parts.path_and_query = Some(target.clone());
        Uri::from_parts(parts).ok()
    }
}

impl Origin {
    fn new(authority: String) -> Option<Self> {
        // The usual port is not said: RFC 9110, section 4.2.1.
        let host = authority.strip_suffix(":80").unwrap_or(&authority);
        let host = HeaderValue::from_str(host).ok()?;
        let authority = Authority::from_maybe_shared(Bytes::from(authority)).ok()?;
        // A host is told by a center; one with a user in it is none.
        let is_host = !authority.as_str().contains('@') && !authority.host().is_empty();
        is_host.then_some(Self { authority, host })
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base
    }
}

impl Eq for Address {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_a_uri_and_a_host() {
        let target = PathAndQuery::from_static("/users/7?verbose=true");
        for (host, port, uri, header) in [
            (
                "a.example",
                30176,
                "http://a.example:30176",
                "a.example:30176",
            ),
            ("127.0.0.1", 80, "http://127.0.0.1:80", "127.0.0.1"),
            ("::1", 8080, "http://[::1]:8080", "[::1]:8080"),
        ] {
            let address = Address::of(host, port);
            assert_eq!(address.base(), uri);
            assert_eq!(address.host().unwrap(), header);
            let whole = format!("{uri}/users/7?verbose=true");
            assert_eq!(address.uri(&target).unwrap().to_string(), whole);
        }
    }

    #[test]
    fn what_is_no_host_has_no_uri() {
        let target = PathAndQuery::from_static("/");
        for host in ["", "a b", "a/b", "me@a.example", "a\r\nb", "é"] {
            let address = Address::of(host, 1);
            assert!(address.uri(&target).is_none(), "{host:?}");
        }
    }
}
