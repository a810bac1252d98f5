//! What calls come to when the services are in trouble: failing, slow, or asked
//! for too much.

mod silent;

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::*;
use crate::client::limits::Limits;
use crate::client::options::CallOptions;
use crate::client::source::{Source, SourceError};
use crate::client::transport::{TransportError, TransportErrorKind};
use crate::client::uses::Uses;
use crate::instance::InstanceId;
use crate::wire::overload;

/// So many instances, on ports from 1 on.
#[derive(Debug)]
struct Ports(u16);

impl Source for Ports {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        let endpoint = |port: u16| {
            let id = InstanceId::from_random(port.into());
            Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
        };
        Box::pin(async move { Ok((1..=self.0).map(endpoint).collect()) })
    }
}

type Exchanged = Result<Answered, TransportError>;
type Act = dyn Fn(u16) -> BoxFuture<'static, Exchanged> + Send + Sync;

/// Does what the test says, by port, and counts.
struct Scene {
    act: Box<Act>,
    asked: Mutex<HashMap<u16, usize>>,
    /// The seconds that each attempt had.
    had: Mutex<Vec<u64>>,
}

impl Scene {
    fn new<F>(act: impl Fn(u16) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Exchanged> + Send + 'static,
    {
        Arc::new(Self {
            act: Box::new(move |port| Box::pin(act(port))),
            asked: Mutex::default(),
            had: Mutex::default(),
        })
    }

    fn asked(&self, port: u16) -> usize {
        self.asked.lock().unwrap().get(&port).copied().unwrap_or(0)
    }

    fn total(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }

    /// A service of so many instances.
    fn service(self: &Arc<Self>, instances: u16, limits: Limits) -> Destination {
        let resolver = Resolver::new("s".to_owned(), Arc::new(Ports(instances)));
        Destination::Discovered {
            resolver: Arc::new(resolver.limited(limits)),
            transport: self.clone(),
        }
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scene")
    }
}

impl Transport for Scene {
    fn exchange<'a>(&'a self, hop: Hop<'a>, _request: &'a Outgoing) -> BoxFuture<'a, Exchanged> {
        let port = hop.to.base().rsplit(':').next().unwrap().parse().unwrap();
        *self.asked.lock().unwrap().entry(port).or_default() += 1;
        let left = hop.limit.saturating_duration_since(Instant::now());
        self.had.lock().unwrap().push(left.as_secs());
        (self.act)(port)
    }
}

fn answer(status: u16) -> Exchanged {
    Ok(Answered {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        before: Before::default(),
    })
}

/// What [`overload`](crate::server::overload) answers.
fn overloaded() -> Exchanged {
    overloaded_for("1")
}

fn overloaded_for(seconds: &'static str) -> Exchanged {
    answer(503).map(|mut answer| {
        let headers = &mut answer.headers;
        headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        headers.insert(overload::NOT_RUN, HeaderValue::from_static("true"));
        answer
    })
}

fn broken(kind: TransportErrorKind) -> Exchanged {
    Err(TransportError {
        kind,
        source: "as told".into(),
    })
}

const GET: bool = true;
const POST: bool = false;

async fn run(
    to: &Destination,
    is_idempotent: bool,
    options: CallOptions,
) -> Result<Answered, Fault> {
    let request = Outgoing::new(Method::POST, PathAndQuery::from_static("/"));
    let plan = options.plan();
    let deadline = after(plan.timeout);
    call(
        to,
        &request,
        is_idempotent,
        plan,
        deadline,
        Wanted::Anything,
    )
    .await
}

async fn status(to: &Destination, is_idempotent: bool) -> u16 {
    let answer = run(to, is_idempotent, CallOptions::new()).await.unwrap();
    answer.status.as_u16()
}

/// Enough calls that a later one may be tried again.
async fn save_up(to: &Destination) {
    for _ in 0..100 {
        run(to, GET, CallOptions::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_answer_is_tried_again_if_the_operation_is_idempotent() {
    for (is_idempotent, expected) in [(GET, 200), (POST, 502)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let scene = Scene::new(move |_| {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            async move { answer(if call == 0 { 502 } else { 200 }) }
        });
        assert_eq!(
            status(&scene.service(3, Limits::default()), is_idempotent).await,
            expected
        );
    }
}

#[tokio::test]
async fn what_an_overloaded_service_did_not_run_is_run_elsewhere_whatever_it_does() {
    let scene =
        Scene::new(|port| async move { if port == 1 { overloaded() } else { answer(200) } });
    let service = scene.service(3, Limits::default());
    for _ in 0..100 {
        assert_eq!(status(&service, POST).await, 200);
    }
    assert_eq!(scene.asked(1), 1, "it has the pause that it asked for");
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_and_is_waited_for_where_nobody_else_is_there() {
    let calls = Arc::new(AtomicUsize::new(0));
    let scene = Scene::new(move |_| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move { if call == 0 { overloaded() } else { answer(200) } }
    });
    let service = scene.service(1, Limits::default());
    let started = Instant::now();
    assert_eq!(status(&service, POST).await, 200);
    assert!((1025..=1250).contains(&started.elapsed().as_millis()));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_longer_than_the_call_ends_it_with_the_answer() {
    let started = Instant::now();
    let scene = Scene::new(|_| async { overloaded_for("15") });
    assert_eq!(
        status(&scene.service(1, Limits::default()), POST).await,
        503
    );
    assert_eq!((started.elapsed().as_millis(), scene.total()), (0, 1));
    // Whoever asks for the shortest pause is asked again, in its time.
    let scene =
        Scene::new(|port| async move { overloaded_for(if port == 1 { "2" } else { "60" }) });
    assert_eq!(
        status(&scene.service(2, Limits::default()), POST).await,
        503
    );
    assert_eq!((started.elapsed().as_secs(), scene.total()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_what_time_the_others_left() {
    let scene = Scene::new(|_| std::future::pending());
    let service = scene.service(3, Limits::default());
    let options = CallOptions::new().timeout(Duration::from_secs(12));
    let fault = run(&service, GET, options).await.unwrap_err();
    assert!(fault.is_timeout() && fault.may_have_executed());
    assert_eq!(*scene.had.lock().unwrap(), [5, 5, 2]);
}

#[tokio::test(start_paused = true)]
async fn without_time_for_another_attempt_the_last_answer_counts() {
    let scene = Scene::new(|_| async { overloaded() });
    let service = scene.service(1, Limits::default());
    let short = CallOptions::new().timeout(Duration::from_millis(20));
    let answer = run(&service, GET, short).await.unwrap();
    assert_eq!((answer.status.as_u16(), scene.total()), (503, 1));
}

#[tokio::test]
async fn trying_again_is_paid_for_and_the_fault_says_when_the_budget_is_spent() {
    let scene = Scene::new(|_| async { broken(TransportErrorKind::Broken) });
    let service = scene.service(3, Limits::default());
    let mut spent = 0;
    for _ in 0..1000 {
        let fault = run(&service, GET, CallOptions::new()).await.unwrap_err();
        spent += usize::from(
            fault
                .to_string()
                .contains("too many calls of the service were tried again"),
        );
    }
    // A tenth, and the reserve.
    assert!((1100..=1104).contains(&scene.total()), "{}", scene.total());
    assert!(spent > 900, "{spent}");

    let scene = Scene::new(|_| async { answer(503) });
    let service = scene.service(3, Limits::new(1024, 0));
    let answer = run(&service, GET, CallOptions::new()).await.unwrap();
    let fault = answer
        .before
        .tell(Fault::of_answer(answer.status, None, answer.body));
    assert!(fault.to_string().contains("too many calls"), "{fault}");
}

#[tokio::test]
async fn what_never_reached_the_service_is_free() {
    let scene = Scene::new(|_| async { broken(TransportErrorKind::Connect) });
    let service = scene.service(3, Limits::new(1024, 0));
    for _ in 0..10 {
        let fault = run(&service, POST, CallOptions::new()).await.unwrap_err();
        assert!(fault.is_connect() && !fault.may_have_executed(), "{fault}");
    }
    assert_eq!(scene.total(), 30);
}

/// A chain of services over a backend that answers 503 to everything: what each
/// gets for each call that the one above it gets.
async fn amplification(retry_percent: u32) -> Vec<f64> {
    const CALLS: usize = 2000;
    let backend = Scene::new(|_| async { answer(503) });
    let mut layers = vec![backend];
    for _ in 0..3 {
        let below = layers[layers.len() - 1].service(3, Limits::new(1024, retry_percent));
        let below = Arc::new(below);
        layers.push(Scene::new(move |_| {
            let below = below.clone();
            // As `Fault` does as a handler's answer.
            async move {
                match run(&below, GET, CallOptions::new()).await {
                    Ok(answer) if answer.status.is_success() => Ok(answer),
                    _ => answer(503),
                }
            }
        }));
    }
    // The last one is the user, who calls the first layer.
    let user = layers.pop().unwrap();
    let front = user.service(1, Limits::new(1024, 0));
    for _ in 0..CALLS {
        assert_eq!(status(&front, GET).await, 503);
    }
    layers.push(user);
    let counts: Vec<_> = layers.iter().rev().map(|layer| layer.total()).collect();
    counts
        .windows(2)
        .map(|pair| pair[1] as f64 / pair[0] as f64)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn three_layers_over_a_failing_backend_add_a_tenth_each() {
    let with_budget = amplification(10).await;
    println!("load of each layer in calls of the one above: {with_budget:.2?}");
    assert_eq!(with_budget.len(), 3);
    assert!(
        with_budget.iter().all(|&factor| factor <= 1.2),
        "{with_budget:?}"
    );
    // What the budget is for.
    let without = amplification(1000).await;
    println!("the same without a budget: {without:.2?}");
    assert!(without.iter().all(|&factor| factor > 2.5), "{without:?}");
}

/// The first instance that is asked needs a second, the others 10 ms, after a time
/// in which all were fast.
fn slow_at_first() -> (Arc<Scene>, Arc<AtomicUsize>) {
    let left = Arc::new(AtomicUsize::new(0));
    let slow = left.clone();
    let scene = Scene::new(move |_| {
        let less = |left: usize| left.checked_sub(1);
        let is_slow = slow
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok();
        async move {
            tokio::time::sleep(Duration::from_millis(if is_slow { 1000 } else { 10 })).await;
            answer(200)
        }
    });
    (scene, left)
}

const HEDGED: CallOptions = CallOptions::new().hedge_after(Duration::from_millis(50));

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_overtaken_by_a_second_request() {
    for (is_idempotent, options, millis, requests) in [
        (GET, HEDGED, 60, 2),
        (POST, HEDGED, 1000, 1),
        (GET, HEDGED.attempts(1), 1000, 1),
        (GET, HEDGED.hedge_after(Duration::MAX), 1000, 1),
        (GET, CallOptions::new(), 1000, 1),
    ] {
        let (scene, slow) = slow_at_first();
        let service = scene.service(3, Limits::default());
        save_up(&service).await;
        assert_eq!(scene.total(), 100);
        slow.store(1, Ordering::SeqCst);
        let started = Instant::now();
        run(&service, is_idempotent, options).await.unwrap();
        assert_eq!(started.elapsed().as_millis(), millis, "{options:?}");
        assert_eq!(scene.total(), 100 + requests, "{options:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_request_asks_another_instance_and_is_paid_for() {
    // Nobody else to ask.
    let (scene, slow) = slow_at_first();
    let service = scene.service(1, Limits::default());
    save_up(&service).await;
    slow.store(1, Ordering::SeqCst);
    run(&service, GET, HEDGED).await.unwrap();
    assert_eq!(scene.total(), 101);
    // Nothing to pay with.
    let (scene, slow) = slow_at_first();
    let service = scene.service(3, Limits::new(1024, 0));
    save_up(&service).await;
    slow.store(1, Ordering::SeqCst);
    run(&service, GET, HEDGED).await.unwrap();
    assert_eq!(scene.total(), 101);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_lost_against_another_is_known_to_be_slow() {
    let scene = Scene::new(|port| async move {
        tokio::time::sleep(Duration::from_millis(if port == 1 { 1000 } else { 10 })).await;
        answer(200)
    });
    let service = scene.service(3, Limits::default());
    for _ in 0..200 {
        run(&service, GET, HEDGED).await.unwrap();
    }
    assert!(scene.asked(1) <= 2, "{}", scene.asked(1));
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_lets_some_run_some_wait_and_tells_the_rest() {
    let scene = Scene::new(|_| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        answer(200)
    });
    let service = Arc::new(scene.service(3, Limits::new(2, 10)));
    let begin = |seconds: u64| {
        let service = service.clone();
        let options = CallOptions::new().timeout(Duration::from_secs(seconds));
        tokio::spawn(async move { run(&service, POST, options).await })
    };
    let soon = || tokio::time::sleep(Duration::from_millis(100));
    let running = [begin(15), begin(15)];
    soon().await;
    let waiting = [begin(15), begin(1)];
    soon().await;
    let fault = begin(15).await.unwrap().unwrap_err();
    assert!(
        fault.is_unavailable() && !fault.may_have_executed(),
        "{fault}"
    );
    assert!(
        fault
            .to_string()
            .contains("2 calls of the service under way"),
        "{fault}"
    );
    assert_eq!(scene.total(), 2);
    let [waited, late] = waiting;
    let fault = late.await.unwrap().unwrap_err();
    assert!(fault.is_timeout() && !fault.may_have_executed(), "{fault}");
    for call in running {
        assert!(call.await.unwrap().is_ok());
    }
    assert!(waited.await.unwrap().is_ok());
    assert_eq!(scene.total(), 3);
}
