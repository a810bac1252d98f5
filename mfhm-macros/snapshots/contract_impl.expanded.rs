impl Users for UserService {
    async fn user(&self, id: u64) -> Result<User, UserError> {
        self.find(id).await
    }
}
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
impl ::mfhm::__private::Service for UserService {
    fn __mfhm_definition(
        self: ::std::sync::Arc<Self>,
    ) -> ::mfhm::__private::ServiceDefinition {
        let __mfhm_routes = <Self as Users>::__mfhm_serve(
            ::core::clone::Clone::clone(&self),
        );
        let mut __mfhm_definition = ::mfhm::__private::ServiceDefinition::of_contract(
            __mfhm_routes,
            ::core::option::Option::None,
            ::core::option::Option::None,
            ::core::file!(),
            ::core::line!(),
        );
        __mfhm_definition.about(::core::option_env!("CARGO_PKG_VERSION"), "");
        __mfhm_definition
    }
}
impl<D: Db> Users for GenericService<D>
where
    D: Clone,
{
    async fn user(&self, id: u64) -> Result<User, UserError> {
        self.find(id).await
    }
}
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
impl<D: Db> ::mfhm::__private::Service for GenericService<D>
where
    D: Clone,
{
    fn __mfhm_definition(
        self: ::std::sync::Arc<Self>,
    ) -> ::mfhm::__private::ServiceDefinition {
        let __mfhm_routes = <Self as Users>::__mfhm_serve(
            ::core::clone::Clone::clone(&self),
        );
        let mut __mfhm_definition = ::mfhm::__private::ServiceDefinition::of_contract(
            __mfhm_routes,
            ::core::option::Option::Some("people"),
            ::core::option::Option::Some(8080u16),
            ::core::file!(),
            ::core::line!(),
        );
        __mfhm_definition.about(::core::option_env!("CARGO_PKG_VERSION"), "");
        __mfhm_definition
            .contract(
                <Self as Health>::__mfhm_serve(::core::clone::Clone::clone(&self)),
            );
        __mfhm_definition
            .contract(
                <Self as admin::Admin>::__mfhm_serve(::core::clone::Clone::clone(&self)),
            );
        __mfhm_definition
    }
}
