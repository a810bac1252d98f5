//! How many instances may be registered: by all together, from one address, and with one
//! token or certificate. Each is kept in memory and on disk, told to watchers, and pinged,
//! so a stranger who registers without end would take the center from everybody.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

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
    /// The same for one token, or one certificate.
    pub per_principal: usize,
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
    whose: Whose,
    taken: Share,
    most: Share,
}

/// Who has as much as there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    All,
    Address(IpAddr),
    Principal(Box<str>),
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
        let principal = record.principal.as_deref();
        // This lock is taken first, everywhere.
        let mut coming = self.coming();
        let taken = |shares: &Shares| {
            let by_principal = principal.map(|name| shares.of_principal(name));
            (
                shares.all(),
                shares.of(owner),
                by_principal.unwrap_or_default(),
            )
        };
        let registered = view.with(|registry, _, _| taken(registry.shares()));
        let on_its_way = taken(&coming);
        let left = |is_whose: &dyn Fn(&Record) -> bool| {
            let leaving = replaced.iter().filter(|other| is_whose(other));
            leaving.fold(Share::default(), |sum, other| sum + Share::of(other))
        };
        let check = |whose: Whose, taken: Share, left: Share, instances: usize| {
            let most = most(instances);
            match exceeds(taken, left, record, most) {
                Some(taken) => Err(Full { whose, taken, most }),
                None => Ok(()),
            }
        };
        check(
            Whose::Address(owner),
            registered.1 + on_its_way.1,
            left(&|other| address::network(other.registrant()) == address::network(owner)),
            self.capacity.per_address,
        )?;
        if let Some(name) = principal {
            check(
                Whose::Principal(name.into()),
                registered.2 + on_its_way.2,
                left(&|other| other.principal.as_deref() == Some(name)),
                self.capacity.per_principal,
            )?;
        }
        check(
            Whose::All,
            registered.0 + on_its_way.0,
            left(&|_| true),
            self.capacity.instances,
        )?;
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

impl Full {
    /// Whether somebody has too much, or there is no more.
    pub(crate) fn status(&self) -> StatusCode {
        match self.whose {
            Whose::Address(_) | Whose::Principal(_) => StatusCode::TOO_MANY_REQUESTS,
            Whose::All => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, taken, most } = self;
        let (whose, option) = match whose {
            Whose::Address(address) => (format!("{address} has"), "--max-instances-per-address"),
            Whose::Principal(name) => (format!("the {name} has"), "--max-instances-per-token"),
            Whose::All => ("this center has".to_owned(), "--max-instances"),
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
