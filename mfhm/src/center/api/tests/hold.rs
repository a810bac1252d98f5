//! Held registrations, draining and reports through the router.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::center::health::PingOutcome::Ok as Answers;

const HOLD: &str = "/v1/instances/u1/hold";

async fn one_instance() -> TestCenter {
    let center = TestCenter::new().await;
    let answer = center
        .post("/v1/instances", &register("users", "u1", 1))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    center
}

async fn post(center: &TestCenter, peer: &str, target: &str) -> Answer {
    let request = Request::post(target).body(Body::empty()).unwrap();
    center.send_from(peer, request).await
}

/// Who is pinged now; all of them answer.
fn pinged(center: &TestCenter) -> usize {
    center.registrar.view.with(|registry, now, random| {
        let targets = registry.tick(now, random).pings;
        for target in &targets {
            registry.report(target, &Answers, now, now, random);
        }
        targets.len()
    })
}

async fn status(center: &TestCenter) -> Value {
    center.get("/v1/services/users").await.json()["instances"][0]["status"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_renews_the_lease() {
    let center = one_instance().await;
    pinged(&center);
    let mut hold = center.open(HOLD, &[]).await;
    let (_, event, data) = hold.event().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["lease"]["ttl_ms"]),
        ("held", &json!(15_000))
    );
    for _ in 0..20 {
        assert_eq!(hold.frame().await.unwrap(), ":");
    }
    let id = "u1".parse().unwrap();
    center.registrar.view.with(|registry, now, random| {
        let under_way = registry
            .tick(now, random)
            .pings
            .pop()
            .expect("a ping is due");
        assert!(
            !registry.standing(&id).1,
            "100 s later it still has its lease"
        );
        registry.ping_now(&id, now);
        assert!(registry.tick(now, random).pings.is_empty());
        // The one under way may have seen it alive: another one follows.
        registry.report(&under_way, &Answers, now, now, random);
        assert_eq!(registry.tick(now, random).pings.len(), 1);
    });
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_is_a_reason_to_look_at_once() {
    let center = one_instance().await;
    pinged(&center);
    assert_eq!(pinged(&center), 0);
    let mut hold = center.open(HOLD, &[]).await;
    hold.event().await.unwrap();
    assert_eq!(pinged(&center), 0);
    drop(hold);
    assert_eq!(pinged(&center), 1);
    assert_eq!(
        status(&center).await,
        "up",
        "it answered: nothing has happened"
    );

    let mut hold = center.open(HOLD, &[]).await;
    hold.event().await.unwrap();
    center.delete("/v1/instances/u1").await;
    assert!(hold.frame().await.is_none(), "there is nothing to hold");
    assert_eq!(pinged(&center), 0, "who said goodbye is left alone");
    check_problem(&center.get(HOLD).await, 404, "mfhm.unknown_instance");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_told_to_drain_gets_no_new_calls() {
    let center = one_instance().await;
    pinged(&center);
    let drain = "/v1/instances/u1/drain";
    let mut hold = center.open(HOLD, &[]).await;
    hold.event().await.unwrap();
    let mut watch = center.open("/v1/watch?service=users", &[]).await;
    watch.event().await.unwrap();

    let answer = post(&center, "127.0.0.1", drain).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (202, json!({"told": true}))
    );
    assert_eq!(hold.event().await.unwrap().1, "drain");
    let (_, _, data) = watch.event().await.unwrap();
    assert_eq!(data["instance"]["status"], "draining");
    assert_eq!(status(&center).await, "draining");
    assert_eq!(
        center.get("/service/users").await.status,
        404,
        "Python's callers neither"
    );

    drop(hold);
    let answer = post(&center, "127.0.0.1", drain).await;
    assert_eq!(answer.json(), json!({"told": false}));
    let mut hold = center.open(HOLD, &[]).await;
    hold.event().await.unwrap();
    assert_eq!(
        hold.event().await.unwrap().1,
        "drain",
        "a new stream says it again"
    );
}

#[tokio::test]
async fn only_its_host_and_operators_speak_for_an_instance() {
    let center = one_instance().await;
    let from = |peer: &'static str, request: Request<Body>| center.send_from(peer, request);
    let request = Request::get(HOLD).body(Body::empty()).unwrap();
    check_problem(&from("10.0.0.9", request).await, 403, "mfhm.not_yours");
    let drain = "/v1/instances/u1/drain";
    check_problem(
        &post(&center, "10.0.0.9", drain).await,
        403,
        "mfhm.not_yours",
    );
    for target in [
        "/v1/instances/x/drain",
        "/v1/instances/%20/drain",
        "/v1/instances/x/report",
    ] {
        let answer = post(&center, "127.0.0.1", target).await;
        check_problem(&answer, 404, "mfhm.unknown_instance");
    }
    let answer = center.delete(drain).await;
    check_problem(&answer, 405, "mfhm.method_not_allowed");
    assert_eq!(status(&center).await, "starting");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reports_about_a_healthy_instance_are_one_ping_a_second() {
    let center = one_instance().await;
    pinged(&center);
    let mut pings = 0;
    for _ in 0..10 {
        for _ in 0..100 {
            let answer = post(&center, "10.0.0.9", "/v1/instances/u1/report").await;
            assert_eq!(answer.status, 202, "{answer:?}");
            pings += pinged(&center);
        }
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    assert_eq!(pings, 1);
    assert_eq!(status(&center).await, "up");
    let answer = post(&center, "10.0.0.9", "/v1/instances/u1/report").await;
    assert_eq!(answer.json(), json!({"pinged": true}));
    assert_eq!(pinged(&center), 1);
}

/// A renewal is answered from memory, and there is no line that it shares with others.
#[tokio::test(start_paused = true)]
async fn a_flood_of_requests_keeps_no_renewal_waiting() {
    let center = Arc::new(one_instance().await);
    let mut held = center.open(HOLD, &[]).await;
    assert_eq!(held.status, 200);
    // The disk does not answer any more, and everybody wants to write.
    center.store.stand_still(true);
    let flood: Vec<_> = (0..5_000u16)
        .map(|number| {
            let center = center.clone();
            let one = register("others", &format!("o{number}"), 10_000 + number);
            tokio::spawn(async move { center.post("/v1/instances", &one).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let started = Instant::now();
    let renew = Request::put("/v1/instances/u1").body(Body::empty());
    assert_eq!(center.send(renew.unwrap()).await.status, 200);
    let again = center.open(HOLD, &[]).await;
    assert_eq!(again.status, 200);
    assert_eq!(started.elapsed(), Duration::ZERO);
    // The stream that is there goes on renewing.
    for _ in 0..20 {
        assert!(held.frame().await.is_some());
    }
    assert_eq!(center.get("/v1/services/users").await.status, 200);
    assert!(flood.iter().all(|request| !request.is_finished()));
    flood.iter().for_each(tokio::task::JoinHandle::abort);
}
