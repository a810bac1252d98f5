//! Parameters as text: what can be read is written so that it is read again.

#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::{round_trip, round_trip_fields};
use mfhm_fuzz::service::{Colour, Filter, Number};

fuzz_target!(|input: (Vec<&str>, Vec<(&str, Option<&str>)>)| {
    let (texts, pairs) = input;
    round_trip::<bool>(&texts);
    round_trip::<i8>(&texts);
    round_trip::<u64>(&texts);
    round_trip::<i128>(&texts);
    round_trip::<f32>(&texts);
    round_trip::<f64>(&texts);
    round_trip::<char>(&texts);
    round_trip::<String>(&texts);
    round_trip::<Colour>(&texts);
    round_trip::<Number>(&texts);
    round_trip::<IpAddr>(&texts);
    round_trip::<Option<u8>>(&texts);
    round_trip::<Option<String>>(&texts);
    round_trip::<Vec<String>>(&texts);
    round_trip::<Vec<Option<i16>>>(&texts);
    round_trip::<Option<Vec<char>>>(&texts);
    round_trip::<(u8, String)>(&texts);
    round_trip_fields::<Filter>(&pairs);
});
