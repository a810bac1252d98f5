//! The head of a request as handlers know it, whatever version it came with.

use axum::body::Body;
use axum::response::Response;
use bytes::{BufMut as _, BytesMut};
use http::header::{CONTENT_TYPE, COOKIE, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};

/// A request says two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TwoHosts;

/// The same request with `host` in place of `:authority`, the path alone, and one header
/// `cookie`, which clients may send in pieces: RFC 9113, section 8.2.3.
pub(super) fn read<B>(mut request: Request<B>) -> Result<Request<B>, TwoHosts> {
    let scheme = request.uri().scheme().cloned();
    if let Some(authority) = request.uri().authority().cloned() {
        let headers = request.headers_mut();
        let host = HeaderValue::from_maybe_shared(bytes::Bytes::copy_from_slice(
            authority.as_str().as_bytes(),
        ));
        // A client that says both says the same, or somebody between it and here would
        // decide by the one and this service by the other.
        let said = headers.get_all(HOST);
        let is_same = |said: &HeaderValue| is_same(said, &authority, scheme.as_ref());
        if !said.iter().all(is_same) {
            return Err(TwoHosts);
        }
        if let Ok(host) = host {
            headers.entry(HOST).or_insert(host);
        }
    }
    if request.method() != Method::CONNECT {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    }
    join_cookies(request.headers_mut());
    Ok(request)
}

/// The usual port need not be said.
fn is_same(said: &HeaderValue, authority: &Authority, scheme: Option<&Scheme>) -> bool {
    let usual = match scheme {
        Some(scheme) if *scheme == Scheme::HTTPS => ":443",
        _ => ":80",
    };
    let without = |text: &'_ str| text.strip_suffix(usual).unwrap_or(text).to_owned();
    let said = said.to_str().unwrap_or_default();
    without(said).eq_ignore_ascii_case(&without(authority.as_str()))
}

fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let mut all = BytesMut::new();
    for cookie in headers.get_all(COOKIE) {
        if !all.is_empty() {
            all.put_slice(b"; ");
        }
        all.put_slice(cookie.as_bytes());
    }
    if let Ok(all) = HeaderValue::from_maybe_shared(all.freeze()) {
        headers.insert(COOKIE, all);
    }
}

impl TwoHosts {
    /// What its peer is told.
    pub(super) fn refusal(self) -> Response {
        const BODY: &str = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"the header host names another host than :authority; leave it out","code":"mfhm.bad_host"}"#;
        let mut answer = Response::new(Body::from(BODY));
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        let problem = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(CONTENT_TYPE, problem);
        let not_run = HeaderValue::from_static("true");
        answer.headers_mut().insert("mfhm-not-run", not_run);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn it_is_the_same_as_of_another_version() {
        let read = read(request("https://a.example/users/7?all=true", &[])).unwrap();
        assert_eq!(read.uri(), "/users/7?all=true");
        assert_eq!(read.headers()[HOST], "a.example");
    }

    #[test]
    fn who_says_two_hosts_is_refused() {
        for (uri, host, is_fine) in [
            ("https://a.example:443/", "a.example", true),
            ("https://a.example/", "A.example:443", true),
            ("http://a.example/", "a.example:80", true),
            ("http://a.example:8080/", "a.example:8080", true),
            ("http://a.example/", "b.example", false),
            ("http://a.example/", "a.example:443", false),
            ("http://a.example/", "", false),
        ] {
            let read = read(request(uri, &[("host", host)]));
            assert_eq!(read.is_ok(), is_fine, "{uri} {host}");
            if let Ok(read) = read {
                assert_eq!(read.headers()[HOST], host);
            }
        }
        let two = [("host", "a.example"), ("host", "b.example")];
        assert!(read(request("http://a.example/", &two)).is_err());
        let answer = TwoHosts.refusal();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn cookies_in_pieces_are_one_header() {
        let pieces = [("cookie", "a=1"), ("x-other", "1"), ("cookie", "b=2; c=3")];
        let read = read(request("http://a/", &pieces)).unwrap();
        let all: Vec<_> = read.headers().get_all(COOKIE).iter().collect();
        assert_eq!(all, ["a=1; b=2; c=3"]);
    }
}
