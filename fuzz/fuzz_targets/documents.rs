//! Two OpenAPI documents, one after the other with a zero byte between them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::documents;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let old = parts.next().unwrap_or_default();
    documents(old, parts.next().unwrap_or(old));
});
