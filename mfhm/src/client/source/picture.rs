//! [`Picture`]: the instances of one service as a center last told them, put
//! together of what comes on a stream and of what is read besides.
//!
//! It does no I/O. What the stream tells is in order and without gaps, but what was
//! read may be newer than events that are still on their way, and it may come from
//! another run of the center than they do, or from another center behind the same
//! address. Their revisions say nothing about each other.

use std::collections::BTreeMap;

use serde::de::Error as _;

use crate::instance::InstanceId;
use crate::link::events::RawEvent;
use crate::wire::v1::watch::{REMOVE, Removal, SNAPSHOT, Snapshot, UPSERT, Upsert};
use crate::wire::v1::{InstanceView, MOST_INSTANCES};

/// So much may be told one by one, in bytes, until everything is told anew, which happens
/// every 20 s: whoever says more makes a picture that has no end.
const MOST_TOLD: usize = 64 << 20;

/// The instances as the center last told them.
#[derive(Debug, Default)]
pub(super) struct Picture {
    revision: u64,
    /// How much was told since everything was.
    told: usize,
    instances: BTreeMap<InstanceId, InstanceView>,
}

/// A reading is older than what the stream has told before it: it is of another
/// run, and the stream has to begin anew.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherRun;

impl Picture {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &InstanceView> {
        self.instances.values()
    }

    /// Takes in what the stream tells. Whether it says anything new.
    pub(super) fn take(
        &mut self,
        service: &str,
        event: &RawEvent,
    ) -> Result<bool, serde_json::Error> {
        match event.event.as_deref() {
            Some(SNAPSHOT) => {
                let snapshot: Snapshot = serde_json::from_str(&event.data)?;
                let mut services = snapshot.services.into_iter();
                let view = services.find(|view| view.service == service);
                let instances = view.map(|view| view.instances).unwrap_or_default();
                self.replace(snapshot.revision, instances);
                Ok(true)
            }
            Some(UPSERT) => {
                let Upsert {
                    service: of,
                    revision,
                    instance,
                } = serde_json::from_str(&event.data)?;
                self.told = self.told.saturating_add(event.data.len());
                let is_known = self.instances.contains_key(&instance.id);
                if self.told > MOST_TOLD || (!is_known && self.instances.len() >= MOST_INSTANCES) {
                    return Err(serde_json::Error::custom("there are too many instances"));
                }
                Ok(of == service && self.is_news(revision) && {
                    let id = instance.id.clone();
                    self.instances.insert(id, instance.clone()).as_ref() != Some(&instance)
                })
            }
            Some(REMOVE) => {
                let Removal {
                    service: of,
                    revision,
                    id,
                } = serde_json::from_str(&event.data)?;
                Ok(of == service && self.is_news(revision) && self.instances.remove(&id).is_some())
            }
            // What a newer center says besides.
            _ => Ok(false),
        }
    }

    /// Takes in what was read while nothing was taken from the stream.
    pub(super) fn read(
        &mut self,
        revision: u64,
        instances: Vec<InstanceView>,
    ) -> Result<(), OtherRun> {
        // A center answers with what it knows when it is asked, which is at least
        // what it has told until then.
        if revision < self.revision {
            return Err(OtherRun);
        }
        self.replace(revision, instances);
        Ok(())
    }

    /// A reading said that there is no instance. It has no revision: events that are
    /// still on their way are taken in, down to the removals among them.
    pub(super) fn clear(&mut self) {
        self.instances.clear();
    }

    /// A reading may have told more than the events that are still on their way.
    fn is_news(&self, revision: u64) -> bool {
        // Several events can have one revision: only a reading moves it on.
        revision > self.revision
    }

    fn replace(&mut self, revision: u64, instances: Vec<InstanceView>) {
        self.revision = revision;
        self.told = 0;
        self.instances = instances
            .into_iter()
            .map(|instance| (instance.id.clone(), instance))
            .collect();
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
