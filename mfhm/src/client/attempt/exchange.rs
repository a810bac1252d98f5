//! One attempt: an exchange, and what the instance is held to for how it went.

use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use super::arrival::Arrival;
use crate::client::clock;
use crate::client::ejection::Outcome;
use crate::client::endpoint::Endpoint;
use crate::client::error::{Fault, FaultKind};
use crate::client::retry;
use crate::client::transport::{Hop, Outgoing, Transport, TransportError, TransportErrorKind};

/// When an attempt begins and when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub now: Instant,
    pub limit: Instant,
    /// The call had no time left for all of an attempt, which says nothing about
    /// the instance.
    pub is_cut_short: bool,
}

/// One attempt at this instance of this service.
pub(super) async fn to_endpoint<A: Arrival>(
    transport: &dyn Transport,
    (endpoint, service, identity): (&Endpoint, Option<&HeaderValue>, Option<&HeaderValue>),
    request: &Outgoing,
    span: Span,
    random: &mut fastrand::Rng,
) -> Result<A, Failed> {
    let Span {
        now,
        limit,
        is_cut_short,
    } = span;
    let _in_flight = endpoint.enter();
    let timed = Timed::new(endpoint, clock::at(now));
    let hop = Hop {
        to: &endpoint.address,
        key: endpoint.key.as_ref(),
        service,
        identity,
        now,
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
    fn new(endpoint: &'a Endpoint, started: Duration) -> Self {
        Self {
            endpoint,
            started,
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
pub(super) struct Failed {
    pub fault: Fault,
    /// No connection could be made, or it broke.
    pub is_unreachable: bool,
    /// Another attempt may go better.
    pub is_transient: bool,
}

/// The exchange itself.
pub(super) async fn exchange<A: Arrival>(
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
                // The operation has run, and the instance is not at fault.
                TransportErrorKind::NoRoom => (
                    Fault::new(
                        FaultKind::Decode,
                        "there is no memory for the answer beside the others that arrive",
                    ),
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
