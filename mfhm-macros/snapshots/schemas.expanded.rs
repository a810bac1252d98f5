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
            User,
            _,
        >(::mfhm::__private::Check::<User>::new().wire());
    }
    {
        ::mfhm::__private::check_error::<UserError>();
    }
};
pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn user(
        &self,
        id: u64,
        page: Option<u32>,
    ) -> impl ::core::future::Future<
        Output = Result<User, UserError>,
    > + ::core::marker::Send;
    fn replace(
        &self,
        id: u64,
        user: &User,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
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
                            let __mfhm_p1 = ::mfhm::__private::Input::query::<
                                Option<u32>,
                            >(&mut __mfhm_input, "page");
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::user(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                    __mfhm_p1,
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
                    &__MFHM_Users__replace,
                    move |mut __mfhm_input: ::mfhm::__private::Input| {
                        let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
                        async move {
                            let __mfhm_p0 = ::mfhm::__private::Input::path::<
                                u64,
                            >(&mut __mfhm_input, 0usize, "id");
                            let __mfhm_p1 = ::mfhm::__private::Typed::<User>::new()
                                .body(&mut __mfhm_input, "user")
                                .await;
                            let (
                                ::core::option::Option::Some(__mfhm_p0),
                                ::core::option::Option::Some(__mfhm_p1),
                            ) = (__mfhm_p0, __mfhm_p1) else {
                                return __mfhm_input.reject();
                            };
                            let __mfhm_output = <Self as Users>::replace(
                                    &*__mfhm_this,
                                    __mfhm_p0,
                                    &__mfhm_p1,
                                )
                                .await;
                            ::mfhm::__private::answer_empty(__mfhm_output)
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
        ::mfhm::__private::Param::query("page"),
    ];
    ::mfhm::__private::Operation::new("user", "GET", "/users/{id}")
        .params(__MFHM_PARAMS)
        .location(::core::file!(), ::core::line!())
}
    .described_by(|__mfhm_schemas: &mut ::mfhm::__private::Schemas| {
        ::mfhm::__private::OperationSchemas::new()
            .param(::mfhm::__private::param_schema!(__mfhm_schemas, u64))
            .param(::mfhm::__private::param_schema!(__mfhm_schemas, Option < u32 >))
            .value(::mfhm::__private::value_schema!(__mfhm_schemas, User))
            .error(::mfhm::__private::error_schema!(__mfhm_schemas, UserError))
    });
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
static __MFHM_Users__replace: ::mfhm::__private::Operation = {
    const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
        ::mfhm::__private::Param::path("id"),
        ::mfhm::__private::Param::body("user"),
    ];
    ::mfhm::__private::Operation::new("replace", "PUT", "/users/{id}")
        .params(__MFHM_PARAMS)
        .location(::core::file!(), ::core::line!())
}
    .described_by(|__mfhm_schemas: &mut ::mfhm::__private::Schemas| {
        ::mfhm::__private::OperationSchemas::new()
            .param(::mfhm::__private::param_schema!(__mfhm_schemas, u64))
            .param(::mfhm::__private::param_schema!(__mfhm_schemas, User))
    });
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
        __mfhm_p1: Option<u32>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>>;
    fn __mfhm_replace<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: &'__mfhm User,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()>;
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
        __mfhm_p1: Option<u32>,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, Result<User, UserError>> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::user(self, __mfhm_p0, __mfhm_p1))
    }
    fn __mfhm_replace<'__mfhm>(
        &'__mfhm self,
        __mfhm_p0: u64,
        __mfhm_p1: &'__mfhm User,
    ) -> ::mfhm::__private::BoxFuture<'__mfhm, ()> {
        ::std::boxed::Box::pin(<__MfhmT as Users>::replace(self, __mfhm_p0, __mfhm_p1))
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
    /**Calls `GET /users/{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn user(
        &self,
        id: u64,
        page: Option<u32>,
    ) -> ::core::result::Result<User, ::mfhm::__private::CallError<UserError>> {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return ::mfhm::__private::Exchange::<User, UserError>::new()
                .local(
                    &self.__mfhm,
                    &__MFHM_Users__user,
                    __MfhmUsers::__mfhm_user(&*__mfhm_target, id, page),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__user);
        __mfhm_request.literal("/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Request::query(&mut __mfhm_request, "page", &page);
        ::mfhm::__private::Exchange::<User, UserError>::new().send(__mfhm_request).await
    }
    /**Calls `PUT /users/{id}` of the service `users`.

# Errors

The operation's own error, or what failed about the call itself.*/
    pub async fn replace(
        &self,
        id: u64,
        user: &User,
    ) -> ::core::result::Result<
        (),
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
            return self
                .__mfhm
                .call_local_value(
                    &__MFHM_Users__replace,
                    __MfhmUsers::__mfhm_replace(&*__mfhm_target, id, user),
                )
                .await;
        }
        let mut __mfhm_request = self.__mfhm.request(&__MFHM_Users__replace);
        __mfhm_request.literal("/users/");
        ::mfhm::__private::Request::path(&mut __mfhm_request, "id", &id);
        ::mfhm::__private::Argument(&user).body(&mut __mfhm_request);
        ::mfhm::__private::Exchange::<(), ::mfhm::__private::Infallible>::new()
            .send(__mfhm_request)
            .await
    }
}
impl<T: Store> Orders<T> {
    #[allow(clippy::unused_async)]
    async fn orders(&self) -> crate::Result<Vec<T::Order>> {
        self.store.all().await
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
impl<T: Store> ::mfhm::__private::Service for Orders<T> {
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
                ::mfhm::__private::Operation::new("orders", "GET", "/orders")
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
                                    match Self::orders(&*__mfhm_this).await {
                                        ::core::result::Result::Ok(__mfhm_value) => {
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
                                        ::core::result::Result::Err(__mfhm_error) => {
                                            #[allow(unused_imports)]
                                            use ::mfhm::__private::ProblemWay as _;
                                            #[allow(unused_imports)]
                                            use ::mfhm::__private::ResponseWay as _;
                                            #[allow(unused_imports)]
                                            use ::mfhm::__private::NoErrorWay as _;
                                            (&&::mfhm::__private::Replying::of(&__mfhm_error))
                                                .__mfhm_way()
                                                .answer(__mfhm_error)
                                        }
                                    }
                                }
                            },
                        )
                        .described_by(|__mfhm_schemas: &mut ::mfhm::__private::Schemas| {
                            ::mfhm::__private::OperationSchemas::new()
                                .value(
                                    ::mfhm::__private::value_schema!(
                                        __mfhm_schemas, < crate ::Result < Vec < T::Order > > as
                                        ::mfhm::__private::Outcome > ::Value
                                    ),
                                )
                                .error(
                                    ::mfhm::__private::error_schema!(
                                        __mfhm_schemas, < crate ::Result < Vec < T::Order > > as
                                        ::mfhm::__private::Outcome > ::Error
                                    ),
                                )
                        }),
                );
        }
        __mfhm_definition
    }
}
#[allow(clippy::unused_async)]
async fn page(State(db): State<Db>) -> impl IntoResponse {
    db.page()
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
    const _: fn() = || {
        ::mfhm::__private::check_extract::<
            State<Db>,
            _,
        >(::mfhm::__private::Extract::<State<Db>>::new().__mfhm_way());
    };
    static __MFHM_OPERATION: ::mfhm::__private::Operation = {
        ::mfhm::__private::Operation::new("page", "GET", "/page")
            .location(::core::file!(), ::core::line!())
    }
        .described_by(|__mfhm_schemas: &mut ::mfhm::__private::Schemas| {
            ::mfhm::__private::OperationSchemas::new().opaque().opaque_error()
        });
    async fn __mfhm_handle(
        mut __mfhm_input: ::mfhm::__private::Input,
    ) -> ::mfhm::__private::Response {
        let __mfhm_p0 = match ::mfhm::__private::Extract::<State<Db>>::new()
            .whole(&mut __mfhm_input)
            .await
        {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        let __mfhm_value = page(__mfhm_p0).await;
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
        || ::mfhm::__private::Route::new(& __MFHM_OPERATION, __mfhm_handle)
        .needs(::mfhm::__private::Needs:: < State < Db > > ::new().__mfhm_state()))
    }
};
