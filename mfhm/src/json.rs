//! [`Json`]: a value that travels as JSON.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

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
        let mut input = crate::server::input::Input::new(request);
        match input.body("body").await {
            Some(value) => Ok(Self(value)),
            None => Err(input.reject()),
        }
    }
}
