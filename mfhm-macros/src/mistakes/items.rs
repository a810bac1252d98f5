//! Signatures, and what stands where it does not belong.

use quote::quote;

use super::{ALL, check, check_contract, check_get, check_impl, check_service};
use crate::expand;

#[test]
fn signatures() {
    check_contract(
        quote!(
            #[get("/")]
            fn a(&self);
        ),
        &["operation `a` must be async"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a();
        ),
        &["has no `self`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(self);
        ),
        &["must take `&self`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&mut self);
        ),
        &["must take `&self`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(self: Arc<Self>);
        ),
        &["must take `&self`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a<T: X>(&self, x: T);
        ),
        &["can't be generic"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self)
            where
                Self: Sized;
        ),
        &["can't have a `where` clause"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async unsafe fn a(&self);
        ),
        &["can't be `unsafe`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self) {
                body()
            }
        ),
        &["a contract has no bodies"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, (x, y): (u8, u8));
        ),
        &["needs a plain name"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, mut x: u8);
        ),
        &["`mut` belongs to the `impl`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[extract] x: u8);
        ),
        &["can't stand in a contract"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, x: Vec<&str>);
        ),
        &["reference inside"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self) -> &str;
        ),
        &["the reply has a reference inside"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self) -> Result<impl Sized, E>;
        ),
        &["the reply can't be `impl Trait`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, x: Self) -> Vec<Self>;
        ),
        &["`Self` can't travel", "`Self` can't travel"],
    );
    check_contract(
        quote!(
            async fn a(&self);
        ),
        &["operation `a` says neither method nor path"],
    );
    check_contract(
        quote!(
            #[get("/")]
            #[post("/")]
            async fn a(&self);
        ),
        &["one HTTP method and one path"],
    );
}

#[test]
fn a_contract_as_a_whole() {
    check_contract(
        quote! {
            #[get("/{a}")] async fn x(&self, a: u8);
            #[get("/{b}")] async fn y(&self, b: u8);
            #[post("/")] async fn z(&self);
            #[put("/", name = "z")] async fn w(&self);
        },
        &[
            "operation `y` answers the same requests as `x`",
            "two operations are called `z`",
        ],
    );
    check_contract(
        quote! {
            #[cfg(unix)] #[get("/")] async fn x(&self);
            #[cfg(not(unix))] #[get("/")] async fn x(&self);
        },
        &[],
    );
    for name in crate::check::CLIENT_FUNCTIONS {
        let ident = quote::format_ident!("{name}");
        check_contract(
            quote!(#[get("/")] async fn #ident(&self);),
            &["is a function that every client has"],
        );
    }
    check_contract(
        quote!(
            #[get("/", name = "new")]
            async fn create_new(&self);
        ),
        &[],
    );
    check_contract(
        quote!(
            type X;
            #[get("/")]
            async fn a(&self);
        ),
        &["a contract has operations only"],
    );
    let args = || quote!(service = "a");
    check(
        expand::client(
            args(),
            quote!(
                trait A<T>
                where
                    T: X,
                {
                }
            ),
            ALL,
        ),
        &["a contract can't be generic", "`where` clause"],
    );
    check(
        expand::client(
            quote!(),
            quote!(
                trait A {}
            ),
            ALL,
        ),
        &["needs the name of the service"],
    );
    check(
        expand::client(
            quote!(service = "a", path = "v1/"),
            quote!(
                trait A {
                    #[get("")]
                    async fn a(&self);
                }
            ),
            ALL,
        ),
        &["must begin with `/`"],
    );
    check(
        expand::client(
            args(),
            quote!(
                trait A {
                    #[get("")]
                    async fn a(&self);
                }
            ),
            ALL,
        ),
        &["write \"/\" for the root"],
    );
}

#[test]
fn services_on_types() {
    check_impl(
        quote! {
            #[get("/a/{x}")] async fn a(&self, x: u8, State(y): State<Y>, #[extract] z: Z) {}
            #[post("/b")] async fn b(body: u8) -> impl IntoResponse { body }
            fn helper(&mut self, #[anything] x: u8) {}
            const N: u8 = 1;
        },
        &[],
    );
    check_impl(
        quote!(
            fn a(&self) {}
        ),
        &["this service has no operation"],
    );
    check_impl(
        quote!(
            #[idempotent]
            fn a(&self) {}
        ),
        &["`#[idempotent]` belongs to an operation"],
    );
    check_impl(
        quote!(
            #[get("/")]
            async fn a(self) {}
        ),
        &["must take `&self`"],
    );
    check_impl(
        quote!(
            #[get("/")]
            async fn a(#[query] (x, y): (u8, u8)) {}
        ),
        &["needs a plain name"],
    );
    check(
        expand::service(
            quote!(),
            quote!(impl A { #[get("/")] async fn a() {} }),
            ALL,
        ),
        &["the service of this impl needs a name"],
    );
    check(
        expand::service(
            quote!(),
            quote!(impl Users for A { #[get("/")] async fn a(&self, #[query] x: u8) {} }),
            ALL,
        ),
        &["the routes are in the contract", "is said in the contract"],
    );
    check(
        expand::service(quote!(), quote!(impl Users for A {}), ALL),
        &[],
    );
}

#[test]
fn attributes_in_wrong_places() {
    check_service(
        quote!(
            struct A {
                x: u8,
            }
        ),
        &["move the attribute to `impl A"],
    );
    check_service(
        quote!(
            struct A();
        ),
        &["a struct with fields"],
    );
    check_service(
        quote!(
            enum A {}
        ),
        &["can't stand on an enum"],
    );
    check_service(
        quote!(
            trait Users {}
        ),
        &["`#[mfhm::client(service = \"users\")]`"],
    );
    check_service(
        quote!(
            async fn a() {}
        ),
        &["can't stand on a function"],
    );
    check_service(
        quote!(
            mod a;
        ),
        &["needs the module's content here"],
    );
    check(
        expand::service(
            quote!(contracts(X)),
            quote!(
                struct A;
            ),
            ALL,
        ),
        &["needs a name", "implements no contracts"],
    );
    let client = |item| expand::client(quote!(service = "a"), item, ALL);
    check(client(quote!(impl A {})), &["write `#[mfhm::service]`"]);
    check(
        client(quote!(
            struct A;
        )),
        &["not on a struct"],
    );

    check_get(
        "/",
        quote!(
            struct A;
        ),
        &["belongs on an `async fn`"],
    );
    check_get(
        "/",
        quote!(
            async fn a(&self) {}
        ),
        &["needs `#[mfhm::service(name = \"…\")]` on the `impl`"],
    );
    check_get(
        "/",
        quote!(
            async fn a(&self);
        ),
        &["needs `#[mfhm::client(service = \"…\")]` on the trait"],
    );
    check_get(
        "/",
        quote!(
            fn a() {}
        ),
        &["must be async"],
    );
    check_get(
        "/{a}",
        quote!(
            async fn a(b: u8) {}
        ),
        &["the placeholder `{a}`"],
    );

    check(
        expand::idempotent(
            quote!(),
            quote!(
                #[get("/")]
                async fn a() {}
            ),
        ),
        &[],
    );
    check(
        expand::idempotent(
            quote!(),
            quote!(
                async fn a() {}
            ),
        ),
        &["belongs to an operation"],
    );
    check(
        expand::idempotent(
            quote!(3),
            quote!(
                struct A;
            ),
        ),
        &["takes no argument", "belongs to an operation"],
    );
}
