//! From a request to a call of the user's function and back: what free
//! functions, methods and contracts have in common, and the whole of a free
//! function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::attr::grammar::plain_name;
use crate::attr::operation::{Success, doc_text};
use crate::expand::exports::Exports;
use crate::expand::schema;
use crate::item::FnItem;
use crate::model::{Operation, Param, ParamSource};

/// A free function stays what it is; beside it stands its link-time entry.
pub(crate) fn function(item: &FnItem, operation: &Operation, exports: &Exports) -> TokenStream {
    let Exports {
        operation: operation_type,
        input,
        response,
        route,
        linked_handler,
        submit,
        ..
    } = exports;
    let function = item.handler();
    let conditions = operation.conditions();
    let quiet = quiet();
    let schemas = schema::described_by(operation, exports);
    let description = describe(operation, exports);
    let decode = decode(operation);
    let ident = &operation.ident;
    let arguments = arguments(operation);
    let answer = answer(operation, &quote!(#ident(#(#arguments),*)), exports);
    let layers = layers(operation);
    quote! {
        #function

        #(#conditions)*
        #quiet
        const _: () = {
            static __MFHM_OPERATION: #operation_type = #description #schemas;
            async fn __mfhm_handle(mut __mfhm_input: #input) -> #response {
                #decode
                #answer
            }
            #submit! {
                #linked_handler::new(
                    ::core::module_path!(),
                    &__MFHM_OPERATION,
                    || #route::new(&__MFHM_OPERATION, __mfhm_handle) #layers
                )
            }
        };
    }
}

/// The constant expression that describes an operation.
pub(crate) fn describe(operation: &Operation, exports: &Exports) -> TokenStream {
    let Exports {
        operation: operation_type,
        param,
        ..
    } = exports;
    let Operation { name, method, .. } = operation;
    let path = operation.path.to_string();
    let params: Vec<_> = operation
        .params
        .iter()
        .filter_map(|parameter| {
            let (kind, name) = match &parameter.source {
                ParamSource::Path { name, .. } => ("path", name),
                ParamSource::Query(name) => ("query", name),
                ParamSource::QueryFields(name) => ("query_fields", name),
                ParamSource::Header(name) => ("header", name),
                ParamSource::Cookie(name) => ("cookie", name),
                ParamSource::Form(name) => ("form", name),
                ParamSource::Body(name) => ("body", name),
                ParamSource::Bytes(name) => ("bytes", name),
                ParamSource::Stream(name) => ("stream", name),
                ParamSource::Extract => return None,
            };
            let kind = format_ident!("{kind}");
            Some(quote!(#param::#kind(#name)))
        })
        .collect();
    let with_params = (!params.is_empty()).then(|| quote!(.params(__MFHM_PARAMS)));
    let params =
        (!params.is_empty()).then(|| quote!(const __MFHM_PARAMS: &[#param] = &[#(#params),*];));
    let idempotent = operation.is_idempotent.then(|| quote!(.idempotent()));
    let deprecated = operation.is_deprecated().then(|| quote!(.deprecated()));
    let success = operation.success.map(|success| {
        let status = success.status;
        quote!(.success(#status))
    });
    let resume = operation.resume.map(|_| quote!(.resume()));
    let body_limit = operation.body_limit.map(|limit| {
        let bytes = limit.bytes;
        quote!(.body_limit(#bytes))
    });
    let timeout = operation.timeout.map(|timeout| {
        let millis = timeout.millis;
        quote!(.timeout_ms(#millis))
    });
    let function = plain_name(&operation.ident);
    let function = (function != *name).then(|| quote!(.function(#function)));
    let doc = doc_text(&operation.attrs);
    let doc = (!doc.is_empty()).then(|| quote!(.doc(#doc)));
    let location = location(operation.span);
    quote! {{
        #params
        #operation_type::new(#name, #method, #path)
            #with_params #idempotent #success #body_limit #timeout #resume #function #doc #deprecated
            .location(#location)
    }}
}

/// Puts the layers around a route.
pub(crate) fn layers(operation: &Operation) -> TokenStream {
    let layers = &operation.layers;
    quote!(#(.layer(#layers))*)
}

/// File and line of `span` itself, and not of the attribute that expands.
pub(crate) fn location(span: Span) -> TokenStream {
    quote_spanned!(span=> ::core::file!(), ::core::line!())
}

/// The place of the user's token, but as code of ours: lints leave it alone.
pub(crate) fn generated_at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// Statements that read all parameters from `__mfhm_input`. Everything wrong
/// with a request is collected in there and answered at once.
pub(crate) fn decode(operation: &Operation) -> TokenStream {
    let limit = operation.body_limit.map(|limit| {
        let bytes = limit.bytes;
        quote!(__mfhm_input.limit_body(#bytes);)
    });
    let mut reads = Vec::new();
    let mut bindings = Vec::new();
    for (index, param) in operation.params.iter().enumerate() {
        let ty = &param.ty.decoded;
        // At the user's type, so that what it lacks is reported there, once.
        let span = generated_at(param.ty.span());
        let read = match &param.source {
            ParamSource::Path { index, name, .. } => {
                quote_spanned!(span=> __mfhm_input.path::<#ty>(#index, #name))
            }
            ParamSource::Query(name) => quote_spanned!(span=> __mfhm_input.query::<#ty>(#name)),
            ParamSource::QueryFields(name) => {
                quote_spanned!(span=> __mfhm_input.query_fields::<#ty>(#name))
            }
            ParamSource::Header(name) => quote_spanned!(span=> __mfhm_input.header::<#ty>(#name)),
            ParamSource::Cookie(name) => quote_spanned!(span=> __mfhm_input.cookie::<#ty>(#name)),
            ParamSource::Form(name) => {
                quote_spanned!(span=> __mfhm_input.form::<#ty>(#name).await)
            }
            ParamSource::Stream(name) => quote_spanned!(span=> __mfhm_input.stream::<#ty>(#name)),
            ParamSource::Bytes(name) => {
                quote_spanned!(span=> __mfhm_input.bytes::<#ty>(#name).await)
            }
            ParamSource::Body(name) => {
                quote_spanned!(span=> __mfhm_input.body::<#ty>(#name).await)
            }
            ParamSource::Extract => continue,
        };
        let binding = Param::binding(index);
        reads.push(quote!(let #binding = #read;));
        bindings.push(binding);
    }
    let complete = (!bindings.is_empty()).then(|| {
        quote! {
            let (#(::core::option::Option::Some(#bindings),)*) = (#(#bindings,)*) else {
                return __mfhm_input.reject();
            };
        }
    });
    let extract = extract(operation);
    quote!(#limit #(#reads)* #complete #extract)
}

/// Runs the extractors in their order. Only the last one may take the body,
/// and only when no parameter is the body.
fn extract(operation: &Operation) -> TokenStream {
    let is_extractor = |(_, param): &(usize, &Param)| param.source == ParamSource::Extract;
    let extractors: Vec<_> = operation
        .params
        .iter()
        .enumerate()
        .filter(is_extractor)
        .collect();
    let last = extractors.len().saturating_sub(1);
    let statements = extractors
        .iter()
        .enumerate()
        .map(|(position, (index, param))| {
            let ty = &param.ty.decoded;
            let binding = Param::binding(*index);
            let span = generated_at(param.ty.span());
            let extract = if position == last && !operation.has_body() {
                quote_spanned!(span=> __mfhm_input.extract::<#ty, _>().await)
            } else {
                quote_spanned!(span=> __mfhm_input.extract_parts::<#ty>().await)
            };
            quote! {
                let #binding = match #extract {
                    ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
                    ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
                };
            }
        });
    quote!(#(#statements)*)
}

/// The arguments of the call, in the order of the signature.
pub(crate) fn arguments(operation: &Operation) -> Vec<TokenStream> {
    let params = operation.params.iter().enumerate();
    params
        .map(|(index, param)| param.ty.lend(&Param::binding(index)))
        .collect()
}

/// Awaits `call` and turns what a handler returns into a response: any type
/// that axum or serde can answer with.
pub(crate) fn answer(operation: &Operation, call: &TokenStream, exports: &Exports) -> TokenStream {
    let Exports {
        reply,
        reply_error,
        answer_empty,
        ..
    } = exports;
    let output = &operation.output;
    if !output.is_result() {
        return if output.is_empty() {
            with_status(operation, quote!(#answer_empty(#call.await)), exports)
        } else {
            let success = with_status(operation, quote!(#reply!(__mfhm_value)), exports);
            quote! {
                let __mfhm_value = #call.await;
                #success
            }
        };
    }
    let success = if output.is_empty() {
        quote!(#answer_empty(__mfhm_value))
    } else {
        quote!(#reply!(__mfhm_value))
    };
    let success = with_status(operation, success, exports);
    quote! {
        match #call.await {
            ::core::result::Result::Ok(__mfhm_value) => #success,
            ::core::result::Result::Err(__mfhm_error) => #reply_error!(__mfhm_error),
        }
    }
}

/// The same for a contract, whose types are known to serde.
pub(crate) fn answer_contract(
    operation: &Operation,
    call: &TokenStream,
    exports: &Exports,
) -> TokenStream {
    let Exports {
        answer_result,
        answer_empty_result,
        answer_value,
        answer_empty,
        outcome,
        infallible,
        ..
    } = exports;
    let output = &operation.output;
    let value = output.value_type(outcome);
    let error = output.error_type(outcome, infallible);
    let function = match (output.is_result(), output.is_empty()) {
        (true, true) => quote!(#answer_empty_result::<#error>),
        (true, false) => quote!(#answer_result::<#value, #error>),
        (false, true) => quote!(#answer_empty),
        (false, false) => quote!(#answer_value::<#value>),
    };
    let span = generated_at(output.spans().0);
    let answer = quote_spanned!(span=> #function(__mfhm_output));
    let answer = with_status(operation, answer, exports);
    quote! {
        let __mfhm_output = #call.await;
        #answer
    }
}

/// The answer with the status that the operation declares for a success.
fn with_status(operation: &Operation, answer: TokenStream, exports: &Exports) -> TokenStream {
    let with_status = &exports.with_status;
    match operation.success {
        Some(Success { status, .. }) => quote!(#with_status(#status, #answer)),
        None => answer,
    }
}

/// `|mut __mfhm_input| async move { … }` with `__mfhm_this` inside.
pub(crate) fn closure(body: &TokenStream, exports: &Exports) -> TokenStream {
    let input = &exports.input;
    quote! {
        move |mut __mfhm_input: #input| {
            let __mfhm_this = ::core::clone::Clone::clone(&__mfhm_this);
            async move {
                #body
            }
        }
    }
}

/// Keeps lints away that look at the user's names and types where they are
/// repeated, and at calls of what the user has deprecated.
pub(crate) fn quiet() -> TokenStream {
    quote! {
        #[allow(
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            dead_code, deprecated, non_upper_case_globals
        )]
    }
}
