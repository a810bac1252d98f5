//! A decoded JSON text, as Python sees it.

use super::Method;

/// Any JSON value. Objects keep the order of their keys; of a doubled key the
/// last value counts, at the place of the first, as in a Python `dict`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A decimal number of any size, without superfluous signs.
    Int(String),
    Float(f64),
    Text(Text),
    List(Vec<Value>),
    Dict(Vec<(Text, Value)>),
}

impl Value {
    /// The value under `name`, if this is an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let Self::Dict(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(key, _)| key.is(name))
            .map(|(_, value)| value)
    }

    /// The text, if this is one that Unicode can write.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.as_str(),
            _ => None,
        }
    }

    /// The number, if this is an integer from 1 to 65535.
    pub(super) fn as_port(&self) -> Option<u16> {
        match self {
            Self::Int(digits) => digits.parse().ok().filter(|port| *port != 0),
            _ => None,
        }
    }
}

/// A text that may hold lone surrogates: JSON can escape them and Python keeps
/// them, but Rust's strings cannot. They are shown as U+FFFD and remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Text {
    shown: String,
    has_surrogate: bool,
}

impl Text {
    pub(super) fn push(&mut self, point: u32) {
        match char::from_u32(point) {
            Some(character) => self.shown.push(character),
            None => {
                self.shown.push(char::REPLACEMENT_CHARACTER);
                self.has_surrogate = true;
            }
        }
    }

    /// The text, with U+FFFD in place of each lone surrogate.
    #[cfg(feature = "center")]
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The text, unless it has a lone surrogate.
    pub(super) fn as_str(&self) -> Option<&str> {
        (!self.has_surrogate).then_some(self.shown.as_str())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.as_str() == Some(text)
    }

    /// Length in code points.
    #[cfg(feature = "center")]
    pub(super) fn len(&self) -> usize {
        self.shown.chars().count()
    }

    /// The text cut into its code points. A surrogate taints them all, which is
    /// harmless: such a text is refused, whichever part it is in.
    #[cfg(feature = "center")]
    pub(super) fn letters(&self) -> impl Iterator<Item = Text> {
        self.shown.chars().map(|letter| Text {
            shown: letter.into(),
            has_surrogate: self.has_surrogate,
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self {
            shown: text.to_owned(),
            has_surrogate: false,
        }
    }
}

/// The `methods` of an instance, if they have the shape that a center stores.
pub(super) fn decode_methods(value: &Value) -> Option<Vec<(String, Method)>> {
    let Value::Dict(entries) = value else {
        return None;
    };
    let decode = |(name, entry): &(Text, Value)| {
        let path = entry.get("path")?.as_str()?.to_owned();
        let Value::List(methods) = entry.get("methods")? else {
            return None;
        };
        let methods = methods
            .iter()
            .map(|method| method.as_str().map(str::to_owned));
        Some((
            name.as_str()?.to_owned(),
            Method {
                path,
                methods: methods.collect::<Option<_>>()?,
            },
        ))
    };
    entries.iter().map(decode).collect()
}
