//! [`Output`]: what an operation returns.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::Type;
use syn::spanned::Spanned as _;

use super::types::{check_owned, is_unit, last_arguments};
use crate::diag::Diagnostics;

/// What an operation returns.
pub(crate) enum Output {
    /// Nothing, written `()` or left out.
    Empty,
    /// A type that isn't a `Result`: the operation has no error of its own.
    Value(Type),
    /// `Result<T, E>`
    Result(Box<ResultTypes>),
    /// An alias of `Result`, whose types the compiler has to find.
    Alias { ty: Type, is_empty: bool },
}

/// The type as it is written, and its two arguments.
pub(crate) struct ResultTypes {
    ty: Type,
    value: Type,
    error: Type,
}

impl Output {
    pub(crate) fn read(ty: Option<&Type>) -> Self {
        let Some(ty) = ty else {
            return Self::Empty;
        };
        if is_unit(ty) {
            return Self::Empty;
        }
        let Some(arguments) = last_arguments(ty, "Result") else {
            return Self::Value(ty.clone());
        };
        match arguments.as_slice() {
            [value, error] => Self::Result(Box::new(ResultTypes {
                ty: ty.clone(),
                value: (*value).clone(),
                error: (*error).clone(),
            })),
            rest => Self::Alias {
                ty: ty.clone(),
                is_empty: matches!(rest, [value] if is_unit(value)),
            },
        }
    }

    /// Reports what can't be sent: references, `impl Trait`.
    pub(crate) fn check(&self, subject: &str, diag: &mut Diagnostics) {
        check_owned(&self.written(), &format!("{subject}: the reply"), diag);
    }

    /// The return type as tokens.
    pub(crate) fn written(&self) -> TokenStream {
        match self {
            Self::Empty => quote!(()),
            Self::Value(ty) | Self::Alias { ty, .. } => ty.to_token_stream(),
            Self::Result(types) => types.ty.to_token_stream(),
        }
    }

    pub(crate) fn is_result(&self) -> bool {
        matches!(self, Self::Result(_) | Self::Alias { .. })
    }

    /// Whether a success carries nothing.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Value(_) => false,
            Self::Result(types) => is_unit(&types.value),
            Self::Alias { is_empty, .. } => *is_empty,
        }
    }

    /// The type of a success; `outcome` is the trait that takes `Result`s apart.
    pub(crate) fn value_type(&self, outcome: &TokenStream) -> TokenStream {
        match self {
            Self::Empty => quote!(()),
            Self::Value(ty) => ty.to_token_stream(),
            Self::Result(types) => types.value.to_token_stream(),
            Self::Alias { ty, .. } => quote!(<#ty as #outcome>::Value),
        }
    }

    /// The type of the operation's own errors.
    pub(crate) fn error_type(
        &self,
        outcome: &TokenStream,
        infallible: &TokenStream,
    ) -> TokenStream {
        match self {
            Self::Empty | Self::Value(_) => infallible.clone(),
            Self::Result(types) => types.error.to_token_stream(),
            Self::Alias { ty, .. } => quote!(<#ty as #outcome>::Error),
        }
    }

    /// Where the type of a success stands, and that of an error.
    pub(crate) fn spans(&self) -> (Span, Span) {
        match self {
            Self::Empty => (Span::call_site(), Span::call_site()),
            Self::Value(ty) | Self::Alias { ty, .. } => (ty.span(), ty.span()),
            Self::Result(types) => (types.value.span(), types.error.span()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote as q;

    #[test]
    fn outputs_are_taken_apart() {
        let outcome = quote!(O);
        let infallible = quote!(I);
        let check = |ty: Option<Type>, value: TokenStream, error: TokenStream, is_empty: bool| {
            let output = Output::read(ty.as_ref());
            assert_eq!(output.value_type(&outcome).to_string(), value.to_string());
            let found = output.error_type(&outcome, &infallible).to_string();
            assert_eq!(found, error.to_string());
            assert_eq!(output.is_empty(), is_empty);
        };
        check(None, quote!(()), quote!(I), true);
        check(Some(q!(())), quote!(()), quote!(I), true);
        check(Some(q!(User)), quote!(User), quote!(I), false);
        check(Some(q!(Result<A, B>)), quote!(A), quote!(B), false);
        check(
            Some(q!(std::result::Result<(), B>)),
            quote!(()),
            quote!(B),
            true,
        );
        check(
            Some(q!(io::Result<A>)),
            quote!(<io::Result<A> as O>::Value),
            quote!(<io::Result<A> as O>::Error),
            false,
        );
        check(
            Some(q!(Result)),
            quote!(<Result as O>::Value),
            quote!(<Result as O>::Error),
            false,
        );
    }
}
