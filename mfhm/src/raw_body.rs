//! Bodies that are not JSON: what `#[body(bytes)]` can stand before.

use bytes::Bytes;

/// What a body that is taken as it is can be read into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a body that is taken as it is",
    label = "neither bytes nor text",
    note = "`#[body(bytes)]` takes `mfhm::Bytes`, `Vec<u8>`, `&[u8]`, `String` and `&str`; `#[body]` takes JSON"
)]
pub trait RawBody: Sized {
    /// The body as this type.
    ///
    /// # Errors
    ///
    /// What is wrong with it; completes "the body …".
    fn from_body(body: Bytes) -> Result<Self, &'static str>;
}

impl RawBody for Bytes {
    fn from_body(body: Bytes) -> Result<Self, &'static str> {
        Ok(body)
    }
}

impl RawBody for Vec<u8> {
    fn from_body(body: Bytes) -> Result<Self, &'static str> {
        Ok(body.into())
    }
}

impl RawBody for String {
    fn from_body(body: Bytes) -> Result<Self, &'static str> {
        Self::from_utf8(body.into()).map_err(|_| "is not UTF-8")
    }
}

/// The same types as a caller gives them, owned or lent.
pub trait SendBody {
    /// What the body is declared as.
    const CONTENT_TYPE: &'static str;

    /// The body.
    fn into_body(self) -> Bytes;
}

const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! send_body {
    ($($type:ty, $content_type:ident, $value:ident => $body:expr;)*) => {$(
        impl SendBody for $type {
            const CONTENT_TYPE: &'static str = $content_type;

            fn into_body(self) -> Bytes {
                let $value = self;
                $body
            }
        }
    )*};
}

send_body! {
    Bytes, BYTES, value => value;
    &Bytes, BYTES, value => value.clone();
    Vec<u8>, BYTES, value => value.into();
    &Vec<u8>, BYTES, value => Bytes::copy_from_slice(value);
    &[u8], BYTES, value => Bytes::copy_from_slice(value);
    String, TEXT, value => value.into();
    &String, TEXT, value => Bytes::copy_from_slice(value.as_bytes());
    &str, TEXT, value => Bytes::copy_from_slice(value.as_bytes());
}
