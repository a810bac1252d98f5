//! Who watches is told what changes.
//!
//! ```text
//! registry's changes → damping → journal → watcher → event stream
//! ```
//!
//! The [`Journal`] keeps the recent changes of every service, in order, and knows
//! nothing of those who watch: a watcher is a [`Cursor`] into it. So a watcher
//! that does not read holds no memory of its own but for the few changes that it was
//! about to be sent. When the journal has forgotten what it has not read yet, it is
//! cut off, and comes back for a fresh snapshot.
//!
//! Positions count from the start of the center, and a cursor carries the epoch of
//! the center's run: what another run told says nothing about this one.

mod cursor;
mod damping;
mod journal;
mod limit;
#[cfg(test)]
mod model;
mod watcher;

use std::sync::OnceLock;

use bytes::Bytes;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::journal::Journal;
pub(crate) use self::limit::{MOST, MOST_OF_PEER, WatchLimit, WatchPlace};
pub(crate) use self::watcher::{Told, Watcher, Watching};
use super::registry::InstanceChange;

/// One change as it was published.
#[derive(Debug)]
pub(crate) struct Published {
    pub at: Cursor,
    /// The registry's revision, with which a list can be compared.
    pub revision: u64,
    pub change: InstanceChange,
    /// As it travels: written by the first watcher, shared by the others.
    pub frame: OnceLock<Bytes>,
}
