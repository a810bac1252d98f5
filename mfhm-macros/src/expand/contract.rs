//! What a `#[mfhm::client]` trait becomes, apart from its client: the trait
//! itself with its routes, and the descriptions both sides share.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, Pat};

use crate::expand::bounds;
use crate::expand::client;
use crate::expand::exports::Exports;
use crate::expand::handler::{self, quiet};
use crate::expand::schema;
use crate::item::{Body, FnItem, Member, TraitItem};
use crate::model::{Contract, Operation};

/// The trait and all its products.
pub(crate) fn expand(item: &TraitItem, contract: &Contract, exports: &Exports) -> TokenStream {
    let serve = contract.products.server.then(|| serve(contract, exports));
    let trait_ = declaration(item, serve.unwrap_or_default());
    let has_products = contract.products.client || contract.products.server;
    let operations = has_products.then(|| operation_statics(contract, exports));
    let checks = bounds::contract(contract, exports);
    let client = contract
        .products
        .client
        .then(|| client::expand(item, contract, exports));
    quote! {
        #checks
        #trait_
        #operations
        #client
    }
}

/// The trait as an implementer sees it. `async fn` becomes a function that
/// returns a `Send` future, which an implementer still writes as `async fn`.
pub(crate) fn declaration(item: &TraitItem, generated: TokenStream) -> TokenStream {
    let members = item.members.iter().map(|member| match member {
        Member::Fn(function) => method(function),
        Member::Other(tokens) => tokens.clone(),
    });
    let own = item.supertraits.iter();
    let bounds = quote! {
        : #(#own +)* ::core::marker::Send + ::core::marker::Sync + 'static
    };
    item.with(&bounds, quote!(#(#members)* #generated))
}

fn method(function: &FnItem) -> TokenStream {
    let mut function = function.stripped();
    for input in &mut function.sig.inputs {
        // Any other pattern has been reported and would be so again by rustc.
        if let FnArg::Typed(typed) = input
            && !matches!(&*typed.pat, Pat::Ident(name) if name.mutability.is_none())
        {
            *typed.pat = syn::parse_quote!(_);
        }
    }
    let (attrs, sig) = (&function.attrs, &function.sig);
    let syn::Signature {
        constness,
        safety,
        abi,
        fn_token,
        ident,
        generics,
        inputs,
        ..
    } = sig;
    let where_clause = &generics.where_clause;
    let output = function
        .output()
        .map_or_else(|| quote!(()), ToTokens::to_token_stream);
    // A body is a mistake that was reported; it stays so that nothing is
    // missing from the trait.
    let body = match &function.body {
        Body::Missing(semi) => quote!(#semi),
        Body::Block(body) => quote!({ async move #body }),
    };
    quote! {
        #(#attrs)*
        #constness #safety #abi #fn_token #ident #generics (#inputs)
            -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
            #where_clause
        #body
    }
}

/// The provided method that an implementation is served with.
fn serve(contract: &Contract, exports: &Exports) -> TokenStream {
    let Exports {
        contract_routes, ..
    } = exports;
    let service = &contract.service;
    let doc = (!contract.doc.is_empty()).then(|| {
        let doc = &contract.doc;
        quote!(__mfhm_routes.doc(#doc);)
    });
    let routes = contract
        .operations
        .iter()
        .map(|operation| serve_operation(contract, operation, exports));
    let local = contract.products.client.then(|| {
        let (slot, twin) = (contract.local_static(), contract.twin_ident());
        quote! {
            __mfhm_routes.bind_local(&#slot, self as ::std::sync::Arc<dyn #twin>);
        }
    });
    let quiet = quiet();
    quote! {
        #[doc(hidden)]
        #quiet
        fn __mfhm_serve(self: ::std::sync::Arc<Self>) -> #contract_routes
        where
            Self: ::core::marker::Sized,
        {
            let mut __mfhm_routes = #contract_routes::new(#service);
            #doc
            #(#routes)*
            #local
            __mfhm_routes
        }
    }
}

fn serve_operation(contract: &Contract, operation: &Operation, exports: &Exports) -> TokenStream {
    let conditions = operation.conditions();
    let description = contract.operation_static(operation);
    let decode = handler::decode(operation, exports);
    let (trait_, ident) = (&contract.ident, &operation.ident);
    let arguments = handler::arguments(operation);
    let call = quote!(<Self as #trait_>::#ident(&*__mfhm_this, #(#arguments),*));
    let answer = handler::answer_contract(operation, &call, exports);
    let closure = handler::closure(&quote!(#decode #answer), exports);
    quote! {
        #(#conditions)*
        {
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_routes.add(&#description, #closure);
        }
    }
}

fn operation_statics(contract: &Contract, exports: &Exports) -> TokenStream {
    let operation_type = &exports.operation;
    let quiet = quiet();
    let statics = contract.operations.iter().map(|operation| {
        let conditions = operation.conditions();
        let ident = contract.operation_static(operation);
        let description = handler::describe(operation, exports);
        let schemas = schema::described_by(operation, exports);
        quote! {
            #(#conditions)*
            #[doc(hidden)]
            #quiet
            static #ident: #operation_type = #description #schemas;
        }
    });
    quote!(#(#statics)*)
}
