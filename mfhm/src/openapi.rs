//! OpenAPI: what a service offers, as a document and as a page.
//!
//! The macros give each operation a function that says what its types are
//! ([`schemas`]). [`document`] writes all of it down as OpenAPI 3.1, with one
//! [`fingerprint`] for each operation; [`router`] serves the document and a
//! [`page`] that shows and tries it.

pub(crate) mod answer;
mod components;
pub(crate) mod errors;
mod fingerprint;
mod offered;
mod operation;
mod page;
pub(crate) mod schemas;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde_json::{Map, Value, json};

#[cfg(feature = "client")]
pub(crate) use self::offered::fingerprint_of;
pub(crate) use self::offered::fingerprints;
use self::schemas::{OperationSchemas, Schemas};
use crate::server::definition::{About, Route};

/// What a service with the feature serves beside its operations.
pub(crate) const PATHS: [&str; 2] = ["/openapi.json", "/docs"];

/// Methods that a path item of OpenAPI 3.1 has a field for. Others go into
/// [`OTHER_METHODS`].
const METHODS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
];

/// Where a path item keeps operations of methods that OpenAPI does not know.
pub(crate) const OTHER_METHODS: &str = "x-mfhm-methods";

/// Tells the schemas of an operation's types.
pub(crate) type DescribeFn = fn(&mut Schemas) -> OperationSchemas;

/// A [`DescribeFn`], or none. Two are always equal: what a function is at does
/// not make an operation another one.
#[derive(Clone, Copy)]
pub(crate) struct Describe(Option<DescribeFn>);

impl Describe {
    /// Nothing is known about the types.
    pub(crate) const NOTHING: Self = Self(None);

    pub(crate) const fn by(describe: DescribeFn) -> Self {
        Self(Some(describe))
    }

    fn ask(self, schemas: &mut Schemas) -> Option<OperationSchemas> {
        self.0.map(|describe| describe(schemas))
    }
}

impl PartialEq for Describe {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Describe {}

impl fmt::Debug for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Describe")
    }
}

/// The OpenAPI 3.1 document of a service.
pub(crate) fn document(service: &str, about: About, routes: &[Route], has_key: bool) -> Value {
    let mut schemas = Schemas::new();
    // Paths that differ in the names of their placeholders only are one path.
    let mut paths: BTreeMap<String, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        paths
            .entry(nameless(route.operation.path()))
            .or_default()
            .push(route);
    }
    let mut items = Map::new();
    for routes in paths.values_mut() {
        routes.sort_by_key(|route| (route.operation.path(), route.operation.method()));
        let path = written(routes[0].operation.path());
        items.insert(path, path_item(routes, &mut schemas, has_key));
    }

    let mut components = Map::new();
    let mut definitions = schemas.finish(&mut items);
    for (name, schema) in operation::own_components() {
        definitions.insert(name.to_owned(), schema);
    }
    components.insert("schemas".to_owned(), Value::Object(definitions));
    if has_key {
        components.insert(
            "securitySchemes".to_owned(),
            json!({ "key": { "type": "apiKey", "in": "header", "name": "MFHM-AuthKey" } }),
        );
    }
    for (path, item) in &mut items {
        fingerprint::add(path, item, &components["schemas"]);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info(service, about),
        "paths": items,
        "components": components,
    });
    if has_key {
        document["security"] = json!([{ "key": [] }]);
    }
    document
}

fn info(service: &str, about: About) -> Value {
    // A document must have a version.
    let version = about.version.unwrap_or("0.0.0");
    let mut info = json!({ "title": service, "version": version });
    let (summary, description) = operation::split_doc(about.doc);
    if !summary.is_empty() {
        info["summary"] = summary.into();
    }
    if !description.is_empty() {
        info["description"] = description.into();
    }
    info
}

fn path_item(routes: &[&Route], schemas: &mut Schemas, has_key: bool) -> Value {
    let names: Vec<&str> = placeholders(routes[0].operation.path()).collect();
    let mut item = Map::new();
    let mut others = Map::new();
    for route in routes {
        let method = route.operation.method();
        let described = operation::describe(route, &names, schemas, has_key);
        if METHODS.contains(&method) {
            item.insert(method.to_ascii_lowercase(), described);
        } else {
            others.insert(method.to_owned(), described);
        }
    }
    if !others.is_empty() {
        item.insert(OTHER_METHODS.to_owned(), Value::Object(others));
    }
    Value::Object(item)
}

/// The names of a path's placeholders, in their order.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(placeholder)
}

fn placeholder(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_prefix('*').unwrap_or(name))
}

/// The path without the names of its placeholders.
fn nameless(path: &str) -> String {
    with_placeholders(path, |_| "{}".to_owned())
}

/// The path as OpenAPI writes it, which knows no rest `{*rest}`.
fn written(path: &str) -> String {
    let written = with_placeholders(path, |name| format!("{{{name}}}"));
    if written.is_empty() {
        "/".to_owned()
    } else {
        written
    }
}

fn with_placeholders(path: &str, write: impl Fn(&str) -> String) -> String {
    let segments = path.split('/').map(|segment| match placeholder(segment) {
        Some(name) => write(name),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Serves the document and the page; both are written once, here.
pub(crate) fn router(document: &Value) -> Router {
    let page = page::write(document);
    let json = Bytes::from(document.to_string());
    let answer = |content_type: &'static str, policy: String, body: Bytes| {
        get(move || {
            let headers = [
                (CONTENT_TYPE, content_type.to_owned()),
                (CONTENT_SECURITY_POLICY, policy.clone()),
                (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            ];
            let body = body.clone();
            async move { (headers, body) }
        })
    };
    Router::new()
        .route(
            PATHS[0],
            answer("application/json", page::NO_CONTENT.to_owned(), json),
        )
        .route(
            PATHS[1],
            answer("text/html; charset=utf-8", page.policy, page.html.into()),
        )
}
