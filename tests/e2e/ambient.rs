//! What goes on from a request through three services: over sockets, and in one
//! process.

use support::chain::Told;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_program};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CHAIN: [&str; 3] = ["chain1", "chain2", "chain3"];

/// What the last service is told when the first is asked with these headers.
async fn ask(port: u16, headers: &[(&str, &str)]) -> Told {
    let answer = http::request(port, "GET", "/begin", headers, "").await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("what it was told")
}

async fn check(port: u16, goes_over_sockets: bool) {
    let headers = [
        ("traceparent", PARENT),
        ("x-tenant", "acme"),
        ("authorization", "Bearer t"),
        ("mfhm-timeout-ms", "8000"),
    ];
    let told = ask(port, &headers).await;
    assert_eq!(told.traceparent.as_deref(), Some(PARENT));
    assert_eq!(told.tenant.as_deref(), Some("acme"));
    assert_eq!(told.authorization, None, "it was said to the first only");
    assert_eq!(told.has_peer, goes_over_sockets);
    let [third, second, first] = told.left[..] else {
        panic!("{told:?}");
    };
    // Over the wire a time is whole milliseconds, rounded up.
    assert!(first <= 8_000_000, "{told:?}");
    assert!(second < first + 1_000 && third < second + 1_000, "{told:?}");
    // The services' own time-out would be 15 s, so this is the caller's.
    assert!(third > 1_000_000, "{told:?}");

    let other = [("x-tenant", "acme"), ("x-other-tenant", "zeta")];
    let told = ask(port, &other).await;
    assert_eq!(
        told.tenant.as_deref(),
        Some("zeta"),
        "a parameter goes before"
    );
    assert_eq!(told.traceparent, None, "none is made up");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_three_processes() {
    let center = CenterProcess::start().await;
    let first = port::free();
    let mut processes = Vec::new();
    for name in CHAIN {
        let port = if name == "chain1" { first } else { 0 };
        let program = service_program(&[name], &center.url())
            .env("MFHM_PROPAGATE", "x-tenant, x-request-id")
            .env("MFHM_PORT", port);
        processes.push(program.start());
        center.has(name, 1).await;
    }
    check(first, true).await;

    // A caller that waits no longer: nobody begins.
    let late = [("mfhm-timeout-ms", "0")];
    let answer = http::request(first, "GET", "/begin", &late, "").await;
    assert_eq!(answer.expect("an answer").status, 504);
}

#[tokio::test(flavor = "multi_thread")]
async fn through_one_process() {
    let center = CenterProcess::start().await;
    let _process = service_program(&CHAIN, &center.url())
        .env("MFHM_PROPAGATE", "x-tenant")
        .start();
    let first = center.has("chain1", 1).await[0]["port"].as_u64();
    let first = u16::try_from(first.expect("a port")).expect("a port");
    check(first, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_no_header_that_goes_on() {
    let mut service = service_program(&["chain3"], "http://127.0.0.1:9")
        .env("MFHM_PORT", 0)
        .env("MFHM_PROPAGATE", "x-tenant, authorization")
        .start();
    let status = service.ended().await;
    assert!(!status.success());
    wait::until("its words", async || {
        let said = service.output();
        let why = "MFHM_PROPAGATE: `authorization` is not passed on: it is a credential";
        said.contains(why).then_some(())
    })
    .await;
}
