//! What the real Python centers answered (`mfhm/tests/python/record.py` recorded
//! it), asked of this router again. Where a case says that mfhm differs, it
//! carries mfhm's own answer and the reason.

use axum::body::Body;
use http::Request;
use serde::Deserialize;

use crate::center::testing::TestCenter;

#[derive(Deserialize)]
struct Recording {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    before: Vec<Asked>,
    request: Asked,
    answer: Expected,
    differs: Option<Expected>,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Content>,
    body_hex: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    /// Pieces, each repeated so often.
    Pieces(Vec<(String, usize)>),
}

#[derive(Debug, Deserialize)]
struct Expected {
    status: u16,
    #[serde(default)]
    content_type: Option<String>,
    body: String,
}

impl Asked {
    fn request(&self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.content())).unwrap()
    }

    fn content(&self) -> Vec<u8> {
        if let Some(digits) = &self.body_hex {
            let pairs = digits.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            return pairs.map(byte).collect();
        }
        match &self.body {
            None => Vec::new(),
            Some(Content::Text(text)) => text.clone().into_bytes(),
            Some(Content::Pieces(pieces)) => pieces
                .iter()
                .map(|(text, times)| text.repeat(*times))
                .collect::<String>()
                .into(),
        }
    }
}

/// Cases that end before the router: what is no HTTP is refused by hyper.
const NOT_ROUTED: [&str; 2] = ["routing/unknown method", "routing/raw bytes"];

async fn replay(recording: &str) -> usize {
    let recording: Recording = serde_json::from_str(recording).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in recording.cases {
        if NOT_ROUTED.contains(&case.name.as_str()) {
            continue;
        }
        let center = TestCenter::new().await;
        // The Python center takes everything registered for alive.
        center.probe.all_alive();
        for request in &case.before {
            center.send(request.request()).await;
        }
        let answer = center.send(case.request.request()).await;
        let expected = case.differs.as_ref().unwrap_or(&case.answer);
        // The answer to HEAD is cut by hyper, not by the router.
        let body = if case.request.method == "HEAD" {
            ""
        } else {
            &answer.body
        };
        let content_type = answer
            .headers
            .get("content-type")
            .map(|v| v.to_str().unwrap());
        let is_same_type =
            case.differs.is_some() || expected.content_type.as_deref() == content_type;
        if answer.status != expected.status || body != expected.body || !is_same_type {
            failures.push(format!("{}: {answer:?}, not {expected:?}", case.name));
        }
        count += 1;
    }
    let shown = failures
        .iter()
        .take(20)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        failures.is_empty(),
        "{} of {count} cases differ:\n{shown}",
        failures.len()
    );
    count
}

#[tokio::test]
async fn every_recorded_request_is_answered_as_by_version_0_1_1() {
    assert!(replay(include_str!("../../../../tests/python/center-0.1.1.json")).await > 400);
}

#[tokio::test]
async fn every_recorded_request_is_answered_as_by_version_0_0_2() {
    assert!(replay(include_str!("../../../../tests/python/center-0.0.2.json")).await > 50);
}
