//! What centers answer to callers and services, over connections; and the bodies alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::{answer_body, ask_center, script};
use mfhm_fuzz::answer::Said;
use mfhm_fuzz::run_in_no_time;

fuzz_target!(|input: (u8, u8, Vec<Said<'_>>, &[u8])| {
    let (question, room, said, body) = input;
    answer_body(body);
    if !said.is_empty() {
        let answers = said.iter().take(12).map(Said::bytes).collect();
        let _script = script(answers, usize::from(room) * 16 + 1);
        run_in_no_time(ask_center(question));
    }
});
