//! Texts that serde holds for later: below a `#[serde(flatten)]`.
//!
//! A struct that has a flattened one in it does not know which of its names mean what
//! until all have come, so serde takes each value in without saying what it shall be,
//! and reads it afterwards. A text is all that there is to give it then, and a number
//! that is held as a text is refused.
//!
//! So a value is first given as its text. When just this text is refused, which is
//! known by its place in memory, the struct is read once more with what else the
//! text can mean: a truth value, a number, or the only element of a list. It is a text
//! for as long as that is taken, so a name `"12"` stays one.
//!
//! An `Option` of a flattened struct keeps what was refused to itself, and is `None`.
//! So each refusal is noted as well, by thread: serde makes errors without a place to
//! put anything.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::Unexpected;

/// What texts are given as, by their places in memory.
#[derive(Debug, Default)]
pub(super) struct Held {
    forms: BTreeMap<Place, Form>,
}

/// Where a text is. Two of the same letters are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    begin: usize,
    length: usize,
}

/// What a text is given as, in place of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// The only element of a list.
    pub is_list: bool,
    pub scalar: Option<Scalar>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Place {
    pub(super) fn of(text: &str) -> Self {
        Self {
            begin: text.as_ptr().addr(),
            length: text.len(),
        }
    }
}

impl Held {
    pub(super) fn form(&self, text: &str) -> Form {
        if self.forms.is_empty() {
            return Form::default();
        }
        self.forms
            .get(&Place::of(text))
            .copied()
            .unwrap_or_default()
    }

    /// Gives a text that was refused in another form; false when there is none.
    pub(super) fn reform(&mut self, text: &str, expected: &str) -> bool {
        let form = self.forms.entry(Place::of(text)).or_default();
        let is_list = ["a sequence", "a tuple", "an array"]
            .iter()
            .any(|list| expected.starts_with(list));
        if is_list && !form.is_list {
            form.is_list = true;
            return true;
        }
        if form.scalar.is_none() {
            form.scalar = Scalar::of(text);
            return form.scalar.is_some();
        }
        false
    }

    /// Whether a value that was refused may be this text.
    pub(super) fn is_given_as(&self, text: &str, refused: Scalar) -> bool {
        self.form(text).scalar == Some(refused)
    }
}

impl Scalar {
    fn of(text: &str) -> Option<Self> {
        if let Ok(truth) = text.parse() {
            return Some(Self::Bool(truth));
        }
        if let Ok(number) = text.parse() {
            return Some(Self::Unsigned(number));
        }
        if let Ok(number) = text.parse() {
            return Some(Self::Signed(number));
        }
        let float: f64 = text.parse().ok()?;
        // `1e400` is no way to write infinity; `inf` is.
        let is_too_large = float.is_infinite() && text.contains(|c: char| c.is_ascii_digit());
        (!is_too_large).then_some(Self::Float(float))
    }

    /// The value that serde says it did not expect.
    pub(super) fn unexpected(value: &Unexpected<'_>) -> Option<Self> {
        match value {
            Unexpected::Bool(truth) => Some(Self::Bool(*truth)),
            Unexpected::Unsigned(number) => Some(Self::Unsigned(*number)),
            Unexpected::Signed(number) => Some(Self::Signed(*number)),
            Unexpected::Float(number) => Some(Self::Float(*number)),
            _ => None,
        }
    }
}

/// What was refused in one reading of a struct, also where it was kept back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Missing(&'static str),
    Text { place: Place, expected: String },
}

thread_local! {
    static REFUSALS: RefCell<Vec<Refusal>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn note(refusal: Refusal) {
    REFUSALS.with_borrow_mut(|refusals| refusals.push(refusal));
}

/// What was noted since it was asked last.
pub(super) fn noted() -> Vec<Refusal> {
    REFUSALS.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_forms_that_it_can_mean() {
        for (text, expected) in [
            ("true", Some(Scalar::Bool(true))),
            ("7", Some(Scalar::Unsigned(7))),
            ("-7", Some(Scalar::Signed(-7))),
            ("1.5", Some(Scalar::Float(1.5))),
            ("inf", Some(Scalar::Float(f64::INFINITY))),
            ("1e400", None),
            ("yes", None),
            ("", None),
        ] {
            assert_eq!(Scalar::of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn each_text_is_reformed_once_in_each_way() {
        let text = String::from("7");
        let other = String::from("7");
        let mut held = Held::default();
        assert!(held.reform(&text, "a sequence") && held.form(&text).is_list);
        assert!(held.reform(&text, "u8"));
        assert_eq!(held.form(&text).scalar, Some(Scalar::Unsigned(7)));
        assert!(!held.reform(&text, "u8") && !held.reform(&text, "a sequence"));
        assert_eq!(held.form(&other).scalar, None, "the same letters elsewhere");
    }
}
