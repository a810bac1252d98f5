//! The fields of a struct, each under its name.

use std::fmt::Display;

use serde::ser::{Impossible, Serialize, SerializeMap, SerializeStruct};

use super::{Unsendable, encode, unsendable};

/// Gives each text of each field of `value`, with the field's name, to `sink`.
pub(crate) fn encode_fields<T: Serialize + ?Sized>(
    value: &T,
    sink: &mut dyn FnMut(&str, &str),
) -> Result<(), Unsendable> {
    value.serialize(FieldsEncoder { sink })
}

struct FieldsEncoder<'a> {
    sink: &'a mut dyn FnMut(&str, &str),
}

fn no_fields<T>() -> Result<T, Unsendable> {
    Err(Unsendable(
        "is neither a struct nor a map, so it has no fields".to_owned(),
    ))
}

macro_rules! no_fields {
    ($($method:ident($($argument:ty),*))*) => {
        $(fn $method(self $(, _: $argument)*) -> Result<(), Unsendable> { no_fields() })*
    };
}

impl<'a> serde::Serializer for FieldsEncoder<'a> {
    type Ok = ();
    type Error = Unsendable;
    type SerializeSeq = Impossible<(), Unsendable>;
    type SerializeTuple = Impossible<(), Unsendable>;
    type SerializeTupleStruct = Impossible<(), Unsendable>;
    type SerializeTupleVariant = Impossible<(), Unsendable>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Impossible<(), Unsendable>;

    no_fields! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str)
        serialize_bytes(&[u8]) serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn collect_str<T: Display + ?Sized>(self, _value: &T) -> Result<(), Unsendable> {
        no_fields()
    }

    fn serialize_none(self) -> Result<(), Unsendable> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsendable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unsendable> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unsendable> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unsendable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Unsendable> {
        unsendable("an enum variant with fields")
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, Unsendable> {
        no_fields()
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Unsendable> {
        no_fields()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsendable> {
        no_fields()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsendable> {
        unsendable("an enum variant with fields")
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Members<'a>, Unsendable> {
        Ok(Members {
            sink: self.sink,
            key: String::new(),
        })
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Members<'a>, Unsendable> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Unsendable> {
        unsendable("an enum variant with fields")
    }
}

struct Members<'a> {
    sink: &'a mut dyn FnMut(&str, &str),
    /// The name whose value comes next, in a map.
    key: String,
}

impl Members<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unsendable> {
        encode(value, &mut |text| (self.sink)(name, text))
            .map_err(|why| Unsendable(format!("has the field `{name}`: {why}")))
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unsendable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unsendable> {
        self.member(key, value)
    }

    fn end(self) -> Result<(), Unsendable> {
        Ok(())
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unsendable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsendable> {
        self.key.clear();
        encode(key, &mut |text| self.key.push_str(text))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsendable> {
        let key = std::mem::take(&mut self.key);
        self.member(&key, value)?;
        self.key = key;
        Ok(())
    }

    fn end(self) -> Result<(), Unsendable> {
        Ok(())
    }
}
