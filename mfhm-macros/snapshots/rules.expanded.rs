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
            NewUser,
            _,
        >(::mfhm::__private::Check::<NewUser>::new().wire());
        ::mfhm::__private::check_travels::<
            Options,
            _,
        >(::mfhm::__private::Check::<Options>::new().wire());
    }
    {
        ::mfhm::__private::check_travels::<
            User,
            _,
        >(::mfhm::__private::Check::<User>::new().reply());
    }
};
pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn create(
        &self,
        new: &NewUser,
        options: Options,
        id: u64,
    ) -> impl ::core::future::Future<Output = User> + ::core::marker::Send;
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
        let mut __mfhm_routes = ::mfhm::__private::ContractRoutes::new("users");
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__create,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::validated!(
                                __mfhm_input, "body", "new", ::mfhm::__private::Typed:: <
                                NewUser > ::new().body(& mut __mfhm_input, "new"). await
                            );
                            let __mfhm_p1 = ::mfhm::__private::validated!(
                                __mfhm_input, "query", "options", ::mfhm::__private::Typed::
                                < Options > ::new().query_fields(& mut __mfhm_input,
                                "options")
                            );
                            let __mfhm_p2 = ::mfhm::__private::Input::query::<
                                u64,
                            >(&mut __mfhm_input, "id");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                                ::core::option::Option::Some(__mfhm_p2),
                            ) = (__mfhm_p0, __mfhm_p1, __mfhm_p2) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::create(
                                    &*__mfhm_this,
                                    &__mfhm_p0,
                                    __mfhm_p1,
                                    __mfhm_p2,
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                User,
                                ::mfhm::__private::Infallible,
                            >::new()
                                .value(__mfhm_output)
                        }
                    },
                );
        }
        __mfhm_routes
            .bind_local(&__MFHM_LOCAL_Users, self as ::std::sync::Arc<dyn __MfhmUsers>);
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
static __MFHM_Users__create: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::body("new"),
        ::mfhm::__private::Param::query_fields("options"),
        ::mfhm::__private::Param::query("id"),
    ];
    ::mfhm::__private::Operation::new("create", "POST", "/users")
        .params(__MFHM_PARAMS)
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
pub trait __MfhmUsers: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
        __mfhm_p1: Options,
        __mfhm_p2: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, User>;
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
impl<__MfhmT: Users> __MfhmUsers for __MfhmT {
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
        __mfhm_p1: Options,
        __mfhm_p2: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, User> {
        ::std::boxed::Box::pin(
            <__MfhmT as Users>::create(self, __mfhm_p0, __mfhm_p1, __mfhm_p2),
        )
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
static __MFHM_LOCAL_Users: ::mfhm::__private::LocalSlot<dyn __MfhmUsers> = ::mfhm::__private::LocalSlot::new();
/**Calls the service `users`: the client of [`Users`].

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
pub struct UsersClient {
    __mfhm: ::mfhm::__private::Client<dyn __MfhmUsers>,
}
#[automatically_derived]
impl ::core::clone::Clone for UsersClient {
    fn clone(&self) -> Self {
        Self {
            __mfhm: ::core::clone::Clone::clone(&self.__mfhm),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for UsersClient {
    fn fmt(
        &self,
        __mfhm_formatter: &mut ::core::fmt::Formatter<'_>,
    ) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.__mfhm, __mfhm_formatter)
    }
}
#[automatically_derived]
impl ::core::default::Default for UsersClient {
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
impl UsersClient {
    /**A client that finds the service `users` through the service center, or in this process if it runs here.

Nothing is looked up before the first call.*/
    #[must_use]
    pub fn new() -> Self {
        Self {
            __mfhm: ::mfhm::__private::Client::discover("users", &__MFHM_LOCAL_Users),
        }
    }
    /// A client that finds the service as `caller` does: with its center,
    /// its key and its connections.
    #[must_use]
    pub fn through(caller: &::mfhm::__private::Caller) -> Self {
        Self {
            __mfhm: ::mfhm::__private::Client::through("users", caller),
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
    ) -> ::core::result::Result<Self, ::mfhm::__private::Error> {
        match ::mfhm::__private::Client::at("users", url) {
            ::core::result::Result::Ok(__mfhm) => {
                ::core::result::Result::Ok(Self { __mfhm })
            }
            ::core::result::Result::Err(__mfhm_error) => {
                ::core::result::Result::Err(__mfhm_error)
            }
        }
    }
    ///A client of this implementation of [`Users`]: each call is a call of a function, without serialisation.
    #[must_use]
    pub fn local<__MfhmT: Users>(implementation: __MfhmT) -> Self {
        let __mfhm_twin: ::std::sync::Arc<dyn __MfhmUsers> = ::std::sync::Arc::new(
            implementation,
        );
        Self {
            __mfhm: ::mfhm::__private::Client::local("users", __mfhm_twin),
        }
    }
    ///A client of this implementation of [`Users`] whose calls go through serialisation and the router, but not through a socket.
    #[must_use]
    pub fn routed<__MfhmT: Users>(implementation: __MfhmT) -> Self {
        Self {
            __mfhm: ::mfhm::__private::Client::routed(
                "users",
                <__MfhmT as Users>::__mfhm_serve(::std::sync::Arc::new(implementation)),
            ),
        }
    }
    /// The same client with other options for its calls.
    #[must_use]
    pub fn with(&self, options: ::mfhm::__private::CallOptions) -> Self {
        Self {
            __mfhm: ::mfhm::__private::Client::with(&self.__mfhm, options),
        }
    }
    /// The same client with an interceptor, inside of those that it has.
    #[must_use]
    pub fn intercept(&self, interceptor: impl ::mfhm::__private::Interceptor) -> Self {
        Self {
            __mfhm: self.__mfhm.intercept(interceptor),
        }
    }
    /**Calls `POST /users` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn create(
        &self,
        new: &NewUser,
        options: Options,
        id: u64,
    ) -> ::core::result::Result<
        User,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            let mut __mfhm_broken = ::std::vec::Vec::<
                ::mfhm::__private::InvalidParam,
            >::new();
            ::mfhm::__private::check_rules!(__mfhm_broken, "body", "new", new);
            ::mfhm::__private::check_rules!(__mfhm_broken, "query", "options", options);
            if let ::core::option::Option::Some(__mfhm_fault) = self
                .__mfhm
                .refused(&__MFHM_Users__create, __mfhm_broken)
            {
                return ::core::result::Result::Err(
                    ::mfhm::__private::CallError::Fault(__mfhm_fault),
                );
            }
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__create,
                    __MfhmUsers::__mfhm_create(&*__mfhm_target, new, options, id),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__create);
        __mfhm_request.literal("/users");
        ::mfhm::__private::Argument(&new).body(&mut __mfhm_request);
        ::mfhm::__private::Argument(&options)
            .query_fields(&mut __mfhm_request, "options");
        ::mfhm::__private::Request::query(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Exchange::<User, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
}
