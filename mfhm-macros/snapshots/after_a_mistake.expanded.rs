pub trait Users: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn user(
        &self,
        id: u64,
    ) -> impl ::core::future::Future<
        Output = Result<User, UserError>,
    > + ::core::marker::Send;
    fn list(
        &self,
        page: Option<u32>,
    ) -> impl ::core::future::Future<Output = Vec<User>> + ::core::marker::Send {
        async move { Vec::new() }
    }
    fn new(&self) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send;
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
        loop {}
    }
}
/// Stands in until the contract is correct.
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    dead_code,
    deprecated,
    non_upper_case_globals
)]
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct UsersClient {}
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
impl UsersClient {
    pub fn new() -> Self {
        loop {}
    }
    pub fn through(_: &::mfhm::__private::Caller) -> Self {
        loop {}
    }
    pub fn at(
        _: &::core::primitive::str,
    ) -> ::core::result::Result<Self, ::mfhm::__private::Error> {
        loop {}
    }
    pub fn local<__MfhmT: Users>(_: __MfhmT) -> Self {
        loop {}
    }
    pub fn routed<__MfhmT: Users>(_: __MfhmT) -> Self {
        loop {}
    }
    pub fn with(&self, _: ::mfhm::__private::CallOptions) -> Self {
        loop {}
    }
    pub fn intercept(&self, _: impl ::mfhm::__private::Interceptor) -> Self {
        loop {}
    }
    pub async fn user(
        &self,
        _: u64,
    ) -> ::core::result::Result<User, ::mfhm::__private::CallError<UserError>> {
        loop {}
    }
    pub async fn list(
        &self,
        _: Option<u32>,
    ) -> ::core::result::Result<
        Vec<User>,
        ::mfhm::__private::CallError<::mfhm::__private::Infallible>,
    > {
        loop {}
    }
}
::core::compile_error! {
    "operation `user`: path `/:id`: write `{id}` instead of `:id`"
}
::core::compile_error! {
    "operation `list` must be async\nhelp: write `async fn`"
}
::core::compile_error! {
    "operation `list`: a contract has no bodies\nhelp: end the declaration with `;` and write the body in the `impl`"
}
::core::compile_error! {
    "`UsersClient::new` is a function that every client has\nhelp: rename the operation in Rust and keep its name on the wire: `#[get(\"…\", name = \"new\")] async fn new_operation`"
}
impl Orders {
    #[allow(clippy::unused_async)]
    async fn order(&mut self, id: u64) -> u64 {
        id
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
        loop {}
    }
}
::core::compile_error! {
    "operation `order` must take `&self`: calls run at the same time\nhelp: keep what changes behind a lock or in a channel"
}
async fn free(name: &str) {}
::core::compile_error! {
    "operation `free` has no parameter for the placeholder `{id}`\nhelp: add a parameter `id`, or take the placeholder out of the path"
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
impl ::mfhm::__private::ApiError for Failure {
    const VARIANTS: &'static [::mfhm::__private::ErrorVariant] = &[];
    fn status(&self) -> ::mfhm::__private::StatusCode {
        loop {}
    }
    fn code(&self) -> &'static ::core::primitive::str {
        loop {}
    }
    fn is_internal(&self) -> ::core::primitive::bool {
        loop {}
    }
    fn data(&self) -> ::mfhm::__private::Data {
        loop {}
    }
    fn from_data(
        _: &::core::primitive::str,
        _: &mut ::mfhm::__private::Data,
    ) -> ::core::option::Option<Self> {
        loop {}
    }
}
::core::compile_error! {
    "`NoStatus` has no HTTP status\nhelp: write `#[status(404)]` (or another from 400 to 599) above it, or `#[internal]` if the caller shall only learn that something failed"
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
fn main() {
    async fn __mfhm_main() {
        work().await
    }
}
::core::compile_error! {
    "unknown argument `threads` of `#[mfhm::main]`\nhelp: allowed are `worker_threads`, `flavor`, `log`, `crate`"
}
