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
    {
        ::mfhm::__private::check_travels::<
            u64,
            _,
        >(::mfhm::__private::Check::<u64>::new().reply());
    }
};
trait Clock: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn now(&self) -> impl ::core::future::Future<Output = u64> + ::core::marker::Send;
    #[doc(hidden)]
    #[allow(
        clippy::all,
        clippy::pedantic,
        clippy::nursery,
        clippy::restriction,
        dead_code,
        deprecated,
        non_upper_case_globals
    )]
    fn __mfhm_serve(self: ::std::sync::Arc<Self>) -> ::mfhm::__private::ContractRoutes
    where
        Self: ::core::marker::Sized,
    {
        let mut __mfhm_routes = ::mfhm::__private::ContractRoutes::new("clock");
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Clock__now,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_output = <Self as Clock>::now(&*__mfhm_this)
                                .await;
                            ::mfhm::__private::Answer::<
                                u64,
                                ::mfhm::__private::Infallible,
                            >::new()
                                .value(__mfhm_output)
                        }
                    },
                );
        }
        __mfhm_routes
    }
}
#[doc(hidden)]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
static __MFHM_Clock__now: ::mfhm::__private::Operation = {
    ::mfhm::__private::Operation::new("now", "GET", "/now")
        .location(::core::file!(), ::core::line!())
};
