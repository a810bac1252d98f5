//! Side by side, one at a time: a service against the same handlers in axum, a
//! typed call against the same call in reqwest, a local call against a function
//! call.
//!
//! ```sh
//! cargo bench -p mfhm-benches --bench overhead
//! ```

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mfhm::{App, Caller, Center};
use mfhm_benches::by_hand;
use mfhm_benches::client::Connection;
use mfhm_benches::contract::{Bench, BenchClient, NewUser, Service};
use tokio::runtime::Runtime;

fn overhead(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let data = tempfile::tempdir().expect("a temporary folder");
    let (center, app, by_hand_url) = runtime.block_on(async {
        let center = Center::builder()
            .port(0)
            .data_dir(data.path())
            .start()
            .await
            .expect("center");
        let app = App::new()
            .service(Service)
            .center(center.url())
            .port(0)
            .local_calls(false)
            .start()
            .await
            .expect("service");
        app.registered().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, by_hand::router()).await });
        (center, app, format!("http://{address}"))
    });
    let mfhm_url = app.services()[0].url();

    let mut group = criterion.benchmark_group("server/get");
    for (name, url) in [("axum", &by_hand_url), ("mfhm", &mfhm_url)] {
        let address = url.trim_start_matches("http://");
        let connection = runtime.block_on(Connection::open(address));
        let connection = std::rc::Rc::new(tokio::sync::Mutex::new(connection));
        group.bench_function(name, |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| async { connection.lock().await.get().await });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("server/post");
    for (name, url) in [("axum", &by_hand_url), ("mfhm", &mfhm_url)] {
        let address = url.trim_start_matches("http://");
        let connection = runtime.block_on(Connection::open(address));
        let connection = std::rc::Rc::new(tokio::sync::Mutex::new(connection));
        group.bench_function(name, |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| async { connection.lock().await.post().await });
        });
    }
    group.finish();

    // Both call the hand-written server, so that only the callers differ.
    let reqwest = reqwest::Client::new();
    let at = BenchClient::at(&by_hand_url).expect("an address");
    let mut group = criterion.benchmark_group("call/get");
    group.bench_function("reqwest", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            by_hand::call_user(&reqwest, &by_hand_url, 7, Some(true))
                .await
                .expect("an answer")
        });
    });
    group.bench_function("mfhm, fixed address", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { at.user(7, Some(true)).await.expect("an answer") });
    });
    let caller = Caller::builder()
        .center(center.url())
        .build()
        .expect("a caller");
    let discovered = BenchClient::through(&caller);
    group.bench_function("mfhm, discovered", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { discovered.user(7, Some(true)).await.expect("an answer") });
    });
    group.finish();

    let new = NewUser {
        name: "Ada".to_owned(),
    };
    let mut group = criterion.benchmark_group("call/post");
    group.bench_function("reqwest", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            by_hand::call_create(&reqwest, &by_hand_url, &new)
                .await
                .expect("an answer")
        });
    });
    group.bench_function("mfhm, fixed address", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { at.create(&new).await.expect("an answer") });
    });
    group.finish();

    let local = BenchClient::local(Service);
    let mut group = criterion.benchmark_group("local");
    group.bench_function("function", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| Service.user(black_box(7), None));
    });
    group.bench_function("mfhm", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { local.user(black_box(7), None).await });
    });
    group.finish();

    runtime.block_on(async {
        app.stop().await;
        center.stop().await;
    });
}

criterion_group!(benches, overhead);
criterion_main!(benches);
