//! [`Room`]: how much memory the bodies that arrive may take together: those of requests,
//! and those of answers.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So much of each body is not counted: small ones always have room, however many
/// large ones arrive slowly. There are no more of them than connections.
const FREE: usize = 16 << 10;

/// Memory for bodies.
#[derive(Debug)]
pub(crate) struct Room {
    taken: AtomicUsize,
    most: AtomicUsize,
}

/// What one body takes, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    room: &'static Room,
    bytes: usize,
}

impl Room {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            most: AtomicUsize::new(most),
        }
    }

    /// From now on there is so much.
    #[cfg(feature = "client")]
    pub(crate) fn set_most(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    #[cfg(all(test, feature = "client"))]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// How much there is.
    #[cfg(feature = "client")]
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// A body of which nothing has come yet.
    pub(crate) fn body(&'static self) -> Held {
        Held {
            room: self,
            bytes: 0,
        }
    }
}

impl Held {
    /// Whether there is room for the body when it has grown to `length`. A body that
    /// is larger than all of the room is let in when it is alone.
    pub(crate) fn grow(&mut self, length: usize) -> bool {
        let more = length.saturating_sub(FREE).saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let most = self.room.most.load(Ordering::Relaxed);
        let fits = |taken: usize| {
            let grown = taken.saturating_add(more);
            (grown <= most || taken == self.bytes).then_some(grown)
        };
        let taken = &self.room.taken;
        let has_room = taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_ok();
        if has_room {
            self.bytes += more;
        }
        has_room
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_the_room_and_small_ones_need_none() {
        static ROOM: Room = Room::new(100);
        let mut first = ROOM.body();
        let mut second = ROOM.body();
        assert!(first.grow(FREE + 60) && second.grow(FREE + 40));
        assert!(!second.grow(FREE + 41));
        assert!(ROOM.body().grow(FREE));
        assert!(!ROOM.body().grow(FREE + 1));
        drop(first);
        assert!(second.grow(FREE + 100));
        drop(second);
        assert_eq!(ROOM.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_that_is_larger_than_the_room_is_let_in_alone() {
        static ROOM: Room = Room::new(100);
        let mut large = ROOM.body();
        assert!(large.grow(FREE + 99) && large.grow(FREE + 500));
        assert!(!ROOM.body().grow(FREE + 1));
        drop(large);
        assert!(ROOM.body().grow(FREE + 1));
    }
}
