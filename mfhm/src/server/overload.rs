//! What a service does when more is asked of it than it can do.
//!
//! So many operations run at once, others wait in a bounded line for a second at
//! most, and what is beyond that is refused at once, before anything of it ran:
//! 503 with `Retry-After`, which callers honour. A service that took everything
//! would answer nothing in time.
//!
//! An operation counts from the moment that its handler may begin until it has
//! answered: not while its body arrives, which a slow sender can draw out, and a
//! streamed answer until its headers, for streams of events may be open for hours
//! and cost little. An operation that reads a stream of which nobody knows the length
//! may have to wait for its sender for hours, too: there may be as many of these
//! beside the others, and they take no place of theirs. `/ping` and the document are no operations: they are never
//! refused and never wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

use super::not_run;
use crate::gate::{Gate, Place, Turned};
use crate::wire::overload::OVERLOADED;
use crate::wire::problem::Problem;

/// How long a request waits in the line.
const PATIENCE: Duration = Duration::from_secs(1);
/// The log tells of refusals once in this time.
const QUIET: Duration = Duration::from_secs(10);

/// How much a service does at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub max_in_flight: u32,
    pub queue: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            max_in_flight: 1024,
            queue: 1024,
        }
    }
}

/// The limit of one service: its places, and what is said when there is none.
#[derive(Debug)]
pub(crate) struct Limiter {
    service: Arc<str>,
    gate: Gate,
    /// For operations that read a live stream.
    live: Gate,
    opened: Instant,
    /// When the log was last told, in milliseconds since `opened`; 0 is never.
    last_told: AtomicU64,
    refused: AtomicU64,
}

impl Limiter {
    pub(crate) fn new(service: Arc<str>, capacity: Capacity) -> Self {
        Self {
            service,
            gate: Gate::new(capacity.max_in_flight, capacity.queue),
            live: Gate::new(capacity.max_in_flight, capacity.queue),
            opened: Instant::now(),
            last_told: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// A place, or the answer of a request that gets none.
    pub(crate) async fn enter(&self) -> Result<Place<'_>, Response> {
        self.pass(&self.gate).await
    }

    /// The same for an operation that reads a live stream.
    pub(crate) async fn enter_live(&self) -> Result<Place<'_>, Response> {
        self.pass(&self.live).await
    }

    async fn pass<'a>(&self, gate: &'a Gate) -> Result<Place<'a>, Response> {
        let entered = match gate.try_enter() {
            Some(place) => return Ok(place),
            None => gate.enter(Instant::now() + PATIENCE).await,
        };
        entered.map_err(|turned| self.refusal(turned))
    }

    /// The answer of a request that would get no place even in the line: nobody
    /// reads its body.
    pub(crate) fn turn_away(&self) -> Option<Response> {
        self.gate.is_full().then(|| self.refusal(Turned::Full))
    }

    fn refusal(&self, turned: Turned) -> Response {
        self.tell();
        let limit = self.gate.limit();
        let detail = match turned {
            Turned::Full => {
                format!("the service runs {limit} requests at once and has a full line waiting")
            }
            Turned::Late => {
                format!("the service runs {limit} requests at once, and this one waited in vain")
            }
        };
        refuse(detail)
    }

    /// Tells the log, and not once for each: it would be one load more.
    fn tell(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let quiet = QUIET.as_millis() as u64;
        let is_time =
            |last: u64| (last == 0 || now >= last.saturating_add(quiet)).then_some(now.max(1));
        let told = self
            .last_told
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_time);
        if told.is_ok() {
            tracing::warn!(
                service = &*self.service,
                refused = self.refused.swap(0, Ordering::Relaxed),
                max_in_flight = self.gate.limit(),
                "more is asked of the service than it does at once: requests are refused"
            );
        }
    }
}

/// The answer of a request whose body has no room beside the others that arrive.
pub(super) fn no_room() -> Response {
    refuse("the bodies of other requests take all the memory there is for them".to_owned())
}

fn refuse(detail: String) -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, detail);
    let mut response = problem.into_axum();
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    not_run::mark(response)
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;
    use tower::ServiceExt as _;

    use super::*;
    use crate::contract::Operation;
    use crate::server::definition::Route;
    use crate::server::run::{Around, Bound};
    use crate::server::state::States;
    use crate::server::{reply, router};
    use crate::wire::overload::NOT_RUN;

    static SLOW: Operation = Operation::new("slow", "GET", "/slow");

    /// A service whose only operation waits for `gate`.
    fn service(gate: &Arc<Semaphore>, max_in_flight: u32, queue: u32) -> axum::Router {
        let gate = gate.clone();
        let slow = Route::new(&SLOW, move |_| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                reply::answer_value(7)
            }
        });
        let capacity = Capacity {
            max_in_flight,
            queue,
        };
        let around = Around::new("s", States::default()).limited(capacity);
        router::build(&Bound::all(around, &[slow]))
    }

    async fn ask(service: axum::Router) -> Response {
        let request = http::Request::get("/slow").body(axum::body::Body::empty());
        service.oneshot(request.unwrap()).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_is_refused_at_once_and_says_so() {
        let gate = Arc::new(Semaphore::new(0));
        let service = service(&gate, 1, 1);
        let running = tokio::spawn(ask(service.clone()));
        let waiting = tokio::spawn(ask(service.clone()));
        tokio::task::yield_now().await;
        let started = Instant::now();
        let refused = ask(service.clone()).await;
        assert_eq!(
            (refused.status().as_u16(), started.elapsed()),
            (503, Duration::ZERO)
        );
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
        let refused = not_run::tell(refused);
        assert_eq!(refused.headers()[NOT_RUN], "true");
        let body = axum::body::to_bytes(refused.into_body(), 1000)
            .await
            .unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.code, OVERLOADED);
        gate.add_permits(2);
        assert_eq!(running.await.unwrap().status(), 200);
        assert_eq!(waiting.await.unwrap().status(), 200);
        gate.add_permits(1);
        assert_eq!(
            ask(service).await.status(),
            200,
            "every place is free again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_in_the_line_for_more_than_a_second() {
        let gate = Arc::new(Semaphore::new(0));
        let service = service(&gate, 1, 10);
        let running = tokio::spawn(ask(service.clone()));
        tokio::task::yield_now().await;
        let started = Instant::now();
        assert_eq!(ask(service).await.status(), 503);
        assert_eq!(started.elapsed(), PATIENCE);
        gate.add_permits(1);
        assert_eq!(running.await.unwrap().status(), 200);
    }
}
