//! Bodies that axum's extractors take: their limits are those of other bodies.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use mfhm::http::StatusCode;
use mfhm::{App, Json};
use tokio::time::Instant;
use tower::ServiceExt as _;

struct Takes;

#[mfhm::service(name = "takes")]
impl Takes {
    #[post("/request")]
    #[body_limit(10)]
    async fn request(&self, #[extract] request: Request) -> Result<Json<usize>, StatusCode> {
        let body = to_bytes(request.into_body(), usize::MAX).await;
        body.map(|body| Json(body.len()))
            .map_err(|_| StatusCode::IM_A_TEAPOT)
    }

    #[post("/open")]
    async fn open(&self, #[extract] request: Request) -> String {
        match to_bytes(request.into_body(), usize::MAX).await {
            Ok(body) => body.len().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[post("/bytes")]
    #[body_limit(10)]
    async fn bytes(&self, #[extract] body: Bytes) -> usize {
        body.len()
    }

    #[post("/json")]
    #[body_limit(10)]
    async fn json(&self, Json(list): Json<Vec<u8>>) -> usize {
        list.len()
    }
}

async fn post(path: &str, body: Body) -> (u16, String) {
    let router = App::new().service(Takes).into_router().unwrap();
    let request = Request::post(path).header("content-type", "application/json");
    let answer = router.oneshot(request.body(body).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// A body that does not say how long it is.
fn chunked(length: usize) -> Body {
    let chunks = (0..length).map(|_| Ok::<_, std::io::Error>("1"));
    Body::from_stream(futures_util::stream::iter(chunks))
}

#[tokio::test]
async fn a_declared_limit_holds_for_a_whole_request() {
    assert_eq!(
        post("/request", "x".repeat(10).into()).await,
        (200, "10".into())
    );
    assert_eq!(post("/request", chunked(10)).await, (200, "10".into()));
    let (status, problem) = post("/request", "x".repeat(11).into()).await;
    assert_eq!(status, 413, "its length is refused before it is run");
    assert!(problem.contains("longer than 10 bytes"), "{problem}");
    // It breaks off where the handler reads it.
    assert_eq!(post("/request", chunked(11)).await.0, 418);
}

#[tokio::test]
async fn a_declared_limit_holds_for_every_extractor() {
    for path in ["/bytes", "/json"] {
        for body in [chunked(11), "1".repeat(11).into()] {
            assert_eq!(post(path, body).await.0, 413, "{path}");
        }
    }
    assert_eq!(post("/bytes", chunked(10)).await, (200, "10".into()));
    assert_eq!(post("/json", "[1]".into()).await, (200, "1".into()));
}

#[tokio::test(start_paused = true)]
async fn an_extracted_body_that_stands_still_breaks_off() {
    for path in ["/open", "/request", "/bytes", "/json"] {
        let silent = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let started = Instant::now();
        let (status, _) = post(path, Body::from_stream(silent)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(30), "{path}");
        let expected = match path {
            "/open" => 200,
            "/request" => 418,
            _ => 408,
        };
        assert_eq!(status, expected, "{path}");
    }
}
