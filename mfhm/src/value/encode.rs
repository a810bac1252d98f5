//! Values to text.

mod fields;

use std::fmt::{self, Display, Write as _};

use serde::ser::{Impossible, Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct};

pub(crate) use self::fields::encode_fields;

/// Gives each text of `value` to `sink`, in order.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    sink: &mut dyn FnMut(&str),
) -> Result<(), Unsendable> {
    value.serialize(Encoder {
        sink,
        in_list: false,
    })
}

/// A value that has no form as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsendable(String);

impl Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsendable {}

impl serde::ser::Error for Unsendable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

fn unsendable<T>(what: &str) -> Result<T, Unsendable> {
    Err(Unsendable(format!(
        "{what} cannot travel in a path, a query or a header; send it as the body"
    )))
}

struct Encoder<'a> {
    sink: &'a mut dyn FnMut(&str),
    in_list: bool,
}

impl Encoder<'_> {
    /// Formats without allocating: numbers fit the buffer.
    fn emit(self, value: impl Display) -> Result<(), Unsendable> {
        let mut text = Short::default();
        match write!(text, "{value}") {
            Ok(()) => (self.sink)(text.as_str()),
            Err(_) => (self.sink)(&value.to_string()),
        }
        Ok(())
    }
}

/// Room for the longest integer, and for most floats.
struct Short {
    bytes: [u8; 48],
    length: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self {
            bytes: [0; 48],
            length: 0,
        }
    }
}

impl Short {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("only whole texts are written")
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

macro_rules! display {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Result<(), Unsendable> { self.emit(value) })*
    };
}

impl<'a> serde::Serializer for Encoder<'a> {
    type Ok = ();
    type Error = Unsendable;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = Impossible<(), Unsendable>;
    type SerializeMap = Impossible<(), Unsendable>;
    type SerializeStruct = Impossible<(), Unsendable>;
    type SerializeStructVariant = Impossible<(), Unsendable>;

    display! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char)
    }

    fn serialize_str(self, value: &str) -> Result<(), Unsendable> {
        (self.sink)(value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Unsendable> {
        self.emit(value)
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

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Unsendable> {
        (self.sink)(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unsendable> {
        value.serialize(self)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<List<'a>, Unsendable> {
        if self.in_list {
            return unsendable("a list within a list");
        }
        Ok(List { sink: self.sink })
    }

    fn serialize_tuple(self, _length: usize) -> Result<List<'a>, Unsendable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<List<'a>, Unsendable> {
        self.serialize_seq(None)
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), Unsendable> {
        unsendable("a byte string")
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

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsendable> {
        unsendable("an enum variant with fields")
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

    fn serialize_map(self, _length: Option<usize>) -> Result<Self::SerializeMap, Unsendable> {
        unsendable("a map")
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStruct, Unsendable> {
        unsendable("a struct")
    }
}

struct List<'a> {
    sink: &'a mut dyn FnMut(&str),
}

impl List<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsendable> {
        value.serialize(Encoder {
            sink: self.sink,
            in_list: true,
        })
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Unsendable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsendable> {
        self.element(value)
    }

    fn end(self) -> Result<(), Unsendable> {
        Ok(())
    }
}

impl SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Unsendable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsendable> {
        self.element(value)
    }

    fn end(self) -> Result<(), Unsendable> {
        Ok(())
    }
}

impl SerializeTupleStruct for List<'_> {
    type Ok = ();
    type Error = Unsendable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsendable> {
        self.element(value)
    }

    fn end(self) -> Result<(), Unsendable> {
        Ok(())
    }
}
