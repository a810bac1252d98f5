//! Interceptors: what stands around the calls of a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "center")]
use mfhm::App;
use mfhm::http::HeaderValue;
use mfhm::{CallError, CallOptions, CallOutcome, Fault, Interceptor, OutgoingCall};

use crate::around::{Around, AroundClient, Seen, marks, seen};
use crate::params::Refused;
use crate::support::{start, url};

/// Writes down what it sees, and may refuse.
#[derive(Clone)]
struct Witness {
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
    refuses: bool,
}

impl Witness {
    fn new(name: &'static str, log: &Arc<Mutex<Vec<String>>>) -> Self {
        Self {
            name,
            log: log.clone(),
            refuses: false,
        }
    }

    fn note(&self, text: &str) {
        self.log
            .lock()
            .unwrap()
            .push(format!("{} {text}", self.name));
    }
}

impl Interceptor for Witness {
    async fn before(&self, call: &mut OutgoingCall) -> Result<(), Fault> {
        // Interceptors may wait, as for a token.
        tokio::task::yield_now().await;
        assert!(call.time_left() <= Duration::from_secs(60));
        self.note(&format!("before {}.{}", call.service(), call.operation()));
        let name = HeaderValue::from_static(self.name);
        call.headers_mut().append("x-mark", name);
        if self.refuses {
            return Err(Fault::refused("not today"));
        }
        Ok(())
    }

    fn after(&self, call: &OutgoingCall, outcome: &CallOutcome<'_>) {
        assert!(outcome.elapsed() <= Duration::from_secs(60));
        let status = outcome.status().map(|status| status.as_u16());
        let end = match (outcome.error_code(), outcome.fault()) {
            (Some(code), None) => code.to_owned(),
            (None, Some(fault)) if fault.is_refused() => "refused".to_owned(),
            (None, Some(fault)) if fault.is_timeout() => "timeout".to_owned(),
            (None, Some(fault)) => format!("{fault:?}"),
            _ => outcome.is_success().to_string(),
        };
        self.note(&format!("after {} {status:?} {end}", call.operation()));
    }
}

fn taken(log: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

/// The statuses are of a success, of a declared error and of a time-out.
async fn check_interceptors(client: AroundClient, marks: &[&str], statuses: [Option<u16>; 3]) {
    let log = Arc::default();
    let client = client
        .intercept(Witness::new("first", &log))
        .intercept(Witness::new("second", &log));
    let [success, declared, timeout] = statuses;
    assert_eq!(client.marks().await.unwrap(), marks);
    let after = |name, what: &str| format!("{name} after {what}");
    let around = |operation: &str, end: String| {
        vec![
            format!("first before around.{operation}"),
            format!("second before around.{operation}"),
            after("second", &format!("{operation} {end}")),
            after("first", &format!("{operation} {end}")),
        ]
    };
    assert_eq!(taken(&log), around("marks", format!("{success:?} true")));

    client.taken().await.unwrap_err();
    assert_eq!(taken(&log), around("taken", format!("{declared:?} taken")));

    let patient = CallOptions::new().timeout(Duration::from_secs(60));
    client.with(patient).slow().await.unwrap_err();
    assert_eq!(
        taken(&log),
        around("tortoise", format!("{timeout:?} timeout"))
    );

    let strict = client.intercept(Witness {
        refuses: true,
        ..Witness::new("third", &log)
    });
    let refused = strict.marks().await.unwrap_err().into_fault();
    assert!(refused.is_refused() && !refused.may_have_executed());
    assert_eq!(refused.to_string(), "call to around.marks: not today");
    let expected = [
        "first before around.marks",
        "second before around.marks",
        "third before around.marks",
        "second after marks None refused",
        "first after marks None refused",
    ];
    assert_eq!(taken(&log), expected);
}

/// A service without layers, as interceptors meet it.
struct Plain;

#[mfhm::service]
impl Around for Plain {
    async fn seen(&self, _id: u64, _tag: Option<&str>) -> Result<Seen, Refused> {
        Ok(seen().await)
    }

    async fn slow(&self) -> Result<u8, Refused> {
        std::future::pending().await
    }

    async fn stuck(&self) -> u8 {
        std::future::pending().await
    }

    async fn length(&self, text: &str) -> usize {
        text.len()
    }

    async fn marks(&self) -> Vec<String> {
        marks()
    }

    async fn taken(&self) -> Result<(), Refused> {
        Err(Refused::Taken {
            name: "a".to_owned(),
        })
    }
}

#[tokio::test]
async fn interceptors_stand_around_each_call() {
    let marks = ["first", "second"];
    let of_local = [None, Some(409), None];
    check_interceptors(AroundClient::local(Plain), &marks, of_local).await;
    let of_remote = [Some(200), Some(409), Some(504)];
    check_interceptors(AroundClient::routed(Plain), &marks, of_remote).await;
    let app = start(Plain).await;
    let remote = AroundClient::at(&url(&app)).unwrap();
    check_interceptors(remote, &marks, of_remote).await;
    app.stop().await;
}

#[tokio::test]
async fn the_fault_of_another_call_is_the_reason_of_a_refusal() {
    struct Token;

    impl Interceptor for Token {
        async fn before(&self, _call: &mut OutgoingCall) -> Result<(), Fault> {
            let tokens = AroundClient::routed(Plain);
            tokens
                .length(&"a".repeat(200))
                .await
                .map_err(CallError::into_fault)?;
            Ok(())
        }
    }

    for client in [AroundClient::local(Plain), AroundClient::routed(Plain)] {
        let fault = client.intercept(Token).marks().await.unwrap_err();
        let fault = fault.into_fault();
        assert!(
            fault.is_refused() && !fault.may_have_executed(),
            "{fault:?}"
        );
        assert_eq!(fault.operation(), "marks");
        let source = std::error::Error::source(&fault).unwrap().to_string();
        assert!(source.contains("around.length"), "{source}");
    }
}

#[tokio::test]
async fn headers_of_another_connection_are_not_passed_on() {
    let app = start(Plain).await;
    for client in [
        AroundClient::local(Plain),
        AroundClient::routed(Plain),
        AroundClient::at(&url(&app)).unwrap(),
    ] {
        let client = client.intercept(|call: &mut OutgoingCall| {
            for (name, value) in [
                ("content-length", "1"),
                ("transfer-encoding", "chunked"),
                ("connection", "close"),
                ("mfhm-service", "another"),
            ] {
                let value = mfhm::http::HeaderValue::from_static(value);
                call.headers_mut().insert(name, value);
            }
            Ok(())
        });
        assert_eq!(client.length("abcdef").await.unwrap(), 6);
    }
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_has_the_time_of_the_call() {
    struct Stuck;

    impl Interceptor for Stuck {
        async fn before(&self, _call: &mut OutgoingCall) -> Result<(), Fault> {
            std::future::pending().await
        }
    }

    for client in [AroundClient::local(Plain), AroundClient::routed(Plain)] {
        let begun = tokio::time::Instant::now();
        let fault = client.intercept(Stuck).marks().await.unwrap_err();
        let fault = fault.into_fault();
        assert!(
            fault.is_timeout() && !fault.may_have_executed(),
            "{fault:?}"
        );
        // The contract's.
        assert_eq!(begun.elapsed().as_secs(), 5);
    }
}

#[cfg(feature = "center")]
#[tokio::test]
async fn those_of_the_caller_come_first_and_see_untyped_calls() {
    let data = tempfile::tempdir().unwrap();
    let center = mfhm::Center::builder().port(0).data_dir(data.path());
    let center = center.start().await.unwrap();
    let app = App::new().service(Plain).center(center.url()).port(0);
    let app = app.local_calls(false).start().await.unwrap();
    app.registered().await;

    let log = Arc::default();
    let caller = mfhm::Caller::builder()
        .center(center.url())
        .options(CallOptions::new().timeout(Duration::from_secs(1)))
        .intercept(Witness::new("caller", &log))
        .build()
        .unwrap();
    let client = AroundClient::through(&caller).intercept(Witness::new("client", &log));
    assert_eq!(client.marks().await.unwrap(), ["caller", "client"]);
    let expected = [
        "caller before around.marks",
        "client before around.marks",
        "client after marks Some(200) true",
        "caller after marks Some(200) true",
    ];
    assert_eq!(taken(&log), expected);
    // What the contract declares goes before what the caller says of all calls.
    let seen = client.seen(1, None).await.unwrap();
    assert!((1001..=5000).contains(&seen.millis_left), "{seen:?}");
    taken(&log);

    let answer = caller.call("around", "marks").send().await.unwrap();
    assert_eq!(answer.text(), r#"["caller"]"#);
    caller.call("around", "taken").send().await.unwrap();
    caller.call("around", "nothing").send().await.unwrap_err();
    let log = taken(&log);
    assert_eq!(log.len(), 6);
    assert_eq!(log[3], "caller after taken Some(409) false");
    assert!(log[5].contains("no operation `nothing`"), "{log:?}");
    app.stop().await;
    center.stop().await;
}
