//! Words that are nearly right, and code that is not written to its end.

use proc_macro2::TokenStream;
use quote::quote;

use super::{ALL, check, check_contract};
use crate::expand;

#[test]
fn misspelt_words_are_answered_with_what_may_be_meant() {
    check_contract(
        quote!(
            #[gett("/")]
            async fn a(&self);
        ),
        &["unknown attribute `gett` of an operation\nhelp: did you mean `#[get]`?"],
    );
    check_contract(
        quote!(
            #[post("/")]
            #[idempotant]
            async fn a(&self);
        ),
        &["did you mean `#[idempotent]`?"],
    );
    check_contract(
        quote!(
            #[post("/")]
            async fn a(&self, #[querry] a: u8, b: u8);
        ),
        &["did you mean `#[query]`? allowed are"],
    );
    check_contract(
        quote!(
            #[get("/{user_id}")]
            async fn a(&self, userid: u8);
        ),
        &["did you mean the parameter `userid`?"],
    );
    // Another attribute is the user's own.
    check_contract(
        quote!(
            #[get("/")]
            #[instrument]
            async fn a(&self);
        ),
        &[],
    );
}

#[test]
fn the_mistake_of_a_lifetime_is_told_once() {
    check_contract(
        quote!(
            #[get("/")]
            async fn a<'a>(&self, name: &'a str, other: Option<&'a str>);
        ),
        &["can't have a lifetime"],
    );
}

/// Expands and looks for `kept` in what comes out.
#[track_caller]
fn check_kept(members: TokenStream, kept: &[&str]) {
    let item = quote!(pub trait Users { #members });
    let expansion = expand::client(quote!(service = "users"), item, ALL).to_string();
    assert!(expansion.contains("compile_error"), "{expansion}");
    for kept in kept {
        assert!(expansion.contains(kept), "{kept:?} is not in {expansion}");
    }
}

#[test]
fn a_half_typed_operation_leaves_the_others_alone() {
    check_kept(
        quote!(
            #[get("/a")]
            async fn a(&self, page: ) -> u8;
            #[get("/b")]
            async fn b(&self) -> u8;
        ),
        &[
            "async fn a (& self , page :) -> u8 ;",
            "pub async fn b (& self ,",
        ],
    );
    let item = quote!(
        impl Orders {
            #[get("/a")]
            async fn a(&self, page: ) -> u8 { 1 }
            fn b() {}
        }
    );
    let expansion = expand::service(quote!(name = "orders"), item, ALL).to_string();
    assert!(expansion.contains("fn b () { }"), "{expansion}");
    assert_eq!(expansion.matches("compile_error").count(), 1, "{expansion}");
}

#[test]
fn a_half_typed_body_is_no_business_of_ours() {
    let item = quote!(
        impl Orders {
            #[get("/a")]
            async fn a(&self) -> u8 {
                let a = self.
            }
        }
    );
    let expansion = expand::service(quote!(name = "orders"), item, ALL).to_string();
    assert!(expansion.contains("{ let a = self . }"), "{expansion}");
    assert!(!expansion.contains("compile_error"), "{expansion}");
}

#[test]
fn a_condition_of_a_parameter_is_decided_first() {
    let function = quote!(
        async fn a(#[cfg(unix)] a: u8, #[cfg_attr(unix, header)] b: u8) {}
    );
    let expansion = expand::operation("get", quote!("/"), function, ALL).to_string();
    let with =
        "# [cfg (unix)] # [:: mfhm :: get (\"/\")] async fn a (a : u8 , # [header] b : u8) { }";
    let without = "# [cfg (not (unix))] # [:: mfhm :: get (\"/\")] async fn a (b : u8) { }";
    assert_eq!(expansion, format!("{with} {without}"));
    // In the impl of a contract rustc decides.
    let item = quote!(
        impl Users for Service {
            async fn a(&self, #[cfg(unix)] a: u8) {}
        }
    );
    check(expand::service(quote!(), item, ALL), &[]);
}
