//! Traits and impls: a head, and members of which only the functions matter.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{
    AttrStyle, Attribute, Generics, Ident, Path, Token, Type, TypeParamBound, Visibility, braced,
    token,
};

use super::{FnItem, peek_signature};
use crate::attr::operation;

/// An impl of a type or of a trait.
pub(crate) struct ImplItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) impl_token: Token![impl],
    pub(crate) generics: Generics,
    pub(crate) trait_: Option<(Path, Token![for])>,
    pub(crate) self_ty: Type,
    pub(crate) brace: token::Brace,
    pub(crate) members: Vec<Member>,
}

/// A trait.
#[derive(Clone)]
pub(crate) struct TraitItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) trait_token: Token![trait],
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) supertraits: Punctuated<TypeParamBound, Token![+]>,
    pub(crate) brace: token::Brace,
    pub(crate) members: Vec<Member>,
}

/// What a trait or an impl contains.
#[derive(Clone)]
pub(crate) enum Member {
    Fn(Box<FnItem>),
    /// A constant, a type, a macro call: left alone.
    Other(TokenStream),
}

impl ImplItem {
    pub(super) fn parse_rest(
        mut attrs: Vec<Attribute>,
        unsafety: Option<Token![unsafe]>,
        input: ParseStream<'_>,
    ) -> syn::Result<Self> {
        let impl_token: Token![impl] = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let first: Type = input.parse()?;
        let (trait_, self_ty) = if input.peek(Token![for]) {
            let for_token: Token![for] = input.parse()?;
            let path = match first {
                Type::Path(path) if path.qself.is_none() => path.path,
                other => return Err(syn::Error::new_spanned(other, "expected a trait's path")),
            };
            (Some((path, for_token)), input.parse()?)
        } else {
            (None, first)
        };
        generics.where_clause = input.parse()?;
        let content;
        let brace = braced!(content in input);
        attrs.extend(content.call(Attribute::parse_inner)?);
        Ok(Self {
            attrs,
            unsafety,
            impl_token,
            generics,
            trait_,
            self_ty,
            brace,
            members: parse_members(&content)?,
        })
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &FnItem> {
        self.members.iter().filter_map(Member::function)
    }

    /// The impl with our attributes taken off its functions.
    pub(crate) fn stripped(&self) -> TokenStream {
        let members = self.members.iter().map(|member| match member {
            Member::Fn(item) => {
                if self.trait_.is_some() {
                    item.stripped().into_token_stream()
                } else if operation::route_span(&item.attrs).is_some() {
                    item.handler().into_token_stream()
                } else {
                    // The attributes of its parameters are none of our business.
                    item.to_token_stream()
                }
            }
            Member::Other(tokens) => tokens.clone(),
        });
        self.with_members(quote!(#(#members)*))
    }

    fn with_members(&self, members: TokenStream) -> TokenStream {
        let Self {
            attrs,
            unsafety,
            impl_token,
            generics,
            self_ty,
            ..
        } = self;
        let (outer, inner) = (outer(attrs), inner(attrs));
        let trait_ = self
            .trait_
            .as_ref()
            .map(|(path, for_token)| quote!(#path #for_token));
        let where_clause = &generics.where_clause;
        let mut tokens =
            quote!(#(#outer)* #unsafety #impl_token #generics #trait_ #self_ty #where_clause);
        self.brace.surround(&mut tokens, |tokens| {
            tokens.append_all(inner);
            tokens.extend(members);
        });
        tokens
    }
}

impl ToTokens for ImplItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let members = &self.members;
        tokens.extend(self.with_members(quote!(#(#members)*)));
    }
}

impl TraitItem {
    pub(super) fn parse_rest(
        mut attrs: Vec<Attribute>,
        vis: Visibility,
        unsafety: Option<Token![unsafe]>,
        input: ParseStream<'_>,
    ) -> syn::Result<Self> {
        let trait_token: Token![trait] = input.parse()?;
        let ident: Ident = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let mut supertraits = Punctuated::new();
        if input.parse::<Option<Token![:]>>()?.is_some() {
            while !input.peek(Token![where]) && !input.peek(token::Brace) {
                supertraits.push_value(input.parse()?);
                if !input.peek(Token![+]) {
                    break;
                }
                supertraits.push_punct(input.parse()?);
            }
        }
        generics.where_clause = input.parse()?;
        let content;
        let brace = braced!(content in input);
        attrs.extend(content.call(Attribute::parse_inner)?);
        Ok(Self {
            attrs,
            vis,
            unsafety,
            trait_token,
            ident,
            generics,
            supertraits,
            brace,
            members: parse_members(&content)?,
        })
    }

    /// The trait with other attributes.
    pub(crate) fn with_attrs(&self, attrs: Vec<Attribute>) -> TokenStream {
        let mut item = self.clone();
        item.attrs = attrs;
        item.into_token_stream()
    }

    /// The trait with other bounds and other members.
    pub(crate) fn with(&self, bounds: &TokenStream, members: TokenStream) -> TokenStream {
        let Self {
            attrs,
            vis,
            unsafety,
            trait_token,
            ident,
            generics,
            ..
        } = self;
        let (outer, inner) = (outer(attrs), inner(attrs));
        let where_clause = &generics.where_clause;
        let mut tokens = quote! {
            #(#outer)* #vis #unsafety #trait_token #ident #generics #bounds #where_clause
        };
        self.brace.surround(&mut tokens, |tokens| {
            tokens.append_all(inner);
            tokens.extend(members);
        });
        tokens
    }
}

impl ToTokens for TraitItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (supertraits, members) = (&self.supertraits, &self.members);
        let bounds = if supertraits.is_empty() {
            TokenStream::new()
        } else {
            quote!(: #supertraits)
        };
        tokens.extend(self.with(&bounds, quote!(#(#members)*)));
    }
}

impl Member {
    pub(crate) fn function(&self) -> Option<&FnItem> {
        match self {
            Self::Fn(item) => Some(item),
            Self::Other(_) => None,
        }
    }
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Fn(item) => item.to_tokens(tokens),
            Self::Other(item) => item.to_tokens(tokens),
        }
    }
}

fn parse_members(content: ParseStream<'_>) -> syn::Result<Vec<Member>> {
    let mut members = Vec::new();
    while !content.is_empty() {
        let ahead = content.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        ahead.parse::<Option<Token![default]>>()?;
        members.push(if peek_signature(&ahead) {
            Member::Fn(Box::new(content.parse()?))
        } else {
            Member::Other(take_other(content)?)
        });
    }
    Ok(members)
}

/// Takes a member that isn't a function. A constant and a type end with `;`,
/// a macro call may end with its braces.
fn take_other(content: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut is_macro = false;
    while !content.is_empty() {
        let token: TokenTree = content.parse()?;
        let is_end = match &token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => true,
            TokenTree::Group(group) => is_macro && group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        is_macro = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        tokens.extend([token]);
        if is_end {
            break;
        }
    }
    Ok(tokens)
}

fn outer(attrs: &[Attribute]) -> Vec<&Attribute> {
    let is_outer = |attribute: &&Attribute| matches!(attribute.style, AttrStyle::Outer);
    attrs.iter().filter(is_outer).collect()
}

fn inner(attrs: &[Attribute]) -> Vec<&Attribute> {
    let is_inner = |attribute: &&Attribute| matches!(attribute.style, AttrStyle::Inner(_));
    attrs.iter().filter(is_inner).collect()
}
