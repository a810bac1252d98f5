//! The line to a center: what registrations and lists have in common.

pub(crate) mod backoff;
pub(crate) mod events;
mod http;
#[cfg(feature = "cli")]
pub(crate) mod operator;
#[cfg(feature = "cli")]
pub(crate) mod stranger;

use std::time::Duration;

use ::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;

use self::http::{Answer, Failed, Http, Request};
use crate::connector;
use crate::error::{Error, Result};
use crate::key::{self, Key};
use crate::tls::{Secured, Whom};
use crate::wire::problem::{Problem, shown};

/// How long a center may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What centers may ask for: a token, or the shared key of KeyAuth. Where a process
/// has both, for centers of both kinds, both are sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub key: Option<Key>,
    pub token: Option<Key>,
}

impl Credentials {
    /// These, and what they do not say from the others.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            key: self.key.or(others.key),
            token: self.token.or(others.token),
        }
    }

    /// As they are sent.
    fn headers(&self) -> Result<HeaderMap> {
        let unusable = |what: &str, error| {
            let context = format!("the center's {what} holds characters that no header may have");
            Error::with_source(context, error)
        };
        let mut headers = HeaderMap::new();
        if let Some(key) = &self.key {
            let value = key.header_value().map_err(|error| unusable("key", error))?;
            headers.insert(key::HEADER, value);
        }
        if let Some(token) = &self.token {
            let value = token.bearer().map_err(|error| unusable("token", error))?;
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }
}

/// Sends requests to centers, with what they ask for.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    credentials: HeaderMap,
    http: Http,
}

impl Link {
    pub(crate) fn new(credentials: &Credentials, secured: &Secured) -> Result<Self> {
        let credentials = credentials.headers()?;
        let http = Http::over(connector::standard(), secured.clone(), Whom::Center);
        Ok(Self { credentials, http })
    }

    /// Whether this process is somebody to a center.
    #[cfg(feature = "client")]
    pub(crate) fn has_token(&self) -> bool {
        self.credentials.contains_key(AUTHORIZATION)
    }

    /// Asks a center; the error says what failed and where.
    pub(crate) async fn ask(
        &self,
        method: Method,
        center: &str,
        path: &str,
        json: Option<Vec<u8>>,
    ) -> Result<Heard, String> {
        self.ask_with(method, center, path, json, None).await
    }

    /// As [`ask`](Self::ask), with one more header.
    pub(crate) async fn ask_with(
        &self,
        method: Method,
        center: &str,
        path: &str,
        json: Option<Vec<u8>>,
        header: Option<(&'static str, HeaderValue)>,
    ) -> Result<Heard, String> {
        let mut request = self.request(method, center, path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if let Some(json) = json {
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        self.send(center, request).await
    }

    /// Reads from a center, with one more header where there is a value for it.
    #[cfg(feature = "client")]
    pub(crate) async fn get(
        &self,
        center: &str,
        path: &str,
        name: &'static str,
        value: Option<HeaderValue>,
    ) -> Result<Heard, String> {
        let mut request = self.request(Method::GET, center, path);
        if let Some(value) = value {
            request = request.header(name, value);
        }
        self.send(center, request).await
    }

    async fn send(&self, center: &str, request: Request) -> Result<Heard, String> {
        in_time(center, async {
            Heard::read(center, request.send().await?).await
        })
        .await
    }

    fn request(&self, method: Method, center: &str, path: &str) -> Request {
        let request = self.http.request(method, &format!("{center}{path}"));
        self.credentials
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(name, value)
            })
    }
}

/// What a center says within its time; the error says what failed and where.
async fn in_time<T>(
    center: &str,
    exchange: impl Future<Output = Result<T, Failed>>,
) -> Result<T, String> {
    let why = match tokio::time::timeout(TIMEOUT, exchange).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => innermost(&*error),
        Err(_) => format!("nothing came for {} s", TIMEOUT.as_secs()),
    };
    Err(format!("no answer from the center at {center}: {why}"))
}

/// A center's answer.
#[derive(Debug)]
pub(crate) struct Heard {
    center: String,
    pub status: StatusCode,
    pub body: Bytes,
}

impl Heard {
    async fn read(center: &str, answer: Answer) -> Result<Self, Failed> {
        Ok(Self {
            center: center.to_owned(),
            status: answer.status(),
            body: answer.bytes().await?,
        })
    }

    /// The name of what a refusal says; empty when it is no problem document.
    pub(crate) fn code(&self) -> String {
        self.problem()
            .map(|problem| problem.code)
            .unwrap_or_default()
    }

    /// Whether it is protocol v1 that speaks. Whoever does not know v1 answers
    /// an unknown path with something that is no problem document.
    pub(crate) fn is_v1(&self) -> bool {
        self.problem().is_some()
    }

    fn problem(&self) -> Option<Problem> {
        serde_json::from_slice::<Problem>(&self.body)
            .ok()
            .filter(|problem| !problem.code.is_empty())
    }

    /// Whether it is a problem with this code.
    #[cfg(feature = "server")]
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.problem().is_some_and(|problem| problem.code == code)
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // It may repeat what it could not read.
            let error = error.to_string();
            format!(
                "the answer of the center at {} cannot be read: {}",
                self.center,
                shown(&error, 400)
            )
        })
    }

    /// What a refusal says, and what to do about it.
    pub(crate) fn refusal(&self) -> String {
        let Self { center, status, .. } = self;
        let said = match self.problem() {
            Some(problem) if !problem.detail.is_empty() => {
                format!(": {}", shown(&problem.detail, 1000))
            }
            _ => String::new(),
        };
        // A center of this kind says by itself what it wants.
        let help = match *status {
            StatusCode::FORBIDDEN if said.is_empty() => {
                "; it wants a key: set MFHM_CENTER_KEY_FILE or MFHM_CENTER_KEY"
            }
            StatusCode::UNAUTHORIZED if said.is_empty() => {
                "; it wants a token: set MFHM_TOKEN_FILE or MFHM_TOKEN"
            }
            _ => "",
        };
        format!("the center at {center} answered {status}{said}{help}")
    }
}

/// The last cause: the texts of hyper's errors say little.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
