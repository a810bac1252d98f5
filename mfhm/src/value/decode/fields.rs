//! The fields of a struct, each with the texts that a query string or a form
//! holds under its name.
//!
//! A name that the struct does not have is ignored. A field without a text is
//! absent; only when serde then finds it missing is it read as no text at all,
//! which an empty list is sent as. So `#[serde(default)]` keeps its meaning. Below a
//! `#[serde(flatten)]` a text is tried in [other forms](super::held) when it is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Expected, MapAccess, Unexpected, Visitor};

use super::held::{Held, Place, Scalar};
use super::{Decoder, Invalid, quoted};

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
        // It ends: each round adds a field, or a form of a text, that there was not.
        loop {
            let decoder = FieldsDecoder {
                fields: self,
                absent: &absent,
                held: &held,
            };
            let refused = match T::deserialize(decoder) {
                Ok(read) => return Ok(read),
                Err(refused) => refused,
            };
            match &refused.why {
                Why::Missing(name) if self.can_be_empty(name, &absent) => {
                    absent.push(name);
                    missing = Some(refused);
                }
                Why::Text { place, expected } => match self.at(*place) {
                    Some((_, text)) if held.reform(text, expected) => {}
                    Some((name, text)) => return Err(InvalidField::not(name, text, expected)),
                    None => return Err(refused),
                },
                Why::Scalar { scalar, expected } => {
                    let mut given = self
                        .texts()
                        .filter(|(_, text)| held.is_given_as(text, *scalar));
                    return Err(match (given.next(), given.next()) {
                        (Some((name, text)), None) => InvalidField::not(name, text, expected),
                        _ => refused,
                    });
                }
                // It may be the list that stands for a field that is missing.
                Why::List => return Err(missing.unwrap_or(refused)),
                Why::Missing(_) | Why::Other => return Err(refused),
            }
        }
    }

    fn can_be_empty(&self, name: &str, absent: &[&str]) -> bool {
        !absent.contains(&name) && !self.texts.contains_key(name)
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
    Missing(&'static str),
    /// A text that serde held, where something else was expected.
    Text {
        place: Place,
        expected: String,
    },
    /// What a text was given as, likewise.
    Scalar {
        scalar: Scalar,
        expected: String,
    },
    List,
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
            (Unexpected::Str(text), _) => Why::Text {
                place: Place::of(text),
                expected,
            },
            (Unexpected::Seq, _) => Why::List,
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
            why: Why::Missing(field),
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
    held: &'a Held,
}

impl<'de> serde::Deserializer<'de> for FieldsDecoder<'de> {
    type Error = InvalidField;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidField> {
        let given = self.fields.texts.iter();
        let given = given.map(|(name, texts)| (&**name, texts.texts.as_slice(), texts.has_invalid));
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
            // Each in a place of its own, as in a request.
            let text = text.map(|text| Cow::Owned(text.to_owned()));
            fields.add(Cow::Borrowed(name), text);
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

    #[derive(Debug, PartialEq, Deserialize)]
    struct Page {
        page: u8,
        #[serde(default)]
        is_open: bool,
        ratio: Option<f64>,
        id: Vec<i32>,
        letter: Option<char>,
        #[serde(flatten)]
        below: Below,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Below {
        name: String,
        most: Option<u64>,
        colour: Option<Colour>,
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Search {
        text: String,
        #[serde(flatten)]
        page: Page,
    }

    #[test]
    fn what_is_flattened_further_has_numbers_and_lists_too() {
        let given = fields(&[
            ("text", Some("12")),
            ("page", Some("7")),
            ("is_open", Some("true")),
            ("ratio", Some("7")),
            ("id", Some("-7")),
            ("letter", Some("7")),
            ("name", Some("7")),
            ("most", Some("7")),
            ("colour", Some("red")),
            ("other", Some("true")),
        ]);
        let read: Search = given.decode().unwrap();
        let below = Below {
            name: "7".to_owned(),
            most: Some(7),
            colour: Some(Colour::Red),
            rest: [("other".to_owned(), "true".to_owned())].into(),
        };
        let page = Page {
            page: 7,
            is_open: true,
            ratio: Some(7.0),
            id: vec![-7],
            letter: Some('7'),
            below,
        };
        assert_eq!((read.text.as_str(), read.page), ("12", page));

        let least = [("text", Some("")), ("page", Some("0")), ("name", Some(""))];
        let read: Search = fields(&least).decode().unwrap();
        assert_eq!((read.page.id, read.page.below.most), (vec![], None));
        let several = [&least[..], &[("id", Some("1")), ("id", Some("2"))]].concat();
        let read: Search = fields(&several).decode().unwrap();
        assert_eq!(read.page.id, [1, 2]);
    }

    #[test]
    fn a_refusal_names_what_is_flattened_further() {
        let good = |name: &str, text: &'static str| {
            let given = [("text", "a"), ("page", "1"), ("name", "b")];
            let mut given: Vec<_> = given
                .into_iter()
                .filter(|(other, _)| *other != name)
                .collect();
            let names = ["page", "is_open", "id", "most", "ratio", "colour"];
            let name = names.into_iter().find(|other| *other == name).unwrap();
            given.push((name, text));
            let given: Vec<_> = given
                .iter()
                .map(|(name, text)| (*name, Some(*text)))
                .collect();
            let refused = fields(&given).decode::<Search>().unwrap_err();
            assert_eq!(refused.name.as_deref(), Some(name), "{refused}");
            refused.to_string()
        };
        assert_eq!(good("page", "x"), "is \"x\", expected u8");
        assert_eq!(good("page", "300"), "is \"300\", expected u8");
        assert_eq!(good("is_open", "yes"), "is \"yes\", expected a boolean");
        assert_eq!(good("id", "1.5"), "is \"1.5\", expected i32");
        assert_eq!(good("most", "-1"), "is \"-1\", expected u64");
        assert_eq!(good("ratio", "1e400"), "is \"1e400\", expected f64");
        let refused = fields(&[("text", Some("a")), ("name", Some("b"))]);
        let refused = refused.decode::<Search>().unwrap_err();
        assert_eq!(refused.name.as_deref(), Some("page"));
        assert_eq!(refused.to_string(), "is missing");
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
