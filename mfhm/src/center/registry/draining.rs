//! Instances that were told to leave, and what holds a registration meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::{Cause, Registry};
use crate::center::record::Record;
use crate::instance::InstanceId;

/// How long the open stream of an instance that is down and silent keeps its lease.
const SILENT_HOLD: Duration = Duration::from_secs(5 * 60);

impl Registry {
    /// Hands the instance out no more; it is pinged and kept until it leaves. The
    /// answer is whether this is new. Absent: it is not registered.
    ///
    /// This is not stored: a center that starts again hears of it when the
    /// instance leaves.
    pub(crate) fn drain(&mut self, id: &InstanceId) -> Option<bool> {
        let entry = self.entries.get_mut(id)?;
        let is_new = !std::mem::replace(&mut entry.is_draining, true);
        if is_new {
            self.revision += 1;
            self.touched.push(&entry.record.service, id, Cause::Command);
        }
        Some(is_new)
    }

    /// Whether it was told to leave. Absent: it is not registered.
    pub(crate) fn is_draining(&self, id: &InstanceId) -> Option<bool> {
        self.entries.get(id).map(|entry| entry.is_draining)
    }

    /// Renews a lease because the instance's stream is open. Absent: it is not
    /// registered.
    ///
    /// The kernel of a process that hangs keeps the stream open too, so this says
    /// little of one that is down: if there is evidence against it, nothing; if it is
    /// only silent, that it is not yet given up. A process that was stopped for a
    /// minute keeps its registration, and a machine without power loses it before its
    /// connections time out.
    pub(crate) fn renew_held(&mut self, id: &InstanceId, now: Duration) -> Option<Arc<Record>> {
        let entry = self.entries.get(id)?;
        let is_given_up = entry.health.down_since().is_some_and(|since| {
            !entry.health.is_silent() || now.saturating_sub(since) >= SILENT_HOLD
        });
        if is_given_up {
            return Some(entry.record.clone());
        }
        self.renew(id, now)
    }
}
