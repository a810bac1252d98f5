//! Parameters with a condition. An attribute macro sees them undecided, and an
//! argument of a call can't have one. So the whole item is emitted twice, once
//! for each answer, above which rustc decides; the macro then runs on the one
//! that is left.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Meta, Signature, Token};

use super::{FnItem, Item, Member};
use crate::attr::operation::route_span;

impl Item {
    /// The first condition of a parameter, if there is one.
    pub(crate) fn param_condition(&mut self) -> Option<TokenStream> {
        let mut found = None;
        for function in self.conditional_functions() {
            for input in &function.sig.inputs {
                for attribute in attributes(input) {
                    found = found.or_else(|| Condition::read(attribute).map(|it| it.predicate));
                }
            }
        }
        found
    }

    /// The item as if `predicate` held, or as if it did not.
    pub(crate) fn decide(&mut self, predicate: &TokenStream, holds: bool) {
        let predicate = predicate.to_string();
        for function in self.conditional_functions() {
            decide(&mut function.sig, &predicate, holds);
        }
    }

    /// The functions that are expanded. In the impl of a contract nothing is:
    /// rustc decides there.
    fn conditional_functions(&mut self) -> Vec<&mut FnItem> {
        let (members, all) = match self {
            Self::Fn(item) => return vec![item],
            Self::Trait(item) => (&mut item.members, true),
            Self::Impl(item) if item.trait_.is_none() => (&mut item.members, false),
            _ => return Vec::new(),
        };
        let functions = members.iter_mut().filter_map(|member| match member {
            Member::Fn(item) => Some(&mut **item),
            Member::Other(_) | Member::Broken(_) => None,
        });
        functions
            .filter(|function| all || route_span(&function.attrs).is_some())
            .collect()
    }
}

fn decide(sig: &mut Signature, predicate: &str, holds: bool) {
    let mut inputs = Punctuated::new();
    for mut input in std::mem::take(&mut sig.inputs) {
        if decide_param(&mut input, predicate, holds) {
            inputs.push(input);
        }
    }
    sig.inputs = inputs;
}

/// Whether the parameter is there.
fn decide_param(input: &mut FnArg, predicate: &str, holds: bool) -> bool {
    let attrs = match input {
        FnArg::Receiver(receiver) => &mut receiver.attrs,
        FnArg::Typed(typed) => &mut typed.attrs,
    };
    let mut is_there = true;
    let mut decided = Vec::new();
    for attribute in attrs.drain(..) {
        match Condition::read(&attribute) {
            Some(condition) if condition.predicate.to_string() == predicate => {
                match condition.attributes {
                    Some(attributes) if holds => decided.extend(attributes),
                    Some(_) => {}
                    None => is_there &= holds,
                }
            }
            _ => decided.push(attribute),
        }
    }
    *attrs = decided;
    is_there
}

fn attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

/// `#[cfg(predicate)]`, or `#[cfg_attr(predicate, attributes)]`.
struct Condition {
    predicate: TokenStream,
    attributes: Option<Vec<Attribute>>,
}

impl Condition {
    fn read(attribute: &Attribute) -> Option<Self> {
        let Meta::List(list) = &attribute.meta else {
            return None;
        };
        if list.path.is_ident("cfg") {
            return Some(Self {
                predicate: list.tokens.clone(),
                attributes: None,
            });
        }
        if !list.path.is_ident("cfg_attr") {
            return None;
        }
        let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
        let mut parts = list.parse_args_with(parse).ok()?.into_iter();
        let predicate = parts.next()?;
        Some(Self {
            predicate: quote!(#predicate),
            attributes: Some(parts.map(|meta| syn::parse_quote!(#[#meta])).collect()),
        })
    }
}
