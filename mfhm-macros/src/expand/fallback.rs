//! What is emitted after a mistake: the user's item with our attributes taken
//! off, and stand-ins for everything that would have been generated. A
//! contract with one wrong path must not also be "no `UsersClient` in scope"
//! in fifty places.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::FnArg;

use crate::attr::grammar::plain_name;
use crate::check::CLIENT_FUNCTIONS;
use crate::expand::contract;
use crate::expand::exports::Exports;
use crate::expand::handler::quiet;
use crate::expand::schema::has_impl;
use crate::expand::service::service_impl;
use crate::item::{FnItem, ImplItem, Item, Member, TraitItem};
use crate::model::output::Output;
use crate::model::{Products, client_ident, is_operation};

/// Any item, our attributes taken off.
pub(crate) fn item(item: &Item) -> TokenStream {
    match item {
        Item::Fn(function) => function.stripped().into_token_stream(),
        Item::Impl(block) => block.stripped(),
        Item::Trait(block) => {
            let members = block.members.iter().map(|member| match member {
                Member::Fn(function) => function.stripped().into_token_stream(),
                Member::Other(tokens) => tokens.clone(),
                Member::Broken(item) => item.to_token_stream(),
            });
            let bounds = if block.supertraits.is_empty() {
                TokenStream::new()
            } else {
                let supertraits = &block.supertraits;
                quote!(: #supertraits)
            };
            block.with(&bounds, quote!(#(#members)*))
        }
        Item::Struct(_) | Item::Mod(_) | Item::Other(_) => item.to_token_stream(),
    }
}

/// An impl that is a service.
pub(crate) fn service(item: &ImplItem, exports: &Exports) -> TokenStream {
    let stripped = item.stripped();
    let definition = service_impl(item, &quote!(loop {}), exports);
    quote!(#stripped #definition)
}

/// A trait that is a contract, with its client.
pub(crate) fn contract(item: &TraitItem, products: Products, exports: &Exports) -> TokenStream {
    let contract_routes = &exports.contract_routes;
    let quiet = quiet();
    let serve = products.server.then(|| {
        quote! {
            #[doc(hidden)]
            #quiet
            fn __mfhm_serve(self: ::std::sync::Arc<Self>) -> #contract_routes
            where
                Self: ::core::marker::Sized,
            {
                loop {}
            }
        }
    });
    let trait_ = contract::declaration(item, serve.unwrap_or_default());
    let is_generic = !item.generics.params.is_empty();
    let client = (products.client && !is_generic).then(|| client(item, products, exports));
    quote!(#trait_ #client)
}

fn client(item: &TraitItem, products: Products, exports: &Exports) -> TokenStream {
    let Exports {
        caller,
        call_options,
        interceptor,
        error,
        ..
    } = exports;
    let (vis, trait_, ident) = (&item.vis, &item.ident, client_ident(&item.ident));
    let functions = item.members.iter().filter_map(Member::function);
    let mut names = Vec::new();
    let methods: Vec<_> = functions
        .filter(|function| {
            let name = plain_name(&function.sig.ident);
            let is_free = !CLIENT_FUNCTIONS.contains(&name.as_str()) && !names.contains(&name);
            names.push(name);
            is_free && is_operation(function)
        })
        .map(|function| client_method(function, exports))
        .collect();
    let routed = products
        .server
        .then(|| quote!(pub fn routed<__MfhmT: #trait_>(_: __MfhmT) -> Self { loop {} }));
    let quiet = quiet();
    quote! {
        /// Stands in until the contract is correct.
        #quiet
        #[derive(
            ::core::clone::Clone,
            ::core::fmt::Debug,
            ::core::default::Default
        )]
        #vis struct #ident {}

        #[doc(hidden)]
        #quiet
        impl #ident {
            pub fn new() -> Self { loop {} }
            pub fn through(_: &#caller) -> Self { loop {} }
            pub fn at(_: &::core::primitive::str) -> ::core::result::Result<Self, #error> { loop {} }
            pub fn local<__MfhmT: #trait_>(_: __MfhmT) -> Self { loop {} }
            #routed
            pub fn with(&self, _: #call_options) -> Self { loop {} }
            pub fn intercept(&self, _: impl #interceptor) -> Self { loop {} }
            #(#methods)*
        }
    }
}

/// The method with whatever signature the user wrote.
fn client_method(function: &FnItem, exports: &Exports) -> TokenStream {
    let Exports {
        call_error,
        outcome,
        infallible,
        ..
    } = exports;
    let function = function.stripped();
    let sig = &function.sig;
    let (ident, generics) = (&sig.ident, &sig.generics);
    let where_clause = &generics.where_clause;
    let params = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(typed) => {
            let ty = &typed.ty;
            Some(quote!(_: #ty))
        }
    });
    let output = Output::read(function.output());
    let named = |ty: TokenStream| {
        if has_impl(ty.clone()) {
            infallible.clone()
        } else {
            ty
        }
    };
    let value = named(output.value_type(outcome));
    let error = named(output.error_type(outcome, infallible));
    let conditions = crate::attr::kept::conditions(&function.attrs);
    quote! {
        #(#conditions)*
        pub async fn #ident #generics (&self, #(#params),*)
            -> ::core::result::Result<#value, #call_error<#error>>
        #where_clause
        {
            loop {}
        }
    }
}
