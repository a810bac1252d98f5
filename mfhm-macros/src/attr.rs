//! The arguments of each attribute: what was written, with spans.
//!
//! [`grammar`] splits `(a, key = value, key(list))` and knows nothing of
//! particular attributes; here and in the children each attribute says which
//! arguments it takes and what their values may be.

pub(crate) mod around;
pub(crate) mod error;
pub(crate) mod grammar;
pub(crate) mod kept;
pub(crate) mod operation;
pub(crate) mod param;
pub(crate) mod route;

use proc_macro2::{Span, TokenStream};
use syn::{LitStr, Path};

use crate::attr::grammar::Arguments;
use crate::diag::Diagnostics;

/// `#[mfhm::service(name = "…", port = …, version = "…", contracts(…), crate = …)]`
pub(crate) struct ServiceArgs {
    pub(crate) name: Option<LitStr>,
    /// Whether `name` was written, be it right or wrong or by another key.
    pub(crate) has_name: bool,
    pub(crate) port: Option<u16>,
    /// `None`: that of the crate.
    pub(crate) version: Option<LitStr>,
    /// Further contracts that the type implements by plain impls.
    pub(crate) contracts: Vec<Path>,
    /// Where `contracts` was written, for those who can't have it.
    pub(crate) contracts_span: Option<Span>,
    pub(crate) krate: Option<Path>,
}

impl ServiceArgs {
    pub(crate) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Self {
        let allowed = &["name", "port", "version", "contracts", "crate"];
        let arguments = Arguments::parse("#[mfhm::service]", allowed, 0, tokens, diag);
        let name = arguments.string("name", diag);
        if let Some(name) = &name {
            check_service_name(name, diag);
        }
        let version = arguments.string("version", diag);
        if let Some(version) = version
            .as_ref()
            .filter(|version| version.value().trim().is_empty())
        {
            diag.error(
                version.span(),
                "a version can't be empty\n\
                 help: leave it out, and it is the version of the crate",
            );
        }
        Self {
            version,
            name,
            has_name: arguments.has("name") || arguments.has_unknown(),
            port: arguments.integer(
                "port",
                "a port from 1 to 65535, or 0 for any free one",
                diag,
            ),
            contracts: arguments.paths("contracts", diag),
            contracts_span: arguments.span_of("contracts"),
            krate: arguments.path("crate", diag),
        }
    }
}

/// `#[mfhm::client(service = "…", path = "…", version = "…", crate = …)]`
pub(crate) struct ClientArgs {
    pub(crate) service: Option<LitStr>,
    pub(crate) path: Option<LitStr>,
    /// What sets its operations apart from those of the contract's other versions.
    pub(crate) version: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl ClientArgs {
    pub(crate) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Self {
        let allowed = &["service", "path", "version", "crate"];
        let arguments = Arguments::parse("#[mfhm::client]", allowed, 0, tokens, diag);
        let service = arguments.string("service", diag);
        match &service {
            Some(service) => check_service_name(service, diag),
            None if arguments.has("service") || arguments.has_unknown() => {}
            None => diag.error(
                Span::call_site(),
                "`#[mfhm::client]` needs the name of the service that is called\n\
                 help: write `#[mfhm::client(service = \"users\")]`",
            ),
        }
        let version = arguments.string("version", diag);
        if let Some(version) = &version {
            check_version(version, diag);
        }
        Self {
            service,
            path: arguments.string("path", diag),
            version,
            krate: arguments.path("crate", diag),
        }
    }
}

/// `#[mfhm::main(worker_threads = …, flavor = "…", log = "…", crate = …)]`
#[derive(Default)]
pub(crate) struct MainArgs {
    pub(crate) worker_threads: Option<usize>,
    pub(crate) is_current_thread: bool,
    pub(crate) log: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl MainArgs {
    pub(crate) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Self {
        let allowed = &["worker_threads", "flavor", "log", "crate"];
        let arguments = Arguments::parse("#[mfhm::main]", allowed, 0, tokens, diag);
        let worker_threads =
            arguments.integer("worker_threads", "a number of threads, 1 or more", diag);
        let threads_span = arguments
            .span_of("worker_threads")
            .unwrap_or(Span::call_site());
        if worker_threads == Some(0) {
            diag.error(threads_span, "a runtime needs at least one worker thread");
        }
        let flavor = arguments.string("flavor", diag);
        let is_current_thread = match flavor.as_ref().map(LitStr::value).as_deref() {
            Some("current_thread") => true,
            Some("multi_thread") | None => false,
            Some(other) => {
                diag.error_at(
                    &flavor,
                    format!(
                        "unknown flavor `{other}`\n\
                         help: write \"multi_thread\" (the default) or \"current_thread\""
                    ),
                );
                false
            }
        };
        if is_current_thread && worker_threads.is_some() {
            diag.error(
                threads_span,
                "a `current_thread` runtime has no worker threads\n\
                 help: remove `worker_threads`, or `flavor`",
            );
        }
        Self {
            worker_threads,
            is_current_thread,
            log: arguments.string("log", diag),
            krate: arguments.path("crate", diag),
        }
    }
}

/// A service's name is part of URLs, file names and log lines.
fn check_service_name(name: &LitStr, diag: &mut Diagnostics) {
    let text = name.value();
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    if text.is_empty() {
        diag.error(name.span(), "a service's name can't be empty");
    } else if let Some(wrong) = text.chars().find(|character| !is_allowed(*character)) {
        diag.error(
            name.span(),
            format!(
                "a service's name can't have `{}` in it; it is made of letters, digits, `.`, `_` and `-`",
                wrong.escape_debug()
            ),
        );
    } else if text.len() > 128 {
        diag.error(
            name.span(),
            format!(
                "a service's name has at most 128 characters, this one has {}",
                text.len()
            ),
        );
    }
}

/// A version is the beginning of its operations' names.
fn check_version(version: &LitStr, diag: &mut Diagnostics) {
    let text = version.value();
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let begins = text.starts_with(|character: char| character.is_ascii_alphabetic());
    if !begins || !text.chars().all(is_allowed) || text.len() > 32 {
        diag.error(
            version.span(),
            "a contract's version begins with a letter and has at most 32 letters, digits and `_`\n\
             help: write `version = \"v2\"`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[track_caller]
    fn check<T>(
        parse: fn(TokenStream, &mut Diagnostics) -> T,
        tokens: TokenStream,
        expected: &[&str],
    ) {
        let mut diag = Diagnostics::new();
        parse(tokens, &mut diag);
        let messages = diag.into_messages();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn service_arguments() {
        let ok: &[&str] = &[];
        check(ServiceArgs::parse, quote!(), ok);
        check(ServiceArgs::parse, quote!(name = "a.B-c_1", port = 0), ok);
        check(
            ServiceArgs::parse,
            quote!(name = "a", port = 65535, contracts(A, b::B,), crate = ::x,),
            ok,
        );
        check(
            ServiceArgs::parse,
            quote!(nam = "a"),
            &["unknown argument `nam`"],
        );
        check(
            ServiceArgs::parse,
            quote!(nam = "a"),
            &["allowed are `name`, `port`, `version`, `contracts`, `crate`"],
        );
        check(
            ServiceArgs::parse,
            quote!(name = "a", name = "b"),
            &["`name` is given twice"],
        );
        check(ServiceArgs::parse, quote!("a"), &["write `name = \"…\"`"]);
        check(ServiceArgs::parse, quote!(name = ""), &["can't be empty"]);
        check(
            ServiceArgs::parse,
            quote!(name = "a b"),
            &["can't have ` `"],
        );
        check(ServiceArgs::parse, quote!(name = "ü"), &["can't have `ü`"]);
        check(
            ServiceArgs::parse,
            {
                let long = "a".repeat(129);
                quote!(name = #long)
            },
            &["at most 128"],
        );
        check(
            ServiceArgs::parse,
            quote!(name = 1),
            &["`name` must be a string"],
        );
        check(
            ServiceArgs::parse,
            quote!(name = "a", version = "1.2.0"),
            ok,
        );
        check(
            ServiceArgs::parse,
            quote!(version = " "),
            &["a version can't be empty"],
        );
        check(
            ServiceArgs::parse,
            quote!(name),
            &["`name` must be a string"],
        );
        check(
            ServiceArgs::parse,
            quote!(port = 65536),
            &["a port from 1 to 65535"],
        );
        check(
            ServiceArgs::parse,
            quote!(port = -1),
            &["a port from 1 to 65535"],
        );
        check(
            ServiceArgs::parse,
            quote!(port = "80"),
            &["a port from 1 to 65535"],
        );
        check(
            ServiceArgs::parse,
            quote!(contracts = A),
            &["`contracts` must be a list"],
        );
        check(
            ServiceArgs::parse,
            quote!(nmae = "a", port = 70000, name = "x y"),
            &["unknown argument `nmae`", "can't have", "a port from"],
        );
    }

    #[test]
    fn client_arguments() {
        check(ClientArgs::parse, quote!(service = "a"), &[]);
        check(ClientArgs::parse, quote!(service = "a", path = "/v1"), &[]);
        check(
            ClientArgs::parse,
            quote!(service = "a", version = "v2_b"),
            &[],
        );
        for version in ["", "2", "v 2", "v2.1", "_a"] {
            check(
                ClientArgs::parse,
                quote!(service = "a", version = #version),
                &["begins with a letter"],
            );
        }
        check(
            ClientArgs::parse,
            quote!(),
            &["needs the name of the service"],
        );
        check(
            ClientArgs::parse,
            quote!(service = 3),
            &["must be a string"],
        );
        check(
            ClientArgs::parse,
            quote!(name = "a"),
            &["unknown argument `name`"],
        );
    }

    #[test]
    fn main_arguments() {
        check(MainArgs::parse, quote!(), &[]);
        check(MainArgs::parse, quote!(worker_threads = 2), &[]);
        check(MainArgs::parse, quote!(flavor = "current_thread"), &[]);
        check(MainArgs::parse, quote!(log = "warn"), &[]);
        check(
            MainArgs::parse,
            quote!(flavor = "x"),
            &["unknown flavor `x`"],
        );
        check(
            MainArgs::parse,
            quote!(worker_threads = 0),
            &["at least one"],
        );
        check(
            MainArgs::parse,
            quote!(flavor = "current_thread", worker_threads = 2),
            &["no worker threads"],
        );
    }
}
