//! What an operation says about its types, for documents: a function that the
//! runtime calls when it writes one.
//!
//! The macro can't see whether a type has a schema. It names the types, and
//! the runtime's macros choose by method resolution.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::expand::exports::Exports;
use crate::model::{Operation, ParamSource};

/// `.described_by(…)`, or nothing when no schemas are wanted.
pub(crate) fn described_by(operation: &Operation, exports: &Exports) -> Option<TokenStream> {
    if !exports.has_schemas {
        return None;
    }
    let Exports {
        operation_schemas,
        schemas,
        param_schema,
        value_schema,
        error_schema,
        outcome,
        infallible,
        ..
    } = exports;
    let params = operation
        .params
        .iter()
        .filter(|param| param.source != ParamSource::Extract)
        .map(|param| {
            let ty = &param.ty.decoded;
            quote!(.param(#param_schema!(__mfhm_schemas, #ty)))
        });
    let output = &operation.output;
    let value = (!output.is_empty()).then(|| {
        let ty = output.value_type(outcome);
        if has_impl(ty.clone()) {
            quote!(.opaque())
        } else {
            quote!(.value(#value_schema!(__mfhm_schemas, #ty)))
        }
    });
    let error = output.is_result().then(|| {
        let ty = output.error_type(outcome, infallible);
        if has_impl(ty.clone()) {
            quote!(.opaque_error())
        } else {
            quote!(.error(#error_schema!(__mfhm_schemas, #ty)))
        }
    });
    // Parameters are read before extractors, whose refusals are their own.
    let extract = operation
        .params
        .iter()
        .any(|param| param.source == ParamSource::Extract)
        .then(|| quote!(.opaque_error()));
    Some(quote! {
        .described_by(|__mfhm_schemas: &mut #schemas| {
            #operation_schemas::new() #(#params)* #value #error #extract
        })
    })
}

/// Whether a type is only said to be `impl Trait`: it can't be named again.
fn has_impl(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_impl(group.stream()),
        TokenTree::Ident(ident) => ident == "impl",
        _ => false,
    })
}
