//! The fields of a struct, each with the texts that a query string or a form
//! holds under its name.
//!
//! A name that the struct does not have is ignored. A field without a text is
//! absent; only when serde then finds it missing is it read as no text at all,
//! which an empty list is sent as. So `#[serde(default)]` keeps its meaning.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, Visitor};

use super::{Decoder, Invalid};

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
        loop {
            let decoder = FieldsDecoder {
                fields: self,
                absent: &absent,
            };
            match T::deserialize(decoder) {
                Err(InvalidField {
                    missing: Some(name),
                    ..
                }) if !absent.contains(&name) && !self.texts.contains_key(name) => {
                    absent.push(name);
                }
                read => return read,
            }
        }
    }
}

/// Why a struct was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidField {
    /// `None` when it is none of the fields alone.
    pub(crate) name: Option<String>,
    missing: Option<&'static str>,
    detail: String,
}

impl InvalidField {
    fn of(name: &str, detail: impl Display) -> Self {
        Self {
            name: Some(name.to_owned()),
            missing: None,
            detail: detail.to_string(),
        }
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
        Self {
            name: None,
            missing: None,
            detail: message.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            missing: Some(field),
            ..Self::of(field, "is missing")
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
}

impl<'de> serde::Deserializer<'de> for FieldsDecoder<'_> {
    type Error = InvalidField;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidField> {
        let given = self.fields.texts.iter();
        let given = given.map(|(name, texts)| (&**name, texts.texts.as_slice(), texts.has_invalid));
        let absent = self.absent.iter().map(|name| (*name, &[][..], false));
        visitor.visit_map(Access {
            entries: given.chain(absent),
            value: None,
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
}

impl<'a, 'de, I: Iterator<Item = Entry<'a>>> MapAccess<'de> for Access<'a, I> {
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
            seed.deserialize(Decoder { texts })
        };
        read.map_err(|invalid| InvalidField::of(name, invalid))
    }
}

/// Can only be ignored.
struct NotUtf8;

impl<'de> serde::Deserializer<'de> for NotUtf8 {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Invalid> {
        Err(serde::de::Error::custom("is not UTF-8"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq
        tuple tuple_struct map struct enum identifier option unit unit_struct newtype_struct
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Filter {
        page: Option<u32>,
        #[serde(default = "ten")]
        size: u32,
        tag: Vec<String>,
    }

    fn ten() -> u32 {
        10
    }

    fn fields(pairs: &[(&'static str, Option<&'static str>)]) -> Fields<'static> {
        let mut fields = Fields::default();
        for (name, text) in pairs {
            fields.add(Cow::Borrowed(name), text.map(Cow::Borrowed));
        }
        fields
    }

    #[test]
    fn what_is_absent_has_its_default() {
        assert_eq!(
            fields(&[("unknown", None), ("unknown", Some("1"))]).decode(),
            Ok(Filter {
                page: None,
                size: 10,
                tag: Vec::new()
            })
        );
        assert_eq!(
            fields(&[("tag", Some("a")), ("page", Some("2")), ("tag", Some("b"))]).decode(),
            Ok(Filter {
                page: Some(2),
                size: 10,
                tag: vec!["a".to_owned(), "b".to_owned()]
            })
        );
    }

    #[test]
    fn a_refusal_names_the_field() {
        #[derive(Debug, Deserialize)]
        struct Strict {
            #[allow(dead_code)]
            size: u8,
        }

        for (pairs, detail) in [
            (&[][..], "is missing"),
            (&[("size", Some("1")), ("size", Some("1"))], "2 times"),
            (&[("size", Some("x"))], "expected an integer"),
            (&[("size", None)], "is not UTF-8"),
        ] {
            let refused = fields(pairs).decode::<Strict>().unwrap_err();
            assert_eq!(refused.name.as_deref(), Some("size"));
            assert!(refused.to_string().contains(detail), "{refused}");
        }
    }
}
