//! How many instances may be registered: by all together, and from one address. Each is
//! kept in memory and on disk, told to watchers, and pinged, so a stranger who registers
//! without end would take the center from everybody.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::center::address;
use crate::center::record::Record;
use crate::center::registry::{Share, Shares};
use crate::center::view::View;

/// What a registration takes on average, at most: its operations, its metadata.
const AVERAGE: usize = 4096;

/// How many instances there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub instances: usize,
    /// Of those, the ones that one address registers.
    pub per_address: usize,
}

/// The room that registrations take.
#[derive(Debug)]
pub(crate) struct Room {
    capacity: Capacity,
    /// What is on its way to the store, and not counted by the view yet.
    coming: Mutex<Shares>,
}

/// Room for one registration, until the view has it.
#[derive(Debug)]
pub(crate) struct Coming<'a> {
    room: &'a Room,
    record: Arc<Record>,
}

/// There is no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// Absent: all addresses together have as much as there is.
    pub address: Option<IpAddr>,
    taken: Share,
    most: Share,
}

impl Room {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            coming: Mutex::default(),
        }
    }

    /// Room for a record that takes the place of these. What needs no more than they
    /// did always has it: nobody is kept from coming back.
    pub(super) fn enter(
        &self,
        view: &View,
        record: &Arc<Record>,
        replaced: &[Arc<Record>],
    ) -> Result<Coming<'_>, Full> {
        let owner = record.registrant();
        // This lock is taken first, everywhere.
        let mut coming = self.coming();
        let (mut all, mut own) = view.with(|registry, _, _| {
            let shares = registry.shares();
            (shares.all(), shares.of(owner))
        });
        (all, own) = (all + coming.all(), own + coming.of(owner));
        let (mut left, mut left_by_own) = (Share::default(), Share::default());
        for other in replaced {
            left = left + Share::of(other);
            if address::network(other.registrant()) == address::network(owner) {
                left_by_own = left_by_own + Share::of(other);
            }
        }
        let own_most = most(self.capacity.per_address);
        if let Some(taken) = exceeds(own, left_by_own, record, own_most) {
            return Err(Full {
                address: Some(owner),
                taken,
                most: own_most,
            });
        }
        let all_most = most(self.capacity.instances);
        if let Some(taken) = exceeds(all, left, record, all_most) {
            return Err(Full {
                address: None,
                taken,
                most: all_most,
            });
        }
        coming.enter(record);
        Ok(Coming {
            room: self,
            record: record.clone(),
        })
    }

    fn coming(&self) -> MutexGuard<'_, Shares> {
        // Nothing panics between two changes that belong together.
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.room.coming().leave(&self.record);
    }
}

fn most(instances: usize) -> Share {
    Share {
        instances,
        bytes: instances.saturating_mul(AVERAGE),
    }
}

/// What is taken, if it would be more than there may be and more than before.
fn exceeds(taken: Share, left: Share, record: &Record, most: Share) -> Option<Share> {
    let needed = Share::of(record);
    let then = taken - left + needed;
    let is_over = |then, most, needed, left| then > most && needed > left;
    let has_too_many = is_over(
        then.instances,
        most.instances,
        needed.instances,
        left.instances,
    );
    let is_too_long = is_over(then.bytes, most.bytes, needed.bytes, left.bytes);
    (has_too_many || is_too_long).then_some(taken)
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            taken,
            most,
        } = self;
        let (whose, option) = match address {
            Some(address) => (format!("{address} has"), "--max-instances-per-address"),
            None => ("this center has".to_owned(), "--max-instances"),
        };
        write!(
            f,
            "{whose} {} registered instances of {} that it may have, in {} of {} KiB: let some \
             that are not needed leave, or start the center with a greater {option}",
            taken.instances,
            most.instances,
            taken.bytes / 1024,
            most.bytes / 1024,
        )
    }
}
