//! What an attempt came to, and what follows from it for the next one.
//!
//! | outcome | tried again |
//! |---|---|
//! | no connection | always, and free of charge: it was no load |
//! | 503 that says the request was not run | always |
//! | 421 of another service, which took the port over | always, and free of charge |
//! | 401 that says the request was not run | once, when the center says anew who calls |
//! | 502, 503, 504, a broken connection, no answer in time | if the operation is idempotent |
//! | any other answer | never |
//!
//! What is not free of charge is paid from the [budget](super::budget).

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::ejection::Outcome;
use super::endpoint::Endpoint;
use super::error::Fault;
use crate::wire::overload;

/// An address of somebody else gets no call for so long.
const MISDIRECTED: Duration = Duration::from_secs(30);

/// What an attempt that was no success came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Another attempt may go better.
    pub is_transient: bool,
    pub may_have_executed: bool,
    /// It was load to the service, so trying again is paid for.
    pub is_charged: bool,
    /// The pause that the service asked for.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// `None` for an answer that stands.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let is_misdirected = is_misdirected(status, headers);
        (is_failure(status) || is_misdirected).then(|| Self {
            is_transient: true,
            may_have_executed: !overload::is_not_run(headers),
            is_charged: !is_misdirected,
            retry_after: asked_pause(status, headers),
        })
    }

    pub(crate) fn of_fault(fault: &Fault, is_transient: bool) -> Self {
        Self {
            is_transient,
            may_have_executed: fault.may_have_executed(),
            is_charged: !fault.is_connect(),
            retry_after: None,
        }
    }
}

/// How long to wait before an instance is asked a second time: from 25 to 250 ms
/// by chance, on top of what the service asked for.
pub(crate) fn pause(asked: Duration, random: &mut fastrand::Rng) -> Duration {
    asked.saturating_add(Duration::from_millis(random.u64(25..=250)))
}

/// What the endpoint is held to after an answer; `None` is nothing.
pub(crate) fn learn(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    took: Duration,
    now: Duration,
) -> Option<Outcome> {
    if is_misdirected(status, headers) {
        // Until the list says that it is gone.
        endpoint.ejection.pause(MISDIRECTED, now);
        return None;
    }
    if status.as_u16() < 500 {
        endpoint.latency.record(took, now);
        return Some(Outcome::Answered);
    }
    endpoint.latency.failed(took, now);
    if let Some(pause) = asked_pause(status, headers) {
        endpoint.ejection.pause(pause, now);
    }
    if !is_failure(status) {
        Some(Outcome::Answered)
    } else if overload::is_not_run(headers) {
        // It is alive and says what it wants: the pause, and no ejection that
        // would only move its load to the others.
        None
    } else {
        Some(Outcome::Failed)
    }
}

/// Whether somebody else has the port by now.
pub(crate) fn is_misdirected(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::MISDIRECTED_REQUEST && overload::is_not_run(headers)
}

/// Whether the service does not believe any more, or not yet, what the center said of
/// who calls.
pub(crate) fn is_unknown_caller(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED && overload::is_not_run(headers)
}

fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502..=504)
}

fn asked_pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    (status == StatusCode::SERVICE_UNAVAILABLE)
        .then(|| overload::retry_after(headers))
        .flatten()
}

/// What came before an answer, for the fault that may become of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    /// An earlier attempt may have run.
    pub may_have_executed: bool,
    /// It would have been tried again if the budget had allowed it.
    pub is_budget_spent: bool,
}

impl Before {
    /// The fault with what came before it.
    pub(crate) fn tell(self, fault: Fault) -> Fault {
        let fault = fault.after_attempts(self.may_have_executed);
        if self.is_budget_spent {
            fault.noting(
                "not tried again, for too many calls of the service were tried again lately",
            )
        } else {
            fault
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::instance::InstanceId;

    fn endpoint() -> Endpoint {
        let id = InstanceId::from_random(1);
        Endpoint::new(id, "127.0.0.1".to_owned(), 1, None, Vec::new())
    }

    fn headers(is_not_run: bool) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("2"))]);
        if is_not_run {
            headers.insert(overload::NOT_RUN, HeaderValue::from_static("true"));
        }
        headers
    }

    #[test]
    fn only_gateway_errors_are_failures_of_the_instance() {
        let none = HeaderMap::new();
        for (status, is_one) in [
            (200, false),
            (404, false),
            (500, false),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
            (505, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                Failure::of_answer(status, &none).is_some(),
                is_one,
                "{status}"
            );
        }
    }

    #[test]
    fn somebody_else_in_the_place_never_ran_it_and_gets_no_more_calls() {
        const NOW: Duration = Duration::from_secs(1);
        let status = StatusCode::MISDIRECTED_REQUEST;
        let failure = Failure::of_answer(status, &headers(true)).unwrap();
        assert!(failure.is_transient && !failure.may_have_executed && !failure.is_charged);
        let endpoint = endpoint();
        assert_eq!(learn(&endpoint, status, &headers(true), NOW, NOW), None);
        assert!(endpoint.ejection.is_paused(20 * NOW) && !endpoint.ejection.is_paused(32 * NOW));
        // A 421 of the service's own is an answer.
        assert_eq!(Failure::of_answer(status, &headers(false)), None);
    }

    #[test]
    fn a_service_that_has_too_much_to_do_gets_a_pause_and_no_ejection() {
        const NOW: Duration = Duration::from_secs(1);
        for (is_not_run, is_ejected) in [(true, false), (false, true)] {
            let endpoint = endpoint();
            let headers = headers(is_not_run);
            for _ in 0..5 {
                let outcome = learn(
                    &endpoint,
                    StatusCode::SERVICE_UNAVAILABLE,
                    &headers,
                    NOW,
                    NOW,
                );
                if let Some(outcome) = outcome {
                    endpoint.ejection.record(outcome, NOW, 0.0);
                }
            }
            assert!(endpoint.ejection.is_paused(NOW));
            assert!(!endpoint.ejection.is_paused(3 * NOW));
            assert_eq!(endpoint.ejection.is_failing(NOW), is_ejected);
            let failure = Failure::of_answer(StatusCode::SERVICE_UNAVAILABLE, &headers).unwrap();
            assert_eq!(failure.may_have_executed, !is_not_run);
            assert_eq!(failure.retry_after, Some(2 * NOW));
        }
    }
}
