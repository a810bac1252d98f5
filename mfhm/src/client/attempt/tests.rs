//! Whom calls go to, how often, and for how long.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};

use futures_util::future::BoxFuture;

use super::*;
use crate::client::options::CallOptions;
use crate::client::source::{Source, SourceError};
use crate::client::transport::{TransportError, TransportErrorKind};
use crate::client::uses::Uses;
use crate::instance::InstanceId;

#[derive(Debug)]
struct Three;

impl Source for Three {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        let endpoint = |port: u16| {
            let id = InstanceId::from_random(port.into());
            // Port 1 to 3 of a loopback address: nothing listens there.
            Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
        };
        Box::pin(async move { Ok(vec![endpoint(1), endpoint(2), endpoint(3)]) })
    }
}

/// What each address does, and how often it was asked.
#[derive(Debug, Default)]
struct Fake {
    broken: HashMap<&'static str, TransportErrorKind>,
    silent: bool,
    /// 504 when so much time of an attempt has passed.
    gives_up: Option<Duration>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Transport for Fake {
    fn exchange<'a>(
        &'a self,
        hop: Hop<'a>,
        _request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Answered, TransportError>> {
        let base = hop.to.base();
        *self
            .asked
            .lock()
            .unwrap()
            .entry(base.to_owned())
            .or_default() += 1;
        Box::pin(async move {
            if self.silent {
                std::future::pending::<()>().await;
            }
            let mut status = StatusCode::OK;
            if let Some(time) = self.gives_up {
                status = StatusCode::GATEWAY_TIMEOUT;
                tokio::time::sleep(time.min(hop.limit - Instant::now())).await;
            }
            match self.broken.get(base) {
                Some(&kind) => Err(TransportError {
                    kind,
                    source: "as told".into(),
                }),
                None => Ok(Answered {
                    status,
                    headers: HeaderMap::new(),
                    body: Bytes::new(),
                    before: Before::default(),
                }),
            }
        })
    }
}

impl Fake {
    fn asked(&self, base: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .get(base)
            .copied()
            .unwrap_or_default()
    }

    fn total(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }
}

fn destination(fake: &Arc<Fake>) -> Destination {
    Destination::Discovered {
        resolver: Arc::new(Resolver::new("s".to_owned(), Arc::new(Three))),
        transport: fake.clone(),
    }
}

fn request(method: Method) -> Outgoing {
    Outgoing::new(method, PathAndQuery::from_static("/"))
}

const DEAD: &str = "http://127.0.0.1:2";

async fn run(
    destination: &Destination,
    is_idempotent: bool,
    options: CallOptions,
) -> Result<Answered, Fault> {
    let plan = options.plan();
    let request = request(Method::POST);
    call(
        destination,
        &request,
        is_idempotent,
        plan,
        after(plan.timeout),
        Wanted::Anything,
    )
    .await
}

#[tokio::test]
async fn after_one_failed_attempt_no_call_goes_to_a_dead_instance() {
    let fake = Arc::new(Fake {
        broken: HashMap::from([(DEAD, TransportErrorKind::Connect)]),
        ..Fake::default()
    });
    let destination = destination(&fake);
    for _ in 0..1000 {
        // Not idempotent: what never reached the service is tried again.
        run(&destination, false, CallOptions::new()).await.unwrap();
    }
    assert_eq!(fake.asked(DEAD), 1);
}

#[tokio::test]
async fn a_call_that_may_have_run_is_repeated_only_when_idempotent() {
    for (is_idempotent, expected_failures) in [(true, 0), (false, 1)] {
        let fake = Arc::new(Fake {
            broken: HashMap::from([(DEAD, TransportErrorKind::Broken)]),
            ..Fake::default()
        });
        let destination = destination(&fake);
        let mut failures = 0;
        for _ in 0..100 {
            if run(&destination, is_idempotent, CallOptions::new())
                .await
                .is_err()
            {
                failures += 1;
            }
        }
        assert_eq!(failures, expected_failures);
    }
}

#[tokio::test]
async fn attempts_are_counted_and_the_worst_of_them_is_told() {
    let broken = HashMap::from([
        ("http://127.0.0.1:1", TransportErrorKind::Connect),
        (DEAD, TransportErrorKind::Broken),
        ("http://127.0.0.1:3", TransportErrorKind::Connect),
    ]);
    let fake = Arc::new(Fake {
        broken,
        ..Fake::default()
    });
    let fault = run(&destination(&fake), true, CallOptions::new().attempts(5))
        .await
        .unwrap_err();
    assert_eq!(fake.total(), 5);
    assert!(fault.may_have_executed(), "the one that broke may have run");
}

#[tokio::test(start_paused = true)]
async fn no_call_is_longer_than_its_deadline() {
    let fake = Arc::new(Fake {
        silent: true,
        ..Fake::default()
    });
    let options = CallOptions::new()
        .timeout(Duration::from_secs(12))
        .attempt_timeout(Duration::from_secs(5))
        .attempts(9);
    let started = Instant::now();
    let fault = run(&destination(&fake), true, options).await.unwrap_err();
    assert!(fault.is_timeout() && fault.may_have_executed());
    assert_eq!(started.elapsed().as_secs(), 12);
    assert_eq!(fake.total(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_repeated_may_use_its_whole_time() {
    let fake = Arc::new(Fake {
        silent: true,
        ..Fake::default()
    });
    let started = Instant::now();
    let options = CallOptions::new().timeout(Duration::from_secs(60));
    run(&destination(&fake), false, options).await.unwrap_err();
    assert_eq!((started.elapsed().as_secs(), fake.total()), (60, 1));
    let forever = CallOptions::new().timeout(Duration::MAX).attempts(2);
    let destination = destination(&fake);
    let call = run(&destination, true, forever);
    assert!(
        tokio::time::timeout(Duration::from_secs(3600), call)
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn an_impatient_caller_does_not_eject_an_instance() {
    let fake = Arc::new(Fake {
        silent: true,
        ..Fake::default()
    });
    let destination = destination(&fake);
    for _ in 0..100 {
        let options = CallOptions::new().timeout(Duration::from_millis(2));
        run(&destination, true, options).await.unwrap_err();
    }
    let Destination::Discovered { resolver, .. } = &destination else {
        unreachable!("it is made so above")
    };
    let set = resolver
        .endpoints(after(Duration::from_secs(1)))
        .await
        .unwrap();
    assert!(
        set.endpoints
            .iter()
            .all(|endpoint| !endpoint.ejection.is_failing(clock::now()))
    );
}

/// Two instances, of which only the second offers `create`, or none does.
#[derive(Debug, Default)]
struct Upgrade {
    is_rolled_out: std::sync::atomic::AtomicBool,
}

impl Source for Upgrade {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        let entry = |name: &str, method: &str, path: &str| OperationEntry {
            name: name.to_owned(),
            path: path.to_owned(),
            methods: vec![method.to_owned()],
            fingerprint: None,
        };
        let endpoint = move |port: u16, has_create: bool| {
            let id = InstanceId::from_random(port.into());
            let mut operations = vec![entry("user", "GET", "/users/{id}")];
            operations.extend(has_create.then(|| entry("create", "POST", "/users")));
            Endpoint::new(id, "127.0.0.1".to_owned(), port, None, operations)
        };
        let is_rolled_out = self
            .is_rolled_out
            .load(std::sync::atomic::Ordering::Relaxed);
        let list = vec![endpoint(1, false), endpoint(2, is_rolled_out)];
        Box::pin(async move { Ok(list) })
    }
}

static CREATE: Operation = Operation::new("create", "POST", "/users");

#[tokio::test(start_paused = true)]
async fn a_call_goes_only_to_who_offers_its_operation() {
    let fake = Arc::new(Fake::default());
    let source = Arc::new(Upgrade::default());
    let resolver = Arc::new(Resolver::new("users".to_owned(), source.clone()));
    let destination = Destination::Discovered {
        resolver,
        transport: fake.clone(),
    };
    let plan = CallOptions::new().plan();
    let request = request(Method::POST);
    let create = async || {
        let deadline = after(plan.timeout);
        let wanted = Wanted::Operation(&CREATE);
        call(&destination, &request, false, plan, deadline, wanted).await
    };
    let fault = create().await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::NotOffered);
    assert!(
        fault.to_string().contains("none offers `create`"),
        "{fault}"
    );
    assert_eq!(fake.total(), 0, "nobody was asked");

    // The list that is known is of before the roll-out: the call asks anew.
    source
        .is_rolled_out
        .store(true, std::sync::atomic::Ordering::Relaxed);
    for _ in 0..100 {
        create().await.unwrap();
    }
    assert_eq!((fake.asked(DEAD), fake.total()), (100, 100));
}

/// Whether instances are left out after 100 calls of a service that gives
/// each up after `gives_up`.
async fn are_ejected(gives_up: Duration) -> bool {
    let fake = Arc::new(Fake {
        gives_up: Some(gives_up),
        ..Fake::default()
    });
    let destination = destination(&fake);
    for _ in 0..100 {
        let options = CallOptions::new().timeout(Duration::from_millis(20));
        // What answers and what times out at the same moment is either.
        let _ = run(&destination, true, options).await;
    }
    let Destination::Discovered { resolver, .. } = &destination else {
        unreachable!("it is made so above")
    };
    let set = resolver.endpoints(after(Duration::from_secs(1)));
    let endpoints = &set.await.unwrap().endpoints;
    endpoints
        .iter()
        .any(|endpoint| endpoint.ejection.is_failing(clock::now()))
}

#[tokio::test(start_paused = true)]
async fn a_service_that_gives_up_with_its_caller_is_not_ejected() {
    assert!(!are_ejected(Duration::MAX).await);
    // One that gives up by itself is.
    assert!(are_ejected(Duration::from_millis(5)).await);
}
