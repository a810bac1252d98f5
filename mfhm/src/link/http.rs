//! HTTP/1.1 towards centers, and strangers, over the streams of a connector: no proxies, no redirects.

use std::sync::Arc;
use std::time::Duration;

use ::http::request::Builder;
use ::http::response::Parts;
use ::http::{HeaderName, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::connector::{Connector, Dial};
use crate::tls::{Secured, Told, Whom};

/// Ends before a center's idle time-out.
const IDLE: Duration = Duration::from_secs(10);

/// Answers larger than this are not read.
const MAX_ANSWER: usize = 64 << 20;

/// Why there is no answer.
pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Keeps connections, and shares them.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client<Dial, Full<Bytes>>,
    told: Told,
}

/// A request that is not sent yet.
#[derive(Debug)]
pub(super) struct Request {
    http: Http,
    head: Builder,
    body: Bytes,
}

/// An answer whose body has not come yet.
#[derive(Debug)]
pub(super) struct Answer {
    head: Parts,
    body: Incoming,
}

impl Http {
    /// All connections are to the same one.
    pub(super) fn over(connector: Arc<dyn Connector>, secured: Secured, whom: Whom) -> Self {
        let dial = Dial::new(connector, secured, whom);
        let told = dial.told().clone();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(dial);
        Self { client, told }
    }

    pub(super) fn request(&self, method: Method, url: &str) -> Request {
        Request {
            http: self.clone(),
            head: Builder::new().method(method).uri(url),
            body: Bytes::new(),
        }
    }
}

impl Request {
    pub(super) fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<::http::Error>>,
        V: TryInto<HeaderValue, Error: Into<::http::Error>>,
    {
        self.head = self.head.header(name, value);
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it, and waits for the head of the answer.
    pub(super) async fn send(self) -> Result<Answer, Failed> {
        let request = self.head.body(Full::new(self.body))?;
        let Http { client, told } = &self.http;
        let answer = client
            .request(request)
            .await
            .map_err(|error| match told.lately() {
                Some(why) if !error.is_connect() => why.into(),
                _ => Failed::from(error),
            })?;
        let (head, body) = answer.into_parts();
        Ok(Answer { head, body })
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.head.status
    }

    #[cfg(feature = "cli")]
    pub(super) fn sent_header(&self, name: &str) -> Option<&HeaderValue> {
        self.head.headers.get(name)
    }

    /// All of the body.
    pub(super) async fn bytes(self) -> Result<Bytes, Failed> {
        Ok(Limited::new(self.body, MAX_ANSWER)
            .collect()
            .await?
            .to_bytes())
    }

    /// What comes next of the body; `None` at its end.
    ///
    /// Cancel safe.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failed> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
