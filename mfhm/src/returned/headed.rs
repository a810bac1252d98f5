//! [`Headed`]: a value and response headers.

use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue, TRANSFER_ENCODING,
};

use super::Returned;
#[cfg(feature = "client")]
use crate::client::{
    error::Fault,
    transport::{Answered, Opened},
};

/// A value, and headers beside it, as an operation returns them.
///
/// The headers that belong to the body or the connection (`content-type`,
/// `content-length`, `transfer-encoding`, `connection`, `date`) are none of
/// these: they are not sent and not received.
///
/// ```
/// use mfhm::Headed;
/// use mfhm::http::{HeaderValue, header::ETAG};
///
/// let answer = Headed::new(7).header(ETAG, HeaderValue::from_static("\"v1\""));
/// assert_eq!(answer.get("etag"), Some("\"v1\""));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headed<T> {
    /// The value.
    pub value: T,
    /// The headers.
    pub headers: HeaderMap,
}

impl<T> Headed<T> {
    /// A value without headers.
    pub fn new(value: T) -> Self {
        Self {
            value,
            headers: HeaderMap::new(),
        }
    }

    /// Adds a header, beside others of this name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The first header of this name, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Takes away what belongs to the body or the connection.
fn without_others(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        CONNECTION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        DATE,
        TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers
}

impl<T: Returned> Returned for Headed<T> {
    type Item = T::Item;
    const ACCEPT: &'static str = T::ACCEPT;
    const STREAMS: bool = T::STREAMS;

    #[cfg(feature = "openapi")]
    fn describe(item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        T::describe(item).with_headers()
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        let mut answer = self.value.into_answer();
        answer.headers_mut().extend(without_others(self.headers));
        answer
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        // The value may look at its content type.
        let headers = without_others(answer.headers.clone());
        let value = T::read(answer)?;
        Ok(Self { value, headers })
    }

    #[cfg(feature = "client")]
    fn open(opened: Opened) -> Result<Self, Fault> {
        let headers = without_others(opened.headers.clone());
        let value = T::open(opened)?;
        Ok(Self { value, headers })
    }
}

#[cfg(feature = "server")]
impl<T: Returned> axum::response::IntoResponse for Headed<T> {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}
