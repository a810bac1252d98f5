//! A center that answers nonsense: a caller keeps the list that it has and no call
//! fails, a service serves on, and both are back when the center speaks sense again.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mfhm::{App, Caller, RunningApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[mfhm::client(service = "echo")]
trait Echo {
    #[get("/echo")]
    async fn echo(&self, n: u32) -> u32;
}

struct Echoes;

#[mfhm::service]
impl Echo for Echoes {
    async fn echo(&self, n: u32) -> u32 {
        n
    }
}

/// What is said in place of an answer.
#[derive(Clone, Copy, Debug)]
enum Nonsense {
    Bytes,
    NoHttp,
    Html,
    EmptyObject,
    WrongTypes,
    Deep,
    /// One line without an end.
    Endless,
    CutShort,
    HangsUp,
    /// An event stream of events that cannot be read.
    BadEvents,
    /// Events that begin well.
    BadRevision,
    Moved,
    ServerError,
    /// A good answer about another service.
    OtherService,
    /// More instances than any service has.
    Crowd,
    /// Heads without an end.
    Continues,
    /// More headers than anybody reads.
    Headers,
    /// A refusal that goes on and on.
    Talkative,
}

const ALL: [Nonsense; 18] = [
    Nonsense::Bytes,
    Nonsense::NoHttp,
    Nonsense::Html,
    Nonsense::EmptyObject,
    Nonsense::WrongTypes,
    Nonsense::Deep,
    Nonsense::Endless,
    Nonsense::CutShort,
    Nonsense::HangsUp,
    Nonsense::BadEvents,
    Nonsense::BadRevision,
    Nonsense::Moved,
    Nonsense::ServerError,
    Nonsense::OtherService,
    Nonsense::Crowd,
    Nonsense::Continues,
    Nonsense::Headers,
    Nonsense::Talkative,
];

impl Nonsense {
    fn bytes(self) -> Vec<u8> {
        let with = |kind: &str, body: &str| {
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        };
        let stream = |body: &str| {
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{body}").into_bytes()
        };
        match self {
            Self::Bytes => stream("\0\u{1}\n\n").into_iter().chain(128..=255).collect(),
            Self::NoHttp => b"220 mail.example.com ESMTP\r\n".to_vec(),
            Self::Html => with("text/html", "<html>log in first</html>"),
            Self::EmptyObject => with("application/json", "{}"),
            Self::WrongTypes => with(
                "application/json",
                r#"{"service":7,"revision":"x","instances":{"a":1},"lease":[],"host":null}"#,
            ),
            Self::Deep => with("application/json", &"[".repeat(100_000)),
            Self::Endless => stream(&format!("data: {}", "x".repeat(40 << 20))),
            Self::CutShort => {
                b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"service\"".to_vec()
            }
            Self::HangsUp => Vec::new(),
            Self::BadEvents => stream(
                "event: snapshot\ndata: {\"revision\":1\n\nevent: held\ndata: [\n\n\
                 event: upsert\ndata: null\n\n",
            ),
            Self::BadRevision => {
                stream("id: x\nevent: snapshot\ndata: {\"revision\":-1,\"services\":[]}\n\n")
            }
            Self::Moved => {
                b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                    .to_vec()
            }
            Self::ServerError => {
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
            Self::OtherService => {
                let dead = r#"{"id":"d","host":"127.0.0.1","port":9,"status":"up"}"#;
                with(
                    "application/json",
                    &format!(r#"{{"service":"other","revision":9,"instances":[{dead}]}}"#),
                )
            }
            Self::Crowd => {
                let dead =
                    |id| format!(r#"{{"id":"{id}","host":"127.0.0.1","port":9,"status":"up"}}"#);
                let dead: Vec<_> = (0..20_001).map(dead).collect();
                let dead = dead.join(",");
                with(
                    "application/json",
                    &format!(r#"{{"service":"echo","revision":9,"instances":[{dead}]}}"#),
                )
            }
            Self::Continues => b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000),
            Self::Headers => {
                let headers = "a: b\r\n".repeat(10_000);
                format!("HTTP/1.1 200 OK\r\n{headers}\r\n{{}}").into_bytes()
            }
            Self::Talkative => {
                let detail = "no ".repeat(1 << 20);
                let body = format!(r#"{{"status":400,"code":"mfhm.no","detail":"{detail}"}}"#);
                let length = body.len();
                format!("HTTP/1.1 400 X\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
            }
        }
    }
}

/// A center that speaks sense or not, as a test says.
struct Center {
    url: String,
    is_sane: watch::Sender<bool>,
    /// Requests that were answered with nonsense.
    fooled: Arc<AtomicUsize>,
    /// Registrations that were taken.
    registered: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Center {
    async fn start(nonsense: Nonsense, service: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let is_sane = watch::Sender::new(true);
        let fooled = Arc::new(AtomicUsize::new(0));
        let registered = Arc::new(AtomicUsize::new(0));
        let shared = (is_sane.subscribe(), fooled.clone(), registered.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (mut is_sane, fooled, registered) = shared.clone();
                connections.spawn(async move {
                    let _ = answer(
                        stream,
                        nonsense,
                        service,
                        (&mut is_sane, &fooled, &registered),
                    )
                    .await;
                });
            }
        });
        Self {
            url,
            is_sane,
            fooled,
            registered,
            _tasks: tasks,
        }
    }

    fn is_sane(&self, is_sane: bool) {
        self.is_sane.send_replace(is_sane);
    }
}

async fn answer(
    mut stream: TcpStream,
    nonsense: Nonsense,
    service: Option<SocketAddr>,
    (is_sane, fooled, registered): (&mut watch::Receiver<bool>, &AtomicUsize, &AtomicUsize),
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await?;
        request.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return Ok(());
            }
            continue;
        };
        let length = head.to_ascii_lowercase();
        let length = length
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
            break;
        }
    }
    let line = String::from_utf8_lossy(&request);
    let line = line.lines().next().unwrap_or_default().to_owned();
    if !*is_sane.borrow() {
        fooled.fetch_add(1, Ordering::SeqCst);
        return stream.write_all(&nonsense.bytes()).await;
    }
    let instances = service.map(|address| {
        let (host, port) = (address.ip(), address.port());
        format!(r#"{{"id":"e1","host":"{host}","port":{port},"status":"up"}}"#)
    });
    let instances = instances.unwrap_or_default();
    let view = format!(r#"{{"service":"echo","revision":1,"instances":[{instances}]}}"#);
    let registration = r#"{"lease":{"ttl_ms":15000,"renew_ms":5000},"host":"127.0.0.1"}"#;
    let body = if line.starts_with("POST /v1/instances ") {
        registered.fetch_add(1, Ordering::SeqCst);
        registration.to_owned()
    } else if line.contains("/hold ") || line.contains("/v1/watch") {
        // A stream that says what it has to, and ends when its center goes mad.
        let event = match line.contains("/hold ") {
            true => format!("event: held\ndata: {registration}\n\n"),
            false => format!(
                "id: a-1\nevent: snapshot\ndata: {{\"revision\":1,\"services\":[{view}]}}\n\n"
            ),
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        stream
            .write_all(format!("{head}{event}").as_bytes())
            .await?;
        let _ = is_sane.wait_for(|is_sane| !is_sane).await;
        fooled.fetch_add(1, Ordering::SeqCst);
        let nonsense = nonsense.bytes();
        return stream.write_all(&nonsense).await;
    } else {
        view
    };
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await
}

async fn serve(center: &str) -> RunningApp {
    App::new()
        .service(Echoes)
        .center(center)
        .port(0)
        .local_calls(false)
        .drain(Duration::ZERO)
        .start()
        .await
        .unwrap()
}

/// Until it is so; another thing is done meanwhile, again and again.
async fn until(is_so: impl Fn() -> bool, what: &str, mut meanwhile: impl AsyncFnMut()) {
    let waiting = async {
        while !is_so() {
            meanwhile().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(in_time.is_ok(), "{what}");
}

async fn a_caller(nonsense: Nonsense, service: SocketAddr) {
    let center = Center::start(nonsense, Some(service)).await;
    let caller = Caller::builder().center(&center.url).build().unwrap();
    let client = EchoClient::through(&caller);
    assert_eq!(client.echo(7).await.unwrap(), 7, "{nonsense:?}");
    center.is_sane(false);
    let asked = || center.fooled.load(Ordering::SeqCst);
    let call = async || assert_eq!(client.echo(7).await.unwrap(), 7, "{nonsense:?}");
    until(
        || asked() >= 3,
        &format!("{nonsense:?}: it asks again"),
        call,
    )
    .await;
    // With a pause between two questions.
    assert!(asked() < 100, "{nonsense:?}: {}", asked());
    center.is_sane(true);
    call().await;
}

async fn a_service(nonsense: Nonsense) {
    let center = Center::start(nonsense, None).await;
    center.is_sane(false);
    let app = serve(&center.url).await;
    let client = EchoClient::at(&format!("http://{}", app.services()[0].addr())).unwrap();
    let call = async || assert_eq!(client.echo(7).await.unwrap(), 7, "{nonsense:?}");
    let fooled = || center.fooled.load(Ordering::SeqCst);
    until(
        || fooled() >= 2,
        &format!("{nonsense:?}: it tries again"),
        call,
    )
    .await;
    center.is_sane(true);
    let registered = || center.registered.load(Ordering::SeqCst);
    until(
        || registered() >= 1,
        &format!("{nonsense:?}: it registers"),
        call,
    )
    .await;
    center.is_sane(false);
    let before = fooled();
    until(
        || fooled() > before,
        &format!("{nonsense:?}: the stream breaks"),
        call,
    )
    .await;
    call().await;
    assert!(fooled() < 100, "{nonsense:?}: {}", fooled());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_answers_nonsense_costs_no_call() {
    let app = serve("http://127.0.0.1:9").await;
    let service = app.services()[0].addr();
    futures_util::future::join_all(ALL.map(|nonsense| a_caller(nonsense, service))).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_serves_on_whatever_its_center_says() {
    futures_util::future::join_all(ALL.map(a_service)).await;
}
