//! Services that are found without a center: listed one by one, by addresses in the
//! DNS, and by SRV records. Whatever finds them, a call that can be repeated does not
//! fail when one of two instances dies.

use std::collections::HashMap;

use mfhm::Caller;
use support::dns::DnsServer;
use support::process::Process;
use support::services::Service01Client;
use support::{http, port, wait};

use crate::programs::service_program;

const SERVICE: &str = "service01";

/// An instance at this address that registers nowhere.
async fn instance(host: &str, port: u16) -> Process {
    let program = service_program(&[SERVICE], "off");
    let program = program.env("MFHM_HOST", host).env("MFHM_PORT", port);
    let mut process = program.start();
    process.line("listening on").await;
    process
}

/// How many of so many calls each process answered; none fails.
async fn share(client: &Service01Client, calls: usize) -> HashMap<u32, usize> {
    let mut share = HashMap::new();
    for _ in 0..calls {
        let item = client.item(1, None).await.expect("no call fails");
        *share.entry(item.pid).or_default() += 1;
    }
    share
}

/// Two instances share the calls, and then one of them dies.
async fn survives(client: &Service01Client, mut killed: Process, alive: &Process) {
    let before = share(client, 200).await;
    assert_eq!(before.len(), 2, "{before:?}");
    killed.kill();
    let after = share(client, 500).await;
    assert_eq!(after, HashMap::from([(alive.id(), 500)]));
}

async fn reaches(client: &Service01Client, process: &Process) {
    wait::until("calls that reach the new instance", async || {
        share(client, 20)
            .await
            .contains_key(&process.id())
            .then_some(())
    })
    .await;
}

/// An operation is not called by its name, for nobody tells its path.
async fn knows_no_operations(caller: &Caller) {
    let fault = caller.call(SERVICE, "hello").send().await;
    let fault = fault.expect_err("nobody tells its operations");
    let text = fault.to_string();
    assert!(fault.is_unknown_operation() && !fault.may_have_executed());
    assert!(
        text.contains("does not tell its operations") && text.contains("typed client"),
        "{text}"
    );
}

async fn is_unknown(caller: &Caller, why: &str) {
    let error = nowhere(caller)
        .relay()
        .await
        .expect_err("nobody runs service02");
    let fault = error.fault().expect("a fault");
    assert!(
        fault.is_unknown_service() && fault.to_string().contains(why),
        "{fault}"
    );
}

/// A client of a service that is nowhere.
fn nowhere(caller: &Caller) -> support::services::Service02Client {
    support::services::Service02Client::through(caller)
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_instances_are_balanced_and_one_may_die() {
    let (one, two) = (port::free(), port::free());
    let killed = instance("127.0.0.1", one).await;
    let alive = instance("127.0.0.1", two).await;
    let caller = Caller::builder()
        .center("off")
        .instances(
            SERVICE,
            [
                format!("http://127.0.0.1:{one}"),
                format!("127.0.0.1:{two}"),
            ],
        )
        .build()
        .expect("a caller");
    let client = Service01Client::through(&caller);
    survives(&client, killed, &alive).await;
    knows_no_operations(&caller).await;
    is_unknown(&caller, "MFHM_INSTANCES").await;
    let again = instance("127.0.0.1", one).await;
    reaches(&client, &again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_lists_instances_too() {
    let (one, two, relay) = (port::free(), port::free(), port::free());
    let mut killed = instance("127.0.0.1", one).await;
    let _alive = instance("127.0.0.1", two).await;
    let program = service_program(&["service02"], "off");
    let mut process = program
        .env("MFHM_PORT", relay)
        .env(
            "MFHM_INSTANCES",
            format!("{SERVICE}=127.0.0.1:{one},127.0.0.1:{two}"),
        )
        .start();
    process.answers(relay, "/ping", 200).await;
    for call in 0..100 {
        if call == 50 {
            killed.kill();
        }
        let answer = http::get(relay, "/relay").await.expect("an answer");
        assert_eq!(answer.status, 200, "call {call}: {}", answer.body);
    }
    let told = process.output().matches("nothing registers").count();
    assert_eq!(told, 1, "{}", process.output());
    process.terminate();
    assert!(process.ended().await.success(), "it drains and ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_in_the_dns_are_instances() {
    let dns = DnsServer::start().await;
    let port = port::free();
    let killed = instance("127.0.0.1", port).await;
    let alive = instance("127.0.0.2", port).await;
    dns.set_addresses("service01.test", &["127.0.0.1", "127.0.0.2"]);
    let caller = Caller::builder()
        .center(format!("dns://{{service}}.test:{port}"))
        .dns_server(dns.address())
        .build()
        .expect("a caller");
    let client = Service01Client::through(&caller);
    survives(&client, killed, &alive).await;
    knows_no_operations(&caller).await;
    is_unknown(&caller, "`service02.test` has no records").await;

    // The name is gone, and then the server: who still answers stays.
    dns.set_addresses("service01.test", &[]);
    goes_on(&client, &alive, &dns).await;
    dns.set_silent(true);
    goes_on(&client, &alive, &dns).await;
    dns.set_silent(false);
    let other = instance("127.0.0.3", port).await;
    dns.set_addresses("service01.test", &["127.0.0.2", "127.0.0.3"]);
    reaches(&client, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_of_addresses_that_the_dns_fails_to_tell_is_not_lost() {
    let dns = DnsServer::start().await;
    let port = port::free();
    let alive = instance("127.0.0.1", port).await;
    // Nobody listens there by IPv6.
    dns.set_addresses("service01.test", &["127.0.0.1", "::1"]);
    let caller = Caller::builder()
        .center(format!("dns://{{service}}.test:{port}"))
        .dns_server(dns.address())
        .build()
        .expect("a caller");
    let client = Service01Client::through(&caller);
    goes_on(&client, &alive, &dns).await;
    dns.set_failing_for_ipv4(true);
    goes_on(&client, &alive, &dns).await;
}

/// Calls reach this instance, also when the caller has asked anew.
async fn goes_on(client: &Service01Client, alive: &Process, dns: &DnsServer) {
    let before = dns.asked();
    wait::until("a caller that asks again", async || {
        assert_eq!(share(client, 20).await, HashMap::from([(alive.id(), 20)]));
        // Both kinds of addresses, twice.
        (dns.asked() >= before + 4).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn srv_records_tell_ports_weights_and_who_comes_second() {
    let dns = DnsServer::start().await;
    let (one, two, three) = (port::free(), port::free(), port::free());
    let mut many = instance("127.0.0.1", one).await;
    let mut few = instance("127.0.0.1", two).await;
    let spare = instance("127.0.0.1", three).await;
    let name = "_http._tcp.service01.test";
    dns.set_addresses("host.test", &["127.0.0.1"]);
    dns.set_services(
        name,
        &[
            (10, 90, one, "host.test"),
            (10, 10, two, "host.test"),
            (20, 100, three, "host.test"),
            (10, 10, two, "gone.test"),
        ],
    );
    let caller = Caller::builder()
        .center("dns+srv://_http._tcp.{service}.test")
        .dns_server(dns.address())
        .build()
        .expect("a caller");
    let client = Service01Client::through(&caller);
    let shares = share(&client, 300).await;
    let of_few = shares.get(&few.id()).copied().unwrap_or_default();
    // A tenth are its share, or fewer while it is the slower one.
    assert!(of_few <= 90, "{shares:?}");
    assert_eq!(of_few + shares[&many.id()], 300, "none for the spare one");
    knows_no_operations(&caller).await;

    many.kill();
    let after = share(&client, 300).await;
    assert!(after.contains_key(&few.id()), "{after:?}");
    few.kill();
    assert_eq!(
        share(&client, 300).await,
        HashMap::from([(spare.id(), 300)])
    );
    let again = instance("127.0.0.1", one).await;
    reaches(&client, &again).await;
}
