#[cfg(feature = "clock")]
#[::mfhm::client(service = "clock")]
/// Documented.
pub trait Clock {
    #[get("/now")]
    async fn now(&self) -> u64;
}
#[cfg(unix)]
#[crate::reexported::service(name = "service01", crate = crate::reexported)]
struct Service01;
#[cfg(unix)]
impl Clock for Service {
    async fn now(&self) -> u64 {
        0
    }
}
#[cfg(unix)]
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
impl ::mfhm::__private::Service for Service {
    fn __mfhm_definition(
        self: ::std::sync::Arc<Self>,
    ) -> ::mfhm::__private::ServiceDefinition {
        let __mfhm_routes = <Self as Clock>::__mfhm_serve(
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
