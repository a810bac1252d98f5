//! Look-ups that are answered with what the last one was told. A name with an escape
//! goes the long way, so the two can be compared.

use super::*;
use crate::center::health::PingOutcome::Ok as Answers;
use crate::center::tokens::{Scope, TokenGrant, Tokens};
use crate::listener::Certified;

const VIEW: &str = "/v1/services/users";
const THE_LONG_WAY: &str = "/v1/services/%75sers";

fn without_key(id: &str, port: u16, weight: u32) -> Value {
    let mut register = register("users", id, port);
    register.as_object_mut().unwrap().remove("key");
    register["weight"] = json!(weight);
    register
}

fn is_kept(center: &TestCenter) -> bool {
    let lists = center.registrar.view.lists();
    lists.view("users").is_some()
}

/// Compares the ways with each other; the statuses by port.
async fn statuses(center: &TestCenter) -> Vec<(u64, String)> {
    let long = center.get(THE_LONG_WAY).await;
    for _ in 0..2 {
        let answer = center.get(VIEW).await;
        assert_eq!((answer.status, &answer.body), (long.status, &long.body));
        assert_eq!(answer.headers, long.headers);
    }
    let instances = long.json()["instances"].as_array().cloned();
    let said = instances.unwrap_or_default().into_iter().map(|instance| {
        let port = instance["port"].as_u64().unwrap();
        (port, instance["status"].as_str().unwrap().to_owned())
    });
    said.collect()
}

/// The ports that Python's callers are told in many look-ups.
async fn picked(center: &TestCenter) -> Vec<u64> {
    let mut ports = Vec::new();
    for _ in 0..200 {
        let answer = center.get("/service/users").await;
        ports.extend(answer.json()["port"].as_u64());
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[tokio::test]
async fn a_look_up_tells_of_what_was_changed_before_it() {
    let center = TestCenter::new().await;
    center.post("/v1/instances", &without_key("u1", 1, 1)).await;
    let said = |list: &[(u64, &str)]| {
        let list = list
            .iter()
            .map(|(port, status)| (*port, (*status).to_owned()));
        list.collect::<Vec<_>>()
    };
    assert_eq!(statuses(&center).await, said(&[(1, "starting")]));
    assert!(is_kept(&center));
    assert_eq!(picked(&center).await, [1]);

    center.post("/v1/instances", &without_key("u2", 2, 2)).await;
    assert!(!is_kept(&center));
    assert_eq!(
        statuses(&center).await,
        said(&[(1, "starting"), (2, "starting")])
    );
    assert_eq!(picked(&center).await, [1, 2]);

    center.probe.set(1, PingOutcome::Refused, None);
    center.probe.set(2, Answers, None);
    center.ping_all().await;
    assert_eq!(statuses(&center).await, said(&[(1, "down"), (2, "up")]));
    assert_eq!(picked(&center).await, [2]);

    center.probe.set(1, Answers, None);
    center.ping_all().await;
    assert_eq!(statuses(&center).await, said(&[(1, "up"), (2, "up")]));
    assert_eq!(picked(&center).await, [1, 2]);

    let drain = Request::post("/v1/instances/u2/drain").body(Body::empty());
    assert_eq!(center.send(drain.unwrap()).await.status, 202);
    assert_eq!(statuses(&center).await, said(&[(1, "up"), (2, "draining")]));
    assert_eq!(picked(&center).await, [1]);

    center.delete("/v1/instances/u1").await;
    assert_eq!(statuses(&center).await, said(&[(2, "draining")]));
    assert!(!is_kept(&center), "each look-up looks for newcomers");
    assert_eq!(center.get("/service/users").await.status, 404);
    center.delete("/v1/instances/u2").await;
    assert_eq!(statuses(&center).await, []);
    assert_eq!(center.get(VIEW).await.status, 404);
}

#[tokio::test]
async fn what_one_was_told_is_not_told_to_who_may_not_know_it() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = Tokens::in_dir(dir.path());
    let issue = |grant| tokens.issue(grant).unwrap();
    let (reader, operator) = (
        issue(TokenGrant::new(Scope::Read)),
        issue(TokenGrant::new(Scope::Operate).all_names()),
    );
    let center = TestCenter::with_tokens(dir.path()).await;
    let instance = without_key("u1", 1, 1);
    let registered = center.send_as(&operator.token, "POST", "/v1/instances", &[], &instance);
    assert_eq!(registered.await.status, 200);
    for target in [VIEW, "/service/users"] {
        let read = async |token: &str| {
            let answer = center
                .send_as(token, "GET", target, &[], &Value::Null)
                .await;
            answer.status.as_u16()
        };
        for _ in 0..2 {
            assert_eq!(read(&reader.token).await, 200);
            assert_eq!(center.get(target).await.status, 401);
            assert_eq!(read("mfhm_guess").await, 401);
            for (names, status) in [(&["orders"][..], 200), (&[], 401)] {
                let names = names.iter().map(|&name| name.into()).collect();
                let mut request = Request::get(target).body(Body::empty()).unwrap();
                request.extensions_mut().insert(Certified(names));
                assert_eq!(center.send(request).await.status, status);
            }
        }
    }
    assert!(is_kept(&center));
}

#[tokio::test]
async fn the_key_of_a_service_is_told_to_those_only_who_may_know_it() {
    let center = TestCenter::new().await;
    let mut python = online("users", 1);
    python["transmissionType"] = json!("key");
    python["transmissionData"] = json!("s3cret");
    assert_eq!(center.post("/online", &python).await.status, 200);
    for _ in 0..2 {
        let look_up = || Request::get("/service/users").body(Body::empty()).unwrap();
        let here = center.send(look_up()).await;
        assert_eq!(here.json()["transmissionData"], "s3cret");
        let elsewhere = center.send_from("10.1.1.1", look_up()).await;
        assert_eq!(elsewhere.json()["transmissionData"], Value::Null);
    }
}
