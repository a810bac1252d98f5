//! The fields of a struct, each with the texts that a query string or a form
//! holds under its name.
//!
//! A name that the struct does not have is ignored. A field without a text is
//! absent; only when serde then finds it missing is it read as no text at all,
//! which an empty list is sent as. So `#[serde(default)]` keeps its meaning. Below a
//! `#[serde(flatten)]` a text is tried in [other forms](super::held) when it is refused.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Expected, MapAccess, Unexpected, Visitor};

use super::held::{self, Held, Place, Refusal, Scalar};
use super::{Decoder, Invalid, quoted};

/// A struct is read so often at most. Each time finds one field that is absent, or one
/// below a `#[serde(flatten)]` that is no text.
const ROUNDS: usize = 200;

/// The texts of a query string or a form, by name.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    texts: BTreeMap<Cow<'a, str>, Texts<'a>>,
}

#[derive(Debug, Default)]
struct Texts<'a> {
    texts: Vec<Cow<'a, str>>,
    has_invalid: bool,
}

impl<'a> Fields<'a> {
    /// Adds a text; `None` is one that is not UTF-8.
    pub(crate) fn add(&mut self, name: Cow<'a, str>, text: Option<Cow<'a, str>>) {
        let texts = self.texts.entry(name).or_default();
        match text {
            Some(text) => texts.texts.push(text),
            None => texts.has_invalid = true,
        }
    }

    /// Reads a struct.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, InvalidField> {
        let mut absent = Vec::new();
        let mut held = Held::default();
        // A field that is missing also when it is read as no text at all.
        let mut missing = None;
        // A struct that is whole but for what an `Option` in it kept back.
        let mut whole = None;
        for _ in 0..ROUNDS {
            held::noted();
            let decoder = FieldsDecoder {
                fields: self,
                absent: &absent,
                held: &held,
                is_first_only: false,
            };
            let refused = match (T::deserialize(decoder), whole.take()) {
                (Ok(read), _) => {
                    let mut kept_back = held::noted().into_iter();
                    if !kept_back.any(|refusal| self.mend(&refusal, &mut absent, &mut held)) {
                        return Ok(read);
                    }
                    whole = Some(read);
                    continue;
                }
                // What was changed for the `Option` is needed as it was elsewhere.
                (Err(_), Some(whole)) => return Ok(whole),
                (Err(refused), None) => refused,
            };
            match &refused.why {
                Why::Refused(refusal) if self.mend(refusal, &mut absent, &mut held) => {
                    if let Refusal::Missing(_) = refusal {
                        missing = Some(refused);
                    }
                }
                Why::Refused(Refusal::Text { place, expected }) => {
                    return Err(match self.at(*place) {
                        Some((name, text)) => InvalidField::not(name, text, expected),
                        None => refused,
                    });
                }
                Why::Scalar { scalar, expected } => {
                    let given = self.texts();
                    let given = given.filter(|(_, text)| held.is_given_as(text, *scalar));
                    return Err(match only(given) {
                        Some((name, text)) => InvalidField::not(name, text, expected),
                        None => refused,
                    });
                }
                Why::NotUtf8 => {
                    let invalid = self.texts.iter().filter(|(_, texts)| texts.has_invalid);
                    return Err(match only(invalid) {
                        Some((name, _)) => InvalidField::of(name, "is not UTF-8"),
                        None => refused,
                    });
                }
                Why::List => {
                    // It may be one that was given several times, or else the list that
                    // stands for a field that is missing.
                    let decoder = FieldsDecoder {
                        fields: self,
                        absent: &absent,
                        held: &held,
                        is_first_only: true,
                    };
                    let once = T::deserialize(decoder).err();
                    let is_several = once.is_none_or(|once| once.why != Why::List);
                    return Err(match missing {
                        _ if is_several => self.one_of_several().unwrap_or(refused),
                        Some(missing) => missing,
                        None => refused,
                    });
                }
                Why::Refused(Refusal::Missing(_)) | Why::Other => return Err(refused),
            }
        }
        whole.ok_or_else(|| {
            let detail = format!("has more than {ROUNDS} fields that are no texts or are missing");
            InvalidField::because(Why::Other, detail)
        })
    }

    /// Changes what was refused, if it can be read in another way.
    fn mend(&self, refusal: &Refusal, absent: &mut Vec<&'static str>, held: &mut Held) -> bool {
        match refusal {
            Refusal::Missing(name) => {
                let can_be_empty = self.can_be_empty(name, absent);
                if can_be_empty {
                    absent.push(name);
                }
                can_be_empty
            }
            Refusal::Text { place, expected } => {
                let text = self.at(*place);
                text.is_some_and(|(_, text)| held.reform(text, expected))
            }
        }
    }

    fn can_be_empty(&self, name: &str, absent: &[&str]) -> bool {
        !absent.contains(&name) && !self.texts.contains_key(name)
    }

    /// The only field that was given several times.
    fn one_of_several(&self) -> Option<InvalidField> {
        let several = self.texts.iter();
        let (name, texts) = only(several.filter(|(_, texts)| texts.texts.len() > 1))?;
        let refused = Decoder::of(&texts.texts).one().err()?;
        Some(InvalidField::of(name, refused))
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().flat_map(|(name, texts)| {
            let texts = texts.texts.iter();
            texts.map(move |text| (&**name, &**text))
        })
    }

    /// The text at this place, and its name.
    fn at(&self, place: Place) -> Option<(&str, &str)> {
        self.texts().find(|(_, text)| Place::of(text) == place)
    }
}

/// The item, if it is the only one.
fn only<I: Iterator>(mut items: I) -> Option<I::Item> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// Why a struct was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InvalidField {
    /// `None` when it is none of the fields alone.
    pub(crate) name: Option<String>,
    why: Why,
    detail: String,
}

/// What can be done about it.
#[derive(Clone, Debug, PartialEq)]
enum Why {
    /// What may be read in another way.
    Refused(Refusal),
    /// What a text that serde held was given as, where something else was expected.
    Scalar {
        scalar: Scalar,
        expected: String,
    },
    List,
    NotUtf8,
    Other,
}

impl InvalidField {
    fn of(name: &str, detail: impl Display) -> Self {
        Self {
            name: Some(name.to_owned()),
            why: Why::Other,
            detail: detail.to_string(),
        }
    }

    fn not(name: &str, text: &str, expected: &str) -> Self {
        Self::of(name, format!("is {}, expected {expected}", quoted(text)))
    }

    fn because(why: Why, detail: String) -> Self {
        if let Why::Refused(refusal) = &why {
            held::note(refusal.clone());
        }
        Self {
            name: None,
            why,
            detail,
        }
    }

    /// A value that serde held is not what is expected.
    fn unexpected(what: &str, value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let detail = format!("invalid {what}: {value}, expected {expected}");
        let expected = expected.to_string();
        let why = match (&value, Scalar::unexpected(&value)) {
            (Unexpected::Str(text), _) => Why::Refused(Refusal::Text {
                place: Place::of(text),
                expected,
            }),
            (Unexpected::Seq, _) => Why::List,
            (Unexpected::Bytes(_), _) => Why::NotUtf8,
            (_, Some(scalar)) => Why::Scalar { scalar, expected },
            _ => Why::Other,
        };
        Self::because(why, detail)
    }
}

impl Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for InvalidField {}

impl serde::de::Error for InvalidField {
    fn custom<T: Display>(message: T) -> Self {
        Self::because(Why::Other, message.to_string())
    }

    fn invalid_type(value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected("type", value, expected)
    }

    fn invalid_value(value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected("value", value, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            name: Some(field.to_owned()),
            ..Self::because(
                Why::Refused(Refusal::Missing(field)),
                "is missing".to_owned(),
            )
        }
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::of(field, "is not known here")
    }
}

#[derive(Clone, Copy)]
struct FieldsDecoder<'a> {
    fields: &'a Fields<'a>,
    /// Fields that are read as no text at all.
    absent: &'a [&'static str],
    held: &'a Held,
    /// Gives one text of those that a field has.
    is_first_only: bool,
}

impl<'de> serde::Deserializer<'de> for FieldsDecoder<'de> {
    type Error = InvalidField;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidField> {
        let given = self.fields.texts.iter();
        let most = if self.is_first_only { 1 } else { usize::MAX };
        let given = given.map(move |(name, texts)| {
            let given = texts.texts.as_slice();
            (&**name, &given[..given.len().min(most)], texts.has_invalid)
        });
        let absent = self.absent.iter().map(|name| (*name, &[][..], false));
        visitor.visit_map(Access {
            entries: given.chain(absent),
            value: None,
            held: self.held,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidField> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidField> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidField> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidField> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

type Entry<'a> = (&'a str, &'a [Cow<'a, str>], bool);

struct Access<'a, I> {
    entries: I,
    value: Option<Entry<'a>>,
    held: &'a Held,
}

impl<'de, I: Iterator<Item = Entry<'de>>> MapAccess<'de> for Access<'de, I> {
    type Error = InvalidField;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, InvalidField> {
        self.value = self.entries.next();
        let Some((name, ..)) = self.value else {
            return Ok(None);
        };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, InvalidField> {
        let Some((name, texts, has_invalid)) = self.value.take() else {
            return Err(serde::de::Error::custom("a value comes after its name"));
        };
        let read = if has_invalid {
            seed.deserialize(NotUtf8)
        } else {
            seed.deserialize(Decoder {
                held: Some(self.held),
                ..Decoder::of(texts)
            })
        };
        read.map_err(|invalid| InvalidField::of(name, invalid))
    }
}

/// Can only be ignored. What serde holds for later are bytes that are no text.
struct NotUtf8;

impl<'de> serde::Deserializer<'de> for NotUtf8 {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        let held = visitor.visit_bytes(b"\xff");
        held.map_err(|_: Invalid| serde::de::Error::custom("is not UTF-8"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq
        tuple tuple_struct map struct enum identifier option unit unit_struct newtype_struct
    }
}
