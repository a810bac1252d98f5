//! Ports for programs that must be told theirs.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems give ports to outgoing connections, so
/// that a port that is free stays free until the program takes it.
const RANGE: std::ops::Range<u16> = 22_000..30_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that is free and that no other test of this process gets.
///
/// # Panics
///
/// When no port of the range is free.
pub fn free() -> u16 {
    let size = RANGE.end - RANGE.start;
    // Processes begin at different places, so that two test runs on one machine
    // seldom look at the same port.
    let start = (std::process::id().wrapping_mul(97) % u32::from(size)) as u16;
    for _ in 0..size {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % size;
        let port = RANGE.start + (start + step) % size;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {} to {} is free", RANGE.start, RANGE.end - 1)
}
