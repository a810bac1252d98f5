//! `GET /v1/watch` through the router, with a clock that stands still.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::center::health::PingOutcome::{Ok as Answers, Refused};
use crate::center::store::{Change, Event};
use crate::center::testing::Streamed;

async fn registered(center: &TestCenter, service: &str, id: &str, port: u16) {
    let answer = center
        .post("/v1/instances", &register(service, id, port))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Nothing more is said at present.
fn is_silent(stream: &mut Streamed) -> bool {
    stream.frame().now_or_never().is_none()
}

/// Pings an instance now, with this outcome; all others answer.
fn ping(center: &TestCenter, id: &str, outcome: &PingOutcome) {
    let id = id.parse().unwrap();
    center.registrar.view.with(|registry, now, random| {
        registry.ping_now(&id, now);
        for target in registry.tick(now, random).pings {
            let outcome = if target.id == id { outcome } else { &Answers };
            registry.report(&target, outcome, now, now, random);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_watch_begins_with_a_snapshot_and_goes_on_with_what_changes() {
    let center = TestCenter::new().await;
    registered(&center, "users", "u1", 1).await;
    let mut watch = center
        .open(
            "/v1/watch?service=users&service=no%2Done&service=users",
            &[],
        )
        .await;
    assert_eq!(watch.status, 200);
    assert_eq!(watch.headers["content-type"], "text/event-stream");
    let (id, event, data) = watch.event().await.unwrap();
    assert_eq!(event, "snapshot");
    let read = center.get("/v1/services/users").await.json();
    assert_eq!(data["services"][1], read, "a service is told as it is read");
    let nobody = json!({"service": "no-one", "revision": data["revision"], "instances": []});
    assert_eq!(data["services"][0], nobody);
    assert!(data.get("warming").is_none());
    assert!(is_silent(&mut watch));

    ping(&center, "u1", &Answers);
    let (next, event, data) = watch.event().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["service"]),
        ("upsert", &json!("users"))
    );
    assert_eq!(data["instance"]["status"], "up");
    assert_ne!(next, id);
    registered(&center, "others", "o1", 2).await;
    registered(&center, "no-one", "n1", 3).await;
    let (_, _, data) = watch.event().await.unwrap();
    assert_eq!(
        data["instance"]["id"], "n1",
        "others are none of its business"
    );
    center.delete("/v1/instances/u1").await;
    let (_, event, data) = watch.event().await.unwrap();
    assert_eq!((event.as_str(), &data["id"]), ("remove", &json!("u1")));
    assert!(is_silent(&mut watch));
}

#[tokio::test(start_paused = true)]
async fn a_watch_resumes_where_it_broke_or_begins_anew() {
    let center = TestCenter::new().await;
    registered(&center, "users", "u1", 1).await;
    let mut watch = center.open("/v1/watch?service=users", &[]).await;
    let (id, ..) = watch.event().await.unwrap();
    drop(watch);
    registered(&center, "users", "u2", 2).await;
    let target = "/v1/watch?service=users";
    let mut watch = center.open(target, &[("last-event-id", &id)]).await;
    let (last, event, data) = watch.event().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["instance"]["id"]),
        ("upsert", &json!("u2"))
    );
    let mut watch = center.open(target, &[("last-event-id", &last)]).await;
    assert_eq!(watch.frame().await.unwrap(), ":", "nothing was missed");
    assert!(is_silent(&mut watch));

    let (epoch, _) = last.split_once('-').unwrap();
    let future = format!("{epoch}-99999");
    let other_run = last.replace(epoch, "0123456789abcdef");
    for unknown in [future.as_str(), &other_run, "", "7", "nonsense", "\u{e4}"] {
        let mut watch = center.open(target, &[("last-event-id", unknown)]).await;
        let (_, event, data) = watch.event().await.unwrap();
        assert_eq!(event, "snapshot", "{unknown}");
        assert_eq!(
            data["services"][0]["instances"].as_array().unwrap().len(),
            2
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_does_not_read_is_cut_off_and_misses_nothing() {
    let center = TestCenter::new().await;
    // The store is followed from here on.
    registered(&center, "others", "o1", 9).await;
    let target = "/v1/watch?service=users";
    let mut stalled = center.open(target, &[]).await;
    let mut quiet = center.open("/v1/watch?service=quiet", &[]).await;
    let (last, ..) = stalled.event().await.unwrap();
    quiet.event().await.unwrap();
    for round in 0..9_000_u32 {
        // Each newcomer takes the place of the one before.
        let record = Record::sample(Origin::V1, "users", &format!("i{round}"), 1);
        let change = Change::Applied {
            revision: 0,
            events: vec![Event::Put(Arc::new(record))],
        };
        let view = &center.registrar.view;
        view.with(|registry, now, random| registry.apply(change, now, random));
    }
    registered(&center, "quiet", "q1", 7).await;
    assert!(stalled.frame().await.is_none(), "it is cut off");
    let mut resumed = center.open(target, &[("last-event-id", &last)]).await;
    let (_, event, data) = resumed.event().await.unwrap();
    assert_eq!(event, "snapshot");
    assert_eq!(data["services"][0]["instances"][0]["id"], "i8999", "{data}");
    let (_, event, data) = quiet.event().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["instance"]["id"]),
        ("upsert", &json!("q1"))
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_every_ten_seconds_and_an_end_comes_with_the_centers() {
    let center = TestCenter::new().await;
    let mut watch = center.open("/v1/watch?service=users", &[]).await;
    watch.event().await.unwrap();
    let started = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(watch.frame().await.unwrap(), ":");
    }
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    center.registrar.view.close();
    assert!(watch.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_flaps_is_told_about_once_in_ten_seconds() {
    let center = TestCenter::new().await;
    registered(&center, "users", "u1", 1).await;
    ping(&center, "u1", &Answers);
    let mut watch = center.open("/v1/watch?service=users", &[]).await;
    watch.event().await.unwrap();
    let mut told = Vec::new();
    for second in 0..60 {
        let outcome = if second % 2 == 0 { &Refused } else { &Answers };
        center.registrar.renew(&"u1".parse().unwrap());
        ping(&center, "u1", outcome);
        while let Some(Some((_, _, data))) = watch.event().now_or_never() {
            told.push((second, data["instance"]["status"].clone()));
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let seconds: Vec<_> = told.iter().map(|(second, _)| *second).collect();
    assert_eq!(seconds, [0, 10, 20, 30, 40, 50], "{told:?}");
    assert_eq!(told[0].1, "down", "a death is told at once");
}

#[tokio::test]
async fn a_peer_that_watches_much_is_refused_until_it_ends_something() {
    let center = TestCenter::new().await;
    let name = |n: usize| format!("service={}{n:02}", "x".repeat(126));
    let names: Vec<String> = (0..64).map(name).collect();
    let target = format!("/v1/watch?{}", names.join("&"));
    let mut watches = Vec::new();
    for _ in 0..64 {
        let watch = center.open(&target, &[]).await;
        assert_eq!(watch.status, 200);
        watches.push(watch);
    }
    // Without a limit the answer would have no end.
    assert_eq!(center.open("/v1/watch?service=a", &[]).await.status, 503);
    let answer = center.get("/v1/watch?service=a").await;
    check_problem(&answer, 503, "mfhm.too_many_watches");
    assert_eq!(answer.headers["retry-after"], "1");
    watches.pop();
    assert_eq!(center.open("/v1/watch?service=a", &[]).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused() {
    let center = TestCenter::new().await;
    let many = |count: usize| {
        let services = (0..count).map(|n| format!("service=s{n}"));
        format!("/v1/watch?{}", services.collect::<Vec<_>>().join("&"))
    };
    let long = format!("/v1/watch?service={}", "x".repeat(129));
    let padded = format!("/v1/watch?service=a&{}", "x".repeat(32 * 1024));
    for target in [
        "/v1/watch",
        "/v1/watch?service=",
        "/v1/watch?name=a",
        &many(65),
        &many(1000),
        &long,
        &padded,
    ] {
        let answer = center.get(target).await;
        check_problem(&answer, 422, "mfhm.invalid_query");
    }
    let mut watch = center.open(&many(64), &[]).await;
    let (_, _, data) = watch.event().await.unwrap();
    assert_eq!(data["services"].as_array().unwrap().len(), 64);
    check_problem(
        &center.delete("/v1/watch").await,
        405,
        "mfhm.method_not_allowed",
    );
}

#[tokio::test(start_paused = true)]
async fn a_center_that_came_with_nothing_does_not_say_that_nothing_is_there() {
    let center = TestCenter::new().await;
    center.registrar.view.warm_up(Duration::from_secs(15));
    let answer = center.get("/v1/services/users").await;
    check_problem(&answer, 503, "mfhm.warming");
    assert_eq!(answer.headers["retry-after"], "1");
    let mut watch = center.open("/v1/watch?service=users", &[]).await;
    assert_eq!(watch.event().await.unwrap().2["warming"], true);
    assert_eq!(
        center.get("/service/users").await.status,
        404,
        "Python knows no such thing"
    );

    registered(&center, "seen", "s1", 1).await;
    center.delete("/v1/instances/s1").await;
    check_problem(
        &center.get("/v1/services/seen").await,
        404,
        "mfhm.unknown_service",
    );
    tokio::time::advance(Duration::from_secs(15)).await;
    check_problem(
        &center.get("/v1/services/users").await,
        404,
        "mfhm.unknown_service",
    );
}
