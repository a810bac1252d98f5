//! What a center reads from the disk: exports line by line, records, and entries of the
//! audit trail.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mfhm::fuzzing::stored(bytes));
