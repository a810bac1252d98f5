//! `#[mfhm::service]`: scopes for free functions, and the `Service` of a type.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Path};

use crate::attr::kept::doc_text;
use crate::expand::bounds::{self, Seen};
use crate::expand::exports::Exports;
use crate::expand::handler::{self, quiet};
use crate::expand::schema;
use crate::item::{ImplItem, ModItem, StructItem};
use crate::model::Operation;

/// What the arguments say about a service, checked.
pub(crate) struct Declaration {
    /// `None`: the contract's own name.
    pub(crate) name: Option<String>,
    /// `None`: chosen when the program starts.
    pub(crate) port: Option<u16>,
    /// `None`: that of the crate.
    pub(crate) version: Option<String>,
    /// Contracts that are implemented beside the annotated item.
    pub(crate) contracts: Vec<Path>,
    /// Layers around all of it, the outermost first.
    pub(crate) layers: Vec<Expr>,
}

/// Layers around one operation of a contract's implementation.
pub(crate) struct OperationLayers {
    /// The function's name in the contract.
    pub(crate) function: String,
    /// Under which it is there at all.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) layers: Vec<Expr>,
}

/// A unit struct opens a service for its module.
pub(crate) fn unit_struct(
    item: &StructItem,
    declaration: &Declaration,
    exports: &Exports,
) -> TokenStream {
    let ident = &item.ident;
    // Nobody else makes a value of the struct; it would be called dead code.
    let used = quote!(const _: fn() -> #ident = || #ident;);
    let scope = scope(declaration, &doc_text(&item.attrs), &used, exports);
    quote!(#item #scope)
}

/// An inline module opens a service for itself.
pub(crate) fn module(item: &ModItem, declaration: &Declaration, exports: &Exports) -> TokenStream {
    let (attrs, head, content) = (&item.attrs, &item.head, &item.content);
    // Inside the module, so that `module_path!` is the module's.
    let scope = scope(declaration, &item.doc, &TokenStream::new(), exports);
    quote!(#(#attrs)* #head { #content #scope })
}

fn scope(
    declaration: &Declaration,
    doc: &str,
    used: &TokenStream,
    exports: &Exports,
) -> TokenStream {
    let Exports {
        submit,
        linked_scope,
        ..
    } = exports;
    let name = declaration.name.as_deref().unwrap_or_default();
    let port = option(declaration.port);
    let about = about(declaration, doc);
    let layers = &declaration.layers;
    let layers = (!layers.is_empty())
        .then(|| quote!(.layers(|__mfhm_layers| { #(__mfhm_layers.add(#layers);)* })));
    let quiet = quiet();
    quote! {
        #quiet
        const _: () = {
            #used
            #submit! {
                #linked_scope::new(
                    ::core::module_path!(),
                    #name,
                    #port,
                    ::core::file!(),
                    ::core::line!()
                )
                #about
                #layers
            }
        };
    }
}

/// A type whose methods are the handlers.
pub(crate) fn inherent(
    item: &ImplItem,
    declaration: &Declaration,
    operations: &[Operation],
    exports: &Exports,
) -> TokenStream {
    let Exports {
        service_definition, ..
    } = exports;
    let name = declaration.name.as_deref().unwrap_or_default();
    let port = option(declaration.port);
    let mut seen = Seen::default();
    let routes = operations
        .iter()
        .map(|operation| method_route(operation, &mut seen, exports));
    let about = about(declaration, &doc_text(&item.attrs));
    let contracts = contracts(declaration);
    let layers = layers(declaration);
    let definition = service_impl(
        item,
        &quote! {
            let mut __mfhm_definition =
                #service_definition::new(#name, #port, ::core::file!(), ::core::line!());
            __mfhm_definition #about;
            #(#routes)*
            #contracts
            #layers
            __mfhm_definition
        },
        exports,
    );
    let stripped = item.stripped();
    quote!(#stripped #definition)
}

/// A type that implements a contract.
pub(crate) fn of_contract(
    item: &ImplItem,
    contract: &Path,
    declaration: &Declaration,
    of_operations: &[OperationLayers],
    exports: &Exports,
) -> TokenStream {
    let Exports {
        service_definition, ..
    } = exports;
    let name = option(declaration.name.as_deref());
    let port = option(declaration.port);
    let about = about(declaration, &doc_text(&item.attrs));
    let contracts = contracts(declaration);
    let serve = serve(contract);
    let layers = layers(declaration);
    let is_mut = (!of_operations.is_empty()).then(|| quote!(mut));
    let of_operations = of_operations.iter().map(operation_layers);
    let definition = service_impl(
        item,
        &quote! {
            let #is_mut __mfhm_routes =
                <Self as #contract>::#serve(::core::clone::Clone::clone(&self));
            #(#of_operations)*
            let mut __mfhm_definition = #service_definition::of_contract(
                __mfhm_routes,
                #name,
                #port,
                ::core::file!(),
                ::core::line!()
            );
            __mfhm_definition #about;
            #contracts
            #layers
            __mfhm_definition
        },
        exports,
    );
    let stripped = item.stripped();
    quote!(#stripped #definition)
}

/// `impl Service for Type`, with the generics of the annotated impl.
pub(crate) fn service_impl(item: &ImplItem, body: &TokenStream, exports: &Exports) -> TokenStream {
    let Exports {
        service,
        service_definition,
        ..
    } = exports;
    let (generics, _, where_clause) = item.generics.split_for_impl();
    let self_ty = &item.self_ty;
    let conditions = crate::attr::kept::conditions(&item.attrs);
    let quiet = quiet();
    quote! {
        #(#conditions)*
        #[automatically_derived]
        #quiet
        impl #generics #service for #self_ty #where_clause {
            fn __mfhm_definition(self: ::std::sync::Arc<Self>) -> #service_definition {
                #body
            }
        }
    }
}

fn method_route(operation: &Operation, seen: &mut Seen, exports: &Exports) -> TokenStream {
    let Exports {
        operation: operation_type,
        route,
        ..
    } = exports;
    let conditions = operation.conditions();
    let description = handler::describe(operation, exports);
    let decode = handler::decode(operation, exports);
    let checks = bounds::handler(operation, seen, exports);
    // Never called: they are there to be compiled.
    let checks = (!checks.is_empty()).then(|| quote!(let _ = || { #checks };));
    let needs = handler::needs(operation, exports);
    let ident = &operation.ident;
    let receiver = operation.has_receiver.then(|| quote!(&*__mfhm_this,));
    let arguments = handler::arguments(operation);
    let call = quote!(Self::#ident(#receiver #(#arguments),*));
    let answer = handler::answer(operation, &call, exports);
    let closure = handler::closure(&quote!(#decode #answer), exports);
    let layers = handler::layers(operation);
    // On the route: a static could name neither `Self` nor the impl's generics.
    let schemas = schema::described_by(operation, exports);
    quote! {
        #(#conditions)*
        {
            #checks
            static __MFHM_OPERATION: #operation_type = #description;
            let __mfhm_this = ::core::clone::Clone::clone(&self);
            __mfhm_definition
                .route(#route::new(&__MFHM_OPERATION, #closure) #layers #needs #schemas);
        }
    }
}

/// `.about(…)`: the version and the doc comment. Cargo says the version of the
/// crate that is compiled, which is the user's.
fn about(declaration: &Declaration, doc: &str) -> TokenStream {
    let version = match &declaration.version {
        Some(version) => quote!(::core::option::Option::Some(#version)),
        None => quote!(::core::option_env!("CARGO_PKG_VERSION")),
    };
    quote!(.about(#version, #doc))
}

/// The method that each contract has. It stands at the contract's path: there is
/// said that a trait is none.
fn serve(contract: &Path) -> Ident {
    Ident::new("__mfhm_serve", contract.span())
}

fn contracts(declaration: &Declaration) -> TokenStream {
    let calls = declaration.contracts.iter().map(|contract| {
        let serve = serve(contract);
        quote! {
            __mfhm_definition.contract(
                <Self as #contract>::#serve(::core::clone::Clone::clone(&self))
            );
        }
    });
    quote!(#(#calls)*)
}

fn operation_layers(around: &OperationLayers) -> TokenStream {
    let OperationLayers {
        function,
        conditions,
        layers,
    } = around;
    quote! {
        #(#conditions)*
        {
            #(__mfhm_routes.layer(#function, #layers);)*
        }
    }
}

fn layers(declaration: &Declaration) -> TokenStream {
    let layers = &declaration.layers;
    quote!(#(__mfhm_definition.layer(#layers);)*)
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
