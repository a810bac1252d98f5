use serde_json::{Value, json};

use super::*;

fn event(kind: &str, data: Value) -> RawEvent {
    RawEvent {
        event: Some(kind.to_owned()),
        data: data.to_string(),
        ..RawEvent::default()
    }
}

fn instance(id: &str, status: &str) -> Value {
    json!({"id": id, "host": "127.0.0.1", "port": 1, "status": status})
}

fn snapshot(revision: u64, instances: &[Value]) -> RawEvent {
    let view = json!({"service": "users", "revision": revision, "instances": instances});
    event(
        SNAPSHOT,
        json!({"revision": revision, "services": [view], "new": 1}),
    )
}

fn upsert(revision: u64, id: &str, status: &str) -> RawEvent {
    let instance = instance(id, status);
    let data = json!({"service": "users", "revision": revision, "instance": instance});
    event(UPSERT, data)
}

fn remove(revision: u64, id: &str) -> RawEvent {
    event(
        REMOVE,
        json!({"service": "users", "revision": revision, "id": id}),
    )
}

fn ids(picture: &Picture) -> Vec<&str> {
    picture.instances.keys().map(InstanceId::as_str).collect()
}

#[test]
fn events_add_up_to_a_picture() {
    let mut picture = Picture::default();
    let first = snapshot(7, &[instance("a", "up")]);
    assert!(picture.take("users", &first).unwrap());
    assert!(picture.take("users", &upsert(8, "b", "starting")).unwrap());
    assert!(picture.take("users", &upsert(8, "c", "up")).unwrap());
    assert!(picture.take("users", &remove(9, "a")).unwrap());
    assert_eq!(ids(&picture), ["b", "c"]);
    assert!(!picture.take("users", &remove(9, "a")).unwrap(), "no news");
    assert!(!picture.take("users", &upsert(10, "c", "up")).unwrap());
    assert!(!picture.take("users", &event("later", json!({}))).unwrap());
    // Another run of the center counts from the beginning again.
    assert!(picture.take("users", &snapshot(1, &[])).unwrap());
    assert!(picture.instances.is_empty());
}

#[test]
fn events_older_than_a_reading_are_no_news() {
    let mut picture = Picture::default();
    picture.take("users", &snapshot(7, &[])).unwrap();
    let read = serde_json::from_value(instance("a", "up")).unwrap();
    assert_eq!(picture.read(10, vec![read]), Ok(()));
    assert!(!picture.take("users", &remove(9, "a")).unwrap());
    assert!(!picture.take("users", &upsert(8, "a", "starting")).unwrap());
    assert_eq!(ids(&picture), ["a"]);
    assert!(picture.take("users", &remove(11, "a")).unwrap());
}

#[test]
fn garbage_is_an_error_and_changes_nothing() {
    let mut picture = Picture::default();
    picture
        .take("users", &snapshot(7, &[instance("a", "up")]))
        .unwrap();
    for garbage in [
        event(SNAPSHOT, json!([])),
        event(UPSERT, json!({"revision": 8})),
        event(REMOVE, json!({"revision": "x"})),
        upsert(8, "not an id", "up"),
    ] {
        assert!(picture.take("users", &garbage).is_err());
    }
    assert_eq!(ids(&picture), ["a"]);
    let unknown = upsert(8, "b", "some later status");
    assert!(picture.take("users", &unknown).unwrap());
}

#[test]
fn a_reading_that_goes_back_is_of_another_run() {
    let mut picture = Picture::default();
    let before = snapshot(7, &[instance("a", "up")]);
    picture.take("users", &before).unwrap();
    assert_eq!(picture.read(6, Vec::new()), Err(OtherRun));
    assert_eq!(ids(&picture), ["a"], "until the stream has begun anew");
    // However high a revision is, the next snapshot counts.
    picture.take("users", &snapshot(u64::MAX, &[])).unwrap();
    assert!(
        picture
            .take("users", &snapshot(3, &[instance("b", "up")]))
            .unwrap()
    );
    assert!(picture.take("users", &remove(4, "b")).unwrap());
}

#[test]
fn what_is_told_of_another_service_is_no_news() {
    let mut picture = Picture::default();
    let first = snapshot(7, &[instance("a", "up")]);
    assert!(picture.take("users", &first).unwrap());
    let of_others = |event: RawEvent| RawEvent {
        data: event.data.replace("users", "orders"),
        ..event
    };
    assert!(
        !picture
            .take("users", &of_others(upsert(8, "b", "up")))
            .unwrap()
    );
    assert!(!picture.take("users", &of_others(remove(9, "a"))).unwrap());
    assert_eq!(ids(&picture), ["a"]);
}

#[test]
fn a_picture_has_an_end_whatever_is_told() {
    let crowd = |count: usize| -> Vec<Value> {
        let one = |id: usize| instance(&format!("i{id}"), "up");
        (0..count).map(one).collect()
    };
    let mut picture = Picture::default();
    let most = snapshot(1, &crowd(MOST_INSTANCES));
    assert!(picture.take("users", &most).unwrap());
    assert!(picture.take("users", &upsert(2, "i7", "down")).unwrap());
    assert!(picture.take("users", &upsert(2, "more", "up")).is_err());
    let more = snapshot(3, &crowd(MOST_INSTANCES + 1));
    assert!(picture.take("users", &more).is_err());

    let mut large = instance("large", "up");
    large["version"] = "v".repeat(MOST_TOLD / 4).into();
    let data = json!({"service": "users", "revision": 9, "instance": large});
    let large = event(UPSERT, data);
    let mut picture = Picture::default();
    for _ in 0..3 {
        assert!(picture.take("users", &large).is_ok());
    }
    assert!(picture.take("users", &large).is_err());
    picture.read(10, Vec::new()).unwrap();
    assert!(picture.take("users", &large).is_ok());
}
