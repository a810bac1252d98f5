//! What is said about wrong input: the text of each message, and that all
//! mistakes of an item are reported together.
//!
//! Where a message points is checked by the compile-fail cases of the
//! workspace's tests, which have real spans.

mod around;
mod items;
mod operations;
mod unfinished;

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
