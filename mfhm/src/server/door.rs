//! [`Door`]: what every request to a service passes before anything of it runs.
//!
//! Outermost, and the same for a service that listens and for a router that
//! somebody else serves ([`App::into_router`](crate::App::into_router)): whom a
//! request is meant for, whether it carries the key, and on which answers it says
//! that nothing was run. What is decided is decided by small functions of the
//! headers ([`misdirected`], [`guard`], [`not_run`]); the door asks them in one
//! pass and adds no allocation to a request that comes in.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use futures_util::future::BoxFuture;
use tower_service::Service;

#[cfg(any(feature = "identity", feature = "tls"))]
use super::callers::Callers;
use super::dispatch::Dispatch;
use super::{guard, misdirected, not_run};
use crate::key::Key;
use crate::listener::{Answer, Peer};

/// The door of one service, and what is behind it.
#[derive(Clone)]
pub(crate) struct Door(Arc<Inside>);

struct Inside {
    service: String,
    /// When present, every request must carry it: `/ping` is no exception, for the
    /// center knows the key.
    key: Option<Key>,
    #[cfg(any(feature = "identity", feature = "tls"))]
    callers: Option<Callers>,
    dispatch: Dispatch,
}

impl Door {
    /// Lets requests to `dispatch` that are for `service` (or do not say for whom)
    /// and carry `key`.
    #[cfg(any(test, not(any(feature = "identity", feature = "tls"))))]
    pub(crate) fn new(service: &str, key: Option<Key>, dispatch: Dispatch) -> Self {
        Self(Arc::new(Inside {
            service: service.to_owned(),
            key,
            #[cfg(any(feature = "identity", feature = "tls"))]
            callers: None,
            dispatch,
        }))
    }

    /// The same, which also asks who calls.
    #[cfg(any(feature = "identity", feature = "tls"))]
    pub(crate) fn asking(
        service: &str,
        key: Option<Key>,
        callers: Option<Callers>,
        dispatch: Dispatch,
    ) -> Self {
        Self(Arc::new(Inside {
            service: service.to_owned(),
            key,
            callers,
            dispatch,
        }))
    }

    /// A router of which the door is the only way in.
    pub(crate) fn into_router(self) -> axum::Router {
        axum::Router::new().fallback_service(self)
    }

    async fn pass(
        self,
        #[cfg_attr(not(any(feature = "identity", feature = "tls")), allow(unused_mut))]
        mut request: Request,
        peer: Option<SocketAddr>,
    ) -> Response {
        let Inside {
            service,
            key,
            dispatch,
            ..
        } = &*self.0;
        let headers = request.headers();
        let refusal = misdirected::refusal(headers, service)
            .or_else(|| key.as_ref().and_then(|key| guard::refusal(headers, key)));
        #[cfg(any(feature = "identity", feature = "tls"))]
        let refusal = match (&self.0.callers, refusal) {
            (Some(callers), None) => callers.admit(&mut request, service).await,
            (_, refusal) => refusal,
        };
        not_run::tell(match refusal {
            Some(refusal) => refusal,
            None => dispatch.answer(request, peer).await,
        })
    }
}

impl Answer for Door {
    fn answer(&self, request: Request, peer: SocketAddr) -> impl Future<Output = Response> + Send {
        self.clone().pass(request, Some(peer))
    }
}

/// For servers that are not mfhm's.
impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let door = self.clone();
        let peer = request.extensions().get().map(|Peer(address)| *address);
        Box::pin(async move { Ok(door.pass(request, peer).await) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::body::Body;
    use http::HeaderValue;
    use tower::ServiceExt as _;

    use super::*;
    use crate::key;
    use crate::wire::overload::NOT_RUN;
    use crate::wire::v1::HEADER_SERVICE;

    /// A service that answers everything, with a header of mfhm's own that it got
    /// from somebody else.
    fn door(key: Option<&str>) -> (Door, Arc<AtomicUsize>) {
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = runs.clone();
        let router = Router::new().fallback(move || async move {
            counter.fetch_add(1, Ordering::SeqCst);
            [(NOT_RUN, HeaderValue::from_static("true"))]
        });
        let door = Door::new("users", key.map(Key::new), Dispatch::to(router));
        (door, runs)
    }

    async fn ask(door: Door, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::post("/anything");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        door.into_router().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_meant_for_another_service_is_not_run() {
        let (door, runs) = door(None);
        for (meant, status, ran) in [
            (Some("users"), 200, 1),
            (None, 200, 2),
            (Some("orders"), 421, 2),
            (Some("Users"), 421, 2),
            (Some(""), 421, 2),
        ] {
            let headers: Vec<_> = meant.iter().map(|meant| (HEADER_SERVICE, *meant)).collect();
            let answer = ask(door.clone(), &headers).await;
            assert_eq!(answer.status(), status, "{meant:?}");
            assert_eq!(
                answer.headers().contains_key(NOT_RUN),
                status == 421,
                "only the door may say it"
            );
            assert_eq!(runs.load(Ordering::SeqCst), ran, "{meant:?}");
        }
    }

    #[tokio::test]
    async fn who_does_not_carry_the_key_stays_outside() {
        let (door, runs) = door(Some("secret"));
        for (headers, status) in [
            (&[(key::HEADER, "secret")][..], 200),
            (&[], 403),
            (&[(key::HEADER, "secre")], 403),
            (&[(HEADER_SERVICE, "orders")], 421),
        ] {
            assert_eq!(ask(door.clone(), headers).await.status(), status);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}
