//! [`Dispatch`]: which operation a request is for.
//!
//! axum's router answers for a service. It notes in each request what extractors
//! and layers may ask for (the matched path, its parameters), and gives what it
//! found to boxed services; that is a tenth of a small request. An operation
//! around which there is nothing that could ask needs none of it, so its path is
//! looked up here, in the tree that axum uses (`matchit`). Everything else goes to
//! axum: operations with layers or extractors, HEAD, 404, 405, and whole services
//! with layers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::Method;
use tower_service::Service as _;

use super::router;
use super::run::Bound;
use crate::listener::Peer;

/// The operations of one service, and whatever else it answers.
pub(crate) struct Dispatch {
    /// Every path of the service, also those without an operation that is bare: a
    /// path must not be taken for another one's placeholder.
    paths: matchit::Router<Vec<Direct>>,
    router: Router,
}

/// An operation that can be run without axum.
struct Direct {
    method: Method,
    bound: Arc<Bound>,
}

impl Dispatch {
    /// Everything goes to the router.
    pub(crate) fn to(router: Router) -> Self {
        Self {
            paths: matchit::Router::new(),
            // Handlers become services now and not at each request.
            router: router.with_state(()),
        }
    }

    /// Runs those of `routes` that are bare without `router`, which has them all,
    /// and the paths `others`.
    pub(crate) fn new(routes: &[Arc<Bound>], others: &[&str], router: Router) -> Self {
        let mut dispatch = Self::to(router);
        let mut paths = router::by_path(routes);
        for path in others {
            paths.entry((*path).to_owned()).or_default();
        }
        for (path, routes) in paths {
            let bare = routes.into_iter().filter(|route| route.is_bare());
            let direct = bare.filter_map(|bound| {
                let method = Method::from_bytes(bound.operation().method().as_bytes()).ok()?;
                let bound = bound.clone();
                Some(Direct { method, bound })
            });
            if dispatch.paths.insert(path, direct.collect()).is_err() {
                // Two paths that no tree can hold: the router has its own way.
                dispatch.paths = matchit::Router::new();
                break;
            }
        }
        dispatch
    }

    /// The answer to a request.
    pub(super) async fn answer(&self, mut request: Request, peer: Option<SocketAddr>) -> Response {
        if let Some(bound) = self.direct(request.method(), request.uri().path()) {
            return bound.matched(request, peer).await;
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer));
        }
        match self.router.clone().call(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    fn direct(&self, method: &Method, path: &str) -> Option<&Bound> {
        let found = self.paths.at(path).ok()?;
        let mut operations = found.value.iter();
        let direct = operations.find(|direct| direct.method == *method)?;
        Some(&direct.bound)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::*;
    use crate::contract::Operation;
    use crate::server::definition::Route;
    use crate::server::input::Input;
    use crate::server::reply;
    use crate::server::run::Around;
    use crate::server::state::States;

    fn route(operation: &'static Operation) -> Route {
        Route::new(operation, move |mut input: Input| async move {
            let (first, second) = (input.path::<String>(0, "a"), input.path::<String>(1, "b"));
            reply::json(&(operation.name(), first, second))
        })
    }

    macro_rules! operations {
        ($($name:literal $method:literal $path:literal;)*) => {
            [$(route({ static O: Operation = Operation::new($name, $method, $path); &O })),*]
        };
    }

    fn routes() -> Vec<Arc<Bound>> {
        let mut routes = Vec::from(operations! {
            "root" "GET" "";
            "one" "GET" "/users/{id}";
            "new" "POST" "/users/{id}";
            "two" "GET" "/users/{id}/lines/{line}";
            "rest" "GET" "/files/{owner}/{*rest}";
            "name" "GET" "/{name}";
            "purge" "PURGE" "/users/{id}";
        });
        let [me] = operations! { "me" "GET" "/users/me"; };
        // An extractor.
        routes.push(me.needs(None));
        Bound::all(Around::new("s", States::default()), &routes)
    }

    async fn ask(dispatch: &Dispatch, method: &str, path: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        let answer = dispatch.answer(request, None).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn both_ways_lead_to_the_same_operation_with_the_same_parameters() {
        let router = router::build(&routes());
        let ping = axum::routing::get(|| async { "pong" });
        let router = router.route("/ping", ping);
        let direct = Dispatch::new(&routes(), &["/ping"], router.clone());
        let by_axum = Dispatch::to(router);
        for (method, path, expected) in [
            ("GET", "/", r#"["root",null,null]"#),
            ("GET", "/users/7?x=/1", r#"["one","7",null]"#),
            ("GET", "/users/a%2Fb%20c", r#"["one","a/b c",null]"#),
            ("GET", "/users/me", r#"["me",null,null]"#),
            ("GET", "/users/me/lines/3", r#"["two","me","3"]"#),
            ("GET", "/files/ada/a/b%20c", r#"["rest","ada","a/b c"]"#),
            ("GET", "/files/ada//a/", r#"["rest","ada","/a/"]"#),
            ("GET", "/users", r#"["name","users",null]"#),
            ("POST", "/users/7", r#"["new","7",null]"#),
            ("PURGE", "/users/7", r#"["purge","7",null]"#),
            ("GET", "/ping", "pong"),
            ("HEAD", "/users/7", ""),
        ] {
            let expected = (200, expected.to_owned());
            assert_eq!(ask(&direct, method, path).await, expected, "{path}");
            assert_eq!(ask(&by_axum, method, path).await, expected, "{path}");
        }
        for (method, path) in [
            ("DELETE", "/users/7"),
            ("POST", "/users/me"),
            ("GET", "/users/7/"),
            ("GET", "/users//"),
            ("GET", "/files/ada/"),
            ("GET", "/a/b"),
            ("POST", "/ping"),
        ] {
            let found = ask(&direct, method, path).await;
            assert!(matches!(found.0, 404 | 405), "{path}: {found:?}");
            assert_eq!(found, ask(&by_axum, method, path).await, "{path}");
        }
    }

    #[test]
    fn what_axum_may_be_asked_about_goes_to_axum() {
        let dispatch = Dispatch::new(&routes(), &["/ping"], Router::new());
        let is_direct = |path| dispatch.direct(&Method::GET, path).is_some();
        assert!(is_direct("/users/7"));
        assert!(!is_direct("/users/me"), "it has an extractor");
        assert!(!is_direct("/ping"));
    }
}
