//! [`Inherited`]: what a call takes over from the request that is being handled.
//!
//! The deadline goes on as it is, without a margin for the handler. How long a
//! handler needs after a call that failed is known to it alone, and it says so by a
//! shorter time-out of the call; a margin of ours would be too short for one and
//! wasted on the others, once for each service on the way. A handler that only wants
//! to answer something else can do so: when both times are over at once, it is the
//! call that ends first.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::attempt;
use super::error::{Fault, FaultKind};
use super::options::CallPlan;
use super::propagation::Propagation;
use crate::contract::Param;
use crate::current::{self, Carried, Head};

/// What a call takes over: the end of its time, and headers.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub time: CallTime,
    head: Option<Arc<Head>>,
    propagation: Propagation,
}

/// When a call is given up, and by whose deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallTime {
    pub deadline: Instant,
    /// By the request that is being handled, and not by the call's own options.
    is_inherited: bool,
    /// It was over before the call began.
    is_over: bool,
}

impl Inherited {
    /// Of the request that the current task works for, for a call that begins now.
    pub(crate) fn of(plan: &CallPlan, propagation: &Propagation) -> Self {
        let Carried { deadline, head, .. } = current::carried();
        let time = CallTime::of(plan.timeout, plan.is_detached, deadline, Instant::now());
        let propagation = match head {
            Some(_) => propagation.clone(),
            None => Propagation::Usual,
        };
        Self {
            time,
            head,
            propagation,
        }
    }

    /// Adds the headers that go on to those of the call.
    pub(crate) fn lend(&self, headers: &mut HeaderMap, params: &[Param]) {
        if let Some(head) = &self.head {
            self.propagation.lend(&head.headers, headers, params);
        }
    }
}

impl CallTime {
    /// The time of a call that begins now.
    pub(crate) fn of_call(plan: &CallPlan) -> Self {
        let of_request = current::request_deadline();
        Self::of(plan.timeout, plan.is_detached, of_request, Instant::now())
    }

    /// Of a call that begins now and may take so long.
    #[inline]
    pub(crate) fn of(
        timeout: Duration,
        is_detached: bool,
        of_request: Option<Instant>,
        now: Instant,
    ) -> Self {
        let own = attempt::since(now, timeout);
        let inherited = of_request.filter(|deadline| !is_detached && *deadline < own);
        let deadline = inherited.unwrap_or(own);
        Self {
            deadline,
            is_inherited: inherited.is_some(),
            is_over: deadline <= now,
        }
    }

    /// Whether there is time for the call. Where there is none, nothing is sent: no
    /// instance is at fault, and no budget pays.
    #[inline]
    pub(crate) fn check(self) -> Result<(), Fault> {
        if self.is_over {
            let detail = "no time was left for the call, so it was not made";
            return Err(Fault::new(FaultKind::TimeoutUnsent, detail));
        }
        Ok(())
    }

    /// The fault with the reason, if it is the request's deadline.
    pub(crate) fn tell(self, fault: Fault) -> Fault {
        if self.is_inherited && fault.is_timeout() && self.deadline <= Instant::now() {
            fault.noting("the deadline is that of the request that is being handled")
        } else {
            fault
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::options::CallOptions;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn the_earlier_deadline_counts_and_is_told() {
        let now = Instant::now();
        let options = CallOptions::new().timeout(100 * MS);
        for (options, of_request, expected, is_inherited) in [
            (options, None, 100, false),
            (options, Some(50), 50, true),
            (options, Some(100), 100, false),
            (options, Some(150), 100, false),
            (options.detached(), Some(50), 100, false),
        ] {
            let of_request = of_request.map(|millis| now + millis * MS);
            let plan = options.plan();
            let time = CallTime::of(plan.timeout, plan.is_detached, of_request, now);
            assert_eq!(time.deadline - now, expected * MS);
            assert_eq!(time.is_inherited, is_inherited);
            time.check().unwrap();
        }
        let time = CallTime::of(100 * MS, false, Some(now + 50 * MS), now);
        let late = || Fault::new(FaultKind::Timeout, "late");
        assert_eq!(
            time.tell(late()).to_string(),
            "late",
            "an attempt's time-out"
        );
        tokio::time::advance(50 * MS).await;
        let told = time.tell(late()).to_string();
        assert!(
            told.contains("of the request that is being handled"),
            "{told}"
        );
        let broken = Fault::new(FaultKind::Broken, "broken");
        assert_eq!(time.tell(broken).to_string(), "broken");
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_is_made_when_the_time_is_over() {
        let now = Instant::now();
        for time in [
            CallTime::of(MS, false, Some(now), now),
            CallTime::of(MS, false, Some(now - MS), now),
            CallTime::of(Duration::ZERO, false, None, now),
        ] {
            let fault = time.check().unwrap_err();
            assert!(fault.is_timeout() && !fault.may_have_executed());
        }
    }
}
