//! Turns at something of which there is so much, shared among peers: what one of them
//! waits for keeps no other one waiting.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::network::network;

/// So many turns at a time, and so many of them for one address.
#[derive(Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    each: usize,
    peers: Peers,
}

type Peers = Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>;

/// A turn that lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    // In this order: the last one looks whether anybody else is there.
    _all: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
    _peer: Peer,
}

/// Somebody who has a turn or waits for one.
#[derive(Debug)]
struct Peer {
    peers: Peers,
    address: IpAddr,
    turns: Arc<Semaphore>,
}

impl Turns {
    pub(crate) fn new(all: usize, each: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            each,
            peers: Peers::default(),
        }
    }

    /// Waits for a turn: first for one of its own, so that of one peer only so many are
    /// in the line with others.
    pub(crate) async fn take(&self, address: IpAddr) -> Turn {
        let peer = self.peer(address);
        // A closed semaphore would only mean no limit; these are never closed.
        let own = peer.turns.clone().acquire_owned().await.ok();
        let all = self.all.clone().acquire_owned().await.ok();
        Turn {
            _all: all,
            _own: own,
            _peer: peer,
        }
    }

    /// Does this in turns: it has one for as long as it works, and none while it waits for
    /// something. Nobody keeps a turn by being slow.
    #[cfg_attr(not(feature = "tls"), allow(dead_code))]
    pub(crate) async fn work<F: Future>(&self, address: IpAddr, work: F) -> F::Output {
        let mut work = pin!(work);
        loop {
            let turn = self.take(address).await;
            let polled = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
            drop(turn);
            if let Poll::Ready(done) = polled {
                return done;
            }
            // Whatever it waits for wakes this.
            let mut was_polled = false;
            poll_fn(|_| match std::mem::replace(&mut was_polled, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
        }
    }

    fn peer(&self, address: IpAddr) -> Peer {
        let address = network(address);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = peers
            .entry(address)
            .or_insert_with(|| Arc::new(Semaphore::new(self.each)))
            .clone();
        Peer {
            peers: self.peers.clone(),
            address,
            turns,
        }
    }

    #[cfg(all(test, feature = "center"))]
    pub(crate) fn taken(&self, all: usize) -> usize {
        all - self.all.available_permits()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        // It is cloned under this lock only: two are the map's and this one.
        if Arc::strong_count(&self.turns) == 2 {
            peers.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[tokio::test]
    async fn one_peer_leaves_turns_for_others_and_nothing_stays_behind() {
        let turns = Turns::new(10, 4);
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(turns.take(peer(1)).await);
        }
        {
            // A thousand more wait, and keep nobody waiting.
            let mut waiting: Vec<_> = (0..1000).map(|_| Box::pin(turns.take(peer(1)))).collect();
            for wait in &mut waiting {
                assert!(wait.now_or_never().is_none());
            }
            for last in 2..=7 {
                taken.push(turns.take(peer(last)).now_or_never().unwrap());
            }
            assert!(
                turns.take(peer(8)).now_or_never().is_none(),
                "all are taken"
            );
        }
        taken.clear();
        assert!(turns.peers.lock().unwrap().is_empty());
        let again: Vec<_> = (0..4).map(|_| turns.take(peer(1)).now_or_never()).collect();
        assert!(again.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn a_network_of_ipv6_is_one_peer() {
        let turns = Turns::new(10, 1);
        let one = turns.take("2001:db8::1".parse().unwrap()).await;
        let same = turns.take("2001:db8::ffff:2".parse().unwrap());
        assert!(same.now_or_never().is_none());
        let other = turns.take("2001:db8:0:1::1".parse().unwrap());
        assert!(other.now_or_never().is_some());
        drop(one);
    }
}
