//! What must be true of every answer, whatever was asked.

use axum::body::Body;
use http::{Method, Response};
use http_body_util::BodyExt as _;
use mfhm::Problem;

use crate::service::{Declared, OPERATIONS};

/// Reads an answer of the service.
///
/// # Panics
///
/// When it is a finding: a failure of the service, or a refusal that does not
/// say what is refused.
pub async fn check(method: &Method, declared: Option<&Declared>, answer: Response<Body>) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("an answer is whole").to_bytes();
    let status = head.status.as_u16();
    // A caller may say that it waits no longer: `mfhm-timeout-ms: 0`.
    let is_late = status == 504 && body.windows(12).any(|part| part == b"mfhm.timeout");
    assert!(status < 500 || is_late, "{status}: {body:?}");
    if method == Method::HEAD {
        assert!(body.is_empty());
        return;
    }
    if status < 400 {
        return;
    }
    let content_type = head.headers.get("content-type");
    assert_eq!(
        content_type.and_then(|value| value.to_str().ok()),
        Some("application/problem+json"),
        "{status}: {body:?}"
    );
    let problem: Problem =
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {status}: {body:?}"));
    assert_eq!(problem.status, status, "{body:?}");
    if problem.code != "mfhm.invalid_parameter" {
        let expected: &[u16] = match problem.code.as_str() {
            "mfhm.invalid_multipart" => &[400],
            "mfhm.multipart_too_large" => &[413],
            "mfhm.multipart_too_slow" | "mfhm.body_too_slow" => &[408],
            "mfhm.timeout" => &[504],
            _ => &[404, 405],
        };
        assert!(expected.contains(&status), "{body:?}");
        return;
    }
    assert!(!problem.errors.is_empty(), "{body:?}");
    for error in &problem.errors {
        assert!(!error.detail.is_empty(), "{body:?}");
        let is_declared = match declared {
            Some(declared) => declared.names.contains(&error.name.as_str()),
            None => OPERATIONS
                .iter()
                .any(|operation| operation.names.contains(&error.name.as_str())),
        };
        assert!(is_declared, "{:?} is no parameter: {body:?}", error.name);
        assert!(
            ["path", "query", "header", "cookie", "form", "body"]
                .contains(&error.location.as_str()),
            "{body:?}"
        );
    }
}
