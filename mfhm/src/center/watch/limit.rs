//! [`WatchLimit`]: how much may be watched at a time. A watch is held open by a
//! stranger and costs memory for each service in it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::center::address;

/// Services that all watches of one peer address (or /64 network of IPv6) have together, and those of all
/// peers. A service that several watches have counts several times.
pub(crate) const MOST_OF_PEER: usize = 4096;
pub(crate) const MOST: usize = 64 * 1024;

/// What is watched at present.
#[derive(Debug, Default)]
pub(crate) struct WatchLimit(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    peers: HashMap<IpAddr, usize>,
    all: usize,
}

/// Room for one watch, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct WatchPlace {
    limit: Arc<WatchLimit>,
    peer: IpAddr,
    services: usize,
}

impl WatchLimit {
    /// Room for a watch of so many services. Absent: there is none.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr, services: usize) -> Option<WatchPlace> {
        let peer = address::network(peer);
        let mut counts = self.counts();
        let of_peer = counts.peers.get(&peer).copied().unwrap_or_default();
        if of_peer + services > MOST_OF_PEER || counts.all + services > MOST {
            return None;
        }
        counts.peers.insert(peer, of_peer + services);
        counts.all += services;
        drop(counts);
        Some(WatchPlace {
            limit: self.clone(),
            peer,
            services,
        })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WatchPlace {
    fn drop(&mut self) {
        let mut counts = self.limit.counts();
        counts.all = counts.all.saturating_sub(self.services);
        let of_peer = counts.peers.get(&self.peer).copied().unwrap_or_default();
        match of_peer.saturating_sub(self.services) {
            0 => counts.peers.remove(&self.peer),
            left => counts.peers.insert(self.peer, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watches_are_bounded_for_each_peer_and_in_all() {
        let limit = Arc::new(WatchLimit::default());
        let mut places = Vec::new();
        for peer in 0..=255_u8 {
            let peer = IpAddr::from([10, 0, 0, peer]);
            while let Some(place) = limit.enter(peer, 64) {
                places.push(place);
                assert!(limit.counts().peers[&peer] <= MOST_OF_PEER);
            }
        }
        assert_eq!(limit.counts().all, MOST);
        assert_eq!(places.len(), MOST / 64);
        let first = IpAddr::from([10, 0, 0, 0]);
        places.remove(0);
        assert!(limit.enter(first, 65).is_none());
        assert!(limit.enter(first, 64).is_some(), "and it is free again");
        places.clear();
        assert!(limit.counts().peers.is_empty());
        assert_eq!(limit.counts().all, 0, "all is given back");
    }
}
