//! Rules that need more than one thing at a time: a path and its parameters,
//! the operations of one interface, a name and those that are generated.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::LitStr;

use crate::attr::grammar::plain_name;
use crate::diag::Diagnostics;
use crate::item::{Member, TraitItem};
use crate::model::{Contract, Operation, Param, ParamSource, Place};
use crate::spelling::nearest;

/// The constructors of a generated client.
pub(crate) const CLIENT_FUNCTIONS: [&str; 7] = [
    "new",
    "at",
    "local",
    "with",
    "intercept",
    "through",
    "routed",
];

/// One operation: its path against its parameters, whose names are `declared`,
/// and these among themselves.
pub(crate) fn operation(
    operation: &Operation,
    declared: &[String],
    path: Option<&LitStr>,
    place: Place,
    diag: &mut Diagnostics,
) {
    check_placeholders(operation, declared, path, diag);
    check_bodies(operation, place, diag);
    check_wire_names(operation, diag);
    if place == Place::Contract {
        check_callers_headers(operation, diag);
    }
    check_success(operation, diag);
    check_body_limit(operation, diag);
    check_resume(operation, diag);
    if place == Place::Contract && operation.method == "HEAD" && !operation.output.is_empty() {
        let (span, _) = operation.output.spans();
        diag.error(
            span,
            format!(
                "operation `{}`: an answer to HEAD has no body\n\
                 help: return `Result<(), E>`, or use `#[get]`",
                operation.name
            ),
        );
    }
}

/// A trait as a whole.
pub(crate) fn contract(contract: &Contract, item: &TraitItem, diag: &mut Diagnostics) {
    if !item.generics.params.is_empty() {
        diag.error_at(
            &item.generics.params,
            "a contract can't be generic: it describes one service",
        );
    }
    if let Some(clause) = &item.generics.where_clause {
        diag.error_at(clause, "a contract can't have a `where` clause");
    }
    if let Some(unsafety) = &item.unsafety {
        diag.error(unsafety.span, "a contract can't be `unsafe`");
    }
    for member in &item.members {
        match member {
            Member::Other(tokens) => diag.error_at(
                tokens,
                "a contract has operations only\nhelp: put this into a trait of its own",
            ),
            Member::Broken(item) => diag.syntax(item.error.clone()),
            Member::Fn(function) => {
                let name = plain_name(&function.sig.ident);
                if CLIENT_FUNCTIONS.contains(&name.as_str()) {
                    let client = contract.client_ident();
                    diag.error(
                        function.sig.ident.span(),
                        format!(
                            "`{client}::{name}` is a function that every client has\n\
                             help: rename the operation in Rust and keep its name on the wire: \
                             `#[get(\"…\", name = \"{name}\")] async fn {name}_operation`"
                        ),
                    );
                }
            }
        }
    }
    operations(&contract.operations, diag);
}

/// The operations of one trait or impl among themselves.
pub(crate) fn operations(operations: &[Operation], diag: &mut Diagnostics) {
    for (index, second) in operations.iter().enumerate() {
        let earlier = || {
            let earlier = operations.iter().take(index);
            // Under different conditions both can't be there at once, as far as
            // can be seen here.
            earlier.filter(|first| first.condition_text() == second.condition_text())
        };
        if let Some(first) = earlier().find(|first| first.name == second.name) {
            diag.error(
                second.ident.span(),
                format!(
                    "two operations are called `{}`\n\
                     note: the first is `{}`\n\
                     help: name this one with `name = \"…\"` in its attribute",
                    second.name,
                    first.route()
                ),
            );
        }
        let is_same_route = |first: &&Operation| {
            first.method == second.method && first.path.shape() == second.path.shape()
        };
        if let Some(first) = earlier().find(is_same_route) {
            diag.error(
                second.span,
                format!(
                    "operation `{}` answers the same requests as `{}`\n\
                     note: `{}` is `{}`, this is `{}`",
                    second.name,
                    first.name,
                    first.name,
                    first.route(),
                    second.route()
                ),
            );
        }
    }
}

/// In a contract `Self` would be the client in one place and the service in
/// another.
pub(crate) fn self_type(tokens: &TokenStream, subject: &str, diag: &mut Diagnostics) {
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => self_type(&group.stream(), subject, diag),
            TokenTree::Ident(ident) if ident == "Self" => diag.error(
                ident.span(),
                format!(
                    "{subject}: `Self` can't travel in a contract\nhelp: write a type that can"
                ),
            ),
            _ => {}
        }
    }
}

/// Parameters without a placeholder are found when their source is read; here
/// are the placeholders without a parameter.
fn check_placeholders(
    operation: &Operation,
    declared: &[String],
    path: Option<&LitStr>,
    diag: &mut Diagnostics,
) {
    for placeholder in operation.path.placeholders() {
        // The declared names and not the parameters of the model: one that
        // could not be read has been reported already.
        let is_named = declared.iter().any(|name| name == placeholder.name);
        if !is_named {
            let name = placeholder.name;
            let free = declared.iter().map(String::as_str).filter(|declared| {
                let mut placeholders = operation.path.placeholders();
                !placeholders.any(|placeholder| placeholder.name == *declared)
            });
            let has_path = operation.params.iter().any(|param| {
                param.source == ParamSource::Extract
                    && param.ty.written_name() == Some("Path".into())
            });
            let help = match nearest(name, free) {
                _ if has_path => format!(
                    "write the parameter itself, such as `{name}: u64`, instead of axum's `Path`"
                ),
                Some(near) => format!(
                    "did you mean the parameter `{near}`? Its name and the placeholder's must be equal"
                ),
                None => {
                    format!("add a parameter `{name}`, or take the placeholder out of the path")
                }
            };
            diag.error(
                path.map_or(operation.span, LitStr::span),
                format!(
                    "operation `{}` has no parameter for the placeholder `{{{name}}}`\nhelp: {help}",
                    operation.name
                ),
            );
        }
    }
}

fn check_bodies(operation: &Operation, place: Place, diag: &mut Diagnostics) {
    let is_body = |param: &&Param| param.source.is_body();
    if place != Place::Contract && operation.params.iter().filter(is_body).count() > 1 {
        let mut bodies = operation.params.iter().filter(is_body);
        if let Some(param) = bodies.find(|param| param.ty.looks_extracted()) {
            let name = param.label();
            diag.error(
                param.ty.span(),
                format!(
                    "operation `{}`: `{name}` would be a second body; its type looks like an axum \
                     extractor\nhelp: write `#[extract] {name}`",
                    operation.name
                ),
            );
            return;
        }
    }
    let mut bodies = operation.params.iter().filter(is_body);
    let Some(first) = bodies.next() else {
        return;
    };
    for second in bodies {
        let name = second.label();
        let header = name.replace('_', "-");
        let is_json = |param: &Param| matches!(param.source, ParamSource::Body(_));
        let kind = if is_json(first) && is_json(second) {
            "JSON body"
        } else {
            "body"
        };
        diag.error(
            second.span,
            format!(
                "operation `{}`: `{name}` would be a second {kind} beside `{}`\n\
                 help: write `{{{name}}}` into the path, `#[query]` or `#[header(\"x-{header}\")]` before \
                 the parameter, or put both into one struct",
                operation.name,
                first.label()
            ),
        );
    }
}

/// Two parameters that would read the same query parameter or header.
fn check_wire_names(operation: &Operation, diag: &mut Diagnostics) {
    for (index, second) in operation.params.iter().enumerate() {
        let (kind, name) = match &second.source {
            ParamSource::Query(name) => ("query parameter", name),
            ParamSource::Header(name) => ("header", name),
            ParamSource::Cookie(name) => ("cookie", name),
            _ => continue,
        };
        let mut earlier = operation.params.iter().take(index);
        if let Some(first) = earlier.find(|first| first.source == second.source) {
            diag.error(
                second.span,
                format!(
                    "operation `{}`: `{}` and `{}` are both the {kind} `{name}`",
                    operation.name,
                    first.label(),
                    second.label()
                ),
            );
        }
    }
}

/// A caller cannot set what the connection and the body set by themselves. A
/// handler that is in no contract may read it.
fn check_callers_headers(operation: &Operation, diag: &mut Diagnostics) {
    let has = |wanted: fn(&ParamSource) -> bool| {
        let mut params = operation.params.iter();
        params.any(|param| wanted(&param.source))
    };
    let has_body = has(ParamSource::is_body);
    let has_cookies = has(|source| matches!(source, ParamSource::Cookie(_)));
    for param in &operation.params {
        let ParamSource::Header(name) = &param.source else {
            continue;
        };
        let why = match name.as_str() {
            "connection" | "content-length" | "host" | "keep-alive" | "te" | "trailer"
            | "transfer-encoding" | "upgrade" => {
                "belongs to the connection, and a caller cannot set it\n\
                 help: use another name, such as `x-…`; a handler that is in no contract may read it"
            }
            "content-type" if has_body => {
                "is set by the body, whose type it tells\n\
                 help: remove this parameter, or use another name, such as `x-content-type`"
            }
            "cookie" if has_cookies => {
                "is made of the `#[cookie]` parameters\n\
                 help: remove this parameter, or write each cookie as `#[cookie(\"name\")]`"
            }
            _ => continue,
        };
        diag.error(
            param.span,
            format!("operation `{}`: the header `{name}` {why}", operation.name),
        );
    }
}

/// `#[idempotent]` and its like say something about an operation, so they need
/// one.
pub(crate) fn stray(name: &str, span: Span, diag: &mut Diagnostics) {
    diag.error(
        span,
        format!(
            "`{name}` belongs to an operation\n\
             help: write it below `#[post(\"/path\")]` or another method"
        ),
    );
}

/// A contract is also its callers', who have no layers.
pub(crate) fn layer_of_contract(span: Span, diag: &mut Diagnostics) {
    diag.error(
        span,
        "a layer belongs to a service, and a contract is also its callers'\n\
         help: write it in the `impl` of the contract, on the `impl` or on the method; \
         callers have `intercept`",
    );
}

/// A limit of what isn't there.
fn check_body_limit(operation: &Operation, diag: &mut Diagnostics) {
    let mut params = operation.params.iter();
    let reads_body = |param: &Param| param.source.is_body() || param.source == ParamSource::Extract;
    if let Some(limit) = operation.body_limit
        && !params.any(reads_body)
    {
        diag.error(
            limit.span,
            format!(
                "operation `{}` reads no body, so there is nothing to limit\n\
                 help: remove `#[body_limit]`",
                operation.name
            ),
        );
    }
}

/// A caller that resumes sends the request again, with the header that tells
/// where it was.
fn check_resume(operation: &Operation, diag: &mut Diagnostics) {
    let Some(span) = operation.resume else {
        return;
    };
    let name = &operation.name;
    if operation.output.is_empty() {
        diag.error(
            span,
            format!(
                "operation `{name}` returns no stream that could be resumed\n\
                 help: return `Events<T>`, or remove `#[resume]`"
            ),
        );
        return;
    }
    let is_position = |param: &Param| matches!(&param.source, ParamSource::Header(name) if name == "last-event-id");
    let is_stream = |param: &Param| {
        matches!(
            param.source,
            ParamSource::Stream(_) | ParamSource::Multipart(_)
        )
    };
    let is_idempotent = operation.is_idempotent
        || matches!(
            operation.method.as_str(),
            "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"
        );
    let problem = if operation.params.iter().any(is_stream) {
        format!(
            "operation `{name}`: a body that is a stream can't be sent again\n\
             help: remove `#[resume]`"
        )
    } else if !is_idempotent {
        format!(
            "operation `{name}`: to resume is to send the request again, and {} says that it \
             must not be\nhelp: write `#[get(…)]`, or `#[idempotent]` beside `#[resume]`",
            operation.method
        )
    } else if !operation.params.iter().any(is_position) {
        format!(
            "operation `{name}` doesn't learn where to resume\n\
             help: add the parameter `#[header(\"last-event-id\")] last_event_id: Option<&str>`"
        )
    } else {
        return;
    };
    diag.error(span, problem);
}

/// A status that allows no content, and an operation that has some.
fn check_success(operation: &Operation, diag: &mut Diagnostics) {
    if let Some(success) = operation.success
        && matches!(success.status, 204 | 205)
        && !operation.output.is_empty()
    {
        diag.error(
            success.span,
            format!(
                "operation `{}`: an answer with status {} has no body\n\
                 help: return `()` or `Result<(), E>`, or write another status",
                operation.name, success.status
            ),
        );
    }
}
