//! Compares expansions with the files in `snapshots/`: `name.rs` is what a
//! user writes, `name.expanded.rs` what comes out, formatted.
//!
//! `MFHM_UPDATE_SNAPSHOTS=1 cargo test -p mfhm-macros snapshots` writes the
//! latter anew; read the difference before it is committed. A file may begin
//! with `//! products: client` or `//! products: server` to show what an
//! expansion contains when only that feature is on, or with
//! `//! products: openapi` or
//! `//! products: validate` to show what that feature adds to both.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Item, Meta};

use crate::attr::operation::METHOD_ATTRIBUTES;
use crate::expand;
use crate::model::Products;

#[test]
fn expansions_are_as_they_were() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let mut inputs: Vec<PathBuf> = fs::read_dir(&directory)
        .expect("the crate has a folder `snapshots`")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| !path.to_string_lossy().ends_with(".expanded.rs"))
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "some snapshots are missing: {inputs:?}");

    let update = std::env::var_os("MFHM_UPDATE_SNAPSHOTS").is_some();
    let mut changed = Vec::new();
    for input in inputs {
        let output = input.with_extension("expanded.rs");
        let expanded = expand_file(&input);
        if update {
            fs::write(&output, expanded).expect("the snapshot can be written");
        } else if fs::read_to_string(&output).unwrap_or_default() != expanded {
            eprintln!("--- {} is now:\n{expanded}", output.display());
            changed.push(output);
        }
    }
    assert!(
        changed.is_empty(),
        "these expansions changed; see the new ones above: {changed:?}"
    );
}

fn expand_file(path: &Path) -> String {
    let source = fs::read_to_string(path).expect("the input can be read");
    let products = Products {
        client: !source.starts_with("//! products: server"),
        server: !source.starts_with("//! products: client"),
        openapi: source.starts_with("//! products: openapi"),
        validate: source.starts_with("//! products: validate"),
    };
    let file = syn::parse_file(&source).expect("the input is Rust");
    let expanded: TokenStream = file
        .items
        .into_iter()
        .map(|item| expand_item(item, products))
        .collect();
    let file = syn::parse2(expanded.clone())
        .unwrap_or_else(|error| panic!("{}: {error}\n{expanded}", path.display()));
    prettyplease::unparse(&file)
}

/// Does what rustc does with the outermost of our attributes.
fn expand_item(mut item: Item, products: Products) -> TokenStream {
    let Some(attributes) = attributes(&mut item) else {
        return item.into_token_stream();
    };
    let ours = attributes.iter().position(|attribute| {
        let name = last_name(attribute);
        ["service", "client", "main", "route"].contains(&name.as_str())
            || METHOD_ATTRIBUTES.contains(&name.as_str())
    });
    if let Some(index) = ours {
        let attribute = attributes.remove(index);
        let args = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let item = item.into_token_stream();
        return match last_name(&attribute).as_str() {
            "service" => expand::service(args, item, products),
            "client" => expand::client(args, item, products),
            "main" => expand::main(args, item),
            method => expand::operation(method, args, item, products),
        };
    }
    let is_derived = |attribute: &Attribute| {
        attribute.path().is_ident("derive")
            && attribute.to_token_stream().to_string().contains("ApiError")
    };
    if attributes.iter().any(is_derived) {
        return expand::api_error(item.into_token_stream(), products);
    }
    item.into_token_stream()
}

fn last_name(attribute: &Attribute) -> String {
    let last = attribute.path().segments.last();
    last.map_or_else(String::new, |segment| segment.ident.to_string())
}

fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    Some(match item {
        Item::Fn(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Mod(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        _ => return None,
    })
}
