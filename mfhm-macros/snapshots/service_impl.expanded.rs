impl<D: Db> Orders<D>
where
    D: Send + Sync + 'static,
{
    const LIMIT: usize = 10;
    pub fn new(db: D) -> Self {
        Self { db }
    }
    /// Finds one order.
    #[allow(clippy::unused_async)]
    pub async fn order(&self, id: u64) -> Result<Order, OrderError> {
        self.db.find(id).await
    }
    #[allow(clippy::unused_async)]
    async fn version() -> &'static str {
        "1"
    }
    #[cfg(feature = "admin")]
    #[allow(clippy::unused_async)]
    async fn search(&self, mut limit: usize, query: Query) -> Vec<Order> {
        limit = limit.min(Self::LIMIT);
        self.db.search(limit, query).await
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
impl<D: Db> ::mfhm::__private::Service for Orders<D>
where
    D: Send + Sync + 'static,
{
    fn __mfhm_definition(
        self: ::std::sync::Arc<Self>,
    ) -> ::mfhm::__private::ServiceDefinition {
        let mut __mfhm_definition = ::mfhm::__private::ServiceDefinition::new(
            "orders",
            ::core::option::Option::Some(0u16),
            ::core::file!(),
            ::core::line!(),
        );
        __mfhm_definition.about(::core::option_env!("CARGO_PKG_VERSION"), "");
        {
            ::mfhm::__private::check_readable::<
                u64,
                _,
            >(::mfhm::__private::Check::<u64>::new().read());
            static __MFHM_OPERATION: ::mfhm::__private::Operation = {
                const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
                    ::mfhm::__private::Param::path("id"),
                ];
                ::mfhm::__private::Operation::new("order", "GET", "/orders/{id}")
                    .params(__MFHM_PARAMS)
                    .doc("Finds one order.")
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
                                let __mfhm_p0 = ::mfhm::__private::Typed::<u64>::new()
                                    .path(&mut __mfhm_input, 0usize, "id");
                                let (::core::option::Option::Some(__mfhm_p0),) = (
                                    __mfhm_p0,
                                ) else {
                                    return __mfhm_input.reject();
                                };
                                match Self::order(&*__mfhm_this, __mfhm_p0).await {
                                    ::core::result::Result::Ok(__mfhm_value) => {
                                        let __mfhm_way = ::mfhm::__private::Replying::of(
                                                &__mfhm_value,
                                            )
                                            .way();
                                        ::mfhm::__private::check_reply(&__mfhm_value, &__mfhm_way);
                                        __mfhm_way.answer(__mfhm_value)
                                    }
                                    ::core::result::Result::Err(__mfhm_error) => {
                                        let __mfhm_way = ::mfhm::__private::Replying::of(
                                                &__mfhm_error,
                                            )
                                            .way_of_error();
                                        ::mfhm::__private::check_error_reply(
                                            &__mfhm_error,
                                            &__mfhm_way,
                                        );
                                        __mfhm_way.answer(__mfhm_error)
                                    }
                                }
                            }
                        },
                    ),
                );
        }
        {
            static __MFHM_OPERATION: ::mfhm::__private::Operation = {
                ::mfhm::__private::Operation::new("version", "GET", "/version")
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
                                let __mfhm_value = Self::version().await;
                                {
                                    let __mfhm_way = ::mfhm::__private::Replying::of(
                                            &__mfhm_value,
                                        )
                                        .way();
                                    ::mfhm::__private::check_reply(&__mfhm_value, &__mfhm_way);
                                    __mfhm_way.answer(__mfhm_value)
                                }
                            }
                        },
                    ),
                );
        }
        #[cfg(feature = "admin")]
        {
            ::mfhm::__private::check_readable::<
                usize,
                _,
            >(::mfhm::__private::Check::<usize>::new().read());
            ::mfhm::__private::check_readable::<
                Query,
                _,
            >(::mfhm::__private::Check::<Query>::new().read());
            static __MFHM_OPERATION: ::mfhm::__private::Operation = {
                const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
                    ::mfhm::__private::Param::query("limit"),
                    ::mfhm::__private::Param::body("query"),
                ];
                ::mfhm::__private::Operation::new("search", "POST", "/orders/search")
                    .params(__MFHM_PARAMS)
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
                                let __mfhm_p0 = ::mfhm::__private::Typed::<usize>::new()
                                    .query(&mut __mfhm_input, "limit");
                                let __mfhm_p1 = ::mfhm::__private::Typed::<Query>::new()
                                    .body(&mut __mfhm_input, "query")
                                    .await;
                                let (
                                    ::core::option::Option::Some(__mfhm_p0),
                                    ::core::option::Option::Some(__mfhm_p1),
                                ) = (__mfhm_p0, __mfhm_p1) else {
                                    return __mfhm_input.reject();
                                };
                                let __mfhm_value = Self::search(
                                        &*__mfhm_this,
                                        __mfhm_p0,
                                        __mfhm_p1,
                                    )
                                    .await;
                                {
                                    let __mfhm_way = ::mfhm::__private::Replying::of(
                                            &__mfhm_value,
                                        )
                                        .way();
                                    ::mfhm::__private::check_reply(&__mfhm_value, &__mfhm_way);
                                    __mfhm_way.answer(__mfhm_value)
                                }
                            }
                        },
                    ),
                );
        }
        __mfhm_definition
            .contract(
                <Self as Health>::__mfhm_serve(::core::clone::Clone::clone(&self)),
            );
        __mfhm_definition
    }
}
