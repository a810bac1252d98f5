//! Problem documents: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Content type of a problem document.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// The code of an answer that says that the time of the request was over.
pub(crate) const TIMEOUT: &str = "mfhm.timeout";

/// Why a request was refused or failed, as it travels: RFC 9457
/// `application/problem+json`.
///
/// `code` and `data` are extension members: the name of the error and its
/// fields. Codes that begin with `mfhm.` are mfhm's own, all others belong to
/// the service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// A URI that names the kind of problem; absent means `about:blank`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Short summary of the kind of problem, usually the status phrase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong in this case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Machine-readable name of the error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The error's fields.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// One entry for each parameter that was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<InvalidParam>,
}

/// A parameter that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidParam {
    /// The parameter's name on the wire.
    pub name: String,
    /// Where it was looked for: `path`, `query`, `header`, `cookie`, `form` or
    /// `body`.
    #[serde(rename = "in")]
    pub location: String,
    /// What is wrong with it.
    pub detail: String,
}

/// The start of a text that a stranger chose: no answer, log or error repeats a long one.
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
pub(crate) fn shown(text: &str, longest: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// A body that came too slowly, or not at all; `how` completes "the body …".
#[cfg(feature = "server")]
pub(crate) fn too_slow(how: &str) -> Problem {
    Problem::new(
        http::StatusCode::REQUEST_TIMEOUT,
        "mfhm.body_too_slow",
        format!("the body {how}"),
    )
}

impl Problem {
    /// A problem with this status, code and detail; the title is the status phrase.
    pub fn new(
        status: http::StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            ..Self::default()
        }
    }

    /// A request whose parameters are refused.
    #[cfg(any(feature = "client", feature = "server"))]
    pub(crate) fn refused(status: http::StatusCode, invalid: Vec<InvalidParam>) -> Self {
        let detail = match invalid.as_slice() {
            // Left to an extractor, whose parameter has no name here.
            [] => "the path is not UTF-8".to_owned(),
            [one] => format!(
                "the {} parameter `{}` {}",
                one.location, one.name, one.detail
            ),
            several => format!("{} parameters are refused", several.len()),
        };
        let mut problem = Self::new(status, "mfhm.invalid_parameter", detail);
        problem.errors = invalid;
        problem
    }

    /// This problem as an HTTP answer's parts: status, content type and body.
    #[cfg(any(feature = "server", feature = "center"))]
    pub(crate) fn into_axum(self) -> axum::response::Response {
        let status = http::StatusCode::from_u16(self.status)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = axum::response::Response::new(axum::body::Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static(CONTENT_TYPE),
        );
        response
    }
}
