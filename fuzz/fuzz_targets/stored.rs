//! What is read from the disk. By a center: exports line by line, records, entries of
//! the audit trail, tokens, keys, documents, and the file of a Python center. By callers:
//! the lists that they saved.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    mfhm::fuzzing::stored(bytes);
    mfhm::fuzzing::saved(bytes);
});
