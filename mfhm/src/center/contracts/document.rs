//! [`Document`]: an OpenAPI document that somebody brings to the center.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use crate::wire::v1::DocumentHash;

/// Longest path of an operation, in bytes: as in registrations.
const PATH_LIMIT: usize = 10_240;

/// A document that was checked, as it was brought.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub hash: DocumentHash,
    pub bytes: Bytes,
}

/// Why a document is not kept; the text completes "the document …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadDocument {
    /// It is not what its name says.
    OtherHash(DocumentHash),
    NoJson(String),
    NoOpenApi(&'static str),
}

impl Document {
    /// Checks what was brought under the name `hash`. It takes time in proportion
    /// to the length, whatever the content.
    pub(crate) fn check(hash: DocumentHash, bytes: Bytes) -> Result<Self, BadDocument> {
        let actual = DocumentHash::of(&bytes);
        if actual != hash {
            return Err(BadDocument::OtherHash(actual));
        }
        // serde_json gives up at 128 levels.
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| BadDocument::NoJson(error.to_string()))?;
        let is_openapi = value["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."));
        if !is_openapi {
            let why = "is no OpenAPI document of version 3 (its member `openapi` says otherwise)";
            return Err(BadDocument::NoOpenApi(why));
        }
        let Some(paths) = value["paths"].as_object() else {
            return Err(BadDocument::NoOpenApi("has no paths"));
        };
        if paths.keys().any(|path| path.len() > PATH_LIMIT) {
            return Err(BadDocument::NoOpenApi(
                "has a path of more than 10240 bytes",
            ));
        }
        Ok(Self { hash, bytes })
    }

    /// The document as a value. It was read before, so it can be read again.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({}, {} bytes)", self.hash, self.bytes.len())
    }
}

impl fmt::Display for BadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherHash(actual) => write!(f, "has the hash {actual}"),
            Self::NoJson(why) => write!(f, "can't be read as JSON: {why}"),
            Self::NoOpenApi(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
impl Document {
    /// A document for tests.
    pub(crate) fn sample(value: &Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        Self {
            hash: DocumentHash::of(&bytes),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Document, BadDocument> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        Document::check(DocumentHash::of(&bytes), bytes)
    }

    #[test]
    fn an_openapi_document_is_kept_as_it_is() {
        let text = r#"{ "paths": {}, "openapi": "3.1.0" }"#;
        assert_eq!(check(text).unwrap().bytes, text);
    }

    #[test]
    fn anything_else_is_refused() {
        let deep = format!(
            r#"{{"openapi":"3.1.0","paths":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let long = format!(
            r#"{{"openapi":"3.1.0","paths":{{"/{}":{{}}}}}}"#,
            "{a}".repeat(5000)
        );
        for (text, why) in [
            ("", "JSON"),
            ("{", "JSON"),
            ("\u{feff}{}", "JSON"),
            (deep.as_str(), "JSON"),
            ("null", "no OpenAPI"),
            ("[]", "no OpenAPI"),
            (r#"{"openapi":"2.0","paths":{}}"#, "no OpenAPI"),
            (r#"{"openapi":3,"paths":{}}"#, "no OpenAPI"),
            (r#"{"openapi":"3.1.0"}"#, "no paths"),
            (r#"{"openapi":"3.1.0","paths":[]}"#, "no paths"),
            (long.as_str(), "10240"),
        ] {
            let refusal = check(text).unwrap_err().to_string();
            assert!(refusal.contains(why), "{refusal}");
        }
        let other = DocumentHash::of(b"other");
        let refusal = Document::check(other, Bytes::from_static(b"{}")).unwrap_err();
        assert_eq!(
            refusal,
            BadDocument::OtherHash(DocumentHash::of(b"{}")),
            "a document is what its name says"
        );
    }
}
