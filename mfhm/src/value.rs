//! Parameters as text: how a value travels in a path, a query string or a
//! header, and how it is read back.
//!
//! serde decides what a value is, so newtypes, enums of unit variants, times
//! and identifiers work by their own `Serialize` and `Deserialize`. A value is
//! zero texts (`None`, an empty list), one (a scalar) or several (a list).

#[cfg(feature = "server")]
mod decode;
#[cfg(feature = "client")]
mod encode;

#[cfg(feature = "server")]
pub(crate) use decode::{Fields, Invalid, InvalidField, decode};
#[cfg(feature = "client")]
pub(crate) use encode::{encode, encode_fields};

#[cfg(all(test, feature = "client", feature = "server"))]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize, de::DeserializeOwned};

    use super::*;

    fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, Invalid> {
        let mut texts = Vec::new();
        encode(value, &mut |text| texts.push(Cow::Owned(text.to_owned()))).unwrap();
        decode(&texts)
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Meters(f64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Colour {
        DarkRed,
        Blue,
    }

    #[test]
    fn newtypes_enums_options_and_lists_survive() {
        assert_eq!(round_trip(&Meters(1.5)), Ok(Meters(1.5)));
        assert_eq!(round_trip(&Colour::DarkRed), Ok(Colour::DarkRed));
        assert_eq!(round_trip(&None::<u8>), Ok(None));
        assert_eq!(round_trip(&Some(7u8)), Ok(Some(7)));
        assert_eq!(
            round_trip(&vec![Colour::Blue, Colour::DarkRed]),
            Ok(vec![Colour::Blue, Colour::DarkRed])
        );
        assert_eq!(
            round_trip(&std::net::Ipv4Addr::LOCALHOST),
            Ok(std::net::Ipv4Addr::LOCALHOST)
        );
        assert_eq!(round_trip(&Some(vec![1, 2])), Ok(Some(vec![1, 2])));
    }

    proptest! {
        #[test]
        fn scalars_survive(text in ".*", int: i64, long: u128, float in proptest::num::f64::NORMAL, flag: bool, letter: char) {
            prop_assert_eq!(round_trip(&text), Ok(text));
            prop_assert_eq!(round_trip(&int), Ok(int));
            prop_assert_eq!(round_trip(&long), Ok(long));
            prop_assert_eq!(round_trip(&float), Ok(float));
            prop_assert_eq!(round_trip(&flag), Ok(flag));
            prop_assert_eq!(round_trip(&letter), Ok(letter));
        }

        #[test]
        fn lists_survive(list: Vec<String>) {
            prop_assert_eq!(round_trip(&list), Ok(list));
        }
    }
}
