//! Two instances of one service share the calls; when one is killed, nobody
//! notices.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use support::process::Process;
use support::services::Service01Client;
use support::{port, wait};
use tracing::instrument::WithSubscriber;

use crate::attempts::FailedAttempts;
use crate::programs::{CenterProcess, service_process};

/// A center and two instances, known by their process ids.
async fn two_instances() -> (CenterProcess, [Process; 2]) {
    let center = CenterProcess::start().await;
    let first = service_process("service01", &center.url(), port::free()).await;
    let second = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 2).await;
    (center, [first, second])
}

/// How many of these calls each process answered.
async fn share(client: &Service01Client, calls: u64) -> HashMap<u32, u64> {
    let mut share = HashMap::new();
    for _ in 0..calls {
        let item = client.item(1, None).await.expect("no call fails");
        *share.entry(item.pid).or_default() += 1;
    }
    share
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_the_calls() {
    let (center, instances) = two_instances().await;
    let client = Service01Client::through(&center.caller());
    let share = share(&client, 400).await;
    for instance in &instances {
        let part = share.get(&instance.id()).copied().unwrap_or_default();
        assert!(
            part >= 40,
            "of 400 calls each has at least a tenth, also while one is slowed down: {share:?}"
        );
    }
}

#[tokio::test]
async fn after_a_kill_at_most_one_attempt_goes_to_the_dead() {
    let (center, [mut killed, alive]) = two_instances().await;
    let client = Service01Client::through(&center.caller());
    let before = share(&client, 100).await;
    assert_eq!(before.len(), 2, "both have connections: {before:?}");

    killed.kill();
    let failed = FailedAttempts::default();
    let after = share(&client, 1000).with_subscriber(failed.clone()).await;
    assert_eq!(after, HashMap::from([(alive.id(), 1000)]));
    assert!(failed.count() <= 1, "{failed:?}");
}

/// As before, with many calls under way at the moment of the kill.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_when_an_instance_is_killed_under_load() {
    let (center, [mut killed, alive]) = two_instances().await;
    let caller = center.caller();
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let client = Service01Client::through(&caller);
            let (is_over, calls) = (Arc::clone(&is_over), Arc::clone(&calls));
            tokio::spawn(async move {
                let mut last = 0;
                while !is_over.load(Ordering::Relaxed) {
                    last = client.item(1, None).await.expect("no call fails").pid;
                    calls.fetch_add(1, Ordering::Relaxed);
                }
                last
            })
        })
        .collect();
    let more_calls = async |count: usize| {
        let goal = calls.load(Ordering::Relaxed) + count;
        wait::until("more calls", async || {
            assert!(
                !callers.iter().any(|caller| caller.is_finished()),
                "a call failed"
            );
            (calls.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
    };

    more_calls(200).await;
    killed.kill();
    more_calls(1000).await;
    center.has("service01", 1).await;
    more_calls(200).await;
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.expect("no call fails"), alive.id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_instance_gets_its_share_again() {
    let center = CenterProcess::start().await;
    let port = port::free();
    let mut first = service_process("service01", &center.url(), port).await;
    let _second = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 2).await;
    let client = Service01Client::through(&center.caller());
    share(&client, 20).await;

    first.kill();
    share(&client, 20).await;
    let first = service_process("service01", &center.url(), port).await;
    wait::until("calls that reach the restarted instance", async || {
        share(&client, 40)
            .await
            .get(&first.id())
            .filter(|part| **part >= 10)
            .map(|_| ())
    })
    .await;
}
