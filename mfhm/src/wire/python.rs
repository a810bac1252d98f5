//! The endpoints of the Python package mfhm, versions 0.0.2 and 0.1.1.
//!
//! Python services and proxies were written against FastAPI 0.75 and pydantic
//! 1, so what those accept and answer is the contract, down to the words of a
//! refusal. Everything here is a pure function: bytes in, values or bytes out.
//! A request goes through these steps:
//!
//! ```text
//! path ── text::decode_path ── check_name, check_offline ──┐
//! body ── encoding ── json ── coerce ── validate ──────────┴─ Online, or a Refusal
//! ```
//!
//! The center uses [`decode_online`] and its neighbours, the answers and
//! [`decode_cache`]; a Rust service or caller that meets a Python center uses
//! [`encode_online`], [`decode_code`] and [`decode_found_service`]. The answers
//! are supersets that suit the clients of both versions.
//!
//! Deliberately not as in Python: the two transmission fields may be absent
//! (services of 0.0.2 do not know them); a lone surrogate, and a key that no
//! header can carry, are refused at once instead of failing every later lookup
//! or ping; key data without a type is dropped; and a URL never leaves the
//! instance's own host and port.

#[cfg(feature = "center")]
mod answer;
#[cfg(feature = "center")]
mod cache;
#[cfg(feature = "center")]
mod coerce;
#[cfg(any(feature = "client", feature = "center"))]
mod encoding;
#[cfg(any(feature = "client", feature = "center"))]
mod json;
#[cfg(any(feature = "client", feature = "server"))]
mod peer;
#[cfg(feature = "center")]
mod refusal;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
mod template;
#[cfg(feature = "center")]
mod text;
#[cfg(feature = "center")]
mod url;
#[cfg(feature = "center")]
mod validate;
#[cfg(any(feature = "client", feature = "center"))]
mod value;

#[cfg(all(test, feature = "center"))]
mod tests;

use serde::Serialize;
#[cfg(any(feature = "server", feature = "center"))]
use serde::ser::{SerializeMap, Serializer};

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use self::peer::decode_code;
#[cfg(feature = "client")]
pub(crate) use self::peer::decode_found_service;
#[cfg(feature = "server")]
pub(crate) use self::peer::encode_online;
#[cfg(any(feature = "client", feature = "center"))]
pub(crate) use self::template::from_python_template;
#[cfg(any(feature = "server", feature = "center"))]
pub(crate) use self::template::to_python_template;
#[cfg(feature = "center")]
pub(crate) use self::{
    answer::{
        Found, found_api, found_service, method_not_allowed, missing_api, missing_service,
        missing_service_for_api, not_found, ok, service_is_online, service_not_online,
    },
    cache::{CachedInstance, decode_cache},
    refusal::Refusal,
    text::decode_path,
    url::api_url,
    validate::{PathParam, check_name, check_names, check_offline, decode_online},
};

/// One API of a Python service: its path template and its HTTP methods, both
/// exactly as registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Method {
    /// Template such as `/item/{item_id}`.
    pub path: String,
    /// HTTP methods, in whatever case and order the service sent.
    pub methods: Vec<String>,
}

/// Writes named methods as a JSON object and keeps their order.
#[cfg(any(feature = "server", feature = "center"))]
struct Methods<'a>(&'a [(String, Method)]);

#[cfg(any(feature = "server", feature = "center"))]
impl Serialize for Methods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, method) in self.0 {
            map.serialize_entry(name, method)?;
        }
        map.end()
    }
}

/// Compact JSON, non-ASCII characters as they are: what Python's center writes.
#[cfg(any(feature = "server", feature = "center"))]
fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("text, numbers and maps with text keys can be written")
}
