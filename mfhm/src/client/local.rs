//! The call that never leaves the process.
//!
//! The macro makes one [`LocalSlot`] for each contract. An
//! [`App`](crate::App) that runs an implementation puts it there, and clients
//! look there before they look anywhere else.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use http::HeaderMap;

use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::attempt;
use super::caller::Defaults;
use super::error::{Fault, FaultKind};
use super::inherit::{CallTime, Inherited};
use super::options::CallOptions;
use crate::contract::Operation;
use crate::current::CurrentRequest;

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

/// A local call that may run: when it is given up and what the implementation is
/// told, or that there is no time for it.
pub(crate) type Ready = (CallTime, Result<(Instant, CurrentRequest), Fault>);

/// A call that nothing stands around. It does not depend on the operation's types, so
/// it is compiled once.
pub(crate) fn ready(
    service: &'static str,
    operation: &'static Operation,
    options: CallOptions,
    defaults: &Defaults,
    said: Option<&HeaderMap>,
) -> Ready {
    LocalCall::begin(operation, options, defaults, said).ready(service, operation)
}

/// A local call that interceptors may still change.
#[derive(Debug)]
pub(crate) struct LocalCall {
    pub time: CallTime,
    pub headers: HeaderMap,
}

impl LocalCall {
    /// A call that begins now, of a client with these options, whose calls `said`
    /// these headers.
    pub(crate) fn begin(
        operation: &'static Operation,
        options: CallOptions,
        defaults: &Defaults,
        said: Option<&HeaderMap>,
    ) -> Self {
        let plan = options.plan_of(operation, defaults.options);
        let inherited = Inherited::of(&plan, &defaults.propagation);
        let mut headers = HeaderMap::new();
        if let Some(said) = said {
            headers = said.clone();
        }
        inherited.lend(&mut headers, operation.parameters());
        Self {
            time: inherited.time,
            headers,
        }
    }

    /// The call as the implementation sees it.
    pub(crate) fn ready(self, service: &'static str, operation: &'static Operation) -> Ready {
        let Self { time, headers } = self;
        let ready = time.check().map(|()| {
            // The service keeps to its time-out, whatever its callers allow.
            let deadline = match operation.timeout() {
                Some(timeout) => time.deadline.min(attempt::after(timeout)),
                None => time.deadline,
            };
            let request = CurrentRequest::local(service, operation, headers, deadline);
            (deadline, request)
        });
        (time, ready)
    }
}

/// Runs an implementation with what a remote call would have: a deadline, the
/// current request, and a fault in place of a panic.
pub(crate) async fn run<F: Future>(
    deadline: Instant,
    request: CurrentRequest,
    call: F,
) -> Result<F::Output, Fault> {
    let mut call = pin!(request.scope(AssertUnwindSafe(call).catch_unwind()));
    match until(deadline, call.as_mut()).await {
        Some(Ok(output)) => Ok(output),
        Some(Err(_panic)) => Err(Fault::new(
            FaultKind::Panicked,
            "the implementation panicked",
        )),
        None => Err(Fault::new(FaultKind::Timeout, "no result in time")),
    }
}

/// The output of `work`, or `None` when it is not done by the deadline. Work that
/// never waits costs no timer, which most of a local call would be.
fn until<F: Future>(
    deadline: Instant,
    mut work: Pin<&mut F>,
) -> impl Future<Output = Option<F::Output>> {
    let mut timer = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        // Boxed: a call that does not wait need not be larger for it. Work that uses
        // up its task's turn each time is not to stop the clock.
        let timer = timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(deadline))));
        timer.as_mut().poll(context).map(|()| None)
    })
}

#[cfg(all(test, feature = "server"))]
mod tests {
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

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_hang_are_faults() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let soon = Instant::now() + std::time::Duration::from_secs(1);
        let request = CurrentRequest::default();
        let panicked = run(soon, request.clone(), async { panic!("oh") as () }).await;
        std::panic::set_hook(hook);
        assert_eq!(panicked.unwrap_err().kind(), FaultKind::Panicked);
        let hung = run(soon, request, std::future::pending::<()>()).await;
        assert!(hung.unwrap_err().is_timeout());
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_what_waits() {
        let soon = || Instant::now() + std::time::Duration::from_secs(1);
        let after = async |millis| {
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            7
        };
        assert_eq!(until(soon(), pin!(after(999))).await, Some(7));
        let begun = Instant::now();
        assert_eq!(until(soon(), pin!(after(1001))).await, None);
        assert_eq!(begun.elapsed().as_secs(), 1);
        assert_eq!(
            until(begun, pin!(std::future::ready(7))).await,
            Some(7),
            "late, and done"
        );
    }

    #[tokio::test]
    async fn the_deadline_ends_what_is_never_done_and_never_waits() {
        let begun = Instant::now();
        let busy = async {
            while begun.elapsed().as_secs() < 5 {
                tokio::task::consume_budget().await;
            }
        };
        let soon = begun + std::time::Duration::from_millis(5);
        assert_eq!(until(soon, pin!(busy)).await, None);
    }
}
