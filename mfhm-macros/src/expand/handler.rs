//! From a request to a call of the user's function and back: what free
//! functions, methods and contracts have in common, and the whole of a free
//! function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::attr::grammar::plain_name;
use crate::attr::kept::doc_text;
use crate::attr::operation::Success;
use crate::expand::bounds;
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
    let decode = decode(operation, exports);
    let checks = bounds::handler(operation, &mut bounds::Seen::default(), exports);
    let needs = needs(operation, exports);
    let ident = &operation.ident;
    let arguments = arguments(operation);
    let answer = answer(operation, &quote!(#ident(#(#arguments),*)), exports);
    let layers = layers(operation);
    quote! {
        #function

        #(#conditions)*
        #quiet
        const _: () = {
            const _: fn() = || { #checks };
            static __MFHM_OPERATION: #operation_type = #description #schemas;
            async fn __mfhm_handle(mut __mfhm_input: #input) -> #response {
                #decode
                #answer
            }
            #submit! {
                #linked_handler::new(
                    ::core::module_path!(),
                    &__MFHM_OPERATION,
                    || #route::new(&__MFHM_OPERATION, __mfhm_handle) #needs #layers
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
                ParamSource::Multipart(name) => ("multipart", name),
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

/// The path of a function, as if it stood at `span`.
pub(crate) fn respanned(path: &TokenStream, span: Span) -> TokenStream {
    let tokens = path.clone().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}

/// Statements that read all parameters from `__mfhm_input`. Everything wrong
/// with a request is collected in there and answered at once.
///
/// What the types lack is said by the checks, see [`bounds`](super::bounds).
pub(crate) fn decode(operation: &Operation, exports: &Exports) -> TokenStream {
    let Exports { typed, input, .. } = exports;
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
        let read = |method: &str, arguments: TokenStream| {
            let method = Ident::new(method, span);
            if param.is_known() {
                quote_spanned!(span=> #input::#method::<#ty>(&mut __mfhm_input, #arguments))
            } else {
                quote_spanned!(span=> #typed::<#ty>::new().#method(&mut __mfhm_input, #arguments))
            }
        };
        let read = match &param.source {
            ParamSource::Path { index, name, .. } => read("path", quote!(#index, #name)),
            ParamSource::Query(name) => read("query", quote!(#name)),
            ParamSource::QueryFields(name) => read("query_fields", quote!(#name)),
            ParamSource::Header(name) => read("header", quote!(#name)),
            ParamSource::Cookie(name) => read("cookie", quote!(#name)),
            ParamSource::Stream(name) => read("stream", quote!(#name)),
            ParamSource::Multipart(name) => read("multipart", quote!(#name)),
            ParamSource::Form(name) => awaited(read("form", quote!(#name))),
            ParamSource::Bytes(name) => awaited(read("bytes", quote!(#name))),
            ParamSource::Body(name) => awaited(read("body", quote!(#name))),
            ParamSource::Extract => continue,
        };
        let validated = &exports.validated;
        let read = match param.source.ruled().filter(|_| exports.has_rules) {
            Some((location, name)) => {
                quote!(#validated!(__mfhm_input, #location, #name, #read))
            }
            None => read,
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
    let extract = extract(operation, exports);
    quote!(#limit #(#reads)* #complete #extract)
}

fn awaited(future: TokenStream) -> TokenStream {
    quote!(#future.await)
}

/// The extractors with their places. Only the last one may take the body, and
/// only when no parameter is the body: `true` for this one.
pub(crate) fn extractors(operation: &Operation) -> Vec<(usize, &Param, bool)> {
    let params = operation.params.iter().enumerate();
    let mut extractors: Vec<_> = params
        .filter(|(_, param)| param.source == ParamSource::Extract)
        .map(|(index, param)| (index, param, false))
        .collect();
    if let Some((_, _, takes_body)) = extractors.last_mut() {
        *takes_body = !operation.has_body();
    }
    extractors
}

/// Runs the extractors in their order.
fn extract(operation: &Operation, exports: &Exports) -> TokenStream {
    let extract = &exports.extract;
    let extractors = extractors(operation);
    let statements = extractors.iter().map(|(index, param, takes_body)| {
        let ty = &param.ty.decoded;
        let binding = Param::binding(*index);
        let span = generated_at(param.ty.span());
        let method = Ident::new(if *takes_body { "whole" } else { "parts" }, span);
        let extract =
            awaited(quote_spanned!(span=> #extract::<#ty>::new().#method(&mut __mfhm_input)));
        quote! {
            let #binding = match #extract {
                ::core::result::Result::Ok(__mfhm_value) => __mfhm_value,
                ::core::result::Result::Err(__mfhm_rejection) => return __mfhm_rejection,
            };
        }
    });
    quote!(#(#statements)*)
}

/// `.needs(…)` for each extractor: the states that must be there at start.
pub(crate) fn needs(operation: &Operation, exports: &Exports) -> TokenStream {
    let needs = &exports.needs;
    let extractors = extractors(operation);
    let needs = extractors.iter().map(|(_, param, _)| {
        let ty = &param.ty.decoded;
        quote!(.needs(#needs::<#ty>::new().__mfhm_state()))
    });
    quote!(#(#needs)*)
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
        replying,
        json_way,
        problem_way,
        response_way,
        no_way,
        no_error_way,
        answer_empty,
        ..
    } = exports;
    let output = &operation.output;
    // All of it stands at the user's type: what this lacks is said there.
    let (at, error_at) = output.spans();
    let value = Ident::new("__mfhm_value", at);
    let success = if output.is_empty() {
        quote!(#answer_empty(#value))
    } else {
        quote_spanned! {at=> {
            #[allow(unused_imports)]
            use #json_way as _;
            #[allow(unused_imports)]
            use #response_way as _;
            #[allow(unused_imports)]
            use #no_way as _;
            (&&#replying::of(&#value)).__mfhm_way().answer(#value)
        }}
    };
    let success = with_status(operation, success, exports);
    if !output.is_result() {
        return quote! {
            let #value = #call.await;
            #success
        };
    }
    let error = Ident::new("__mfhm_error", error_at);
    let failure = quote_spanned! {error_at=> {
        #[allow(unused_imports)]
        use #problem_way as _;
        #[allow(unused_imports)]
        use #response_way as _;
        #[allow(unused_imports)]
        use #no_error_way as _;
        (&&#replying::of(&#error)).__mfhm_way().answer(#error)
    }};
    quote! {
        match #call.await {
            ::core::result::Result::Ok(#value) => #success,
            ::core::result::Result::Err(#error) => #failure,
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
        answer,
        answer_empty,
        outcome,
        infallible,
        ..
    } = exports;
    let output = &operation.output;
    let value = output.value_type(outcome);
    let error = output.error_type(outcome, infallible);
    let span = generated_at(output.spans().0);
    let typed = quote_spanned!(span=> #answer::<#value, #error>::new());
    let answer = match (output.is_result(), output.is_empty()) {
        (true, true) => quote_spanned!(span=> #typed.empty_result(__mfhm_output)),
        (true, false) => quote_spanned!(span=> #typed.result(__mfhm_output)),
        (false, true) => quote_spanned!(span=> #answer_empty(__mfhm_output)),
        (false, false) => quote_spanned!(span=> #typed.value(__mfhm_output)),
    };
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
