//! One call, in as many attempts as it takes and may have.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::ejection::Outcome;
use super::endpoint::{Endpoint, EndpointSet};
use super::error::{Fault, FaultKind};
use super::options::CallPlan;
use super::resolver::Resolver;
use super::transport::{Answered, Opened, Outgoing, Transport, TransportError, TransportErrorKind};
use super::{balancer, clock};

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
        base: Arc<str>,
        transport: Arc<dyn Transport>,
    },
}

/// Sends `request` until an answer comes, the attempts or the time are used up,
/// or trying again could run the operation twice.
pub(crate) async fn call(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
    deadline: Instant,
    is_eligible: &Eligible<'_>,
) -> Result<Answered, Fault> {
    ask(
        destination,
        request,
        is_idempotent,
        plan,
        deadline,
        is_eligible,
    )
    .await
}

/// The same for an answer that is read while it comes: the time-outs end with
/// its headers, and what happens to it later is not tried again.
pub(crate) async fn open(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
) -> Result<Opened, Fault> {
    let deadline = after(plan.timeout);
    ask(destination, request, is_idempotent, plan, deadline, &|_| {
        true
    })
    .await
}

/// What an attempt waits for: all of the answer, or its headers.
trait Arrival: Sized {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        base: &'a str,
        key: Option<&'a http::HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>>;

    fn status(&self) -> http::StatusCode;
}

impl Arrival for Answered {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        base: &'a str,
        key: Option<&'a http::HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.exchange(base, key, request)
    }

    fn status(&self) -> http::StatusCode {
        self.status
    }
}

impl Arrival for Opened {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        base: &'a str,
        key: Option<&'a http::HeaderValue>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.open(base, key, request)
    }

    fn status(&self) -> http::StatusCode {
        self.status
    }
}

async fn ask<A: Arrival>(
    destination: &Destination,
    request: &Outgoing,
    is_idempotent: bool,
    plan: CallPlan,
    deadline: Instant,
    is_eligible: &Eligible<'_>,
) -> Result<A, Fault> {
    match destination {
        Destination::Fixed { base, transport } => {
            // There is no other instance to try.
            let limit = deadline.min(after(plan.attempt_limit(false)));
            exchange(transport.as_ref(), base, None, request, limit)
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
                is_eligible,
                plan,
                deadline,
            };
            attempts.run().await
        }
    }
}

/// The time `span` from now; a span without end is far away.
pub(crate) fn after(span: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now + FAR)
}

/// Whether an endpoint may get this call.
pub(crate) type Eligible<'a> = dyn Fn(&Endpoint) -> bool + Sync + 'a;

struct Attempts<'a> {
    resolver: &'a Resolver,
    transport: &'a dyn Transport,
    request: &'a Outgoing,
    is_idempotent: bool,
    is_eligible: &'a Eligible<'a>,
    plan: CallPlan,
    deadline: Instant,
}

impl Attempts<'_> {
    async fn run<A: Arrival>(self) -> Result<A, Fault> {
        let Self {
            resolver,
            transport,
            request,
            plan,
            deadline,
            ..
        } = self;
        let mut random = fastrand::Rng::new();
        let mut set = resolver.endpoints(deadline).await?;
        let mut tried = Vec::new();
        let mut attempt = 1;
        // Whatever the last attempt says: an earlier one may have run.
        let mut may_have_executed = false;
        loop {
            let index = match balancer::pick(
                &set.endpoints,
                self.is_eligible,
                &tried,
                clock::now(),
                &mut random,
            ) {
                Some(index) => index,
                None if tried.is_empty() => {
                    return Err(Fault::new(
                        FaultKind::NoInstance,
                        "no instance of the service offers the operation",
                    ));
                }
                None => {
                    // Every instance was tried: wait a little and begin anew, with
                    // what the center knows by now.
                    tried.clear();
                    set = wait_and_look_again(resolver, &mut random, deadline)
                        .await
                        .map_err(|fault| fault.after_attempts(may_have_executed))?;
                    continue;
                }
            };
            let endpoint = &set.endpoints[index];
            let limit = after(plan.attempt_limit(self.is_idempotent));
            let failed = match to_endpoint(
                transport,
                endpoint,
                request,
                limit.min(deadline),
                // A call that had no time left says nothing about the instance.
                limit > deadline,
                &mut random,
            )
            .await
            {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            may_have_executed |= failed.fault.may_have_executed();
            if failed.is_unreachable {
                resolver.lost(endpoint);
            }
            let may_repeat = !failed.fault.may_have_executed() || self.is_idempotent;
            if attempt >= plan.attempts
                || !may_repeat
                || !failed.is_transient
                || Instant::now() >= deadline
            {
                return Err(failed.fault.after_attempts(may_have_executed));
            }
            tracing::debug!(instance = %endpoint.id, fault = %failed.fault, attempt, "attempt failed, trying again");
            attempt += 1;
            tried.push(index);
        }
    }
}

/// Full jitter: from 25 to 250 ms.
async fn wait_and_look_again(
    resolver: &Resolver,
    random: &mut fastrand::Rng,
    deadline: Instant,
) -> Result<Arc<EndpointSet>, Fault> {
    let pause = Duration::from_millis(random.u64(25..=250));
    tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
    resolver.endpoints(deadline).await
}

async fn to_endpoint<A: Arrival>(
    transport: &dyn Transport,
    endpoint: &Endpoint,
    request: &Outgoing,
    limit: Instant,
    is_cut_short: bool,
    random: &mut fastrand::Rng,
) -> Result<A, Failed> {
    let _in_flight = endpoint.enter();
    let result = exchange::<A>(
        transport,
        &endpoint.base,
        endpoint.key.as_ref(),
        request,
        limit,
    )
    .await;
    let outcome = match &result {
        Ok(answer) if matches!(answer.status().as_u16(), 502..=504) => Outcome::Failed,
        Ok(_) => Outcome::Answered,
        Err(failed) if failed.is_unreachable => Outcome::Unreachable,
        Err(failed) if failed.fault.is_timeout() && !is_cut_short => Outcome::Failed,
        // The request is at fault, or the caller's patience, not the instance.
        Err(_) => return result,
    };
    let jitter = if outcome == Outcome::Answered {
        0.0
    } else {
        random.f64()
    };
    endpoint.ejection.record(outcome, clock::now(), jitter);
    result
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
    base: &str,
    key: Option<&http::HeaderValue>,
    request: &Outgoing,
    limit: Instant,
) -> Result<A, Failed> {
    match tokio::time::timeout_at(limit, A::exchange(transport, base, key, request)).await {
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
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    use super::*;
    use crate::client::options::CallOptions;
    use crate::client::source::{Source, SourceError};
    use crate::instance::InstanceId;

    #[derive(Debug)]
    struct Three;

    impl Source for Three {
        fn list<'a>(
            &'a self,
            _service: &'a str,
            _known: &'a EndpointSet,
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
        asked: Mutex<HashMap<String, usize>>,
    }

    impl Transport for Fake {
        fn exchange<'a>(
            &'a self,
            base: &'a str,
            _key: Option<&'a HeaderValue>,
            _request: &'a Outgoing,
        ) -> BoxFuture<'a, Result<Answered, TransportError>> {
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
                match self.broken.get(base) {
                    Some(&kind) => Err(TransportError {
                        kind,
                        source: "as told".into(),
                    }),
                    None => Ok(Answered {
                        status: StatusCode::OK,
                        headers: HeaderMap::new(),
                        body: Bytes::new(),
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
            target: "/".to_owned(),
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
            &|_| true,
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
}
