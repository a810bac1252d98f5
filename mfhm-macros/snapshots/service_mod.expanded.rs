pub(crate) mod orders {
    //! Orders.
    #[get("/orders")]
    async fn all() -> Vec<Order> {
        Vec::new()
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
    const _: () = {
        ::mfhm::__private::inventory::submit! {
            ::mfhm::__private::LinkedScope::new(::core::module_path!(), "orders",
            ::core::option::Option::None, ::core::file!(), ::core::line!())
            .about(::core::option_env!("CARGO_PKG_VERSION"), "Orders.")
        }
    };
}
