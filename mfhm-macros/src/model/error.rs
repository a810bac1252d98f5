//! An error type of the user's as it crosses the wire: each variant with its
//! status, its code and its fields.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Path, Type};

use crate::attr::error::{ErrorAttrs, Status};
use crate::attr::grammar::plain_name;
use crate::attr::kept::doc_text;
use crate::diag::Diagnostics;

/// A type with `#[derive(ApiError)]`.
pub(crate) struct ErrorType {
    pub(crate) ident: Ident,
    pub(crate) krate: Option<Path>,
    pub(crate) variants: Vec<ErrorVariant>,
}

/// A variant, or the struct itself.
pub(crate) struct ErrorVariant {
    /// `None` for a struct.
    pub(crate) ident: Option<Ident>,
    pub(crate) status: u16,
    pub(crate) code: String,
    /// Nothing of it is sent.
    pub(crate) is_internal: bool,
    pub(crate) doc: String,
    pub(crate) shape: Shape,
    pub(crate) fields: Vec<ErrorField>,
    code_span: Span,
}

/// How a variant is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Named,
    Tuple,
    Unit,
}

/// A field, with its name in the error's data.
pub(crate) struct ErrorField {
    /// `None` in a tuple.
    pub(crate) ident: Option<Ident>,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) ty: Type,
    pub(crate) binding: Ident,
}

impl ErrorType {
    pub(crate) fn lower(input: &DeriveInput, diag: &mut Diagnostics) -> Self {
        let attrs = ErrorAttrs::read(&input.attrs, diag);
        if !input.generics.params.is_empty() {
            diag.error_at(
                &input.generics.params,
                "an error that crosses the wire can't be generic: the caller has to know its type",
            );
        }
        let variants = match &input.data {
            Data::Enum(data) => {
                if let Some(span) = attrs.variant_span() {
                    diag.error(span, "this belongs on a variant of the enum");
                }
                let variants = data.variants.iter();
                variants
                    .filter_map(|variant| {
                        let attrs = ErrorAttrs::read(&variant.attrs, diag);
                        if let Some(span) = attrs.krate_span {
                            diag.error(span, "`#[mfhm(…)]` belongs on the enum itself");
                        }
                        let ident = &variant.ident;
                        ErrorVariant::lower(attrs, ident, &variant.attrs, &variant.fields, diag)
                            .map(|lowered| ErrorVariant {
                                ident: Some(ident.clone()),
                                ..lowered
                            })
                    })
                    .collect()
            }
            Data::Struct(data) => {
                let krate = attrs.krate.clone();
                let variant =
                    ErrorVariant::lower(attrs, &input.ident, &input.attrs, &data.fields, diag);
                return Self {
                    ident: input.ident.clone(),
                    krate,
                    variants: variant.into_iter().collect(),
                };
            }
            Data::Union(data) => {
                diag.error(
                    data.union_token.span,
                    "`ApiError` is derived for enums and structs, not for unions",
                );
                Vec::new()
            }
        };
        check_codes(&variants, diag);
        Self {
            ident: input.ident.clone(),
            krate: attrs.krate,
            variants,
        }
    }
}

impl ErrorVariant {
    fn lower(
        attrs: ErrorAttrs,
        ident: &Ident,
        attributes: &[Attribute],
        fields: &Fields,
        diag: &mut Diagnostics,
    ) -> Option<Self> {
        let is_internal = attrs.internal.is_some();
        let status = match attrs.status {
            Some(Status { code, .. }) => code,
            None if is_internal => 500,
            None => {
                diag.error(
                    ident.span(),
                    format!(
                        "`{ident}` has no HTTP status\n\
                         help: write `#[status(404)]` (or another from 400 to 599) above it, or \
                         `#[internal]` if the caller shall only learn that something failed"
                    ),
                );
                return None;
            }
        };
        Some(Self {
            ident: None,
            status,
            code: match &attrs.code {
                Some(code) => code.value(),
                None => snake_case(&plain_name(ident)),
            },
            is_internal,
            doc: doc_text(attributes),
            shape: match fields {
                Fields::Named(_) => Shape::Named,
                Fields::Unnamed(_) => Shape::Tuple,
                Fields::Unit => Shape::Unit,
            },
            fields: fields.iter().enumerate().map(ErrorField::new).collect(),
            code_span: attrs.code.as_ref().map_or(ident.span(), LitStr::span),
        })
    }
}

impl ErrorField {
    fn new((index, field): (usize, &syn::Field)) -> Self {
        Self {
            ident: field.ident.clone(),
            name: field.ident.as_ref().map_or(index.to_string(), plain_name),
            doc: doc_text(&field.attrs),
            ty: field.ty.clone(),
            binding: format_ident!("__mfhm_f{}", index),
        }
    }
}

/// A caller tells variants apart by their codes.
fn check_codes(variants: &[ErrorVariant], diag: &mut Diagnostics) {
    let sent: Vec<_> = variants
        .iter()
        .filter(|variant| !variant.is_internal)
        .collect();
    for (index, second) in sent.iter().enumerate() {
        let mut earlier = sent.iter().take(index);
        if let Some(first) = earlier.find(|first| first.code == second.code)
            && let Some(first) = &first.ident
        {
            diag.error(
                second.code_span,
                format!(
                    "two variants have the code `{}`\nnote: the first is `{first}`\n\
                     help: give this one its own with `#[code(\"…\")]`",
                    second.code
                ),
            );
        }
    }
}

/// `NotFound` becomes `not_found`, `HTTPError` becomes `http_error`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let follows_lower = index > 0
            && (characters[index - 1].is_lowercase() || characters[index - 1].is_numeric());
        let ends_acronym = index > 0
            && characters[index - 1].is_uppercase()
            && characters
                .get(index + 1)
                .is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (follows_lower || ends_acronym) {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote as q;

    #[track_caller]
    fn check(input: DeriveInput, expected: &[&str]) {
        let mut diag = Diagnostics::new();
        ErrorType::lower(&input, &mut diag);
        let messages = diag.into_messages();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn codes_are_the_names_in_snake_case() {
        assert_eq!(snake_case("NotFound"), "not_found");
        assert_eq!(snake_case("HTTPError"), "http_error");
        assert_eq!(snake_case("V2Only"), "v2_only");
        assert_eq!(snake_case("Gone"), "gone");
        assert_eq!(snake_case("already_snake"), "already_snake");
    }

    #[test]
    fn variants_and_structs() {
        check(
            q! {
                enum E {
                    #[status(404)] A { id: u64 },
                    #[status(599)] #[code("x.y-z")] B(u8, String),
                    #[internal] C(Source),
                }
            },
            &[],
        );
        check(
            q!(
                #[status(400)]
                struct E;
            ),
            &[],
        );
        check(
            q!(
                #[internal]
                #[mfhm(crate = a::b)]
                struct E(X);
            ),
            &[],
        );
        check(
            q!(
                enum E {}
            ),
            &[],
        );
    }

    #[test]
    fn mistakes() {
        check(
            q!(
                enum E {
                    A,
                    #[status(404)]
                    B,
                    C,
                }
            ),
            &["`A` has no HTTP status", "`C` has no HTTP status"],
        );
        check(
            q!(
                struct E;
            ),
            &["`E` has no HTTP status"],
        );
        check(
            q!(
                #[status(200)]
                struct E;
            ),
            &["from 400 to 599"],
        );
        check(
            q!(
                #[status(600)]
                struct E;
            ),
            &["from 400 to 599"],
        );
        check(
            q!(
                #[status(99999)]
                struct E;
            ),
            &["from 400 to 599"],
        );
        check(
            q!(
                #[status("404")]
                struct E;
            ),
            &["needs a number"],
        );
        check(
            q!(
                #[status]
                struct E;
            ),
            &["needs a number"],
        );
        check(
            q!(
                #[status(404)]
                #[status(404)]
                struct E;
            ),
            &["given twice"],
        );
        check(
            q!(
                #[status(404)]
                #[internal]
                struct E;
            ),
            &["always answered with status 500"],
        );
        check(
            q!(
                #[internal(1)]
                struct E;
            ),
            &["takes no argument"],
        );
        check(
            q!(
                #[status(404)]
                #[code(1)]
                struct E;
            ),
            &["needs a text"],
        );
        check(
            q!(
                #[status(404)]
                #[code("a b")]
                struct E;
            ),
            &["made of letters"],
        );
        check(
            q!(
                #[status(404)]
                #[code("mfhm.x")]
                struct E;
            ),
            &["mfhm's own"],
        );
        check(
            q!(
                #[status(404)]
                struct E<T>(T);
            ),
            &["can't be generic"],
        );
        check(
            q!(
                #[status(404)]
                enum E {
                    #[status(404)]
                    A,
                }
            ),
            &["on a variant"],
        );
        check(
            q!(
                enum E {
                    #[status(404)]
                    A,
                    #[status(410)]
                    #[code("a")]
                    B,
                }
            ),
            &["two variants have the code `a`"],
        );
        check(
            q!(
                #[mfhm(krate = x)]
                #[status(404)]
                struct E;
            ),
            &["unknown argument `krate`"],
        );
        check(
            q!(
                enum E {
                    #[status(404)]
                    #[mfhm(crate = x)]
                    A,
                }
            ),
            &["on the enum itself"],
        );
        check(q!(union E { a: u8 }), &["not for unions"]);
    }
}
