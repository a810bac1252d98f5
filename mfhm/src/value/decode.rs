//! Text to values.

mod fields;
mod held;

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, EnumAccess, SeqAccess, VariantAccess, Visitor};

use self::held::{Held, Scalar};

pub(crate) use self::fields::{Fields, InvalidField};

/// Reads one value from the texts that a request holds for it.
pub(crate) fn decode<T: DeserializeOwned>(texts: &[Cow<'_, str>]) -> Result<T, Invalid> {
    T::deserialize(Decoder::of(texts))
}

/// Why a parameter was refused; the text completes "the parameter …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(String);

impl Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

impl serde::de::Error for Invalid {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    texts: &'a [Cow<'a, str>],
    /// Where it is the field of a struct: how it is given to serde to hold.
    held: Option<&'a Held>,
    in_list: bool,
}

impl<'a> Decoder<'a> {
    fn of(texts: &'a [Cow<'a, str>]) -> Self {
        Self {
            texts,
            held: None,
            in_list: false,
        }
    }

    fn one(self) -> Result<&'a str, Invalid> {
        match self.texts {
            [text] => Ok(text),
            [] => Err(Invalid("is missing".to_owned())),
            several => Err(Invalid(format!(
                "is given {} times; it may be given once",
                several.len()
            ))),
        }
    }

    fn parse<T: std::str::FromStr>(self, expected: &str) -> Result<T, Invalid> {
        let text = self.one()?;
        text.parse()
            .map_err(|_| Invalid(format!("is {}, expected {expected}", quoted(text))))
    }
}

impl Decoder<'_> {
    /// `1e400` is no way to write infinity; `inf` is.
    fn in_range(self, is_infinite: bool) -> Result<(), Invalid> {
        let text = self.one()?;
        if is_infinite && text.contains(|c: char| c.is_ascii_digit()) {
            return Err(Invalid(format!(
                "is {}, expected a number that is not as large",
                quoted(text)
            )));
        }
        Ok(())
    }
}

/// The start of a refused text, so that an answer never repeats a long one.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident $type:ty, $expected:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
            visitor.$visit(self.parse::<$type>($expected)?)
        })*
    };
}

impl<'de> serde::Deserializer<'de> for Decoder<'de> {
    type Error = Invalid;

    parse! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_i8 visit_i8 i8, "an integer from -128 to 127";
        deserialize_i16 visit_i16 i16, "an integer from -32768 to 32767";
        deserialize_i32 visit_i32 i32, "an integer of 32 bits";
        deserialize_i64 visit_i64 i64, "an integer of 64 bits";
        deserialize_i128 visit_i128 i128, "an integer of 128 bits";
        deserialize_u8 visit_u8 u8, "an integer from 0 to 255";
        deserialize_u16 visit_u16 u16, "an integer from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a non-negative integer of 32 bits";
        deserialize_u64 visit_u64 u64, "a non-negative integer of 64 bits";
        deserialize_u128 visit_u128 u128, "a non-negative integer of 128 bits";
        deserialize_char visit_char char, "one character";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        let number = self.parse::<f32>("a number")?;
        self.in_range(number.is_infinite())?;
        visitor.visit_f32(number)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        let number = self.parse::<f64>("a number")?;
        self.in_range(number.is_infinite())?;
        visitor.visit_f64(number)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        let [text] = self.texts else {
            // What serde holds for later, as in a flattened struct, may be a list. As a
            // field it may be an empty one, which has no text.
            if self.held.is_none() && self.texts.is_empty() {
                return self.one().and_then(|text| visitor.visit_str(text));
            }
            return self.deserialize_seq(visitor);
        };
        let form = self.held.map(|held| held.form(text)).unwrap_or_default();
        if form.is_list && !self.in_list {
            return self.deserialize_seq(visitor);
        }
        match form.scalar {
            None => visitor.visit_borrowed_str(text),
            Some(Scalar::Bool(truth)) => visitor.visit_bool(truth),
            Some(Scalar::Unsigned(number)) => visitor.visit_u64(number),
            Some(Scalar::Signed(number)) => visitor.visit_i64(number),
            Some(Scalar::Float(number)) => visitor.visit_f64(number),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_str(self.one()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_str(self.one()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_str(self.one()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_bytes(self.one()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_bytes(self.one()?.as_bytes())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        if self.texts.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_seq(Elements(self))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_enum(Variant(self.one()?))
    }

    fn deserialize_map<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Invalid> {
        Err(Invalid(
            "is declared as a map or a struct, which can only be the body".to_owned(),
        ))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_unit()
    }
}

/// Each text is one element.
struct Elements<'a>(Decoder<'a>);

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Invalid;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Invalid> {
        let Some((first, rest)) = self.0.texts.split_first() else {
            return Ok(None);
        };
        self.0.texts = rest;
        let element = Decoder {
            texts: std::slice::from_ref(first),
            in_list: true,
            ..self.0
        };
        seed.deserialize(element).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.texts.len())
    }
}

/// The text is the name of a unit variant.
struct Variant<'a>(&'a str);

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Invalid;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, UnitOnly), Invalid> {
        let name = StrDeserializer::new(self.0);
        Ok((seed.deserialize(name)?, UnitOnly))
    }
}

struct UnitOnly;

impl<'de> VariantAccess<'de> for UnitOnly {
    type Error = Invalid;

    fn unit_variant(self) -> Result<(), Invalid> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Invalid> {
        Err(with_fields())
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        _visitor: V,
    ) -> Result<V::Value, Invalid> {
        Err(with_fields())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Invalid> {
        Err(with_fields())
    }
}

fn with_fields() -> Invalid {
    Invalid("names an enum variant with fields, which can only be in the body".to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn refusal<T: DeserializeOwned + std::fmt::Debug>(texts: &[&str]) -> String {
        let texts: Vec<_> = texts.iter().map(|text| Cow::Borrowed(*text)).collect();
        decode::<T>(&texts).unwrap_err().to_string()
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        assert_eq!(refusal::<u8>(&[]), "is missing");
        assert_eq!(
            refusal::<u8>(&["1", "2"]),
            "is given 2 times; it may be given once"
        );
        assert_eq!(
            refusal::<u8>(&["256"]),
            "is \"256\", expected an integer from 0 to 255"
        );
        assert_eq!(
            refusal::<Vec<bool>>(&["true", "yes"]),
            "is \"yes\", expected true or false"
        );
        assert_eq!(
            refusal::<Colour>(&["green"]),
            "unknown variant `green`, expected `red` or `blue`"
        );
        assert_eq!(
            refusal::<char>(&["ab"]),
            "is \"ab\", expected one character"
        );
        let _ = (Colour::Red, Colour::Blue);
    }

    #[test]
    fn a_refusal_does_not_repeat_a_long_text() {
        let long = "é".repeat(5000);
        assert!(refusal::<u8>(&[&long]).len() < 200);
    }
}
