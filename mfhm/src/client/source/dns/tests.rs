use std::sync::Mutex;

use super::*;

/// What the test says, and how often it was asked.
#[derive(Debug)]
struct Script {
    answer: Mutex<Result<Vec<&'static str>, SourceError>>,
    ttl: Option<Duration>,
    asked: Mutex<Vec<String>>,
}

impl Lookup for Script {
    fn addresses<'a>(
        &'a self,
        name: &'a str,
        _port: u16,
    ) -> BoxFuture<'a, Result<Found<IpAddr>, SourceError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(name.to_owned());
            let addresses = self.answer.lock().unwrap().clone()?;
            Ok(Found {
                records: addresses.iter().map(|a| a.parse().unwrap()).collect(),
                ttl: self.ttl,
            })
        })
    }

    fn services<'a>(
        &'a self,
        _name: &'a str,
    ) -> BoxFuture<'a, Result<Found<Located>, SourceError>> {
        unreachable!("only addresses are asked for")
    }
}

fn scripted(ttl: Option<u64>) -> (Arc<Script>, Arc<Dns<Script>>) {
    let script = Arc::new(Script {
        answer: Mutex::new(Ok(vec!["10.0.0.2", "10.0.0.1", "::1", "10.0.0.2"])),
        ttl: ttl.map(Duration::from_secs),
        asked: Mutex::default(),
    });
    let name = DnsName::parse("dns://{service}.svc:8080").unwrap();
    (script.clone(), Arc::new(Dns::new(name, script)))
}

fn weights(endpoints: &[Endpoint]) -> Vec<(String, u32)> {
    let pair = |e: &Endpoint| (format!("{} {}", e.host, e.port), e.weight);
    let mut weights: Vec<_> = endpoints.iter().map(pair).collect();
    weights.sort();
    weights
}

#[tokio::test]
async fn each_address_is_an_instance_whatever_the_order() {
    let (script, dns) = scripted(None);
    let (known, uses) = (EndpointSet::default(), Uses::default());
    let first = dns.list("users", &known, &uses).await.unwrap();
    *script.answer.lock().unwrap() = Ok(vec!["::1", "10.0.0.1", "10.0.0.2"]);
    let second = dns.list("users", &known, &uses).await.unwrap();
    let expected = [
        ("10.0.0.1 8080", 100),
        ("10.0.0.2 8080", 100),
        ("::1 8080", 100),
    ];
    let expected = expected.map(|(base, weight)| (base.to_owned(), weight));
    assert_eq!(weights(&first), expected);
    assert_eq!(*script.asked.lock().unwrap(), ["users.svc", "users.svc"]);
    let known = known.succeed(first);
    assert!(known.succeed(second).is_same(&known));
}

/// Records say nothing of it, so whoever names them does; the certificate is checked for
/// the name of the service, whatever the DNS says.
#[cfg(feature = "tls")]
#[tokio::test]
async fn instances_are_called_over_tls_where_their_name_says_so() {
    let (script, _) = scripted(None);
    for (name, scheme) in [
        ("dns+https://a.svc:8443", "https"),
        ("dns://a.svc:80", "http"),
    ] {
        let dns = Dns::new(DnsName::parse(name).unwrap(), script.clone());
        let (known, uses) = (EndpointSet::default(), Uses::default());
        let endpoints = dns.list("users", &known, &uses).await.unwrap();
        assert_eq!(endpoints.len(), 3);
        for endpoint in endpoints {
            let base = endpoint.address.base().to_string();
            assert!(base.starts_with(&format!("{scheme}://")), "{base}");
        }
    }
    let located = Located {
        priority: 0,
        weight: 0,
        port: 1,
        addresses: vec![[10, 0, 0, 1].into()],
    };
    let secured = weighed(vec![located], true);
    assert!(
        secured[0]
            .address
            .base()
            .to_string()
            .starts_with("https://")
    );
}

#[tokio::test(start_paused = true)]
async fn names_are_looked_up_again_when_their_time_is_over() {
    for (ttl, most, least) in [
        (None, 36, 24),
        (Some(3600), 36, 24),
        (Some(5), 6, 4),
        (Some(0), 2, 0),
    ] {
        let (_, dns) = scripted(ttl);
        let (known, uses) = (EndpointSet::default(), Uses::default());
        let mut watch = dns.watch("users").unwrap();
        watch.next(&known, &uses).await.unwrap();
        for _ in 0..20 {
            let start = Instant::now();
            watch.next(&known, &uses).await.unwrap();
            let pause = start.elapsed().as_secs_f64();
            assert!(
                f64::from(least) <= pause && pause <= f64::from(most),
                "{ttl:?}: {pause}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_answered_within_a_second_and_no_sooner_than_that() {
    let (script, dns) = scripted(None);
    let (known, uses) = (EndpointSet::default(), Uses::default());
    let mut watch = dns.watch("users").unwrap();
    watch.next(&known, &uses).await.unwrap();
    let start = Instant::now();
    for _ in 0..5 {
        watch.ask();
        watch.next(&known, &uses).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    // No record: the service is unknown. No answer: it is not.
    *script.answer.lock().unwrap() = Ok(Vec::new());
    watch.ask();
    assert_eq!(
        watch.next(&known, &uses).await.err(),
        Some(WatchError::Unknown)
    );
    *script.answer.lock().unwrap() = Err(SourceError::Unreachable("away".to_owned()));
    watch.ask();
    let broken = Some(WatchError::Broken("away".to_owned()));
    assert_eq!(watch.next(&known, &uses).await.err(), broken);
}

fn located(priority: u16, weight: u16, port: u16, addresses: &[&str]) -> Located {
    Located {
        priority,
        weight,
        port,
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
    }
}

#[test]
fn priorities_and_weights_become_weights() {
    let check = |records: Vec<Located>, expected: &[(&str, u32)]| {
        let expected: Vec<_> = expected
            .iter()
            .map(|(a, w)| ((*a).to_owned(), *w))
            .collect();
        assert_eq!(weights(&weighed(records, false)), expected);
    };
    // Equal ones are usual ones, however many there are, as Kubernetes has them.
    for weight in [0, 1, 33, 50, u16::MAX] {
        check(
            vec![
                located(0, weight, 1, &["10.0.0.1"]),
                located(0, weight, 2, &["10.0.0.2"]),
            ],
            &[("10.0.0.1 1", 100), ("10.0.0.2 2", 100)],
        );
    }
    check(
        vec![
            located(5, 30, 1, &["10.0.0.1"]),
            located(5, 10, 1, &["10.0.0.2"]),
        ],
        &[("10.0.0.1 1", 150), ("10.0.0.2 1", 50)],
    );
    // The second line is called when the first cannot be.
    check(
        vec![
            located(20, 500, 1, &["10.0.0.1"]),
            located(10, 1, 1, &["10.0.0.2"]),
        ],
        &[("10.0.0.1 1", 0), ("10.0.0.2 1", 100)],
    );
    // A canary, a host with two addresses, one without, a port that is none.
    check(
        vec![
            located(1, 0, 1, &["10.0.0.1"]),
            located(1, 100, 2, &["10.0.0.2", "10.0.0.3"]),
            located(0, 100, 3, &[]),
            located(0, 100, 0, &["10.0.0.4"]),
        ],
        &[("10.0.0.1 1", 1), ("10.0.0.2 2", 100), ("10.0.0.3 2", 100)],
    );
    // One address twice.
    check(
        vec![
            located(9, 1, 1, &["10.0.0.1"]),
            located(1, 1, 1, &["10.0.0.1"]),
        ],
        &[("10.0.0.1 1", 100)],
    );
    check(vec![], &[]);
}
