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
    }
    {
        ::mfhm::__private::check_travels::<
            User,
            _,
        >(::mfhm::__private::Check::<User>::new().reply());
    }
};
#[deprecated = "use `People`"]
pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn user(
        &self,
        id: u64,
    ) -> impl ::core::future::Future<Output = User> + ::core::marker::Send;
    fn create(
        &self,
        new: &NewUser,
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
                    &__MFHM_Users__user,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::path::<
                                u64,
                            >(&mut __mfhm_input, 0usize, "id");
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::user(
                                    &*__mfhm_this,
                                    __mfhm_p0,
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
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__create,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            __mfhm_input.limit_body(1024usize);
                            let __mfhm_p0 = ::mfhm::__private::Typed::<NewUser>::new()
                                .body(&mut __mfhm_input, "new")
                                .await;
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::create(
                                    &*__mfhm_this,
                                    &__mfhm_p0,
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
static __MFHM_Users__user: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("id"),
    ];
    ::mfhm::__private::Operation::new("find", "GET", "/{id}")
        .params(__MFHM_PARAMS)
        .idempotent()
        .timeout_ms(250u64)
        .function("user")
        .deprecated()
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
static __MFHM_Users__create: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::body("new"),
    ];
    ::mfhm::__private::Operation::new("create", "POST", "/")
        .params(__MFHM_PARAMS)
        .idempotent()
        .body_limit(1024usize)
        .timeout_ms(5000u64)
        .deprecated()
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
    fn __mfhm_user<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, User>;
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
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
    fn __mfhm_user<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, User> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::user(self, __mfhm_p0))
    }
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, User> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::create(self, __mfhm_p0))
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
#[deprecated = "use `People`"]
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
#[allow(deprecated)]
impl ::core::clone::Clone for UsersClient {
    fn clone(&self) -> Self {
        Self {
            __mfhm: ::core::clone::Clone::clone(&self.__mfhm),
        }
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl ::core::fmt::Debug for UsersClient {
    fn fmt(
        &self,
        __mfhm_formatter: &mut ::core::fmt::Formatter<'_>,
    ) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.__mfhm, __mfhm_formatter)
    }
}
#[automatically_derived]
#[allow(deprecated)]
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
    /**Calls `GET /{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn user(
        &self,
        id: u64,
    ) -> ::core::result::Result<
        User,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__user,
                    __MfhmUsers::__mfhm_user(&*__mfhm_target, id),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__user);
        __mfhm_request.literal("/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Exchange::<User, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `POST /` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn create(
        &self,
        new: &NewUser,
    ) -> ::core::result::Result<
        User,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__create,
                    __MfhmUsers::__mfhm_create(&*__mfhm_target, new),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__create);
        __mfhm_request.literal("/");
        ::mfhm::__private::Argument(&new).body(&mut __mfhm_request);
        ::mfhm::__private::Exchange::<User, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
}
impl Users for UserService {
    async fn user(&self, id: u64) -> User {
        self.find(id)
    }
    #[cfg(unix)]
    async fn create(&self, new: &NewUser) -> User {
        self.insert(new)
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
        let mut __mfhm_routes = <Self as Users>::__mfhm_serve(
            ::core::clone::Clone::clone(&self),
        );
        {
            __mfhm_routes.layer("user", self.limit(10));
        }
        #[cfg(unix)]
        {
            __mfhm_routes.layer("create", First);
            __mfhm_routes.layer("create", Second);
        }
        let mut __mfhm_definition = ::mfhm::__private::ServiceDefinition::of_contract(
            __mfhm_routes,
            ::core::option::Option::None,
            ::core::option::Option::None,
            ::core::file!(),
            ::core::line!(),
        );
        __mfhm_definition.about(::core::option_env!("CARGO_PKG_VERSION"), "");
        __mfhm_definition.layer(outer());
        __mfhm_definition.layer(Inner);
        __mfhm_definition
    }
}
impl Orders {
    #[allow(clippy::unused_async)]
    async fn count(&self) -> u64 {
        self.count
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
impl ::mfhm::__private::Service for Orders {
    fn __mfhm_definition(
        self: ::std::sync::Arc<Self>,
    ) -> ::mfhm::__private::ServiceDefinition {
        let mut __mfhm_definition = ::mfhm::__private::ServiceDefinition::new(
            "orders",
            ::core::option::Option::None,
            ::core::file!(),
            ::core::line!(),
        );
        __mfhm_definition.about(::core::option_env!("CARGO_PKG_VERSION"), "");
        {
            static __MFHM_OPERATION: ::mfhm::__private::Operation = {
                ::mfhm::__private::Operation::new("count", "GET", "/count")
                    .timeout_ms(60000u64)
                    .location(::core::file!(), ::core::line!())
            };
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_definition
                .route(
                    ::mfhm::__private::Route::new(
                            &__MFHM_OPERATION,
                            move |mut __mfhm_input: ::mfhm::__private::Input| {
                                let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                                async move {
                                    let __mfhm_value = Self::count(&*__mfhm_this).await;
                                    {
                                        #[allow(unused_imports)]
                                        use ::mfhm::__private::JsonWay as _;
                                        #[allow(unused_imports)]
                                        use ::mfhm::__private::ResponseWay as _;
                                        #[allow(unused_imports)]
                                        use ::mfhm::__private::NoWay as _;
                                        (&&::mfhm::__private::Replying::of(&__mfhm_value))
                                            .__mfhm_way()
                                            .answer(__mfhm_value)
                                    }
                                }
                            },
                        )
                        .layer(self.cache.clone()),
                );
        }
        __mfhm_definition.layer(Around);
        __mfhm_definition
    }
}
struct Free;
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
    const _: fn() -> Free = || Free;
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedScope::new(::core::module_path!(), "free",
        ::core::option::Option::None, ::core::file!(), ::core::line!())
        .about(::core::option_env!("CARGO_PKG_VERSION"), "").layers(| __mfhm_layers | {
        __mfhm_layers.add(Around); })
    }
};
#[allow(clippy::unused_async)]
async fn free() -> u8 {
    1
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
    const _: fn() = || {};
    static __MFHM_OPERATION: ::mfhm::__private::Operation = {
        ::mfhm::__private::Operation::new("free", "GET", "/free")
            .timeout_ms(2000u64)
            .location(::core::file!(), ::core::line!())
    };
    async fn __mfhm_handle(
        mut __mfhm_input: ::mfhm::__private::Input,
    ) -> ::mfhm::__private::Response {
        let __mfhm_value = free().await;
        {
            #[allow(unused_imports)]
            use ::mfhm::__private::JsonWay as _;
            #[allow(unused_imports)]
            use ::mfhm::__private::ResponseWay as _;
            #[allow(unused_imports)]
            use ::mfhm::__private::NoWay as _;
            (&&::mfhm::__private::Replying::of(&__mfhm_value))
                .__mfhm_way()
                .answer(__mfhm_value)
        }
    }
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedHandler::new(::core::module_path!(), & __MFHM_OPERATION,
        || ::mfhm::__private::Route::new(& __MFHM_OPERATION, __mfhm_handle).layer(First)
        .layer(Second))
    }
};
