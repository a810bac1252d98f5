//! The attributes that `#[derive(ApiError)]` reads: `#[status(404)]`,
//! `#[code("text")]`, `#[internal]` and `#[mfhm(crate = path)]`.

use proc_macro2::Span;
use syn::{Attribute, LitInt, LitStr, Meta, Path};

use crate::attr::grammar::Arguments;
use crate::attr::operation::written_arguments;
use crate::diag::Diagnostics;

/// What is written beside a variant, or beside a struct.
#[derive(Default)]
pub(crate) struct ErrorAttrs {
    pub(crate) status: Option<Status>,
    pub(crate) code: Option<LitStr>,
    pub(crate) internal: Option<Span>,
    /// `#[mfhm(crate = path)]`, on the item only.
    pub(crate) krate: Option<Path>,
    pub(crate) krate_span: Option<Span>,
}

/// An HTTP status with its place in the source.
#[derive(Clone, Copy)]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) span: Span,
}

impl ErrorAttrs {
    pub(crate) fn read(attributes: &[Attribute], diag: &mut Diagnostics) -> Self {
        let mut read = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for attribute in attributes {
            let Some(name) = attribute.path().get_ident().map(ToString::to_string) else {
                continue;
            };
            let span = attribute.path().segments[0].ident.span();
            let is_ours = ["status", "code", "internal", "mfhm"].contains(&name.as_str());
            if is_ours && seen.contains(&name) {
                diag.error(span, format!("`#[{name}]` is given twice"));
                continue;
            }
            match name.as_str() {
                "status" => read.status = read_status(attribute, span, diag),
                "code" => read.code = read_code(attribute, diag),
                "internal" => {
                    if !matches!(attribute.meta, Meta::Path(_)) {
                        diag.error(span, "`#[internal]` takes no argument");
                    }
                    read.internal = Some(span);
                }
                "mfhm" => {
                    let tokens = match &attribute.meta {
                        Meta::List(list) => list.tokens.clone(),
                        _ => proc_macro2::TokenStream::new(),
                    };
                    let arguments = Arguments::parse("#[mfhm]", &["crate"], 0, tokens, diag);
                    read.krate = arguments.path("crate", diag);
                    read.krate_span = Some(span);
                }
                _ => continue,
            }
            seen.push(name);
        }
        if let (Some(internal), Some(_)) = (read.internal, &read.status) {
            diag.error(
                internal,
                "an internal error is always answered with status 500\n\
                 help: remove `#[internal]` or `#[status(…)]`",
            );
        }
        read
    }

    /// Whether anything is written here that makes an error of it.
    pub(crate) fn variant_span(&self) -> Option<Span> {
        let status = self.status.map(|status| status.span);
        let code = self.code.as_ref().map(LitStr::span);
        status.or(code).or(self.internal)
    }
}

/// Stands in for a status that was not understood, so that no second message
/// says that it is missing.
const UNREADABLE: u16 = 500;

fn read_status(attribute: &Attribute, span: Span, diag: &mut Diagnostics) -> Option<Status> {
    let literal = match attribute.parse_args::<LitInt>() {
        Ok(literal) => literal,
        Err(_) => {
            diag.error_at(
                written_arguments(attribute),
                "`#[status]` needs a number\nhelp: write `#[status(404)]`",
            );
            return Some(Status {
                code: UNREADABLE,
                span,
            });
        }
    };
    let code = match literal.base10_parse::<u16>() {
        Ok(code @ 400..=599) => code,
        _ => {
            diag.error(
                literal.span(),
                format!(
                    "`{literal}` isn't the status of an error\n\
                     help: write a number from 400 to 599, such as 404"
                ),
            );
            UNREADABLE
        }
    };
    Some(Status {
        code,
        span: literal.span(),
    })
}

fn read_code(attribute: &Attribute, diag: &mut Diagnostics) -> Option<LitStr> {
    let Ok(literal) = attribute.parse_args::<LitStr>() else {
        diag.error_at(
            written_arguments(attribute),
            "`#[code]` needs a text\nhelp: write `#[code(\"not_found\")]`",
        );
        return None;
    };
    let text = literal.value();
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    if text.starts_with("mfhm.") {
        diag.error(
            literal.span(),
            "codes that begin with `mfhm.` are mfhm's own",
        );
    } else if text.is_empty() || !text.chars().all(is_allowed) {
        diag.error(
            literal.span(),
            "an error's code is made of letters, digits, `.`, `_` and `-`",
        );
    }
    Some(literal)
}
