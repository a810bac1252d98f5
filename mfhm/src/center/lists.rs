//! [`Lists`]: what look-ups were answered since anything changed.
//!
//! Callers ask for the same few services again and again, and between two changes of
//! the registry the answer is the same. It is kept as the bytes that are sent, so that the
//! next look-up takes no part of the registry and does not wait for its lock. Whatever
//! changes, all is forgotten: an answer carries the registry's revision.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

/// So many bytes are kept. Beyond that, look-ups go the long way.
const MOST: usize = 4 << 20;

#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// The registry's revision, written under its lock.
    current: AtomicU64,
    kept: RwLock<Kept>,
}

/// The answers at one revision.
#[derive(Debug, Default)]
struct Kept {
    revision: u64,
    bytes: usize,
    views: HashMap<String, Bytes>,
    picks: HashMap<String, Arc<Picks>>,
}

/// The instances of which a look-up of one service gets one, as the Python endpoint
/// tells of them.
#[derive(Debug, Default)]
pub(crate) struct Picks {
    /// The answers, each with the sum of the weights up to it.
    picks: Vec<(u64, Bytes)>,
}

impl Lists {
    /// The registry has this revision now.
    pub(crate) fn follow(&self, revision: u64) {
        // Whoever was told of a change afterwards looks up later than this.
        self.current.store(revision, Ordering::Release);
    }

    /// The list of a service by v1.
    pub(crate) fn view(&self, service: &str) -> Option<Bytes> {
        self.read(|kept| kept.views.get(service).cloned())
    }

    /// Keeps the list of a service as it was at this revision.
    pub(crate) fn keep_view(&self, service: &str, revision: u64, body: Bytes) {
        self.keep(revision, service.len() + body.len(), |kept| {
            kept.views.insert(service.to_owned(), body);
        });
    }

    /// The instances of a service to choose from.
    pub(crate) fn picks(&self, service: &str) -> Option<Arc<Picks>> {
        self.read(|kept| kept.picks.get(service).cloned())
    }

    /// Keeps the instances of a service as they were at this revision.
    pub(crate) fn keep_picks(&self, service: &str, revision: u64, picks: Picks) {
        let bytes = picks.picks.iter().map(|(_, body)| body.len() + 64);
        self.keep(revision, service.len() + bytes.sum::<usize>(), |kept| {
            kept.picks.insert(service.to_owned(), Arc::new(picks));
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Kept) -> Option<T>) -> Option<T> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let is_current = kept.revision == self.current.load(Ordering::Acquire);
        is_current.then(|| read(&kept)).flatten()
    }

    fn keep(&self, revision: u64, bytes: usize, write: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if revision < kept.revision {
            return;
        }
        if revision > kept.revision {
            *kept = Kept {
                revision,
                ..Kept::default()
            };
        }
        if kept.bytes + bytes <= MOST {
            kept.bytes += bytes;
            write(&mut kept);
        }
    }
}

impl Picks {
    /// Those that may be chosen, each with its weight.
    pub(crate) fn new(all: impl IntoIterator<Item = (u32, Bytes)>) -> Self {
        let mut picks: Vec<(u64, Bytes)> = all
            .into_iter()
            .map(|(weight, body)| (u64::from(weight), body))
            .collect();
        if picks.iter().all(|(weight, _)| *weight == 0) {
            // Nobody has a weight: all are equal.
            picks.iter_mut().for_each(|(weight, _)| *weight = 1);
        }
        let mut sum = 0;
        for (weight, _) in &mut picks {
            sum += *weight;
            *weight = sum;
        }
        Self { picks }
    }

    /// One of them, as often as its weight says.
    pub(crate) fn pick(&self, random: u64) -> Option<Bytes> {
        let (total, _) = self.picks.last()?;
        let drawn = random % total;
        let index = self.picks.partition_point(|(sum, _)| *sum <= drawn);
        self.picks.get(index).map(|(_, body)| body.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Bytes = Bytes::from_static(b"a list");

    #[test]
    fn a_list_is_forgotten_when_anything_changes() {
        let lists = Lists::default();
        lists.follow(7);
        assert_eq!(lists.view("users"), None);
        lists.keep_view("users", 7, BODY);
        assert_eq!(lists.view("users"), Some(BODY));
        lists.follow(8);
        assert_eq!(lists.view("users"), None);
        // Who looked before the change and writes after it keeps nothing.
        lists.keep_view("orders", 8, BODY);
        lists.keep_view("users", 7, BODY);
        assert_eq!(lists.view("users"), None);
        assert_eq!(lists.view("orders"), Some(BODY));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let lists = Lists::default();
        lists.keep_view("a", 1, Bytes::from(vec![0; MOST - 100]));
        lists.keep_view("b", 1, Bytes::from(vec![0; 200]));
        lists.follow(1);
        assert!(lists.view("a").is_some());
        assert_eq!(lists.view("b"), None);
        lists.keep_view("b", 2, Bytes::from(vec![0; 200]));
        lists.follow(2);
        assert!(lists.view("b").is_some());
    }

    #[test]
    fn each_is_picked_as_often_as_its_weight_says() {
        let name = |name: &'static str| Bytes::from_static(name.as_bytes());
        let picks = |weights: [u32; 3]| {
            let all = weights.into_iter().zip(["a", "b", "c"].map(name));
            let picks = Picks::new(all);
            let picked = (0..6).map(|random| picks.pick(random).expect("there are some"));
            picked.collect::<Vec<_>>().concat()
        };
        assert_eq!(picks([1, 0, 2]), b"accacc");
        assert_eq!(picks([3, 2, 1]), b"aaabbc");
        assert_eq!(picks([0, 0, 0]), b"abcabc");
        assert_eq!(Picks::new([]).pick(0), None);
    }
}
