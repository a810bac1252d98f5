//! From an annotated function to an [`Operation`]: the parameter rule is here.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Lifetime, Pat, PatType, ReceiverKind, Safety, Signature, Type};

use crate::attr::around::expressions;
use crate::attr::grammar::plain_name;
use crate::attr::operation::{BodyLimit, OperationAttrs, misspelt};
use crate::attr::param::{self, SourceAttr, SourceKind};
use crate::attr::route::RouteAttr;
use crate::check;
use crate::diag::Diagnostics;
use crate::item::{Body, FnItem};
use crate::model::output::Output;
use crate::model::types::{Lending, ParamType, forget_lifetimes};
use crate::model::{Operation, Param, ParamSource, Place};
use crate::path::{PathPlace, PathTemplate};

/// Reads one function. `None` after a mistake, which is then in `diag`.
pub(crate) fn lower(
    function: &FnItem,
    attrs: OperationAttrs,
    place: Place,
    prefix: &PathTemplate,
    path_place: PathPlace,
    diag: &mut Diagnostics,
) -> Option<Operation> {
    let before = diag.count();
    let sig = &function.sig;
    let name = plain_name(&sig.ident);
    let subject = format!("operation `{name}`");
    // A misspelt attribute may be the one that is missing.
    let is_misspelt = function
        .attrs
        .iter()
        .any(|attribute| misspelt(attribute).is_some());
    if attrs.route.is_none() && !is_misspelt {
        diag.error(
            sig.ident.span(),
            format!(
                "{subject} says neither method nor path\nhelp: write `#[get(\"/{name}\")]` above it"
            ),
        );
    }
    check_signature(function, place, &subject, diag);

    let path = attrs
        .route
        .as_ref()
        .and_then(|route| read_path(route, &subject, prefix, path_place, diag));
    let method = attrs.route.as_ref().and_then(|route| route.method.clone());
    let context = Context {
        subject: &subject,
        place,
        method: method.as_deref(),
        path: path.as_ref(),
        lifetimes: sig
            .generics
            .lifetimes()
            .map(|it| it.lifetime.clone())
            .collect(),
    };
    let params = context.params(sig, diag);
    let output = Output::read(function.output());
    if place == Place::Contract {
        output.check(&subject, diag);
        check::self_type(&output.written(), &subject, diag);
    }

    // A limit for all operations is one for those that read a body.
    let reads_body = |param: &Param| param.source.is_body() || param.source == ParamSource::Extract;
    let has_limit = |limit: &BodyLimit| !limit.is_shared || params.iter().any(reads_body);
    let body_limit = attrs.body_limit.filter(has_limit);
    let route = attrs.route?;
    let operation = Operation {
        ident: sig.ident.clone(),
        name: route.name.as_ref().map_or(name, syn::LitStr::value),
        span: route.span,
        method: method?,
        path: path?,
        has_receiver: function.receiver().is_some(),
        params,
        output,
        is_idempotent: attrs.idempotent.is_some(),
        success: attrs.success,
        body_limit,
        resume: attrs.resume,
        timeout: attrs.timeout,
        layers: expressions(&attrs.layers),
        is_in_deprecated: false,
        attrs: attrs.kept,
    };
    if let Some(layer) = attrs.layers.first()
        && place == Place::Contract
    {
        check::layer_of_contract(layer.span, diag);
    }
    let declared = declared_names(sig);
    check::operation(&operation, &declared, route.path.as_ref(), place, diag);
    (diag.count() == before).then_some(operation)
}

fn read_path(
    route: &RouteAttr,
    subject: &str,
    prefix: &PathTemplate,
    place: PathPlace,
    diag: &mut Diagnostics,
) -> Option<PathTemplate> {
    let literal = route.path.as_ref()?;
    match PathTemplate::parse(&literal.value(), place) {
        Ok(own) => Some(prefix.join(&own)),
        Err(problems) => {
            for problem in problems {
                diag.error(literal.span(), format!("{subject}: {problem}"));
            }
            None
        }
    }
}

fn declared_names(sig: &Signature) -> Vec<String> {
    let inputs = sig.inputs.iter();
    inputs
        .filter_map(|input| match input {
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(name) => Some(plain_name(&name.ident)),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect()
}

/// What every operation's signature has in common.
fn check_signature(function: &FnItem, place: Place, subject: &str, diag: &mut Diagnostics) {
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        let message = format!("{subject} must be async\nhelp: write `async fn`");
        diag.error(sig.fn_token.span, message);
    }
    if let Some(constness) = &sig.constness {
        diag.error(constness.span, format!("{subject} can't be `const`"));
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        let message = format!("{subject} can't be `unsafe`: a request can promise nothing");
        diag.error(unsafety.span, message);
    }
    if let Some(abi) = &sig.abi {
        diag.error_at(abi, format!("{subject} can't be `extern`"));
    }
    if sig.generics.lifetimes().next().is_some() && sig.generics.type_params().next().is_none() {
        let message = format!(
            "{subject} can't have a lifetime: what it borrows is lent for the call\n\
             help: write `&` without one"
        );
        diag.error_at(&sig.generics.params, message);
    } else if !sig.generics.params.is_empty() {
        let message =
            format!("{subject} can't be generic\nhelp: write the types it is called with");
        diag.error_at(&sig.generics.params, message);
    } else if let Some(clause) = &sig.generics.where_clause {
        diag.error_at(clause, format!("{subject} can't have a `where` clause"));
    }
    if let Some(variadic) = &sig.variadic {
        diag.error_at(variadic, format!("{subject} can't be variadic"));
    }
    check_receiver(function, place, subject, diag);
    if place == Place::Contract
        && let Body::Block(body) = &function.body
    {
        diag.error(
            body.span(),
            format!(
                "{subject}: a contract has no bodies\n\
                 help: end the declaration with `;` and write the body in the `impl`"
            ),
        );
    }
}

fn check_receiver(function: &FnItem, place: Place, subject: &str, diag: &mut Diagnostics) {
    let Some(receiver) = function.receiver() else {
        if place == Place::Contract {
            diag.error(
                function.sig.ident.span(),
                format!("{subject} has no `self`\nhelp: write `&self` as the first parameter"),
            );
        }
        return;
    };
    let is_shared_reference = matches!(&receiver.kind, ReceiverKind::Reference(_, _, None));
    if place != Place::Function && !is_shared_reference {
        diag.error_at(
            receiver,
            format!(
                "{subject} must take `&self`: calls run at the same time\n\
                 help: keep what changes behind a lock or in a channel"
            ),
        );
    }
}

/// What a parameter's meaning depends on.
struct Context<'a> {
    subject: &'a str,
    place: Place,
    /// `None` after a mistake in the route; then fewer rules apply.
    method: Option<&'a str>,
    path: Option<&'a PathTemplate>,
    /// The lifetimes that the function declares, which is a mistake.
    lifetimes: Vec<Lifetime>,
}

impl Context<'_> {
    fn params(&self, sig: &Signature, diag: &mut Diagnostics) -> Vec<Param> {
        let mut params = Vec::new();
        for input in &sig.inputs {
            if let FnArg::Typed(typed) = input {
                params.extend(self.param(typed, diag));
            }
        }
        params
    }

    fn param(&self, typed: &PatType, diag: &mut Diagnostics) -> Option<Param> {
        let allows_extract = self.place != Place::Contract;
        let before = diag.count();
        let (source, _) = param::split(&typed.attrs, allows_extract, diag);
        if diag.count() > before {
            // Where it comes from is not known, so nothing more is said of it.
            return None;
        }
        let ident = self.name(&typed.pat, source.as_ref(), diag)?;
        let label = ident.as_ref().map_or_else(|| "_".to_owned(), plain_name);
        let source = match &ident {
            Some(ident) => self.source(ident, source, diag)?,
            None => ParamSource::Extract,
        };
        let subject = format!("{}: parameter `{label}`", self.subject);
        let mut ty = (*typed.ty).clone();
        // A lifetime of the function has been reported where it is declared.
        forget_lifetimes(&mut ty, &self.lifetimes);
        let ty = self.param_type(&ty, &source, &subject, diag)?;
        check_shape(&ty, &source, &subject, diag);
        Some(Param {
            ident,
            source,
            ty,
            span: typed.pat.span(),
        })
    }

    /// The parameter's name, `Some(None)` for an extractor with a pattern.
    fn name(
        &self,
        pattern: &Pat,
        source: Option<&SourceAttr>,
        diag: &mut Diagnostics,
    ) -> Option<Option<Ident>> {
        if let Pat::Ident(name) = pattern
            && name.by_ref.is_none()
            && name.subpat.is_none()
        {
            if let Some(mutability) = &name.mutability
                && self.place == Place::Contract
            {
                let message = format!("{}: `mut` belongs to the `impl`", self.subject);
                diag.error(mutability.span, message);
            }
            return Some(Some(name.ident.clone()));
        }
        let is_extractor = source.is_none_or(|source| source.kind == SourceKind::Extract);
        if self.place == Place::Contract || !is_extractor {
            let subject = self.subject;
            diag.error_at(
                pattern,
                format!(
                    "{subject}: this parameter needs a plain name, which is its name on the wire"
                ),
            );
            return None;
        }
        Some(None)
    }

    /// The parameter rule.
    fn source(
        &self,
        ident: &Ident,
        written: Option<SourceAttr>,
        diag: &mut Diagnostics,
    ) -> Option<ParamSource> {
        let name = plain_name(ident);
        let subject = self.subject;
        let in_path = self.path.and_then(|path| {
            let mut placeholders = path.placeholders().enumerate();
            placeholders.find(|(_, placeholder)| placeholder.name == name)
        });
        if let Some((index, placeholder)) = in_path {
            if let Some(written) = written.filter(|written| written.kind != SourceKind::Path) {
                diag.error(
                    written.span,
                    format!(
                        "{subject}: parameter `{name}` is named in the path\n\
                         help: remove the attribute, or rename the parameter"
                    ),
                );
                return None;
            }
            return Some(ParamSource::Path {
                index,
                name,
                is_rest: placeholder.is_rest,
            });
        }
        let Some(written) = written else {
            return Some(match self.method {
                Some(method) if takes_query(method) => ParamSource::Query(name),
                // Without a method nothing is known; the query has no rules to break.
                None => ParamSource::Query(name),
                Some(_) => ParamSource::Body(name),
            });
        };
        Some(match written.kind {
            SourceKind::Query => ParamSource::Query(written.name.unwrap_or(name)),
            SourceKind::Header => {
                let header = written.name.unwrap_or_else(|| name.replace('_', "-"));
                ParamSource::Header(header.to_ascii_lowercase())
            }
            SourceKind::QueryFields => ParamSource::QueryFields(name),
            SourceKind::Cookie => ParamSource::Cookie(written.name.unwrap_or(name)),
            SourceKind::Form => {
                self.check_body_allowed(written.span, diag)?;
                ParamSource::Form(name)
            }
            SourceKind::Bytes => {
                self.check_body_allowed(written.span, diag)?;
                ParamSource::Bytes(name)
            }
            SourceKind::Stream => {
                self.check_body_allowed(written.span, diag)?;
                ParamSource::Stream(name)
            }
            SourceKind::Multipart => {
                self.check_body_allowed(written.span, diag)?;
                ParamSource::Multipart(name)
            }
            SourceKind::Extract => ParamSource::Extract,
            SourceKind::Path => {
                // After a mistake in the path itself there is nothing to compare.
                self.path?;
                diag.error(
                    written.span,
                    format!(
                        "{subject}: the path has no placeholder `{{{name}}}`\n\
                         help: add it to the path, or remove `#[path]`"
                    ),
                );
                return None;
            }
            SourceKind::Body => {
                self.check_body_allowed(written.span, diag)?;
                ParamSource::Body(name)
            }
        })
    }

    fn check_body_allowed(&self, span: Span, diag: &mut Diagnostics) -> Option<()> {
        match self.method {
            Some(method @ ("GET" | "HEAD" | "TRACE")) => {
                diag.error(
                    span,
                    format!(
                        "{}: a {method} request has no body\n\
                         help: use `#[query]`, or another method such as POST",
                        self.subject
                    ),
                );
                None
            }
            _ => Some(()),
        }
    }

    fn param_type(
        &self,
        ty: &Type,
        source: &ParamSource,
        subject: &str,
        diag: &mut Diagnostics,
    ) -> Option<ParamType> {
        if *source == ParamSource::Extract {
            return Some(ParamType::extracted(ty));
        }
        if self.place == Place::Contract {
            check::self_type(&quote::ToTokens::to_token_stream(ty), subject, diag);
        }
        ParamType::read(ty, subject, diag)
    }
}

/// What a source demands of the type, as far as it is written.
fn check_shape(ty: &ParamType, source: &ParamSource, subject: &str, diag: &mut Diagnostics) {
    let problem = match source {
        ParamSource::Path { .. } if ty.is_option() => {
            "is part of the path, so it is always there\nhelp: remove `Option`"
        }
        ParamSource::Cookie(_) if ty.is_list() => {
            "is a cookie, which has one value\nhelp: remove `Vec`"
        }
        ParamSource::QueryFields(_) | ParamSource::Form(_) if ty.is_option() => {
            "is made of its fields, each of which may be absent\n\
             help: remove `Option` here, and write it at the struct's fields"
        }
        ParamSource::QueryFields(_) | ParamSource::Form(_) if ty.is_list() => {
            "is made of the fields of one struct\nhelp: write `Vec` at the struct's fields"
        }
        ParamSource::QueryFields(_) | ParamSource::Form(_) if ty.is_scalar() => {
            "is made of the fields of a struct, and this type has none\n\
             help: write a struct; one query parameter is `#[query]`"
        }
        ParamSource::Bytes(_) if ty.is_option() => {
            "is the body as it is; no body is the empty one\nhelp: remove `Option`"
        }
        ParamSource::Multipart(_) if ty.is_option() => {
            "is a form, which may have no parts\nhelp: remove `Option`"
        }
        ParamSource::Stream(_) | ParamSource::Multipart(_) if ty.lending != Lending::Owned => {
            "is read while it comes, so it can't be lent\nhelp: remove the `&`"
        }
        _ => return,
    };
    diag.error(ty.span(), format!("{subject} {problem}"));
}

/// Whether parameters that the path doesn't name are query parameters.
fn takes_query(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS" | "TRACE")
}
