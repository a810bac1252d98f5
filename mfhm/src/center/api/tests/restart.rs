//! An instance that comes back on its address: one entry, the new id, and nothing that
//! was meant for the old one reaches it.

use super::*;
use crate::center::health::PingOutcome::{Ok as Answers, Refused};
use crate::center::store::{Batch, Store as _};

const ROUNDS: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn a_thousand_restarts_on_one_address_leave_one_entry() {
    let center = TestCenter::new().await;
    let view = &center.registrar.view;
    let place = Record::sample(Origin::V1, "users", "x", 1).place();
    for round in 0..ROUNDS {
        let (old, new) = (format!("run{round}"), format!("run{}", round + 1));
        if round == 0 {
            let answer = center
                .post("/v1/instances", &register("users", &old, 1))
                .await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        // A ping of the old process is on the way, and its deletion may be decided.
        let old_id = old.parse().unwrap();
        let (pings, stored) = view.with(|registry, now, random| {
            registry.ping_now(&old_id, now);
            (registry.tick(now, random).pings, registry.stored())
        });
        assert_eq!(pings.len(), 1, "{old}");

        // It is killed, and the new one listens before it registers.
        center.probe.set(1, Answers, Some(&new));
        let answer = center
            .post("/v1/instances", &register("users", &new, 1))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");

        // What comes late from and for the old one.
        let remove = Batch::remove_unchanged(place.clone(), old_id.clone(), stored);
        assert!(center.store.commit(remove).await.is_err());
        let remove = Batch::remove(place.clone(), old_id);
        assert!(center.store.commit(remove).await.is_err());
        view.with(|registry, now, random| {
            for target in &pings {
                let reported = registry.report(target, &Refused, now, now, random);
                assert!(reported.transition.is_none());
            }
        });
        let target = format!("/v1/instances/{old}");
        let late = match round % 4 {
            0 => center.delete(&target).await,
            1 => {
                let renewal = Request::put(&target).body(Body::empty()).unwrap();
                center.send(renewal).await
            }
            2 => center.get(&format!("{target}/hold")).await,
            _ => center.post(&format!("{target}/drain"), &json!(null)).await,
        };
        check_problem(&late, 404, "mfhm.unknown_instance");

        let read = center.get("/v1/services/users").await.json();
        let instances = read["instances"].as_array().unwrap();
        assert_eq!(instances.len(), 1, "{read}");
        assert_eq!(
            (&instances[0]["id"], &instances[0]["status"]),
            (&json!(new), &json!("starting"))
        );
        tokio::time::advance(std::time::Duration::from_millis(10)).await;
    }
    center.ping_all().await;
    let read = center.get("/v1/services/users").await.json();
    assert_eq!(read["instances"][0]["status"], "up");
    assert_eq!(center.get("/health").await.json()["instances"], 1);
}
