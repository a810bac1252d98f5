//! Which of several instances the calls go to: by weight and by zone, as the
//! services say in their environment.

use std::collections::HashMap;

use mfhm::Caller;
use support::port;
use support::process::Process;
use support::services::Service01Client;

use crate::programs::{CenterProcess, service_program};

async fn service01(center: &CenterProcess, name: &str, value: &str) -> Process {
    let port = port::free();
    let mut process = service_program(&["service01"], &center.url())
        .env("MFHM_PORT", port)
        .env(name, value)
        .start();
    process.answers(port, "/ping", 200).await;
    process
}

/// How many of 300 calls each process answered.
async fn share(caller: &Caller) -> HashMap<u32, usize> {
    let client = Service01Client::through(caller);
    let mut share = HashMap::new();
    for _ in 0..300 {
        let item = client.item(1, None).await.expect("no call fails");
        *share.entry(item.pid).or_default() += 1;
    }
    share
}

#[tokio::test]
async fn a_canary_gets_few_calls() {
    let center = CenterProcess::start().await;
    let usual = service01(&center, "MFHM_WEIGHT", "100").await;
    let canary = service01(&center, "MFHM_WEIGHT", "5").await;
    center.has("service01", 2).await;
    let share = share(&center.caller()).await;
    // 14 are its share.
    let few = share.get(&canary.id()).copied().unwrap_or_default();
    assert!((1..=45).contains(&few), "{share:?}");
    assert_eq!(share[&usual.id()] + few, 300);
}

#[tokio::test]
async fn the_own_zone_is_called_while_it_is_there() {
    let center = CenterProcess::start().await;
    let mut near = service01(&center, "MFHM_ZONE", "a").await;
    let far = service01(&center, "MFHM_ZONE", "b").await;
    center.has("service01", 2).await;
    let in_a = Caller::builder().center(center.url()).zone("a").build();
    let in_a = in_a.expect("a caller");
    assert_eq!(share(&in_a).await, HashMap::from([(near.id(), 300)]));
    let nowhere = share(&center.caller()).await;
    assert!(nowhere.len() == 2, "both without a zone: {nowhere:?}");
    near.kill();
    assert_eq!(share(&in_a).await, HashMap::from([(far.id(), 300)]));
}
