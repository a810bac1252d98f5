//! What should not be sent, by protocol v1: each is refused with a reason, or taken for
//! what it is worth. Never is a healthy instance the worse for it, and never is it an
//! error of the center.

use std::fmt::Debug;

use super::*;
use crate::center::health::PingOutcome::{Ok as Answers, Refused};

/// What came of it.
enum Expected {
    /// Status, and what the answer says.
    Refused(u16, &'static str),
    /// The status of an answer that changes nothing for anybody else.
    Absorbed(u16),
}

/// Request line, where it comes from, body.
struct Case {
    shown: String,
    peer: &'static str,
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    expected: Expected,
}

const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "10.0.0.5";

fn case(line: &str, body: impl Into<Vec<u8>>, expected: Expected) -> Case {
    let (method, target) = line.split_once(' ').expect("a request line");
    let method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|known| *known == method);
    let body = body.into();
    let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    Case {
        shown: format!("{line:.120} {start}"),
        peer: HERE,
        method: method.expect("a known method"),
        target: target.to_owned(),
        headers: Vec::new(),
        body,
        expected,
    }
}

impl Case {
    fn from(self, peer: &'static str) -> Self {
        Self { peer, ..self }
    }

    fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A registration that is good but for what `change` makes of it.
fn bad(change: impl FnOnce(&mut Value), names: &'static str) -> Case {
    let mut body = json!({
        "service": "users",
        "id": "n1",
        "address": {"port": 7},
        "operations": [{"name": "hello", "path": "/hello", "methods": ["GET"]}],
    });
    change(&mut body);
    let refused = Expected::Refused(422, names);
    case("POST /v1/instances", body.to_string(), refused)
}

fn raw(body: impl Into<Vec<u8>>, status: u16) -> Case {
    let refused = Expected::Refused(status, "the body");
    case("POST /v1/instances", body, refused)
}

fn lies_about_the_address() -> Vec<Case> {
    let at = |host: &'static str, port: Value| {
        bad(
            |b| b["address"] = json!({"host": host, "port": port}),
            "address",
        )
    };
    let mut cases = Vec::new();
    for host in [
        "10.0.0.6",
        "127.0.0.1",
        "localhost",
        "::1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "fd00:ec2::254",
        "10.0.0.5:80",
        "10.0.0.5/x",
        "user@10.0.0.5",
        "10.0.0.5 ",
        "",
        "..",
        "orders.invalid",
        "0x0a.5",
        "167772165",
        "a\u{0}b",
        "\u{ff11}",
    ] {
        cases.push(at(host, json!(7)).from(ELSEWHERE));
    }
    for port in [
        json!(0),
        json!(65_536),
        json!(-1),
        json!(1.5),
        json!("7"),
        json!(null),
        json!([7]),
        json!(1e300),
    ] {
        cases.push(bad(|b| b["address"] = json!({"port": port}), "port"));
    }
    cases.push(bad(|b| b["address"] = json!("10.0.0.5:7"), "address"));
    cases.push(bad(|b| b["address"] = json!(null), "address"));
    // The address, or the id, of somebody who lives.
    let conflict = |body: Value, code| {
        let refused = Expected::Refused(409, code);
        case("POST /v1/instances", body.to_string(), refused)
    };
    cases.push(conflict(register("users", "n1", 1), "mfhm.address_taken"));
    cases.push(conflict(register("users", "u1", 7), "mfhm.id_taken"));
    cases.push(conflict(register("users", "u1", 1), "mfhm.id_taken").from(ELSEWHERE));
    cases.push(conflict(register("other", "u1", 1), "mfhm.id_taken").from(ELSEWHERE));
    cases
}

fn bad_names() -> Vec<Case> {
    let long = "x".repeat(129);
    let mut cases = Vec::new();
    for name in [
        "",
        " ",
        "no spaces",
        "a/b",
        "../etc",
        "a\u{0}b",
        "a\nb",
        "\u{fc}",
        "a%2Fb",
        "<b>",
        long.as_str(),
    ] {
        cases.push(bad(|b| b["service"] = json!(name), "service"));
        cases.push(bad(|b| b["id"] = json!(name), "id"));
    }
    for value in [json!(null), json!(7), json!(["users"]), json!({"a": 1})] {
        cases.push(bad(|b| b["service"] = value.clone(), "service"));
        cases.push(bad(|b| b["id"] = value.clone(), "id"));
    }
    cases
}

fn bad_contents() -> Vec<Case> {
    let operation = |name: &str, path: &str, methods: Value| {
        let operations = json!([{"name": name, "path": path, "methods": methods}]);
        bad(|b| b["operations"] = operations, "operations")
    };
    let many: serde_json::Map<_, _> = (0..65).map(|n| (n.to_string(), json!("x"))).collect();
    vec![
        operation("", "/x", json!(["GET"])),
        operation("a\nb", "/x", json!(["GET"])),
        operation("a", "x", json!(["GET"])),
        operation("a", "", json!(["GET"])),
        operation("a", "/x\r\nhost: evil", json!(["GET"])),
        operation("a", &format!("/{}", "x".repeat(10_240)), json!(["GET"])),
        operation(&"x".repeat(501), "/x", json!(["GET"])),
        operation("a", "/x", json!(["GET\r\nx: y"])),
        operation("a", "/x", json!([""])),
        operation("a", "/x", json!("GET")),
        operation("a", "/x", json!([7])),
        bad(|b| b["operations"] = json!({"a": 1}), "operations"),
        bad(|b| b["operations"] = json!([null]), "operations"),
        bad(|b| b["metadata"] = json!(many), "metadata"),
        bad(
            |b| b["metadata"] = json!({"a": "x".repeat(1025)}),
            "metadata",
        ),
        bad(
            |b| b["metadata"] = json!({"x".repeat(1025): "a"}),
            "metadata",
        ),
        bad(|b| b["metadata"] = json!({"a": 1}), "metadata"),
        bad(|b| b["metadata"] = json!({"a": {"b": "c"}}), "metadata"),
        bad(|b| b["metadata"] = json!(["a"]), "metadata"),
        bad(|b| b["version"] = json!("1\n2"), "version"),
        bad(|b| b["version"] = json!("x".repeat(1025)), "version"),
        bad(|b| b["weight"] = json!(10_001), "weight"),
        bad(|b| b["weight"] = json!(-1), "weight"),
        bad(|b| b["weight"] = json!(u64::MAX), "weight"),
        bad(|b| b["key"] = json!(""), "key"),
        bad(|b| b["key"] = json!("a\r\nb: c"), "key"),
        bad(|b| b["document"] = json!("../../etc/passwd"), "document"),
        bad(|b| b["document"] = json!("00"), "document"),
    ]
}

fn bodies_that_are_none() -> Vec<Case> {
    let deep = |open: &str, count: usize| open.repeat(count);
    let within = format!(r#"{{"service":"users","later":{}"#, deep("[", 100_000));
    let twice = r#"{"service":"users","service":"orders","id":"n1","address":{"port":7}}"#;
    vec![
        raw("", 400),
        raw("{", 400),
        raw("[]", 422),
        raw("null", 422),
        raw("\"users\"", 422),
        raw(b"\xff\xfe{\0}\0".as_slice(), 400),
        raw("\u{feff}{}", 400),
        raw(r#"{"service":"\ud800"}"#, 422),
        raw(r#"{"weight":1e999}"#, 422),
        raw(r#"{"service":NaN}"#, 400),
        raw(twice, 422),
        raw(deep("[", 200_000), 400),
        raw(deep("{\"a\":", 40_000), 400),
        raw(within, 400),
        raw(vec![b'x'; 257 * 1024], 413),
        raw(vec![b' '; 1024 * 1024], 413),
        raw("{}", 415).with("content-type", "text/plain"),
        raw("{}", 415).with("content-type", "multipart/form-data; boundary=x"),
        raw("{}", 415).with("content-type", b"\xff".as_slice()),
    ]
}

fn who_is_nobody_or_somebody_else() -> Vec<Case> {
    let mut cases = Vec::new();
    let lines = [
        "PUT /v1/instances/ID",
        "DELETE /v1/instances/ID",
        "GET /v1/instances/ID/hold",
        "POST /v1/instances/ID/drain",
        "POST /v1/instances/ID/report",
    ];
    let long = "x".repeat(5000);
    for line in lines {
        for id in [
            "nobody",
            "%20",
            "..",
            "%2e%2e%2f",
            "a%2Fb",
            "%ff",
            "%00",
            &long,
        ] {
            let refused = Expected::Refused(404, "mfhm.");
            cases.push(case(&line.replace("ID", id), "", refused));
        }
        // Only reports come from everywhere.
        if !line.ends_with("report") {
            let refused = Expected::Refused(403, "mfhm.not_yours");
            cases.push(case(&line.replace("ID", "u1"), "", refused).from(ELSEWHERE));
            // A header says whatever its sender likes.
            let refused = Expected::Refused(403, "mfhm.not_yours");
            let claims = case(&line.replace("ID", "u1"), "", refused).from(ELSEWHERE);
            cases.push(
                claims
                    .with("x-forwarded-for", HERE)
                    .with("forwarded", "for=127.0.0.1"),
            );
        }
    }
    let report = "POST /v1/instances/u1/report";
    cases.push(case(report, "no JSON {{{", Expected::Absorbed(202)).from(ELSEWHERE));
    cases.push(case(report, vec![0; 1024 * 1024], Expected::Absorbed(202)));
    cases
}

fn paths_and_watches() -> Vec<Case> {
    let many = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("service=s{n}")).collect();
        format!("GET /v1/watch?{}", names.join("&"))
    };
    let refused = |line: &str, status, says| case(line, "", Expected::Refused(status, says));
    let absorbed = |line: &str| case(line, "", Expected::Absorbed(200));
    vec![
        refused(&many(65), 422, "at most 64"),
        refused(&many(1000), 422, "at most 64"),
        refused(
            &format!("GET /v1/watch?service={}", "x".repeat(129)),
            422,
            "128",
        ),
        refused(
            &format!("GET /v1/watch?service=a&{}", "x".repeat(40_000)),
            422,
            "bytes",
        ),
        refused("GET /v1/watch", 422, "say what to watch"),
        refused("GET /v1/watch?service=", 422, "1 to 128"),
        refused("GET /v1/watch?service=a&service", 422, "1 to 128"),
        refused(
            "GET /v1/services/..%2F..%2Fetc",
            404,
            "mfhm.unknown_service",
        ),
        refused("GET /v1/services/%ff%00", 404, "mfhm.unknown_service"),
        refused("GET /v1/services/users/nothing", 404, "mfhm."),
        refused("GET /v1/instances/u1/hold/more", 404, "mfhm."),
        refused("GET /v1//services", 404, "mfhm."),
        refused("GET /v1/", 404, "mfhm."),
        refused("PATCH /v1/instances", 405, "POST"),
        refused("DELETE /v1/watch?service=a", 405, "GET"),
        refused("POST /v1/services/users", 405, "GET"),
        refused("PUT /v1/documents/00", 422, "mfhm."),
        // A caller that tells nonsense of itself is read to all the same.
        absorbed("GET /v1/services/users").with("mfhm-caller", "{{{"),
        absorbed("GET /v1/services/users").with("mfhm-caller", b"\xff".as_slice()),
        absorbed("GET /v1/services/users").with("mfhm-caller", "[".repeat(60_000)),
    ]
}

/// A center with one healthy instance, `u1` at port 1.
async fn center() -> TestCenter {
    let center = TestCenter::new().await;
    center.probe.set(1, Answers, Some("u1"));
    let answer = center
        .post("/v1/instances", &register("users", "u1", 1))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    center.ping_all().await;
    center
}

async fn users(center: &TestCenter) -> Value {
    center.get("/v1/services/users").await.json()["instances"].clone()
}

async fn check(center: &TestCenter, case: Case) -> Result<(), String> {
    let mut request = Request::builder().method(case.method).uri(&case.target);
    for (name, value) in &case.headers {
        request = request.header(*name, value.as_slice());
    }
    let request = request.body(Body::from(case.body)).map_err(text)?;
    let answer = center.send_from(case.peer, request).await;
    let status = answer.status.as_u16();
    let fail = |why: &str| {
        Err(format!(
            "{} from {}: {why}: {answer:.300?}",
            case.shown, case.peer
        ))
    };
    match case.expected {
        Expected::Absorbed(expected) if status != expected => fail("another status"),
        Expected::Absorbed(_) => Ok(()),
        Expected::Refused(expected, _) if status != expected => fail(&format!("not {expected}")),
        Expected::Refused(_, says) => {
            let problem: Value = serde_json::from_str(&answer.body).map_err(text)?;
            let detail = problem["detail"].as_str().unwrap_or_default();
            if answer.headers["content-type"] != "application/problem+json" {
                fail("no problem document")
            } else if detail.is_empty() {
                fail("it gives no reason")
            } else if !answer.body.contains(says) {
                fail(&format!("it does not say {says:?}"))
            } else if answer.body.len() > 6_000 {
                fail("it repeats what is too long")
            } else {
                Ok(())
            }
        }
    }
}

fn text(error: impl Debug) -> String {
    format!("{error:?}")
}

#[tokio::test(start_paused = true)]
async fn bad_input_by_v1_is_refused_with_a_reason_or_absorbed() {
    let center = center().await;
    let before = users(&center).await;
    assert_eq!(before[0]["status"], "up");
    let cases: Vec<Case> = [
        lies_about_the_address(),
        bad_names(),
        bad_contents(),
        bodies_that_are_none(),
        who_is_nobody_or_somebody_else(),
        paths_and_watches(),
    ]
    .into_iter()
    .flatten()
    .collect();
    // A table that loses its rows does not pass.
    assert!(cases.len() > 170, "{}", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        failures.extend(check(&center, case).await.err());
        assert_eq!(users(&center).await, before, "{failures:?}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    center.ping_all().await;
    assert_eq!(users(&center).await, before);
    assert_eq!(center.get("/health").await.json()["instances"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_registration_with_thousands_of_operations_is_kept_within_bounds() {
    let center = center().await;
    let operations = |count: usize| {
        let one = |n| json!({"name": format!("o{n}"), "path": "/o", "methods": []});
        let operations: Vec<_> = (0..count).map(one).collect();
        json!({"service": "users", "id": "n1", "address": {"port": 7}, "operations": operations})
    };
    let answer = center.post("/v1/instances", &operations(20_000)).await;
    check_problem(&answer, 413, "mfhm.invalid_body");
    center.probe.set(7, Answers, Some("n1"));
    let answer = center.post("/v1/instances", &operations(4_000)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let instances = users(&center).await;
    assert_eq!(instances[1]["operations"].as_array().unwrap().len(), 4_000);
    let mut twice = operations(4_000);
    twice["operations"][3_999]["name"] = json!("o0");
    let answer = center.post("/v1/instances", &twice).await;
    check_problem(&answer, 422, "mfhm.invalid_body");
}

/// Whatever an event stream is said to go on from, it begins with what is true.
#[tokio::test(start_paused = true)]
async fn a_revision_from_the_future_is_answered_with_a_snapshot() {
    let center = center().await;
    let target = "/v1/watch?service=users";
    let mut watch = center.open(target, &[]).await;
    let (id, ..) = watch.event().await.unwrap();
    let (epoch, _) = id.split_once('-').unwrap();
    for last in [
        format!("{epoch}-18446744073709551615"),
        format!("{epoch}-18446744073709551616"),
        format!("{epoch}--1"),
        format!("{epoch}-+7"),
        "ffffffffffffffff-0".to_owned(),
        "-".to_owned(),
        "9".repeat(10_000),
    ] {
        let mut watch = center.open(target, &[("last-event-id", &last)]).await;
        assert_eq!(watch.status, 200, "{last:.40}");
        let first = tokio::time::timeout(std::time::Duration::from_secs(60), watch.event());
        let (_, event, data) = first.await.expect("it does not wait").unwrap();
        assert_eq!(event, "snapshot", "{last:.40}");
        assert_eq!(data["services"][0]["instances"], users(&center).await);
        drop(watch);
    }
    // And what comes next is told on such a stream.
    let last = format!("{epoch}-18446744073709551615");
    let mut watch = center.open(target, &[("last-event-id", &last)]).await;
    watch.event().await.unwrap();
    center.delete("/v1/instances/u1").await;
    assert_eq!(watch.event().await.unwrap().1, "remove");
}

/// A report is a reason to look, whoever sends it and however often.
#[tokio::test(start_paused = true)]
async fn reports_from_everywhere_cost_a_ping_a_second_and_evict_nobody() {
    let center = center().await;
    let report = || {
        let request = Request::post("/v1/instances/u1/report");
        request.body(Body::empty()).unwrap()
    };
    let mut pings = 0;
    for second in 0..10 {
        for n in 0..100 {
            let peer = format!("10.0.{second}.{n}");
            let answer = center.send_from(&peer, report()).await;
            assert_eq!(answer.status, 202, "{answer:?}");
            pings += center.registrar.view.with(|registry, now, random| {
                let targets = registry.tick(now, random).pings;
                for target in &targets {
                    registry.report(target, &Answers, now, now, random);
                }
                targets.len()
            });
        }
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
    // One for the reports of each second, and those that are due anyway.
    assert!((10..=13).contains(&pings), "{pings}");
    assert_eq!(users(&center).await[0]["status"], "up");
    // One that is really gone is found by the first report.
    center.send_from(ELSEWHERE, report()).await;
    center.registrar.view.with(|registry, now, random| {
        let targets = registry.tick(now, random).pings;
        assert_eq!(targets.len(), 1);
        registry.report(&targets[0], &Refused, now, now, random);
    });
    assert_eq!(users(&center).await[0]["status"], "down");
}
