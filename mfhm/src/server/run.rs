//! [`Bound`]: one operation run for one request, from its headers to its answer.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::definition::{Handler, Route};
use super::input::{self, Input};
use super::layers::Layers;
use super::overload::{self, Capacity, Limiter};
use super::reply;
use super::state::States;
use crate::contract::{Operation, ParamSource};
use crate::current::CurrentRequest;
use crate::listener::Peer;
use crate::wire::deadline;
use crate::wire::problem::{self, Problem};

/// What the operations of one service have in common.
#[derive(Debug)]
pub(crate) struct Around {
    service: Arc<str>,
    states: States,
    /// `None`: as many as come.
    limiter: Option<Limiter>,
    /// How fast bodies come at least that are read while they come.
    rate: Option<NonZeroU32>,
}

impl Around {
    /// A service of this name, without a limit.
    pub(crate) fn new(service: &str, states: States) -> Self {
        Self {
            service: Arc::from(service),
            states,
            limiter: None,
            rate: input::SLOWEST,
        }
    }

    /// With a limit for all of its operations together.
    pub(crate) fn limited(mut self, capacity: Capacity) -> Self {
        self.limiter = Some(Limiter::new(self.service.clone(), capacity));
        self
    }

    /// Uploads come as fast as this, in bytes a second.
    pub(crate) fn expecting(mut self, rate: Option<NonZeroU32>) -> Self {
        self.rate = rate;
        self
    }
}

/// A route that knows where it stands.
pub(crate) struct Bound {
    around: Arc<Around>,
    operation: &'static Operation,
    handler: Handler,
    layers: Layers,
    has_extractors: bool,
    /// Whether the handler wants the body whole.
    reads_body: bool,
    /// Whether it reads the body while it comes, as a stream.
    reads_stream: bool,
}

impl Bound {
    /// All routes of one service.
    pub(crate) fn all(around: Around, routes: &[Route]) -> Vec<Arc<Self>> {
        let around = Arc::new(around);
        let bound = |route: &Route| {
            Arc::new(Self {
                around: around.clone(),
                operation: route.operation,
                handler: route.handler.clone(),
                layers: route.layers.clone(),
                has_extractors: route.has_extractors,
                reads_body: reads_body(route.operation),
                reads_stream: reads_stream(route.operation),
            })
        };
        routes.iter().map(bound).collect()
    }

    pub(super) fn operation(&self) -> &'static Operation {
        self.operation
    }

    pub(super) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Whether nothing but the handler looks at the request, so that nothing is
    /// missed of what axum's router notes in it.
    pub(super) fn is_bare(&self) -> bool {
        self.layers.is_empty() && !self.has_extractors
    }

    /// Runs it for a request that axum's router has brought here.
    pub(super) async fn routed(self: Arc<Self>, mut request: Request) -> Response {
        let peer = request.extensions().get().map(|Peer(address)| *address);
        if !self.around.states.is_empty() {
            let states = self.around.states.clone();
            request.extensions_mut().insert(states);
        }
        let input = |request| Input::routed(request, peer);
        self.run(request, input).await
    }

    /// Runs it for a request that its path and method have brought here.
    pub(super) async fn matched(&self, request: Request, peer: Option<SocketAddr>) -> Response {
        let input = |request| Input::matched(request, peer, self.operation.path());
        self.run(request, input).await
    }

    /// Runs the handler for as long as it may take; a panic in it is a 500.
    async fn run(&self, request: Request, input: impl FnOnce(Request) -> Input) -> Response {
        let operation = self.operation;
        let limit = TimeLimit::of(operation, request.headers());
        if limit.is_some_and(|limit| limit.time.is_zero()) {
            return too_late(operation, limit);
        }
        let deadline = limit.map(|limit| Instant::now() + limit.time);
        let mut input = input(request);
        if let Some(longest) = operation.max_body() {
            input.limit_body(longest);
        }
        input.expect_rate(self.around.rate);
        let service = self.around.service.clone();
        let current = CurrentRequest::received(input.head().clone(), service, operation, deadline);
        let answered = current.scope(AssertUnwindSafe(self.answer(input)).catch_unwind());
        let answered = match deadline {
            None => Ok(answered.await),
            // Dropped when the time is over: nobody waits for it any longer.
            Some(deadline) => timeout_at(deadline, answered).await,
        };
        match answered {
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => {
                tracing::error!("a handler panicked");
                reply::internal()
            }
            Err(_) => too_late(operation, limit),
        }
    }

    /// A body that is wanted whole is there before the handler takes a place: a
    /// slow sender keeps nobody out.
    async fn answer(&self, mut input: Input) -> Response {
        let limiter = self.around.limiter.as_ref();
        if self.reads_body {
            if let Some(refusal) = limiter.and_then(Limiter::turn_away) {
                return refusal;
            }
            input.receive().await;
            if input.has_no_room() {
                return overload::no_room();
            }
        }
        let entered = match limiter {
            None => None,
            Some(limiter) if self.reads_stream && input.has_no_end() => {
                Some(limiter.enter_live().await)
            }
            Some(limiter) => Some(limiter.enter().await),
        };
        let _place = match entered.transpose() {
            Ok(place) => place,
            Err(refusal) => return refusal,
        };
        input.make_room();
        (self.handler)(input).await
    }
}

fn reads_body(operation: &Operation) -> bool {
    let params = operation.parameters().iter();
    params.into_iter().any(|param| {
        matches!(
            param.source(),
            ParamSource::Body | ParamSource::Bytes | ParamSource::Form
        )
    })
}

fn reads_stream(operation: &Operation) -> bool {
    let mut params = operation.parameters().iter();
    params.any(|param| param.source() == ParamSource::Stream)
}

/// How long a handler may take, by whichever says less.
#[derive(Clone, Copy, Debug)]
struct TimeLimit {
    time: Duration,
    /// By the operation's `#[timeout]`, and not by the caller.
    is_declared: bool,
}

impl TimeLimit {
    fn of(operation: &Operation, headers: &HeaderMap) -> Option<Self> {
        let declared = operation.timeout().map(|time| Self {
            time,
            is_declared: true,
        });
        let left = headers.get(deadline::HEADER).and_then(deadline::decode);
        match (declared, left) {
            (Some(declared), Some(left)) if declared.time <= left => Some(declared),
            (_, Some(time)) => Some(Self {
                time,
                is_declared: false,
            }),
            (declared, None) => declared,
        }
    }
}

/// The answer in place of one that did not come in time.
fn too_late(operation: &Operation, limit: Option<TimeLimit>) -> Response {
    let name = operation.name();
    let detail = match limit {
        Some(limit) if limit.is_declared => {
            tracing::warn!(operation = name, timeout = ?limit.time, "a handler was given up");
            format!("the operation `{name}` did not end within {:?}", limit.time)
        }
        _ => format!("the operation `{name}` did not end in the time that the caller gave it"),
    };
    Problem::new(StatusCode::GATEWAY_TIMEOUT, problem::TIMEOUT, detail).into_axum()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::contract::Param;
    use crate::server::router;

    async fn ask(around: Around, route: Route, request: Request) -> (u16, String) {
        let router = router::build(&Bound::all(around, &[route]));
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn around() -> Around {
        Around::new("s", States::default())
    }

    #[tokio::test]
    async fn a_panic_is_a_500() {
        static OPERATION: Operation = Operation::new("a", "GET", "/");
        let panics = Route::new(&OPERATION, |_| async { panic!("oh") });
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let (status, body) = ask(around(), panics, request).await;
        std::panic::set_hook(hook);
        assert_eq!(status, 500);
        assert!(!body.contains("oh"), "{body}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_takes_no_place() {
        static TAKES: Operation = Operation::new("a", "POST", "/").params(&[Param::body("b")]);
        let one = Capacity {
            max_in_flight: 1,
            queue: 0,
        };
        let takes = Route::new(&TAKES, |mut input: Input| async move {
            match input.body::<u8>("b").await {
                Some(number) => reply::answer_value(number),
                None => input.reject(),
            }
        });
        let router = router::build(&Bound::all(around().limited(one), &[takes]));
        let post = |body| Request::post("/").body(body).unwrap();
        let silent = futures_util::stream::pending::<std::io::Result<bytes::Bytes>>();
        let silent = router.clone().oneshot(post(Body::from_stream(silent)));
        let silent = tokio::spawn(silent);
        tokio::task::yield_now().await;
        let other = router.oneshot(post(Body::from("7"))).await.unwrap();
        assert_eq!(other.status(), 200);
        assert_eq!(silent.await.unwrap().unwrap().status(), 408);
    }

    #[cfg(feature = "client")]
    static READS: Operation = Operation::new("a", "POST", "/").params(&[Param::stream("s")]);

    /// A service that reads streams to their end, one at a time.
    #[cfg(feature = "client")]
    fn reading_streams() -> axum::Router {
        let one = Capacity {
            max_in_flight: 1,
            queue: 0,
        };
        let reads = Route::new(&READS, |mut input: Input| async move {
            let Some(mut stream) = input.stream::<crate::ByteStream>("s") else {
                return input.reject();
            };
            while let Some(chunk) = stream.next().await {
                if let Err(fault) = chunk {
                    return axum::response::IntoResponse::into_response(fault);
                }
            }
            reply::answer_value(7)
        });
        router::build(&Bound::all(around().limited(one), &[reads]))
    }

    /// A byte whenever a silent body would be given up.
    #[cfg(feature = "client")]
    fn trickling() -> impl futures_util::Stream<Item = Bytes> + Send {
        futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(29)).await;
            Some((Bytes::from_static(b"x"), ()))
        })
    }

    #[cfg(feature = "client")]
    fn upload(length: Option<u64>) -> Request {
        let stream = crate::ByteStream::new(trickling()).with_length(length);
        Request::post("/")
            .body(Body::new(stream.into_body()))
            .unwrap()
    }

    #[cfg(feature = "client")]
    #[tokio::test(start_paused = true)]
    async fn an_upload_that_trickles_gives_its_place_back_and_is_told_why() {
        let router = reading_streams();
        let slow = tokio::spawn(router.clone().oneshot(upload(Some(1000))));
        tokio::task::yield_now().await;
        let started = Instant::now();
        let refused = router.clone().oneshot(upload(Some(1000))).await.unwrap();
        assert_eq!(refused.status(), 503);
        let answer = slow.await.unwrap().unwrap();
        assert_eq!(
            (answer.status().as_u16(), started.elapsed().as_secs()),
            (408, 30)
        );
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.code, "mfhm.body_too_slow");
        assert_eq!(
            problem.detail,
            "the body came too slowly: 1 bytes of it in 30 s"
        );
        let other = Request::post("/").body(Body::from("all of it")).unwrap();
        assert_eq!(router.oneshot(other).await.unwrap().status(), 200);
    }

    #[cfg(feature = "client")]
    #[tokio::test(start_paused = true)]
    async fn a_live_stream_comes_as_it_likes_and_takes_nobodys_place() {
        let router = reading_streams();
        let live = tokio::spawn(router.clone().oneshot(upload(None)));
        tokio::task::yield_now().await;
        // There are so many live streams.
        let second = router.clone().oneshot(upload(None)).await.unwrap();
        assert_eq!(second.status(), 503);
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let other = Request::post("/").body(Body::from("all of it")).unwrap();
            assert_eq!(router.clone().oneshot(other).await.unwrap().status(), 200);
        }
        assert!(!live.is_finished());
        live.abort();
    }
}
