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
    static __MFHM_OPERATION: ::mfhm::__private::Operation = {
        ::mfhm::__private::Operation::new("hello", "GET", "/hello")
            .doc("Greets.")
            .location(::core::file!(), ::core::line!())
    };
    async fn __mfhm_handle(
        mut __mfhm_input: ::mfhm::__private::Input,
    ) -> ::mfhm::__private::Response {
        let __mfhm_value = hello().await;
        ::mfhm::__private::reply!(__mfhm_value)
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
        let __mfhm_p1 = __mfhm_input.path::<u64>(0usize, "id");
        let __mfhm_p2 = __mfhm_input.query::<Option<bool>>("dry-run");
        let __mfhm_p3 = __mfhm_input.body::<Order>("order").await;
        let (
            ::core::option::Option::Some(__mfhm_p1),
            ::core::option::Option::Some(__mfhm_p2),
            ::core::option::Option::Some(__mfhm_p3),
        ) = (__mfhm_p1, __mfhm_p2, __mfhm_p3) else {
            return __mfhm_input.reject();
        };
        let __mfhm_p0 = match __mfhm_input.extract_parts::<State<Db>>().await {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        match place_order(__mfhm_p0, __mfhm_p1, __mfhm_p2, &__mfhm_p3).await {
            ::core::result::Result::Ok(__mfhm_value) => {
                crate::reexported::__private::answer_empty(__mfhm_value)
            }
            ::core::result::Result::Err(__mfhm_error) => {
                crate::reexported::__private::reply_error!(__mfhm_error)
            }
        }
    }
    crate::reexported::__private::inventory::submit! {
        crate ::reexported::__private::LinkedHandler::new(::core::module_path!(), &
        __MFHM_OPERATION, || crate ::reexported::__private::Route::new(&
        __MFHM_OPERATION, __mfhm_handle))
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
        let __mfhm_p0 = __mfhm_input.path::<::std::string::String>(0usize, "name");
        let (::core::option::Option::Some(__mfhm_p0),) = (__mfhm_p0,) else {
            return __mfhm_input.reject();
        };
        let __mfhm_p1 = match __mfhm_input.extract_parts::<HeaderMap>().await {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        let __mfhm_p2 = match __mfhm_input.extract::<Bytes, _>().await {
            ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
            ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
        };
        ::mfhm::__private::answer_empty(upload(&__mfhm_p0, __mfhm_p1, __mfhm_p2).await)
    }
    ::mfhm::__private::inventory::submit! {
        ::mfhm::__private::LinkedHandler::new(::core::module_path!(), & __MFHM_OPERATION,
        || ::mfhm::__private::Route::new(& __MFHM_OPERATION, __mfhm_handle))
    }
};
