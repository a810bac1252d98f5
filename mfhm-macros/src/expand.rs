//! One function for each entry point: it parses, lowers and checks, then picks
//! the expander, or the stand-ins when something was wrong. Expanders can't
//! fail; all mistakes are found before.

pub(crate) mod bounds;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod error;
pub(crate) mod exports;
pub(crate) mod fallback;
pub(crate) mod handler;
pub(crate) mod main;
pub(crate) mod schema;
pub(crate) mod service;
mod service_impl;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{DeriveInput, LitStr};

use crate::attr::around::{Shared, expressions};
use crate::attr::operation::{OperationAttrs, route_span};
use crate::attr::route::RouteAttr;
use crate::attr::{ClientArgs, MainArgs, ServiceArgs};
use crate::check;
use crate::diag::Diagnostics;
use crate::expand::exports::Exports;
use crate::expand::service::Declaration;
use crate::item::{Body, FnItem, Item};
use crate::model::error::ErrorType;
use crate::model::operation::lower;
use crate::model::{Contract, Operation, Place, Products};
use crate::path::{PathPlace, PathTemplate};

/// `#[mfhm::service]`
pub(crate) fn service(args: TokenStream, item: TokenStream, products: Products) -> TokenStream {
    let mut diag = Diagnostics::new();
    let (written, args) = (args.clone(), ServiceArgs::parse(args, &mut diag));
    let exports = Exports::new(args.krate.as_ref())
        .with_schemas(products.openapi)
        .with_rules(products.validate);
    let Some(mut item) = parse_item(&item, &mut diag) else {
        return quote_all(diag, item);
    };
    let attribute = exports.attribute(&Ident::new("service", Span::call_site()));
    if let Some(tokens) = conditions_first(&mut item, &attribute, &written) {
        diag.postpone();
        return tokens;
    }
    if !products.server {
        diag.error(Span::call_site(), needs_server("service"));
    }
    let shared = Shared::read(&item.take_shared(), &mut diag);
    let tokens = match &item {
        Item::Struct(block) => {
            check_scope(&args, &shared, "struct", &mut diag);
            if !block.is_unit || !block.generics.params.is_empty() {
                diag.error(
                    block.ident.span(),
                    format!(
                        "a struct with fields is a service through its `impl`\n\
                         help: move the attribute to `impl {} {{ … }}`, or use a unit struct \
                         for free functions",
                        block.ident
                    ),
                );
            }
            when_correct(&diag, || {
                service::unit_struct(block, &declaration(&args, &shared), &exports)
            })
        }
        Item::Mod(block) => {
            check_scope(&args, &shared, "mod", &mut diag);
            if block.content.is_none() {
                diag.error(
                    block.ident.span(),
                    "a service needs the module's content here\n\
                     help: write `mod name { … }`, or put `#[mfhm::service(…)] struct Name;` into \
                     the module's file",
                );
            }
            when_correct(&diag, || {
                service::module(block, &declaration(&args, &shared), &exports)
            })
        }
        Item::Impl(block) => Some(service_impl::lower_and_expand(
            &args, &shared, block, &exports, &mut diag,
        )),
        other => {
            let hint = match other {
                Item::Trait(block) => format!(
                    "`#[mfhm::service]` can't stand on a trait\n\
                     help: a trait is a contract: write `#[mfhm::client(service = \"{}\")]`",
                    block.ident.to_string().to_lowercase()
                ),
                Item::Fn(_) => "`#[mfhm::service]` can't stand on a function\n\
                     help: write `#[get(\"/path\")]` on it, and `#[mfhm::service(name = \"…\")] \
                     struct Name;` in its module"
                    .to_owned(),
                _ => format!(
                    "`#[mfhm::service]` can't stand on {}\n\
                     help: put it on a unit struct, an inline module, or the `impl` of a type",
                    other.kind()
                ),
            };
            diag.error_at(head(other), hint);
            None
        }
    };
    let tokens = tokens.unwrap_or_else(|| fallback::item(&item));
    quote_all(diag, tokens)
}

/// An operation outside of a contract: its path is its own.
fn lower_own(
    function: &FnItem,
    attrs: OperationAttrs,
    place: Place,
    diag: &mut Diagnostics,
) -> Option<Operation> {
    let path_place = PathPlace::Operation { has_prefix: false };
    lower(
        function,
        attrs,
        place,
        &PathTemplate::default(),
        path_place,
        diag,
    )
}

/// Unit structs and modules: a name is needed, and no contract can be there.
fn check_scope(args: &ServiceArgs, shared: &Shared, kind: &str, diag: &mut Diagnostics) {
    require_name(args, kind, diag);
    let why = "the functions are elsewhere\nhelp: write it at each function";
    shared.refuse_all_but_layers(why, diag);
    if let Some(span) = args.contracts_span {
        diag.error(
            span,
            format!("a {kind} implements no contracts\nhelp: move the attribute to the `impl`"),
        );
    }
}

fn require_name(args: &ServiceArgs, kind: &str, diag: &mut Diagnostics) {
    if !args.has_name {
        diag.error(
            Span::call_site(),
            format!(
                "the service of this {kind} needs a name\n\
                 help: write `#[mfhm::service(name = \"…\")]`"
            ),
        );
    }
}

fn declaration(args: &ServiceArgs, shared: &Shared) -> Declaration {
    Declaration {
        name: args.name.as_ref().map(LitStr::value),
        port: args.port,
        version: args.version.as_ref().map(LitStr::value),
        contracts: args.contracts.clone(),
        layers: expressions(&shared.layers),
    }
}

/// `#[mfhm::client]`
pub(crate) fn client(args: TokenStream, item: TokenStream, products: Products) -> TokenStream {
    let mut diag = Diagnostics::new();
    let (written, args) = (args.clone(), ClientArgs::parse(args, &mut diag));
    let exports = Exports::new(args.krate.as_ref())
        .with_schemas(products.openapi)
        .with_rules(products.validate);
    let Some(mut item) = parse_item(&item, &mut diag) else {
        return quote_all(diag, item);
    };
    let attribute = exports.attribute(&Ident::new("client", Span::call_site()));
    if let Some(tokens) = conditions_first(&mut item, &attribute, &written) {
        diag.postpone();
        return tokens;
    }
    let shared = item.take_shared();
    let tokens = match &item {
        Item::Trait(block) => {
            let model = Contract::lower(&args, block, &shared, products, &mut diag);
            check::contract(&model, block, &mut diag);
            if diag.is_empty() {
                contract::expand(block, &model, &exports)
            } else {
                fallback::contract(block, products, &exports)
            }
        }
        other => {
            let help = match other {
                Item::Impl(_) => "an implementation is a service: write `#[mfhm::service]`",
                _ => "write the operations as methods of a trait",
            };
            diag.error_at(
                head(other),
                format!(
                    "`#[mfhm::client]` belongs on a trait, not on {}\nhelp: {help}",
                    other.kind()
                ),
            );
            fallback::item(&item)
        }
    };
    quote_all(diag, tokens)
}

/// `#[get]` and its siblings on a free function; `attribute` is which.
pub(crate) fn operation(
    attribute: &str,
    args: TokenStream,
    item: TokenStream,
    products: Products,
) -> TokenStream {
    let mut diag = Diagnostics::new();
    let attribute = Ident::new(attribute, Span::call_site());
    let Some(mut item) = parse_item(&item, &mut diag) else {
        return quote_all(diag, item);
    };
    let written = args.clone();
    let Item::Fn(function) = &item else {
        let message = format!(
            "`#[{attribute}]` belongs on an `async fn`, not on {}",
            item.kind()
        );
        diag.error_at(head(&item), message);
        return quote_all(diag, fallback::item(&item));
    };
    if let Some(message) = wrong_owner(&attribute, function) {
        diag.error(Span::call_site(), message);
        return quote_all(diag, fallback::item(&item));
    }
    if !products.server {
        diag.error(Span::call_site(), needs_server(&attribute.to_string()));
    }
    let route = RouteAttr::parse(&attribute, args, &mut diag);
    let exports = Exports::new(route.krate.as_ref())
        .with_schemas(products.openapi)
        .with_rules(products.validate);
    let again = exports.attribute(&attribute);
    if let Some(tokens) = conditions_first(&mut item, &again, &written) {
        diag.postpone();
        return tokens;
    }
    let Item::Fn(function) = &item else {
        return quote_all(diag, fallback::item(&item));
    };
    let attrs = OperationAttrs::of_function(route, &function.attrs, &mut diag);
    let operation = lower_own(function, attrs, Place::Function, &mut diag);
    let tokens = match operation {
        Some(operation) if diag.is_empty() => handler::function(function, &operation, &exports),
        _ => fallback::item(&item),
    };
    quote_all(diag, tokens)
}

/// A method reaches this macro only when the attribute around it is missing.
fn wrong_owner(attribute: &Ident, function: &FnItem) -> Option<String> {
    if let Body::Missing(_) = function.body {
        return Some(format!(
            "`#[{attribute}]` in a trait needs `#[mfhm::client(service = \"…\")]` on the trait"
        ));
    }
    function.receiver()?;
    Some(format!(
        "`#[{attribute}]` on a method needs `#[mfhm::service(name = \"…\")]` on the `impl`"
    ))
}

/// `#[idempotent]`, when it stands above the method's attribute: it moves
/// below, where that one reads it.
pub(crate) fn idempotent(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let Some(item) = parse_item(&item, &mut diag) else {
        return quote_all(diag, item);
    };
    if !args.is_empty() {
        diag.error_at(&args, "`#[idempotent]` takes no argument");
    }
    let tokens = match &item {
        Item::Fn(function) if route_span(&function.attrs).is_some() => {
            let mut function = function.clone();
            function.attrs.push(syn::parse_quote!(#[idempotent]));
            function.into_token_stream()
        }
        Item::Trait(block) if is_contract(&block.attrs) => {
            let mut attrs = block.attrs.clone();
            attrs.push(syn::parse_quote!(#[idempotent]));
            block.with_attrs(attrs)
        }
        _ => {
            check::stray("#[idempotent]", Span::call_site(), &mut diag);
            item.to_token_stream()
        }
    };
    quote_all(diag, tokens)
}

/// Whether the attributes of a trait make it a contract.
fn is_contract(attributes: &[syn::Attribute]) -> bool {
    let last =
        |attribute: &syn::Attribute| attribute.path().segments.last().map(|s| s.ident.clone());
    attributes
        .iter()
        .any(|attribute| last(attribute).is_some_and(|name| name == "client"))
}

/// `#[mfhm::main]`
pub(crate) fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let args = MainArgs::parse(args, &mut diag);
    let exports = Exports::new(args.krate.as_ref());
    let Some(item) = parse_item(&item, &mut diag) else {
        return quote_all(diag, item);
    };
    let tokens = match &item {
        Item::Fn(function) => {
            main::check(function, &mut diag);
            if diag.is_empty() {
                main::expand(function, &args, &exports)
            } else {
                main::stand_in(function)
            }
        }
        other => {
            diag.error_at(
                head(other),
                format!(
                    "`#[mfhm::main]` belongs on `async fn main`, not on {}",
                    other.kind()
                ),
            );
            fallback::item(&item)
        }
    };
    quote_all(diag, tokens)
}

/// `#[derive(mfhm::ApiError)]`
pub(crate) fn api_error(item: TokenStream, products: Products) -> TokenStream {
    let mut diag = Diagnostics::new();
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => {
            diag.syntax(error);
            return diag.into_tokens();
        }
    };
    let model = ErrorType::lower(&input, &mut diag);
    let exports = Exports::new(model.krate.as_ref()).with_schemas(products.openapi);
    let tokens = if diag.is_empty() {
        error::expand(&model, &exports)
    } else if matches!(input.data, syn::Data::Union(_)) {
        // A union is no error, whatever stands in.
        TokenStream::new()
    } else {
        error::stand_in(&input.ident, &input.generics, &exports)
    };
    quote_all(diag, tokens)
}

fn parse_item(tokens: &TokenStream, diag: &mut Diagnostics) -> Option<Item> {
    match syn::parse2(tokens.clone()) {
        Ok(item) => Some(item),
        Err(error) => {
            diag.syntax(error);
            None
        }
    }
}

/// Moves the conditions of an item, and those of its parameters, above our
/// attribute. rustc then decides them first, and what is generated needs none.
fn conditions_first(
    item: &mut Item,
    attribute: &TokenStream,
    args: &TokenStream,
) -> Option<TokenStream> {
    let conditions = item.take_conditions();
    if !conditions.is_empty() {
        return Some(quote!(#(#conditions)* #[#attribute(#args)] #item));
    }
    let condition = item.param_condition()?;
    let tokens = item.to_token_stream();
    let decided = |holds| {
        // It has been parsed before.
        let mut item: Item = syn::parse2(tokens.clone()).ok()?;
        item.decide(&condition, holds);
        Some(quote!(#[#attribute(#args)] #item))
    };
    let (with, without) = (decided(true)?, decided(false)?);
    Some(quote!(#[cfg(#condition)] #with #[cfg(not(#condition))] #without))
}

fn when_correct(diag: &Diagnostics, expand: impl FnOnce() -> TokenStream) -> Option<TokenStream> {
    diag.is_empty().then(expand)
}

fn quote_all(diag: Diagnostics, item: TokenStream) -> TokenStream {
    let errors = diag.into_tokens();
    quote!(#item #errors)
}

/// The token that says what an item is, for messages about the whole item.
fn head(item: &Item) -> TokenStream {
    match item {
        Item::Fn(function) => function.sig.ident.to_token_stream(),
        Item::Struct(block) => block.ident.to_token_stream(),
        Item::Mod(block) => block.ident.to_token_stream(),
        Item::Impl(block) => block.impl_token.to_token_stream(),
        Item::Trait(block) => block.trait_token.to_token_stream(),
        Item::Other(tokens) => tokens.clone(),
    }
}

fn needs_server(attribute: &str) -> String {
    format!("`#[{attribute}]` needs the feature `server` of the crate `mfhm`")
}
