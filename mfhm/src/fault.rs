//! What a call can end with besides its value.

// A service without a client knows faults of streams only.
#![cfg_attr(not(feature = "client"), allow(dead_code))]

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;

use crate::wire::problem::{self, Problem, shown};

/// Why a call did not give its value.
///
/// ```
/// # use mfhm::CallError;
/// # fn f<E: mfhm::ApiError>(result: Result<(), CallError<E>>) {
/// match result {
///     Ok(()) => {}
///     Err(CallError::Api(error)) => println!("the service says: {error}"),
///     Err(CallError::Fault(fault)) if fault.is_timeout() => println!("too slow"),
///     Err(CallError::Fault(fault)) => println!("the call failed: {fault}"),
/// }
/// # }
/// ```
#[derive(Debug)]
pub enum CallError<E> {
    /// The service answered with an error that its contract declares.
    Api(E),
    /// The call itself failed, or the answer was none that the contract
    /// declares.
    Fault(Fault),
}

impl<E> CallError<E> {
    /// The declared error, if it is one.
    pub fn api(&self) -> Option<&E> {
        match self {
            Self::Api(error) => Some(error),
            Self::Fault(_) => None,
        }
    }

    /// The fault, if it is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Api(_) => None,
            Self::Fault(fault) => Some(fault),
        }
    }

    /// The same fault, or the declared error made another by `convert`.
    pub fn map_api<F>(self, convert: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            Self::Api(error) => CallError::Api(convert(error)),
            Self::Fault(fault) => CallError::Fault(fault),
        }
    }
}

impl CallError<Infallible> {
    /// The fault: a contract without errors leaves nothing else.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Api(never) => match never {},
            Self::Fault(fault) => fault,
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Api(error) => error.source(),
            Self::Fault(fault) => fault.source(),
        }
    }
}

impl<E> From<Fault> for CallError<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// So much of what an answer says is in a fault's text, in characters. All of it is in
/// [`Fault::problem`] and [`Fault::body`].
const LONGEST: usize = 1000;

/// Why a call failed other than by a declared error.
///
/// Its text names the service and the operation, and what happened; the cause
/// is in [`source`](std::error::Error::source). What to do follows from the
/// predicates; [`may_have_executed`](Self::may_have_executed) tells whether the
/// operation may have run.
pub struct Fault {
    inner: Box<Inner>,
}

struct Inner {
    kind: FaultKind,
    service: String,
    operation: String,
    detail: String,
    answer: Option<FaultAnswer>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// An attempt before the last one may have run the operation.
    may_have_executed: bool,
    /// Its answer says that nothing was run.
    is_not_run: bool,
}

/// The answer that made a call a fault.
struct FaultAnswer {
    status: StatusCode,
    problem: Option<Problem>,
    body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The request could not be made of these arguments.
    InvalidRequest,
    /// No center knows a service of this name.
    UnknownService,
    /// The service has no such operation, or not with this method.
    UnknownOperation,
    /// The service is known, and none of its instances can be called.
    NoInstance,
    /// There are instances, and none of them offers the operation.
    NotOffered,
    /// Nothing is known about the service and no center answers.
    CenterUnreachable,
    /// No connection to the instance.
    Connect,
    /// This process has as many calls of the service under way, and waiting, as it
    /// may.
    TooManyCalls,
    /// The deadline passed before the request was sent.
    TimeoutUnsent,
    /// The deadline passed.
    Timeout,
    /// The connection broke before the answer was complete.
    Broken,
    /// The answer's status is no success and its problem none of the contract's.
    Status,
    /// The answer could not be read as the declared type.
    Decode,
    /// An interceptor did not let the call pass.
    Refused,
    /// The implementation in this process panicked.
    Panicked,
}

impl Fault {
    /// The fault of a call that an [interceptor](crate::Interceptor) does not let
    /// pass. It was not sent, so the operation has not run.
    #[cfg(feature = "client")]
    pub fn refused(why: impl Into<String>) -> Self {
        Self::new(FaultKind::Refused, why)
    }

    /// What an interceptor ended a call with. Another call's fault says nothing
    /// about this one, which was not sent.
    #[cfg(feature = "client")]
    pub(crate) fn into_refusal(self) -> Self {
        match self.kind() {
            FaultKind::Refused if self.inner.service.is_empty() => self,
            _ => Self::refused("an interceptor failed").because(self),
        }
    }

    pub(crate) fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                service: String::new(),
                operation: String::new(),
                detail: detail.into(),
                answer: None,
                source: None,
                may_have_executed: false,
                is_not_run: false,
            }),
        }
    }

    /// The same fault with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// The fault of the last attempt, when one before it may have run.
    pub(crate) fn after_attempts(mut self, may_have_executed: bool) -> Self {
        self.inner.may_have_executed |= may_have_executed;
        self
    }

    /// The same with one more thing to say.
    pub(crate) fn noting(mut self, note: &str) -> Self {
        self.inner.detail.push_str("; ");
        self.inner.detail.push_str(note);
        self
    }

    pub(crate) fn of_call(mut self, service: &str, operation: &str) -> Self {
        service.clone_into(&mut self.inner.service);
        operation.clone_into(&mut self.inner.operation);
        self
    }

    /// An answer that is no success and no declared error.
    pub(crate) fn of_answer(status: StatusCode, problem: Option<Problem>, body: Bytes) -> Self {
        let said = problem
            .as_ref()
            .map(|problem| problem.detail.as_str())
            .unwrap_or_default();
        let detail = if said.is_empty() {
            format!("the service answered {status}")
        } else {
            format!("the service answered {status}: {}", shown(said, LONGEST))
        };
        let mut fault = Self::new(FaultKind::Status, detail);
        fault.inner.answer = Some(FaultAnswer {
            status,
            problem,
            body,
        });
        fault
    }

    /// The same, whose answer says that nothing was run, or does not.
    pub(crate) fn saying_not_run(mut self, is_not_run: bool) -> Self {
        self.inner.is_not_run = is_not_run;
        self
    }

    /// An answer with this status that could not be read.
    pub(crate) fn undecodable(status: StatusCode, body: Bytes, detail: String) -> Self {
        // It may repeat what could not be read.
        let mut fault = Self::new(FaultKind::Decode, shown(&detail, LONGEST));
        fault.inner.answer = Some(FaultAnswer {
            status,
            problem: None,
            body,
        });
        fault
    }

    pub(crate) fn kind(&self) -> FaultKind {
        self.inner.kind
    }

    /// The service that was called.
    pub fn service(&self) -> &str {
        &self.inner.service
    }

    /// The operation that was called.
    pub fn operation(&self) -> &str {
        &self.inner.operation
    }

    /// Whether the deadline of the call passed, or the service gave the operation
    /// up for its `#[timeout]`.
    pub fn is_timeout(&self) -> bool {
        let is_answer = |problem: &Problem| problem.code == problem::TIMEOUT;
        matches!(self.kind(), FaultKind::Timeout | FaultKind::TimeoutUnsent)
            || self.problem().is_some_and(is_answer)
    }

    /// Whether no connection to an instance could be made.
    pub fn is_connect(&self) -> bool {
        self.kind() == FaultKind::Connect
    }

    /// Whether the service cannot be called at present: no instance is usable,
    /// or none of those that are offers the operation; none can be connected to,
    /// nothing is known of it because no center answers, this process has too many
    /// calls of it under way, or it answered 503.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.kind(),
            FaultKind::NoInstance
                | FaultKind::NotOffered
                | FaultKind::CenterUnreachable
                | FaultKind::TooManyCalls
                | FaultKind::Connect
        ) || self.status() == Some(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Whether the center knows no service of this name.
    pub fn is_unknown_service(&self) -> bool {
        self.kind() == FaultKind::UnknownService
    }

    /// Whether the service does not offer the operation, or not with this
    /// method. A typed client's call ends so when none of the instances that
    /// there are offers the operation, as before a roll-out; the text says what they
    /// offer.
    pub fn is_unknown_operation(&self) -> bool {
        matches!(
            self.kind(),
            FaultKind::UnknownOperation | FaultKind::NotOffered
        )
    }

    /// Whether the arguments cannot be sent, such as a path parameter `..`.
    pub fn is_invalid_request(&self) -> bool {
        self.kind() == FaultKind::InvalidRequest
    }

    /// Whether an answer came that is not what the contract declares.
    pub fn is_decode(&self) -> bool {
        self.kind() == FaultKind::Decode
    }

    /// Whether an [interceptor](crate::Interceptor) did not let the call pass.
    #[cfg(feature = "client")]
    pub fn is_refused(&self) -> bool {
        self.kind() == FaultKind::Refused
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.answer.as_ref().map(|answer| answer.status)
    }

    /// The problem document of the answer, if there was one.
    pub fn problem(&self) -> Option<&Problem> {
        self.inner.answer.as_ref()?.problem.as_ref()
    }

    /// The body of the answer, if there was one.
    pub fn body(&self) -> Option<&[u8]> {
        self.inner.answer.as_ref().map(|answer| &*answer.body)
    }

    /// Whether the service may have run the operation. When not, the call can
    /// be made again whatever it does.
    pub fn may_have_executed(&self) -> bool {
        if self.inner.may_have_executed {
            return true;
        }
        match self.kind() {
            FaultKind::InvalidRequest
            | FaultKind::UnknownService
            | FaultKind::UnknownOperation
            | FaultKind::NoInstance
            | FaultKind::NotOffered
            | FaultKind::CenterUnreachable
            | FaultKind::TooManyCalls
            | FaultKind::Connect
            | FaultKind::TimeoutUnsent
            | FaultKind::Refused => false,
            // The service says of this one that it did not begin.
            FaultKind::Status => !self.inner.is_not_run,
            FaultKind::Timeout | FaultKind::Broken | FaultKind::Decode | FaultKind::Panicked => {
                true
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            service,
            operation,
            detail,
            ..
        } = &*self.inner;
        match (service.as_str(), operation.as_str()) {
            ("", _) => f.write_str(detail),
            (service, "") => write!(f, "call to {service}: {detail}"),
            (service, operation) => write!(f, "call to {service}.{operation}: {detail}"),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("kind", &self.inner.kind)
            .field("text", &self.to_string())
            .field("status", &self.status())
            .field("source", &self.inner.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<Fault> for crate::Error {
    fn from(fault: Fault) -> Self {
        Self::with_source("a call failed", fault)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<CallError<E>> for crate::Error {
    fn from(error: CallError<E>) -> Self {
        Self::with_source("a call failed", error)
    }
}

/// In a handler, a failed call to another service is this service's 502, 503 or
/// 504; a declared error of the other service is none of this one's, so it is a
/// 502 too.
#[cfg(feature = "server")]
impl axum::response::IntoResponse for Fault {
    fn into_response(self) -> axum::response::Response {
        // Of the caller's own stream, which it did not send.
        if let Some(slow) = crate::body::Slow::behind(&self) {
            return problem::too_slow(&slow.to_string()).into_axum();
        }
        let status = if self.is_timeout() {
            StatusCode::GATEWAY_TIMEOUT
        } else if self.is_unavailable() || self.is_unknown_service() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::BAD_GATEWAY
        };
        tracing::warn!(error = ?self, "a call made by a handler failed");
        // Addresses, and what the other service said, stay in the log.
        Problem::new(status, "mfhm.upstream", "a call to another service failed").into_axum()
    }
}

#[cfg(feature = "server")]
impl<E: std::error::Error> axum::response::IntoResponse for CallError<E> {
    fn into_response(self) -> axum::response::Response {
        match self {
            Self::Fault(fault) => fault.into_response(),
            Self::Api(error) => {
                tracing::warn!(%error, "a call made by a handler was refused");
                let detail = "a call to another service was refused";
                Problem::new(StatusCode::BAD_GATEWAY, "mfhm.upstream", detail).into_axum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_goes_on_and_on_makes_no_long_text() {
        let status = StatusCode::BAD_GATEWAY;
        let problem = Problem::new(status, "a", "no ".repeat(1 << 20));
        let fault = Fault::of_answer(status, Some(problem), Bytes::new());
        assert!(fault.to_string().chars().count() < 1100);
        assert!(fault.problem().unwrap().detail.len() > 1 << 20);
        let fault = Fault::undecodable(status, Bytes::new(), "no ".repeat(1 << 20));
        assert!(fault.to_string().chars().count() < 1100);
    }

    #[test]
    fn a_fault_names_the_call() {
        let fault = Fault::new(FaultKind::Connect, "connection refused").of_call("users", "user");
        assert_eq!(fault.to_string(), "call to users.user: connection refused");
        assert!(fault.is_connect() && fault.is_unavailable() && !fault.may_have_executed());
    }

    /// A handler may pass on another service's answer, body and all.
    #[test]
    fn only_the_header_of_an_answer_says_that_nothing_ran() {
        for is_not_run in [true, false] {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let problem = Problem::new(status, crate::wire::overload::OVERLOADED, "");
            let fault = Fault::of_answer(status, Some(problem), Bytes::new());
            let fault = fault.saying_not_run(is_not_run);
            assert_eq!(fault.may_have_executed(), !is_not_run);
        }
    }

    #[test]
    fn errors_are_one_word_wide() {
        assert_eq!(size_of::<Fault>(), size_of::<usize>());
    }
}
