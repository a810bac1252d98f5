//! [`Interceptor`]: what stands around the calls of a client.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::error::{CallError, Fault, FaultKind};
use crate::api_error::ApiError;
use crate::wire::deadline;
use crate::wire::v1::{HEADER_SERVICE, identity};

/// Sees every call of a client, or of all clients that share a
/// [`Caller`](crate::Caller): adds headers, refuses, measures.
///
/// A closure is one, when adding headers or refusing is all it does:
///
/// ```
/// # #[cfg(feature = "server")] mod m {
/// use mfhm::http::HeaderValue;
/// use mfhm::OutgoingCall;
///
/// # #[mfhm::client(service = "users")] pub trait Users { #[get("/users")] async fn users(&self) -> u8; }
/// # fn f() {
/// let users = UsersClient::new().intercept(|call: &mut OutgoingCall| {
///     call.headers_mut().insert("x-tenant", HeaderValue::from_static("acme"));
///     Ok(())
/// });
/// # }}
/// ```
///
/// Else implement it:
///
/// ```
/// use mfhm::{CallOutcome, Fault, Interceptor, OutgoingCall};
///
/// struct Authorised;
/// # async fn token() -> Result<String, std::io::Error> { Ok("t".to_owned()) }
///
/// impl Interceptor for Authorised {
///     async fn before(&self, call: &mut OutgoingCall) -> Result<(), Fault> {
///         let token = token().await.map_err(|error| Fault::refused("no token").because(error))?;
///         let value = format!("Bearer {token}").parse();
///         let value = value.map_err(|error| Fault::refused("not a token").because(error))?;
///         call.headers_mut().insert("authorization", value);
///         Ok(())
///     }
///
///     fn after(&self, call: &OutgoingCall, outcome: &CallOutcome<'_>) {
///         println!("{} took {:?}", call.operation(), outcome.elapsed());
///     }
/// }
/// ```
///
/// It runs once a call, however many attempts the call takes. Those of the
/// caller run before those of the client, and each in the order in which they
/// were added; [`after`](Self::after) runs in the reverse order. A stream that is
/// resumed makes a call of its own for that.
///
/// Calls that stay in the process run them too: there the headers are what
/// [`request`](crate::request()) tells the implementation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an interceptor",
    label = "neither an `Interceptor` nor a closure that is one",
    note = "write `|call: &mut mfhm::OutgoingCall| {{ …; Ok(()) }}`, or implement `mfhm::Interceptor` for a type of your own"
)]
pub trait Interceptor: Send + Sync + 'static {
    /// Runs before the call, within the time of the call.
    ///
    /// # Errors
    ///
    /// The call is not made, and fails with this fault:
    /// [`Fault::refused`] makes one. Any other becomes the source of one.
    fn before(&self, call: &mut OutgoingCall) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = call;
        std::future::ready(Ok(()))
    }

    /// Runs after the call, when its [`before`](Self::before) let it pass; also
    /// when a later interceptor refused it. Not when the caller gave up waiting,
    /// which drops the call.
    fn after(&self, call: &OutgoingCall, outcome: &CallOutcome<'_>) {
        let _ = (call, outcome);
    }
}

impl<F> Interceptor for F
where
    F: Fn(&mut OutgoingCall) -> Result<(), Fault> + Send + Sync + 'static,
{
    fn before(&self, call: &mut OutgoingCall) -> impl Future<Output = Result<(), Fault>> + Send {
        std::future::ready(self(call))
    }
}

/// A call that is about to be made.
#[derive(Debug)]
pub struct OutgoingCall {
    service: Cow<'static, str>,
    operation: Cow<'static, str>,
    headers: HeaderMap,
    deadline: Instant,
}

/// What belongs to one connection or to one body, and whom a call is meant for:
/// nothing that a caller or an interceptor knows.
const NOT_SENT: [HeaderName; 11] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    deadline::HEADER,
    HeaderName::from_static(HEADER_SERVICE),
    HeaderName::from_static(identity::HEADER),
];

/// Whether a header of this name is not for a call to set.
pub(crate) fn is_not_sent(name: &HeaderName) -> bool {
    NOT_SENT.contains(name)
}

impl OutgoingCall {
    /// The service that is called.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operation that is called.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The headers so far. Where the call leaves the process they hold its
    /// parameters that travel in headers, and the content type of its body.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers, to be changed. Those that belong to a connection or to the
    /// framing of a body (`content-length`, `transfer-encoding`, `connection`,
    /// `host` and their like) are not sent, so that those of another request can
    /// be passed on.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// When the call is given up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long there is until the [`deadline`](Self::deadline).
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// How a call has ended.
#[derive(Debug)]
pub struct CallOutcome<'a> {
    end: End<'a>,
    elapsed: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End<'a> {
    /// With an answer; without a status in a local call.
    Answered(Option<StatusCode>),
    /// With an error that the contract declares: its status and its code.
    Api(StatusCode, &'a str),
    Fault(&'a Fault),
}

impl<'a> End<'a> {
    pub(crate) fn of<T, E: ApiError>(
        status: Option<StatusCode>,
        result: &'a Result<T, CallError<E>>,
    ) -> Self {
        match result {
            Ok(_) => Self::Answered(status),
            Err(CallError::Api(error)) => Self::Api(error.status(), error.code()),
            Err(CallError::Fault(fault)) => Self::Fault(fault),
        }
    }
}

impl CallOutcome<'_> {
    /// Whether the call gave its value. An untyped call takes any answer: there
    /// it is the status of a success.
    pub fn is_success(&self) -> bool {
        match self.end {
            End::Answered(status) => status.is_none_or(|status| status.is_success()),
            End::Api(..) | End::Fault(_) => false,
        }
    }

    /// The status of the answer: of a success, of an error that the contract
    /// declares, or of the answer that made the call a fault. `None` when no
    /// answer came, and for a success within the process.
    pub fn status(&self) -> Option<StatusCode> {
        match self.end {
            End::Answered(status) => status,
            End::Api(status, _) => Some(status),
            End::Fault(fault) => fault.status(),
        }
    }

    /// The code of the error, if it is one that the contract declares.
    pub fn error_code(&self) -> Option<&str> {
        match self.end {
            End::Api(_, code) => Some(code),
            End::Answered(_) | End::Fault(_) => None,
        }
    }

    /// The fault, if the call itself failed.
    pub fn fault(&self) -> Option<&Fault> {
        match self.end {
            End::Fault(fault) => Some(fault),
            End::Answered(_) | End::Api(..) => None,
        }
    }

    /// How long the call took, all attempts and the interceptors together. Of an
    /// answer that is a stream: until its headers.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// [`Interceptor`] without its type.
trait AnyInterceptor: Send + Sync {
    fn before<'a>(&'a self, call: &'a mut OutgoingCall) -> BoxFuture<'a, Result<(), Fault>>;
    fn after(&self, call: &OutgoingCall, outcome: &CallOutcome<'_>);
}

impl<I: Interceptor> AnyInterceptor for I {
    fn before<'a>(&'a self, call: &'a mut OutgoingCall) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(Interceptor::before(self, call))
    }

    fn after(&self, call: &OutgoingCall, outcome: &CallOutcome<'_>) {
        Interceptor::after(self, call, outcome);
    }
}

/// Interceptors in their order. Most clients have none, which costs nothing.
#[derive(Clone, Default)]
pub(crate) struct Interceptors(Option<Arc<Vec<Arc<dyn AnyInterceptor>>>>);

impl Interceptors {
    pub(crate) fn add<I: Interceptor>(&mut self, interceptor: I) {
        let list = self.0.get_or_insert_default();
        Arc::make_mut(list).push(Arc::new(interceptor));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn as_slice(&self) -> &[Arc<dyn AnyInterceptor>] {
        self.0.as_ref().map_or(&[], |list| list.as_slice())
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} interceptors", self.as_slice().len())
    }
}

/// What stands around one call: those of the caller, then those of the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    pub caller: Interceptors,
    pub client: Interceptors,
}

impl Chain {
    pub(crate) fn is_empty(&self) -> bool {
        self.caller.is_empty() && self.client.is_empty()
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<dyn AnyInterceptor>> {
        let (caller, client) = (self.caller.as_slice(), self.client.as_slice());
        caller.iter().chain(client)
    }

    /// Lets every interceptor look at a call that is about to be made.
    pub(crate) async fn before(
        self,
        service: Cow<'static, str>,
        operation: Cow<'static, str>,
        headers: HeaderMap,
        deadline: Instant,
    ) -> Result<Intercepted, Fault> {
        let mut intercepted = Intercepted {
            chain: self,
            passed: 0,
            begun: Instant::now(),
            call: OutgoingCall {
                service,
                operation,
                headers,
                deadline,
            },
        };
        let Intercepted {
            chain,
            passed,
            call,
            ..
        } = &mut intercepted;
        let mut refused = None;
        for interceptor in chain.iter() {
            match timeout_at(deadline, interceptor.before(call)).await {
                Ok(Ok(())) => *passed += 1,
                Ok(Err(fault)) => refused = Some(fault.into_refusal()),
                Err(_) => {
                    let detail = "the time was over before an interceptor let the call pass";
                    refused = Some(Fault::new(FaultKind::TimeoutUnsent, detail));
                }
            }
            if refused.is_some() {
                break;
            }
        }
        let Some(fault) = refused else {
            return Ok(intercepted);
        };
        let fault = fault.of_call(&call.service, &call.operation);
        intercepted.after(End::Fault(&fault));
        Err(fault)
    }
}

/// A call that its interceptors have let pass.
#[derive(Debug)]
pub(crate) struct Intercepted {
    chain: Chain,
    /// How many have let it pass.
    passed: usize,
    begun: Instant,
    call: OutgoingCall,
}

impl Intercepted {
    /// The headers as they are sent. `after` is shown them as well, so they stay.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.call.headers.clone();
        for name in &NOT_SENT {
            headers.remove(name);
        }
        headers
    }

    /// Tells the interceptors how the call has ended, the last one first.
    pub(crate) fn after(&self, end: End<'_>) {
        let outcome = CallOutcome {
            end,
            elapsed: self.begun.elapsed(),
        };
        let passed: Vec<_> = self.chain.iter().take(self.passed).collect();
        for interceptor in passed.into_iter().rev() {
            interceptor.after(&self.call, &outcome);
        }
    }
}
