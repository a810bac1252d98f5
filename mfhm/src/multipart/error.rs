//! [`MultipartError`]: a form that cannot be read.

use std::fmt;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, Data, ErrorVariant};
use crate::fault::{Fault, FaultKind};

const INVALID: &str = "mfhm.invalid_multipart";
const TOO_LARGE: &str = "mfhm.multipart_too_large";
const TOO_SLOW: &str = "mfhm.multipart_too_slow";

/// A form with files could not be read: it is malformed, broke off, came too slowly,
/// or is too long.
///
/// It is the error of an operation by itself, answered with 400, 408 or 413 and the
/// name of the part, or a field of the operation's own error:
///
/// ```
/// #[derive(Debug, thiserror::Error, mfhm::ApiError)]
/// enum UploadError {
///     #[error(transparent)]
///     #[status(400)]
///     Form(#[from] mfhm::MultipartError),
///     #[error("there is a photo of this name")]
///     #[status(409)]
///     Taken,
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultipartError {
    is_too_large: bool,
    #[serde(default)]
    is_too_slow: bool,
    part: Option<String>,
    detail: String,
}

impl MultipartError {
    /// `detail` completes "the part …" or "the form …".
    pub(super) fn invalid(part: Option<&str>, detail: impl Into<String>) -> Self {
        Self {
            is_too_large: false,
            is_too_slow: false,
            part: part.map(str::to_owned),
            detail: detail.into(),
        }
    }

    pub(super) fn too_large(part: Option<&str>, detail: impl Into<String>) -> Self {
        Self {
            is_too_large: true,
            ..Self::invalid(part, detail)
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn too_slow(part: Option<&str>, slow: crate::body::Slow) -> Self {
        Self {
            is_too_slow: true,
            ..Self::invalid(part, slow.to_string())
        }
    }

    /// Why the stream of a part's bytes failed.
    pub(super) fn of_fault(part: &str, fault: &Fault) -> Self {
        let source = std::error::Error::source(fault);
        match source.and_then(|source| source.downcast_ref::<Self>()) {
            Some(own) => Self {
                part: own.part.clone().or_else(|| Some(part.to_owned())),
                ..own.clone()
            },
            None => Self::invalid(Some(part), "broke off before its end"),
        }
    }

    pub(super) fn into_fault(self) -> Fault {
        Fault::new(FaultKind::Broken, self.to_string()).because(self)
    }

    /// The name of the part that it is about, if it is about one.
    pub fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }

    /// Whether the form or the part is longer than it may be: 413.
    pub fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Whether the form came too slowly, or not at all: 408.
    pub fn is_too_slow(&self) -> bool {
        self.is_too_slow
    }
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Some(part) => write!(f, "the part `{part}` {}", self.detail),
            None => write!(f, "the form {}", self.detail),
        }
    }
}

impl std::error::Error for MultipartError {}

impl ApiError for MultipartError {
    const VARIANTS: &'static [ErrorVariant] = &[
        ErrorVariant::new(INVALID, 400, "The form cannot be read."),
        ErrorVariant::new(TOO_LARGE, 413, "The form or a part of it is too long."),
        ErrorVariant::new(TOO_SLOW, 408, "The form came too slowly."),
    ];

    fn status(&self) -> StatusCode {
        if self.is_too_large {
            StatusCode::PAYLOAD_TOO_LARGE
        } else if self.is_too_slow {
            StatusCode::REQUEST_TIMEOUT
        } else {
            StatusCode::BAD_REQUEST
        }
    }

    fn code(&self) -> &str {
        if self.is_too_large {
            TOO_LARGE
        } else if self.is_too_slow {
            TOO_SLOW
        } else {
            INVALID
        }
    }

    fn data(&self) -> Data {
        Data::new()
            .field("part", &self.part)
            .field("detail", &self.detail)
    }

    fn from_data(code: &str, data: &mut Data) -> Option<Self> {
        if ![INVALID, TOO_LARGE, TOO_SLOW].contains(&code) {
            return None;
        }
        Some(Self {
            is_too_large: code == TOO_LARGE,
            is_too_slow: code == TOO_SLOW,
            part: data.take("part")?,
            detail: data.take("detail")?,
        })
    }
}

#[cfg(feature = "server")]
impl axum::response::IntoResponse for MultipartError {
    fn into_response(self) -> axum::response::Response {
        crate::server::reply::answer_error(self)
    }
}
