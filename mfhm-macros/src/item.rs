//! The items that the attributes stand on, parsed as far as the macros need.
//!
//! Bodies of functions stay raw tokens and are emitted as they were written: a
//! half-typed body is then reported once, by rustc, in its place, and nothing
//! is lost that `syn` doesn't know yet.

mod block;
mod conditional;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, FnArg, Generics, Ident, ReturnType, Signature, Token, Type, Visibility, braced,
    token,
};

pub(crate) use self::block::{ImplItem, Member, TraitItem};
use crate::attr::{kept, operation, param};

/// Any item an attribute can stand on.
pub(crate) enum Item {
    Fn(FnItem),
    Struct(StructItem),
    Mod(ModItem),
    Impl(ImplItem),
    Trait(TraitItem),
    /// `enum`, `const`, …: none of the attributes goes there.
    Other(TokenStream),
}

/// A function, free or in a trait or an impl.
#[derive(Clone)]
pub(crate) struct FnItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    /// `default`, where it is written.
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

#[derive(Clone)]
pub(crate) enum Body {
    Block(TokenTree),
    /// `;`
    Missing(Token![;]),
}

/// A struct, of which only the name and the absence of fields matter.
pub(crate) struct StructItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// `struct Name;`
    pub(crate) is_unit: bool,
    /// All of it, but for the attributes.
    tokens: TokenStream,
}

/// A module; `content` is what stands between its braces.
pub(crate) struct ModItem {
    pub(crate) attrs: Vec<Attribute>,
    /// All before the braces, but for the attributes.
    pub(crate) head: TokenStream,
    pub(crate) ident: Ident,
    /// The doc comment, above and inside.
    pub(crate) doc: String,
    pub(crate) content: Option<TokenStream>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let begin = input.fork();
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        if peek_signature(input) {
            input.advance_to(&begin);
            return input.parse().map(Self::Fn);
        }
        let ahead = input.fork();
        let unsafety: Option<Token![unsafe]> = ahead.parse()?;
        if ahead.peek(Token![trait]) {
            input.advance_to(&ahead);
            TraitItem::parse_rest(attrs, vis, unsafety, input).map(Self::Trait)
        } else if ahead.peek(Token![impl]) {
            input.advance_to(&ahead);
            ImplItem::parse_rest(attrs, unsafety, input).map(Self::Impl)
        } else if ahead.peek(Token![mod]) {
            input.advance_to(&ahead);
            ModItem::parse_rest(attrs, quote!(#vis #unsafety), input).map(Self::Mod)
        } else if ahead.peek(Token![struct]) {
            StructItem::parse_rest(attrs, &vis, input).map(Self::Struct)
        } else {
            input.advance_to(&begin);
            input.parse().map(Self::Other)
        }
    }
}

impl Item {
    /// Takes off the conditions under which a struct or a trait exists at all.
    /// What is generated beside these must exist under the same ones; with
    /// other items it is inside of them, or has the conditions already.
    pub(crate) fn take_conditions(&mut self) -> Vec<Attribute> {
        let attrs = match self {
            Self::Struct(item) => &mut item.attrs,
            Self::Trait(item) => &mut item.attrs,
            _ => return Vec::new(),
        };
        let conditions = kept::conditions(attrs);
        attrs.retain(|attribute| kept::conditions(std::slice::from_ref(attribute)).is_empty());
        conditions
    }

    /// Takes off the attributes of ours that hold for everything in the item. A
    /// method's attribute stays: its own macro says what is wrong with that.
    pub(crate) fn take_shared(&mut self) -> Vec<Attribute> {
        let attrs = match self {
            Self::Struct(item) => &mut item.attrs,
            Self::Mod(item) => &mut item.attrs,
            Self::Impl(item) => &mut item.attrs,
            Self::Trait(item) => &mut item.attrs,
            Self::Fn(_) | Self::Other(_) => return Vec::new(),
        };
        let is_shared = |attribute: &Attribute| {
            operation::is_ours(attribute) && !operation::is_route(attribute)
        };
        attrs
            .extract_if(.., |attribute| is_shared(attribute))
            .collect()
    }

    /// What the item is, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Fn(_) => "a function",
            Self::Struct(_) => "a struct",
            Self::Mod(_) => "a module",
            Self::Impl(_) => "an impl",
            Self::Trait(_) => "a trait",
            Self::Other(tokens) => other_kind(tokens),
        }
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Fn(item) => item.to_tokens(tokens),
            Self::Struct(item) => item.to_tokens(tokens),
            Self::Mod(item) => item.to_tokens(tokens),
            Self::Impl(item) => item.to_tokens(tokens),
            Self::Trait(item) => item.to_tokens(tokens),
            Self::Other(item) => item.to_tokens(tokens),
        }
    }
}

impl Parse for FnItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            defaultness: input.parse()?,
            sig: input.parse()?,
            body: if input.peek(Token![;]) {
                Body::Missing(input.parse()?)
            } else if input.peek(token::Brace) {
                Body::Block(input.parse()?)
            } else {
                return Err(input.error("expected the function's body or `;`"));
            },
        })
    }
}

impl FnItem {
    /// The function as rustc shall see it: without the attributes that are
    /// ours, on itself and on its parameters.
    pub(crate) fn stripped(&self) -> Self {
        let mut item = self.clone();
        item.attrs.retain(|attribute| {
            !operation::is_ours(attribute) && operation::misspelt(attribute).is_none()
        });
        strip_params(&mut item.sig);
        item
    }

    /// The stripped function where it is a handler. It had to be `async` to be
    /// one, so it may be that without awaiting anything.
    pub(crate) fn handler(&self) -> Self {
        let mut item = self.stripped();
        item.attrs
            .push(syn::parse_quote!(#[allow(clippy::unused_async)]));
        item
    }

    pub(crate) fn receiver(&self) -> Option<&syn::Receiver> {
        match self.sig.inputs.first() {
            Some(FnArg::Receiver(receiver)) => Some(receiver),
            _ => None,
        }
    }

    /// The type that is written after the arrow, `None` for none.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(ty),
        }
    }
}

/// Takes the attributes off the parameters that rustc would not know.
pub(crate) fn strip_params(sig: &mut Signature) {
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(param::is_kept);
        }
    }
}

impl ToTokens for FnItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            defaultness,
            sig,
            body,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #defaultness #sig));
        match body {
            Body::Block(block) => block.to_tokens(tokens),
            Body::Missing(semi) => semi.to_tokens(tokens),
        }
    }
}

impl StructItem {
    fn parse_rest(
        attrs: Vec<Attribute>,
        vis: &Visibility,
        input: ParseStream<'_>,
    ) -> syn::Result<Self> {
        let struct_token: Token![struct] = input.parse()?;
        let ident: Ident = input.parse()?;
        let generics: Generics = input.parse()?;
        let is_unit = input.peek(Token![;]);
        let rest: TokenStream = input.parse()?;
        Ok(Self {
            attrs,
            tokens: quote!(#vis #struct_token #ident #generics #rest),
            ident,
            generics,
            is_unit,
        })
    }
}

impl ToTokens for StructItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (attrs, rest) = (&self.attrs, &self.tokens);
        tokens.extend(quote!(#(#attrs)* #rest));
    }
}

impl ModItem {
    fn parse_rest(
        attrs: Vec<Attribute>,
        head: TokenStream,
        input: ParseStream<'_>,
    ) -> syn::Result<Self> {
        let mod_token: Token![mod] = input.parse()?;
        let ident: Ident = input.parse()?;
        let mut documented = attrs.clone();
        let content = if input.peek(token::Brace) {
            let content;
            braced!(content in input);
            // What is inside stays as it is; a mistake there is rustc's to tell.
            documented.extend(Attribute::parse_inner(&content.fork()).unwrap_or_default());
            Some(content.parse()?)
        } else {
            input.parse::<Token![;]>()?;
            None
        };
        Ok(Self {
            doc: kept::doc_text(&documented),
            attrs,
            head: quote!(#head #mod_token #ident),
            ident,
            content,
        })
    }
}

impl ToTokens for ModItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (attrs, head) = (&self.attrs, &self.head);
        tokens.extend(match &self.content {
            Some(content) => quote!(#(#attrs)* #head { #content }),
            None => quote!(#(#attrs)* #head;),
        });
    }
}

/// Whether a function begins here, qualifiers included.
fn peek_signature(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let skipped = (|| {
        ahead.parse::<Option<Token![const]>>()?;
        ahead.parse::<Option<Token![async]>>()?;
        ahead.parse::<Option<Token![unsafe]>>()?;
        ahead.parse::<Option<syn::Abi>>()
    })();
    skipped.is_ok() && ahead.peek(Token![fn])
}

fn other_kind(tokens: &TokenStream) -> &'static str {
    let words = [
        ("enum", "an enum"),
        ("union", "a union"),
        ("const", "a constant"),
        ("static", "a static"),
        ("type", "a type alias"),
        ("use", "an import"),
    ];
    tokens
        .clone()
        .into_iter()
        .find_map(|token| match token {
            TokenTree::Ident(ident) => words
                .iter()
                .find(|(word, _)| ident == word)
                .map(|(_, kind)| *kind),
            _ => None,
        })
        .unwrap_or("this item")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses `tokens` and expects them back unchanged.
    #[track_caller]
    fn check_round_trip(tokens: TokenStream, kind: &str) {
        let item: Item = syn::parse2(tokens.clone()).expect("it is an item");
        assert_eq!(item.kind(), kind);
        assert_eq!(item.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn items_are_written_back_as_they_were() {
        check_round_trip(
            quote!(#[a] pub async unsafe extern "C" fn f<T>(a: u8) -> u8 where T: X { @ ? half }),
            "a function",
        );
        check_round_trip(
            quote!(
                fn f(&self);
            ),
            "a function",
        );
        check_round_trip(
            quote!(
                #[a]
                pub struct A;
            ),
            "a struct",
        );
        check_round_trip(
            quote!(
                struct A<T>
                where
                    T: X,
                {
                    a: T,
                }
            ),
            "a struct",
        );
        check_round_trip(
            quote!(
                pub mod a {
                    #![b]
                    fn c() {}
                }
            ),
            "a module",
        );
        check_round_trip(
            quote!(
                mod a;
            ),
            "a module",
        );
        check_round_trip(
            quote!(
                pub enum A {
                    B,
                }
            ),
            "an enum",
        );
        check_round_trip(
            quote! {
                #[a]
                unsafe impl<T: X> a::B<u8> for C<T> where T: Y {
                    #![inner]
                    const N: [u8; 2] = { [1; 2] };
                    type T = u8;
                    m! { anything }
                    m!(anything);
                    pub const fn f() {}
                    #[b] pub(crate) async fn g(#[c] d: u8) { ??? }
                }
            },
            "an impl",
        );
        check_round_trip(
            quote! {
                pub(crate) unsafe trait A<T>: B + 'static + Sized where T: X {
                    #![inner]
                    const N: u8;
                    async fn f(&self) -> u8;
                    fn g() {}
                }
            },
            "a trait",
        );
        check_round_trip(
            quote!(
                trait A {}
            ),
            "a trait",
        );
    }

    #[test]
    fn our_attributes_are_taken_off_operations_only() {
        let item: Item = syn::parse2(quote! {
            impl A {
                #[get("/")] #[idempotent] #[inline] async fn f(&self, #[query] a: u8) {}
                #[inline] fn g(&self, #[other] b: u8) {}
            }
        })
        .expect("it is an item");
        let Item::Impl(item) = item else {
            panic!("it is an impl");
        };
        let expected = quote! {
            impl A {
                #[inline] #[allow(clippy::unused_async)] async fn f(&self, a: u8) {}
                #[inline] fn g(&self, #[other] b: u8) {}
            }
        };
        assert_eq!(item.stripped().to_string(), expected.to_string());
    }
}
