//! Whatever bytes come over a connection, with a time that passes at once: frames of
//! HTTP/2 behind its preface, or something else. What comes back are frames.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm_fuzz::{run_in_no_time, service};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Empty settings, which every client begins with.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else {
        return;
    };
    let sent = match how % 4 {
        0 => bytes.to_vec(),
        1 => [PREFACE, bytes].concat(),
        _ => [PREFACE, SETTINGS, bytes].concat(),
    };
    run_in_no_time(async {
        let answer = mfhm::fuzzing::connection(service::router(), &sent).await;
        if answer.starts_with(b"HTTP/1.") {
            assert!(!sent.starts_with(PREFACE), "another version answers");
        } else {
            assert!(answer.is_empty() || sent.starts_with(PREFACE));
            frames(&answer);
        }
    });
});

/// The first is of settings, and each of a kind that there is. The last may be cut: by
/// then the peer has closed its side.
fn frames(mut answer: &[u8]) {
    let mut is_first = true;
    while let Some((head, rest)) = answer.split_first_chunk::<9>() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        assert!(!is_first || (head[3] == 4 && head[4] == 0), "{head:?}");
        assert!(head[3] <= 9, "{head:?}");
        is_first = false;
        answer = &rest[length.min(rest.len())..];
    }
}
