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
        ::mfhm::__private::check_error::<UserError>();
    }
    {
        ::mfhm::__private::check_travels::<
            Vec<User>,
            _,
        >(::mfhm::__private::Check::<Vec<User>, User>::new().reply());
    }
    #[cfg(feature = "files")]
    {
        ::mfhm::__private::check_travels::<
            u8,
            _,
        >(::mfhm::__private::Check::<u8>::new().reply());
        ::mfhm::__private::check_travels::<
            Vec<u8>,
            _,
        >(::mfhm::__private::Check::<Vec<u8>, u8>::new().reply());
    }
    {
        ::mfhm::__private::check_travels::<
            <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
            _,
        >(
            ::mfhm::__private::Check::<
                <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
            >::new()
                .reply(),
        );
        ::mfhm::__private::check_error::<
            <crate::Result<User> as ::mfhm::__private::Outcome>::Error,
        >();
    }
};
pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Finds one user.
    fn user(
        &self,
        id: u64,
    ) -> impl ::core::future::Future<
        Output = Result<User, UserError>,
    > + ::core::marker::Send;
    fn list(
        &self,
        page: Option<u32>,
        tag: Vec<String>,
    ) -> impl ::core::future::Future<
        Output = Result<Vec<User>, UserError>,
    > + ::core::marker::Send;
    fn create(
        &self,
        new: &NewUser,
        tenant: &str,
    ) -> impl ::core::future::Future<
        Output = Result<User, UserError>,
    > + ::core::marker::Send;
    #[deprecated(note = "use `remove_all`")]
    fn remove(
        &self,
        id: u64,
    ) -> impl ::core::future::Future<
        Output = Result<(), UserError>,
    > + ::core::marker::Send;
    #[cfg(feature = "files")]
    fn read_file(
        &self,
        id: u64,
        rest: &str,
        if_match: Option<&str>,
    ) -> impl ::core::future::Future<Output = Vec<u8>> + ::core::marker::Send;
    fn purge(
        &self,
        r#type: &str,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
    fn alias(
        &self,
        id: u64,
        tags: Option<&[String]>,
    ) -> impl ::core::future::Future<
        Output = crate::Result<User>,
    > + ::core::marker::Send;
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
                            ::mfhm::__private::Answer::<User, UserError>::new()
                                .result(__mfhm_output)
                        }
                    },
                );
        }
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__list,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::query::<
                                Option<u32>,
                            >(&mut __mfhm_input, "page");
                            let __mfhm_p1 = ::mfhm::__private::Input::query::<
                                Vec<String>,
                            >(&mut __mfhm_input, "tag");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::list(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                    __mfhm_p1,
                                )
                                .await;
                            ::mfhm::__private::Answer::<Vec<User>, UserError>::new()
                                .result(__mfhm_output)
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
                            let __mfhm_p0 = ::mfhm::__private::Typed::<NewUser>::new()
                                .body(&mut __mfhm_input, "new")
                                .await;
                            let __mfhm_p1 = ::mfhm::__private::Input::header::<
                                ::std::string::String,
                            >(&mut __mfhm_input, "x-tenant");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::create(
                                    &*__mfhm_this,
                                    &__mfhm_p0,
                                    &__mfhm_p1,
                                )
                                .await;
                            ::mfhm::__private::Answer::<User, UserError>::new()
                                .result(__mfhm_output)
                        }
                    },
                );
        }
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__remove,
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
                            let __mfhm_output = <Self as Users>::remove(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                )
                                .await;
                            ::mfhm::__private::Answer::<(), UserError>::new()
                                .empty_result(__mfhm_output)
                        }
                    },
                );
        }
        #[cfg(feature = "files")]
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes
                .add(
                    &__MFHM_Users__read_file,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::path::<
                                u64,
                            >(&mut __mfhm_input, 0usize, "id");
                            let __mfhm_p1 = ::mfhm::__private::Input::path::<
                                ::std::string::String,
                            >(&mut __mfhm_input, 1usize, "rest");
                            let __mfhm_p2 = ::mfhm::__private::Input::header::<
                                ::core::option::Option<::std::string::String>,
                            >(&mut __mfhm_input, "if-match");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                                ::core::option::Option::Some(__mfhm_p2),
                            ) = (__mfhm_p0, __mfhm_p1, __mfhm_p2) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::read_file(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                    &__mfhm_p1,
                                    __mfhm_p2.as_deref(),
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                Vec<u8>,
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
                    &__MFHM_Users__purge,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::path::<
                                ::std::string::String,
                            >(&mut __mfhm_input, 0usize, "type");
                            let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,)
                            else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::purge(
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
                    &__MFHM_Users__alias,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::path::<
                                u64,
                            >(&mut __mfhm_input, 0usize, "id");
                            let __mfhm_p1 = ::mfhm::__private::Input::body::<
                                ::core::option::Option<::std::vec::Vec<String>>,
                            >(&mut __mfhm_input, "tags")
                                .await;
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::alias(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                    __mfhm_p1.as_deref(),
                                )
                                .await;
                            ::mfhm::__private::Answer::<
                                <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
                                <crate::Result<User> as ::mfhm::__private::Outcome>::Error,
                            >::new()
                                .result(__mfhm_output)
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
    ::mfhm::__private::Operation::new("user", "GET", "/v1/users/{id}")
        .params(__MFHM_PARAMS)
        .doc("Finds one user.")
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
static __MFHM_Users__list: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::query("page"),
        ::mfhm::__private::Param::query("tag"),
    ];
    ::mfhm::__private::Operation::new("list", "GET", "/v1/users")
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
static __MFHM_Users__create: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::body("new"),
        ::mfhm::__private::Param::header("x-tenant"),
    ];
    ::mfhm::__private::Operation::new("create", "POST", "/v1/users")
        .params(__MFHM_PARAMS)
        .idempotent()
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
static __MFHM_Users__remove: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("id"),
    ];
    ::mfhm::__private::Operation::new("remove", "DELETE", "/v1/users/{id}")
        .params(__MFHM_PARAMS)
        .deprecated()
        .location(::core::file!(), ::core::line!())
};
#[cfg(feature = "files")]
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
static __MFHM_Users__read_file: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("id"),
        ::mfhm::__private::Param::path("rest"),
        ::mfhm::__private::Param::header("if-match"),
    ];
    ::mfhm::__private::Operation::new("file", "GET", "/v1/users/{id}/files/{*rest}")
        .params(__MFHM_PARAMS)
        .function("read_file")
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
static __MFHM_Users__purge: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("type"),
    ];
    ::mfhm::__private::Operation::new("purge", "PURGE", "/v1/users/{type}")
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
static __MFHM_Users__alias: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("id"),
        ::mfhm::__private::Param::body("tags"),
    ];
    ::mfhm::__private::Operation::new("alias", "PUT", "/v1/users/{id}")
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
    fn __mfhm_user<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>>;
    fn __mfhm_list<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Option<u32>,
        __mfhm_p1: Vec<String>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<Vec<User>, UserError>>;
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
        __mfhm_p1: &'__mfhm str,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>>;
    fn __mfhm_remove<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<(), UserError>>;
    #[cfg(feature = "files")]
    fn __mfhm_read_file<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: &'__mfhm str,
        __mfhm_p2: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Vec<u8>>;
    fn __mfhm_purge<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm str,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()>;
    fn __mfhm_alias<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: Option<&'__mfhm [String]>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, crate::Result<User>>;
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
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::user(self, __mfhm_p0))
    }
    fn __mfhm_list<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: Option<u32>,
        __mfhm_p1: Vec<String>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<Vec<User>, UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::list(self, __mfhm_p0, __mfhm_p1))
    }
    fn __mfhm_create<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm NewUser,
        __mfhm_p1: &'__mfhm str,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::create(self, __mfhm_p0, __mfhm_p1))
    }
    fn __mfhm_remove<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<(), UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::remove(self, __mfhm_p0))
    }
    #[cfg(feature = "files")]
    fn __mfhm_read_file<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: &'__mfhm str,
        __mfhm_p2: Option<&'__mfhm str>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Vec<u8>> {
        ::std::boxed::Box::pin(
            <__MfhmT as Users>::read_file(self, __mfhm_p0, __mfhm_p1, __mfhm_p2),
        )
    }
    fn __mfhm_purge<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: &'__mfhm str,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::purge(self, __mfhm_p0))
    }
    fn __mfhm_alias<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: Option<&'__mfhm [String]>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, crate::Result<User>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::alias(self, __mfhm_p0, __mfhm_p1))
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
    /// Finds one user.
    /**
Calls `GET /v1/users/{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn user(
        &self,
        id: u64,
    ) -> ::core::result::Result<User, ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<User, UserError>::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__user,
                    __MfhmUsers::__mfhm_user(&*__mfhm_target, id),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__user);
        __mfhm_request.literal("/v1/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Exchange::<User, UserError>::new().send(__mfhm_request).await
    }
    /**Calls `GET /v1/users` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn list(
        &self,
        page: Option<u32>,
        tag: Vec<String>,
    ) -> ::core::result::Result<Vec<User>, ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<Vec<User>, UserError>::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__list,
                    __MfhmUsers::__mfhm_list(&*__mfhm_target, page, tag),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__list);
        __mfhm_request.literal("/v1/users");
        ::mfhm::__private::Request::query(&mut __mfhm_request, "page", &page);
        ::mfhm::__private::Request::query(&mut __mfhm_request, "tag", &tag);
        ::mfhm::__private::Exchange::<Vec<User>, UserError>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `POST /v1/users` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn create(
        &self,
        new: &NewUser,
        tenant: &str,
    ) -> ::core::result::Result<User, ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            let __mfhm_saying = match self.__mfhm.said_locally(&__MFHM_Users__create) {
                ::core::option::Option::Some(mut __mfhm_request) => {
                    ::mfhm::__private::Request::header(
                        &mut __mfhm_request,
                        "x-tenant",
                        &tenant,
                    );
                    ::core::option::Option::Some(self.__mfhm.saying(__mfhm_request))
                }
                ::core::option::Option::None => ::core::option::Option::None,
            };
            let __mfhm_client = ::core::option::Option::unwrap_or(
                __mfhm_saying.as_ref(),
                &self.__mfhm,
            );
            return ::mfhm::__private::Exchange::<User, UserError>::new()
                .local(
                    __mfhm_client,
                    &__MFHM_Users__create,
                    __MfhmUsers::__mfhm_create(&*__mfhm_target, new, tenant),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__create);
        __mfhm_request.literal("/v1/users");
        ::mfhm::__private::Argument(&new).body(&mut __mfhm_request);
        ::mfhm::__private::Request::header(&mut __mfhm_request, "x-tenant", &tenant);
        ::mfhm::__private::Exchange::<User, UserError>::new().send(__mfhm_request).await
    }
    #[deprecated(note = "use `remove_all`")]
    /**Calls `DELETE /v1/users/{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn remove(
        &self,
        id: u64,
    ) -> ::core::result::Result<(), ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<(), UserError>::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__remove,
                    __MfhmUsers::__mfhm_remove(&*__mfhm_target, id),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__remove);
        __mfhm_request.literal("/v1/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Exchange::<(), UserError>::new().send(__mfhm_request).await
    }
    #[cfg(feature = "files")]
    /**Calls `GET /v1/users/{id}/files/{*rest}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn read_file(
        &self,
        id: u64,
        rest: &str,
        if_match: Option<&str>,
    ) -> ::core::result::Result<
        Vec<u8>,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            if let ::core::option::Option::Some(__mfhm_fault) = self
                .__mfhm
                .refused_path(&__MFHM_Users__read_file, "rest", true, &rest)
            {
                return ::core::result::Result::Err(
                    ::mfhm::__private::CallError::Fault(__mfhm_fault),
                );
            }
            let __mfhm_saying = match self.__mfhm.said_locally(&__MFHM_Users__read_file)
            {
                ::core::option::Option::Some(mut __mfhm_request) => {
                    ::mfhm::__private::Request::header(
                        &mut __mfhm_request,
                        "if-match",
                        &if_match,
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
                    &__MFHM_Users__read_file,
                    __MfhmUsers::__mfhm_read_file(&*__mfhm_target, id, rest, if_match),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__read_file);
        __mfhm_request.literal("/v1/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        __mfhm_request.literal("/files/");
        ::mfhm::__private::Request::rest(&mut __mfhm_request, "rest", &rest);
        ::mfhm::__private::Request::header(&mut __mfhm_request, "if-match", &if_match);
        ::mfhm::__private::Exchange::<Vec<u8>, ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `PURGE /v1/users/{type}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn purge(
        &self,
        r#type: &str,
    ) -> ::core::result::Result<
        (),
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            if let ::core::option::Option::Some(__mfhm_fault) = self
                .__mfhm
                .refused_path(&__MFHM_Users__purge, "type", false, &r#type)
            {
                return ::core::result::Result::Err(
                    ::mfhm::__private::CallError::Fault(__mfhm_fault),
                );
            }
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__purge,
                    __MfhmUsers::__mfhm_purge(&*__mfhm_target, r#type),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__purge);
        __mfhm_request.literal("/v1/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "type", &r#type);
        ::mfhm::__private::Exchange::<(), ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
    /**Calls `PUT /v1/users/{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn alias(
        &self,
        id: u64,
        tags: Option<&[String]>,
    ) -> ::core::result::Result<
        <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
        ::mfhm::__private::CallError<
            <crate::Result<User> as ::mfhm::__private::Outcome>::Error,
        >,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<
                <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
                <crate::Result<User> as ::mfhm::__private::Outcome>::Error,
            >::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__alias,
                    __MfhmUsers::__mfhm_alias(&*__mfhm_target, id, tags),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__alias);
        __mfhm_request.literal("/v1/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Request::body(&mut __mfhm_request, &tags);
        ::mfhm::__private::Exchange::<
            <crate::Result<User> as ::mfhm::__private::Outcome>::Value,
            <crate::Result<User> as ::mfhm::__private::Outcome>::Error,
        >::new()
            .send(__mfhm_request)
            .await
    }
}
