//! What surrounds an operation: time-outs, layers, and what is said for all
//! operations of an item.

use quote::quote;

use super::{ALL, check, check_contract, check_get, check_impl, check_service};
use crate::expand;

#[test]
fn a_time_out_is_a_time() {
    for (timeout, expected) in [
        (quote!(#[timeout("250ms")]), &[][..]),
        (
            quote!(#[timeout("5s")] #[timeout("5s")]),
            &["is given twice"],
        ),
        (quote!(#[timeout("5")]), &["`5` has no unit"]),
        (quote!(#[timeout("0ms")]), &["a time-out of zero"]),
        (quote!(#[timeout("-5s")]), &["can't be negative"]),
        (quote!(#[timeout("9999h")]), &["`9999h` is too long"]),
        (
            quote!(#[timeout(5)]),
            &["needs a time with its unit, as a string"],
        ),
        (quote!(#[timeout]), &["write `#[timeout(\"5s\")]`"]),
        (quote!(#[timeout = "5s"]), &["write `#[timeout(\"5s\")]`"]),
        (quote!(#[timeout()]), &["write `#[timeout(\"5s\")]`"]),
        (
            quote!(#[timeout("5s", "6s")]),
            &["write `#[timeout(\"5s\")]`"],
        ),
    ] {
        check_get("/", quote!(#timeout async fn a() {}), expected);
        check_contract(quote!(#[get("/")] #timeout async fn a(&self);), expected);
        check_impl(quote!(#[get("/")] #timeout async fn a(&self) {}), expected);
    }
}

#[test]
fn a_layer_is_an_expression() {
    for (layer, expected) in [
        (quote!(#[layer(Layer)] #[layer(layer(1, 2))]), &[][..]),
        (quote!(#[layer(|a, b| a)]), &[]),
        (quote!(#[layer]), &["needs one expression"]),
        (quote!(#[layer()]), &["needs one expression"]),
        (quote!(#[layer(A, B)]), &["one `#[layer]` for each layer"]),
        (quote!(#[layer(A +)]), &["needs one expression"]),
    ] {
        check_get("/", quote!(#layer async fn a() {}), expected);
        check_impl(quote!(#[get("/")] #layer async fn a(&self) {}), expected);
        check_service(quote!(#layer struct A;), expected);
        let contract = quote!(impl Users for A { #layer async fn a(&self) {} });
        check(expand::service(quote!(), contract, ALL), expected);
    }
}

#[test]
fn what_belongs_elsewhere_is_told_where() {
    let operation = quote!(
        #[get("/")]
        async fn a(&self);
    );
    check_contract(
        quote!(
            #[get("/")]
            #[layer(A)]
            async fn a(&self);
        ),
        &["a layer belongs to a service"],
    );
    check_impl(
        quote!(
            #[get("/")]
            async fn a(&self) {}
            #[timeout("5s")]
            #[layer(A)]
            fn b(&self) {}
        ),
        &[
            "`#[timeout]` belongs to an operation",
            "`#[layer]` belongs to an operation",
        ],
    );
    for (written, expected) in [
        (quote!(#[layer(A)]), "a layer belongs to a service"),
        (
            quote!(#[status(201)]),
            "`#[status]` is said of one operation",
        ),
        (quote!(#[resume]), "`#[resume]` is said of one operation"),
        (quote!(#[timeout("1")]), "`1` has no unit"),
    ] {
        let item = quote!(#written trait Users { #operation });
        check(
            expand::client(quote!(service = "a"), item, ALL),
            &[expected],
        );
    }
    for (written, expected) in [
        (quote!(#[timeout("5s")]), "`#[timeout]` can't stand here"),
        (quote!(#[idempotent]), "`#[idempotent]` can't stand here"),
        (quote!(#[body_limit(1)]), "`#[body_limit]` can't stand here"),
    ] {
        let expected = &[expected];
        check_service(quote!(#written struct A;), expected);
        check_service(quote!(#written mod a {}), expected);
        let contract = quote!(#written impl Users for A {});
        check(expand::service(quote!(), contract, ALL), expected);
    }
    let contract = quote!(impl Users for A { #[timeout("5s")] async fn a(&self) {} });
    check(
        expand::service(quote!(), contract, ALL),
        &["the routes are in the contract"],
    );
}

#[test]
fn what_is_said_for_all_holds_for_those_that_it_can() {
    // A limit of bodies is no mistake of those that read none; a stream may be
    // resumed when all operations are idempotent.
    let item = quote! {
        #[body_limit(10)]
        #[idempotent]
        trait Users {
            #[get("/")]
            async fn a(&self);
            #[post("/")]
            #[resume]
            async fn b(&self, #[header("last-event-id")] last: Option<&str>) -> Events<u8>;
        }
    };
    check(expand::client(quote!(service = "a"), item, ALL), &[]);
}

#[test]
fn a_client_has_its_functions() {
    check_contract(
        quote!(
            #[get("/")]
            async fn intercept(&self);
        ),
        &["`UsersClient::intercept` is a function that every client has"],
    );
}

#[test]
fn idempotent_may_stand_above_a_contract() {
    let contract = quote!(
        #[mfhm::client(service = "a")]
        trait Users {}
    );
    let expansion = expand::idempotent(quote!(), contract).to_string();
    assert!(
        expansion.ends_with("# [mfhm :: client (service = \"a\")] # [idempotent] trait Users { }")
    );
    let other = quote!(
        trait Users {}
    );
    check(
        expand::idempotent(quote!(), other),
        &["`#[idempotent]` belongs to an operation"],
    );
}
