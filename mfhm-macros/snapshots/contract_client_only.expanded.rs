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
        crate::reexported::__private::check_travels::<
            u64,
            _,
        >(crate::reexported::__private::Check::<u64>::new().reply());
    }
};
pub(crate) trait Clock: std::fmt::Debug + ::core::marker::Send + ::core::marker::Sync + 'static {
    fn now(&self) -> impl ::core::future::Future<Output = u64> + ::core::marker::Send;
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
static __MFHM_Clock__now: crate::reexported::__private::Operation = {
    crate::reexported::__private::Operation::new("now", "GET", "/now")
        .location(::core::file!(), ::core::line!())
};
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
pub(crate) trait __MfhmClock: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn __mfhm_now<'__mfhm>(
        &'__mfhm self,
    ) -> crate::reexported::__private::BoxFuture<'__mfhm, u64>;
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
impl<__MfhmT: Clock> __MfhmClock for __MfhmT {
    fn __mfhm_now<'__mfhm>(
        &'__mfhm self,
    ) -> crate::reexported::__private::BoxFuture<'__mfhm, u64> {
        ::std::boxed::Box::pin(<__MfhmT as Clock>::now(self))
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
static __MFHM_LOCAL_Clock: crate::reexported::__private::LocalSlot<dyn __MfhmClock> = crate::reexported::__private::LocalSlot::new();
/**Calls the service `clock`: the client of [`Clock`].

Cheap to clone; clones share what they know about the service.*/
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
pub(crate) struct ClockClient {
    __mfhm: crate::reexported::__private::Client<dyn __MfhmClock>,
}
#[automatically_derived]
impl ::core::clone::Clone for ClockClient {
    fn clone(&self) -> Self {
        Self {
            __mfhm: ::core::clone::Clone::clone(&self.__mfhm),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for ClockClient {
    fn fmt(
        &self,
        __mfhm_formatter: &mut ::core::fmt::Formatter<'_>,
    ) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.__mfhm, __mfhm_formatter)
    }
}
#[automatically_derived]
impl ::core::default::Default for ClockClient {
    fn default() -> Self {
        Self::new()
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
impl ClockClient {
    /**A client that finds the service `clock` through the service center, or in this process if it runs here.

Nothing is looked up before the first call.*/
    #[must_use]
    pub fn new() -> Self {
        Self {
            __mfhm: crate::reexported::__private::Client::discover(
                "clock",
                &__MFHM_LOCAL_Clock,
            ),
        }
    }
    /// A client that finds the service as `caller` does: with its center,
    /// its key and its connections.
    #[must_use]
    pub fn through(caller: &crate::reexported::__private::Caller) -> Self {
        Self {
            __mfhm: crate::reexported::__private::Client::through("clock", caller),
        }
    }
    /// A client of the service at `url`, which nobody needs to have
    /// registered.
    ///
    /// # Errors
    ///
    /// When `url` is not the address of an HTTP server.
    pub fn at(
        url: &::core::primitive::str,
    ) -> ::core::result::Result<Self, crate::reexported::__private::Error> {
        match crate::reexported::__private::Client::at("clock", url) {
            ::core::result::Result::Ok(__mfhm) => {
                ::core::result::Result::Ok(Self { __mfhm })
            }
            ::core::result::Result::Err(__mfhm_error) => {
                ::core::result::Result::Err(__mfhm_error)
            }
        }
    }
    ///A client of this implementation of [`Clock`]: each call is a call of a function, without serialisation.
    #[must_use]
    pub fn local<__MfhmT: Clock>(implementation: __MfhmT) -> Self {
        let __mfhm_twin: ::std::sync::Arc<dyn __MfhmClock> = ::std::sync::Arc::new(
            implementation,
        );
        Self {
            __mfhm: crate::reexported::__private::Client::local("clock", __mfhm_twin),
        }
    }
    /// The same client with other options for its calls.
    #[must_use]
    pub fn with(&self, options: crate::reexported::__private::CallOptions) -> Self {
        Self {
            __mfhm: crate::reexported::__private::Client::with(&self.__mfhm, options),
        }
    }
    /// The same client with an interceptor, inside of those that it has.
    #[must_use]
    pub fn intercept(
        &self,
        interceptor: impl crate::reexported::__private::Interceptor,
    ) -> Self {
        Self {
            __mfhm: self.__mfhm.intercept(interceptor),
        }
    }
    /**Calls `GET /now` of the service `clock`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn now(
        &self,
    ) -> ::core::result::Result<
        u64,
        crate::reexported::__private::CallError<crate::reexported::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Clock__now,
                    __MfhmClock::__mfhm_now(&*__mfhm_target),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Clock__now);
        __mfhm_request.literal("/now");
        crate::reexported::__private::Exchange::<
            u64,
            crate::reexported::__private::Infallible,
        >::new()
            .send(__mfhm_request)
            .await
    }
}
