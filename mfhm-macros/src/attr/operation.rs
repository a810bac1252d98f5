//! The attributes beside an operation: `#[get("/p")]` and its siblings,
//! `#[route(METHOD, "/p")]`, `#[idempotent]`, `#[status(201)]`,
//! `#[body_limit(1024)]`, `#[resume]`, what surrounds it (see `around`), and the user's own that
//! are copied to what is generated.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Meta, Path};

use crate::attr::around::{LayerAttr, Timeout};
use crate::attr::grammar::Arguments;
use crate::diag::Diagnostics;

/// The attributes that name their HTTP method.
pub(crate) const METHOD_ATTRIBUTES: [&str; 7] =
    ["get", "post", "put", "patch", "delete", "head", "options"];

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

/// The attributes of one function, sorted.
pub(crate) struct OperationAttrs {
    /// What makes it an operation. `None`: it is none.
    pub(crate) route: Option<RouteAttr>,
    pub(crate) idempotent: Option<Span>,
    pub(crate) success: Option<Success>,
    pub(crate) body_limit: Option<BodyLimit>,
    pub(crate) resume: Option<Span>,
    pub(crate) timeout: Option<Timeout>,
    /// The outermost first.
    pub(crate) layers: Vec<LayerAttr>,
    /// Everything that isn't ours, in its order.
    pub(crate) kept: Vec<Attribute>,
}

/// `#[status(201)]`: the status of a success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) span: Span,
}

/// `#[body_limit(1024)]`: the largest body that is read, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit {
    pub(crate) bytes: usize,
    pub(crate) span: Span,
    /// Said for all operations: those that read no body have none.
    pub(crate) is_shared: bool,
}

impl OperationAttrs {
    /// Takes our attributes out of those of a method.
    pub(crate) fn split(attributes: &[Attribute], diag: &mut Diagnostics) -> Self {
        Self::sort(None, attributes, diag)
    }

    /// The same for a free function, whose route is the macro being expanded.
    pub(crate) fn of_function(
        route: RouteAttr,
        attributes: &[Attribute],
        diag: &mut Diagnostics,
    ) -> Self {
        Self::sort(Some(route), attributes, diag)
    }

    fn sort(route: Option<RouteAttr>, attributes: &[Attribute], diag: &mut Diagnostics) -> Self {
        let mut sorted = Self {
            route,
            idempotent: None,
            success: None,
            body_limit: None,
            resume: None,
            timeout: None,
            layers: Vec::new(),
            kept: Vec::new(),
        };
        for attribute in attributes {
            sorted.add(attribute, diag);
        }
        sorted
    }

    fn add(&mut self, attribute: &Attribute, diag: &mut Diagnostics) {
        match kind(attribute) {
            Some(Kind::Route(name)) => {
                let tokens = match &attribute.meta {
                    Meta::List(list) => list.tokens.clone(),
                    _ => TokenStream::new(),
                };
                let route = RouteAttr::parse(&name, tokens, diag);
                match &self.route {
                    Some(_) => diag.error(
                        route.span,
                        "an operation has one HTTP method and one path\n\
                         help: write a second function for the second one",
                    ),
                    None => self.route = Some(route),
                }
            }
            Some(Kind::Idempotent(span)) => {
                if self.idempotent.is_some() {
                    diag.error(span, "`#[idempotent]` is given twice");
                } else if !matches!(attribute.meta, Meta::Path(_)) {
                    diag.error(span, "`#[idempotent]` takes no argument");
                }
                self.idempotent.get_or_insert(span);
            }
            Some(Kind::Status(span)) => {
                if self.success.is_some() {
                    diag.error(span, "`#[status]` is given twice");
                }
                let success = Success::read(attribute, span, diag);
                self.success.get_or_insert(success);
            }
            Some(Kind::Resume(span)) => {
                if self.resume.is_some() {
                    diag.error(span, "`#[resume]` is given twice");
                } else if !matches!(attribute.meta, Meta::Path(_)) {
                    diag.error(span, "`#[resume]` takes no argument");
                }
                self.resume.get_or_insert(span);
            }
            Some(Kind::BodyLimit(span)) => {
                if self.body_limit.is_some() {
                    diag.error(span, "`#[body_limit]` is given twice");
                }
                let limit = BodyLimit::read(attribute, span, diag);
                self.body_limit.get_or_insert(limit);
            }
            Some(Kind::Timeout(span)) => {
                if self.timeout.is_some() {
                    diag.error(span, "`#[timeout]` is given twice");
                }
                let timeout = Timeout::read(attribute, span, diag);
                self.timeout.get_or_insert(timeout);
            }
            Some(Kind::Layer(span)) => self.layers.push(LayerAttr::read(attribute, span, diag)),
            None => self.kept.push(attribute.clone()),
        }
    }

    /// The attributes that say something about an operation and don't make one.
    pub(crate) fn strays(&self) -> Vec<(&'static str, Span)> {
        let strays = [
            ("#[idempotent]", self.idempotent),
            ("#[status]", self.success.map(|success| success.span)),
            ("#[resume]", self.resume),
            ("#[body_limit]", self.body_limit.map(|limit| limit.span)),
            ("#[timeout]", self.timeout.map(|timeout| timeout.span)),
            ("#[layer]", self.layers.first().map(|layer| layer.span)),
        ];
        let written = |(name, span): (_, Option<Span>)| Some((name, span?));
        strays.into_iter().filter_map(written).collect()
    }
}

impl BodyLimit {
    fn read(attribute: &Attribute, span: Span, diag: &mut Diagnostics) -> Self {
        let literal = attribute.parse_args::<LitInt>().ok();
        let bytes = literal
            .as_ref()
            .and_then(|literal| literal.base10_parse::<usize>().ok())
            .filter(|bytes| *bytes > 0);
        if bytes.is_none() {
            diag.error(
                literal.as_ref().map_or(span, LitInt::span),
                "`#[body_limit]` needs a number of bytes\n\
                 help: write `#[body_limit(1_048_576)]` for 1 MiB",
            );
        }
        Self {
            // One that stands in for a limit that was not understood.
            bytes: bytes.unwrap_or(1),
            span,
            is_shared: false,
        }
    }
}

impl Success {
    fn read(attribute: &Attribute, span: Span, diag: &mut Diagnostics) -> Self {
        // Stands in for a status that was not understood.
        let mut success = Self { status: 200, span };
        let Ok(literal) = attribute.parse_args::<LitInt>() else {
            let message = "`#[status]` needs a number\nhelp: write `#[status(201)]`";
            diag.error(span, message);
            return success;
        };
        success.span = literal.span();
        match literal.base10_parse::<u16>() {
            Ok(status @ 200..=299) => success.status = status,
            _ => diag.error(
                literal.span(),
                format!(
                    "`{literal}` isn't the status of a success\n\
                     help: write a number from 200 to 299, such as 201; the status of an error \
                     belongs to the error's type, by `#[derive(ApiError)]`"
                ),
            ),
        }
        success
    }
}

enum Kind {
    Route(Ident),
    Idempotent(Span),
    Status(Span),
    BodyLimit(Span),
    Resume(Span),
    Timeout(Span),
    Layer(Span),
}

/// Ours are recognised by the last segment, so `#[mfhm::get]` is `#[get]`.
fn kind(attribute: &Attribute) -> Option<Kind> {
    let last = &attribute.path().segments.last()?.ident;
    let name = last.to_string();
    if name == "route" || METHOD_ATTRIBUTES.contains(&name.as_str()) {
        Some(Kind::Route(last.clone()))
    } else if name == "idempotent" {
        Some(Kind::Idempotent(last.span()))
    } else if name == "status" {
        Some(Kind::Status(last.span()))
    } else if name == "body_limit" {
        Some(Kind::BodyLimit(last.span()))
    } else if name == "resume" {
        Some(Kind::Resume(last.span()))
    } else if name == "timeout" {
        Some(Kind::Timeout(last.span()))
    } else if name == "layer" {
        Some(Kind::Layer(last.span()))
    } else {
        None
    }
}

/// Whether an attribute belongs to an operation and is taken out.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    kind(attribute).is_some()
}

/// Whether an attribute makes a function an operation.
pub(crate) fn is_route(attribute: &Attribute) -> bool {
    matches!(kind(attribute), Some(Kind::Route(_)))
}

/// Whether an attribute puts a layer around something.
pub(crate) fn is_layer(attribute: &Attribute) -> bool {
    matches!(kind(attribute), Some(Kind::Layer(_)))
}

/// Where the first attribute stands that makes a function an operation.
pub(crate) fn route_span(attributes: &[Attribute]) -> Option<Span> {
    attributes
        .iter()
        .find_map(|attribute| match kind(attribute) {
            Some(Kind::Route(name)) => Some(name.span()),
            _ => None,
        })
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

    #[test]
    fn attributes_are_sorted() {
        let item: syn::ItemFn = syn::parse_quote! {
            /// First line.
            ///
            /// Third.
            #[mfhm::post("/p")]
            #[idempotent]
            #[cfg(unix)]
            #[must_use]
            fn f() {}
        };
        let mut diag = Diagnostics::new();
        let sorted = OperationAttrs::split(&item.attrs, &mut diag);
        assert_eq!(diag.into_messages(), [] as [String; 0]);
        let method = sorted.route.and_then(|route| route.method);
        assert_eq!(method.as_deref(), Some("POST"));
        assert!(sorted.idempotent.is_some());
        assert_eq!(doc_text(&sorted.kept), "First line.\n\nThird.");
        assert_eq!(conditions(&sorted.kept).len(), 1);
        assert_eq!(sorted.kept.len(), 5);
    }
}
