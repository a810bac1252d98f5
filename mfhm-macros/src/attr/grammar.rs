//! The grammar that all attributes share: values without a key first, then
//! `key = value` and `key(list)`, separated by commas.
//!
//! It is read token by token instead of with one `syn` parser, because such a
//! parser stops at the first mistake.

use std::str::FromStr;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{LitInt, LitStr, Path, Token};

use crate::diag::Diagnostics;
use crate::spelling::nearest;

/// The arguments of one attribute, unknown and repeated ones taken out.
pub(crate) struct Arguments {
    positional: Vec<TokenStream>,
    named: Vec<Argument>,
    has_unknown: bool,
}

struct Argument {
    key: Ident,
    value: Value,
}

enum Value {
    /// `key`
    Missing,
    /// `key = tokens`
    Assigned(TokenStream),
    /// `key(tokens)`
    List(TokenStream),
}

impl Arguments {
    /// Splits `tokens`; `attribute` is how messages call the attribute.
    pub(crate) fn parse(
        attribute: &str,
        allowed: &[&str],
        max_positional: usize,
        tokens: TokenStream,
        diag: &mut Diagnostics,
    ) -> Self {
        let mut arguments = Self {
            positional: Vec::new(),
            named: Vec::new(),
            has_unknown: false,
        };
        for part in split_at_commas(tokens) {
            let has_place = arguments.positional.len() < max_positional;
            match Argument::parse(part.clone()) {
                // A lone word is a value while one is expected, as in
                // `#[route(PURGE, "/p")]`, and a key without its value after that.
                Some(argument) if !(has_place && argument.value.is_missing()) => {
                    arguments.add(attribute, allowed, argument, diag);
                }
                _ if has_place => arguments.positional.push(part),
                _ => {
                    arguments.has_unknown = true;
                    diag.error_at(part, unexpected_value(attribute, allowed));
                }
            }
        }
        arguments
    }

    /// The value at a place that needs no key.
    pub(crate) fn positional(&self, index: usize) -> Option<&TokenStream> {
        self.positional.get(index)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Whether something was written that is not known: it may have been meant
    /// for what is missing.
    pub(crate) fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    pub(crate) fn span_of(&self, key: &str) -> Option<Span> {
        self.find(key).map(|argument| argument.key.span())
    }

    pub(crate) fn string(&self, key: &str, diag: &mut Diagnostics) -> Option<LitStr> {
        let argument = self.find(key)?;
        let literal = match &argument.value {
            Value::Assigned(tokens) => syn::parse2(tokens.clone()).ok(),
            _ => None,
        };
        if literal.is_none() {
            let message = format!("`{key}` must be a string\nhelp: write `{key} = \"…\"`");
            argument.error(message, diag);
        }
        literal
    }

    /// A number that fits into `N`; `meaning` says in the message which do.
    pub(crate) fn integer<N: FromStr<Err: std::fmt::Display>>(
        &self,
        key: &str,
        meaning: &str,
        diag: &mut Diagnostics,
    ) -> Option<N> {
        let argument = self.find(key)?;
        let number = match &argument.value {
            Value::Assigned(tokens) => syn::parse2::<LitInt>(tokens.clone())
                .ok()
                .and_then(|literal| literal.base10_parse().ok()),
            _ => None,
        };
        if number.is_none() {
            argument.error(format!("`{key}` must be {meaning}"), diag);
        }
        number
    }

    pub(crate) fn path(&self, key: &str, diag: &mut Diagnostics) -> Option<Path> {
        let argument = self.find(key)?;
        let path = match &argument.value {
            Value::Assigned(tokens) => Path::parse_mod_style.parse2(tokens.clone()).ok(),
            _ => None,
        };
        if path.is_none() {
            let message = format!("`{key}` must be a path\nhelp: write `{key} = some::path`");
            argument.error(message, diag);
        }
        path
    }

    pub(crate) fn paths(&self, key: &str, diag: &mut Diagnostics) -> Vec<Path> {
        let Some(argument) = self.find(key) else {
            return Vec::new();
        };
        let paths = match &argument.value {
            Value::List(tokens) => Punctuated::<Path, Token![,]>::parse_terminated
                .parse2(tokens.clone())
                .ok(),
            _ => None,
        };
        if paths.is_none() {
            let message = format!("`{key}` must be a list of paths\nhelp: write `{key}(A, b::B)`");
            argument.error(message, diag);
        }
        paths.into_iter().flatten().collect()
    }

    fn find(&self, key: &str) -> Option<&Argument> {
        self.named.iter().find(|argument| argument.key == key)
    }

    fn add(
        &mut self,
        attribute: &str,
        allowed: &[&str],
        argument: Argument,
        diag: &mut Diagnostics,
    ) {
        let key = argument.key.to_string();
        if !allowed.contains(&key.as_str()) {
            self.has_unknown = true;
            let meant = match nearest(&key, allowed.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`? "),
                None => String::new(),
            };
            diag.error(
                argument.key.span(),
                format!(
                    "unknown argument `{key}` of `{attribute}`\nhelp: {meant}{}",
                    allowed_list(allowed)
                ),
            );
        } else if self.has(&key) {
            diag.error(argument.key.span(), format!("`{key}` is given twice"));
        } else {
            self.named.push(argument);
        }
    }
}

impl Value {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl Argument {
    /// `None` when the tokens do not begin with a key.
    fn parse(tokens: TokenStream) -> Option<Self> {
        let mut tokens = tokens.into_iter();
        let TokenTree::Ident(key) = tokens.next()? else {
            return None;
        };
        let value = match tokens.next() {
            None => Value::Missing,
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
                Value::Assigned(tokens.collect())
            }
            Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis && tokens.next().is_none() =>
            {
                Value::List(group.stream())
            }
            Some(_) => return None,
        };
        Some(Self { key, value })
    }

    /// Points at the value if there is one, else at the key.
    fn error(&self, message: String, diag: &mut Diagnostics) {
        match &self.value {
            Value::Assigned(tokens) | Value::List(tokens) if !tokens.is_empty() => {
                diag.error_at(tokens, message);
            }
            _ => diag.error(self.key.span(), message),
        }
    }
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.extend([token]);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn unexpected_value(attribute: &str, allowed: &[&str]) -> String {
    match allowed {
        ["crate"] | [] => format!("`{attribute}` takes no such argument"),
        [first, ..] => format!(
            "`{attribute}` takes no value without a key here\nhelp: write `{first} = \"…\"`; {}",
            allowed_list(allowed)
        ),
    }
}

fn allowed_list(allowed: &[&str]) -> String {
    match allowed {
        [] => "no argument is allowed".to_owned(),
        _ => format!("allowed are `{}`", allowed.join("`, `")),
    }
}

/// How a name is written without the raw prefix, as it appears on the wire.
pub(crate) fn plain_name(ident: &Ident) -> String {
    ident.unraw().to_string()
}
