//! JSON: the wrapper [`Json`], and the reading of bodies that may be wrong.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

#[cfg(any(feature = "server", feature = "center"))]
use crate::wire::problem::shown;

/// A value that travels as JSON.
///
/// Results are JSON without it; the wrapper only says so aloud, as in axum. In
/// handlers it is also an extractor.
///
/// ```
/// # #[cfg(feature = "server")] mod m {
/// use mfhm::Json;
///
/// #[derive(serde::Serialize)]
/// struct Reply { message: String }
///
/// async fn hello() -> Json<Reply> {
///     Json(Reply { message: "hello".to_owned() })
/// }
/// # }
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// The schema of the value.
#[cfg(feature = "openapi")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Json<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(feature = "server")]
impl<T: Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        crate::server::reply::json(&self.0)
    }
}

/// A body of at most 2 MiB whose content type is JSON.
#[cfg(feature = "server")]
impl<T, S> axum::extract::FromRequest<S> for Json<T>
where
    T: serde::de::DeserializeOwned,
    S: Sync,
{
    type Rejection = axum::response::Response;

    async fn from_request(
        request: axum::extract::Request,
        _state: &S,
    ) -> Result<Self, axum::response::Response> {
        let mut input = crate::server::input::Input::extracted(request);
        match input.body("body").await {
            Some(value) => Ok(Self(value)),
            None => Err(input.reject()),
        }
    }
}

/// Reads a body. What is wrong with it names the field.
///
/// # Errors
///
/// See [`Unreadable`].
#[cfg(any(feature = "server", feature = "center"))]
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| {
        if std::str::from_utf8(body).is_err() {
            return Unreadable::Syntax("is not JSON: it is not UTF-8".to_owned());
        }
        // The first error may be a wrong type before a broken end, so the
        // syntax is looked at by itself.
        if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
            return Unreadable::Syntax(format!("is not JSON: {error}"));
        }
        // Read again, this time keeping track of where: only a refusal pays.
        let tracked = &mut serde_json::Deserializer::from_slice(body);
        let detail = match serde_path_to_error::deserialize::<_, T>(tracked) {
            Err(error) if error.path().iter().next().is_some() => {
                let path = error.path().to_string();
                let why = error.inner().to_string();
                format!(
                    "does not fit: at `{}`: {}",
                    shown(&path, 100),
                    shown(&why, 200)
                )
            }
            _ => format!("does not fit: {}", shown(&error.to_string(), 200)),
        };
        Unreadable::Shape(detail)
    })
}

/// Why a body cannot be read; the text completes "the body …".
#[cfg(any(feature = "server", feature = "center"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not JSON: not understood, 400.
    Syntax(String),
    /// It is JSON of another shape: understood and refused, 422.
    Shape(String),
}

#[cfg(all(test, any(feature = "server", feature = "center")))]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        lines: Vec<Line>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Line {
        count: u8,
    }

    fn refusal(body: &str) -> Unreadable {
        read::<Order>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_field_is_named() {
        let Unreadable::Shape(text) = refusal(r#"{"lines":[{"count":1},{"count":300}]}"#) else {
            panic!("it is JSON");
        };
        assert!(
            text.starts_with("does not fit: at `lines[1].count`: invalid value"),
            "{text}"
        );
        let Unreadable::Shape(text) = refusal("{}") else {
            panic!("it is JSON")
        };
        assert!(text.contains("missing field `lines`"), "{text}");
    }

    #[test]
    fn broken_json_is_told_from_json_of_another_shape() {
        for broken in ["{", "[1,", "", "nope", "\u{0}"] {
            assert!(matches!(refusal(broken), Unreadable::Syntax(_)), "{broken}");
        }
        for other in ["1", "null", "[]", r#"{"lines":0}"#] {
            assert!(matches!(refusal(other), Unreadable::Shape(_)), "{other}");
        }
    }
}
