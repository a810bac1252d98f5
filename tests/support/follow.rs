//! Ends a test's program when the test is gone.

use std::io::Read;
use std::process::exit;

/// Watches the standard input in a thread: the test holds the other end, and it
/// closes with the test, however that ends. So no program outlives a test run
/// that was interrupted.
pub fn follow_the_test() {
    std::thread::spawn(|| {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; 64];
        while matches!(input.read(&mut buffer), Ok(1..)) {}
        exit(3)
    });
}
