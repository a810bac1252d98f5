//! Who calls: assertions, and the keys by which they are believed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::{assertion, key_set};

fuzz_target!(|input: (&[u8], &[u8], (u16, u8), &str, &str, &[u8])| {
    let (header, claims, changed, text, audience, keys) = input;
    assertion((header, claims), changed, text, audience);
    key_set(keys);
});
