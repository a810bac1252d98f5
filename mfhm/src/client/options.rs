//! [`CallOptions`]: how a call is made.

use std::time::Duration;

use crate::contract::Operation;

/// How long a call may take where nobody says anything.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How calls are made; what is not said stays as it was.
///
/// How long a call may take is what is said of the call or of its client, else
/// the operation's `#[timeout]`, else that of its contract, else what its
/// [`Caller`](crate::Caller) says of all calls, else 15 s. To allow more than
/// the `#[timeout]` is of no use: the service keeps to it as well.
///
/// ```
/// # use std::time::Duration;
/// # use mfhm::CallOptions;
/// let fast = CallOptions::new().timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOptions {
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    attempts: Option<u32>,
    hedge_after: Option<Duration>,
    is_idempotent: Option<bool>,
    is_detached: bool,
}

/// [`CallOptions`] with every default filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallPlan {
    pub timeout: Duration,
    attempt_timeout: Option<Duration>,
    /// So long the operation may take: one attempt may, too.
    declared: Duration,
    pub attempts: u32,
    pub hedge_after: Option<Duration>,
    /// Whether it may run twice, whatever the operation says.
    pub is_idempotent: Option<bool>,
    /// It has its own time, whatever request is being handled.
    pub is_detached: bool,
}

impl CallPlan {
    /// The same for what can be sent once only: one attempt, with all the time.
    pub(crate) fn once(self) -> Self {
        Self {
            attempts: 1,
            attempt_timeout: Some(self.timeout),
            ..self
        }
    }

    /// How long one attempt may take. What can be repeated leaves time for
    /// that, unless the caller said otherwise.
    pub(crate) fn attempt_limit(&self, can_repeat: bool) -> Duration {
        match self.attempt_timeout {
            Some(timeout) => timeout,
            None if can_repeat => Duration::from_secs(5)
                .max(self.timeout / self.attempts)
                .max(self.declared),
            None => self.timeout,
        }
    }
}

impl CallOptions {
    /// The defaults: 15 s for the call, 3 attempts of 5 s each.
    pub const fn new() -> Self {
        Self {
            timeout: None,
            attempt_timeout: None,
            attempts: None,
            hedge_after: None,
            is_idempotent: None,
            is_detached: false,
        }
    }

    /// How long the call may take, all attempts together. The default is 15 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long one attempt may take. The default is an equal share of the
    /// [`timeout`](Self::timeout), at least 5 s and at least the operation's
    /// `#[timeout]`; and the whole of it for a call
    /// that is not repeated (not idempotent, or at a fixed address).
    #[must_use]
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How often the call is tried, the first time included; at least 1. The
    /// default is 3. What may have run is tried again only if the operation is
    /// idempotent, and only as often as the caller's
    /// [budget](crate::CallerBuilder::retry_budget) allows; 1 is never.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Asks a second instance when the first has not answered after this time; the
    /// answer that comes first counts, and the other request is given up. It is
    /// off by default. A time that few calls need is a good one, such as the 95th
    /// percentile: then few calls are made twice.
    ///
    /// Idempotent operations only; others ignore it, as calls at a fixed address
    /// or with one [attempt](Self::attempts) do. The second request is one of the
    /// attempts and is paid from the caller's
    /// [budget](crate::CallerBuilder::retry_budget). `Duration::MAX` switches it
    /// off for one client or call.
    #[must_use]
    pub const fn hedge_after(mut self, time: Duration) -> Self {
        self.hedge_after = Some(time);
        self
    }

    /// Whether the call may be run twice, and so be tried again when it may have run;
    /// else its method says so, or the operation's `#[idempotent]`. It is for what the
    /// contract cannot know: yes for one that carries a key by which the service
    /// notices a repetition, no for a GET that costs too much to be made again. To say
    /// yes for all calls of a caller is wrong as soon as one of them is not.
    ///
    /// ```
    /// # async fn f(caller: mfhm::Caller, order: u64) -> Result<(), mfhm::Fault> {
    /// use mfhm::CallOptions;
    ///
    /// let call = caller.call("payments", "pay").header("idempotency-key", order.to_string());
    /// call.options(CallOptions::new().idempotent(true)).send().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn idempotent(mut self, is_idempotent: bool) -> Self {
        self.is_idempotent = Some(is_idempotent);
        self
    }

    /// Gives the call its own time only: the deadline of the request that is being
    /// handled, which calls [take over](crate::request()) else, says nothing to it. It
    /// takes over headers all the same, for whose work it is has not changed.
    ///
    /// It is for what has to be done in any case, such as a booking that has to be
    /// undone because the time was over. A handler that is given up is dropped with the
    /// calls it waits for, so what has to outlive it is to be
    /// [spawned](crate::spawn()) as well.
    #[must_use]
    pub const fn detached(mut self) -> Self {
        self.is_detached = true;
        self
    }

    /// These options where they say something, else `base`'s.
    pub(crate) fn over(self, base: Self) -> Self {
        Self {
            timeout: self.timeout.or(base.timeout),
            attempt_timeout: self.attempt_timeout.or(base.attempt_timeout),
            attempts: self.attempts.or(base.attempts),
            hedge_after: self.hedge_after.or(base.hedge_after),
            is_idempotent: self.is_idempotent.or(base.is_idempotent),
            is_detached: self.is_detached || base.is_detached,
        }
    }

    /// Of the [plan](Self::plan_of) what a call within the process needs: how long it
    /// may take, and whether it has its own time.
    #[inline]
    pub(crate) fn time_of(&self, operation: &Operation, of_caller: &Self) -> (Duration, bool) {
        let said = self.timeout.or(operation.timeout()).or(of_caller.timeout);
        let is_detached = self.is_detached || of_caller.is_detached;
        (said.unwrap_or(TIMEOUT), is_detached)
    }

    pub(crate) fn plan(self) -> CallPlan {
        CallPlan {
            timeout: self.timeout.unwrap_or(TIMEOUT),
            attempt_timeout: self.attempt_timeout,
            declared: Duration::ZERO,
            attempts: self.attempts.unwrap_or(3).max(1),
            hedge_after: self.hedge_after,
            is_idempotent: self.is_idempotent,
            is_detached: self.is_detached,
        }
    }

    /// The plan of a call of `operation`: what was said of the call or the
    /// client, else what the operation declares, else what its caller says of
    /// all calls.
    pub(crate) fn plan_of(self, operation: &Operation, of_caller: Self) -> CallPlan {
        let declared = operation.timeout();
        let of_operation = Self {
            timeout: declared,
            ..Self::new()
        };
        CallPlan {
            declared: declared.unwrap_or_default(),
            ..self.over(of_operation).over(of_caller).plan()
        }
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> CallOptions {
        CallOptions::new().timeout(Duration::from_secs(seconds))
    }

    #[test]
    fn the_call_goes_before_the_operation_and_that_before_the_caller() {
        static PLAIN: Operation = Operation::new("a", "GET", "/");
        static DECLARED: Operation = Operation::new("a", "GET", "/").timeout_ms(20_000);
        let nothing = CallOptions::new();
        for (of_call, operation, of_caller, expected) in [
            (nothing, &PLAIN, nothing, 15),
            (nothing, &PLAIN, seconds(7), 7),
            (nothing, &DECLARED, seconds(7), 20),
            (seconds(1), &DECLARED, seconds(7), 1),
            (seconds(1), &PLAIN, seconds(7), 1),
        ] {
            let plan = of_call.plan_of(operation, of_caller);
            assert_eq!(plan.timeout.as_secs(), expected);
            let (timeout, _) = of_call.time_of(operation, &of_caller);
            assert_eq!(timeout, plan.timeout);
        }
    }

    #[test]
    fn what_is_said_of_a_call_is_not_lost_in_what_is_said_of_its_client() {
        let client = CallOptions::new().idempotent(true).detached().attempts(2);
        let plan = seconds(1).idempotent(false).over(client).plan();
        assert_eq!((plan.is_idempotent, plan.is_detached), (Some(false), true));
        assert_eq!((plan.attempts, plan.timeout.as_secs()), (2, 1));
        assert_eq!(CallOptions::new().plan().is_idempotent, None);
    }

    #[test]
    fn one_attempt_may_take_what_the_operation_may() {
        static DECLARED: Operation = Operation::new("a", "GET", "/").timeout_ms(20_000);
        let limit = |options: CallOptions, can_repeat| {
            let plan = options.plan_of(&DECLARED, CallOptions::new());
            plan.attempt_limit(can_repeat).as_secs()
        };
        assert_eq!(limit(CallOptions::new(), true), 20);
        assert_eq!(limit(seconds(90), true), 30);
        assert_eq!(limit(seconds(90), false), 90);
        let short = CallOptions::new().attempt_timeout(Duration::from_secs(2));
        assert_eq!(limit(short, true), 2);
    }
}
