//! Requests to a center, without a socket: registrations, look-ups, and whatever
//! else there may be in a path and a body.

#![no_main]

use arbitrary::Arbitrary;
use axum::body::Body;
use http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use mfhm_fuzz::run;
use tower::ServiceExt as _;

#[derive(Arbitrary, Debug)]
struct Asked<'a> {
    method: u8,
    target: Target<'a>,
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
const PATHS: [&str; 12] = [
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
            Sent::Raw(bytes) => bytes.to_vec(),
            Sent::Deep(depth) => vec![b'['; usize::from(*depth)],
        };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = METHODS[usize::from(self.method) % METHODS.len()].clone();
        *request.uri_mut() = Uri::try_from(target).ok()?;
        request
            .headers_mut()
            .insert("content-type", "application/json".parse().ok()?);
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
