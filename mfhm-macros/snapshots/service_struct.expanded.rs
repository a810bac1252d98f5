struct Service01;
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
const _: () = {
    const _: fn() -> Service01 = || Service01;
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedScope::new(::core::module_path!(), "service01",
        ::core::option::Option::Some(30176u16), ::core::file!(), ::core::line!())
        .about(::core::option_env!("CARGO_PKG_VERSION"), "")
    }
};
/// Documented.
pub struct Service02;
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
const _: () = {
    const _: fn() -> Service02 = || Service02;
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedScope::new(::core::module_path!(), "service02",
        ::core::option::Option::None, ::core::file!(), ::core::line!())
        .about(::core::option_env!("CARGO_PKG_VERSION"), "Documented.")
    }
};
