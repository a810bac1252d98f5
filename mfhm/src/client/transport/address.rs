//! [`Address`]: where requests go, with what each of them needs of it made once.

use bytes::Bytes;
use http::HeaderValue;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};

/// The address of a service.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// `http://host:port` or `https://host:port`, without a slash at the end; at a
    /// fixed address perhaps with a path.
    base: String,
    /// Absent: no request can be sent to what a center told.
    origin: Option<Origin>,
}

/// What a request to an instance begins with.
#[derive(Clone, Debug)]
struct Origin {
    scheme: Scheme,
    authority: Authority,
    /// The header `host`.
    host: HeaderValue,
}

impl Address {
    /// An address that somebody wrote, and that was looked at.
    pub(crate) fn fixed(base: String) -> Self {
        Self { base, origin: None }
    }

    /// The same for one with `https`, which is reached as instances are. Absent: there
    /// is a user in it, or no host.
    #[cfg(feature = "tls")]
    pub(crate) fn fixed_secure(base: String) -> Option<Self> {
        let uri: Uri = base.parse().ok()?;
        let authority = uri.authority()?.as_str().to_owned();
        let origin = Some(Origin::new(Scheme::HTTPS, authority)?);
        Some(Self { base, origin })
    }

    /// An instance at this port of this host: a name, or an IP address without
    /// brackets. With TLS or without.
    pub(crate) fn of(host: &str, port: u16, is_tls: bool) -> Self {
        let authority = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let scheme = if is_tls { Scheme::HTTPS } else { Scheme::HTTP };
        let base = format!("{scheme}://{authority}");
        let origin = Origin::new(scheme, authority);
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
        let origin = self.origin.as_ref()?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(origin.scheme.clone());
        parts.authority = Some(origin.authority.clone());
        parts.path_and_query = Some(match self.path() {
            "" => target.clone(),
            path => format!("{path}{target}").parse().ok()?,
        });
        Uri::from_parts(parts).ok()
    }

    /// What stands between the authority and the path of each request.
    fn path(&self) -> &str {
        let after = self.origin.as_ref().and_then(|origin| {
            let authority = origin.scheme.as_str().len() + "://".len();
            self.base.get(authority + origin.authority.as_str().len()..)
        });
        after.unwrap_or_default()
    }
}

impl Origin {
    fn new(scheme: Scheme, authority: String) -> Option<Self> {
        // The usual port is not said: RFC 9110, section 4.2.1.
        let usual = if scheme == Scheme::HTTPS {
            ":443"
        } else {
            ":80"
        };
        let host = authority.strip_suffix(usual).unwrap_or(&authority);
        let host = HeaderValue::from_str(host).ok()?;
        let authority = Authority::from_maybe_shared(Bytes::from(authority)).ok()?;
        // A host is told by a center; one with a user in it is none.
        let is_host = !authority.as_str().contains('@') && !authority.host().is_empty();
        is_host.then_some(Self {
            scheme,
            authority,
            host,
        })
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
        for (host, port, is_tls, uri, header) in [
            (
                "a.example",
                30176,
                false,
                "http://a.example:30176",
                "a.example:30176",
            ),
            ("127.0.0.1", 80, false, "http://127.0.0.1:80", "127.0.0.1"),
            ("::1", 8080, false, "http://[::1]:8080", "[::1]:8080"),
            ("10.0.0.1", 443, true, "https://10.0.0.1:443", "10.0.0.1"),
            ("10.0.0.1", 80, true, "https://10.0.0.1:80", "10.0.0.1:80"),
        ] {
            let address = Address::of(host, port, is_tls);
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
            let address = Address::of(host, 1, false);
            assert!(address.uri(&target).is_none(), "{host:?}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_fixed_address_with_https_may_have_a_path() {
        let target = PathAndQuery::from_static("/users?all=true");
        for (base, host) in [
            ("https://a.example", "a.example"),
            ("https://a.example:8443/v1/api", "a.example:8443"),
        ] {
            let address = Address::fixed_secure(base.to_owned()).unwrap();
            assert_eq!(address.host().unwrap(), host);
            let uri = address.uri(&target).unwrap();
            assert_eq!(uri, format!("{base}/users?all=true").as_str());
        }
        assert!(Address::fixed_secure("https://me:secret@a.example".to_owned()).is_none());
    }
}
