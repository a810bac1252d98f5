//! `#[mfhm::service]` on an `impl`: of a type by itself, or of a contract for it.

use proc_macro2::TokenStream;

use super::service::{self, OperationLayers};
use super::{declaration, fallback, lower_own, require_name, when_correct};
use crate::attr::around::{Shared, expressions};
use crate::attr::grammar::plain_name;
use crate::attr::kept::conditions;
use crate::attr::operation::{OperationAttrs, is_layer, is_ours};
use crate::attr::{ServiceArgs, param};
use crate::check;
use crate::diag::Diagnostics;
use crate::expand::exports::Exports;
use crate::item::{ImplItem, Member};
use crate::model::{Operation, Place};

pub(super) fn lower_and_expand(
    args: &ServiceArgs,
    shared: &Shared,
    block: &ImplItem,
    exports: &Exports,
    diag: &mut Diagnostics,
) -> TokenStream {
    for error in block.members.iter().filter_map(Member::error) {
        diag.syntax(error.clone());
    }
    let tokens = match &block.trait_ {
        Some((contract, _)) => {
            let why = "callers have to know it too\nhelp: write it in the contract";
            shared.refuse_all_but_layers(why, diag);
            check_contract_impl(block, diag);
            let layers = contract_layers(block, diag);
            when_correct(diag, || {
                service::of_contract(
                    block,
                    contract,
                    &declaration(args, shared),
                    &layers,
                    exports,
                )
            })
        }
        None => {
            require_name(args, "impl", diag);
            let operations = inherent_operations(block, args, shared, diag);
            when_correct(diag, || {
                let declaration = declaration(args, shared);
                service::inherent(block, &declaration, &operations, exports)
            })
        }
    };
    tokens.unwrap_or_else(|| fallback::service(block, exports))
}

fn inherent_operations(
    block: &ImplItem,
    args: &ServiceArgs,
    shared: &Shared,
    diag: &mut Diagnostics,
) -> Vec<Operation> {
    let is_complete = block.members.iter().all(|member| member.error().is_none());
    let before = diag.count();
    let mut operations = Vec::new();
    for function in block.functions() {
        let attrs = OperationAttrs::split(&function.attrs, diag);
        if attrs.route.is_some() {
            let attrs = attrs.or(shared);
            operations.extend(lower_own(function, attrs, Place::Method, diag));
        } else {
            for (name, span) in attrs.strays() {
                check::stray(name, span, diag);
            }
        }
    }
    let found_nothing = operations.is_empty() && diag.count() == before;
    if found_nothing && args.contracts.is_empty() && is_complete {
        diag.error_at(
            &block.self_ty,
            "this service has no operation\nhelp: write `#[get(\"/path\")]` above a method",
        );
    }
    check::operations(&operations, diag);
    operations
}

/// The routes of a contract are written in the contract, once.
fn check_contract_impl(block: &ImplItem, diag: &mut Diagnostics) {
    for function in block.functions() {
        let is_routing = |attribute: &&syn::Attribute| is_ours(attribute) && !is_layer(attribute);
        for attribute in function.attrs.iter().filter(is_routing) {
            diag.error_at(
                attribute.path(),
                "the routes are in the contract\nhelp: remove the attribute here",
            );
        }
        for input in &function.sig.inputs {
            if let syn::FnArg::Typed(typed) = input {
                for attribute in typed
                    .attrs
                    .iter()
                    .filter(|attribute| !param::is_kept(attribute))
                {
                    diag.error_at(
                        attribute.path(),
                        "where a parameter comes from is said in the contract\n\
                         help: remove the attribute here",
                    );
                }
            }
        }
    }
}

/// The layers around the operations of a contract's implementation.
fn contract_layers(block: &ImplItem, diag: &mut Diagnostics) -> Vec<OperationLayers> {
    let functions = block.functions().map(|function| {
        let layers = function
            .attrs
            .iter()
            .filter(|attribute| is_layer(attribute));
        let layers: Vec<_> = layers.cloned().collect();
        OperationLayers {
            function: plain_name(&function.sig.ident),
            conditions: conditions(&function.attrs),
            layers: expressions(&OperationAttrs::split(&layers, diag).layers),
        }
    });
    functions
        .filter(|layers| !layers.layers.is_empty())
        .collect()
}
