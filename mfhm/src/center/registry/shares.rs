//! Whose the registered instances are, and how much memory they take: by the addresses
//! that they registered from, and by who registered them.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use crate::center::address;
use crate::center::record::Record;

/// Who has a share of something that there is so much of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A token or a certificate, wherever it is used.
    Principal(Box<str>),
    /// Whoever is at this address, or at one that counts as the same.
    Network(IpAddr),
}

impl Owner {
    pub(crate) fn new(principal: Option<&str>, address: IpAddr) -> Self {
        match principal {
            Some(name) => Self::Principal(name.into()),
            None => Self::Network(address::network(address)),
        }
    }

    /// Who registered it.
    pub(crate) fn of(record: &Record) -> Self {
        Self::new(record.principal.as_deref(), record.registrant())
    }
}

/// So many instances, and the bytes of their records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub instances: usize,
    pub bytes: usize,
}

/// Of all together, of each address, and of each token or certificate.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    all: Share,
    addresses: HashMap<IpAddr, Share>,
    principals: HashMap<Box<str>, Share>,
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

    /// What this principal has.
    pub(crate) fn of_principal(&self, name: &str) -> Share {
        self.principals.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn enter(&mut self, record: &Record) {
        let share = Share::of(record);
        self.all = self.all + share;
        let own = self.addresses.entry(owner(record)).or_default();
        *own = *own + share;
        if let Some(name) = &record.principal {
            let own = self.principals.entry(name.clone()).or_default();
            *own = *own + share;
        }
    }

    pub(crate) fn leave(&mut self, record: &Record) {
        let share = Share::of(record);
        self.all = self.all - share;
        subtract(&mut self.addresses, &owner(record), share);
        if let Some(name) = &record.principal {
            subtract(&mut self.principals, name, share);
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

/// Who has nothing is forgotten.
fn subtract<K: Eq + Hash>(shares: &mut HashMap<K, Share>, whose: &K, share: Share) {
    if let Some(own) = shares.get_mut(whose) {
        *own = *own - share;
        if own.instances == 0 {
            shares.remove(whose);
        }
    }
}

fn owner(record: &Record) -> IpAddr {
    address::network(record.registrant())
}
