//! The attributes beside an operation: `#[get("/p")]` and its siblings,
//! `#[route(METHOD, "/p")]`, `#[idempotent]`, `#[status(201)]`,
//! `#[body_limit(1024)]`, `#[resume]`, and what surrounds it (see `around`). The user's own,
//! which are copied to what is generated, are read in `kept`.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Ident, LitInt, Meta};

use crate::attr::around::{LayerAttr, Timeout};
use crate::attr::route::RouteAttr;
use crate::diag::Diagnostics;
use crate::spelling::nearest;

/// The attributes that name their HTTP method.
pub(crate) const METHOD_ATTRIBUTES: [&str; 7] =
    ["get", "post", "put", "patch", "delete", "head", "options"];

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
            None => match misspelt(attribute) {
                Some((name, meant)) => diag.error(
                    name.span(),
                    format!(
                        "unknown attribute `{name}` of an operation\nhelp: did you mean `#[{meant}]`?"
                    ),
                ),
                None => self.kept.push(attribute.clone()),
            },
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
            diag.error_at(
                written_arguments(attribute),
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
            diag.error_at(written_arguments(attribute), message);
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

/// What stands in an attribute's parentheses, or the attribute's name if
/// nothing does.
pub(crate) fn written_arguments(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => list.tokens.clone(),
        _ => attribute.path().to_token_stream(),
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

/// An attribute that looks like one of ours, and the one that may be meant.
pub(crate) fn misspelt(attribute: &Attribute) -> Option<(&Ident, &'static str)> {
    const OTHERS: [&str; 6] = [
        "idempotent",
        "status",
        "body_limit",
        "resume",
        "timeout",
        "layer",
    ];
    let name = attribute.path().get_ident()?;
    let known = OTHERS.iter().chain(&METHOD_ATTRIBUTES).copied();
    // rustc's own are nobody's mistake.
    let is_known = ["test", "cold", "path", "cfg", "doc"]
        .iter()
        .any(|known| name == known);
    let meant = nearest(&name.to_string(), known).filter(|_| !is_known)?;
    (!is_ours(attribute)).then_some((name, meant))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attr::kept::{conditions, doc_text};

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
