//! `{Trait}Client`: a client whose methods are those of the contract, and the
//! object-safe twin of the trait through which calls stay in the process.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Lifetime};

use crate::attr::grammar::plain_name;
use crate::attr::kept::doc_text;
use crate::expand::exports::Exports;
use crate::expand::handler::{generated_at, quiet};
use crate::item::TraitItem;
use crate::model::{Contract, Operation, Param, ParamSource};
use crate::path::{Piece, Placeholder};

/// The twin, the slot of the local implementation, and the client.
pub(crate) fn expand(item: &TraitItem, contract: &Contract, exports: &Exports) -> TokenStream {
    let twin = twin(item, contract, exports);
    let slot = local_slot(contract, exports);
    let client = client_struct(item, contract, exports);
    let constructors = constructors(contract, exports);
    let methods = contract
        .operations
        .iter()
        .map(|operation| method(contract, operation, exports));
    let ident = contract.client_ident();
    let quiet = quiet();
    quote! {
        #twin
        #slot
        #client

        #quiet
        impl #ident {
            #constructors
            #(#methods)*
        }
    }
}

/// Not the operation's own name: where both traits are in scope, a method call on
/// an implementation would be ambiguous.
fn twin_method(operation: &Operation) -> Ident {
    format_ident!("__mfhm_{}", plain_name(&operation.ident))
}

/// The same operations with boxed futures: a trait with `async fn` has no
/// trait objects, and a client that were generic over the implementation
/// would make everything that holds it generic.
fn twin(item: &TraitItem, contract: &Contract, exports: &Exports) -> TokenStream {
    let (vis, trait_, twin) = (&item.vis, &contract.ident, contract.twin_ident());
    let boxed_future = &exports.boxed_future;
    let lifetime = Lifetime::new("'__mfhm", proc_macro2::Span::call_site());
    let signature = |operation: &Operation| {
        let ident = twin_method(operation);
        let params = operation.params.iter().enumerate().map(|(index, param)| {
            let (binding, ty) = (Param::binding(index), param.ty.with_lifetime(&lifetime));
            quote!(#binding: #ty)
        });
        let output = operation.output.written();
        quote! {
            fn #ident<#lifetime>(&#lifetime self, #(#params),*) -> #boxed_future<#lifetime, #output>
        }
    };
    let declared = contract.operations.iter().map(|operation| {
        let (conditions, signature) = (operation.conditions(), signature(operation));
        quote!(#(#conditions)* #signature;)
    });
    let provided = contract.operations.iter().map(|operation| {
        let (conditions, signature) = (operation.conditions(), signature(operation));
        let ident = &operation.ident;
        let arguments = (0..operation.params.len()).map(Param::binding);
        quote! {
            #(#conditions)*
            #signature {
                ::std::boxed::Box::pin(<__MfhmT as #trait_>::#ident(self, #(#arguments),*))
            }
        }
    });
    let quiet = quiet();
    quote! {
        #[doc(hidden)]
        #quiet
        #vis trait #twin: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#declared)*
        }

        #[automatically_derived]
        #quiet
        impl<__MfhmT: #trait_> #twin for __MfhmT {
            #(#provided)*
        }
    }
}

fn local_slot(contract: &Contract, exports: &Exports) -> TokenStream {
    let local_slot = &exports.local_slot;
    let (ident, twin) = (contract.local_static(), contract.twin_ident());
    let quiet = quiet();
    quote! {
        #[doc(hidden)]
        #quiet
        static #ident: #local_slot<dyn #twin> = #local_slot::new();
    }
}

fn client_struct(item: &TraitItem, contract: &Contract, exports: &Exports) -> TokenStream {
    let client = &exports.client;
    let vis = &item.vis;
    let (ident, twin) = (contract.client_ident(), contract.twin_ident());
    let doc = format!(
        "Calls the service `{}`: the client of [`{}`].\n\nCheap to clone; clones share what they \
         know about the service.",
        contract.service, contract.ident
    );
    let deprecated = &contract.deprecated;
    // The generated code may use what it deprecates.
    let allowed = (!deprecated.is_empty()).then(|| quote!(#[allow(deprecated)]));
    let quiet = quiet();
    quote! {
        #[doc = #doc]
        #(#deprecated)*
        #quiet
        #vis struct #ident {
            __mfhm: #client<dyn #twin>,
        }

        #[automatically_derived]
        #allowed
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                Self {
                    __mfhm: ::core::clone::Clone::clone(&self.__mfhm),
                }
            }
        }

        #[automatically_derived]
        #allowed
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, __mfhm_formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.__mfhm, __mfhm_formatter)
            }
        }

        #[automatically_derived]
        #allowed
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self::new()
            }
        }
    }
}

fn constructors(contract: &Contract, exports: &Exports) -> TokenStream {
    let Exports {
        client,
        caller,
        call_options,
        interceptor,
        error,
        ..
    } = exports;
    let (trait_, twin, slot) = (
        &contract.ident,
        contract.twin_ident(),
        contract.local_static(),
    );
    let service = &contract.service;
    let new = format!(
        "A client that finds the service `{service}` through the service center, or in \
         this process if it runs here.\n\nNothing is looked up before the first call."
    );
    let local = format!(
        "A client of this implementation of [`{trait_}`]: each call is a call of a function, \
         without serialisation."
    );
    let routed = contract.products.server.then(|| {
        let doc = format!(
            "A client of this implementation of [`{trait_}`] whose calls go through serialisation \
             and the router, but not through a socket."
        );
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn routed<__MfhmT: #trait_>(implementation: __MfhmT) -> Self {
                Self {
                    __mfhm: #client::routed(
                        #service,
                        <__MfhmT as #trait_>::__mfhm_serve(::std::sync::Arc::new(implementation)),
                    ),
                }
            }
        }
    });
    quote! {
        #[doc = #new]
        #[must_use]
        pub fn new() -> Self {
            Self { __mfhm: #client::discover(#service, &#slot) }
        }

        /// A client that finds the service as `caller` does: with its center,
        /// its key and its connections.
        #[must_use]
        pub fn through(caller: &#caller) -> Self {
            Self { __mfhm: #client::through(#service, caller) }
        }

        /// A client of the service at `url`, which nobody needs to have
        /// registered.
        ///
        /// # Errors
        ///
        /// When `url` is not the address of an HTTP server.
        pub fn at(url: &::core::primitive::str) -> ::core::result::Result<Self, #error> {
            match #client::at(#service, url) {
                ::core::result::Result::Ok(__mfhm) => ::core::result::Result::Ok(Self { __mfhm }),
                ::core::result::Result::Err(__mfhm_error) => {
                    ::core::result::Result::Err(__mfhm_error)
                }
            }
        }

        #[doc = #local]
        #[must_use]
        pub fn local<__MfhmT: #trait_>(implementation: __MfhmT) -> Self {
            let __mfhm_twin: ::std::sync::Arc<dyn #twin> = ::std::sync::Arc::new(implementation);
            Self { __mfhm: #client::local(#service, __mfhm_twin) }
        }

        #routed

        /// The same client with other options for its calls.
        #[must_use]
        pub fn with(&self, options: #call_options) -> Self {
            Self { __mfhm: #client::with(&self.__mfhm, options) }
        }

        /// The same client with an interceptor, inside of those that it has.
        #[must_use]
        pub fn intercept(&self, interceptor: impl #interceptor) -> Self {
            Self { __mfhm: self.__mfhm.intercept(interceptor) }
        }
    }
}

fn method(contract: &Contract, operation: &Operation, exports: &Exports) -> TokenStream {
    let Exports {
        call_error,
        exchange,
        outcome,
        infallible,
        ..
    } = exports;
    let (ident, twin) = (&operation.ident, contract.twin_ident());
    let description = contract.operation_static(operation);
    let attrs = operation.shown_attrs();
    let doc = method_doc(contract, operation);
    let names = argument_names(operation);
    let params = names.iter().zip(&operation.params).map(|(name, param)| {
        let ty = &param.ty.written;
        quote!(#name: #ty)
    });
    let output = &operation.output;
    let value = output.value_type(outcome);
    let error = output.error_type(outcome, infallible);
    let twin_method = twin_method(operation);
    let call = quote!(#twin::#twin_method(&*__mfhm_target, #(#names),*));
    let say_headers = say_headers(operation, &description, &names, exports);
    let (client, borrowed) = match say_headers {
        Some(_) => (quote!(__mfhm_client), quote!(__mfhm_client)),
        None => (quote!(self.__mfhm), quote!(&self.__mfhm)),
    };
    let call_local = if output.is_result() {
        let span = generated_at(output.spans().1);
        let local = quote_spanned!(span=> #exchange::<#value, #error>::new().local);
        quote!(#local(#borrowed, &#description, #call))
    } else {
        quote!(#client.call_local_value(&#description, #call))
    };
    let paths = check_paths(operation, &description, &names, exports);
    let rules = check_rules(operation, &description, &names, exports);
    let request = request(operation, &names, exports);
    let span = generated_at(output.spans().0);
    let send = quote_spanned!(span=> #exchange::<#value, #error>::new().send(__mfhm_request).await);
    quote! {
        #(#attrs)*
        #[doc = #doc]
        pub async fn #ident(&self, #(#params),*)
            -> ::core::result::Result<#value, #call_error<#error>>
        {
            if let ::core::option::Option::Some(__mfhm_target) = self.__mfhm.local_target() {
                #paths
                #rules
                #say_headers
                return #call_local.await;
            }
            let mut __mfhm_request = self.__mfhm.request(&#description);
            #request
            #send
        }
    }
}

/// What cannot stand in a path is refused in a local call as in any other. Types
/// that are not written as a text are not looked at: that would take serialisation.
fn check_paths(
    operation: &Operation,
    description: &Ident,
    names: &[Ident],
    exports: &Exports,
) -> TokenStream {
    let call_error = &exports.call_error;
    let named: Vec<_> = names.iter().zip(&operation.params).collect();
    let mut statements = TokenStream::new();
    for piece in operation.path.pieces() {
        let Piece::Value(placeholder) = piece else {
            continue;
        };
        let Some((ident, param)) = named_by(placeholder, &named) else {
            continue;
        };
        if !param.ty.is_text() {
            continue;
        }
        let (name, is_rest) = (placeholder.name, placeholder.is_rest);
        statements.extend(quote! {
            if let ::core::option::Option::Some(__mfhm_fault) =
                self.__mfhm.refused_path(&#description, #name, #is_rest, &#ident)
            {
                return ::core::result::Result::Err(#call_error::Fault(__mfhm_fault));
            }
        });
    }
    statements
}

/// What a service does with a request before its handler, for a local call: the
/// arguments have to keep the rules of their types.
fn check_rules(
    operation: &Operation,
    description: &Ident,
    names: &[Ident],
    exports: &Exports,
) -> Option<TokenStream> {
    let Exports {
        check_rules,
        invalid_param,
        call_error,
        has_rules,
        ..
    } = exports;
    let params = names.iter().zip(&operation.params);
    let checks: Vec<_> = params
        .filter_map(|(ident, param)| {
            let (location, name) = param.source.ruled()?;
            Some(quote!(#check_rules!(__mfhm_broken, #location, #name, #ident);))
        })
        .collect();
    (*has_rules && !checks.is_empty()).then(|| {
        quote! {
            let mut __mfhm_broken = ::std::vec::Vec::<#invalid_param>::new();
            #(#checks)*
            if let ::core::option::Option::Some(__mfhm_fault) =
                self.__mfhm.refused(&#description, __mfhm_broken)
            {
                return ::core::result::Result::Err(#call_error::Fault(__mfhm_fault));
            }
        }
    })
}

/// A local call sends no headers. Where calls that follow from it take one over that
/// it has as a parameter, it says it all the same, as the request of any other call
/// would. The statements for it, which make the client to call with.
fn say_headers(
    operation: &Operation,
    description: &Ident,
    names: &[Ident],
    exports: &Exports,
) -> Option<TokenStream> {
    let named = names.iter().zip(&operation.params);
    let headers: Vec<_> = named
        .filter_map(|(ident, param)| match &param.source {
            ParamSource::Header(name) => {
                Some(write("header", param, quote!(&#ident), Some(name), exports))
            }
            _ => None,
        })
        .collect();
    if headers.is_empty() {
        return None;
    }
    Some(quote! {
        let __mfhm_saying = match self.__mfhm.said_locally(&#description) {
            ::core::option::Option::Some(mut __mfhm_request) => {
                #(#headers)*
                ::core::option::Option::Some(self.__mfhm.saying(__mfhm_request))
            }
            ::core::option::Option::None => ::core::option::Option::None,
        };
        let __mfhm_client =
            ::core::option::Option::unwrap_or(__mfhm_saying.as_ref(), &self.__mfhm);
    })
}

/// The statement that writes a parameter into `__mfhm_request`.
fn write(
    method: &str,
    param: &Param,
    value: TokenStream,
    name: Option<&str>,
    exports: &Exports,
) -> TokenStream {
    let Exports {
        argument, request, ..
    } = exports;
    let span = generated_at(param.ty.span());
    let method = Ident::new(method, span);
    if param.is_known() {
        let name = name.map(|name| quote!(#name,));
        return quote_spanned!(span=> #request::#method(&mut __mfhm_request, #name #value););
    }
    quote_spanned!(span=> #argument(#value).#method(&mut __mfhm_request, #name);)
}

/// Statements that write the parameters into `__mfhm_request`.
fn request(operation: &Operation, names: &[Ident], exports: &Exports) -> TokenStream {
    let named: Vec<_> = names.iter().zip(&operation.params).collect();
    let mut statements = TokenStream::new();
    for piece in operation.path.pieces() {
        statements.extend(match piece {
            Piece::Literal(text) => quote!(__mfhm_request.literal(#text);),
            Piece::Value(placeholder) => {
                let method = if placeholder.is_rest { "rest" } else { "path" };
                named_by(placeholder, &named).map_or_else(TokenStream::new, |(ident, param)| {
                    let name = Some(placeholder.name);
                    write(method, param, quote!(&#ident), name, exports)
                })
            }
        });
    }
    for (ident, param) in named {
        let write = |method, value, name| write(method, param, value, name, exports);
        statements.extend(match &param.source {
            ParamSource::Query(name) => write("query", quote!(&#ident), Some(name)),
            ParamSource::Header(name) => write("header", quote!(&#ident), Some(name)),
            ParamSource::QueryFields(name) => write("query_fields", quote!(&#ident), Some(name)),
            ParamSource::Cookie(name) => write("cookie", quote!(&#ident), Some(name)),
            ParamSource::Form(name) => write("form", quote!(&#ident), Some(name)),
            ParamSource::Body(_) => write("body", quote!(&#ident), None),
            // By value: an owned one is not copied.
            ParamSource::Bytes(_) => write("bytes", quote!(#ident), None),
            ParamSource::Stream(_) => write("stream", quote!(#ident), None),
            ParamSource::Multipart(name) => write("multipart", quote!(#ident), Some(name)),
            ParamSource::Path { .. } | ParamSource::Extract => TokenStream::new(),
        });
    }
    statements
}

/// The parameter that a placeholder stands for. The check has found one for
/// each.
fn named_by<'a>(
    placeholder: Placeholder<'_>,
    named: &[(&'a Ident, &'a Param)],
) -> Option<(&'a Ident, &'a Param)> {
    let is_meant = |(_, param): &&(&Ident, &Param)| matches!(&param.source, ParamSource::Path { name, .. } if name == placeholder.name);
    named.iter().find(is_meant).copied()
}

/// The user's names: they are shown in the client's documentation.
fn argument_names(operation: &Operation) -> Vec<Ident> {
    let params = operation.params.iter().enumerate();
    params
        .map(|(index, param)| param.ident.clone().unwrap_or_else(|| Param::binding(index)))
        .collect()
}

/// What follows the user's own words.
fn method_doc(contract: &Contract, operation: &Operation) -> String {
    let has_words = !doc_text(&operation.attrs).is_empty();
    format!(
        "{}Calls `{}` of the service `{}`.\n\n# Errors\n\nThe operation's own error, or \
         what failed about the call itself.",
        if has_words { "\n" } else { "" },
        operation.route(),
        contract.service
    )
}
