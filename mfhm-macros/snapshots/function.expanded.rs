/// Greets.
#[allow(clippy::unused_async)]
async fn hello() -> Json<Reply> {
    Json(Reply::default())
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
        ::mfhm::__private::Operation::new("hello", "GET", "/hello")
            .doc("Greets.")
            .location(::core::file!(), ::core::line!())
    };
    async fn __mfhm_handle(
        mut __mfhm_input: ::mfhm::__private::Input,
    ) -> ::mfhm::__private::Response {
        let __mfhm_value = hello().await;
        {
            let __mfhm_way = ::mfhm::__private::Replying::of(&__mfhm_value).way();
            ::mfhm::__private::check_reply(&__mfhm_value, &__mfhm_way);
            __mfhm_way.answer(__mfhm_value)
        }
    }
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedHandler::new(::core::module_path!(), & __MFHM_OPERATION,
        || ::mfhm::__private::Route::new(& __MFHM_OPERATION, __mfhm_handle))
    }
};
#[cfg(unix)]
#[allow(clippy::unused_async)]
pub(crate) async fn place_order(
    State(db): State<Db>,
    id: u64,
    dry_run: Option<bool>,
    order: &Order,
) -> Result<(), OrderError> {
    db.place(id, order).await
}
#[cfg(unix)]
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
        crate::reexported::__private::check_readable::<
            u64,
            _,
        >(crate::reexported::__private::Check::<u64>::new().read());
        crate::reexported::__private::check_readable::<
            bool,
            _,
        >(crate::reexported::__private::Check::<bool>::new().read());
        crate::reexported::__private::check_readable::<
            Option<bool>,
            _,
        >(crate::reexported::__private::Check::<Option<bool>, bool>::new().read());
        crate::reexported::__private::check_readable::<
            Order,
            _,
        >(crate::reexported::__private::Check::<Order>::new().read());
        crate::reexported::__private::check_extract_parts::<
            State<Db>,
            _,
        >(crate::reexported::__private::Extract::<State<Db>>::new().way());
    };
    static __MFHM_OPERATION: crate::reexported::__private::Operation = {
        const __MFHM_PARAMS: &[crate::reexported::__private::Param] = &[
            crate::reexported::__private::Param::path("id"),
            crate::reexported::__private::Param::query("dry-run"),
            crate::reexported::__private::Param::body("order"),
        ];
        crate::reexported::__private::Operation::new("place", "POST", "/orders/{id}")
            .params(__MFHM_PARAMS)
            .idempotent()
            .function("place_order")
            .location(::core::file!(), ::core::line!())
    };
    async fn __mfhm_handle(
        mut __mfhm_input: crate::reexported::__private::Input,
    ) -> crate::reexported::__private::Response {
        let __mfhm_p1 = crate::reexported::__private::Typed::<u64>::new()
            .path(&mut __mfhm_input, 0usize, "id");
        let __mfhm_p2 = crate::reexported::__private::Typed::<Option<bool>>::new()
            .query(&mut __mfhm_input, "dry-run");
        let __mfhm_p3 = crate::reexported::__private::Typed::<Order>::new()
            .body(&mut __mfhm_input, "order")
            .await;
        let (
            ::core::option::Option::Some(__mfhm_p1),
            ::core::option::Option::Some(__mfhm_p2),
            ::core::option::Option::Some(__mfhm_p3),
        ) = (__mfhm_p1, __mfhm_p2, __mfhm_p3) else {
            return __mfhm_input.reject();
        };
        let __mfhm_p0 = match crate::reexported::__private::Extract::<State<Db>>::new()
            .parts(&mut __mfhm_input)
            .await
        {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        match place_order(__mfhm_p0, __mfhm_p1, __mfhm_p2, &__mfhm_p3).await {
            ::core::result::Result::Ok(__mfhm_value) => {
                crate::reexported::__private::answer_empty(__mfhm_value)
            }
            ::core::result::Result::Err(__mfhm_error) => {
                let __mfhm_way = crate::reexported::__private::Replying::of(
                        &__mfhm_error,
                    )
                    .way_of_error();
                crate::reexported::__private::check_error_reply(
                    &__mfhm_error,
                    &__mfhm_way,
                );
                __mfhm_way.answer(__mfhm_error)
            }
        }
    }
    crate::reexported::__private::inventory::submit! {
        crate ::reexported::__private::LinkedHandler::new(::core::module_path!(), &
        __MFHM_OPERATION, || crate ::reexported::__private::Route::new(&
        __MFHM_OPERATION, __mfhm_handle).needs(crate ::reexported::__private::Needs:: <
        State < Db > > ::new().state()))
    }
};
#[allow(clippy::unused_async)]
async fn upload(name: &str, headers @ HeaderMap { .. }: HeaderMap, body: Bytes) {
    store(name, headers, body).await
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
        ::mfhm::__private::check_readable::<
            ::std::string::String,
            _,
        >(::mfhm::__private::Check::<::std::string::String>::new().read());
        ::mfhm::__private::check_extract_parts::<
            HeaderMap,
            _,
        >(::mfhm::__private::Extract::<HeaderMap>::new().way());
        ::mfhm::__private::check_extract::<
            Bytes,
            _,
        >(::mfhm::__private::Extract::<Bytes>::new().way());
    };
    static __MFHM_OPERATION: ::mfhm::__private::Operation = {
        const __MFHM_PARAMS: &[::mfhm::__private::Param] = &[
            ::mfhm::__private::Param::path("name"),
        ];
        ::mfhm::__private::Operation::new("upload", "PUT", "/upload/{*name}")
            .params(__MFHM_PARAMS)
            .location(::core::file!(), ::core::line!())
    };
    async fn __mfhm_handle(
        mut __mfhm_input: ::mfhm::__private::Input,
    ) -> ::mfhm::__private::Response {
        let __mfhm_p0 = ::mfhm::__private::Typed::<::std::string::String>::new()
            .path(&mut __mfhm_input, 0usize, "name");
        let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,) else {
            return __mfhm_input.reject();
        };
        let __mfhm_p1 = match ::mfhm::__private::Extract::<HeaderMap>::new()
            .parts(&mut __mfhm_input)
            .await
        {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        let __mfhm_p2 = match ::mfhm::__private::Extract::<Bytes>::new()
            .whole(&mut __mfhm_input)
            .await
        {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        let __mfhm_value = upload(&__mfhm_p0, __mfhm_p1, __mfhm_p2).await;
        ::mfhm::__private::answer_empty(__mfhm_value)
    }
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedHandler::new(::core::module_path!(), & __MFHM_OPERATION,
        || ::mfhm::__private::Route::new(& __MFHM_OPERATION, __mfhm_handle)
        .needs(::mfhm::__private::Needs:: < HeaderMap > ::new().state())
        .needs(::mfhm::__private::Needs:: < Bytes > ::new().state()))
    }
};
