//! What the program `mfhm` asks of somebody whose address it was told, and who is no
//! center: an instance, or whoever has a document. The credentials for centers are none
//! of their business.

use std::time::Duration;

use ::http::{HeaderValue, Method, StatusCode, Uri};
use bytes::Bytes;

use super::http::{Failed, Http};
use super::innermost;
use crate::connector;
use crate::error::Result;
use crate::key::{self, Key};
#[cfg(feature = "tls")]
use crate::tls::Refused;
use crate::tls::{Secured, Whom};
use crate::wire::v1::HEADER_INSTANCE;

/// How long one may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks strangers, over the same streams as centers are asked.
#[derive(Debug)]
pub struct Stranger {
    http: Http,
}

/// What one said.
#[derive(Debug)]
pub struct Said {
    /// The status.
    pub status: StatusCode,
    /// Which instance it is, where it says so.
    pub instance: Option<HeaderValue>,
    /// All of the body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// In words.
    pub why: String,
    /// Somebody else is there than was expected.
    pub is_stranger: bool,
}

impl Stranger {
    /// Asks whoever is at an address. Over TLS the certificate there has to be for this
    /// service, wherever it is; absent: for the host of the address.
    ///
    /// # Errors
    ///
    /// The files of TLS can't be used.
    pub fn new(
        service: Option<&str>,
        #[cfg(feature = "tls")] tls: Option<crate::Tls>,
    ) -> Result<Self> {
        #[cfg(not(feature = "tls"))]
        let tls = None;
        let secured = Secured::new(tls, Vec::new())?;
        let whom = service.map_or(Whom::Outside, |service| Whom::Service(service.into()));
        Ok(Self {
            http: Http::over(connector::standard(), secured, whom),
        })
    }

    /// Gets what is at this URL, if it has no more than so many bytes. With a key, it is
    /// sent along.
    ///
    /// # Errors
    ///
    /// There is no answer, or a longer one; the text says why.
    pub async fn get(
        &self,
        url: &str,
        key: Option<&str>,
        longest: usize,
    ) -> std::result::Result<Said, Unanswered> {
        let mut request = self.http.request(Method::GET, url);
        if let Some(key) = key {
            let key = Key::new(key).header_value().map_err(|error| {
                Unanswered::because(format!("the key holds what no header may have: {error}"))
            })?;
            request = request.header(key::HEADER, key);
        }
        let read = async {
            let mut answer = request.send().await?;
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > longest {
                    return Err(Failed::from(format!("it is larger than {longest} bytes")));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Said {
                status: answer.status(),
                instance: answer.sent_header(HEADER_INSTANCE).cloned(),
                body: body.into(),
            })
        };
        match tokio::time::timeout(TIMEOUT, read).await {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(error)) => Err(Unanswered::from(error)),
            Err(_) => {
                let why = format!("nothing came for {} s", TIMEOUT.as_secs());
                Err(Unanswered::because(why))
            }
        }
    }

    /// Whether anybody takes connections at the host and port of this URL.
    pub async fn listens(url: &str) -> bool {
        let to = url.parse::<Uri>().map(Uri::into_parts);
        let Some(to) = to.ok().and_then(|parts| parts.authority) else {
            return false;
        };
        let stream = connector::standard().connect(to);
        let stream = tokio::time::timeout(connector::CONNECT, stream).await;
        matches!(stream, Ok(Ok(_)))
    }
}

impl Unanswered {
    fn because(why: String) -> Self {
        Self {
            why,
            is_stranger: false,
        }
    }
}

impl From<Failed> for Unanswered {
    fn from(error: Failed) -> Self {
        #[cfg(feature = "tls")]
        let is_stranger = Refused::find(&*error).is_some_and(|refused| refused.is_stranger);
        #[cfg(not(feature = "tls"))]
        let is_stranger = false;
        Self {
            why: innermost(&*error),
            is_stranger,
        }
    }
}
