//! [`Raw`]: bytes and what they are.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;

use super::Returned;
#[cfg(feature = "client")]
use crate::client::{error::Fault, transport::Answered};

/// Bytes and their content type, as an operation returns them.
///
/// ```
/// use mfhm::Raw;
///
/// let page = Raw::new("text/html; charset=utf-8", "<p>hello");
/// assert_eq!(page.text(), "<p>hello");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// The content type; empty for none.
    pub content_type: String,
    /// The bytes.
    pub body: Bytes,
}

impl Raw {
    /// These bytes as this content type.
    pub fn new(content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.into(),
            body: body.into(),
        }
    }

    /// The bytes as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl Returned for Raw {
    type Item = ();
    const ACCEPT: &'static str = "*/*";

    #[cfg(feature = "openapi")]
    fn describe(_item: serde_json::Value) -> crate::openapi::answer::AnswerSchema {
        crate::openapi::answer::AnswerSchema::bytes(
            "*/*",
            "Bytes of the content type that the answer says.",
        )
    }

    #[cfg(feature = "server")]
    fn into_answer(self) -> axum::response::Response {
        let mut answer = axum::response::Response::new(axum::body::Body::from(self.body));
        if self.content_type.is_empty() {
            return answer;
        }
        match http::HeaderValue::from_str(&self.content_type) {
            Ok(content_type) => {
                answer.headers_mut().insert(CONTENT_TYPE, content_type);
                answer
            }
            Err(error) => {
                tracing::error!(%error, "a handler's content type is no header value");
                crate::server::reply::internal()
            }
        }
    }

    #[cfg(feature = "client")]
    fn read(answer: Answered) -> Result<Self, Fault> {
        let content_type = answer.headers.get(CONTENT_TYPE);
        let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()));
        Ok(Self::new(
            content_type.unwrap_or_default().into_owned(),
            answer.body,
        ))
    }
}

#[cfg(feature = "server")]
impl axum::response::IntoResponse for Raw {
    fn into_response(self) -> axum::response::Response {
        self.into_answer()
    }
}
