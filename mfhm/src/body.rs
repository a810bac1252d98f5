//! Reading a request's body, which may be long, slow or broken.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
#[cfg(feature = "center")]
use http::Method;
use http::StatusCode;
use http_body_util::BodyExt as _;

pub(crate) use crate::memory::Held;
use crate::memory::Room;

/// What the bodies that arrive may take of a process: 256 MiB.
static ROOM: Room = Room::new(256 << 20);

/// How much of a body is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// The longest body that is read, in bytes.
    pub longest: usize,
    /// Of a longer body so much is received and thrown away, so that its sender
    /// gets to read the answer instead of a reset connection.
    pub skipped: usize,
    /// How long a body may take to arrive.
    pub time: Duration,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
    /// The bodies of other requests take all the memory there is for them.
    NoRoom,
}

impl BodyError {
    /// By what a body says that broke off: some stand behind a limit already.
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<http_body_util::LengthLimitError>() {
                return Self::TooLarge;
            }
            if error.is::<Slow>() {
                return Self::TooSlow;
            }
            next = error.source();
        }
        Self::Broken
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What is wrong; the text completes "the body …".
    pub(crate) fn detail(self, limits: BodyLimits) -> String {
        match self {
            Self::TooLarge => {
                let longest = limits.longest;
                if longest < 10 << 10 {
                    format!("is longer than {longest} bytes")
                } else {
                    format!("is longer than {} KiB ({longest} bytes)", longest / 1024)
                }
            }
            Self::TooSlow => format!("did not arrive within {} s", limits.time.as_secs()),
            Self::Broken => "did not arrive whole".to_owned(),
            Self::NoRoom => {
                "has no room beside the others that arrive; send it again later".to_owned()
            }
        }
    }
}

/// Why a body breaks off that does not come while it is waited for, or too slowly.
// A center reads none that way.
#[cfg_attr(not(feature = "server"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    /// Nothing came for so long.
    Silent(Duration),
    /// So little came in the time in which it was waited for.
    Trickling { bytes: u64, waited: Duration },
}

impl Slow {
    /// The cause of an error, if it is this.
    #[cfg(feature = "server")]
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut errors = std::iter::successors(Some(error), |error| error.source());
        errors.find_map(|error| error.downcast_ref().copied())
    }
}

/// The text completes "the body …".
impl std::fmt::Display for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent(time) => write!(f, "stood still for {} s", time.as_secs()),
            Self::Trickling { bytes, waited } => write!(
                f,
                "came too slowly: {bytes} bytes of it in {} s",
                waited.as_secs()
            ),
        }
    }
}

impl std::error::Error for Slow {}

/// The whole body.
pub(crate) async fn read(body: Body, limits: BodyLimits) -> Result<Bytes, BodyError> {
    read_held(body, limits).await.map(|(body, _held)| body)
}

/// The whole body, and what keeps the room that it takes.
pub(crate) async fn read_held(body: Body, limits: BodyLimits) -> Result<(Bytes, Held), BodyError> {
    let mut held = ROOM.body();
    let body = tokio::time::timeout(limits.time, collect(body, limits, &mut held))
        .await
        .unwrap_or(Err(BodyError::TooSlow))?;
    Ok((body, held))
}

/// Takes the body of a request that needs none, so that the connection can go on.
#[cfg(feature = "center")]
pub(crate) async fn skip(method: &Method, body: Body, limits: BodyLimits) {
    if method != Method::GET && method != Method::HEAD {
        let _ = read(body, limits).await;
    }
}

async fn collect(mut body: Body, limits: BodyLimits, held: &mut Held) -> Result<Bytes, BodyError> {
    let mut read = Gathered::default();
    let mut skipped = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::of(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if skipped == 0 && read.len() + data.len() <= limits.longest {
            if !held.grow(read.len() + data.len()) {
                return Err(BodyError::NoRoom);
            }
            read.add(data);
        } else {
            read = Gathered::default();
            skipped += data.len();
            if skipped > limits.skipped {
                break;
            }
        }
    }
    if skipped > 0 {
        Err(BodyError::TooLarge)
    } else {
        Ok(read.into_bytes())
    }
}

/// What has arrived. Most bodies are one chunk, which is kept as it came.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    all: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    fn add(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&data);
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1000;
    const LIMITS: BodyLimits = BodyLimits {
        longest: LIMIT,
        skipped: 1 << 20,
        time: Duration::from_secs(10),
    };

    #[tokio::test]
    async fn the_limit_is_exact() {
        assert_eq!(
            read(Body::from(vec![1; LIMIT]), LIMITS)
                .await
                .unwrap()
                .len(),
            LIMIT
        );
        assert_eq!(
            read(Body::from(vec![1; LIMIT + 1]), LIMITS).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn what_has_no_room_is_not_read_further() {
        static SMALL: Room = Room::new(10);
        let limits = BodyLimits {
            longest: 1 << 20,
            ..LIMITS
        };
        let large = || Body::from(vec![0; 20 << 10]);
        let mut first = SMALL.body();
        assert!(collect(large(), limits, &mut first).await.is_ok());
        let second = collect(large(), limits, &mut SMALL.body()).await;
        assert_eq!(second, Err(BodyError::NoRoom));
        drop(first);
        let third = collect(large(), limits, &mut SMALL.body()).await;
        assert!(third.is_ok());
    }

    #[tokio::test]
    async fn chunks_are_put_together() {
        let chunks = ["", "a", "bc", "", "d"].map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        assert_eq!(read(body, LIMITS).await.unwrap(), "abcd");
    }

    #[tokio::test]
    async fn a_limit_around_the_body_is_a_limit() {
        let body = http_body_util::Limited::new(Body::from("abc"), 2);
        assert_eq!(
            read(Body::new(body), LIMITS).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn an_endless_body_is_given_up() {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[0; 65536]));
        let endless = Body::from_stream(futures_util::stream::repeat_with(chunk));
        assert_eq!(read(endless, LIMITS).await, Err(BodyError::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let silent = Body::from_stream(futures_util::stream::pending::<std::io::Result<Bytes>>());
        assert_eq!(read(silent, LIMITS).await, Err(BodyError::TooSlow));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_broken() {
        let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let stream = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(error)]);
        assert_eq!(
            read(Body::from_stream(stream), LIMITS).await,
            Err(BodyError::Broken)
        );
    }
}
