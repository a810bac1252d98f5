//! Short texts: headers of requests and answers, and settings that say where services
//! are.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::{headers, settings};
use mfhm::http::{HeaderMap, HeaderName, HeaderValue};

#[derive(Arbitrary, Debug)]
struct Texts<'a> {
    headers: Vec<(u8, &'a [u8])>,
    setting: &'a str,
}

const NAMES: [&str; 7] = [
    "traceparent",
    "tracestate",
    "baggage",
    "mfhm-timeout-ms",
    "retry-after",
    "mfhm-not-run",
    "mfhm-caller",
];

fuzz_target!(|texts: Texts<'_>| {
    let mut map = HeaderMap::new();
    for (name, value) in texts.headers.iter().take(1000) {
        let name = HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(name, value);
        }
    }
    headers(&map);
    settings(texts.setting);
});
