//! What the fuzz targets share: a service with every kind of parameter, requests
//! made from the fuzzer's bytes, and what must be true of every answer.

pub mod answer;
pub mod oracle;
pub mod request;
pub mod service;

use std::future::Future;
use std::time::Duration;

/// Runs one input on a thread of its own making. An input that does not come to
/// an end is a finding.
pub fn run(work: impl Future<Output = ()>) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime starts");
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(5), work)
                .await
                .expect("an answer comes");
        });
    });
}

/// The same in a time that passes at once when nothing else is to be done, for what
/// waits and tries again. Nothing of it goes on afterwards.
pub fn run_in_no_time(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(24 * 3600), work)
            .await
            .expect("it ends");
    });
}
