//! Reading a request's body, which may be long, slow or broken.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;

/// The longest body that is read.
const LIMIT: usize = 256 * 1024;

/// Of a longer body so much is received and thrown away, so that its sender gets
/// to read the answer instead of a reset connection.
const MOST_SKIPPED: usize = 4 * 1024 * 1024;

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
}

impl BodyError {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::TooLarge => "the body is longer than 256 KiB",
            Self::TooSlow => "the body did not arrive within 10 s",
            Self::Broken => "the body can't be read",
        }
    }
}

/// The whole body.
pub(super) async fn read(body: Body) -> Result<Bytes, BodyError> {
    tokio::time::timeout(TIMEOUT, collect(body))
        .await
        .unwrap_or(Err(BodyError::TooSlow))
}

/// Takes the body of a request that needs none, so that the connection can go on.
pub(super) async fn skip(method: &Method, body: Body) {
    if method != Method::GET && method != Method::HEAD {
        let _ = read(body).await;
    }
}

async fn collect(mut body: Body) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    let mut skipped = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if skipped == 0 && read.len() + data.len() <= LIMIT {
            read.extend_from_slice(&data);
        } else {
            read = BytesMut::new();
            skipped += data.len();
            if skipped > MOST_SKIPPED {
                break;
            }
        }
    }
    if skipped > 0 {
        Err(BodyError::TooLarge)
    } else {
        Ok(read.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_is_exact() {
        assert_eq!(read(Body::from(vec![1; LIMIT])).await.unwrap().len(), LIMIT);
        assert_eq!(
            read(Body::from(vec![1; LIMIT + 1])).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn an_endless_body_is_given_up() {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[0; 65536]));
        let endless = Body::from_stream(futures_util::stream::repeat_with(chunk));
        assert_eq!(read(endless).await, Err(BodyError::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let silent = Body::from_stream(futures_util::stream::pending::<std::io::Result<Bytes>>());
        assert_eq!(read(silent).await, Err(BodyError::TooSlow));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_broken() {
        let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let stream = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(error)]);
        assert_eq!(
            read(Body::from_stream(stream)).await,
            Err(BodyError::Broken)
        );
    }
}
