//! The guard at the center's door, as in Python's `KeyAuth`: every request must
//! carry the center's key, whatever it asks for.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::key::{self, Key};

const REFUSAL: &str = "You don't have permission to access service";

/// What a request with these headers is answered instead of coming in: 403, in
/// Python's words. Absent: it carries the key.
pub(crate) fn refusal(key: &Key, headers: &HeaderMap) -> Option<Response> {
    if headers
        .get(key::HEADER)
        .is_some_and(|value| key.matches(value.as_bytes()))
    {
        return None;
    }
    let mut response = Response::new(Body::from(REFUSAL));
    *response.status_mut() = StatusCode::FORBIDDEN;
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_the_exact_key_comes_in() {
        let key = Key::new("0123456789abcdef0123456789abcdef");
        let mut headers = HeaderMap::new();
        let refused = refusal(&key, &headers).unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        for wrong in ["", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef"] {
            headers.insert("mfhm-authkey", HeaderValue::from_static(wrong));
            assert!(refusal(&key, &headers).is_some(), "{wrong}");
        }
        headers.insert("mfhm-authkey", key.header_value().unwrap());
        assert!(refusal(&key, &headers).is_none());
    }
}
