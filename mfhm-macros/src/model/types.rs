//! The types of an operation's parameters: what each is decoded to, and how it is lent.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type, TypeReference};

use crate::diag::Diagnostics;

/// A parameter's type.
pub(crate) struct ParamType {
    /// As the user wrote it.
    pub(crate) written: Type,
    /// What the server decodes.
    pub(crate) decoded: TokenStream,
    pub(crate) lending: Lending,
}

/// How a decoded value becomes the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lending {
    /// It is given away.
    Owned,
    /// `&str`, `&T`, `&[T]`
    Reference,
    /// `Option<&T>`
    OptionAsRef,
    /// `Option<&str>`, `Option<&[T]>`
    OptionAsDeref,
}

impl ParamType {
    /// An extractor's type is taken as it is.
    pub(crate) fn extracted(ty: &Type) -> Self {
        Self {
            written: ty.clone(),
            decoded: ty.to_token_stream(),
            lending: Lending::Owned,
        }
    }

    /// Reads the type of a parameter that travels. `None` after a mistake.
    pub(crate) fn read(ty: &Type, subject: &str, diag: &mut Diagnostics) -> Option<Self> {
        let before = diag.count();
        let (decoded, lending) = match reference(ty) {
            Some(reference) => {
                check_reference(reference, subject, diag);
                (owned_form(&reference.elem).0, Lending::Reference)
            }
            None => match option_of_reference(ty) {
                Some(reference) => {
                    check_reference(reference, subject, diag);
                    let (owned, is_deref) = owned_form(&reference.elem);
                    let lending = if is_deref {
                        Lending::OptionAsDeref
                    } else {
                        Lending::OptionAsRef
                    };
                    (quote!(::core::option::Option<#owned>), lending)
                }
                None => (ty.to_token_stream(), Lending::Owned),
            },
        };
        check_owned(&decoded, subject, diag);
        (diag.count() == before).then(|| Self {
            written: ty.clone(),
            decoded,
            lending,
        })
    }

    /// The expression that passes the decoded `value` on.
    pub(crate) fn lend(&self, value: &impl ToTokens) -> TokenStream {
        match self.lending {
            Lending::Owned => quote!(#value),
            Lending::Reference => quote!(&#value),
            Lending::OptionAsRef => quote!(#value.as_ref()),
            Lending::OptionAsDeref => quote!(#value.as_deref()),
        }
    }

    /// The written type with a name for the lifetime of its reference, so that
    /// it can stand beside a boxed future.
    pub(crate) fn with_lifetime(&self, lifetime: &syn::Lifetime) -> Type {
        let mut ty = self.written.clone();
        let found = if self.lending == Lending::Reference {
            reference_mut(&mut ty)
        } else {
            option_argument_mut(&mut ty).and_then(reference_mut)
        };
        if let Some(found) = found {
            found.lifetime = Some(lifetime.clone());
        }
        ty
    }

    /// Whether the type is written as an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        last_arguments(&self.written, "Option").is_some()
    }

    /// Whether the type is written as a `Vec` or a slice.
    pub(crate) fn is_list(&self) -> bool {
        match reference(&self.written) {
            Some(reference) => matches!(bare(&reference.elem), Type::Slice(_)),
            None => last_arguments(&self.written, "Vec").is_some(),
        }
    }

    /// Whether the type is written like an axum extractor. Only a hint: a user's
    /// type may have the name.
    pub(crate) fn looks_extracted(&self) -> bool {
        const NAMES: [&str; 8] = [
            "HeaderMap",
            "State",
            "Request",
            "Extension",
            "ConnectInfo",
            "OriginalUri",
            "RawQuery",
            "MatchedPath",
        ];
        NAMES
            .iter()
            .any(|name| last_arguments(&self.written, name).is_some())
    }

    /// Whether the type, or what it is a list or an option of, is written as one
    /// of the standard library's that travel. Then it needs no check; if it is
    /// another type with the same name, the expansion says what that lacks, only
    /// less well.
    pub(crate) fn is_known(&self) -> bool {
        let ty = innermost(&self.decoded).map_or_else(|| self.decoded.clone(), |(ty, _)| ty);
        syn::parse2(ty).is_ok_and(|ty| is_scalar(&ty))
    }

    /// Whether the type is written as one of the standard library's that hold a
    /// single value.
    pub(crate) fn is_scalar(&self) -> bool {
        let ty = match reference(&self.written) {
            Some(reference) => bare(&reference.elem),
            None => bare(&self.written),
        };
        is_scalar(ty)
    }

    /// Whether the type is written `&str`. (A `String` may be the user's own.)
    pub(crate) fn is_text(&self) -> bool {
        let target = reference(&self.written).map(|reference| bare(&reference.elem));
        matches!(target, Some(Type::Path(path)) if path.path.is_ident("str"))
    }

    /// The last name of the type as it is written: `Path` of `axum::extract::Path<u8>`.
    pub(crate) fn written_name(&self) -> Option<String> {
        match bare(&self.written) {
            Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
            _ => None,
        }
    }

    /// Where the type stands, behind the `&` if there is one.
    pub(crate) fn span(&self) -> Span {
        match reference(&self.written) {
            Some(reference) => reference.elem.span(),
            None => self.written.span(),
        }
    }
}

/// Takes these lifetimes off the reference that a type is, or is an option of.
pub(crate) fn forget_lifetimes(ty: &mut Type, lifetimes: &[syn::Lifetime]) {
    let is_reference = reference(ty).is_some();
    let found = if is_reference {
        reference_mut(ty)
    } else {
        option_argument_mut(ty).and_then(reference_mut)
    };
    if let Some(found) = found {
        found
            .lifetime
            .take_if(|lifetime| lifetimes.contains(lifetime));
    }
}

/// The owned form of what a reference points to, and whether the reference
/// comes back by dereferencing.
fn owned_form(target: &Type) -> (TokenStream, bool) {
    match bare(target) {
        Type::Path(path) if path.qself.is_none() && path.path.is_ident("str") => {
            (quote!(::std::string::String), true)
        }
        Type::Slice(slice) => {
            let element = &slice.elem;
            (quote!(::std::vec::Vec<#element>), true)
        }
        other => (other.to_token_stream(), false),
    }
}

fn check_reference(reference: &TypeReference, subject: &str, diag: &mut Diagnostics) {
    if let Some(mutability) = &reference.mutability {
        diag.error_at(
            mutability,
            format!("{subject} can't be changed for the caller\nhelp: write `&` without `mut`"),
        );
    }
    if let Some(lifetime) = &reference.lifetime {
        diag.error_at(
            lifetime,
            format!("{subject} is lent for the call only\nhelp: write `&` without a lifetime"),
        );
    }
}

/// What is decoded owns its data. Tokens are enough to see that it doesn't.
pub(super) fn check_owned(tokens: &TokenStream, subject: &str, diag: &mut Diagnostics) {
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) => check_owned(&group.stream(), subject, diag),
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                diag.error(
                    punct.span(),
                    format!(
                        "{subject} has a reference inside, which can't be decoded\n\
                         help: use an owned type; only `&str`, `&T`, `&[T]` and `Option` of these are lent"
                    ),
                );
                // The lifetime of this reference is part of the same mistake.
                if let Some(TokenTree::Punct(next)) = tokens.peek()
                    && next.as_char() == '\''
                {
                    tokens.next();
                    tokens.next();
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = tokens.next()
                    && name != "static"
                {
                    diag.error(
                        name.span(),
                        format!(
                            "{subject} borrows for `'{name}`, which can't be decoded\n\
                             help: use an owned type"
                        ),
                    );
                }
            }
            TokenTree::Ident(ident) if ident == "impl" => diag.error(
                ident.span(),
                format!("{subject} can't be `impl Trait`\nhelp: write the type"),
            ),
            TokenTree::Ident(ident) if ident == "_" => diag.error(
                ident.span(),
                format!("{subject} needs its type written out"),
            ),
            _ => {}
        }
    }
}

/// Whether a type is written like one of the standard library's that hold a
/// single value.
fn is_scalar(ty: &Type) -> bool {
    const SCALARS: [&str; 17] = [
        "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16",
        "i32", "i64", "i128", "f32", "f64",
    ];
    let Type::Path(path) = bare(ty) else {
        return false;
    };
    // `::std::string::String` is what `&str` is decoded to.
    let names: Vec<_> = path
        .path
        .segments
        .iter()
        .map(|it| it.ident.to_string())
        .collect();
    match names.as_slice() {
        [name] => SCALARS.contains(&name.as_str()),
        [std, string, name] => [std, string, name] == ["std", "string", "String"],
        _ => false,
    }
}

/// What a list, an option or a stream is made of, all of these taken off, and
/// where it stands. `None` if the type is none of them.
pub(crate) fn innermost(ty: &TokenStream) -> Option<(TokenStream, Span)> {
    const OUTER: [&str; 5] = ["Vec", "Option", "Headed", "Lines", "Events"];
    let mut ty: Type = syn::parse2(ty.clone()).ok()?;
    let mut found = None;
    loop {
        let arguments = OUTER.iter().find_map(|name| last_arguments(&ty, name));
        let argument = match arguments.as_deref() {
            Some([argument]) => (*argument).clone(),
            _ => return found,
        };
        found = Some((argument.to_token_stream(), argument.span()));
        ty = argument;
    }
}

pub(super) fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The type without parentheses and without the invisible groups of macros.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

fn reference(ty: &Type) -> Option<&TypeReference> {
    match bare(ty) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

fn option_of_reference(ty: &Type) -> Option<&TypeReference> {
    match last_arguments(ty, "Option")?.as_slice() {
        [argument] => reference(argument),
        _ => None,
    }
}

/// The generic types of a path whose last segment is `name`.
pub(super) fn last_arguments<'a>(ty: &'a Type, name: &str) -> Option<Vec<&'a Type>> {
    let Type::Path(path) = bare(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    if last.ident != name {
        return None;
    }
    match &last.arguments {
        PathArguments::None => Some(Vec::new()),
        PathArguments::AngleBracketed(arguments) => Some(
            arguments
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect(),
        ),
        PathArguments::Parenthesized(_) => None,
    }
}

fn reference_mut(ty: &mut Type) -> Option<&mut TypeReference> {
    match ty {
        Type::Group(group) => reference_mut(&mut group.elem),
        Type::Paren(paren) => reference_mut(&mut paren.elem),
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

fn option_argument_mut(ty: &mut Type) -> Option<&mut Type> {
    match ty {
        Type::Group(group) => option_argument_mut(&mut group.elem),
        Type::Paren(paren) => option_argument_mut(&mut paren.elem),
        Type::Path(path) => {
            let last = path.path.segments.last_mut()?;
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
                return None;
            };
            match arguments.args.first_mut()? {
                GenericArgument::Type(ty) if last.ident == "Option" => Some(ty),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote as q;

    /// Tokens as text; how closing brackets are spaced is of no interest.
    fn text(tokens: impl ToTokens) -> String {
        tokens.to_token_stream().to_string().replace(' ', "")
    }

    #[track_caller]
    fn check(ty: Type, decoded: TokenStream, lent: TokenStream, twin: TokenStream) {
        let mut diag = Diagnostics::new();
        let read = ParamType::read(&ty, "parameter `x`", &mut diag);
        assert_eq!(diag.into_messages(), [] as [String; 0]);
        let read = read.expect("nothing was wrong");
        assert_eq!(text(&read.decoded), text(decoded));
        assert_eq!(text(read.lend(&quote!(x))), text(lent));
        assert_eq!(text(read.with_lifetime(&q!('a))), text(twin));
    }

    #[track_caller]
    fn check_wrong(ty: Type, expected: &[&str]) {
        let mut diag = Diagnostics::new();
        assert!(ParamType::read(&ty, "parameter `x`", &mut diag).is_none());
        let messages = diag.into_messages();
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn borrowed_parameters_have_an_owned_form() {
        check(q!(u64), quote!(u64), quote!(x), quote!(u64));
        check(
            q!(&str),
            quote!(::std::string::String),
            quote!(&x),
            quote!(&'a str),
        );
        check(
            q!(&NewUser),
            quote!(NewUser),
            quote!(&x),
            quote!(&'a NewUser),
        );
        check(
            q!(&[Tag]),
            quote!(::std::vec::Vec<Tag>),
            quote!(&x),
            quote!(&'a [Tag]),
        );
        check(
            q!(Option<&str>),
            quote!(::core::option::Option<::std::string::String>),
            quote!(x.as_deref()),
            quote!(Option<&'a str>),
        );
        check(
            q!(std::option::Option<&T>),
            quote!(::core::option::Option<T>),
            quote!(x.as_ref()),
            quote!(std::option::Option<&'a T>),
        );
        check(
            q!(Option<&[u8]>),
            quote!(::core::option::Option<::std::vec::Vec<u8>>),
            quote!(x.as_deref()),
            quote!(Option<&'a [u8]>),
        );
        check(
            q!(Option<Vec<T>>),
            quote!(Option<Vec<T>>),
            quote!(x),
            quote!(Option<Vec<T>>),
        );
        check(
            q!(Cow<'static, str>),
            quote!(Cow<'static, str>),
            quote!(x),
            quote!(Cow<'static, str>),
        );
    }

    #[test]
    fn what_can_not_be_decoded_is_refused() {
        check_wrong(q!(&mut T), &["without `mut`"]);
        check_wrong(q!(&'static str), &["without a lifetime"]);
        check_wrong(q!(&'a str), &["without a lifetime"]);
        check_wrong(q!(Vec<&str>), &["reference inside"]);
        check_wrong(q!(&&str), &["reference inside"]);
        check_wrong(q!((&'a str, u8)), &["reference inside"]);
        check_wrong(q!(Cow<'_, str>), &["borrows for `'_`"]);
        check_wrong(q!(impl Into<String>), &["can't be `impl Trait`"]);
        check_wrong(q!(Vec<_>), &["written out"]);
        check_wrong(q!(HashMap<&str, &str>), &["reference", "reference"]);
    }
}
