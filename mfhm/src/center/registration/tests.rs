use super::*;
use crate::center::health::PingOutcome::{Ok as Answers, TimedOut};
use crate::center::record::Origin;
use crate::center::testing::TestCenter;

fn record(origin: Origin, id: &str, port: u16) -> Arc<Record> {
    Arc::new(Record::sample(origin, "users", id, port))
}

fn actor() -> Actor {
    Actor::peer([127, 0, 0, 1].into())
}

fn holder(center: &TestCenter, port: u16) -> Option<String> {
    let place = record(Origin::V1, "x", port).place();
    let listed = center
        .registrar
        .view
        .with(|registry, _, _| registry.at(&place));
    listed.map(|listed| listed.record.id.to_string())
}

async fn register(center: &TestCenter, origin: Origin, id: &str, port: u16) -> Outcome {
    center
        .registrar
        .register(record(origin, id, port), &actor())
        .await
        .unwrap()
}

#[tokio::test]
async fn who_registered_is_seen_at_once() {
    let center = TestCenter::new().await;
    assert_eq!(
        register(&center, Origin::V1, "a", 1).await,
        Outcome::Registered
    );
    assert_eq!(holder(&center, 1).as_deref(), Some("a"));
    assert!(
        center
            .registrar
            .leave(&"a".parse().unwrap(), &actor())
            .await
            .unwrap()
    );
    assert_eq!(holder(&center, 1), None);
    assert!(
        !center
            .registrar
            .leave(&"a".parse().unwrap(), &actor())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_newcomer_never_replaces_a_living_instance() {
    for origin in [Origin::Python, Origin::V1] {
        let center = TestCenter::new().await;
        register(&center, origin, "old", 1).await;
        let own_id = (origin == Origin::V1).then_some("old");
        center.probe.set(1, Answers, own_id);
        assert_eq!(
            register(&center, origin, "new", 1).await,
            Outcome::PlaceTaken
        );
        assert_eq!(holder(&center, 1).as_deref(), Some("old"));
    }
}

#[tokio::test]
async fn a_newcomer_replaces_one_that_does_not_answer() {
    for outcome in [
        PingOutcome::Refused,
        PingOutcome::Stranger("another service".to_owned()),
    ] {
        let center = TestCenter::new().await;
        register(&center, Origin::Python, "old", 1).await;
        center.probe.set(1, outcome, None);
        assert_eq!(
            register(&center, Origin::Python, "new", 1).await,
            Outcome::Registered
        );
        assert_eq!(holder(&center, 1).as_deref(), Some("new"));
    }
}

#[tokio::test]
async fn one_that_is_silent_or_troubled_is_replaced_when_the_pings_found_it_down() {
    for outcome in [
        TimedOut,
        PingOutcome::Bad("status 500".to_owned()),
        PingOutcome::Bad("status 403".to_owned()),
    ] {
        let center = TestCenter::new().await;
        register(&center, Origin::Python, "old", 1).await;
        center.probe.set(1, Answers, None);
        center.ping_all().await;
        center.probe.set(1, outcome, None);
        assert_eq!(
            register(&center, Origin::Python, "new", 1).await,
            Outcome::PlaceTaken
        );
        assert_eq!(holder(&center, 1).as_deref(), Some("old"));
        for _ in 0..3 {
            center.ping_all().await;
        }
        assert_eq!(
            register(&center, Origin::Python, "new", 1).await,
            Outcome::Registered
        );
        assert_eq!(holder(&center, 1).as_deref(), Some("new"));
    }
}

#[tokio::test]
async fn a_newcomer_that_answers_already_is_not_taken_for_the_old_one() {
    let center = TestCenter::new().await;
    register(&center, Origin::Python, "old", 1).await;
    center.probe.set(1, Answers, Some("new"));
    assert_eq!(
        register(&center, Origin::V1, "new", 1).await,
        Outcome::Registered
    );
}

#[tokio::test]
async fn an_update_asks_nobody_and_an_unchanged_one_writes_nothing() {
    let center = TestCenter::new().await;
    register(&center, Origin::V1, "a", 1).await;
    let stored = || {
        center
            .registrar
            .view
            .with(|registry, _, _| registry.stored())
    };
    let before = stored();
    assert_eq!(
        register(&center, Origin::V1, "a", 1).await,
        Outcome::Registered
    );
    assert_eq!(stored(), before);
    let mut changed = Record::sample(Origin::V1, "users", "a", 1);
    changed.version = Some("2".to_owned());
    let outcome = center
        .registrar
        .register(Arc::new(changed), &actor())
        .await
        .unwrap();
    assert_eq!((outcome, stored()), (Outcome::Registered, before + 1));
    assert!(center.probe.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_id_moves_only_when_its_old_place_is_empty() {
    let center = TestCenter::new().await;
    register(&center, Origin::V1, "a", 1).await;
    center.probe.set(1, Answers, Some("a"));
    assert_eq!(
        register(&center, Origin::V1, "a", 2).await,
        Outcome::IdTaken
    );
    center.probe.set(1, PingOutcome::Refused, None);
    assert_eq!(
        register(&center, Origin::V1, "a", 2).await,
        Outcome::Registered
    );
    assert_eq!(
        (holder(&center, 1), holder(&center, 2).as_deref()),
        (None, Some("a"))
    );
}

#[tokio::test]
async fn of_many_newcomers_for_one_place_one_wins() {
    for has_old in [false, true] {
        let center = TestCenter::new().await;
        if has_old {
            register(&center, Origin::Python, "old", 1).await;
        }
        let ids: Vec<String> = (0..50).map(|n| format!("n{n}")).collect();
        let all = ids
            .iter()
            .map(|id| register(&center, Origin::Python, id, 1));
        let outcomes = futures_util::future::join_all(all).await;
        let winners = outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::Registered)
            .count();
        assert_eq!(winners, 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_store_that_can_not_write_refuses_and_changes_nothing() {
    let center = TestCenter::new().await;
    register(&center, Origin::V1, "a", 1).await;
    let reason = "disk full".to_owned();
    center.store.fail_with(Some(CommitError::Failed {
        reason,
        is_full: true,
    }));
    assert!(
        center
            .registrar
            .register(record(Origin::V1, "b", 2), &actor())
            .await
            .is_err()
    );
    assert!(
        center
            .registrar
            .leave(&"a".parse().unwrap(), &actor())
            .await
            .is_err()
    );
    assert_eq!(
        (holder(&center, 1).as_deref(), holder(&center, 2)),
        (Some("a"), None)
    );
    center.store.fail_with(None);
    assert_eq!(
        register(&center, Origin::V1, "b", 2).await,
        Outcome::Registered
    );
}

#[tokio::test]
async fn only_the_holder_of_the_exact_place_is_removed() {
    let center = TestCenter::new().await;
    register(&center, Origin::Python, "a", 1).await;
    let mut place = record(Origin::Python, "a", 1).place();
    place.host = "127.0.0.2".to_owned();
    assert!(!center.registrar.vacate(&place, &actor()).await.unwrap());
    place.host = "127.0.0.1".to_owned();
    assert!(center.registrar.vacate(&place, &actor()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_is_a_refusal() {
    let center = TestCenter::new().await;
    register(&center, Origin::V1, "a", 1).await;
    center.store.set_hanging(true);
    let registrar = &center.registrar;
    let record = record(Origin::V1, "b", 2);
    let refused = registrar.register(record, &actor()).await.unwrap_err();
    assert!(refused.to_string().contains("10 s"), "{refused}");
    let id = "a".parse().unwrap();
    assert!(registrar.leave(&id, &actor()).await.is_err());
    assert!(registrar.renew(&id).is_some(), "a renewal needs no disk");
    assert!(
        registrar.drain(&id, &actor()).await,
        "nor has a drain to wait for it"
    );
    center.store.set_hanging(false);
    assert_eq!(
        register(&center, Origin::V1, "b", 2).await,
        Outcome::Registered
    );
}

/// Contracts that take long to compare keep their own address waiting, and no other.
#[tokio::test]
async fn contracts_of_one_address_are_compared_some_at_a_time() {
    use futures_util::FutureExt as _;

    let turns = judging();
    let (one, other) = ([10, 0, 0, 5].into(), [10, 0, 0, 6].into());
    let mut taken = Vec::new();
    while let Some(turn) = turns.take(one).now_or_never() {
        taken.push(turn);
    }
    assert!(!taken.is_empty());
    assert!(turns.take(other).now_or_never().is_some());
}
