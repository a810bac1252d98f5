//! Requests to a center, without a socket: registrations, look-ups, and whatever
//! else there may be in a path and a body.

#![no_main]

use arbitrary::Arbitrary;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use mfhm_fuzz::run;
use tower::ServiceExt as _;

#[derive(Arbitrary, Debug)]
struct Asked<'a> {
    method: u8,
    target: Target<'a>,
    headers: Vec<(u8, &'a [u8])>,
    body: Sent<'a>,
}

#[derive(Arbitrary, Debug)]
enum Target<'a> {
    Near(u8),
    With(u8, &'a str),
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Sent<'a> {
    Online {
        name: &'a str,
        port: i64,
        path: &'a str,
    },
    Register {
        service: &'a str,
        id: &'a str,
        port: i64,
        host: Option<&'a str>,
        version: Option<&'a str>,
        weight: Option<i64>,
    },
    WhoAmI {
        name: Option<&'a str>,
        audience: &'a str,
    },
    /// With the name that it has.
    Document(&'a str),
    Raw(&'a [u8]),
    Deep(u16),
}

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
];
const PATHS: [&str; 25] = [
    "/online",
    "/offline/a/1",
    "/service/a",
    "/api/a/b",
    "/ping",
    "/health",
    "/v1",
    "/v1/instances",
    "/v1/instances/a",
    "/v1/services",
    "/v1/services/a",
    "/v1/services/a?instance=a",
    "/v1/instances/a/hold",
    "/v1/instances/a/drain",
    "/v1/instances/a/report",
    "/v1/services/a/openapi.json",
    "/v1/services/a/openapi.json?instance=a",
    "/v1/services/a/callers",
    "/v1/services/a/compatibility",
    "/v1/watch?service=a",
    "/v1/watch?service=a&service=b",
    "/v1/identity",
    "/v1/identity/keys",
    "/v1/audit",
    "/v1/documents/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
];
const HEADERS: [&str; 6] = [
    "mfhm-caller",
    "mfhm-lease",
    "last-event-id",
    "authorization",
    "mfhm-authkey",
    "content-length",
];

impl Asked<'_> {
    fn request(&self) -> Option<Request<Body>> {
        let target = match &self.target {
            Target::Near(index) => PATHS[usize::from(*index) % PATHS.len()].into(),
            Target::With(index, text) => {
                let path = PATHS[usize::from(*index) % PATHS.len()];
                format!("{path}{text}").into_bytes()
            }
            Target::Any(bytes) => bytes.to_vec(),
        };
        let body = match &self.body {
            Sent::Online { name, port, path } => serde_json::json!({
                "name": name, "port": port,
                "methods": { *name: { "path": path, "methods": ["GET", name] } },
            })
            .to_string()
            .into_bytes(),
            Sent::Register {
                service,
                id,
                port,
                host,
                version,
                weight,
            } => serde_json::json!({
                "service": service, "id": id, "address": { "host": host, "port": port },
                "version": version, "weight": weight,
                "operations": [{ "name": service, "path": id, "methods": ["GET"] }],
            })
            .to_string()
            .into_bytes(),
            Sent::WhoAmI { name, audience } => {
                serde_json::json!({ "name": name, "audience": audience })
                    .to_string()
                    .into_bytes()
            }
            Sent::Document(text) => serde_json::json!({
                "openapi": "3.1.0", "info": { "title": text },
                "paths": { *text: { "get": { "operationId": text } } },
            })
            .to_string()
            .into_bytes(),
            Sent::Raw(bytes) => bytes.to_vec(),
            Sent::Deep(depth) => vec![b'['; usize::from(*depth)],
        };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = METHODS[usize::from(self.method) % METHODS.len()].clone();
        *request.uri_mut() = Uri::try_from(target).ok()?;
        request
            .headers_mut()
            .insert("content-type", "application/json".parse().ok()?);
        for (name, value) in self.headers.iter().take(8) {
            let name = HeaderName::from_static(HEADERS[usize::from(*name) % HEADERS.len()]);
            let value = HeaderValue::from_bytes(value).ok()?;
            request.headers_mut().append(name, value);
        }
        Some(request)
    }
}

fuzz_target!(|asked: Vec<Asked<'_>>| {
    run(async {
        let center = mfhm::fuzzing::center().await;
        for request in asked.iter().take(8).filter_map(Asked::request) {
            let shown = format!("{} {}", request.method(), request.uri());
            let answer = center.clone().oneshot(request).await;
            let (head, body) = answer.expect("a router answers").into_parts();
            let header = |name: &str| head.headers.get(name).map(HeaderValue::as_bytes);
            let is_stream = header("content-type") == Some(b"text/event-stream".as_slice());
            if is_stream && head.status.is_success() {
                // It does not end by itself.
                let mut body = body;
                let begun = body.frame().now_or_never().flatten();
                assert!(begun.is_none_or(|frame| frame.is_ok()), "{shown}");
                continue;
            }
            let body = axum::body::to_bytes(body, usize::MAX).await;
            let body = body.expect("an answer is whole");
            assert!(
                head.status.as_u16() < 500,
                "{shown}: {}: {body:?}",
                head.status
            );
            // Python's clients read JSON, whatever happened.
            let is_json = head
                .headers
                .get("content-type")
                .is_some_and(|value| value.to_str().is_ok_and(|value| value.ends_with("json")));
            if is_json && !body.is_empty() {
                serde_json::from_slice::<serde::de::IgnoredAny>(&body).expect(&shown);
            }
        }
    });
});
