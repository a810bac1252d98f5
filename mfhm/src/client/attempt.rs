//! One call, in as many attempts as it takes and may have.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::time::Instant;

use super::ejection::Outcome;
use super::endpoint::{Endpoint, EndpointSet};
use super::error::{Fault, FaultKind};
use super::options::CallPlan;
use super::resolver::Resolver;
use super::retry::{self, Before, Failure};
use super::transport::{
    Address, Answered, Hop, Opened, Outgoing, Transport, TransportError, TransportErrorKind,
};
use super::{balancer, clock, hedge};
use crate::contract::Operation;
use crate::wire::v1::OperationEntry;

/// Where calls go.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// To an instance that the resolver knows.
    Discovered {
        resolver: Arc<Resolver>,
        transport: Arc<dyn Transport>,
    },
    /// To one address.
    Fixed {
        address: Arc<Address>,
        transport: Arc<dyn Transport>,
    },
}

/// What an instance must offer to get a call.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// What a contract declares.
    Operation(&'static Operation),
    /// What an instance registered, in this form and no other.
    Entry(&'a OperationEntry),
    #[cfg(test)]
    Anything,
}

impl Wanted<'_> {
    fn is_offered_by(self, endpoint: &Endpoint) -> bool {
        match self {
            Self::Operation(operation) => endpoint.offers(operation),
            Self::Entry(entry) => endpoint.operations.iter().any(|other| {
                other.name == entry.name
                    && other.path == entry.path
                    && other.methods == entry.methods
            }),
            #[cfg(test)]
            Self::Anything => true,
        }
    }

    fn not_offered(self, resolver: &Resolver, set: &EndpointSet) -> Fault {
        match self {
            Self::Operation(operation) => resolver.not_offered(operation, set),
            _ => Fault::new(
                FaultKind::NotOffered,
                "the instances that offered the operation have left",
            ),
        }
    }
}

/// Sends `request` until an answer comes, the attempts or the time are used up,
/// or trying again could run the operation twice.
pub(crate) async fn call(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
    deadline: Instant,
    wanted: Wanted<'_>,
) -> Result<Answered, Fault> {
    ask(destination, request, is_idempotent, plan, deadline, wanted).await
}

/// The same for an answer that is read while it comes: the time-outs end with
/// its headers, and what happens to it later is not tried again.
pub(crate) async fn open(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
    deadline: Instant,
    wanted: Wanted<'_>,
) -> Result<Opened, Fault> {
    ask(destination, request, is_idempotent, plan, deadline, wanted).await
}

/// What an attempt waits for: all of the answer, or its headers.
trait Arrival: Sized {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>>;

    fn status(&self) -> http::StatusCode;

    fn headers(&self) -> &http::HeaderMap;

    /// The same with what came before it.
    fn after(self, before: Before) -> Self;
}

impl Arrival for Answered {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.exchange(hop, request)
    }

    fn status(&self) -> http::StatusCode {
        self.status
    }

    fn headers(&self) -> &http::HeaderMap {
        &self.headers
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }
}

impl Arrival for Opened {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.open(hop, request)
    }

    fn status(&self) -> http::StatusCode {
        self.status
    }

    fn headers(&self) -> &http::HeaderMap {
        &self.headers
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }
}

async fn ask<A: Arrival>(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
    deadline: Instant,
    wanted: Wanted<'_>,
) -> Result<A, Fault> {
    match destination {
        Destination::Fixed { address, transport } => {
            // There is no other instance to try.
            let limit = deadline.min(after(plan.attempt_limit(false)));
            let hop = Hop {
                to: address,
                key: None,
                // Who is called by address is whoever is there.
                service: None,
                limit,
            };
            exchange(transport.as_ref(), hop, request)
                .await
                .map_err(|failed| failed.fault)
        }
        Destination::Discovered {
            resolver,
            transport,
        } => {
            let attempts = Attempts {
                resolver,
                transport: transport.as_ref(),
                request,
                is_idempotent,
                wanted,
                plan,
                deadline,
            };
            attempts.run().await
        }
    }
}

impl Destination {
    /// Remembers that `operation` is called, for the center to know.
    pub(crate) fn note(&self, operation: &'static Operation) {
        if let Self::Discovered { resolver, .. } = self {
            resolver.uses().note(operation);
        }
    }
}

/// The time `span` from now; a span without end is far away.
pub(crate) fn after(span: Duration) -> Instant {
    since(Instant::now(), span)
}

/// The time `span` after `begin`.
pub(crate) fn since(begin: Instant, span: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    begin.checked_add(span).unwrap_or(begin + FAR)
}

struct Attempts<'a> {
    resolver: &'a Resolver,
    transport: &'a dyn Transport,
    request: &'a Outgoing,
    is_idempotent: bool,
    wanted: Wanted<'a>,
    plan: CallPlan,
    deadline: Instant,
}

impl Attempts<'_> {
    async fn run<A: Arrival>(self) -> Result<A, Fault> {
        let Self {
            resolver,
            plan,
            deadline,
            ..
        } = self;
        let mut random = fastrand::Rng::new();
        let mut set = resolver.endpoints(deadline).await?;
        let limits = &resolver.limits;
        let _place = match limits.try_enter() {
            Some(place) => place,
            None => {
                let place = limits.enter(deadline).await?;
                // The list may be another one by now.
                set = resolver.endpoints(deadline).await?;
                place
            }
        };
        limits.budget.pay_in();
        let mut tried = Vec::new();
        let mut attempt = 1;
        // Whatever the last attempt says: an earlier one may have run.
        let mut before = Before::default();
        // What the last attempt came to, and the pause that the service asked for.
        let mut last = None;
        let mut retry_after = None;
        let mut has_looked_again = false;
        loop {
            let index = match self.pick(&set, &tried, &mut random) {
                Some(index) => index,
                None if tried.is_empty() && has_looked_again => {
                    return Err(before.tell(self.wanted.not_offered(resolver, &set)));
                }
                None if tried.is_empty() => {
                    has_looked_again = true;
                    let fresh = resolver.look_again(deadline).await;
                    set = fresh.map_err(|fault| before.tell(fault))?;
                    continue;
                }
                None => {
                    // Every instance was tried: wait a little and begin anew, with
                    // what the center knows by now.
                    tried.clear();
                    let until = after(retry::pause(retry_after, &mut random, deadline));
                    if until >= deadline
                        && let Some(last) = last
                    {
                        return told(last, before);
                    }
                    tokio::time::sleep_until(until).await;
                    let fresh = resolver.endpoints(deadline).await;
                    set = fresh.map_err(|fault| before.tell(fault))?;
                    continue;
                }
            };
            let result = match plan.hedge_after {
                Some(pause) if self.is_idempotent && attempt < plan.attempts => {
                    let second = self.hedged::<A>(&set, index, &tried, pause, &mut random);
                    // Boxed: other calls need not be larger for it.
                    let (result, second) = Box::pin(second).await;
                    if let Some(second) = second {
                        tried.push(second);
                        attempt += 1;
                        before.may_have_executed = true;
                    }
                    result
                }
                _ => self.send(&set.endpoints[index], &mut random).await,
            };
            let failure = match &result {
                Ok(answer) => match Failure::of_answer(answer.status(), answer.headers()) {
                    Some(failure) => failure,
                    None => return result.map_err(|failed| failed.fault),
                },
                Err(failed) => Failure::of_fault(&failed.fault, failed.is_transient),
            };
            let may_repeat = failure.is_transient
                && (!failure.may_have_executed || self.is_idempotent)
                && attempt < plan.attempts
                && Instant::now() < deadline;
            before.is_budget_spent =
                may_repeat && failure.is_charged && !limits.budget.take(clock::now());
            if !may_repeat || before.is_budget_spent {
                return told(result, before);
            }
            match &result {
                Ok(answer) => {
                    tracing::debug!(instance = %set.endpoints[index].id, status = %answer.status(), attempt, "attempt failed, trying again");
                }
                Err(Failed { fault, .. }) => {
                    tracing::debug!(instance = %set.endpoints[index].id, %fault, attempt, "attempt failed, trying again");
                }
            }
            before.may_have_executed |= failure.may_have_executed;
            retry_after = failure.retry_after;
            last = Some(result);
            attempt += 1;
            tried.push(index);
        }
    }

    fn pick(
        &self,
        set: &EndpointSet,
        tried: &[usize],
        random: &mut fastrand::Rng,
    ) -> Option<usize> {
        let is_eligible = |endpoint: &Endpoint| self.wanted.is_offered_by(endpoint);
        balancer::pick(set, &is_eligible, tried, clock::now(), random)
    }

    /// One attempt.
    async fn send<A: Arrival>(
        &self,
        endpoint: &Endpoint,
        random: &mut fastrand::Rng,
    ) -> Result<A, Failed> {
        let limit = after(self.plan.attempt_limit(self.is_idempotent));
        let result = to_endpoint::<A>(
            self.transport,
            (endpoint, self.resolver.addressee()),
            self.request,
            limit.min(self.deadline),
            // A call that had no time left says nothing about the instance.
            limit > self.deadline,
            random,
        )
        .await;
        let is_lost = match &result {
            Ok(answer) => retry::is_misdirected(answer.status(), answer.headers()),
            Err(failed) => failed.is_unreachable,
        };
        if is_lost {
            self.resolver.lost(endpoint);
        }
        result
    }

    /// One attempt, and one at another instance beside it when it takes longer
    /// than `pause`; tells which.
    async fn hedged<A: Arrival>(
        &self,
        set: &EndpointSet,
        index: usize,
        tried: &[usize],
        pause: Duration,
        random: &mut fastrand::Rng,
    ) -> (Result<A, Failed>, Option<usize>) {
        let mut picked = None;
        let (also, mut random_of_second) = (&mut picked, random.fork());
        let second = move || {
            let tried = [tried, &[index]].concat();
            let other = self.pick(set, &tried, &mut random_of_second)?;
            let (endpoint, now) = (&set.endpoints[other], clock::now());
            if endpoint.ejection.is_unreachable(now) || !self.resolver.limits.budget.take(now) {
                return None;
            }
            *also = Some(other);
            Some(async move { self.send(endpoint, &mut random_of_second).await })
        };
        let is_good = |result: &Result<A, Failed>| match result {
            Ok(answer) => Failure::of_answer(answer.status(), answer.headers()).is_none(),
            Err(_) => false,
        };
        let first = self.send(&set.endpoints[index], random);
        let (result, _) = hedge::race(first, pause, second, is_good).await;
        (result, picked)
    }
}

/// What a call comes to that is not tried again.
fn told<A: Arrival>(result: Result<A, Failed>, before: Before) -> Result<A, Fault> {
    match result {
        Ok(answer) => Ok(answer.after(before)),
        Err(failed) => Err(before.tell(failed.fault)),
    }
}

async fn to_endpoint<A: Arrival>(
    transport: &dyn Transport,
    (endpoint, service): (&Endpoint, Option<&HeaderValue>),
    request: &Outgoing,
    limit: Instant,
    is_cut_short: bool,
    random: &mut fastrand::Rng,
) -> Result<A, Failed> {
    let _in_flight = endpoint.enter();
    let timed = Timed::new(endpoint);
    let hop = Hop {
        to: &endpoint.address,
        key: endpoint.key.as_ref(),
        service,
        limit,
    };
    let result = exchange::<A>(transport, hop, request).await;
    let is_in_vain = match &result {
        Err(failed) => failed.fault.is_timeout(),
        // The service gave up because the caller did.
        Ok(answer) => {
            is_cut_short
                && answer.status() == http::StatusCode::GATEWAY_TIMEOUT
                && Instant::now() >= limit
        }
    };
    let (took, now) = if is_in_vain {
        timed.in_vain()
    } else {
        timed.stop()
    };
    let outcome = match &result {
        // A caller's short patience says nothing against the instance.
        _ if is_in_vain && is_cut_short => None,
        Ok(answer) => retry::learn(endpoint, answer.status(), answer.headers(), took, now),
        Err(failed) if failed.is_unreachable => Some(Outcome::Unreachable),
        Err(_) if is_in_vain => Some(Outcome::Failed),
        // The request is at fault.
        Err(_) => None,
    };
    if let Some(outcome) = outcome {
        let jitter = if outcome == Outcome::Answered {
            0.0
        } else {
            random.f64()
        };
        endpoint.ejection.record(outcome, now, jitter);
    }
    result
}

/// The time of an attempt. One that is given up, as the loser of two is, was a
/// wait in vain.
struct Timed<'a> {
    endpoint: &'a Endpoint,
    started: Duration,
    is_over: bool,
}

impl<'a> Timed<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            endpoint,
            started: clock::now(),
            is_over: false,
        }
    }

    /// The time that it took, and the time that it is.
    fn stop(mut self) -> (Duration, Duration) {
        self.is_over = true;
        let now = clock::now();
        (now.saturating_sub(self.started), now)
    }

    fn in_vain(mut self) -> (Duration, Duration) {
        self.is_over = true;
        let now = clock::now();
        let waited = now.saturating_sub(self.started);
        self.endpoint.latency.at_least(waited, now);
        (waited, now)
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let now = clock::now();
            let waited = now.saturating_sub(self.started);
            self.endpoint.latency.at_least(waited, now);
        }
    }
}

/// An attempt without an answer.
struct Failed {
    fault: Fault,
    /// No connection could be made, or it broke.
    is_unreachable: bool,
    /// Another attempt may go better.
    is_transient: bool,
}

async fn exchange<A: Arrival>(
    transport: &dyn Transport,
    hop: Hop<'_>,
    request: &Outgoing,
) -> Result<A, Failed> {
    let base = hop.to.base();
    match tokio::time::timeout_at(hop.limit, A::exchange(transport, hop, request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(TransportError { kind, source })) => {
            let (fault, is_unreachable) = match kind {
                TransportErrorKind::Connect => (
                    Fault::new(FaultKind::Connect, format!("cannot connect to {base}")),
                    true,
                ),
                TransportErrorKind::Broken => (
                    Fault::new(FaultKind::Broken, format!("the connection to {base} broke")),
                    true,
                ),
                TransportErrorKind::Invalid => (
                    Fault::new(FaultKind::InvalidRequest, "the request cannot be sent"),
                    false,
                ),
                TransportErrorKind::TooLarge => (
                    Fault::new(FaultKind::Decode, "the answer is larger than 64 MiB"),
                    false,
                ),
            };
            Err(Failed {
                fault: fault.because(source),
                is_unreachable,
                is_transient: is_unreachable,
            })
        }
        Err(_) => Err(Failed {
            fault: Fault::new(FaultKind::Timeout, format!("no answer from {base} in time")),
            is_unreachable: false,
            is_transient: true,
        }),
    }
}

#[cfg(test)]
mod trouble;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use bytes::Bytes;
    use http::uri::PathAndQuery;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::client::options::CallOptions;
    use crate::client::source::{Source, SourceError};
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
        Outgoing {
            method,
            target: PathAndQuery::from_static("/"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            stream: None,
        }
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
}
