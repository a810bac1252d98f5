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
impl ::mfhm::__private::ApiError for UserError {
    const VARIANTS: &'static [::mfhm::__private::ErrorVariant] = &[
        ::mfhm::__private::ErrorVariant::new(
            "not_found",
            404u16,
            "There is no such user.",
        ),
        ::mfhm::__private::ErrorVariant::new("email-taken", 409u16, ""),
        ::mfhm::__private::ErrorVariant::new("too_long", 422u16, ""),
    ];
    fn status(&self) -> ::mfhm::__private::StatusCode {
        match *self {
            Self::NotFound { .. } => ::mfhm::__private::status(404u16),
            Self::EmailTaken { .. } => ::mfhm::__private::status(409u16),
            Self::TooLong { .. } => ::mfhm::__private::status(422u16),
            Self::Database { .. } => ::mfhm::__private::status(500u16),
        }
    }
    fn code(&self) -> &'static ::core::primitive::str {
        match *self {
            Self::NotFound { .. } => "not_found",
            Self::EmailTaken { .. } => "email-taken",
            Self::TooLong { .. } => "too_long",
            Self::Database { .. } => "database",
        }
    }
    fn is_internal(&self) -> ::core::primitive::bool {
        match *self {
            Self::NotFound { .. } => false,
            Self::EmailTaken { .. } => false,
            Self::TooLong { .. } => false,
            Self::Database { .. } => true,
        }
    }
    fn data(&self) -> ::mfhm::__private::Data {
        match *self {
            Self::NotFound { id: ref __mfhm_f0, r#type: ref __mfhm_f1 } => {
                let mut __mfhm_data = ::mfhm::__private::Data::new();
                __mfhm_data = ::mfhm::__private::ErrorField::<u64>::new()
                    .put(__mfhm_data, "id", __mfhm_f0);
                __mfhm_data = ::mfhm::__private::ErrorField::<String>::new()
                    .put(__mfhm_data, "type", __mfhm_f1);
                __mfhm_data
            }
            Self::EmailTaken { .. } => ::mfhm::__private::Data::new(),
            Self::TooLong(ref __mfhm_f0, ref __mfhm_f1) => {
                let mut __mfhm_data = ::mfhm::__private::Data::new();
                __mfhm_data = ::mfhm::__private::ErrorField::<usize>::new()
                    .put(__mfhm_data, "0", __mfhm_f0);
                __mfhm_data = ::mfhm::__private::ErrorField::<usize>::new()
                    .put(__mfhm_data, "1", __mfhm_f1);
                __mfhm_data
            }
            Self::Database { .. } => ::mfhm::__private::Data::new(),
        }
    }
    fn from_data(
        __mfhm_code: &::core::primitive::str,
        __mfhm_data: &mut ::mfhm::__private::Data,
    ) -> ::core::option::Option<Self> {
        match __mfhm_code {
            "not_found" => {
                ::core::option::Option::Some(Self::NotFound {
                    id: ::mfhm::__private::ErrorField::<u64>::new()
                        .take(__mfhm_data, "id")?,
                    r#type: ::mfhm::__private::ErrorField::<String>::new()
                        .take(__mfhm_data, "type")?,
                })
            }
            "email-taken" => ::core::option::Option::Some(Self::EmailTaken),
            "too_long" => {
                ::core::option::Option::Some(
                    Self::TooLong(
                        ::mfhm::__private::ErrorField::<usize>::new()
                            .take(__mfhm_data, "0")?,
                        ::mfhm::__private::ErrorField::<usize>::new()
                            .take(__mfhm_data, "1")?,
                    ),
                )
            }
            _ => ::core::option::Option::None,
        }
    }
    fn __mfhm_data_schemas(
        __mfhm_schemas: &mut ::mfhm::__private::Schemas,
    ) -> ::core::option::Option<::mfhm::__private::DataSchemas> {
        ::core::option::Option::Some(
            ::mfhm::__private::DataSchemas::new()
                .variant("not_found")
                .field("id", ::mfhm::__private::field_schema!(__mfhm_schemas, u64))
                .field("type", ::mfhm::__private::field_schema!(__mfhm_schemas, String))
                .variant("email-taken")
                .variant("too_long")
                .field("0", ::mfhm::__private::field_schema!(__mfhm_schemas, usize))
                .field("1", ::mfhm::__private::field_schema!(__mfhm_schemas, usize)),
        )
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
    ::mfhm::__private::check_travels::<
        u64,
        _,
    >(::mfhm::__private::Check::<u64>::new().wire());
    ::mfhm::__private::check_travels::<
        String,
        _,
    >(::mfhm::__private::Check::<String>::new().wire());
    ::mfhm::__private::check_travels::<
        usize,
        _,
    >(::mfhm::__private::Check::<usize>::new().wire());
    ::mfhm::__private::check_travels::<
        usize,
        _,
    >(::mfhm::__private::Check::<usize>::new().wire());
};
