//! The attributes of a parameter: `#[query]`, `#[query(flatten)]`,
//! `#[header("x-name")]`, `#[cookie("name")]`, `#[path]`, `#[form]`, `#[body]`,
//! `#[body(bytes)]`, `#[body(stream)]`, `#[multipart]` and `#[extract]`.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Ident, LitStr, Meta};

use crate::attr::route::is_token;
use crate::diag::Diagnostics;
use crate::spelling::nearest;

/// Where the user says that a parameter comes from.
pub(crate) struct SourceAttr {
    pub(crate) span: Span,
    pub(crate) kind: SourceKind,
    /// The name on the wire, if it isn't the parameter's.
    pub(crate) name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    Path,
    Query,
    /// `#[query(flatten)]`
    QueryFields,
    Header,
    Cookie,
    Form,
    Body,
    /// `#[body(bytes)]`
    Bytes,
    /// `#[body(stream)]`
    Stream,
    Multipart,
    Extract,
}

/// What is allowed, for messages.
const ALLOWED: &str = "`#[query]`, `#[query(flatten)]`, `#[header(\"x-name\")]`, \
                       `#[cookie(\"name\")]`, `#[path]`, `#[form]`, `#[body]`, `#[body(bytes)]`, \
                       `#[body(stream)]`, `#[multipart]`";

impl SourceKind {
    const ALL: [(&'static str, Self); 8] = [
        ("query", Self::Query),
        ("header", Self::Header),
        ("cookie", Self::Cookie),
        ("form", Self::Form),
        ("path", Self::Path),
        ("body", Self::Body),
        ("multipart", Self::Multipart),
        ("extract", Self::Extract),
    ];

    /// The word in parentheses that makes another source of this one.
    fn with_word(self, word: &str) -> Option<Self> {
        match (self, word) {
            (Self::Query, "flatten") => Some(Self::QueryFields),
            (Self::Body, "bytes") => Some(Self::Bytes),
            (Self::Body, "stream") => Some(Self::Stream),
            _ => None,
        }
    }

    fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind)
    }
}

/// The attributes that rustc itself allows on a parameter.
const BUILT_IN: [&str; 6] = ["allow", "deny", "doc", "expect", "forbid", "warn"];

/// The parameter's source and the attributes that stay.
pub(crate) fn split(
    attributes: &[Attribute],
    allows_extract: bool,
    diag: &mut Diagnostics,
) -> (Option<SourceAttr>, Vec<Attribute>) {
    let mut source: Option<SourceAttr> = None;
    let mut kept = Vec::new();
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else {
            continue;
        };
        let name = last.ident.to_string();
        let span = last.ident.span();
        if BUILT_IN.contains(&name.as_str()) {
            kept.push(attribute.clone());
        } else if name == "cfg" || name == "cfg_attr" {
            // Those that can be read have been decided; of others rustc tells.
            kept.push(attribute.clone());
        } else if let Some(kind) = SourceKind::named(&name)
            && (allows_extract || kind != SourceKind::Extract)
        {
            let read = SourceAttr::parse(kind, span, &attribute.meta, diag);
            if source.is_some() {
                diag.error(
                    span,
                    "a parameter comes from one place only\nhelp: remove all of these attributes but one",
                );
            } else {
                source = Some(read);
            }
        } else if name == "extract" {
            diag.error(
                span,
                "`#[extract]` can't stand in a contract: a client has nothing to send for it\n\
                 help: use `#[query]`, `#[header(\"x-name\")]` or `#[body]`",
            );
        } else {
            let extract = if allows_extract { ", `#[extract]`" } else { "" };
            let known = SourceKind::ALL.iter().map(|(known, _)| *known);
            let meant = match nearest(&name, known) {
                Some(meant) => format!("did you mean `#[{meant}]`? "),
                None => String::new(),
            };
            diag.error(
                span,
                format!(
                    "unknown attribute `{name}` of a parameter\n\
                     help: {meant}allowed are {ALLOWED}{extract}"
                ),
            );
        }
    }
    (source, kept)
}

/// Whether an attribute of a parameter is rustc's and may be emitted.
pub(crate) fn is_kept(attribute: &Attribute) -> bool {
    let mut kept = BUILT_IN.iter().chain(&["cfg", "cfg_attr"]);
    kept.any(|name| attribute.path().is_ident(*name))
}

impl SourceAttr {
    fn parse(kind: SourceKind, span: Span, meta: &Meta, diag: &mut Diagnostics) -> Self {
        let takes_name = matches!(
            kind,
            SourceKind::Query | SourceKind::Header | SourceKind::Cookie
        );
        let tokens = match meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                let name = pair.path.to_token_stream();
                let message =
                    format!("the name goes into parentheses\nhelp: write `#[{name}(\"name\")]`");
                diag.error_at(pair, message);
                TokenStream::new()
            }
        };
        let mut name = None;
        let word = syn::parse2::<Ident>(tokens.clone()).ok();
        if let Some(kind) = word.and_then(|word| kind.with_word(&word.to_string())) {
            return Self { span, kind, name };
        }
        if !tokens.is_empty() {
            match syn::parse2::<LitStr>(tokens.clone()) {
                Ok(literal) if takes_name => name = read_name(kind, &literal, diag),
                Ok(_) => diag.error_at(tokens, "this attribute takes no name"),
                Err(_) if takes_name => {
                    let help = match kind {
                        SourceKind::Query => {
                            "\nhelp: or write `#[query(flatten)]`, when the fields of a struct are \
                             the query parameters"
                        }
                        _ => "",
                    };
                    let message = format!("the name must be a string literal{help}");
                    diag.error_at(tokens, message);
                }
                Err(_) if kind == SourceKind::Body => diag.error_at(
                    tokens,
                    "a body is JSON, `bytes` or a `stream`\n\
                     help: write `#[body]`, `#[body(bytes)]` or `#[body(stream)]`",
                ),
                Err(_) => diag.error_at(tokens, "this attribute takes no argument"),
            }
        }
        Self { span, kind, name }
    }
}

fn read_name(kind: SourceKind, literal: &LitStr, diag: &mut Diagnostics) -> Option<String> {
    let name = literal.value();
    if name.is_empty() {
        diag.error(literal.span(), "the name is empty");
        return None;
    }
    if kind == SourceKind::Header {
        if !is_token(&name) {
            diag.error(
                literal.span(),
                format!("`{}` can't be the name of a header", name.escape_debug()),
            );
            return None;
        }
        // Header names compare without case; on the wire they are lower-case.
        return Some(name.to_ascii_lowercase());
    }
    if kind == SourceKind::Cookie && !is_token(&name) {
        diag.error(
            literal.span(),
            format!("`{}` can't be the name of a cookie", name.escape_debug()),
        );
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attribute: Attribute, expected: Result<(SourceKind, Option<&str>), &str>) {
        let mut diag = Diagnostics::new();
        let (source, _) = split(&[attribute], false, &mut diag);
        let messages = diag.into_messages();
        match expected {
            Ok((kind, name)) => {
                assert_eq!(messages, [] as [String; 0]);
                let source = source.expect("a source is written");
                assert_eq!((source.kind, source.name.as_deref()), (kind, name));
            }
            Err(expected) => {
                assert_eq!(messages.len(), 1, "{messages:?}");
                assert!(messages[0].contains(expected), "{messages:?}");
            }
        }
    }

    #[test]
    fn sources() {
        use syn::parse_quote as q;
        check(q!(#[query]), Ok((SourceKind::Query, None)));
        check(q!(#[mfhm::query]), Ok((SourceKind::Query, None)));
        check(q!(#[query("q-1")]), Ok((SourceKind::Query, Some("q-1"))));
        check(q!(#[header]), Ok((SourceKind::Header, None)));
        check(q!(#[header("X-A")]), Ok((SourceKind::Header, Some("x-a"))));
        check(q!(#[path]), Ok((SourceKind::Path, None)));
        check(q!(#[body]), Ok((SourceKind::Body, None)));
        check(q!(#[query("")]), Err("empty"));
        check(q!(#[query(name)]), Err("string literal"));
        check(q!(#[query = "a"]), Err("parentheses"));
        check(q!(#[header("a b")]), Err("can't be the name of a header"));
        check(q!(#[body("a")]), Err("takes no name"));
        check(q!(#[query(flatten)]), Ok((SourceKind::QueryFields, None)));
        check(q!(#[form]), Ok((SourceKind::Form, None)));
        check(q!(#[body(bytes)]), Ok((SourceKind::Bytes, None)));
        check(q!(#[body(stream)]), Ok((SourceKind::Stream, None)));
        check(q!(#[cookie]), Ok((SourceKind::Cookie, None)));
        check(q!(#[cookie("Sid")]), Ok((SourceKind::Cookie, Some("Sid"))));
        check(q!(#[cookie("a;b")]), Err("can't be the name of a cookie"));
        check(q!(#[cookie(sid)]), Err("string literal"));
        check(q!(#[query(name)]), Err("`#[query(flatten)]`"));
        check(q!(#[body(text)]), Err("`#[body(bytes)]`"));
        check(q!(#[form(flatten)]), Err("takes no argument"));
        check(q!(#[multipart]), Ok((SourceKind::Multipart, None)));
        check(q!(#[multipart("a")]), Err("takes no name"));
        check(q!(#[upload]), Err("allowed are `#[query]`"));
        check(q!(#[extract]), Err("can't stand in a contract"));
    }

    #[test]
    fn one_source_and_the_rest_stays() {
        let function: syn::ItemFn = syn::parse_quote! {
            fn f(#[allow(unused)] #[query] #[body] a: u8) {}
        };
        let Some(syn::FnArg::Typed(param)) = function.sig.inputs.first() else {
            panic!("the function has one parameter");
        };
        let mut diag = Diagnostics::new();
        let (source, kept) = split(&param.attrs, true, &mut diag);
        assert_eq!(source.map(|source| source.kind), Some(SourceKind::Query));
        assert_eq!(kept.len(), 1);
        assert_eq!(
            diag.into_messages(),
            ["a parameter comes from one place only\nhelp: remove all of these attributes but one"]
        );
    }
}
