//! One call, in as many attempts as it takes and may have.

mod arrival;
mod exchange;
mod hedged;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use self::arrival::Arrival;
use self::exchange::{Failed, Span, exchange, to_endpoint};
use super::endpoint::{Endpoint, EndpointSet};
use super::error::{Fault, FaultKind};
use super::options::CallPlan;
use super::resolver::Resolver;
use super::retry::{self, Before, Failure};
use super::transport::{Address, Answered, Hop, Opened, Outgoing, Transport};
use super::{balancer, clock};
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
            let now = Instant::now();
            let hop = Hop {
                to: address,
                key: None,
                // Who is called by address is whoever is there.
                service: None,
                identity: None,
                now,
                limit: deadline.min(since(now, plan.attempt_limit(false))),
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
                identity: None,
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
    begin.checked_add(span).unwrap_or_else(|| begin + FAR)
}

struct Attempts<'a> {
    resolver: &'a Resolver,
    transport: &'a dyn Transport,
    request: &'a Outgoing,
    is_idempotent: bool,
    wanted: Wanted<'a>,
    plan: CallPlan,
    deadline: Instant,
    /// The center's word for who calls.
    identity: Option<HeaderValue>,
}

impl Attempts<'_> {
    async fn run<A: Arrival>(mut self) -> Result<A, Fault> {
        let Self {
            resolver,
            plan,
            deadline,
            ..
        } = self;
        let mut random = fastrand::Rng::new();
        let mut set = resolver.endpoints(deadline).await?;
        self.identity = resolver.identity(deadline).await;
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
        // What the last attempt came to, and the shortest pause that an instance
        // asked for since all of them were left.
        let mut last = None;
        let mut asked: Option<Duration> = None;
        let mut has_looked_again = false;
        let mut has_renewed = false;
        loop {
            let now = Instant::now();
            let index = match self.pick(&set, &tried, now, &mut random) {
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
                    let pause = retry::pause(asked.take().unwrap_or_default(), &mut random);
                    let until = since(now, pause);
                    if until >= deadline
                        && let Some(last) = last
                    {
                        // What came is all that can come in time.
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
                    let second = self.hedged::<A>(&set, index, now, &tried, pause, &mut random);
                    // Boxed: other calls need not be larger for it.
                    let (result, second) = Box::pin(second).await;
                    if let Some(second) = second {
                        tried.push(second);
                        attempt += 1;
                        before.may_have_executed = true;
                    }
                    result
                }
                _ => self.send(&set.endpoints[index], now, &mut random).await,
            };
            let failure = match &result {
                Ok(answer) => match Failure::of_answer(answer.status(), answer.headers()) {
                    Some(failure) => failure,
                    None if retry::is_unknown_caller(answer.status(), answer.headers())
                        && !std::mem::replace(&mut has_renewed, true) =>
                    {
                        let sent = self.identity.as_ref();
                        let renewed = resolver.renewed_identity(sent, deadline).await;
                        if renewed.is_none() {
                            return told(result, before);
                        }
                        // Nothing was run, so this was no attempt.
                        self.identity = renewed;
                        continue;
                    }
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
            let pause = failure.retry_after.unwrap_or_default();
            asked = Some(asked.map_or(pause, |other| other.min(pause)));
            last = Some(result);
            attempt += 1;
            tried.push(index);
        }
    }

    fn pick(
        &self,
        set: &EndpointSet,
        tried: &[usize],
        now: Instant,
        random: &mut fastrand::Rng,
    ) -> Option<usize> {
        let is_eligible = |endpoint: &Endpoint| self.wanted.is_offered_by(endpoint);
        balancer::pick(set, &is_eligible, tried, clock::at(now), random)
    }

    /// One attempt.
    async fn send<A: Arrival>(
        &self,
        endpoint: &Endpoint,
        now: Instant,
        random: &mut fastrand::Rng,
    ) -> Result<A, Failed> {
        let limit = since(now, self.plan.attempt_limit(self.is_idempotent));
        let result = to_endpoint::<A>(
            self.transport,
            (endpoint, self.resolver.addressee(), self.identity.as_ref()),
            self.request,
            Span {
                now,
                limit: limit.min(self.deadline),
                is_cut_short: limit > self.deadline,
            },
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
}

/// What a call comes to that is not tried again.
fn told<A: Arrival>(result: Result<A, Failed>, before: Before) -> Result<A, Fault> {
    match result {
        Ok(answer) => Ok(answer.after(before)),
        Err(failed) => Err(before.tell(failed.fault)),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble;
