//! Held registrations: one open stream for each.
//!
//! The stream renews the lease while it is open, and wakes for commands. When the
//! kernel of a dead process closes it, the instance is pinged at once, instead of
//! when its next ping is due.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::view::View;
use crate::instance::InstanceId;

/// Something is said on a stream at least this often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The open streams.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    wakers: Mutex<HashMap<InstanceId, Vec<Arc<Notify>>>>,
}

/// One open stream. Dropping it is the news that it ended.
#[derive(Debug)]
pub(crate) struct Hold {
    view: Arc<View>,
    id: InstanceId,
    wake: Arc<Notify>,
    closing: watch::Receiver<bool>,
    renew: Duration,
    renew_at: Instant,
    is_told_to_drain: bool,
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
        let wakers = self.lock();
        let wakers = wakers.get(id).map(Vec::as_slice).unwrap_or_default();
        wakers.iter().for_each(|wake| wake.notify_one());
        !wakers.is_empty()
    }

    /// How many instances are held.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Vec<Arc<Notify>>>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// Holds a registered instance.
    pub(crate) fn new(view: Arc<View>, id: InstanceId) -> Self {
        let wake = Arc::new(Notify::new());
        view.holds()
            .lock()
            .entry(id.clone())
            .or_default()
            .push(wake.clone());
        let ttl = view.with(|registry, _, _| registry.limits().lease_ttl);
        let renew = (ttl / 3).clamp(Duration::from_millis(1), KEEP_ALIVE);
        Self {
            closing: view.closing(),
            view,
            id,
            wake,
            renew,
            renew_at: Instant::now() + renew,
            is_told_to_drain: false,
        }
    }

    /// What there is to say next. Absent: the instance is not registered any more,
    /// or the center stops.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            let is_draining = self
                .view
                .with(|registry, _, _| registry.is_draining(&self.id))?;
            if is_draining && !std::mem::replace(&mut self.is_told_to_drain, true) {
                return Some(Said::Drain);
            }
            tokio::select! {
                () = tokio::time::sleep_until(self.renew_at) => {
                    self.renew_at = Instant::now() + self.renew;
                    self.view.with(|registry, now, _| registry.renew_held(&self.id, now))?;
                    return Some(Said::Nothing);
                }
                () = self.wake.notified() => {}
                _ = self.closing.changed() => {}
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        {
            let mut wakers = self.view.holds().lock();
            if let Some(own) = wakers.get_mut(&self.id) {
                own.retain(|wake| !Arc::ptr_eq(wake, &self.wake));
                if own.is_empty() {
                    wakers.remove(&self.id);
                }
            }
        }
        // Who has left is not there to be pinged any more.
        self.view
            .with(|registry, now, _| registry.ping_now(&self.id, now));
    }
}
