//! Instances that were told to leave, and what holds a registration meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::{Cause, Registry};
use crate::center::record::Record;
use crate::instance::{InstanceId, InstanceStatus};

impl Registry {
    /// Hands the instance out no more; it is pinged and kept until it leaves.
    /// False: it is not registered.
    ///
    /// This is not stored: a center that starts again hears of it when the
    /// instance leaves.
    pub(crate) fn drain(&mut self, id: &InstanceId) -> bool {
        let Some(entry) = self.entries.get_mut(id) else {
            return false;
        };
        if !std::mem::replace(&mut entry.is_draining, true) {
            self.revision += 1;
            self.touched.push(&entry.record.service, id, Cause::Command);
        }
        true
    }

    /// Whether it was told to leave. Absent: it is not registered.
    pub(crate) fn is_draining(&self, id: &InstanceId) -> Option<bool> {
        self.entries.get(id).map(|entry| entry.is_draining)
    }

    /// Renews a lease because the instance's stream is open. The kernel of a
    /// process that hangs keeps it open too, so this says nothing of one that is
    /// down. Absent: it is not registered.
    pub(crate) fn renew_held(&mut self, id: &InstanceId, now: Duration) -> Option<Arc<Record>> {
        let entry = self.entries.get(id)?;
        if entry.health.status() == InstanceStatus::Down {
            return Some(entry.record.clone());
        }
        self.renew(id, now)
    }
}
