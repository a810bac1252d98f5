//! The output of the registry: what readers see differently.
//!
//! Where something may have changed it is only noted; what it changed to is
//! looked up when the changes are taken. So several steps under one lock are one
//! change, and what is told is always what a reader would see.

use std::sync::Arc;

use super::{Listed, Registry};
use crate::instance::InstanceId;

/// What an instance looks like to readers now.
#[derive(Clone, Debug)]
pub(crate) struct InstanceChange {
    pub service: Arc<str>,
    pub id: InstanceId,
    /// Absent: the service has no such instance any more.
    pub seen: Option<Listed>,
    pub cause: Cause,
}

/// Why it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Pings or their absence: it can flap.
    Health,
    /// A registration, a departure, a command: somebody said so.
    Command,
}

/// Who may have changed since the changes were last taken.
#[derive(Debug, Default)]
pub(super) struct Touched(Vec<(String, InstanceId, Cause)>);

impl Touched {
    pub(super) fn push(&mut self, service: &str, id: &InstanceId, cause: Cause) {
        let known = self
            .0
            .iter_mut()
            .rev()
            .take(8)
            .find(|(other, known, _)| known == id && other == service);
        match known {
            Some((_, _, known)) if cause == Cause::Command => *known = cause,
            Some(_) => {}
            None => self.0.push((service.to_owned(), id.clone(), cause)),
        }
    }
}

impl Registry {
    /// What changed since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Vec<InstanceChange> {
        let touched = std::mem::take(&mut self.touched.0);
        let changes = touched
            .into_iter()
            .map(|(service, id, cause)| InstanceChange {
                seen: self.listed(&service, &id),
                service: service.into(),
                id,
                cause,
            });
        changes.collect()
    }

    /// This instance of this service as a reader sees it.
    pub(crate) fn listed(&self, service: &str, id: &InstanceId) -> Option<Listed> {
        let entry = self.entries.get(id)?;
        (entry.record.service == service).then(|| entry.listed())
    }
}
