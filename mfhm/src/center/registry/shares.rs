//! Whose the registered instances are, and how much memory they take: by the addresses
//! that they registered from.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::center::address;
use crate::center::record::Record;

/// So many instances, and the bytes of their records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub instances: usize,
    pub bytes: usize,
}

/// Of all together, and of each address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    all: Share,
    addresses: HashMap<IpAddr, Share>,
}

impl Shares {
    pub(crate) fn all(&self) -> Share {
        self.all
    }

    /// What an address has, and all that count as the same.
    pub(crate) fn of(&self, address: IpAddr) -> Share {
        let address = address::network(address);
        self.addresses.get(&address).copied().unwrap_or_default()
    }

    pub(crate) fn enter(&mut self, record: &Record) {
        let share = Share::of(record);
        self.all = self.all + share;
        let own = self.addresses.entry(owner(record)).or_default();
        *own = *own + share;
    }

    pub(crate) fn leave(&mut self, record: &Record) {
        let share = Share::of(record);
        self.all = self.all - share;
        let owner = owner(record);
        if let Some(own) = self.addresses.get_mut(&owner) {
            *own = *own - share;
            if own.instances == 0 {
                self.addresses.remove(&owner);
            }
        }
    }
}

impl Share {
    /// What one record takes.
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            instances: 1,
            bytes: record.footprint(),
        }
    }
}

impl std::ops::Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_add(other.instances),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl std::ops::Sub for Share {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_sub(other.instances),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

fn owner(record: &Record) -> IpAddr {
    address::network(record.registrant())
}
