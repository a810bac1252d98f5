//! What makes a function an operation: `#[get("/p")]` and its siblings, and
//! `#[route(METHOD, "/p")]`.

use proc_macro2::{Span, TokenStream};
use syn::{Ident, LitStr, Path};

use crate::attr::grammar::Arguments;
use crate::diag::Diagnostics;

/// `#[get("/p", name = "…", crate = …)]`, read.
pub(crate) struct RouteAttr {
    /// Where the attribute's name stands.
    pub(crate) span: Span,
    /// `None` after a mistake.
    pub(crate) method: Option<String>,
    pub(crate) path: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl RouteAttr {
    /// `attribute` is `get`, `route`, …, with the span to point at when
    /// something is missing.
    pub(crate) fn parse(attribute: &Ident, tokens: TokenStream, diag: &mut Diagnostics) -> Self {
        let name = attribute.to_string();
        let takes_method = name == "route";
        let shown = format!("#[{name}]");
        let max_positional = if takes_method { 2 } else { 1 };
        let before = diag.count();
        let arguments = Arguments::parse(&shown, &["name", "crate"], max_positional, tokens, diag);

        let example = if takes_method {
            "#[route(PURGE, \"/path\")]".to_owned()
        } else {
            format!("#[{name}(\"/path\")]")
        };
        let method = if takes_method {
            read_method(attribute, arguments.positional(0), &example, diag)
        } else {
            Some(name.to_ascii_uppercase())
        };
        let path = match arguments.positional(max_positional - 1) {
            Some(tokens) => {
                let literal = syn::parse2::<LitStr>(tokens.clone()).ok();
                if literal.is_none() {
                    let message =
                        format!("the path must be a string literal\nhelp: write `{example}`");
                    diag.error_at(tokens, message);
                }
                literal
            }
            None => {
                // After another mistake the path may be what was written wrong.
                if diag.count() == before {
                    let message = format!("`{shown}` needs a path\nhelp: write `{example}`");
                    diag.error(attribute.span(), message);
                }
                None
            }
        };
        let operation = arguments.string("name", diag);
        if let Some(operation) = &operation {
            check_operation_name(operation, diag);
        }
        Self {
            span: attribute.span(),
            method,
            path,
            name: operation,
            krate: arguments.path("crate", diag),
        }
    }
}

fn read_method(
    attribute: &Ident,
    tokens: Option<&TokenStream>,
    example: &str,
    diag: &mut Diagnostics,
) -> Option<String> {
    let Some(tokens) = tokens else {
        let message = format!("`#[route]` needs a method and a path\nhelp: write `{example}`");
        diag.error(attribute.span(), message);
        return None;
    };
    let method = match syn::parse2::<Ident>(tokens.clone()) {
        Ok(ident) => ident.to_string(),
        Err(_) => match syn::parse2::<LitStr>(tokens.clone()) {
            Ok(literal) => literal.value(),
            Err(_) => {
                let message =
                    format!("the method must be a word or a string\nhelp: write `{example}`");
                diag.error_at(tokens, message);
                return None;
            }
        },
    };
    let problem = if method.starts_with('/') {
        format!("the method comes before the path\nhelp: write `{example}`")
    } else if !is_token(&method) {
        format!("`{method}` can't be an HTTP method")
    } else if method
        .chars()
        .any(|character| character.is_ascii_lowercase())
    {
        format!(
            "HTTP methods are case-sensitive\nhelp: write `{}`",
            method.to_ascii_uppercase()
        )
    } else {
        return Some(method);
    };
    diag.error_at(tokens, problem);
    None
}

/// Callers name operations on the command line and in URLs of the center.
fn check_operation_name(name: &LitStr, diag: &mut Diagnostics) {
    let text = name.value();
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    if text.is_empty() || text.len() > 128 || !text.chars().all(is_allowed) {
        diag.error(
            name.span(),
            "an operation's name has 1 to 128 letters, digits, `.`, `_` and `-`",
        );
    }
}

/// RFC 9110's `token`, of which methods and header names are made.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{format_ident, quote};

    fn parse(attribute: &str, tokens: TokenStream) -> (RouteAttr, Vec<String>) {
        let mut diag = Diagnostics::new();
        let route = RouteAttr::parse(&format_ident!("{attribute}"), tokens, &mut diag);
        (route, diag.into_messages())
    }

    #[track_caller]
    fn check_method(attribute: &str, tokens: TokenStream, method: &str) {
        let (route, messages) = parse(attribute, tokens);
        assert_eq!(messages, [] as [String; 0]);
        assert_eq!(route.method.as_deref(), Some(method));
        assert!(route.path.is_some());
    }

    #[track_caller]
    fn check_wrong(attribute: &str, tokens: TokenStream, expected: &str) {
        let (_, messages) = parse(attribute, tokens);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(
            messages[0].contains(expected),
            "{messages:?} lacks {expected:?}"
        );
    }

    #[test]
    fn the_method_is_the_attribute_or_the_first_value() {
        check_method("get", quote!("/p"), "GET");
        check_method("delete", quote!("/p", name = "other"), "DELETE");
        check_method("route", quote!(PURGE, "/p"), "PURGE");
        check_method("route", quote!("M-SEARCH", "/p", crate = x::y), "M-SEARCH");
    }

    #[test]
    fn mistakes_in_a_route() {
        check_wrong("get", quote!(), "needs a path");
        check_wrong("get", quote!(PATH), "must be a string literal");
        check_wrong("get", quote!(path = "/p"), "unknown argument `path`");
        check_wrong("get", quote!("/p", "/q"), "no value without a key");
        check_wrong("get", quote!("/p", name = "a b"), "1 to 128");
        check_wrong("get", quote!("/p", name = "a", name = "b"), "twice");
        check_wrong("route", quote!(), "needs a method and a path");
        check_wrong("route", quote!(PURGE), "needs a path");
        check_wrong("route", quote!(purge, "/p"), "write `PURGE`");
        check_wrong("route", quote!("GE T", "/p"), "can't be an HTTP method");
        check_wrong("route", quote!("/p"), "comes before the path");
    }
}
