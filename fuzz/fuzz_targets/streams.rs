//! Streams of events and of lines: where the bytes are cut means nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::event_stream;

fuzz_target!(|bytes: &[u8]| {
    if let [cut, bytes @ ..] = bytes {
        event_stream(bytes, usize::from(*cut) + 1);
    }
});
