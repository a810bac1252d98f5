//! The instances that calls failed to reach, until the source was told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::instance::InstanceId;

/// The least time between two reports of one instance.
const PAUSE: Duration = Duration::from_secs(1);

/// So many wait to be reported; a source that cannot be told takes none.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// When each was reported; those that were not yet are in `fresh`.
    reported: Mutex<HashMap<InstanceId, Instant>>,
    fresh: Mutex<Vec<InstanceId>>,
    wake: Notify,
}

impl Suspects {
    pub(super) fn add(&self, id: &InstanceId) {
        let now = Instant::now();
        {
            let mut reported = lock(&self.reported);
            reported.retain(|_, at| now.duration_since(*at) < PAUSE);
            if reported.contains_key(id) {
                return;
            }
            reported.insert(id.clone(), now);
        }
        let mut fresh = lock(&self.fresh);
        if fresh.len() < MOST {
            fresh.push(id.clone());
        }
        drop(fresh);
        self.wake.notify_one();
    }

    /// Takes those out that are to be reported now.
    pub(super) fn take(&self) -> Vec<InstanceId> {
        std::mem::take(&mut *lock(&self.fresh))
    }

    /// Waits until there are some.
    pub(super) async fn some(&self) {
        self.wake.notified().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
