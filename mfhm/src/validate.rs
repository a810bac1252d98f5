//! Rules of the types themselves, by [`garde`], for what callers send in a JSON
//! body, a form or a flattened query.
//!
//! The macros do not know which types have rules, so the choice is made by
//! method resolution, as for replies: [`RulesKind`] fits a probe of a type that
//! implements `garde::Validate`, and [`NoRulesKind`] a reference to every probe,
//! one step later. A type without rules costs nothing.

use std::marker::PhantomData;

use garde::Validate;

use crate::wire::problem::InvalidParam;

/// Stands for the type of a value in method resolution.
#[derive(Debug)]
pub struct RulesProbe<T>(PhantomData<T>);

impl<T> RulesProbe<T> {
    /// The probe of this value's type.
    pub const fn of(_value: &T) -> Self {
        Self(PhantomData)
    }
}

/// Fits a type with rules that need no context but a default.
pub trait RulesKind<T> {
    #[doc(hidden)]
    fn __mfhm_check(&self, value: &T, location: &str, name: &str) -> Vec<InvalidParam>;
}

impl<T: Validate> RulesKind<T> for RulesProbe<T>
where
    T::Context: Default,
{
    fn __mfhm_check(&self, value: &T, location: &str, name: &str) -> Vec<InvalidParam> {
        let Err(report) = value.validate() else {
            return Vec::new();
        };
        let broken = report.iter().map(|(path, error)| InvalidParam {
            name: field(&path.to_string(), name),
            location: location.to_owned(),
            detail: format!("breaks a rule: {}", error.message()),
        });
        broken.collect()
    }
}

/// Fits every type, after [`RulesKind`].
pub trait NoRulesKind<T> {
    #[doc(hidden)]
    fn __mfhm_check(&self, value: &T, location: &str, name: &str) -> Vec<InvalidParam>;
}

impl<T> NoRulesKind<T> for &RulesProbe<T> {
    fn __mfhm_check(&self, _value: &T, _location: &str, _name: &str) -> Vec<InvalidParam> {
        Vec::new()
    }
}

/// `address.zip`, or `items[2].name` below a parameter that is a list itself.
fn field(path: &str, parameter: &str) -> String {
    match path {
        "" => parameter.to_owned(),
        path if path.starts_with('[') => format!("{parameter}{path}"),
        path => path.to_owned(),
    }
}

/// Holds a parameter that was read against the rules of its type.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_validated {
    ($input:ident, $location:literal, $name:literal, $read:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{NoRulesKind as _, RulesKind as _};
        match $read {
            ::core::option::Option::Some(value) => {
                let probe = &$crate::__private::RulesProbe::of(&value);
                let broken = probe.__mfhm_check(&value, $location, $name);
                $input.validated(value, broken)
            }
            ::core::option::Option::None => ::core::option::Option::None,
        }
    }};
}

/// Holds an argument of a local call against the rules of its type.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_check_rules {
    ($broken:ident, $location:literal, $name:literal, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{NoRulesKind as _, RulesKind as _};
        let probe = &$crate::__private::RulesProbe::of(&$value);
        ::core::iter::Extend::extend(&mut $broken, probe.__mfhm_check(&$value, $location, $name));
    }};
}
