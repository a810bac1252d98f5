//! `#[derive(ApiError)]`: how an error type becomes a problem document and
//! comes back from one.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use crate::expand::exports::Exports;
use crate::expand::handler::{generated_at, quiet};
use crate::model::error::{ErrorType, ErrorVariant, Shape};

pub(crate) fn expand(error: &ErrorType, exports: &Exports) -> TokenStream {
    let Exports {
        api_error,
        status_code,
        status,
        data,
        error_variant,
        ..
    } = exports;
    let ident = &error.ident;
    let arms = |result: &dyn Fn(&ErrorVariant) -> TokenStream| {
        let arms = error.variants.iter().map(|variant| {
            let (path, result) = (path(variant), result(variant));
            quote!(#path { .. } => #result,)
        });
        quote!(#(#arms)*)
    };
    let statuses = arms(&|variant| {
        let code = variant.status;
        quote!(#status(#code))
    });
    let codes = arms(&|variant| {
        let code = &variant.code;
        quote!(#code)
    });
    let internals = arms(&|variant| {
        let is_internal = variant.is_internal;
        quote!(#is_internal)
    });
    let datas = error
        .variants
        .iter()
        .map(|variant| data_arm(variant, exports));
    let sent = || error.variants.iter().filter(|variant| !variant.is_internal);
    let reads = sent().map(|variant| read_arm(variant, exports));
    let variants = sent().map(|variant| {
        let ErrorVariant {
            code, status, doc, ..
        } = variant;
        quote!(#error_variant::new(#code, #status, #doc))
    });
    let checks = field_checks(error, exports);
    let schemas = exports.has_schemas.then(|| data_schemas(error, exports));
    let quiet = quiet();
    quote! {
        #[automatically_derived]
        #quiet
        impl #api_error for #ident {
            const VARIANTS: &'static [#error_variant] = &[#(#variants),*];

            fn status(&self) -> #status_code {
                match *self { #statuses }
            }

            fn code(&self) -> &'static ::core::primitive::str {
                match *self { #codes }
            }

            fn is_internal(&self) -> ::core::primitive::bool {
                match *self { #internals }
            }

            fn data(&self) -> #data {
                match *self { #(#datas)* }
            }

            fn from_data(
                __mfhm_code: &::core::primitive::str,
                __mfhm_data: &mut #data,
            ) -> ::core::option::Option<Self> {
                match __mfhm_code {
                    #(#reads)*
                    _ => ::core::option::Option::None,
                }
            }

            #schemas
        }

        #checks
    }
}

/// After a mistake: an implementation with which everything else compiles.
pub(crate) fn stand_in(ident: &Ident, generics: &syn::Generics, exports: &Exports) -> TokenStream {
    let Exports {
        api_error,
        status_code,
        data,
        error_variant,
        ..
    } = exports;
    let (parameters, arguments, where_clause) = generics.split_for_impl();
    let quiet = quiet();
    quote! {
        #[automatically_derived]
        #quiet
        impl #parameters #api_error for #ident #arguments #where_clause {
            const VARIANTS: &'static [#error_variant] = &[];
            fn status(&self) -> #status_code { loop {} }
            fn code(&self) -> &'static ::core::primitive::str { loop {} }
            fn is_internal(&self) -> ::core::primitive::bool { loop {} }
            fn data(&self) -> #data { loop {} }
            fn from_data(
                _: &::core::primitive::str,
                _: &mut #data,
            ) -> ::core::option::Option<Self> { loop {} }
        }
    }
}

/// The fields of each variant, for documents.
fn data_schemas(error: &ErrorType, exports: &Exports) -> TokenStream {
    let Exports {
        schemas,
        data_schemas,
        field_schema,
        ..
    } = exports;
    let sent = error.variants.iter().filter(|variant| !variant.is_internal);
    let variants = sent.map(|variant| {
        let code = &variant.code;
        let fields = variant.fields.iter().map(|field| {
            let (name, ty) = (&field.name, &field.ty);
            quote!(.field(#name, #field_schema!(__mfhm_schemas, #ty)))
        });
        quote!(.variant(#code) #(#fields)*)
    });
    quote! {
        fn __mfhm_data_schemas(
            __mfhm_schemas: &mut #schemas,
        ) -> ::core::option::Option<#data_schemas> {
            ::core::option::Option::Some(#data_schemas::new() #(#variants)*)
        }
    }
}

fn data_arm(variant: &ErrorVariant, exports: &Exports) -> TokenStream {
    let (data, error_field) = (&exports.data, &exports.error_field);
    let path = path(variant);
    if variant.is_internal || variant.fields.is_empty() {
        return quote!(#path { .. } => #data::new(),);
    }
    let bindings = variant.fields.iter().map(|field| &field.binding);
    let pattern = match variant.shape {
        Shape::Named => {
            let names = variant.fields.iter().map(|field| &field.ident);
            quote!({ #(#names: ref #bindings),* })
        }
        Shape::Tuple | Shape::Unit => quote!((#(ref #bindings),*)),
    };
    let fields = variant.fields.iter().map(|field| {
        let (name, binding, ty) = (&field.name, &field.binding, &field.ty);
        let span = generated_at(field.ty.span());
        quote_spanned! {span=>
            __mfhm_data = #error_field::<#ty>::new().put(__mfhm_data, #name, #binding);
        }
    });
    quote! {
        #path #pattern => {
            let mut __mfhm_data = #data::new();
            #(#fields)*
            __mfhm_data
        }
    }
}

fn read_arm(variant: &ErrorVariant, exports: &Exports) -> TokenStream {
    let error_field = &exports.error_field;
    let code = &variant.code;
    let path = path(variant);
    let takes = variant.fields.iter().map(|field| {
        let (name, ty) = (&field.name, &field.ty);
        let span = generated_at(ty.span());
        quote_spanned!(span=> #error_field::<#ty>::new().take(__mfhm_data, #name)?)
    });
    let value = match variant.shape {
        Shape::Named => {
            let names = variant.fields.iter().map(|field| &field.ident);
            quote!(#path { #(#names: #takes),* })
        }
        Shape::Tuple => quote!(#path(#(#takes),*)),
        Shape::Unit => path,
    };
    quote!(#code => ::core::option::Option::Some(#value),)
}

fn path(variant: &ErrorVariant) -> TokenStream {
    match &variant.ident {
        Some(ident) => quote!(Self::#ident),
        None => quote!(Self),
    }
}

/// Fields have to travel in both directions; if one can't, the compiler points
/// at its type.
fn field_checks(error: &ErrorType, exports: &Exports) -> TokenStream {
    let (check, check_travels) = (&exports.check, &exports.check_travels);
    let sent = error.variants.iter().filter(|variant| !variant.is_internal);
    let checks = sent.flat_map(|variant| &variant.fields).map(|field| {
        let ty = &field.ty;
        let span = generated_at(ty.span());
        quote_spanned!(span=> #check_travels::<#ty, _>(#check::<#ty>::new().wire());)
    });
    let quiet = quiet();
    quote! {
        #quiet
        const _: fn() = || {
            #(#checks)*
        };
    }
}
