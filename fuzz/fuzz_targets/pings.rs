//! What instances answer to pings, or something else that listens there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::ping;
use mfhm_fuzz::answer::Said;
use mfhm_fuzz::run_in_no_time;

fuzz_target!(|input: (u8, Said<'_>, &[u8])| {
    let (room, said, bytes) = input;
    let rooms = [usize::from(room) + 1, 4096];
    run_in_no_time(async {
        ping(&said.bytes(), rooms).await;
        ping(bytes, rooms).await;
    });
});
