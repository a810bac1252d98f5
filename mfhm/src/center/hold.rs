//! Held registrations: one open stream for each.
//!
//! The stream renews the lease while it is open, and wakes for commands. When the
//! kernel of a dead process closes it, the instance is pinged at once, instead of
//! when its next ping is due.
//!
//! There are as many streams as instances, so what one of them keeps is written by
//! hand and bounded by a test: a timer, a place to be woken, and whom it holds.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::Stream;
use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::registry::Registry;
use super::view::View;
use crate::instance::InstanceId;

/// Something is said on a stream at least this often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The open streams.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    lines: Mutex<Lines>,
    /// The center stops.
    is_closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Lines {
    /// By instance, then by number: one that lost its connection may open another
    /// stream before the first is known to be gone.
    by_instance: BTreeMap<(InstanceId, u64), Arc<AtomicWaker>>,
    instances: usize,
    last: u64,
}

pin_project! {
    /// One open stream: what there is to say on it. It ends when the instance is not
    /// registered any more, and when the center stops. Dropping it is the news that
    /// it ended.
    #[derive(Debug)]
    pub(crate) struct Hold {
        line: Line,
        #[pin]
        renewal: Sleep,
        is_told_to_drain: bool,
    }
}

/// A stream's entry in [`Holds`], for as long as it is open.
#[derive(Debug)]
struct Line {
    view: Arc<View>,
    id: InstanceId,
    number: u64,
    wake: Arc<AtomicWaker>,
}

/// What is said on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// That it is still there.
    Nothing,
    Drain,
}

impl Holds {
    /// Wakes whoever holds this instance; false when nobody does.
    pub(crate) fn wake(&self, id: &InstanceId) -> bool {
        let lines = self.lock();
        lines.of(id).fold(false, |_, wake| {
            wake.wake();
            true
        })
    }

    /// How many instances are held.
    pub(crate) fn count(&self) -> usize {
        self.lock().instances
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        // Whoever comes later sees it before it waits.
        self.is_closed.store(true, Ordering::SeqCst);
        let wakers: Vec<_> = self.lock().by_instance.values().cloned().collect();
        wakers.iter().for_each(|wake| wake.wake());
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn of(&self, id: &InstanceId) -> impl Iterator<Item = &Arc<AtomicWaker>> {
        let all = (id.clone(), 0)..=(id.clone(), u64::MAX);
        self.by_instance.range(all).map(|(_, wake)| wake)
    }

    fn enter(&mut self, id: &InstanceId, wake: Arc<AtomicWaker>) -> u64 {
        let is_first = self.of(id).next().is_none();
        self.instances += usize::from(is_first);
        self.last += 1;
        self.by_instance.insert((id.clone(), self.last), wake);
        self.last
    }

    fn leave(&mut self, id: &InstanceId, number: u64) {
        self.by_instance.remove(&(id.clone(), number));
        let was_last = self.of(id).next().is_none();
        self.instances -= usize::from(was_last);
    }
}

impl Hold {
    /// Holds a registered instance.
    pub(crate) fn new(view: Arc<View>, id: InstanceId) -> Self {
        let wake = Arc::new(AtomicWaker::new());
        let number = view.holds().lock().enter(&id, wake.clone());
        let renew = view.with(|registry, _, _| renew_after(registry));
        Self {
            line: Line {
                view,
                id,
                number,
                wake,
            },
            renewal: tokio::time::sleep(renew),
            is_told_to_drain: false,
        }
    }
}

fn renew_after(registry: &Registry) -> Duration {
    (registry.limits().lease_ttl / 3).clamp(Duration::from_millis(1), KEEP_ALIVE)
}

impl Stream for Hold {
    type Item = Said;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Said>> {
        let mut this = self.project();
        let Line { view, id, wake, .. } = &*this.line;
        // Before anything is looked at: what happens meanwhile wakes it again.
        wake.register(context.waker());
        if view.holds().is_closed() {
            return Poll::Ready(None);
        }
        let Some(is_draining) = view.with(|registry, _, _| registry.is_draining(id)) else {
            return Poll::Ready(None);
        };
        if is_draining && !std::mem::replace(this.is_told_to_drain, true) {
            return Poll::Ready(Some(Said::Drain));
        }
        ready!(this.renewal.as_mut().poll(context));
        let renewed = view.with(|registry, now, _| {
            let renewed = registry.renew_held(id, now);
            renewed.map(|_| renew_after(registry))
        });
        let Some(next) = renewed else {
            return Poll::Ready(None);
        };
        this.renewal.reset(Instant::now() + next);
        Poll::Ready(Some(Said::Nothing))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.view.holds().lock().leave(&self.id, self.number);
        // Who has left is not there to be pinged any more.
        self.view
            .with(|registry, now, _| registry.ping_now(&self.id, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_each_held_instance_is_little() {
        // Ten thousand of them are 2 MB.
        assert!(size_of::<Hold>() <= 192, "{}", size_of::<Hold>());
    }
}
