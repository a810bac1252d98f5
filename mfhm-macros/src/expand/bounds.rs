//! What the macro can't see of the user's types is left to the compiler, which
//! then points at the type that the user wrote.
//!
//! Each type is checked once, where it stands first: a type that lacks
//! something is one mistake, however many operations use it.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::expand::exports::Exports;
use crate::expand::handler::{extractors, generated_at, quiet};
use crate::model::types::innermost;
use crate::model::{Contract, Operation, ParamSource};

/// The checks of all types of a contract: first of what is sent, as that can be
/// answered too.
pub(crate) fn contract(contract: &Contract, exports: &Exports) -> TokenStream {
    let mut seen = Seen::default();
    let mut checks = TokenStream::new();
    for check in [params, output] {
        for operation in &contract.operations {
            let conditions = operation.conditions();
            let found = check(operation, &mut seen, exports);
            if !found.is_empty() {
                checks.extend(quote!(#(#conditions)* { #found }));
            }
        }
    }
    let quiet = quiet();
    quote! {
        #quiet
        const _: fn() = || {
            #checks
        };
    }
}

/// The checks of what a handler takes that is in no contract. What it returns
/// is checked where it is answered.
pub(crate) fn handler(operation: &Operation, seen: &mut Seen, exports: &Exports) -> TokenStream {
    let Exports {
        extract,
        check_bytes,
        check_stream,
        check_multipart,
        check_extract,
        check_extract_parts,
        ..
    } = exports;
    let condition = operation.condition_text();
    let mut checks = TokenStream::new();
    for param in &operation.params {
        let (ty, at) = (&param.ty.decoded, param.ty.span());
        let span = generated_at(at);
        checks.extend(match param.source {
            ParamSource::Extract => continue,
            ParamSource::Bytes(_) => quote_spanned!(span=> #check_bytes::<#ty>();),
            ParamSource::Stream(_) => quote_spanned!(span=> #check_stream::<#ty>();),
            ParamSource::Multipart(_) => quote_spanned!(span=> #check_multipart::<#ty>();),
            _ => checked("read", ty, at, &condition, seen, exports),
        });
    }
    for (_, param, takes_body) in extractors(operation) {
        let ty = &param.ty.decoded;
        let span = generated_at(param.ty.span());
        let check = if takes_body {
            check_extract
        } else {
            check_extract_parts
        };
        checks.extend(quote_spanned!(span=> #check::<#ty, _>(#extract::<#ty>::new().way());));
    }
    checks
}

fn params(operation: &Operation, seen: &mut Seen, exports: &Exports) -> TokenStream {
    let Exports {
        check_bytes,
        check_stream,
        check_multipart,
        ..
    } = exports;
    let condition = operation.condition_text();
    let mut checks = TokenStream::new();
    for param in &operation.params {
        let (ty, at) = (&param.ty.decoded, param.ty.span());
        let span = generated_at(at);
        checks.extend(match param.source {
            ParamSource::Bytes(_) => quote_spanned!(span=> #check_bytes::<#ty>();),
            ParamSource::Stream(_) => quote_spanned!(span=> #check_stream::<#ty>();),
            ParamSource::Multipart(_) => quote_spanned!(span=> #check_multipart::<#ty>();),
            _ => checked("wire", ty, at, &condition, seen, exports),
        });
    }
    checks
}

fn output(operation: &Operation, seen: &mut Seen, exports: &Exports) -> TokenStream {
    let Exports {
        check_error,
        outcome,
        infallible,
        ..
    } = exports;
    let condition = operation.condition_text();
    let output = &operation.output;
    let (at, error_at) = output.spans();
    let mut checks = TokenStream::new();
    if !output.is_empty() {
        let ty = output.value_type(outcome);
        checks.extend(checked("reply", &ty, at, &condition, seen, exports));
    }
    if output.is_result() {
        let ty = output.error_type(outcome, infallible);
        if seen.is_first("error", &ty, &condition) {
            let span = generated_at(error_at);
            checks.extend(quote_spanned!(span=> #check_error::<#ty>();));
        }
    }
    checks
}

/// The check of a type that travels (`wire`), of a success (`reply`) or of a
/// type that is only read (`read`). A list's items are checked first, and the list says nothing about
/// what is wrong with them.
fn checked(
    kind: &str,
    ty: &TokenStream,
    at: Span,
    condition: &str,
    seen: &mut Seen,
    exports: &Exports,
) -> TokenStream {
    let check = &exports.check;
    let demand = match kind {
        "read" => &exports.check_readable,
        _ => &exports.check_travels,
    };
    // What travels in a request travels in an answer.
    if seen.has("wire", ty, condition) || !seen.is_first(kind, ty, condition) {
        return TokenStream::new();
    }
    let span = generated_at(at);
    let method = Ident::new(kind, span);
    let Some((inner, at)) = innermost(ty) else {
        return quote_spanned!(span=> #demand::<#ty, _>(#check::<#ty>::new().#method()););
    };
    let of_inner = checked(kind, &inner, at, condition, seen, exports);
    quote_spanned! {span=>
        #of_inner
        #demand::<#ty, _>(#check::<#ty, #inner>::new().#method());
    }
}

/// The types that have a check, as they are written, with their conditions.
#[derive(Default)]
pub(crate) struct Seen(HashSet<(String, String, String)>);

impl Seen {
    fn has(&self, kind: &str, ty: &TokenStream, condition: &str) -> bool {
        let seen_under = |condition: &str| {
            let key = (kind.to_owned(), ty.to_string(), condition.to_owned());
            self.0.contains(&key)
        };
        // What is checked always is checked under each condition.
        seen_under(condition) || seen_under("")
    }

    fn is_first(&mut self, kind: &str, ty: &TokenStream, condition: &str) -> bool {
        let is_first = !self.has(kind, ty, condition);
        self.0
            .insert((kind.to_owned(), ty.to_string(), condition.to_owned()));
        is_first
    }
}
