//! What the attributes mean: owned, defaulted, and the same for every product.
//!
//! The server and the client read this one model. A path, a parameter's
//! source, a name on the wire is decided here once, so the two can't drift.

pub(crate) mod error;
pub(crate) mod operation;
pub(crate) mod output;
pub(crate) mod types;

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Attribute, Expr};

use crate::attr::ClientArgs;
use crate::attr::around::{Shared, Timeout};
use crate::attr::grammar::plain_name;
use crate::attr::kept::{condition_text, conditions, deprecation, doc_text, is_deprecated, shown};
use crate::attr::operation::{BodyLimit, OperationAttrs, Success};
use crate::check;
use crate::diag::Diagnostics;
use crate::item::{FnItem, TraitItem};
use crate::model::operation::lower;
use crate::model::output::Output;
use crate::model::types::ParamType;
use crate::path::{PathPlace, PathTemplate};

/// Which products an expansion contains: the features of the macro crate, as
/// a value so that tests can try all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Products {
    pub(crate) client: bool,
    pub(crate) server: bool,
    pub(crate) openapi: bool,
    pub(crate) validate: bool,
}

impl Products {
    pub(crate) fn enabled() -> Self {
        Self {
            client: cfg!(feature = "client"),
            server: cfg!(feature = "server"),
            openapi: cfg!(feature = "openapi"),
            validate: cfg!(feature = "validate"),
        }
    }
}

/// Where an operation is declared; the places differ in what they allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A method of a `#[client]` trait.
    Contract,
    /// A function in a `#[service]` impl, with `&self` or without.
    Method,
    /// A free function.
    Function,
}

/// One HTTP method, one path template and the parameters.
pub(crate) struct Operation {
    pub(crate) ident: Ident,
    /// What callers and the center call it.
    pub(crate) name: String,
    /// Where its method attribute stands.
    pub(crate) span: Span,
    pub(crate) method: String,
    /// The whole path, the contract's part included.
    pub(crate) path: PathTemplate,
    pub(crate) has_receiver: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) output: Output,
    pub(crate) is_idempotent: bool,
    /// The status of a success, if it is written.
    pub(crate) success: Option<Success>,
    /// The largest body that is read, if it is written.
    pub(crate) body_limit: Option<BodyLimit>,
    /// Where `#[resume]` stands.
    pub(crate) resume: Option<Span>,
    /// How long it may take, by itself or by what it is declared in.
    pub(crate) timeout: Option<Timeout>,
    /// Layers around it, the outermost first.
    pub(crate) layers: Vec<Expr>,
    /// Whether what it is declared in is `#[deprecated]`.
    pub(crate) is_in_deprecated: bool,
    /// The user's attributes that are not ours.
    pub(crate) attrs: Vec<Attribute>,
}

/// One parameter of an operation.
pub(crate) struct Param {
    /// `None` for a pattern, which only an extractor can have.
    pub(crate) ident: Option<Ident>,
    pub(crate) source: ParamSource,
    pub(crate) ty: ParamType,
    pub(crate) span: Span,
}

/// Where a parameter comes from, with its name on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParamSource {
    /// `index` counts the placeholders of the path.
    Path {
        index: usize,
        name: String,
        is_rest: bool,
    },
    Query(String),
    /// The fields of a struct are query parameters.
    QueryFields(String),
    Header(String),
    Cookie(String),
    /// The fields of a struct are the body's.
    Form(String),
    /// The JSON body.
    Body(String),
    /// The body as it is.
    Bytes(String),
    /// The body, read while it comes.
    Stream(String),
    /// The body, a form with files, read while it comes.
    Multipart(String),
    /// An axum extractor.
    Extract,
}

/// An annotated trait.
pub(crate) struct Contract {
    pub(crate) ident: Ident,
    pub(crate) service: String,
    pub(crate) doc: String,
    pub(crate) operations: Vec<Operation>,
    /// The trait's `#[deprecated]`, for its client.
    pub(crate) deprecated: Vec<Attribute>,
    pub(crate) products: Products,
}

impl Contract {
    /// Reads a trait; `shared` is what stands on it for all operations. What could not be understood is left out and in `diag`.
    pub(crate) fn lower(
        args: &ClientArgs,
        item: &TraitItem,
        shared: &[Attribute],
        products: Products,
        diag: &mut Diagnostics,
    ) -> Self {
        let prefix = match &args.path {
            None => PathTemplate::default(),
            Some(literal) => PathTemplate::parse(&literal.value(), PathPlace::Prefix)
                .unwrap_or_else(|problems| {
                    for problem in problems {
                        diag.error(literal.span(), problem);
                    }
                    PathTemplate::default()
                }),
        };
        let has_prefix = args
            .path
            .as_ref()
            .is_some_and(|path| !path.value().is_empty());
        let place = PathPlace::Operation { has_prefix };
        let shared = Shared::read(shared, diag);
        let is_in_deprecated = is_deprecated(&item.attrs);
        for layer in &shared.layers {
            check::layer_of_contract(layer.span, diag);
        }
        let functions = item.members.iter().filter_map(|member| member.function());
        let mut operations: Vec<_> = functions
            .filter_map(|function| {
                let attrs = OperationAttrs::split(&function.attrs, diag).or(&shared);
                let operation = lower(function, attrs, Place::Contract, &prefix, place, diag);
                operation.map(|operation| Operation {
                    is_in_deprecated,
                    ..operation
                })
            })
            .collect();
        if let Some(version) = &args.version {
            for operation in &mut operations {
                operation.name = format!("{}_{}", version.value(), operation.name);
            }
        }
        Self {
            ident: item.ident.clone(),
            service: args
                .service
                .as_ref()
                .map(syn::LitStr::value)
                .unwrap_or_default(),
            doc: doc_text(&item.attrs),
            operations,
            deprecated: deprecation(&item.attrs),
            products,
        }
    }

    /// `UsersClient`
    pub(crate) fn client_ident(&self) -> Ident {
        client_ident(&self.ident)
    }

    /// The object-safe twin of the trait.
    pub(crate) fn twin_ident(&self) -> Ident {
        format_ident!("__Mfhm{}", self.ident)
    }

    /// The static that describes an operation. Statics are siblings of the
    /// trait, so that a trait inside a function works too.
    pub(crate) fn operation_static(&self, operation: &Operation) -> Ident {
        let name = plain_name(&operation.ident);
        format_ident!("__MFHM_{}__{}", self.ident, name, span = Span::call_site())
    }

    /// The static that knows the implementation in the same process.
    pub(crate) fn local_static(&self) -> Ident {
        format_ident!("__MFHM_LOCAL_{}", self.ident, span = Span::call_site())
    }
}

/// The name of the client of a trait.
pub(crate) fn client_ident(contract: &Ident) -> Ident {
    format_ident!("{}Client", contract)
}

impl Operation {
    /// `GET /v1/users/{id}`
    pub(crate) fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn conditions(&self) -> Vec<Attribute> {
        conditions(&self.attrs)
    }

    pub(crate) fn condition_text(&self) -> String {
        condition_text(&self.attrs)
    }

    pub(crate) fn shown_attrs(&self) -> Vec<Attribute> {
        shown(&self.attrs)
    }

    pub(crate) fn is_deprecated(&self) -> bool {
        self.is_in_deprecated || is_deprecated(&self.attrs)
    }

    pub(crate) fn has_body(&self) -> bool {
        self.params.iter().any(|param| param.source.is_body())
    }
}

impl ParamSource {
    /// Where a value whose type may have rules travels, for messages, and under
    /// which name.
    pub(crate) fn ruled(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Body(name) => Some(("body", name)),
            Self::Form(name) => Some(("form", name)),
            Self::QueryFields(name) => Some(("query", name)),
            _ => None,
        }
    }

    /// Whether it is the body; a request has one.
    pub(crate) fn is_body(&self) -> bool {
        matches!(
            self,
            Self::Body(_) | Self::Form(_) | Self::Bytes(_) | Self::Stream(_) | Self::Multipart(_)
        )
    }
}

impl Param {
    /// The local variable that holds the decoded value.
    pub(crate) fn binding(index: usize) -> Ident {
        format_ident!("__mfhm_p{}", index)
    }

    /// Whether its type is known to travel the way it does.
    pub(crate) fn is_known(&self) -> bool {
        let is_raw = matches!(
            self.source,
            ParamSource::Bytes(_) | ParamSource::Stream(_) | ParamSource::Multipart(_)
        );
        !is_raw && self.ty.is_known()
    }

    /// How messages call the parameter.
    pub(crate) fn label(&self) -> String {
        self.ident
            .as_ref()
            .map_or_else(|| "_".to_owned(), plain_name)
    }
}

/// Whether this function is an operation at all.
pub(crate) fn is_operation(function: &FnItem) -> bool {
    crate::attr::operation::route_span(&function.attrs).is_some()
}
