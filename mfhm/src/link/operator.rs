//! What the program `mfhm` asks centers for on behalf of whoever operates them.

use std::time::Duration;

use ::http::{Method, StatusCode};
use bytes::Bytes;

use super::http::Answer;
use super::{Credentials, Link, in_time, innermost};
use crate::error::Result;
use crate::key::Key;
use crate::tls::Secured;

/// How long a center may keep silent in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// Sends requests to centers, with what they ask for.
#[derive(Debug)]
pub struct Operator {
    link: Link,
}

/// An answer that is read while it comes.
#[derive(Debug)]
pub struct Reading {
    center: String,
    answer: Answer,
}

impl Operator {
    /// Whoever has this key and this token.
    ///
    /// # Errors
    ///
    /// They can't be sent, or the files of TLS can't be used.
    pub fn new(
        key: Option<String>,
        token: Option<String>,
        #[cfg(feature = "tls")] tls: Option<crate::Tls>,
    ) -> Result<Self> {
        #[cfg(not(feature = "tls"))]
        let tls = None;
        let credentials = Credentials {
            key: key.map(Key::new),
            token: token.map(Key::new),
        };
        let secured = Secured::new(tls, Vec::new())?;
        let link = Link::new(&credentials, &secured)?;
        Ok(Self { link })
    }

    /// Asks the center at this address; the error says what failed and where.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn ask(
        &self,
        method: Method,
        center: &str,
        path: &str,
    ) -> Result<(StatusCode, Bytes), String> {
        let heard = self.link.ask(method, center, path, None).await?;
        Ok((heard.status, heard.body))
    }

    /// The same with GET, for an answer that may be long.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub async fn read(&self, center: &str, path: &str) -> Result<Reading, String> {
        let request = self.link.request(Method::GET, center, path);
        Ok(Reading {
            answer: in_time(center, request.send()).await?,
            center: center.to_owned(),
        })
    }
}

impl Reading {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// What comes next of it; absent at its end.
    ///
    /// # Errors
    ///
    /// It breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        let why = match tokio::time::timeout(SILENCE, self.answer.chunk()).await {
            Ok(Ok(chunk)) => return Ok(chunk),
            Ok(Err(error)) => innermost(&*error),
            Err(_) => format!("nothing came for {} s", SILENCE.as_secs()),
        };
        Err(format!(
            "the answer of the center at {} breaks off: {why}",
            self.center
        ))
    }
}
