//! Who is kept out: one test for each thing that an intruder may try.

use serde_json::Value::Null;

use super::*;
use crate::center::registration::room::Capacity;
use crate::center::tokens::{Scope, TokenGrant, Tokens};
use crate::listener::Certified;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A center that asks for tokens, and one each to read, to register `users`, to
/// register anything, and to operate.
struct Guarded {
    center: TestCenter,
    tokens: Tokens,
    read: String,
    users: String,
    all: String,
    operate: String,
    _dir: tempfile::TempDir,
}

impl Guarded {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::in_dir(dir.path());
        let issue = |grant| tokens.issue(grant).unwrap().token;
        let read = issue(TokenGrant::new(Scope::Read));
        let users = issue(TokenGrant::new(Scope::Register).name("users"));
        let all = issue(TokenGrant::new(Scope::Register).all_names());
        let operate = issue(TokenGrant::new(Scope::Operate));
        Self {
            center: TestCenter::with_tokens(dir.path()).await,
            tokens,
            read,
            users,
            all,
            operate,
            _dir: dir,
        }
    }

    async fn post(&self, token: &str, target: &str, body: &Value) -> Answer {
        self.center.send_as(token, "POST", target, &[], body).await
    }

    async fn ask(&self, token: &str, method: &str, target: &str) -> Answer {
        self.center.send_as(token, method, target, &[], &Null).await
    }
}

fn with_secret(service: &str, id: &str, port: u16, secret: &str) -> Value {
    let mut register = register(service, id, port);
    register["secret"] = json!(secret);
    register
}

async fn send_with(
    center: &TestCenter,
    peer: &str,
    method: &str,
    target: &str,
    secret: Option<&str>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    if let Some(secret) = secret {
        request = request.header("mfhm-lease", secret);
    }
    let request = request.body(Body::empty()).unwrap();
    center.send_from(peer, request).await
}

#[tokio::test]
async fn without_a_token_nobody_gets_further_than_the_door() {
    let guarded = Guarded::new().await;
    let center = &guarded.center;
    for (method, target) in [
        ("GET", "/v1/services"),
        ("GET", "/v1/services/users"),
        ("GET", "/v1/watch?service=users"),
        ("GET", "/v1/services/users/openapi.json"),
        ("POST", "/v1/instances"),
        ("PUT", "/v1/instances/a"),
        ("DELETE", "/v1/instances/a"),
        ("GET", "/v1/instances/a/hold"),
        ("POST", "/v1/instances/a/drain"),
        ("POST", "/v1/instances/a/report"),
        ("PUT", "/v1/documents/abc"),
        ("GET", "/v1/nonsense"),
    ] {
        let answer = send_with(center, "127.0.0.1", method, target, None).await;
        check_problem(&answer, 401, "mfhm.no_token");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert!(answer.body.contains("mfhm token new"), "{answer:?}");
        let answer = guarded.ask("mfhm_guess", method, target).await;
        check_problem(&answer, 401, "mfhm.unknown_token");
    }
    for (method, target) in [
        ("POST", "/online"),
        ("DELETE", "/offline/users/1"),
        ("GET", "/service/users"),
        ("GET", "/api/users/hello"),
        ("GET", "/nonsense"),
    ] {
        let answer = send_with(center, "127.0.0.1", method, target, None).await;
        assert_eq!(answer.status, 401, "{target}");
        assert!(answer.body.contains("mfhm token new"), "{answer:?}");
    }
    for target in ["/health", "/ping"] {
        assert_eq!(center.get(target).await.status, 200, "{target}");
    }
}

#[tokio::test]
async fn a_token_to_read_reads_and_does_nothing_else() {
    let guarded = Guarded::new().await;
    let read = guarded.read.as_str();
    for target in ["/v1/services", "/v1/services/users", "/service/users"] {
        let answer = guarded.ask(read, "GET", target).await;
        assert!([200, 404].contains(&answer.status.as_u16()), "{answer:?}");
    }
    let users = register("users", "a", 1);
    for (method, target, body) in [
        ("POST", "/v1/instances", &users),
        ("PUT", "/v1/documents/abc", &Null),
    ] {
        let answer = guarded
            .center
            .send_as(read, method, target, &[], body)
            .await;
        check_problem(&answer, 403, "mfhm.not_allowed");
        assert!(answer.body.contains("--scope register"), "{answer:?}");
    }
    let answer = guarded.post(read, "/online", &online("users", 1)).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = guarded.ask(read, "DELETE", "/offline/users/1").await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

#[tokio::test]
async fn a_token_registers_its_own_name_only() {
    let guarded = Guarded::new().await;
    let users = guarded.users.as_str();
    let target = "/v1/instances";
    let answer = guarded
        .post(users, target, &register("users", "a", 1))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = guarded
        .post(users, target, &register("orders", "b", 2))
        .await;
    check_problem(&answer, 403, "mfhm.not_allowed");
    assert!(answer.body.contains("--name orders"), "{answer:?}");
    let answer = guarded.post(users, "/online", &online("users", 3)).await;
    assert_eq!(answer.json()["code"], 0, "{answer:?}");
    let answer = guarded.post(users, "/online", &online("orders", 4)).await;
    assert_eq!(answer.status, 403, "{answer:?}");

    let all = guarded.all.as_str();
    let answer = guarded.post(all, target, &register("orders", "b", 2)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = guarded.post(all, "/online", &online("orders", 4)).await;
    assert_eq!(answer.json()["code"], 0, "{answer:?}");
    // From the same machine, and still another's.
    for (method, target) in [
        ("PUT", "/v1/instances/b"),
        ("DELETE", "/v1/instances/b"),
        ("GET", "/v1/instances/b/hold"),
        ("POST", "/v1/instances/b/drain"),
    ] {
        let answer = guarded.ask(users, method, target).await;
        check_problem(&answer, 403, "mfhm.not_allowed");
    }
    let answer = guarded.ask(users, "DELETE", "/offline/orders/4").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(
        guarded.ask(users, "PUT", "/v1/instances/a").await.status,
        200
    );
}

#[tokio::test]
async fn only_who_operates_drains_what_is_not_its_own() {
    let guarded = Guarded::new().await;
    let register = with_secret("users", "a", 1, SECRET);
    guarded
        .post(&guarded.users, "/v1/instances", &register)
        .await;
    let drain = "/v1/instances/a/drain";
    for token in [&guarded.users, &guarded.all] {
        let answer = guarded.ask(token, "POST", drain).await;
        check_problem(&answer, 403, "mfhm.not_yours");
    }
    let answer = guarded.ask(&guarded.operate, "POST", drain).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let own = [("mfhm-lease", SECRET)];
    let answer = guarded
        .center
        .send_as(&guarded.users, "POST", drain, &own, &Null)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

#[tokio::test]
async fn a_revoked_token_is_out_and_so_is_the_stream_that_it_opened() {
    let guarded = Guarded::new().await;
    let answer = guarded.ask(&guarded.read, "GET", "/v1/services").await;
    assert_eq!(answer.status, 200);
    let bearer = format!("Bearer {}", guarded.read);
    let headers = [("authorization", bearer.as_str())];
    let target = "/v1/watch?service=users";
    let mut stream = guarded.center.open(target, &headers).await;
    assert!(stream.event().await.is_some());
    let id = guarded.tokens.list().unwrap()[0].id.clone();
    assert!(guarded.tokens.revoke(&id).unwrap());
    let end = async { while stream.event().await.is_some() {} };
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), end).await;
    assert!(ended.is_ok(), "the stream goes on");
    let answer = guarded.ask(&guarded.read, "GET", "/v1/services").await;
    check_problem(&answer, 401, "mfhm.unknown_token");
}

#[tokio::test]
async fn nobody_speaks_for_an_instance_without_its_secret() {
    let center = TestCenter::new().await;
    let register = with_secret("users", "a", 1, SECRET);
    let answer = center.post("/v1/instances", &register).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (method, target) in [
        ("PUT", "/v1/instances/a"),
        ("GET", "/v1/instances/a/hold"),
        ("DELETE", "/v1/instances/a"),
    ] {
        for secret in [None, Some(""), Some("0123456789abcdef")] {
            // From the machine that it registered from.
            let answer = send_with(&center, "127.0.0.1", method, target, secret).await;
            check_problem(&answer, 403, "mfhm.not_yours");
            assert!(answer.body.contains("mfhm-lease"), "{answer:?}");
        }
    }
    let drain = "/v1/instances/a/drain";
    let answer = send_with(&center, "10.0.0.5", "POST", drain, None).await;
    check_problem(&answer, 403, "mfhm.not_yours");

    // The Python way out is none for it either.
    let answer = center.delete("/offline/users/1").await;
    assert_eq!(answer.json()["code"], -1, "{answer:?}");
    assert_eq!(center.get("/v1/services/users").await.status, 200);

    // With it, wherever its packets come from now.
    for (method, target, status) in [
        ("PUT", "/v1/instances/a", 200),
        ("DELETE", "/v1/instances/a", 204),
    ] {
        let answer = send_with(&center, "10.0.0.5", method, target, Some(SECRET)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn nobody_registers_over_an_instance_without_its_secret() {
    let center = TestCenter::new().await;
    let target = "/v1/instances";
    let own = with_secret("users", "a", 1, SECRET);
    assert_eq!(center.post(target, &own).await.status, 200);
    let other_secret = SECRET.to_uppercase();
    // Dead, as far as a probe can tell: nobody listens there.
    for thief in [
        register("users", "a", 1),
        with_secret("users", "a", 1, &other_secret),
        with_secret("users", "a", 2, &other_secret),
        with_secret("orders", "a", 1, &other_secret),
    ] {
        let answer = center.post(target, &thief).await;
        check_problem(&answer, 403, "mfhm.not_yours");
    }
    assert_eq!(center.post(target, &own).await.status, 200, "an update");
    let moved = with_secret("users", "a", 3, SECRET);
    assert_eq!(center.post(target, &moved).await.status, 200);
}

/// Ids are told to everybody, and what has no secret is protected by its host.
#[tokio::test]
async fn nobody_takes_the_id_of_an_instance_without_a_secret() {
    let center = TestCenter::new().await;
    let target = "/v1/instances";
    let own = json_request(target, &register("users", "a", 1));
    assert_eq!(center.send_from("10.9.9.9", own).await.status, 200);
    let mut from_elsewhere = with_secret("users", "a", 1, SECRET);
    from_elsewhere["address"]["host"] = json!("10.9.9.9");
    // Dead, as far as a probe can tell.
    for (peer, thief) in [
        ("10.0.0.5", from_elsewhere),
        ("10.0.0.5", with_secret("users", "a", 2, SECRET)),
        ("10.9.9.9", with_secret("evil", "a", 2, SECRET)),
    ] {
        let answer = center.send_from(peer, json_request(target, &thief)).await;
        check_problem(&answer, 409, "mfhm.id_taken");
    }
    let answer = center.get("/v1/services/users").await;
    assert_eq!(answer.json()["instances"][0]["port"], 1, "{answer:?}");
}

#[tokio::test]
async fn nobody_takes_the_id_that_the_center_gave_to_a_python_instance() {
    let center = TestCenter::new().await;
    let online = center.post("/online", &online("users", 1)).await;
    assert_eq!(online.json()["code"], 0);
    let listed = center.get("/v1/services/users").await.json();
    let id = listed["instances"][0]["id"].as_str().unwrap().to_owned();
    for port in [1, 2] {
        let thief = with_secret("users", &id, port, SECRET);
        let answer = center.post("/v1/instances", &thief).await;
        check_problem(&answer, 409, "mfhm.id_taken");
    }
}

#[tokio::test]
async fn a_newcomer_never_replaces_a_living_instance() {
    let center = TestCenter::new().await;
    center.probe.set(1, PingOutcome::Ok, Some("a"));
    let own = with_secret("users", "a", 1, SECRET);
    assert_eq!(center.post("/v1/instances", &own).await.status, 200);
    let other = with_secret("users", "b", 1, &SECRET.to_uppercase());
    let answer = center.post("/v1/instances", &other).await;
    check_problem(&answer, 409, "mfhm.address_taken");
    let answer = center.post("/online", &online("users", 1)).await;
    assert_eq!(answer.json()["code"], -1, "{answer:?}");
    center.probe.set(1, PingOutcome::Refused, None);
    assert_eq!(center.post("/v1/instances", &other).await.status, 200);
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_is_refused() {
    let center = TestCenter::new().await;
    for secret in ["", "short", "two\nlines of some length", &"x".repeat(300)] {
        let weak = with_secret("users", "a", 1, secret);
        let answer = center.post("/v1/instances", &weak).await;
        check_problem(&answer, 422, "mfhm.invalid_body");
        assert_eq!(answer.json()["errors"][0]["name"], "secret");
    }
}

#[tokio::test]
async fn the_key_of_a_service_goes_to_whoever_proved_who_it_is_and_by_v1_to_nobody() {
    let guarded = Guarded::new().await;
    let target = "/v1/instances";
    let answer = guarded
        .post(&guarded.users, target, &register("users", "a", 1))
        .await;
    assert_eq!(answer.status, 200);
    let found = guarded.ask(&guarded.read, "GET", "/service/users").await;
    assert_eq!(found.json()["transmissionData"], "s3cret", "{found:?}");
    for target in ["/v1/services/users", "/v1/services", "/health"] {
        for token in [&guarded.read, &guarded.operate] {
            let answer = guarded.ask(token, "GET", target).await;
            assert!(!answer.body.contains("s3cret"), "{answer:?}");
        }
    }
    let bearer = format!("Bearer {}", guarded.operate);
    let headers = [("authorization", bearer.as_str())];
    let watch = "/v1/watch?service=users";
    let mut stream = guarded.center.open(watch, &headers).await;
    let told = stream.frame().await.unwrap();
    assert!(told.contains("\"a\"") && !told.contains("s3cret"), "{told}");

    // Through a proxy on the center's machine, everybody comes from loopback.
    let open = TestCenter::new().await;
    open.post("/v1/instances", &register("users", "a", 1)).await;
    let request = Request::get("/service/users").header("x-forwarded-for", "10.0.0.5");
    let found = open.send(request.body(Body::empty()).unwrap()).await;
    assert!(found.json()["transmissionData"].is_null(), "{found:?}");
    let found = open.get("/service/users").await;
    assert_eq!(found.json()["transmissionData"], "s3cret");
}

#[tokio::test]
async fn secrets_are_kept_as_digests_and_old_records_are_read() {
    let center = TestCenter::new().await;
    let own = with_secret("users", "a", 1, SECRET);
    center.post("/v1/instances", &own).await;
    let id = "a".parse().unwrap();
    let record = center.registrar.view.with(|r, _, _| r.get(&id)).unwrap();
    let written = serde_json::to_string(&*record).unwrap();
    assert!(written.contains("\"secret\""), "{written}");
    assert!(!written.contains(SECRET), "{written}");
    assert!(!format!("{record:?}").contains(SECRET));
    let mut old: Value = serde_json::from_str(&written).unwrap();
    old.as_object_mut().unwrap().remove("secret");
    let old: Record = serde_json::from_value(old).unwrap();
    assert!(old.secret.is_none());
}

#[tokio::test]
async fn a_python_service_is_pinged_at_its_own_address_only() {
    let center = TestCenter::new().await;
    let mut named = online("users", 1);
    named["host"] = json!("10.0.0.9");
    center
        .send_from("10.0.0.5", json_request("/online", &named))
        .await;
    let view = center.get("/v1/services/users").await;
    assert_eq!(view.json()["instances"][0]["host"], "10.0.0.5");
    let answer = center
        .send_from("169.254.169.254", json_request("/online", &named))
        .await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

#[tokio::test]
async fn the_center_vouches_for_names_that_the_token_is_for() {
    use crate::wire::identity::Trusted;
    let guarded = Guarded::new().await;
    let target = "/v1/identity";
    let who = |name: Option<&str>| json!({"name": name, "audience": "orders"});
    let read_one = TokenGrant::new(Scope::Read).name("caller");
    let read_one = guarded.tokens.issue(read_one).unwrap().token;
    for (token, name, says) in [
        (&guarded.users, None, Ok("users")),
        (&guarded.users, Some("users"), Ok("users")),
        (&guarded.users, Some("orders"), Err("--name orders")),
        (&read_one, None, Ok("caller")),
        (&guarded.read, None, Err("no service by name")),
        (&guarded.read, Some("users"), Err("--name users")),
        (&guarded.all, None, Err("every service")),
        (&guarded.all, Some("orders"), Ok("orders")),
    ] {
        let answer = guarded.post(token, target, &who(name)).await;
        match says {
            Err(says) => {
                check_problem(&answer, 403, "mfhm.not_allowed");
                assert!(answer.body.contains(says), "{answer:?}");
            }
            Ok(says) => {
                assert_eq!(answer.json()["name"], says, "{answer:?}");
                let keys = guarded.ask(token, "GET", "/v1/identity/keys").await;
                let keys: crate::wire::identity::PublicKeys =
                    serde_json::from_str(&keys.body).unwrap();
                let text = answer.json()["assertion"].as_str().unwrap().to_owned();
                let now = crate::center::identity::now();
                let claims = Trusted::new(&keys.keys).check(&text, "orders", now);
                assert_eq!(claims.unwrap().sub, says);
            }
        }
    }
    // Nobody is somebody where nobody is asked.
    let open = TestCenter::new().await;
    let answer = open.post(target, &who(Some("users"))).await;
    check_problem(&answer, 403, "mfhm.not_allowed");
    let answer = guarded
        .post(&guarded.users, target, &json!({"audience": "a b"}))
        .await;
    check_problem(&answer, 422, "mfhm.invalid_body");
}

/// A registration from `peer`.
async fn register_from(center: &TestCenter, peer: &str, body: &Value) -> Answer {
    center
        .send_from(peer, json_request("/v1/instances", body))
        .await
}

const SMALL: Capacity = Capacity {
    instances: 5,
    per_address: 3,
    per_principal: 4,
};

#[tokio::test]
async fn who_registers_without_end_is_refused_and_keeps_nobody_else_out() {
    let center = TestCenter::with_room(SMALL).await;
    let of = |peer: &'static str, id: &str, port| {
        let body = register("users", id, port);
        let center = &center;
        async move { register_from(center, peer, &body).await }
    };
    let (intruder, other, third) = ("10.0.0.5", "10.0.0.6", "10.0.0.7");
    for port in 1..=3 {
        assert_eq!(of(intruder, &format!("i{port}"), port).await.status, 200);
    }
    let answer = of(intruder, "i4", 4).await;
    check_problem(&answer, 429, "mfhm.too_many_instances");
    let hint = "--max-instances-per-address";
    assert!(
        answer.body.contains(hint) && answer.body.contains(intruder),
        "{answer:?}"
    );
    assert_eq!(answer.headers["retry-after"], "30");
    let python = json_request("/online", &online("users", 4));
    let answer = center.send_from(intruder, python).await;
    assert_eq!(answer.status, 429);
    assert!(answer.body.contains(hint), "{answer:?}");

    for port in 1..=2 {
        assert_eq!(of(other, &format!("o{port}"), port).await.status, 200);
    }
    let answer = of(third, "t1", 1).await;
    check_problem(&answer, 507, "mfhm.too_many_instances");
    assert!(answer.body.contains("--max-instances"), "{answer:?}");

    // Who is registered may come again, be another version, or restart in its place.
    assert_eq!(of(intruder, "i1", 1).await.status, 200);
    let mut changed = register("users", "i1", 1);
    changed["version"] = json!("2");
    assert_eq!(register_from(&center, intruder, &changed).await.status, 200);
    assert_eq!(of(intruder, "again", 2).await.status, 200);
    // And who leaves makes room.
    let left = send_with(&center, other, "DELETE", "/v1/instances/o1", None).await;
    assert_eq!(left.status, 204);
    assert_eq!(of(third, "t1", 1).await.status, 200);
}

#[tokio::test]
async fn registrations_that_are_long_are_fewer() {
    let center = TestCenter::with_room(SMALL).await;
    let peer = "10.0.0.5";
    let long = |id: &str, port| {
        let mut body = register("users", id, port);
        let operations = (0..100).map(|n| {
            json!({"name": format!("operation-{n}"), "path": "/a/long/path", "methods": ["GET"]})
        });
        body["operations"] = operations.collect();
        body
    };
    let answer = register_from(&center, peer, &long("a", 1)).await;
    check_problem(&answer, 429, "mfhm.too_many_instances");
    let short = register("users", "a", 1);
    assert_eq!(register_from(&center, peer, &short).await.status, 200);
    // An update is no way around it.
    let answer = register_from(&center, peer, &long("a", 1)).await;
    check_problem(&answer, 429, "mfhm.too_many_instances");
    let shown = center.get("/v1/services/users").await.json();
    assert_eq!(
        shown["instances"][0]["operations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn of_many_that_come_together_no_more_are_registered_than_there_is_room_for() {
    let center = TestCenter::with_room(SMALL).await;
    let all = (1..=50).map(|port| {
        let center = &center;
        async move {
            let body = register("users", &format!("i{port}"), port);
            register_from(center, "10.0.0.5", &body).await.status
        }
    });
    let answers = futures_util::future::join_all(all).await;
    let registered = answers.iter().filter(|status| **status == 200);
    assert_eq!(registered.count(), 3);
}

/// An address of its own for each registration is no way around it where one subscriber
/// has 2⁶⁴ of them.
#[tokio::test]
async fn a_network_of_ipv6_counts_as_one_address() {
    let center = TestCenter::with_room(SMALL).await;
    for port in 1..=4 {
        let body = register("users", &format!("i{port}"), port);
        let peer = format!("2001:db8::{port}");
        let answer = register_from(&center, &peer, &body).await;
        let expected = if port <= 3 { 200 } else { 429 };
        assert_eq!(answer.status, expected, "{answer:?}");
    }
}

/// A token is one, wherever it is used.
#[tokio::test]
async fn who_has_many_addresses_has_no_more_room_with_one_token() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = Tokens::in_dir(dir.path());
    let [one, other] = [(); 2].map(|()| {
        let grant = TokenGrant::new(Scope::Register).all_names();
        tokens.issue(grant).unwrap()
    });
    let room = Capacity {
        instances: 6,
        per_address: 5,
        ..SMALL
    };
    let center = TestCenter::with_tokens_and_room(dir.path(), room).await;
    let register_as = async |token: &str, number: u16| {
        let body = register("users", &format!("i{number}"), number);
        let mut request = json_request("/v1/instances", &body);
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        center.send_from(&format!("10.0.0.{number}"), request).await
    };
    for number in 1..=4 {
        assert_eq!(register_as(&one.token, number).await.status, 200);
    }
    let answer = register_as(&one.token, 5).await;
    check_problem(&answer, 429, "mfhm.too_many_instances");
    assert!(
        answer.body.contains(&one.id) && answer.body.contains("--max-instances-per-token"),
        "{answer:?}"
    );
    assert_eq!(register_as(&one.token, 4).await.status, 200, "again");
    assert_eq!(register_as(&other.token, 5).await.status, 200);

    // So it is with a certificate, which is known by its names.
    let certified = async |number: u16| {
        let body = register("orders", &format!("c{number}"), number);
        let mut request = json_request("/v1/instances", &body);
        let names = Certified(["orders".into()].into());
        request.extensions_mut().insert(names);
        center.send_from(&format!("10.0.1.{number}"), request).await
    };
    assert_eq!(certified(1).await.status, 200);
    let shares = center
        .registrar
        .view
        .with(|registry, _, _| registry.shares().of_principal("certificate orders"));
    assert_eq!(shares.instances, 1);
}
