//! Whatever bytes come over a connection, read by hyper as a service reads them.

#![no_main]

use std::convert::Infallible;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use mfhm_fuzz::{oracle, run, service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

fuzz_target!(|bytes: &[u8]| {
    run(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        let served = hyper::service::service_fn(async |request: http::Request<_>| {
            let method = request.method().clone();
            let answered = service::router().oneshot(request.map(Body::new)).await;
            let (head, body) = answered.expect("a router answers").into_parts();
            // Read for the check, and once more for the connection.
            let body = axum::body::to_bytes(body, usize::MAX).await;
            let body = body.expect("an answer is whole");
            let checked = http::Response::from_parts(head.clone(), Body::from(body.clone()));
            oracle::check(&method, None, checked).await;
            Ok::<_, Infallible>(http::Response::from_parts(head, Body::from(body)))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(near), served);
        let (mut reading, mut writing) = tokio::io::split(far);
        let caller = async {
            // The service may close before it has read everything.
            let _ = writing.write_all(bytes).await;
            let _ = writing.shutdown().await;
        };
        let mut answer = Vec::new();
        let (_, (), _) = tokio::join!(connection, caller, reading.read_to_end(&mut answer));
        assert!(
            answer.is_empty() || (answer.starts_with(b"HTTP/1.") && answer.get(9) != Some(&b'5')),
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
    });
});
