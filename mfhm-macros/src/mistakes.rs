//! What is said about wrong input: the text of each message, and that all
//! mistakes of an item are reported together.
//!
//! Where a message points is checked by the compile-fail cases of the
//! workspace's tests, which have real spans.

mod around;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::expand;
use crate::model::Products;

const ALL: Products = Products {
    client: true,
    server: true,
    openapi: true,
    validate: true,
};

/// The messages in an expansion. What is beside them has to be Rust.
fn messages(expansion: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion.clone())
        .unwrap_or_else(|error| panic!("an expansion is always Rust: {error}\n{expansion}"));
    file.items
        .into_iter()
        .filter_map(|item| match item {
            Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
                let text: syn::LitStr = item.mac.parse_body().ok()?;
                Some(text.value())
            }
            _ => None,
        })
        .collect()
}

#[track_caller]
fn check(expansion: TokenStream, expected: &[&str]) {
    let messages = messages(expansion);
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[track_caller]
fn check_contract(members: TokenStream, expected: &[&str]) {
    let item = quote!(pub trait Users { #members });
    let args = quote!(service = "users", path = "/v1");
    check(expand::client(args, item, ALL), expected);
}

#[track_caller]
fn check_impl(members: TokenStream, expected: &[&str]) {
    let item = quote!(impl Orders { #members });
    check(
        expand::service(quote!(name = "orders"), item, ALL),
        expected,
    );
}

#[track_caller]
fn check_service(item: TokenStream, expected: &[&str]) {
    check(expand::service(quote!(name = "a"), item, ALL), expected);
}

#[track_caller]
fn check_get(path: &str, item: TokenStream, expected: &[&str]) {
    check(expand::operation("get", quote!(#path), item, ALL), expected);
}

#[test]
fn placeholders_and_parameters_match() {
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: u64);
        ),
        &[],
    );
    check_contract(
        quote!(
            #[get("/{type}")]
            async fn a(&self, r#type: u64);
        ),
        &[],
    );
    check_contract(
        quote!(
            #[get("/{id}/{part}")]
            async fn a(&self, id: u64);
        ),
        &["no parameter for the placeholder `{part}`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[path] id: u64);
        ),
        &["the path has no placeholder `{id}`"],
    );
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, #[query] id: u64);
        ),
        &["parameter `id` is named in the path"],
    );
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: Option<u64>);
        ),
        &["remove `Option`"],
    );
    // A parameter that can't be read is not missing as well.
    check_contract(
        quote!(
            #[get("/{id}")]
            async fn a(&self, id: &mut u64);
        ),
        &["without `mut`"],
    );
}

#[test]
fn one_parameter_is_the_body() {
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, x: u64, y: u64);
            #[head("/b")] async fn b(&self, x: u64, y: u64);
            #[delete("/c")] async fn c(&self, x: u64, #[body] y: u64);
            #[options("/d")] async fn d(&self, x: u64, y: u64);
            #[route(TRACE, "/e")] async fn e(&self, x: u64, y: u64);
            #[post("/f/{y}")] async fn f(&self, x: u64, y: u64, #[query] z: u64);
            #[route(PURGE, "/g")] async fn g(&self, x: u64);
        },
        &[],
    );
    check_contract(
        quote!(
            #[post("/")]
            async fn a(&self, first: u64, second: u64);
        ),
        &["`second` would be a second JSON body beside `first`"],
    );
    check_contract(
        quote!(
            #[put("/")]
            async fn a(&self, second: u64, #[body] first: u64);
        ),
        &["would be a second JSON body"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[body] x: u64);
        ),
        &["a GET request has no body"],
    );
    check_contract(
        quote!(
            #[head("/")]
            async fn a(&self, #[body] x: u64);
        ),
        &["a HEAD request has no body"],
    );
    check_contract(
        quote!(
            #[head("/")]
            async fn a(&self) -> u64;
        ),
        &["an answer to HEAD has no body"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, x: u64, #[query("x")] y: u64);
        ),
        &["`x` and `y` are both the query parameter `x`"],
    );
    check_contract(
        quote!(
            #[get("/")]
            async fn a(&self, #[header("X-A")] b: u64, #[header] x_a: u64);
        ),
        &["`b` and `x_a` are both the header `x-a`"],
    );
}

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
fn all_mistakes_are_reported_together() {
    check(
        expand::client(
            quote!(service = "us ers", path = "v1", port = 1),
            quote! {
                trait Users {
                    #[get("/:id")] async fn a(&self, id: u64);
                    #[post("/")] fn b(&mut self, #[upload] x: u8, y: &'static str);
                    async fn local(&self);
                }
            },
            ALL,
        ),
        &[
            "unknown argument `port`",
            "can't have ` `",
            "path `v1` must begin with `/`",
            "write `{id}` instead of `:id`",
            "operation `b` must be async",
            "must take `&self`",
            "unknown attribute `upload`",
            "without a lifetime",
            "says neither method nor path",
            "`UsersClient::local`",
        ],
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

#[test]
fn idempotent_moves_below_the_method() {
    let moved = expand::idempotent(
        quote!(),
        quote!(
            #[put("/")]
            async fn a() {}
        ),
    );
    let expected = quote!(
        #[put("/")]
        #[idempotent]
        async fn a() {}
    );
    assert_eq!(moved.to_string(), expected.to_string());
}

#[test]
fn a_crate_without_the_server_says_so() {
    let products = Products {
        client: true,
        server: false,
        openapi: false,
        validate: false,
    };
    check(
        expand::service(
            quote!(name = "a"),
            quote!(
                struct A;
            ),
            products,
        ),
        &["needs the feature `server`"],
    );
    check(
        expand::operation(
            "get",
            quote!("/"),
            quote!(
                async fn a() {}
            ),
            products,
        ),
        &["needs the feature `server`"],
    );
}

#[test]
fn mains() {
    check(
        expand::main(
            quote!(),
            quote!(
                async fn main() {}
            ),
        ),
        &[],
    );
    check(
        expand::main(
            quote!(),
            quote!(
                fn start(x: u8) {}
            ),
        ),
        &["belongs on the program's", "must be async", "no parameters"],
    );
    check(
        expand::main(
            quote!(),
            quote!(
                struct A;
            ),
        ),
        &["not on a struct"],
    );
}

#[test]
fn input_that_is_no_rust_never_panics() {
    for item in [
        quote!(),
        quote!(fn),
        quote!(impl),
        quote!(pub pub),
        quote!(trait A),
    ] {
        for expansion in [
            expand::client(quote!(= =), item.clone(), ALL),
            expand::service(quote!(,,), item.clone(), ALL),
            expand::operation("route", quote!(;), item.clone(), ALL),
            expand::main(quote!(x(y)), item.clone()),
            expand::api_error(item.clone(), ALL),
        ] {
            assert!(expansion.to_string().contains("compile_error"));
        }
    }
}

#[test]
fn the_status_of_a_success() {
    check_contract(
        quote! {
            #[post("/a")] #[status(201)] async fn a(&self) -> u8;
            #[post("/b")] #[status(204)] async fn b(&self) -> Result<(), E>;
        },
        &[],
    );
    check_contract(
        quote! {
            #[post("/a")] #[status] async fn a(&self) -> u8;
            #[post("/b")] #[status(404)] async fn b(&self) -> u8;
            #[post("/c")] #[status(201)] #[status(202)] async fn c(&self) -> u8;
            #[post("/d")] #[status(204)] async fn d(&self) -> u8;
        },
        &[
            "needs a number",
            "`404` isn't the status of a success",
            "given twice",
            "an answer with status 204 has no body",
        ],
    );
    check_impl(
        quote! {
            #[get("/a")] async fn a(&self) {}
            #[status(201)] fn b(&self) {}
        },
        &["`#[status]` belongs to an operation"],
    );
}

#[test]
fn cookies_forms_and_raw_bodies() {
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[cookie] sid: Option<&str>, #[query(flatten)] f: &Filter);
            #[post("/b")] async fn b(&self, #[form] f: Form, #[cookie("Sid")] sid: u64);
            #[post("/c")] #[body_limit(1_024)] async fn c(&self, #[body(bytes)] data: &[u8]);
        },
        &[],
    );
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[form] f: Form);
            #[get("/b")] async fn b(&self, #[body(bytes)] data: Bytes);
            #[get("/c")] async fn c(&self, #[cookie] sid: Vec<u8>);
            #[get("/d")] async fn d(&self, #[query(flatten)] f: Option<Filter>);
            #[post("/e")] async fn e(&self, #[form] f: Vec<Form>);
            #[post("/f")] async fn f(&self, #[body(bytes)] data: Option<String>);
            #[post("/g")] async fn g(&self, #[body(bytes)] data: String, more: u8);
            #[get("/h")] async fn h(&self, #[cookie("a")] x: u8, #[cookie("a")] y: u8);
        },
        &[
            "a GET request has no body",
            "a GET request has no body",
            "is a cookie, which has one value",
            "at the struct's fields",
            "the fields of one struct",
            "no body is the empty one",
            "`more` would be a second body beside `data`",
            "`x` and `y` are both the cookie `a`",
        ],
    );
}

#[test]
fn the_limit_of_a_body() {
    check_contract(
        quote! {
            #[post("/a")] #[body_limit] async fn a(&self, x: u8);
            #[post("/b")] #[body_limit(0)] async fn b(&self, x: u8);
            #[post("/c")] #[body_limit(1)] #[body_limit(2)] async fn c(&self, x: u8);
            #[get("/d")] #[body_limit(1)] async fn d(&self, x: u8);
        },
        &[
            "needs a number of bytes",
            "needs a number of bytes",
            "given twice",
            "reads no body",
        ],
    );
}

#[test]
fn streams_and_their_resumption() {
    check_contract(
        quote! {
            #[put("/a")] async fn a(&self, #[body(stream)] data: ByteStream) -> ByteStream;
            #[get("/b")] #[resume]
            async fn b(&self, #[header("Last-Event-ID")] last: Option<&str>) -> Events<u8>;
        },
        &[],
    );
    check_contract(
        quote! {
            #[put("/a")] async fn a(&self, #[body(stream)] data: &ByteStream);
            #[get("/b")] #[resume] async fn b(&self) -> Events<u8>;
            #[post("/c")] #[resume]
            async fn c(&self, #[header] last_event_id: Option<&str>) -> Events<u8>;
            #[put("/d")] #[resume] async fn d(&self, #[body(stream)] data: ByteStream) -> Events<u8>;
            #[get("/e")] #[resume(1)]
            async fn e(&self, #[header] last_event_id: Option<&str>) -> Events<u8>;
        },
        &[
            "can't be lent",
            "doesn't learn where to resume",
            "to resume is to send the request again",
            "can't be sent again",
            "takes no argument",
        ],
    );
}

#[test]
fn forms_with_files() {
    check_contract(
        quote! {
            #[post("/a")] async fn a(&self, #[multipart] form: Multipart);
            #[delete("/b")] #[body_limit(9)] async fn b(&self, id: u8, #[multipart] form: mfhm::Multipart);
        },
        &[],
    );
    check_contract(
        quote! {
            #[get("/a")] async fn a(&self, #[multipart] form: Multipart);
            #[post("/b")] async fn b(&self, #[multipart] form: &Multipart);
            #[post("/c")] async fn c(&self, #[multipart] form: Option<Multipart>);
            #[post("/d")] async fn d(&self, #[multipart] form: Multipart, other: u8);
            #[post("/e")] async fn e(&self, #[multipart(stream)] form: Multipart);
            #[put("/f")] #[resume] async fn f(&self, #[multipart] form: Multipart) -> Events<u8>;
        },
        &[
            "a GET request has no body",
            "can't be lent",
            "may have no parts",
            "would be a second body",
            "takes no argument",
            "can't be sent again",
        ],
    );
}
