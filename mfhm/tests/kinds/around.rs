//! What surrounds an operation: time-outs, the current request and layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::middleware::from_fn;
use mfhm::http::{HeaderName, HeaderValue, StatusCode};
use mfhm::{App, CallError, CallOptions, HttpLayer, OutgoingCall};
use serde::{Deserialize, Serialize};
use tower_http::set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer};

use crate::params::Refused;
use crate::support::{addr, raw, start, url};

/// What a handler learns without a parameter.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    tenant: Option<String>,
    method: String,
    path: String,
    query: Option<String>,
    operation: String,
    service: String,
    has_peer: bool,
    pub(crate) millis_left: u64,
}

/// Not a handler: it is awaited by one.
pub(crate) async fn seen() -> Seen {
    let request = mfhm::request();
    let left = request.time_left().unwrap_or_default();
    Seen {
        tenant: request.header("x-tenant").map(str::to_owned),
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.uri().and_then(|uri| uri.query()).map(str::to_owned),
        operation: request.operation().to_owned(),
        service: request.service().to_owned(),
        has_peer: request.peer().is_some(),
        millis_left: u64::try_from(left.as_millis()).unwrap(),
    }
}

/// Every `x-mark` that layers have put on the way, in their order.
pub(crate) fn marks() -> Vec<String> {
    let request = mfhm::request();
    let marks = request.headers().get_all("x-mark").into_iter();
    marks
        .map(|mark| mark.to_str().unwrap().to_owned())
        .collect()
}

#[mfhm::client(service = "around")]
#[timeout("5s")]
#[body_limit(100)]
#[idempotent]
pub(crate) trait Around {
    #[put("/seen/{id}")]
    async fn seen(&self, id: u64, #[query] tag: Option<&str>) -> Result<Seen, Refused>;

    #[get("/slow", name = "tortoise")]
    #[timeout("50ms")]
    async fn slow(&self) -> Result<u8, Refused>;

    #[get("/stuck")]
    async fn stuck(&self) -> u8;

    #[post("/length")]
    async fn length(&self, text: &str) -> usize;

    #[get("/marks")]
    async fn marks(&self) -> Vec<String>;

    #[get("/taken")]
    async fn taken(&self) -> Result<(), Refused>;
}

/// Knows whether a handler that never ends has been dropped.
#[derive(Default)]
struct Echo {
    begun: Arc<AtomicU32>,
    is_dropped: Arc<AtomicBool>,
}

struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Echo {
    async fn never<T>(&self) -> T {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let _dropped = Dropped(self.is_dropped.clone());
        std::future::pending().await
    }

    fn mark(&self, text: &'static str) -> impl HttpLayer {
        mark(text)
    }
}

fn mark(text: &'static str) -> SetRequestHeaderLayer<HeaderValue> {
    let name = HeaderName::from_static("x-mark");
    SetRequestHeaderLayer::appending(name, HeaderValue::from_static(text))
}

#[mfhm::service]
#[layer(mark("service, outer"))]
#[layer(mark("service, inner"))]
impl Around for Echo {
    async fn seen(&self, _id: u64, _tag: Option<&str>) -> Result<Seen, Refused> {
        Ok(seen().await)
    }

    async fn slow(&self) -> Result<u8, Refused> {
        self.never().await
    }

    async fn stuck(&self) -> u8 {
        self.never().await
    }

    async fn length(&self, text: &str) -> usize {
        text.len()
    }

    #[layer(self.mark("operation, outer"))]
    #[layer(mark("operation, inner"))]
    async fn marks(&self) -> Vec<String> {
        marks()
    }

    #[layer(from_fn(|_: axum::extract::Request, _: axum::middleware::Next| async {
        StatusCode::TOO_MANY_REQUESTS
    }))]
    async fn taken(&self) -> Result<(), Refused> {
        Err(Refused::Taken {
            name: "a".to_owned(),
        })
    }
}

/// As the tenant of a request that goes to `client`.
fn as_acme(client: &AroundClient) -> AroundClient {
    client.intercept(|call: &mut OutgoingCall| {
        let acme = HeaderValue::from_static("acme");
        call.headers_mut().insert("x-tenant", acme);
        Ok(())
    })
}

/// What a handler sees of `client`'s calls.
async fn check_request(client: &AroundClient, path: &str, query: Option<&str>, has_peer: bool) {
    let seen = as_acme(client).seen(7, Some("a")).await.unwrap();
    // The contract's time-out, for nobody says anything else.
    assert!((1..=5000).contains(&seen.millis_left), "{seen:?}");
    let expected = Seen {
        tenant: Some("acme".to_owned()),
        method: "PUT".to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        operation: "seen".to_owned(),
        service: "around".to_owned(),
        has_peer,
        millis_left: seen.millis_left,
    };
    assert_eq!(seen, expected);

    let options = CallOptions::new().timeout(Duration::from_secs(2));
    let seen = client.with(options).seen(7, None).await.unwrap();
    assert!((1..=2000).contains(&seen.millis_left), "{seen:?}");
    assert_eq!(seen.tenant, None);
}

#[tokio::test]
async fn the_request_is_known_without_a_parameter() {
    let local = AroundClient::local(Echo::default());
    check_request(&local, "/seen/{id}", None, false).await;
    let routed = AroundClient::routed(Echo::default());
    check_request(&routed, "/seen/7", Some("tag=a"), false).await;
    let app = start(Echo::default()).await;
    let remote = AroundClient::at(&url(&app)).unwrap();
    check_request(&remote, "/seen/7", Some("tag=a"), true).await;
    app.stop().await;
}

#[tokio::test]
async fn outside_of_a_request_there_is_an_empty_one() {
    let seen = seen().await;
    assert_eq!((seen.tenant, seen.operation.as_str()), (None, ""));
    assert_eq!((seen.path.as_str(), seen.millis_left), ("", 0));
    assert!(mfhm::request().headers().is_empty());
    assert_eq!(mfhm::request().deadline(), None);
}

/// An operation that takes too long; the status is that of the service's answer.
async fn check_timeout(client: &AroundClient, is_dropped: &AtomicBool, status: Option<u16>) {
    // The client's own time-out is the declared one, and a longer one is the
    // service's business.
    let patient = CallOptions::new().timeout(Duration::from_secs(60));
    for client in [client, &client.with(patient)] {
        match client.slow().await.unwrap_err() {
            CallError::Fault(fault) => assert!(fault.is_timeout(), "{fault:?}"),
            api => panic!("{api:?}"),
        }
    }
    let fault = client.with(patient).slow().await.unwrap_err();
    let fault = fault.fault().unwrap();
    assert_eq!(fault.status().map(|status| status.as_u16()), status);
    assert!(fault.may_have_executed());
    if status.is_some() {
        let problem = fault.problem().unwrap();
        assert_eq!(problem.code, "mfhm.timeout");
        assert!(problem.detail.contains("`tortoise`"), "{problem:?}");
    }
    assert!(is_dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_on_both_sides() {
    let echo = Echo::default();
    let is_dropped = echo.is_dropped.clone();
    check_timeout(&AroundClient::local(echo), &is_dropped, None).await;
    let echo = Echo::default();
    let is_dropped = echo.is_dropped.clone();
    check_timeout(&AroundClient::routed(echo), &is_dropped, Some(504)).await;
    let echo = Echo::default();
    let is_dropped = echo.is_dropped.clone();
    let app = start(echo).await;
    let remote = AroundClient::at(&url(&app)).unwrap();
    check_timeout(&remote, &is_dropped, Some(504)).await;
    app.stop().await;
}

#[tokio::test]
async fn a_caller_tells_how_long_it_waits() {
    let echo = Echo::default();
    let begun = echo.begun.clone();
    let app = start(echo).await;
    let addr = addr(&app);
    for time in ["1", "0"] {
        let head = format!("GET /stuck|mfhm-timeout-ms: {time}");
        let answer = raw(addr, &head, b"").await;
        assert_eq!(answer.status, 504, "{answer:?}");
        assert!(answer.text.contains("mfhm.timeout"), "{answer:?}");
        assert!(answer.text.contains("the caller gave it"), "{answer:?}");
    }
    // Nobody waits for the second one: it is not begun.
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    // What is no time is ignored, and a longer one than is declared is too.
    let longest = ["600000", "9999999999", "99999999999999999999"];
    let garbage = ["soon", "-1", "-0", "1.5", "", "5 5", "0x10", "1e3", "5, 5"];
    for time in longest.iter().chain(&garbage) {
        let head = format!("PUT /seen/1|mfhm-timeout-ms: {time}");
        let answer = raw(addr, &head, b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let (_, body) = answer.text.split_once("\r\n\r\n").unwrap();
        let seen: Seen = serde_json::from_str(body).unwrap();
        assert!((1..=5000).contains(&seen.millis_left), "{time}: {seen:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_limit_of_the_contract_is_one_of_each_body() {
    let client = AroundClient::routed(Echo::default());
    assert_eq!(client.length("abc").await.unwrap(), 3);
    let fault = client.length(&"a".repeat(200)).await.unwrap_err();
    assert_eq!(fault.into_fault().status().unwrap(), 413);
}

#[tokio::test]
async fn layers_stand_around_each_other() {
    let app = App::new()
        .service(Echo::default())
        .layer(mark("app, outer"))
        .layer(mark("app, inner"))
        .layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static("x-layered"),
            HeaderValue::from_static("yes"),
        ))
        .center("http://127.0.0.1:9")
        .port(0)
        .local_calls(false)
        .start()
        .await
        .unwrap();
    let client = AroundClient::at(&url(&app)).unwrap();
    let expected = [
        "app, outer",
        "app, inner",
        "service, outer",
        "service, inner",
        "operation, outer",
        "operation, inner",
    ];
    assert_eq!(client.marks().await.unwrap(), expected);

    // What a layer answers by itself is the caller's fault.
    match client.taken().await.unwrap_err() {
        CallError::Fault(fault) => assert_eq!(fault.status().unwrap(), 429),
        api => panic!("{api:?}"),
    }
    // Also what no operation answers passes the layers; pings do not.
    let nothing = raw(addr(&app), "GET /nothing", b"").await;
    assert!(nothing.status == 404 && nothing.text.contains("x-layered: yes"));
    let ping = raw(addr(&app), "GET /ping", b"").await;
    assert!(ping.status == 200 && !ping.text.contains("x-layered"));
    app.stop().await;

    // Calls that stay in the process pass none.
    let local = AroundClient::local(Echo::default());
    assert_eq!(local.marks().await.unwrap(), [""; 0]);
    match local.taken().await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "a"),
        fault => panic!("{fault:?}"),
    }
}

/// Handlers that are in no contract: methods, and free functions.
struct Handlers(&'static str);

#[mfhm::service(name = "handlers-around")]
#[timeout("50ms")]
#[layer(mark(self.0))]
impl Handlers {
    #[get("/marks")]
    #[layer(mark("operation"))]
    async fn marks(&self) -> Vec<String> {
        marks()
    }

    #[route(PURGE, "/marks")]
    #[layer(mark("purge"))]
    async fn purge(&self) -> Vec<String> {
        marks()
    }

    #[get("/stuck")]
    async fn stuck(&self) -> u8 {
        std::future::pending().await
    }
}

mod free {
    use super::{mark, marks, seen};
    use crate::around::Seen;
    use mfhm::{Json, State, get};

    #[mfhm::service(name = "free-around")]
    #[layer(mark("service"))]
    struct Free;

    #[get("/marks")]
    #[layer(mark("operation"))]
    async fn free_marks(
        State(more): State<u8>,
        #[extract] headers: axum::http::HeaderMap,
    ) -> Vec<String> {
        assert_eq!(more, 7);
        // An extractor sees the same.
        assert_eq!(headers.get_all("x-mark").iter().count(), 2);
        marks()
    }

    #[get("/stuck")]
    #[timeout("50ms")]
    async fn stuck() -> u8 {
        std::future::pending().await
    }

    #[get("/seen")]
    async fn free_seen() -> Json<Seen> {
        Json(seen().await)
    }
}

#[tokio::test]
async fn handlers_in_no_contract_have_the_same_around_them() {
    let app = App::new()
        .service(Handlers("of self"))
        .linked()
        .state(7_u8)
        .center("http://127.0.0.1:9")
        .port_of("handlers-around", 0)
        .port_of("free-around", 0)
        .start()
        .await
        .unwrap();
    let of_impl = app.service("handlers-around").unwrap().addr();
    let of_free = app.service("free-around").unwrap().addr();
    for (addr, request, expected) in [
        (of_impl, "GET /marks", r#"["of self","operation"]"#),
        (of_impl, "PURGE /marks", r#"["of self","purge"]"#),
        (of_free, "GET /marks", r#"["service","operation"]"#),
    ] {
        let answer = raw(addr, request, b"").await;
        assert!(answer.text.ends_with(expected), "{answer:?}");
    }
    for addr in [of_impl, of_free] {
        let answer = raw(addr, "GET /stuck", b"").await;
        assert_eq!(answer.status, 504, "{answer:?}");
        assert!(answer.text.contains("`stuck` did not end within 50ms"));
    }
    let seen = raw(of_free, "GET /seen|x-tenant: acme", b"").await;
    let expected = r#"{"tenant":"acme","method":"GET","path":"/seen","query":null,"operation":"free_seen","service":"free-around","has_peer":true,"millis_left":0}"#;
    assert!(seen.text.ends_with(expected), "{seen:?}");
    app.stop().await;
}
