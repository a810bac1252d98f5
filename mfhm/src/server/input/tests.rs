use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::content::BODY;
use super::*;
use crate::multipart::Multipart;

fn input(uri: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Input {
    let mut request = http::Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Input::extracted(request.body(Body::from(body.to_vec())).unwrap())
}

async fn rejection(input: Input) -> (u16, Problem) {
    let response = input.reject();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn every_refused_parameter_is_named() {
    let mut input = input("/?page=x&tag=a&tag=b", &[("x-n", b"7"), ("x-n", b"8")], b"");
    assert_eq!(input.query::<u8>("page"), None);
    assert_eq!(input.query::<u8>("size"), None);
    assert_eq!(input.header::<u8>("x-n"), None);
    assert_eq!(
        input.query::<Vec<String>>("tag"),
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(input.query::<Option<u8>>("none"), Some(None));
    let (status, problem) = rejection(input).await;
    assert_eq!(status, 400);
    let named: Vec<_> = problem
        .errors
        .iter()
        .map(|e| (e.location.as_str(), e.name.as_str()))
        .collect();
    assert_eq!(
        named,
        [("query", "page"), ("query", "size"), ("header", "x-n")]
    );
    assert_eq!(problem.errors[1].detail, "is missing");
}

#[tokio::test]
async fn a_query_is_decoded_and_must_be_utf8() {
    let mut good = input("/?q=a+b%20%C3%A9&q2", &[], b"");
    assert_eq!(good.query::<String>("q"), Some("a b é".to_owned()));
    assert_eq!(good.query::<String>("q2"), Some(String::new()));
    let mut bad = input("/?q=%ff", &[], b"");
    assert_eq!(bad.query::<String>("q"), None);
    assert_eq!(rejection(bad).await.1.errors[0].detail, "is not UTF-8");
}

#[tokio::test]
async fn a_header_must_be_utf8() {
    let mut input = input("/", &[("x-a", b"\xff")], b"");
    assert_eq!(input.header::<String>("x-a"), None);
    assert_eq!(rejection(input).await.0, 400);
}

#[tokio::test]
async fn a_body_is_refused_with_the_right_status() {
    const JSON: &[(&str, &[u8])] = &[("content-type", b"application/json; charset=utf-8")];
    let big = vec![b' '; BODY.longest + 1];
    for (headers, body, expected) in [
        (JSON, &b"{"[..], 400),
        (JSON, b"", 400),
        (JSON, b"\"x\"", 422),
        (JSON, b"[1, 2", 400),
        (JSON, &big, 413),
        (&[("content-type", b"text/plain")], b"[1]", 415),
    ] {
        let mut input = input("/", headers, body);
        assert_eq!(input.body::<Vec<u8>>("list").await, None);
        let (status, problem) = rejection(input).await;
        assert_eq!(
            (status, problem.errors[0].name.as_str()),
            (expected, "list"),
            "{problem:?}"
        );
    }
    for headers in [JSON, &[], &[("content-type", b"application/x+json")]] {
        let mut input = input("/", headers, b"[1]");
        assert_eq!(input.body::<Vec<u8>>("list").await, Some(vec![1]));
    }
    let mut absent = input("/", &[], b"");
    assert_eq!(absent.body::<Option<u8>>("maybe").await, Some(None));
}

/// Bytes for a while, then nothing.
fn stopping() -> Body {
    let some = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    let stops = futures_util::StreamExt::chain(some, futures_util::stream::pending());
    Body::from_stream(stops)
}

#[tokio::test(start_paused = true)]
async fn an_extractor_that_waits_in_vain_is_answered_408() {
    let mut input = Input::extracted(Request::new(stopping()));
    let rejection = input.extract::<Bytes, _>().await.unwrap_err();
    assert_eq!(rejection.status(), 408);
    let body = rejection.into_body().collect().await.unwrap().to_bytes();
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.code, "mfhm.body_too_slow");
    assert_eq!(problem.detail, "the body stood still for 30 s");
}

#[tokio::test(start_paused = true)]
async fn a_form_that_stops_is_answered_408() {
    let request = http::Request::post("/")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(stopping());
    let mut input = Input::extracted(request.unwrap());
    let mut form = input.multipart::<Multipart>("form").unwrap();
    let error = form.next().await.unwrap_err();
    assert!(error.is_too_slow(), "{error}");
    assert_eq!(error.into_response().status(), 408);
}
