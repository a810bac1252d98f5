//! [`request()`]: the request that a handler is answering, without a parameter.
//!
//! The router, and a client whose call stays in the process, put it around the
//! handler; it is where the deadline of a request is kept. Calls that the handler
//! makes look here for what they take over: the deadline and headers.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Method, Uri};
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::contract::Operation;

thread_local! {
    /// The request of the task that this thread polls: see [`CurrentRequest::enter`].
    static CURRENT: RefCell<CurrentRequest> = const { RefCell::new(CurrentRequest::NONE) };
}

/// Looks at the current request, which is an empty one outside of any. Nothing that
/// `look` does may enter or look at another.
fn with_current<R>(look: impl Fn(&CurrentRequest) -> R) -> R {
    let found = CURRENT.try_with(|current| look(&current.borrow()));
    // Else the thread is about to end, and its values have gone.
    found.unwrap_or_else(|_| look(&CurrentRequest::NONE))
}

/// The request that this task is answering.
///
/// It is there in a handler, in whatever the handler awaits, and in what runs
/// for it: axum's extractors, conversions of parameters. It is not there in a
/// task that the handler spawns, unless that is done with [`spawn`](crate::spawn) or in the
/// request's [`scope`](CurrentRequest::scope); in a layer; and in a stream that the
/// handler has returned, which is read after it: take along what is needed.
///
/// # What calls take over
///
/// A call that is made where a request is there is one that this request needs, so
/// it takes over from it, whether it goes over the wire or stays in the process:
///
/// * **the deadline**, if that is earlier than the call's own. A call whose time is
///   over before it begins is not made: its [`Fault`](crate::Fault) is a time-out
///   that was not sent. [`CallOptions::detached`](crate::CallOptions::detached) is
///   for work that has to be done in any case;
/// * **the trace**: the headers `traceparent`, `tracestate` and `baggage`, as they
///   came, if they are well-formed. If the request has none, none is made up;
/// * **headers that were chosen** with `App::propagate`, or
///   [`CallerBuilder::propagate`](crate::CallerBuilder::propagate) or `MFHM_PROPAGATE`.
///
/// What a call sets itself goes before it: a parameter that travels in a header, an
/// interceptor, `.header(…)`. Interceptors see what was taken over, and can change or
/// remove it. A client made with `at(url)` calls whom mfhm does not know, and takes
/// over `traceparent` and `tracestate` of the headers.
///
/// # Outside of a request
///
/// It is an empty one: no headers, no peer, no deadline and no names. So a handler
/// stays a function that a test can call.
///
/// ```
/// use mfhm::get;
///
/// #[get("/hello")]
/// async fn hello() -> String {
///     greeting().await
/// }
///
/// // Not a handler, and yet it knows whose request it works for.
/// async fn greeting() -> String {
///     format!("hello, {}", mfhm::request().header("x-user").unwrap_or("stranger"))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(hello().await, "hello, stranger");
/// # });
/// ```
pub fn request() -> CurrentRequest {
    with_current(Clone::clone)
}

/// Spawns a task that works for the current request: [`request()`] is the same in it,
/// and its calls take over the same. Else it is [`tokio::spawn`], which takes nothing
/// along.
///
/// The request's deadline ends the calls of the task and not the task: it goes on
/// when the handler has ended, or was given up. What shall be done in any case is
/// spawned without the deadline:
///
/// ```
/// # async fn f(audit: impl Future<Output = ()> + Send + 'static) {
/// tokio::spawn(mfhm::request().detached().scope(audit));
/// # }
/// ```
///
/// # Panics
///
/// As `tokio::spawn`: outside of a runtime.
///
/// # Examples
///
/// ```
/// use mfhm::{Json, get};
///
/// #[get("/sum")]
/// async fn sum() -> Json<u32> {
///     // At the same time, and with the time that this request has.
///     let parts = [1, 2].map(|part| mfhm::spawn(call(part)));
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await.unwrap_or_default();
///     }
///     Json(sum)
/// }
/// # async fn call(part: u32) -> u32 { part }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(sum().await.0, 3);
/// # });
/// ```
#[track_caller]
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(request().scope(work))
}

/// What a call that begins now takes over.
#[cfg(feature = "client")]
pub(crate) struct Carried {
    pub deadline: Option<Instant>,
    /// What has the headers.
    pub head: Option<Arc<Head>>,
    /// Whose handler makes the call.
    pub service: Option<Name>,
}

/// What a call that begins now takes over.
#[cfg(feature = "client")]
pub(crate) fn carried() -> Carried {
    with_current(|current| Carried {
        deadline: current.deadline,
        head: current.head.clone(),
        service: current.name(),
    })
}

/// When the current request is given up.
#[cfg(feature = "client")]
pub(crate) fn request_deadline() -> Option<Instant> {
    with_current(|current| current.deadline)
}

/// A request that is being answered: see [`request()`]. Cheap to clone.
#[derive(Clone)]
pub struct CurrentRequest {
    /// `None` for a local call that carries no headers.
    head: Option<Arc<Head>>,
    service: Name,
    operation: Option<&'static Operation>,
    deadline: Option<Instant>,
    /// Whose handler made a call that stays in the process.
    local_caller: Option<Name>,
}

/// What came by HTTP. Handlers read their parameters from the same.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub method: Method,
    /// `None` in a local call.
    pub uri: Option<Uri>,
    pub headers: HeaderMap,
    pub peer: Option<SocketAddr>,
    /// Who called, where it is known.
    pub caller: Option<Arc<str>>,
}

/// Who called, on a request that is not read yet.
#[cfg(feature = "server")]
#[derive(Clone, Debug)]
pub(crate) struct CallerName(pub Arc<str>);

/// The name of a service, from the contract or from the program.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    #[cfg_attr(not(feature = "client"), allow(dead_code))]
    Declared(&'static str),
    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    Given(Arc<str>),
}

/// An empty one, as outside of a request.
impl Default for CurrentRequest {
    fn default() -> Self {
        Self::NONE
    }
}

impl CurrentRequest {
    const NONE: Self = Self {
        head: None,
        service: Name::Declared(""),
        operation: None,
        deadline: None,
        local_caller: None,
    };

    /// A request that came by HTTP.
    #[cfg(feature = "server")]
    pub(crate) fn received(
        head: Arc<Head>,
        service: Arc<str>,
        operation: &'static Operation,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            head: Some(head),
            service: Name::Given(service),
            operation: Some(operation),
            deadline,
            local_caller: None,
        }
    }

    /// A call that stays in the process.
    #[cfg(feature = "client")]
    #[inline]
    pub(crate) fn local(
        service: &'static str,
        operation: &'static Operation,
        headers: Option<HeaderMap>,
        deadline: Instant,
        caller: Option<Name>,
    ) -> Self {
        let headers = headers.filter(|headers| !headers.is_empty());
        let head = headers.map(|headers| {
            Arc::new(Head {
                headers,
                ..Head::default()
            })
        });
        Self {
            head,
            service: Name::Declared(service),
            operation: Some(operation),
            deadline: Some(deadline),
            local_caller: caller,
        }
    }

    #[cfg(feature = "client")]
    fn name(&self) -> Option<Name> {
        let is_named = !self.service().is_empty();
        is_named.then(|| self.service.clone())
    }

    /// Makes this the current request of whatever `work` awaits, also in a task that
    /// is spawned or on another runtime.
    ///
    /// ```
    /// # async fn f() {
    /// let request = mfhm::request();
    /// tokio::spawn(request.scope(async {
    ///     // As in the handler.
    ///     println!("{}", mfhm::request().operation());
    /// }));
    /// # }
    /// ```
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        Scope {
            request: self,
            work: Some(work),
        }
    }

    /// Makes this the current request for as long as `work` runs, which is one poll.
    /// Meanwhile the one before is kept here.
    pub(crate) fn enter<R>(&mut self, work: impl FnOnce() -> R) -> R {
        struct Entered<'a>(&'a mut CurrentRequest);

        impl Entered<'_> {
            fn swap(&mut self) {
                let _ = CURRENT.try_with(|current| mem::swap(&mut *current.borrow_mut(), self.0));
            }
        }

        // Also when `work` panics.
        impl Drop for Entered<'_> {
            fn drop(&mut self) {
                self.swap();
            }
        }

        let mut entered = Entered(self);
        entered.swap();
        work()
    }

    /// The same request without its deadline, for work that goes on after it: its
    /// calls take over the headers and have the time that they say themselves.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.deadline = None;
        self
    }

    /// The headers. In a call within the process they are those that the caller's
    /// [interceptors](crate::Interceptor) have set, and those that the call
    /// [took over](crate::request()).
    pub fn headers(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.head.as_ref().map_or(&NONE, |head| &head.headers)
    }

    /// The first header of this name, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The HTTP method; in a call within the process the operation's. GET
    /// outside of a request.
    pub fn method(&self) -> Method {
        match (&self.head, self.operation) {
            (Some(head), _) if head.uri.is_some() => head.method.clone(),
            (_, Some(operation)) => {
                Method::from_bytes(operation.method().as_bytes()).unwrap_or_default()
            }
            _ => Method::GET,
        }
    }

    /// The URI, path and query; `None` in a call within the process, which has
    /// none.
    pub fn uri(&self) -> Option<&Uri> {
        self.head.as_ref()?.uri.as_ref()
    }

    /// The path, still percent-encoded. In a call within the process it is the
    /// operation's template, such as `/users/{id}`.
    pub fn path(&self) -> &str {
        match (self.uri(), self.operation) {
            (Some(uri), _) => uri.path(),
            (None, Some(operation)) => operation.path(),
            (None, None) => "",
        }
    }

    /// Who is connected: the other end of the socket, never what a header claims.
    /// Behind a proxy it is the proxy. `None` in a call that came by no socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.head.as_ref()?.peer
    }

    /// The name of the service that called, when it is known for sure: the center vouches
    /// for it (with a token for that name; the called service needs the feature
    /// `identity`), the caller has shown a certificate for it (feature `tls`; of several
    /// names the one that is let in, else the first), or the call came from a handler in
    /// this process. `None`: the caller
    /// did not say, or nobody vouches for it. `App::callers` lets only named ones in.
    pub fn caller(&self) -> Option<&str> {
        let by_wire = self.head.as_ref().and_then(|head| head.caller.as_deref());
        by_wire.or(match &self.local_caller {
            Some(Name::Declared(name)) => Some(name),
            Some(Name::Given(name)) => Some(name),
            None => None,
        })
    }

    /// When the handler is given up: the operation's `#[timeout]`, or the end of
    /// the caller's patience if that is sooner. `None`: neither says anything.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long there is until the [`deadline`](Self::deadline).
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// The name of the operation; empty outside of a request.
    pub fn operation(&self) -> &'static str {
        self.operation.map_or("", Operation::name)
    }

    /// The name of the service that is called; empty outside of a request.
    pub fn service(&self) -> &str {
        match &self.service {
            Name::Declared(name) => name,
            Name::Given(name) => name,
        }
    }
}

/// Headers may hold what logs should not, so they are left out.
impl fmt::Debug for CurrentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentRequest")
            .field("service", &self.service())
            .field("operation", &self.operation())
            .field("peer", &self.peer())
            .field("time_left", &self.time_left())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// Work whose current request is this one: see [`CurrentRequest::scope`].
    struct Scope<F> {
        request: CurrentRequest,
        // Gone when it is done.
        #[pin]
        work: Option<F>,
    }

    impl<F> PinnedDrop for Scope<F> {
        // What the work holds is dropped as it ran.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.work.is_some() {
                this.request.enter(|| this.work.set(None));
            }
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.request.enter(|| {
            let work = this.work.as_mut().as_pin_mut();
            let polled = work.expect("nobody polls what is done").poll(context);
            if polled.is_ready() {
                this.work.set(None);
            }
            polled
        })
    }
}
