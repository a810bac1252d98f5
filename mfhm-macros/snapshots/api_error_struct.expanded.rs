#[automatically_derived]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
impl crate::reexported::__private::ApiError for Closed {
    const VARIANTS: &'static [crate::reexported::__private::ErrorVariant] = &[
        crate::reexported::__private::ErrorVariant::new("closed", 503u16, ""),
    ];
    fn status(&self) -> crate::reexported::__private::StatusCode {
        match *self {
            Self { .. } => crate::reexported::__private::status(503u16),
        }
    }
    fn code(&self) -> &'static ::core::primitive::str {
        match *self {
            Self { .. } => "closed",
        }
    }
    fn is_internal(&self) -> ::core::primitive::bool {
        match *self {
            Self { .. } => false,
        }
    }
    fn data(&self) -> crate::reexported::__private::Data {
        match *self {
            Self { until: ref __mfhm_f0 } => {
                let mut __mfhm_data = crate::reexported::__private::Data::new();
                __mfhm_data = crate::reexported::__private::ErrorField::<String>::new()
                    .put(__mfhm_data, "until", __mfhm_f0);
                __mfhm_data
            }
        }
    }
    fn from_data(
        __mfhm_code: &::core::primitive::str,
        __mfhm_data: &mut crate::reexported::__private::Data,
    ) -> ::core::option::Option<Self> {
        match __mfhm_code {
            "closed" => {
                ::core::option::Option::Some(Self {
                    until: crate::reexported::__private::ErrorField::<String>::new()
                        .take(__mfhm_data, "until")?,
                })
            }
            _ => ::core::option::Option::None,
        }
    }
}
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
const _: fn() = || {
    crate::reexported::__private::check_travels::<
        String,
        _,
    >(crate::reexported::__private::Check::<String>::new().wire());
};
