//! What the fuzz targets in `fuzz/` reach inside for. Compiled for them only.

mod scripted;

use std::borrow::Cow;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::scripted::connector;
pub use self::scripted::{Scripted, script};
#[cfg(feature = "center")]
pub use crate::center::fuzzing::{assertion, center, documents, key_set, ping, stored};
pub use crate::client::fuzzing::{answer_body, ask_center, event_stream, headers, saved, settings};
pub use crate::listener::fuzzing::connection;
use crate::value;

/// Whether what can be read is read again as the same when it is written.
///
/// # Panics
///
/// When it is not.
pub(crate) fn same<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&read).expect("what was read is written");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    let again = serde_json::to_vec(&again).expect("what was read is written");
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(&written)
    );
    Some(read)
}

/// Reads a value, writes it, and reads it again.
///
/// # Panics
///
/// When what is read the second time is written in another way.
pub fn round_trip<T: Serialize + DeserializeOwned + Debug>(texts: &[&str]) {
    let texts: Vec<_> = texts.iter().map(|text| Cow::Borrowed(*text)).collect();
    let Ok(read) = value::decode::<T>(&texts) else {
        return;
    };
    // Not everything that can be read can be sent: a list in an option.
    let Some(written) = encode(&read) else {
        return;
    };
    let again = value::decode::<T>(&written);
    let again = again.unwrap_or_else(|error| panic!("{texts:?} as {written:?}: {error}"));
    assert_eq!(encode(&again), Some(written), "{texts:?} as {read:?}");
}

/// The same of a struct whose fields are those of a query.
///
/// # Panics
///
/// As [`round_trip`] does.
pub fn round_trip_fields<T: Serialize + DeserializeOwned + Debug>(pairs: &[(&str, Option<&str>)]) {
    let mut fields = value::Fields::default();
    for (name, text) in pairs {
        fields.add(Cow::Borrowed(name), text.map(Cow::Borrowed));
    }
    let Ok(read) = fields.decode::<T>() else {
        return;
    };
    let Some(written) = encode_fields(&read) else {
        return;
    };
    let mut fields = value::Fields::default();
    for (name, text) in &written {
        fields.add(Cow::Borrowed(name), Some(Cow::Borrowed(text)));
    }
    let again = fields.decode::<T>();
    let again = again.unwrap_or_else(|error| panic!("{pairs:?} as {written:?}: {error}"));
    assert_eq!(
        encode_fields(&again),
        Some(written),
        "{pairs:?} as {read:?}"
    );
}

fn encode<T: Serialize>(value: &T) -> Option<Vec<Cow<'static, str>>> {
    let mut texts = Vec::new();
    value::encode(value, &mut |text| texts.push(Cow::Owned(text.to_owned()))).ok()?;
    Some(texts)
}

fn encode_fields<T: Serialize>(value: &T) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    value::encode_fields(value, &mut |name, text| {
        pairs.push((name.to_owned(), text.to_owned()));
    })
    .ok()?;
    Some(pairs)
}
