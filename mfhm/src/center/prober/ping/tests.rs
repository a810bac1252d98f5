use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::key::Key;

const SOON: Duration = Duration::from_millis(300);

pub(super) fn target(origin: Origin, port: u16) -> Target {
    Target {
        id: "own".parse().unwrap(),
        service: "users".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        tls: false,
        key: None,
        origin,
        registrant: None,
        owner: IpAddr::from([127, 0, 0, 1]),
        is_overdue: false,
        ping: 1,
    }
}

fn pinger() -> Pinger {
    Pinger::new(SOON, Arc::default(), Secured::default())
}

/// Answers one connection with these bytes and returns what was asked.
async fn answering(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let _ = stream.write_all(answer).await;
        // Held open until the other side has enough.
        let _ = stream.read(&mut [0]).await;
        String::from_utf8(request).unwrap()
    });
    (port, task)
}

async fn check(origin: Origin, answer: &'static [u8], expected: PingOutcome) {
    check_with(|port| target(origin, port), answer, expected).await;
}

async fn check_with(
    target: impl FnOnce(u16) -> Target,
    answer: &'static [u8],
    expected: PingOutcome,
) {
    let (port, task) = answering(answer).await;
    let pinger = pinger();
    let outcome = pinger.ping(&target(port)).await.outcome;
    let text = String::from_utf8_lossy(answer);
    match (&outcome, &expected) {
        // Reasons are for people; only their presence matters here.
        (PingOutcome::Bad(_), PingOutcome::Bad(part)) => {
            assert!(outcome.to_string().contains(part), "{text}: {outcome}");
        }
        (PingOutcome::Stranger(_), PingOutcome::Stranger(part)) => {
            assert!(outcome.to_string().contains(part), "{text}: {outcome}");
        }
        _ => assert_eq!(outcome, expected, "{text}"),
    }
    assert!(task.await.unwrap().starts_with("GET /ping HTTP/1.1\r\n"));
}

fn bad(part: &str) -> PingOutcome {
    PingOutcome::Bad(part.to_owned())
}

fn stranger(part: &str) -> PingOutcome {
    PingOutcome::Stranger(part.to_owned())
}

#[tokio::test]
async fn alive_is_exactly_200() {
    use Origin::{Python, V1};
    check(
        Python,
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        PingOutcome::Ok,
    )
    .await;
    check(V1, b"HTTP/1.0 200 OK\r\n\r\n", PingOutcome::Ok).await;
    check(
        V1,
        b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
        bad("status 201"),
    )
    .await;
    check(
        V1,
        b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        bad("status 500"),
    )
    .await;
    check(
        Python,
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
        bad("status 302"),
    )
    .await;
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_one_or_none() {
    check(Origin::V1, b"SSH-2.0-OpenSSH_9.2\r\n\r\n", bad("")).await;
    check(Origin::V1, b"", PingOutcome::TimedOut).await;
    // An endless body: the status is what counts.
    check(
        Origin::V1,
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n...",
        PingOutcome::Ok,
    )
    .await;
}

#[tokio::test]
async fn an_answer_says_who_it_is() {
    use Origin::{Python, V1};
    let own = b"HTTP/1.1 200 OK\r\nmfhm-service: users\r\nmfhm-instance: own\r\ncontent-length: 0\r\n\r\n";
    let service = b"HTTP/1.1 200 OK\r\nmfhm-service: orders\r\ncontent-length: 0\r\n\r\n";
    let instance = b"HTTP/1.1 200 OK\r\nMfhm-Instance: other\r\ncontent-length: 0\r\n\r\n";
    check(V1, own, PingOutcome::Ok).await;
    check(
        V1,
        service,
        stranger("another service answers there: \"orders\""),
    )
    .await;
    check(
        V1,
        instance,
        stranger("another instance answers there: \"other\""),
    )
    .await;
    check(Python, service, stranger("another service")).await;
    check(Python, instance, PingOutcome::Ok).await;
}

#[tokio::test]
async fn who_ceased_to_renew_must_say_who_it_is() {
    let overdue = |origin| {
        move |port| Target {
            is_overdue: true,
            ..target(origin, port)
        }
    };
    let anybody = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let own = b"HTTP/1.1 200 OK\r\nmfhm-instance: own\r\ncontent-length: 0\r\n\r\n";
    check(Origin::V1, anybody, PingOutcome::Ok).await;
    check_with(overdue(Origin::V1), anybody, stranger("its lease ended")).await;
    check_with(overdue(Origin::V1), own, PingOutcome::Ok).await;
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let answer = pinger().ping(&target(Origin::V1, port)).await;
    assert_eq!(answer.outcome, PingOutcome::Refused);
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_broken() {
    let pinger = pinger();
    // Closed by a process that has read the request, or has not.
    for is_read in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let closing = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            if is_read {
                assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
            } else {
                stream.readable().await.unwrap();
            }
        });
        let answer = pinger.ping(&target(Origin::V1, port)).await;
        closing.await.unwrap();
        assert_eq!(answer.outcome, PingOutcome::Broken, "read: {is_read}");
    }
}

#[tokio::test]
async fn the_key_is_carried_and_an_impossible_one_is_a_bad_answer() {
    let (port, task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let pinger = pinger();
    let keyed = Target {
        key: Some(Key::new("secret")),
        ..target(Origin::Python, port)
    };
    assert_eq!(pinger.ping(&keyed).await.outcome, PingOutcome::Ok);
    let asked = task.await.unwrap().to_ascii_lowercase();
    assert!(asked.contains("mfhm-authkey: secret\r\n"), "{asked}");

    let impossible = Target {
        key: Some(Key::new("a\r\nx: y")),
        ..keyed
    };
    assert!(matches!(
        pinger.ping(&impossible).await.outcome,
        PingOutcome::Bad(_)
    ));
}

#[tokio::test]
async fn hosts_that_are_none_and_forbidden_ones_are_bad_answers() {
    let pinger = pinger();
    for host in ["evil host/..", "a@b", "", "169.254.169.254"] {
        let target = Target {
            host: host.to_owned(),
            ..target(Origin::V1, 80)
        };
        assert!(
            matches!(pinger.ping(&target).await.outcome, PingOutcome::Bad(_)),
            "{host}"
        );
    }
}

#[tokio::test]
async fn an_ipv6_host_is_pinged() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return;
    };
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let target = Target {
        host: "::1".to_owned(),
        ..target(Origin::V1, port)
    };
    assert_eq!(pinger().ping(&target).await.outcome, PingOutcome::Refused);
}

#[test]
fn a_lack_of_local_resources_says_nothing_about_an_instance() {
    for errno in [24, 23, 105] {
        assert_eq!(judge_io(&io::Error::from_raw_os_error(errno)), Some(None));
    }
    assert_eq!(judge_io(&io::ErrorKind::OutOfMemory.into()), Some(None));
    let silence = Some(Some(PingOutcome::TimedOut));
    assert_eq!(judge_io(&io::ErrorKind::HostUnreachable.into()), silence);
    assert_eq!(
        judge_io(&io::ErrorKind::ConnectionReset.into()),
        Some(Some(PingOutcome::Broken))
    );
}

#[tokio::test]
async fn many_hanging_instances_do_not_keep_others_waiting() {
    // Connections that nobody accepts are established by the kernel and hang.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging_port = hanging.local_addr().unwrap().port();
    let pinger = Arc::new(Pinger::new(
        Duration::from_secs(60),
        Arc::default(),
        Secured::default(),
    ));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..256 {
        let pinger = pinger.clone();
        tasks.spawn(async move { pinger.ping(&target(Origin::V1, hanging_port)).await });
    }
    while pinger.pings.taken(CONCURRENCY) < 256 {
        tokio::task::yield_now().await;
    }
    let (port, _task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = pinger.ping(&target(Origin::V1, port)).await;
    assert_eq!(answer.outcome, PingOutcome::Ok);
    assert_eq!(tasks.len(), 256, "those still hang");
}

/// An intruder has the center ask after places that hang, more of them than it asks
/// at a time.
#[tokio::test]
async fn a_peer_whose_places_hang_keeps_no_other_one_waiting() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging_port = hanging.local_addr().unwrap().port();
    let pinger = Arc::new(Pinger::new(
        Duration::from_secs(60),
        Arc::default(),
        Secured::default(),
    ));
    let (intruder, other) = (IpAddr::from([10, 0, 0, 5]), IpAddr::from([10, 0, 0, 6]));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1300 {
        let pinger = pinger.clone();
        tasks.spawn(async move {
            let target = target(Origin::V1, hanging_port);
            pinger.probe(&target, intruder).await.is_some()
        });
    }
    for _ in 0..600 {
        let pinger = pinger.clone();
        tasks.spawn(async move {
            let target = Target {
                owner: intruder,
                ..target(Origin::V1, hanging_port)
            };
            pinger.ping(&target).await;
            true
        });
    }
    while pinger.probes.taken(PROBES) < PROBES_OF_PEER
        || pinger.pings.taken(CONCURRENCY) < CONCURRENCY_OF_PEER
    {
        tokio::task::yield_now().await;
    }
    let (port, _task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let probed = pinger.probe(&target(Origin::V1, port), other).await;
    assert_eq!(probed.unwrap().outcome, PingOutcome::Ok);
    let (port, _task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let target = Target {
        owner: other,
        ..target(Origin::V1, port)
    };
    assert_eq!(pinger.ping(&target).await.outcome, PingOutcome::Ok);
    assert!(tasks.try_join_next().is_none(), "those still hang");
}

/// Says that every name has these addresses.
struct Says(Vec<IpAddr>);

impl Names for Says {
    fn addresses<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// A ping of a host, where names lead to 127.0.0.1 and something listens there: what it
/// came to, and whether somebody connected.
async fn ping_of(host: &str, registrant: &str, allowed: &[&str]) -> (PingOutcome, bool) {
    let (port, task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let allowed = Arc::new(AllowList::new(allowed).unwrap());
    let names = Arc::new(Says(vec![IpAddr::from([127, 0, 0, 1])]));
    let pinger = Pinger::with_names(SOON, allowed, names);
    let target = Target {
        host: host.to_owned(),
        registrant: Some(registrant.parse().unwrap()),
        ..target(Origin::V1, port)
    };
    let outcome = pinger.ping(&target).await.outcome;
    let is_reached = outcome == PingOutcome::Ok || task.is_finished();
    (outcome, is_reached)
}

#[tokio::test]
async fn a_name_that_was_moved_to_the_centers_own_machine_is_not_followed() {
    let (outcome, is_reached) = ping_of("orders.internal", "10.0.0.5", &["orders.internal"]).await;
    let PingOutcome::Bad(why) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(why.contains("--allow-host 127.0.0.1"), "{why}");
    assert!(!is_reached);
    let (outcome, _) = ping_of("orders.internal", "10.0.0.5", &["127.0.0.0/8"]).await;
    assert_eq!(outcome, PingOutcome::Ok);
    let (outcome, _) = ping_of("localhost", "127.0.0.1", &[]).await;
    assert_eq!(outcome, PingOutcome::Ok);
}

#[tokio::test]
async fn an_address_that_is_not_allowed_any_more_is_not_pinged() {
    let (outcome, is_reached) = ping_of("127.0.0.1", "10.0.0.5", &[]).await;
    assert!(matches!(outcome, PingOutcome::Bad(_)), "{outcome:?}");
    assert!(!is_reached);
    for (registrant, allowed) in [("10.0.0.5", &["127.0.0.1"][..]), ("127.0.0.1", &[])] {
        let (outcome, _) = ping_of("127.0.0.1", registrant, allowed).await;
        assert_eq!(outcome, PingOutcome::Ok);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_key_along() {
    let (elsewhere, other) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, task) = answering(answer.leak().as_bytes()).await;
    let keyed = Target {
        key: Some(Key::new("secret")),
        ..target(Origin::V1, port)
    };
    let outcome = pinger().ping(&keyed).await.outcome;
    assert!(outcome.to_string().contains("status 307"), "{outcome}");
    assert!(!other.is_finished());
    let asked = task.await.unwrap().to_ascii_lowercase();
    let names = asked
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'));
    let mut names: Vec<_> = names.map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "mfhm-authkey", "user-agent"]);
}
