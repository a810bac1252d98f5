//! The user's own attributes: what of them is copied to what is generated, and what they
//! say.

use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The `cfg` and `cfg_attr` attributes: they go on all that is generated.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    select(attributes, &["cfg", "cfg_attr"])
}

/// What a generated method shows of the user's: docs, `deprecated` and conditions.
pub(crate) fn shown(attributes: &[Attribute]) -> Vec<Attribute> {
    select(attributes, &["cfg", "cfg_attr", "deprecated", "doc"])
}

pub(crate) fn is_deprecated(attributes: &[Attribute]) -> bool {
    !deprecation(attributes).is_empty()
}

pub(crate) fn deprecation(attributes: &[Attribute]) -> Vec<Attribute> {
    select(attributes, &["deprecated"])
}

fn select(attributes: &[Attribute], names: &[&str]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| names.iter().any(|name| attribute.path().is_ident(*name)))
        .cloned()
        .collect()
}

/// The text of the doc comments, without the space that follows `///`.
pub(crate) fn doc_text(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in select(attributes, &["doc"]) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &pair.value
        {
            let text = text.value();
            lines.extend(
                text.lines()
                    .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
            if text.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

/// Conditions compared as they were written.
pub(crate) fn condition_text(attributes: &[Attribute]) -> String {
    conditions(attributes)
        .iter()
        .map(|attribute| attribute.to_token_stream().to_string())
        .collect()
}
