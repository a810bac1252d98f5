//! `#[mfhm::main]`: a runtime around the program's `async fn main`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::attr::MainArgs;
use crate::diag::Diagnostics;
use crate::expand::exports::Exports;
use crate::expand::handler::{generated_at, quiet, respanned};
use crate::item::{Body, FnItem};

/// What can be wrong with a `main`.
pub(crate) fn check(item: &FnItem, diag: &mut Diagnostics) {
    let sig = &item.sig;
    if sig.ident != "main" {
        diag.error(
            sig.ident.span(),
            "`#[mfhm::main]` belongs on the program's `async fn main`",
        );
    }
    if sig.asyncness.is_none() {
        let message =
            "`main` must be async\nhelp: write `async fn main`, or remove `#[mfhm::main]`";
        diag.error(sig.fn_token.span, message);
    }
    if !sig.inputs.is_empty() {
        let message =
            "`main` takes no parameters\nhelp: read the command line with `std::env::args`";
        diag.error_at(&sig.inputs, message);
    }
    if !sig.generics.params.is_empty() {
        diag.error_at(&sig.generics.params, "`main` can't be generic");
    }
    if let Body::Missing(semi) = &item.body {
        diag.error(semi.span, "`main` needs a body");
    }
}

/// The program's real `main`.
pub(crate) fn expand(item: &FnItem, args: &MainArgs, exports: &Exports) -> TokenStream {
    let Exports {
        runtime, run_main, ..
    } = exports;
    let (attrs, vis) = (&item.attrs, &item.vis);
    let (fn_token, body) = (item.sig.fn_token, body(item));
    let output = &item.sig.output;
    let worker_threads = match args.worker_threads {
        Some(threads) => quote!(::core::option::Option::Some(#threads)),
        None => quote!(::core::option::Option::None),
    };
    let log = match &args.log {
        Some(log) => quote!(::core::option::Option::Some(#log)),
        None => quote!(::core::option::Option::None),
    };
    let is_current_thread = args.is_current_thread;
    let ident = &item.sig.ident;
    // What `main` can't return is said where it is written.
    let at = item.output().map_or_else(|| ident.span(), Spanned::span);
    let main = Ident::new("__mfhm_main", generated_at(at));
    let call = quote_spanned!(generated_at(at)=> #main());
    let run_main = respanned(run_main, at);
    quote! {
        #(#attrs)*
        #vis #fn_token #ident() -> ::std::process::ExitCode {
            async fn #main() #output #body
            #run_main(
                #runtime {
                    worker_threads: #worker_threads,
                    current_thread: #is_current_thread,
                    log: #log,
                },
                #call,
            )
        }
    }
}

/// After a mistake: a `main`, and the user's body where it can be checked.
pub(crate) fn stand_in(item: &FnItem) -> TokenStream {
    let quiet = quiet();
    let (ident, inputs, generics) = (&item.sig.ident, &item.sig.inputs, &item.sig.generics);
    let output = &item.sig.output;
    let body = body(item);
    quote! {
        #quiet
        fn #ident() {
            async fn __mfhm_main #generics (#inputs) #output #body
        }
    }
}

fn body(item: &FnItem) -> TokenStream {
    match &item.body {
        Body::Block(body) => quote!(#body),
        Body::Missing(_) => quote!({ loop {} }),
    }
}
