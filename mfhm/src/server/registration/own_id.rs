//! [`OwnId`]: as whom an instance registers.
//!
//! Ids are told to everybody, so somebody else can register under one while its owner is
//! away: the center then does not let the owner in, whose secret is another one. The
//! owner makes a new id and a new secret and is at once somebody whom nobody knew before.
//! All its registrations follow, and whatever tells the id.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::instance::InstanceId;
use crate::key::Key;

/// The least time between two new ids: a center that refuses whatever comes must not have
/// an instance replaced at the others all the time.
const PAUSE: Duration = Duration::from_secs(60);

/// As whom an instance registers: its id, and the secret that proves it.
#[derive(Debug)]
pub(crate) struct OwnId {
    current: watch::Sender<Own>,
    /// The same without the secret, for whoever tells it.
    told: watch::Sender<InstanceId>,
}

/// An id, and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub id: InstanceId,
    /// Nobody else renews, drains or removes this instance.
    pub secret: Key,
    /// When it took the place of another one.
    since: Option<Instant>,
}

impl Own {
    fn random(since: Option<Instant>) -> Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Error::with_source("the system has no random numbers", error))?;
        Ok(Self {
            id: InstanceId::from_random(u128::from_ne_bytes(random)),
            secret: Key::random()?,
            since,
        })
    }
}

impl OwnId {
    /// One that nobody has.
    pub(crate) fn random() -> Result<Self> {
        let own = Own::random(None)?;
        Ok(Self {
            told: watch::Sender::new(own.id.clone()),
            current: watch::Sender::new(own),
        })
    }

    /// One whose id is known, for those that draw it themselves.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_test(id: InstanceId) -> Self {
        let own = Own {
            secret: Key::new(format!("the secret of {id}")),
            id,
            since: None,
        };
        Self {
            told: watch::Sender::new(own.id.clone()),
            current: watch::Sender::new(own),
        }
    }

    pub(crate) fn current(&self) -> Own {
        self.current.borrow().clone()
    }

    /// The id as it is now, and as it will be.
    pub(crate) fn told(&self) -> watch::Receiver<InstanceId> {
        self.told.subscribe()
    }

    /// Waits until it is another one than this.
    pub(crate) async fn other_than(&self, id: InstanceId) {
        let mut current = self.current.subscribe();
        // The sender lives as long as the borrow of it.
        let _ = current.wait_for(|own| own.id != id).await;
    }

    /// Somebody else has this id. Whether there is a new one: not where another center
    /// refused the same one before, nor soon after the last.
    pub(crate) fn is_taken(&self, id: &InstanceId, now: Instant) -> Result<bool> {
        let new = Own::random(Some(now))?;
        let told = new.id.clone();
        let is_new = self.current.send_if_modified(|own| {
            let is_soon = |since: Instant| now.saturating_duration_since(since) < PAUSE;
            let is_due = own.id == *id && !own.since.is_some_and(is_soon);
            if is_due {
                *own = new;
            }
            is_due
        });
        if is_new {
            self.told.send_replace(told);
        }
        Ok(is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_id_that_somebody_has_is_replaced_once_and_not_again_soon() {
        let own = OwnId::random().unwrap();
        let told = own.told();
        let first = own.current();
        assert!(own.is_taken(&first.id, Instant::now()).unwrap());
        let second = own.current();
        assert!(second.id != first.id && second.secret != first.secret);
        assert_eq!(*told.borrow(), second.id);
        own.other_than(first.id.clone()).await;
        // The other center refuses the first one, too.
        assert!(!own.is_taken(&first.id, Instant::now()).unwrap());
        // One that refuses everybody.
        assert!(!own.is_taken(&second.id, Instant::now()).unwrap());
        assert_eq!(own.current().id, second.id);
        tokio::time::advance(PAUSE).await;
        assert!(own.is_taken(&second.id, Instant::now()).unwrap());
        assert_ne!(own.current().id, second.id);
    }
}
