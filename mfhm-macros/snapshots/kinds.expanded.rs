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
            Filter,
            _,
        >(::mfhm::__private::Check::<Filter>::new().wire());
    }
    {
        ::mfhm::__private::check_travels::<
            Form,
            _,
        >(::mfhm::__private::Check::<Form>::new().wire());
    }
    {
        ::mfhm::__private::check_bytes::<::std::vec::Vec<u8>>();
    }
    {
        ::mfhm::__private::check_stream::<ByteStream>();
    }
    {
        ::mfhm::__private::check_multipart::<Multipart>();
    }
    {
        ::mfhm::__private::check_travels::<
            User,
            _,
        >(::mfhm::__private::Check::<User>::new().reply());
        ::mfhm::__private::check_error::<UserError>();
    }
    {
        ::mfhm::__private::check_travels::<
            Vec<User>,
            _,
        >(::mfhm::__private::Check::<Vec<User>, User>::new().reply());
    }
    {
        ::mfhm::__private::check_travels::<
            u64,
            _,
        >(::mfhm::__private::Check::<u64>::new().reply());
    }
    {
        ::mfhm::__private::check_travels::<
            Lines<u64>,
            _,
        >(::mfhm::__private::Check::<Lines<u64>, u64>::new().reply());
    }
    {
        ::mfhm::__private::check_travels::<
            Events<u64>,
            _,
        >(::mfhm::__private::Check::<Events<u64>, u64>::new().reply());
        ::mfhm::__private::check_resumed::<Events<u64>>();
    }
};
pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn create(
        &self,
        new: &NewUser,
    ) -> impl ::core::future::Future<
        Output = Result<User, UserError>,
    > + ::core::marker::Send;
    fn search(
        &self,
        filter: &Filter,
        session: Option<&str>,
    ) -> impl ::core::future::Future<Output = Vec<User>> + ::core::marker::Send;
    fn form(
        &self,
        form: Form,
    ) -> impl ::core::future::Future<Output = u64> + ::core::marker::Send;
    fn picture(
        &self,
        picture: &[u8],
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
    fn film(
        &self,
        film: ByteStream,
    ) -> impl ::core::future::Future<Output = Lines<u64>> + ::core::marker::Send;
    fn album(
        &self,
        photos: Multipart,
    ) -> impl ::core::future::Future<Output = u64> + ::core::marker::Send;
    fn events(
        &self,
        last: Option<&str>,
    ) -> impl ::core::future::Future<Output = Events<u64>> + ::core::marker::Send;
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
                            ::mfhm::__private::with_status(
                                201u16,
                                ::mfhm::__private::Answer::<User, UserError>::new()
                                    .result(__mfhm_output),
                            )
                        }
                    },
                );
        }
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__search,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Typed::<Filter>::new()
                                .query_fields(&mut __mfhm_input, "filter");
                            let __mfhm_p1 = ::mfhm::__private::Input::cookie::<
                                ::core::option::Option<::std::string::String>,
                            >(&mut __mfhm_input, "sid");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::search(
                                    &*__mfhm_this,
                                    &__mfhm_p0,
                                    __mfhm_p1.as_deref(),
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                Vec<User>,
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
                    &__MFHM_Users__form,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Typed::<Form>::new()
                                .form(&mut __mfhm_input, "form")
                                .await;
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::form(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                )
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
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__picture,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            __mfhm_input.limit_body(1048576usize);
                            let __mfhm_p0 = ::mfhm::__private::Typed::<
                                ::std::vec::Vec<u8>,
                            >::new()
                                .bytes(&mut __mfhm_input, "picture")
                                .await;
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::picture(
                                    &*__mfhm_this,
                                    &__mfhm_p0,
                                )
                                .await;
                            ::mfhm::__private::answer_empty(__mfhm_output)
                        }
                    },
                );
        }
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__film,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Typed::<ByteStream>::new()
                                .stream(&mut __mfhm_input, "film");
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::film(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                Lines<u64>,
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
                    &__MFHM_Users__album,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Typed::<Multipart>::new()
                                .multipart(&mut __mfhm_input, "photos");
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::album(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                )
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
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__events,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::header::<
                                ::core::option::Option<::std::string::String>,
                            >(&mut __mfhm_input, "last-event-id");
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::events(
                                    &*__mfhm_this,
                                    __mfhm_p0.as_deref(),
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                Events<u64>,
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
    ];
    ::mfhm::__private::Operation::new("create", "POST", "/v1/users")
        .params(__MFHM_PARAMS)
        .success(201u16)
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
static __MFHM_Users__search: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::query_fields("filter"),
        ::mfhm::__private::Param::cookie("sid"),
    ];
    ::mfhm::__private::Operation::new("search", "GET", "/v1/users")
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
static __MFHM_Users__form: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::form("form"),
    ];
    ::mfhm::__private::Operation::new("form", "POST", "/v1/users/form")
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
static __MFHM_Users__picture: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::bytes("picture"),
    ];
    ::mfhm::__private::Operation::new("picture", "PUT", "/v1/users/picture")
        .params(__MFHM_PARAMS)
        .body_limit(1048576usize)
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
static __MFHM_Users__film: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::stream("film"),
    ];
    ::mfhm::__private::Operation::new("film", "PUT", "/v1/users/film")
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
static __MFHM_Users__album: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::multipart("photos"),
    ];
    ::mfhm::__private::Operation::new("album", "POST", "/v1/users/album")
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
static __MFHM_Users__events: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::header("last-event-id"),
    ];
    ::mfhm::__private::Operation::new("events", "GET", "/v1/users/events")
        .params(__MFHM_PARAMS)
        .resume()
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
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>>;
    fn __mfhm_search<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm Filter,
        __mfhm_p1: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Vec<User>>;
    fn __mfhm_form<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Form,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, u64>;
    fn __mfhm_picture<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm [u8],
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()>;
    fn __mfhm_film<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: ByteStream,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Lines<u64>>;
    fn __mfhm_album<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Multipart,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, u64>;
    fn __mfhm_events<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Events<u64>>;
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
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::create(self, __mfhm_p0))
    }
    fn __mfhm_search<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm Filter,
        __mfhm_p1: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Vec<User>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::search(self, __mfhm_p0, __mfhm_p1))
    }
    fn __mfhm_form<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Form,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, u64> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::form(self, __mfhm_p0))
    }
    fn __mfhm_picture<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm [u8],
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::picture(self, __mfhm_p0))
    }
    fn __mfhm_film<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: ByteStream,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Lines<u64>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::film(self, __mfhm_p0))
    }
    fn __mfhm_album<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Multipart,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, u64> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::album(self, __mfhm_p0))
    }
    fn __mfhm_events<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Events<u64>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::events(self, __mfhm_p0))
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
    /**Calls `POST /v1/users` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn create(
        &self,
        new: &NewUser,
    ) -> ::core::result::Result<User, ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<User, UserError>::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__create,
                    __MfhmUsers::__mfhm_create(&*__mfhm_target, new),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__create);
        __mfhm_request.literal("/v1/users");
        ::mfhm::__private::Argument(&new).body(&mut __mfhm_request);
        ::mfhm::__private::Exchange::<User, UserError>::new().send(__mfhm_request).await
    }
    /**Calls `GET /v1/users` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn search(
        &self,
        filter: &Filter,
        session: Option<&str>,
    ) -> ::core::result::Result<
        Vec<User>,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__search,
                    __MfhmUsers::__mfhm_search(&*__mfhm_target, filter, session),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__search);
        __mfhm_request.literal("/v1/users");
        ::mfhm::__private::Argument(&filter).query_fields(&mut __mfhm_request, "filter");
        ::mfhm::__private::Request::cookie(&mut __mfhm_request, "sid", &session);
        ::mfhm::__private::Exchange::<Vec<User>, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `POST /v1/users/form` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn form(
        &self,
        form: Form,
    ) -> ::core::result::Result<
        u64,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__form,
                    __MfhmUsers::__mfhm_form(&*__mfhm_target, form),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__form);
        __mfhm_request.literal("/v1/users/form");
        ::mfhm::__private::Argument(&form).form(&mut __mfhm_request, "form");
        ::mfhm::__private::Exchange::<u64, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `PUT /v1/users/picture` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn picture(
        &self,
        picture: &[u8],
    ) -> ::core::result::Result<
        (),
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__picture,
                    __MfhmUsers::__mfhm_picture(&*__mfhm_target, picture),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__picture);
        __mfhm_request.literal("/v1/users/picture");
        ::mfhm::__private::Argument(picture).bytes(&mut __mfhm_request);
        ::mfhm::__private::Exchange::<(), ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `PUT /v1/users/film` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn film(
        &self,
        film: ByteStream,
    ) -> ::core::result::Result<
        Lines<u64>,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__film,
                    __MfhmUsers::__mfhm_film(&*__mfhm_target, film),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__film);
        __mfhm_request.literal("/v1/users/film");
        ::mfhm::__private::Argument(film).stream(&mut __mfhm_request);
        ::mfhm::__private::Exchange::<Lines<u64>, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `POST /v1/users/album` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn album(
        &self,
        photos: Multipart,
    ) -> ::core::result::Result<
        u64,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__album,
                    __MfhmUsers::__mfhm_album(&*__mfhm_target, photos),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__album);
        __mfhm_request.literal("/v1/users/album");
        ::mfhm::__private::Argument(photos).multipart(&mut __mfhm_request, "photos");
        ::mfhm::__private::Exchange::<u64, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `GET /v1/users/events` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn events(
        &self,
        last: Option<&str>,
    ) -> ::core::result::Result<
        Events<u64>,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            let __mfhm_saying = match self.__mfhm.said_locally(&__MFHM_Users__events) {
                ::core::option::Option::Some(mut __mfhm_request) => {
                    ::mfhm::__private::Request::header(
                        &mut __mfhm_request,
                        "last-event-id",
                        &last,
                    );
                    ::core::option::Option::Some(self.__mfhm.saying(__mfhm_request))
                }
                ::core::option::Option::None => ::core::option::Option::None,
            };
            let __mfhm_client = ::core::option::Option::unwrap_or(
                __mfhm_saying.as_ref(),
                &self.__mfhm,
            );
            return __mfhm_client
                .call_local_value(
                    &__MFHM_Users__events,
                    __MfhmUsers::__mfhm_events(&*__mfhm_target, last),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__events);
        __mfhm_request.literal("/v1/users/events");
        ::mfhm::__private::Request::header(&mut __mfhm_request, "last-event-id", &last);
        ::mfhm::__private::Exchange::<Events<u64>, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
}
