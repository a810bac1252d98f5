//! A center and services that speak TLS, and those who are not let in.

#![allow(clippy::unwrap_used, missing_docs)]

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mfhm::{
    App, CallError, Caller, Center, Fault, RunningApp, RunningCenter, Scope, Tls, TokenGrant,
    Tokens,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use self::authority::Authority;

#[path = "../src/tls/testing.rs"]
mod authority;

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/caller")]
    async fn caller(&self) -> String;
}

struct UserService;

#[mfhm::service]
impl Users for UserService {
    async fn caller(&self) -> String {
        mfhm::request().caller().unwrap_or("nobody").to_owned()
    }
}

#[mfhm::client(service = "orders")]
pub trait Orders {
    #[get("/called-as")]
    async fn called_as(&self) -> String;
}

/// Says as whom it is known to the users.
struct OrderService(UsersClient);

#[mfhm::service]
impl Orders for OrderService {
    async fn called_as(&self) -> String {
        match self.0.caller().await {
            Ok(name) => name,
            Err(error) => chain(&error),
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}

impl Authority {
    /// The files of whoever has this name, which has a certificate from now on.
    fn tls(&self, name: &str) -> Tls {
        self.give(name, &[name]);
        Tls::new()
            .certificate(self.path(name, "pem"), self.path(name, "key"))
            .ca(self.ca())
    }
}

/// A center that lets nobody in without a certificate.
struct World {
    authority: Authority,
    center: RunningCenter,
    dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new();
        authority.give("center", &["center", "localhost", "127.0.0.1", "::1"]);
        let tls = Tls::new()
            .certificate(
                authority.path("center", "pem"),
                authority.path("center", "key"),
            )
            .ca(authority.ca())
            .require_client_certificate(true);
        let dir = tempfile::tempdir().unwrap();
        let center = Center::builder().port(0).data_dir(dir.path()).tls(tls);
        let center = center.ping_interval(Duration::from_secs(2));
        Self {
            authority,
            center: center.start().await.unwrap(),
            dir,
        }
    }

    fn app(&self, name: &str) -> App {
        App::new()
            .port(0)
            .center(self.center.url())
            .tls(self.authority.tls(name))
    }

    fn caller(&self, tls: Tls) -> Caller {
        let caller = Caller::builder().center(self.center.url()).tls(tls);
        caller.build().unwrap()
    }
}

async fn started(app: App) -> RunningApp {
    let app = app.start().await.unwrap();
    app.registered().await;
    app
}

async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "{what}");
}

/// The fault of a call that has to fail, with its causes.
async fn fault<E: std::fmt::Debug>(
    call: impl Future<Output = Result<String, CallError<E>>>,
) -> (Fault, String) {
    match call.await {
        Err(CallError::Fault(fault)) => {
            let text = chain(&fault);
            (fault, text)
        }
        other => panic!("{other:?}"),
    }
}

/// What is answered to this request of somebody with these files.
async fn ask(to: SocketAddr, authority: &Authority, name: &str, request: &str) -> String {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority.ca()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(authority.path(name, "pem")).unwrap()],
            PrivateKeyDer::from_pem_file(authority.path(name, "key")).unwrap(),
        )
        .unwrap();
    let stream = TcpStream::connect(to).await.unwrap();
    let host = ServerName::try_from("127.0.0.1").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(host, stream).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn registration(service: &str) -> String {
    let body = format!(
        r#"{{"service":"{service}","id":"{service}-1","address":{{"port":9,"tls":true}}}}"#
    );
    format!(
        "POST /v1/instances HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn services_find_call_and_know_each_other_over_tls() {
    let world = World::new().await;
    let users = world.app("users").service(UserService).callers(["orders"]);
    let users = started(users).await;
    let orders = OrderService(UsersClient::new());
    let orders = started(world.app("orders").service(orders).local_calls(false)).await;
    for app in [&users, &orders] {
        let url = app.services()[0].url();
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    }

    // The service that a handler calls knows who it is, without an assertion: nobody
    // has a token here.
    let caller = world.caller(world.authority.tls("gateway"));
    let client = OrdersClient::through(&caller);
    assert_eq!(client.called_as().await.unwrap(), "orders");
    let (fault, text) = fault(UsersClient::through(&caller).caller()).await;
    assert_eq!(fault.status().map(|status| status.as_u16()), Some(403));
    let detail = &fault.problem().unwrap().detail;
    assert!(
        detail.contains("certificate is for gateway"),
        "{detail} {text}"
    );

    // It is pinged, and so goes from starting to up.
    let list = "GET /v1/services/users HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    until("the center pings over TLS", || async {
        let answer = ask(world.center.addr(), &world.authority, "gateway", list).await;
        answer.contains(r#""status":"up""#) && answer.contains(r#""tls":true"#)
    })
    .await;
    users.stop().await;
    orders.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_registers_its_own_names_only() {
    let world = World::new().await;
    world.authority.give("orders", &["orders"]);
    let center = world.center.addr();
    let own = ask(center, &world.authority, "orders", &registration("orders")).await;
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    let other = ask(center, &world.authority, "orders", &registration("users")).await;
    assert!(other.starts_with("HTTP/1.1 403"), "{other}");
    assert!(
        other.contains("the certificate that was shown is for orders"),
        "{other}"
    );
    let audit = "GET /v1/audit HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let audit = ask(center, &world.authority, "orders", audit).await;
    assert!(audit.starts_with("HTTP/1.1 403"), "no operator: {audit}");

    // An operator has a token besides.
    let tokens = Tokens::in_dir(world.dir.path());
    let operator = tokens.issue(TokenGrant::new(Scope::Operate)).unwrap().token;
    let audit = format!(
        "GET /v1/audit HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {operator}\r\nconnection: close\r\n\r\n"
    );
    until("the token is known", || async {
        let answer = ask(center, &world.authority, "orders", &audit).await;
        answer.starts_with("HTTP/1.1 200") && answer.contains("certificate orders")
    })
    .await;
    // An app does not even start.
    let app = world.app("orders").service(UserService);
    let error = app.start().await.unwrap_err().to_string();
    assert!(error.contains("not for the service \"users\""), "{error}");
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_place_of_a_service_is_not_called() {
    let world = World::new().await;
    let users = started(world.app("users").service(UserService)).await;
    let url = users.services()[0].url();
    // Both are said to be there; only one is. The connection that was made to it is no
    // way to the other.
    let caller = Caller::builder()
        .center("off")
        .instances("users", [&url])
        .instances("orders", [&url])
        .tls(world.authority.tls("gateway"))
        .build()
        .unwrap();
    assert_eq!(
        UsersClient::through(&caller).caller().await.unwrap(),
        "gateway"
    );
    let (fault, text) = fault(OrdersClient::through(&caller).called_as()).await;
    assert!(
        text.contains("not an instance of the service \"orders\"") && text.contains("\"users\""),
        "{text}"
    );
    assert!(fault.is_connect() && !fault.may_have_executed(), "{text}");
    users.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_why_they_are_none() {
    let world = World::new().await;
    let strict = world
        .authority
        .tls("users")
        .require_client_certificate(true);
    let users = App::new()
        .service(UserService)
        .port(0)
        .center(world.center.url());
    let users = started(users.tls(strict)).await;
    let url = users.services()[0].url();
    let other = Authority::new();

    // Without a certificate, with another authority, and with a certificate of another.
    let ca = world.authority.ca();
    for (tls, center_says, service_says) in [
        (
            Tls::new().ca(&ca),
            "wants a certificate of who connects",
            "wants a certificate of who connects",
        ),
        (
            other.tls("orders"),
            "certificate of the center \"127.0.0.1\" is not by the authority in",
            "certificate of an instance of the service \"users\" is not by the authority in",
        ),
        (
            other.tls("orders").ca(&ca),
            "does not accept the certificate of this process",
            "does not accept the certificate of this process",
        ),
    ] {
        let through = world.caller(tls.clone());
        let (_, text) = fault(UsersClient::through(&through).caller()).await;
        assert!(
            text.contains(center_says),
            "{center_says:?} is not in: {text}"
        );
        let direct = Caller::builder().center("off").instances("users", [&url]);
        let direct = direct.tls(tls);
        // By HTTP/2 a call may meet only that its connection has ended, which the one
        // before was told the reason of, and then says that it may have run.
        #[cfg(feature = "h2")]
        let direct = direct.http2(mfhm::Http2::Off);
        let direct = direct.build().unwrap();
        let (fault, text) = fault(UsersClient::through(&direct).caller()).await;
        assert!(
            text.contains(service_says),
            "{service_says:?} is not in: {text}"
        );
        assert!(!fault.may_have_executed(), "{text}");
    }
    users.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_and_https_in_the_wrong_place_say_what_to_write() {
    let world = World::new().await;
    let plain = world.center.url().replace("https", "http");
    let caller = Caller::builder().center(plain).build().unwrap();
    let (_, text) = fault(UsersClient::through(&caller).caller()).await;
    assert!(text.contains("write https://"), "{text}");

    let open = App::new().service(UserService).port(0).center("off");
    let open = open.start().await.unwrap();
    let url = open.services()[0].url().replace("http", "https");
    let caller = Caller::builder().center("off").instances("users", [&url]);
    let caller = caller.tls(world.authority.tls("gateway")).build().unwrap();
    let (_, text) = fault(UsersClient::through(&caller).caller()).await;
    assert!(text.contains("write http://"), "{text}");

    // Whoever has no authority cannot tell who is there.
    let caller = Caller::builder().center("off").instances("users", [&url]);
    let (_, text) = fault(UsersClient::through(&caller.build().unwrap()).caller()).await;
    assert!(text.contains("no authority to check it with"), "{text}");
    // The system's authorities do not know ours.
    let outside = UsersClient::at(&world.center.url()).unwrap();
    let (_, text) = fault(outside.caller()).await;
    assert!(
        text.contains("not by an authority") || text.contains("no certificate authorities"),
        "{text}"
    );
    open.stop().await;
    world.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_without_an_authority_takes_no_services_that_speak_https() {
    let authority = Authority::new();
    authority.give("center", &["center", "127.0.0.1"]);
    let tls = Tls::new().certificate(
        authority.path("center", "pem"),
        authority.path("center", "key"),
    );
    let dir = tempfile::tempdir().unwrap();
    let center = Center::builder().port(0).data_dir(dir.path()).tls(tls);
    let center = center.start().await.unwrap();
    authority.give("users", &["users"]);
    let answer = ask(center.addr(), &authority, "users", &registration("users")).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains("--tls-ca"), "{answer}");
    center.stop().await;
}
