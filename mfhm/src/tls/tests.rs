use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::testing::Authority;
use super::*;
use crate::listener::Handshake as _;
use crate::turns::Turns;

impl Authority {
    /// The files of a service of this name, which has a certificate from now on.
    fn tls(&self, name: &str) -> Tls {
        self.give(name, &[name]);
        Tls::new()
            .certificate(self.path(name, "pem"), self.path(name, "key"))
            .ca(self.ca())
    }

    fn secured(&self, name: &str) -> Secured {
        Secured::new(Some(self.tls(name)), vec![name.to_owned()]).unwrap()
    }
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What came of a handshake: of the side that connects, and the names that the other
/// side sees.
async fn meet(
    caller: &Secured,
    whom: Whom,
    host: &str,
    server: &Secured,
) -> (io::Result<()>, Option<Vec<String>>) {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let accepting = server.accepting().unwrap();
    let served = async move {
        let mut stream = accepting.shake(far, HERE).await.ok()?;
        let certified =
            <accept::Accepting as crate::listener::Handshake<DuplexStream>>::certified(&stream);
        stream.write_all(b"hello").await.ok()?;
        stream.flush().await.ok()?;
        let names = certified.map(|certified| certified.0).unwrap_or_default();
        Some(names.iter().map(ToString::to_string).collect())
    };
    let called = async {
        let mut stream = caller.connect(near, &whom, host).await?;
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await?;
        Ok(())
    };
    tokio::join!(called, served)
}

fn service(name: &str) -> Whom {
    Whom::Service(name.into())
}

#[track_caller]
fn assert_refused(met: io::Result<()>, says: &[&str]) {
    let why = met.unwrap_err().to_string();
    for part in says {
        assert!(why.contains(part), "{part:?} is missing in: {why}");
    }
}

#[tokio::test]
async fn a_service_is_recognised_by_its_name_and_not_by_its_address() {
    let authority = Authority::new();
    let (orders, users) = (authority.secured("orders"), authority.secured("users"));
    let (met, seen) = meet(&orders, service("users"), "10.1.2.3", &users).await;
    met.unwrap();
    assert_eq!(seen, Some(vec!["orders".to_owned()]));
    let (met, _) = meet(&orders, service("billing"), "10.1.2.3", &users).await;
    assert_refused(
        met,
        &["not an instance of the service \"billing\"", "\"users\""],
    );
    // A certificate for the address says nothing of the service.
    authority.give("host", &["10.1.2.3"]);
    let host = Tls::new().certificate(authority.path("host", "pem"), authority.path("host", "key"));
    let host = Secured::new(Some(host), Vec::new()).unwrap();
    let (met, _) = meet(&orders, service("users"), "10.1.2.3", &host).await;
    assert_refused(met, &["service \"users\""]);
    let (met, _) = meet(&orders, service("10.1.2.3"), "10.1.2.3", &host).await;
    assert_refused(met, &["no name that a certificate can be for"]);
    // A center has no name but its host.
    let (met, _) = meet(&orders, Whom::Center, "10.1.2.3", &host).await;
    met.unwrap();
    let (met, _) = meet(&orders, Whom::Center, "10.1.2.4", &host).await;
    assert_refused(met, &["not the center \"10.1.2.4\""]);
}

#[tokio::test]
async fn whoever_the_authority_does_not_know_is_nobody() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (orders, users) = (other.secured("orders"), authority.secured("users"));
    let (met, seen) = meet(&orders, service("users"), "a", &users).await;
    assert_refused(met, &["is not by the authority in", "ca.pem"]);
    assert_eq!(seen, None);
    // The caller knows the service, and is not known itself.
    let tls = other.tls("orders").ca(authority.ca());
    let orders = Secured::new(Some(tls), Vec::new()).unwrap();
    let (met, seen) = meet(&orders, service("users"), "a", &users).await;
    assert_refused(met, &["does not accept the certificate of this process"]);
    assert_eq!(seen, None);
    // Where nobody is trusted, nobody is checked for less.
    for whom in [service("users"), Whom::Nobody] {
        let (met, _) = meet(&Secured::default(), whom, "a", &users).await;
        assert_refused(met, &["no authority to check it with", "MFHM_TLS_CA"]);
    }
}

#[tokio::test]
async fn who_shows_no_certificate_is_let_in_unless_one_is_required() {
    let authority = Authority::new();
    let caller = Secured::new(Some(Tls::new().ca(authority.ca())), Vec::new()).unwrap();
    let users = authority.secured("users");
    let (met, seen) = meet(&caller, service("users"), "a", &users).await;
    met.unwrap();
    assert_eq!(seen, Some(Vec::new()));
    let strict = authority.tls("users").require_client_certificate(true);
    let strict = Secured::new(Some(strict), Vec::new()).unwrap();
    let (met, seen) = meet(&caller, service("users"), "a", &strict).await;
    let error = met.unwrap_err();
    assert!(Refused::is_in(&error), "nothing was run: {error:?}");
    assert_refused(Err(error), &["wants a certificate", "MFHM_TLS_CERT"]);
    assert_eq!(seen, None);
}

#[tokio::test]
async fn what_is_new_in_the_files_is_used_and_what_is_broken_is_not() {
    let (authority, other) = (Authority::new(), Authority::new());
    let users = authority.secured("users");
    let (known, unknown) = (authority.secured("orders"), other.secured("orders"));
    let kept = users.0.clone().unwrap();
    let by = async |caller: &Secured| meet(caller, service("users"), "a", &users).await.0.is_ok();
    assert!(by(&known).await);
    let copy = |from: &std::path::Path, what: &str| {
        std::fs::copy(from, authority.folder().join(what)).unwrap();
    };
    other.give("users", &["users"]);
    other.give("others", &["others"]);
    // Half of a pair, no certificate at all, and one for somebody else.
    copy(&other.path("users", "pem"), "users.pem");
    kept.look();
    assert!(by(&known).await, "a certificate without its key");
    std::fs::write(authority.path("users", "pem"), "nothing").unwrap();
    kept.look();
    assert!(by(&known).await, "no certificate");
    copy(&other.path("others", "pem"), "users.pem");
    copy(&other.path("others", "key"), "users.key");
    kept.look();
    assert!(by(&known).await, "somebody else's");
    std::fs::remove_file(authority.ca()).unwrap();
    kept.look();
    assert!(by(&known).await, "no authority");
    // All is well again, with another authority.
    for what in ["users.pem", "users.key", "ca.pem"] {
        copy(&other.folder().join(what), what);
    }
    assert!(by(&known).await, "nobody has looked yet");
    kept.look();
    assert!(!by(&known).await);
    assert!(by(&unknown).await);
}

#[tokio::test]
async fn the_files_are_looked_at_while_connections_are_made() {
    let (authority, other) = (Authority::new(), Authority::new());
    let users = authority.secured("users");
    let caller = other.secured("orders");
    other.give("users", &["users"]);
    for what in ["users.pem", "users.key", "ca.pem"] {
        std::fs::copy(other.folder().join(what), authority.folder().join(what)).unwrap();
    }
    tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while meet(&caller, service("users"), "a", &users)
            .await
            .0
            .is_err()
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the new certificate is used");
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let authority = Authority::new();
    let good = authority.tls("users");
    let problem = |tls: Tls, service: &str| {
        let error = Secured::new(Some(tls), vec![service.to_owned()]).unwrap_err();
        format!("{error:?}")
    };
    let (pem, key) = (
        authority.path("users", "pem"),
        authority.path("users", "key"),
    );
    authority.give("orders", &["orders", "billing"]);
    let others = authority.path("orders", "key");
    for (tls, service, says) in [
        (
            good.clone(),
            "orders",
            "not for the service \"orders\": it is for users",
        ),
        (
            good.clone().certificate(&pem, &others),
            "users",
            "orders.key cannot be used",
        ),
        (
            good.clone().certificate(&key, &key),
            "users",
            "no certificate in PEM",
        ),
        (
            good.clone().certificate(&pem, &pem),
            "users",
            "no private key in PEM",
        ),
        (
            good.clone().ca("/nowhere/ca.pem"),
            "users",
            "the authority /nowhere/ca.pem",
        ),
        (good.clone().ca(&key), "users", "no certificate in PEM"),
        (
            Tls::new()
                .certificate(&pem, &key)
                .require_client_certificate(true),
            "users",
            "MFHM_TLS_CA",
        ),
    ] {
        let said = problem(tls, service);
        assert!(said.contains(says), "{says:?} is missing in: {said}");
    }
    authority.revoke(&[], 2999);
    let list = authority.path("ca", "crl");
    for (tls, says) in [
        (Tls::new().crl(&list), "MFHM_TLS_CA"),
        (
            good.clone().crl("/nowhere.crl"),
            "revoked certificates /nowhere.crl",
        ),
        (
            good.clone().crl(&pem),
            "no list of revoked certificates in PEM",
        ),
    ] {
        let said = problem(tls, "users");
        assert!(said.contains(says), "{says:?} is missing in: {said}");
    }
    let text = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    std::fs::write(&list, text).unwrap();
    let said = problem(good.clone().crl(&list), "users");
    assert!(
        said.contains("ca.crl has a list of revoked certificates that can't"),
        "{said}"
    );
    let set = |name: &str| (name == "MFHM_TLS_CERT").then(|| pem.display().to_string());
    let half = Tls::from_vars(set, &mut Vec::new()).unwrap();
    assert!(problem(half, "users").contains("MFHM_TLS_KEY"));
    assert!(Secured::new(Some(good), Vec::new()).is_ok());
}

#[test]
fn no_key_is_shown() {
    let authority = Authority::new();
    let secured = authority.secured("users");
    let key = std::fs::read_to_string(authority.path("users", "key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    let bytes = format!("{:?}", key.as_bytes());
    let shown = format!("{secured:?}");
    assert!(!shown.contains(line) && !shown.contains(&bytes), "{shown}");
}

#[tokio::test]
async fn what_speaks_no_tls_is_said_to_speak_none() {
    let authority = Authority::new();
    let caller = authority.secured("orders");
    let (near, mut far) = tokio::io::duplex(4096);
    let answered = async move {
        let mut hello = [0; 5];
        far.read_exact(&mut hello).await.unwrap();
        let _ = far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let users = service("users");
    let (met, ()) = tokio::join!(caller.connect(near, &users, "a"), answered);
    assert_refused(met.map(drop), &["no TLS", "http://"]);
}

/// What is logged meanwhile.
#[cfg(feature = "server")]
fn logged(work: impl FnOnce()) -> String {
    use std::sync::{Arc, Mutex};
    #[derive(Clone)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let out = Lines(lines.clone());
    let subscriber = tracing_subscriber::fmt().with_writer(move || out.clone());
    tracing::subscriber::with_default(subscriber.with_ansi(false).finish(), work);
    let lines = lines.lock().unwrap();
    String::from_utf8_lossy(&lines).into_owned()
}

#[cfg(all(unix, feature = "server"))]
#[test]
fn a_key_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let authority = Authority::new();
    let tls = authority.tls("users");
    let read = || {
        let tls = tls.clone();
        logged(|| drop(Secured::new(Some(tls), Vec::new()).unwrap()))
    };
    assert_eq!(read(), "");
    let others = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(authority.path("users", "key"), others).unwrap();
    let warning = read();
    assert!(
        warning.contains("users.key") && warning.contains("640") && warning.contains("chmod 600"),
        "{warning}"
    );
}

#[cfg(feature = "server")]
#[test]
fn what_cannot_be_used_is_logged_once_with_the_reason() {
    let authority = Authority::new();
    let kept = authority.secured("users").0.unwrap();
    authority.give("orders", &["orders"]);
    std::fs::copy(
        authority.path("orders", "key"),
        authority.path("users", "key"),
    )
    .unwrap();
    let log = logged(|| {
        kept.look();
        kept.look();
    });
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("users.key cannot be used with the certificate")
            && log.contains("those from before go on"),
        "{log}"
    );
    authority.give("users", &["users"]);
    let log = logged(|| kept.look());
    assert!(log.contains("new connections use the new ones"), "{log}");
}

/// A handshake with somebody at this address that has a second.
async fn shakes(users: &Secured, accepting: &accept::Accepting, peer: IpAddr) -> bool {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let (whom, accepting) = (service("users"), accepting.clone());
    let both = async { tokio::join!(users.connect(near, &whom, "h"), accepting.shake(far, peer)) };
    let shaken = tokio::time::timeout(Duration::from_secs(1), both).await;
    shaken.is_ok_and(|(one, other)| one.is_ok() && other.is_ok())
}

#[tokio::test(start_paused = true)]
async fn handshakes_take_turns_and_one_address_has_some_of_them() {
    let users = Authority::new().secured("users");
    let accepting = accept::Accepting {
        turns: Arc::new(Turns::new(2, 1)),
        ..users.accepting().unwrap()
    };
    let (flooder, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    let turn = accepting.turns.take(flooder).await;
    assert!(!shakes(&users, &accepting, flooder).await);
    assert!(shakes(&users, &accepting, other).await);
    let second = accepting.turns.take([10, 0, 0, 3].into()).await;
    assert!(!shakes(&users, &accepting, other).await, "there are two");
    drop((turn, second));
    assert!(shakes(&users, &accepting, flooder).await);
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_in_a_handshake_has_no_turn_meanwhile() {
    let users = Authority::new().secured("users");
    let accepting = accept::Accepting {
        turns: Arc::new(Turns::new(1, 1)),
        ..users.accepting().unwrap()
    };
    let mut slow = tokio::task::JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..10 {
        let (mut near, far) = tokio::io::duplex(4096);
        near.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
        open.push(near);
        let accepting = accepting.clone();
        slow.spawn(async move { accepting.shake(far, HERE).await.is_ok() });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(slow.try_join_next().is_none(), "they wait for the rest");
    assert!(shakes(&users, &accepting, HERE).await);
}

#[tokio::test]
async fn who_was_revoked_is_nobody_on_either_side() {
    let authority = Authority::new();
    // A list that has ended counts on.
    authority.revoke(&[], 2021);
    let list = authority.path("ca", "crl");
    let secured = |name: &str| {
        let tls = authority.tls(name).crl(&list);
        Secured::new(Some(tls), vec![name.to_owned()]).unwrap()
    };
    let (users, orders) = (secured("users"), secured("orders"));
    let look = || {
        for secured in [&users, &orders] {
            secured.0.as_ref().unwrap().look();
        }
    };
    let (met, names) = meet(&orders, service("users"), "h", &users).await;
    assert!(met.is_ok() && names == Some(vec!["orders".to_owned()]));

    authority.revoke(&["orders"], 2021);
    look();
    let (met, names) = meet(&orders, service("users"), "h", &users).await;
    assert_refused(met, &["not revoked", "MFHM_TLS_CERT"]);
    assert_eq!(names, None);
    let (met, _) = meet(&users, service("orders"), "h", &orders).await;
    assert_refused(met, &["\"orders\"", "was revoked"]);
    // Who shows none is let in as before, and others are still somebody.
    let nobody = Secured::new(Some(Tls::new().ca(authority.ca())), Vec::new()).unwrap();
    assert!(meet(&nobody, service("users"), "h", &users).await.0.is_ok());
    authority.give("orders", &["orders"]);
    look();
    let (met, names) = meet(&orders, service("users"), "h", &users).await;
    assert!(
        met.is_ok() && names == Some(vec!["orders".to_owned()]),
        "with another one"
    );
}

#[tokio::test]
async fn who_is_on_no_list_because_there_is_none_is_refused() {
    let authority = Authority::new();
    // The list of another one, also if it has the same name, is none.
    for name in ["another", "tests of mfhm"] {
        let other = Authority::called(name);
        other.revoke(&[], 2999);
        let users = authority.secured("users");
        let tls = authority.tls("orders").crl(other.path("ca", "crl"));
        let orders = Secured::new(Some(tls), Vec::new()).unwrap();
        let (met, _) = meet(&orders, service("users"), "h", &users).await;
        assert_refused(met, &["\"users\"", "MFHM_TLS_CRL"]);
        let (met, names) = meet(&users, service("orders"), "h", &orders).await;
        assert!(met.is_err() && names.is_none(), "{name}");
    }
}
