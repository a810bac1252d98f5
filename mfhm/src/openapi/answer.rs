//! What a success is, as its type says it.

use serde_json::{Map, Value, json};

use crate::returned::is_nothing;

/// What the success of an operation is: its status, and what the body holds.
///
/// Each type that is [`Returned`](crate::returned::Returned) makes its own.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerSchema {
    /// The status where the operation declares none.
    status: &'static str,
    description: String,
    content: Option<Media>,
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
struct Media {
    content_type: &'static str,
    /// Of the whole body; `None` where it is bytes.
    schema: Option<Value>,
    /// Of each part of a body that is read while it comes.
    item: Option<Value>,
}

/// Where a media type of the document has the schema of each part of a streamed
/// body. (OpenAPI 3.2 calls it `itemSchema`; 3.1 has no word for it.)
pub(crate) const ITEM: &str = "x-mfhm-item";

impl AnswerSchema {
    fn new(status: &'static str, description: impl Into<String>, content: Option<Media>) -> Self {
        Self {
            status,
            description: description.into(),
            content,
        }
    }

    /// No body.
    pub(crate) fn empty() -> Self {
        Self::new("204", "Done.", None)
    }

    /// Nothing is known: the handler's value answers for itself.
    pub(crate) fn opaque() -> Self {
        Self::new("2XX", "An answer that the handler makes by itself.", None)
    }

    /// JSON of this schema.
    pub(crate) fn json(schema: Value) -> Self {
        let content = Media {
            content_type: "application/json",
            schema: Some(schema),
            item: None,
        };
        Self::new("200", "The result.", Some(content))
    }

    /// What serde writes of a `T`: JSON, or no body where that is `()`.
    pub(crate) fn of_json<T>(schema: Value) -> Self {
        if is_nothing::<T>() {
            Self::empty()
        } else {
            Self::json(schema)
        }
    }

    /// Bytes of this content type; `*/*` when the handler chooses one.
    pub(crate) fn bytes(content_type: &'static str, description: &str) -> Self {
        let content = Media {
            content_type,
            schema: None,
            item: None,
        };
        Self::new("200", description, Some(content))
    }

    /// Text that is read while it comes, in parts that hold JSON of this schema.
    pub(crate) fn items(content_type: &'static str, description: &str, item: Value) -> Self {
        let content = Media {
            content_type,
            schema: Some(json!({ "type": "string" })),
            item: Some(item),
        };
        Self::new("200", description, Some(content))
    }

    /// The same with response headers beside it.
    pub(crate) fn with_headers(mut self) -> Self {
        self.description.push_str(" With response headers.");
        self
    }

    /// The status and the response of a document. `declared` is the status that
    /// the operation declares; an answer to HEAD has no content.
    pub(super) fn into_response(self, declared: Option<u16>, is_head: bool) -> (String, Value) {
        let status = declared.map_or_else(|| self.status.to_owned(), |status| status.to_string());
        let mut response = json!({ "description": self.description });
        if let Some(media) = self.content.filter(|_| !is_head) {
            let mut object = Map::new();
            if let Some(schema) = media.schema {
                object.insert("schema".to_owned(), schema);
            }
            if let Some(item) = media.item {
                object.insert(ITEM.to_owned(), item);
            }
            response["content"] = json!({ media.content_type: object });
        }
        (status, response)
    }
}
