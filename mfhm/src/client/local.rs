//! The call that never leaves the process.
//!
//! The macro makes one [`LocalSlot`] for each contract. An
//! [`App`](crate::App) that runs an implementation puts it there, and clients
//! look there before they look anywhere else.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use tokio::task::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

use super::attempt;
use super::caller::Defaults;
use super::error::{CallError, Fault, FaultKind};
use super::inherit::CallTime;
use super::options::CallOptions;
use crate::contract::Operation;
use crate::current::{self, CurrentRequest, Name};

/// The implementations of one contract that run in this process.
#[derive(Debug)]
pub struct LocalSlot<T: ?Sized> {
    entries: ArcSwapOption<Vec<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T: ?Sized> {
    service: String,
    target: Arc<T>,
}

impl<T: ?Sized> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            target: self.target.clone(),
        }
    }
}

impl<T: ?Sized + Send + Sync + 'static> LocalSlot<T> {
    /// An empty slot.
    pub const fn new() -> Self {
        Self {
            entries: ArcSwapOption::const_empty(),
        }
    }

    /// The implementation that serves `service` in this process.
    pub(crate) fn get(&self, service: &str) -> Option<Arc<T>> {
        let entries = self.entries.load();
        let entry = entries
            .as_ref()?
            .iter()
            .find(|entry| entry.service == service)?;
        Some(entry.target.clone())
    }

    /// Offers an implementation until the guard is dropped.
    #[cfg(feature = "server")]
    pub(crate) fn offer(&'static self, service: &str, target: Arc<T>) -> LocalOffer {
        self.entries.rcu(|entries| {
            let mut entries = entries.as_deref().cloned().unwrap_or_default();
            entries.push(Entry {
                service: service.to_owned(),
                target: target.clone(),
            });
            Some(Arc::new(entries))
        });
        LocalOffer {
            withdraw: Some(Box::new(move || {
                self.entries.rcu(|entries| {
                    let mut left = entries.as_deref().cloned().unwrap_or_default();
                    left.retain(|entry| !Arc::ptr_eq(&entry.target, &target));
                    (!left.is_empty()).then(|| Arc::new(left))
                });
            })),
        }
    }
}

impl<T: ?Sized + Send + Sync + 'static> Default for LocalSlot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Withdraws an implementation when dropped.
#[cfg(feature = "server")]
pub(crate) struct LocalOffer {
    withdraw: Option<Box<dyn FnOnce() + Send + Sync>>,
}

#[cfg(feature = "server")]
impl Drop for LocalOffer {
    fn drop(&mut self) {
        if let Some(withdraw) = self.withdraw.take() {
            withdraw();
        }
    }
}

#[cfg(feature = "server")]
impl std::fmt::Debug for LocalOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalOffer")
    }
}

/// A local call that may run: what the implementation is told, which has the deadline.
pub(crate) struct Ready {
    request: CurrentRequest,
    time: CallTime,
}

/// A call that nothing stands around. It does not depend on the operation's types, so
/// it is compiled once.
pub(crate) fn ready_at_once(
    service: &'static str,
    operation: &'static Operation,
    options: &CallOptions,
    defaults: &Defaults,
    said: Option<&HeaderMap>,
) -> Result<Ready, Fault> {
    LocalCall::begin(operation, options, defaults, said).ready(service, operation)
}

/// A local call that interceptors may still change.
pub(crate) struct LocalCall {
    pub time: CallTime,
    /// `None`: nobody says any, which is the usual case.
    pub headers: Option<HeaderMap>,
    caller: Option<Name>,
}

impl LocalCall {
    /// A call that begins now, of a client with these options, whose calls `said`
    /// these headers.
    #[inline]
    pub(crate) fn begin(
        operation: &'static Operation,
        options: &CallOptions,
        defaults: &Defaults,
        said: Option<&HeaderMap>,
    ) -> Self {
        let (timeout, is_detached) = options.time_of(operation, &defaults.options);
        let carried = current::carried();
        let time = CallTime::of(timeout, is_detached, carried.deadline, Instant::now());
        let mut headers = said.cloned();
        if let Some(head) = carried.head {
            let headers = headers.get_or_insert_default();
            let params = operation.parameters();
            defaults.propagation.lend(&head.headers, headers, params);
        }
        Self {
            time,
            headers,
            caller: carried.service,
        }
    }

    /// The call as the implementation sees it.
    #[inline]
    pub(crate) fn ready(
        self,
        service: &'static str,
        operation: &'static Operation,
    ) -> Result<Ready, Fault> {
        let time = self.time;
        if let Err(fault) = time.check() {
            return Err(time.tell(fault).of_call(service, operation.name()));
        }
        // The service keeps to its time-out, whatever its callers allow.
        let deadline = match operation.timeout() {
            Some(timeout) => time.deadline.min(attempt::after(timeout)),
            None => time.deadline,
        };
        let request =
            CurrentRequest::local(service, operation, self.headers, deadline, self.caller);
        Ok(Ready { request, time })
    }
}

/// An implementation that runs with what a remote call would have: a deadline, the
/// current request, and a fault in place of a panic.
///
/// One future by hand, where a deadline around a scope around a guard against panics
/// would each be one: moving a call through them costs more than all they do.
pub(crate) struct Running<'a, T> {
    ready: Ready,
    /// Absent when it is done.
    call: Option<BoxFuture<'a, T>>,
    /// Work that never waits costs no timer, and is not larger for it.
    timer: Timer,
}

type Timer = Option<Pin<Box<Unconstrained<Sleep>>>>;

impl<'a, T> Running<'a, T> {
    pub(crate) fn new(ready: Ready, call: BoxFuture<'a, T>) -> Self {
        Self {
            ready,
            call: Some(call),
            timer: None,
        }
    }
}

impl<T> Future for Running<'_, T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ready, call, timer } = &mut *self;
        let polled = ready.request.enter(|| {
            let work = call.as_mut().expect("nobody polls what is done");
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
            // What the implementation holds is dropped as it ran.
            if !matches!(polled, Ok(Poll::Pending)) {
                *call = None;
            }
            polled
        });
        match polled {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {
                ready!(ready.wait(timer, context));
                let late = Fault::new(FaultKind::Timeout, "no result in time");
                Poll::Ready(Err(ready.fault(late)))
            }
            Err(_panic) => {
                let panicked = Fault::new(FaultKind::Panicked, "the implementation panicked");
                Poll::Ready(Err(ready.fault(panicked)))
            }
        }
    }
}

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.ready.request.enter(|| drop(call));
        }
    }
}

impl Ready {
    /// Waits for the deadline. Work that uses up its task's turn each time is not to
    /// stop the clock.
    fn wait(&self, timer: &mut Timer, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.request.deadline().unwrap_or(self.time.deadline);
        let timer = timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(deadline))));
        timer.as_mut().poll(context)
    }

    /// The fault with what it is a fault of.
    #[cold]
    fn fault(&self, fault: Fault) -> Fault {
        let (service, operation) = (self.request.service(), self.request.operation());
        self.time.tell(fault).of_call(service, operation)
    }
}

/// A local call of an operation whose output is a plain value.
#[must_use]
pub struct LocalValue<'a, V>(Around<'a, V, V, Infallible>);

/// A local call of an operation whose output is a `Result`.
#[must_use]
pub struct LocalResult<'a, V, E>(Around<'a, Result<V, E>, V, E>);

/// A local call, and what stands around it.
pub(crate) enum Around<'a, T, V, E> {
    Nothing(Running<'a, T>),
    /// Absent when it was told.
    Refused(Option<Fault>),
    Interceptors(BoxFuture<'a, Result<V, CallError<E>>>),
}

impl<'a, T, V, E> Around<'a, T, V, E> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        output: impl FnOnce(T) -> Result<V, CallError<E>>,
    ) -> Poll<Result<V, CallError<E>>> {
        let ended = match self {
            Self::Nothing(running) => ready!(Pin::new(running).poll(context)),
            Self::Refused(fault) => Err(fault.take().expect("nobody polls what is done")),
            Self::Interceptors(call) => return call.as_mut().poll(context),
        };
        Poll::Ready(match ended {
            Ok(ended) => output(ended),
            Err(fault) => Err(CallError::Fault(fault)),
        })
    }

    pub(crate) fn nothing(ready: Result<Ready, Fault>, call: BoxFuture<'a, T>) -> Self {
        match ready {
            Ok(ready) => Self::Nothing(Running::new(ready, call)),
            Err(fault) => Self::Refused(Some(fault)),
        }
    }
}

impl<'a, V> LocalValue<'a, V> {
    pub(crate) fn new(around: Around<'a, V, V, Infallible>) -> Self {
        Self(around)
    }
}

impl<'a, V, E> LocalResult<'a, V, E> {
    pub(crate) fn new(around: Around<'a, Result<V, E>, V, E>) -> Self {
        Self(around)
    }
}

impl<V> Future for LocalValue<'_, V> {
    type Output = Result<V, CallError<Infallible>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context, Ok)
    }
}

impl<V, E> Future for LocalResult<'_, V, E> {
    type Output = Result<V, CallError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0
            .poll(context, |output| output.map_err(CallError::Api))
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use std::time::Duration;

    use super::*;

    trait Greet: Send + Sync {
        fn greet(&self) -> u32;
    }

    impl Greet for u32 {
        fn greet(&self) -> u32 {
            *self
        }
    }

    #[test]
    fn an_offer_ends_with_its_guard() {
        static SLOT: LocalSlot<dyn Greet> = LocalSlot::new();
        let greet = |service| SLOT.get(service).map(|target| target.greet());
        let first = SLOT.offer("a", Arc::new(1));
        let second = SLOT.offer("b", Arc::new(2));
        assert_eq!(
            (greet("a"), greet("b"), greet("c")),
            (Some(1), Some(2), None)
        );
        drop(first);
        assert_eq!((greet("a"), greet("b")), (None, Some(2)));
        drop(second);
        assert_eq!(greet("b"), None);
    }

    fn running<'a, T>(
        deadline: Instant,
        call: impl Future<Output = T> + Send + 'a,
    ) -> Running<'a, T> {
        static OPERATION: Operation = Operation::new("greet", "GET", "/");
        let request = CurrentRequest::local("a", &OPERATION, None, deadline, None);
        let time = CallTime::of(Duration::ZERO, false, None, deadline);
        Running::new(Ready { request, time }, Box::pin(call))
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_hang_are_faults() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let soon = Instant::now() + Duration::from_secs(1);
        let panicked = running(soon, async { panic!("oh") as () }).await;
        std::panic::set_hook(hook);
        assert_eq!(panicked.unwrap_err().kind(), FaultKind::Panicked);
        let hung = running(soon, std::future::pending::<()>()).await;
        assert!(hung.unwrap_err().is_timeout());
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_what_waits() {
        let soon = || Instant::now() + Duration::from_secs(1);
        let after = async |millis| {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            7
        };
        assert_eq!(running(soon(), after(999)).await.unwrap(), 7);
        let begun = Instant::now();
        assert!(running(soon(), after(1001)).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 1);
        let late = running(begun, std::future::ready(7)).await;
        assert_eq!(late.unwrap(), 7, "late, and done");
    }

    #[tokio::test]
    async fn the_deadline_ends_what_is_never_done_and_never_waits() {
        let begun = Instant::now();
        let busy = async {
            while begun.elapsed().as_secs() < 5 {
                tokio::task::consume_budget().await;
            }
        };
        let soon = begun + Duration::from_millis(5);
        assert!(running(soon, busy).await.unwrap_err().is_timeout());
    }

    #[tokio::test]
    async fn what_a_call_holds_is_dropped_as_it_ran() {
        struct Dropped(Arc<std::sync::Mutex<Vec<bool>>>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                let is_in_a_request = crate::request().deadline().is_some();
                self.0.lock().unwrap().push(is_in_a_request);
            }
        }
        let told = Arc::default();
        let soon = Instant::now() + Duration::from_secs(5);
        let begin = |wait| {
            let held = Dropped(Arc::clone(&told));
            running(soon, async move {
                let _held = held;
                if wait {
                    std::future::pending::<()>().await;
                }
            })
        };
        begin(false).await.unwrap();
        drop(begin(true));
        let mut waiting = begin(true);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(*told.lock().unwrap(), [true; 3]);
        assert!(crate::request().deadline().is_none());
    }
}
