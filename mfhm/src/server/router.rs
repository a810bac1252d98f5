//! Routes made into an axum router.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use tower_service::Service as _;

use super::definition::Route;
use super::run::Bound;
use crate::wire::problem::Problem;

/// A router of routes that [`clashes`] has nothing to say about.
pub(crate) fn build(routes: &[Arc<Bound>]) -> Router {
    let mut router = Router::new();
    for (path, routes) in by_path(routes) {
        router = router.route(&path, method_router(&routes));
    }
    router.fallback(not_found)
}

/// The routes of each path, as a router knows paths.
pub(super) fn by_path(routes: &[Arc<Bound>]) -> BTreeMap<String, Vec<&Arc<Bound>>> {
    let mut paths: BTreeMap<String, Vec<&Arc<Bound>>> = BTreeMap::new();
    for route in routes {
        let path = shape(route.operation().path());
        paths.entry(path).or_default().push(route);
    }
    paths
}

/// What is wrong with these routes together: each text names both places.
pub(crate) fn clashes(routes: &[Route]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let operation = route.operation;
        let shape = shape(operation.path());
        for earlier in routes[..index].iter().map(|route| route.operation) {
            let earlier_shape = self::shape(earlier.path());
            let what = if earlier_shape == shape && earlier.method() == operation.method() {
                format!(
                    "{} {} is declared twice",
                    operation.method(),
                    operation.path()
                )
            } else if earlier.name() == operation.name() {
                format!(
                    "two operations are called `{}`; call one otherwise (`name = \"…\"` beside its path), or give one of two contracts a version (`version = \"v2\"` in #[mfhm::client])",
                    operation.name()
                )
            } else if is_ambiguous(&earlier_shape, &shape) {
                format!(
                    "the paths {} and {} take the same requests",
                    earlier.path(),
                    operation.path()
                )
            } else {
                continue;
            };
            problems.push(format!(
                "{what}: at {} and at {}",
                earlier.declared_at(),
                operation.declared_at()
            ));
        }
        if operation.path() == "/ping" && operation.method() == "GET" {
            problems.push(format!(
                "GET /ping is mfhm's own (the center asks it whether the service lives): at {}",
                operation.declared_at()
            ));
        }
        #[cfg(feature = "openapi")]
        if crate::openapi::PATHS.contains(&operation.path()) && operation.method() == "GET" {
            problems.push(format!(
                "GET {} is mfhm's own (the document of the service; the feature `openapi` is on): at {}",
                operation.path(),
                operation.declared_at()
            ));
        }
    }
    problems
}

/// The path with its placeholders named by their position, so that
/// `/a/{x}` and `/a/{y}` are one path.
fn shape(path: &str) -> String {
    let mut position = 0;
    let segments = path.split('/').map(|segment| {
        let Some(written) = segment.strip_prefix('{') else {
            return segment.to_owned();
        };
        let star = if written.starts_with('*') { "*" } else { "" };
        position += 1;
        format!("{{{star}{}}}", placeholder(position - 1))
    });
    let shape = segments.collect::<Vec<_>>().join("/");
    if shape.is_empty() {
        "/".to_owned()
    } else {
        shape
    }
}

/// What the router calls the placeholder at this index, counted from 0.
fn placeholder(index: usize) -> String {
    format!("p{}", index + 1)
}

/// Whether axum's text about a path means another placeholder than this one.
pub(crate) fn names_other_placeholder(text: &str, index: usize) -> bool {
    text.contains("`p") && !text.contains(&format!("`{}`", placeholder(index)))
}

/// A rest `{*x}` beside a placeholder `{y}` at the same place: the router
/// cannot tell them apart.
fn is_ambiguous(first: &str, second: &str) -> bool {
    let mut pairs = first.split('/').zip(second.split('/'));
    pairs
        .find(|(a, b)| a != b)
        .is_some_and(|(a, b)| a.starts_with('{') && b.starts_with('{'))
}

fn method_router(routes: &[&Arc<Bound>]) -> MethodRouter {
    let mut router = MethodRouter::new();
    let mut allowed: Vec<&str> = Vec::new();
    let mut extensions = Vec::new();
    for route in routes {
        let method = route.operation().method();
        allowed.push(method);
        if method == "GET" {
            allowed.push("HEAD");
        }
        match Method::from_bytes(method.as_bytes()).map(MethodFilter::try_from) {
            Ok(Ok(filter)) if route.layers().is_empty() => {
                let bound = Arc::clone(route);
                router = router.on(filter, move |request: Request| bound.routed(request));
            }
            Ok(Ok(filter)) => router = router.on_service(filter, layered(route)),
            // A method that axum has no filter for, such as PURGE.
            _ => extensions.push((method.to_owned(), layered(route))),
        }
    }
    allowed.sort_unstable();
    allowed.dedup();
    let allow = allowed.join(", ");
    let extensions = Arc::new(extensions);
    router.fallback(move |request: Request| {
        let extension = extensions
            .iter()
            .find(|(method, _)| method == request.method().as_str())
            .map(|(_, extension)| extension.clone());
        let allow = allow.clone();
        async move {
            match extension {
                Some(mut extension) => match extension.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
                None => method_not_allowed(&request, &allow),
            }
        }
    })
}

/// A handler inside of the operation's own layers. Which method it is for has
/// been decided before.
fn layered(bound: &Arc<Bound>) -> MethodRouter {
    let inner = Arc::clone(bound);
    let handler = any(move |request: Request| inner.routed(request));
    bound.layers().around_operation(handler)
}

async fn not_found(request: Request) -> Response {
    let detail = format!("no operation at {}", shown(request.uri().path()));
    Problem::new(StatusCode::NOT_FOUND, "mfhm.not_found", detail).into_axum()
}

fn method_not_allowed(request: &Request, allow: &str) -> Response {
    let detail = format!(
        "{} is not an operation at {}; {allow} are",
        shown(request.method().as_str()),
        shown(request.uri().path())
    );
    let mut response = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "mfhm.method_not_allowed",
        detail,
    )
    .into_axum();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// The start of a text that a stranger chose.
fn shown(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(200)
        .map_or(text.len(), |(end, _)| end);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::contract::Operation;
    use crate::server::input::Input;
    use crate::server::reply;
    use crate::server::run::Around;
    use crate::server::state::States;

    fn bound(routes: &[Route]) -> Vec<Arc<Bound>> {
        Bound::all(Around::new("s", States::default()), routes)
    }

    fn route(operation: &'static Operation) -> Route {
        Route::new(operation, move |mut input: Input| async move {
            let id = input.path::<String>(0, "id");
            reply::answer_value(format!("{} {}", operation.name(), id.unwrap_or_default()))
        })
    }

    macro_rules! routes {
        ($($name:literal $method:literal $path:literal),*) => {
            [$(route({ static O: Operation = Operation::new($name, $method, $path).location("lib.rs", 7); &O })),*]
        };
    }

    async fn ask(router: &Router, method: &str, path: &str) -> (u16, Option<String>, String) {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let allow = response
            .headers()
            .get(ALLOW)
            .map(|v| v.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, allow, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn one_path_with_differently_named_placeholders_takes_several_methods() {
        let routes = routes!("a" "GET" "/x/{id}", "b" "POST" "/x/{name}", "c" "PURGE" "/x/{id}");
        assert_eq!(clashes(&routes), Vec::<String>::new());
        let router = build(&bound(&routes));
        assert_eq!(ask(&router, "GET", "/x/1").await.2, "\"a 1\"");
        assert_eq!(ask(&router, "POST", "/x/a%2Fb").await.2, "\"b a/b\"");
        assert_eq!(ask(&router, "PURGE", "/x/1").await.2, "\"c 1\"");
        assert_eq!(
            ask(&router, "HEAD", "/x/1").await,
            (200, None, String::new())
        );
        let (status, allow, body) = ask(&router, "PUT", "/x/1").await;
        assert_eq!(
            (status, allow.as_deref()),
            (405, Some("GET, HEAD, POST, PURGE"))
        );
        assert!(body.contains("mfhm.method_not_allowed"));
        let (status, _, body) = ask(&router, "GET", "/y").await;
        assert!(
            status == 404 && body.contains("no operation at /y"),
            "{body}"
        );
    }

    #[test]
    fn clashes_name_both_places() {
        for (routes, expected) in [
            (
                routes!("a" "GET" "/x/{id}", "b" "GET" "/x/{name}"),
                "GET /x/{name} is declared twice",
            ),
            (
                routes!("a" "GET" "/x", "a" "GET" "/y"),
                "two operations are called `a`",
            ),
            (
                routes!("a" "GET" "/x/{id}", "b" "GET" "/x/{*rest}"),
                "take the same requests",
            ),
            (
                routes!("a" "GET" "/x", "b" "GET" "/ping"),
                "GET /ping is mfhm's own",
            ),
        ] {
            let problems = clashes(&routes);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
            assert!(problems[0].contains("lib.rs:7"), "{problems:?}");
        }
    }
}
