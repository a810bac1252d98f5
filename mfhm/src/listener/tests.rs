//! The accept loop with connections in memory and a clock that jumps.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::*;
use crate::body::{self, BodyLimits};

pub(super) type Accepted = io::Result<(DuplexStream, SocketAddr)>;

impl Source for UnboundedReceiver<Accepted> {
    type Stream = DuplexStream;

    async fn next(&mut self) -> Accepted {
        match self.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }
}

/// A server, and the way to it.
pub(super) struct Place {
    pub _server: Server,
    pub arrivals: UnboundedSender<Accepted>,
    /// Streams that are being answered.
    pub streams: Arc<AtomicUsize>,
}

pub(super) struct Streaming(pub Arc<AtomicUsize>);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn mark(mut answer: Response) -> Response {
    answer.extensions_mut().insert(lasting::Lasting);
    answer
}

/// Two frames, an empty one between them, and the end.
async fn two() -> Body {
    let frames = ["one", "", "and two"].map(Ok::<_, io::Error>);
    Body::from_stream(futures_util::stream::iter(frames))
}

const BODY: BodyLimits = BodyLimits {
    longest: 1000,
    skipped: 1000,
    time: Duration::from_secs(30),
};

impl Place {
    pub(super) fn open(limits: &Limits) -> Self {
        let streams = Arc::new(AtomicUsize::new(0));
        let count = streams.clone();
        let endless = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let streaming = Streaming(count.clone());
            let chunk = move || {
                let _ = &streaming;
                Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 1000]))
            };
            let body = Body::from_stream(futures_util::stream::repeat_with(chunk));
            async move { body }
        };
        let rare = || async {
            let ticks = futures_util::stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(600)).await;
                Some((Ok::<_, io::Error>("tick"), ()))
            });
            Body::from_stream(ticks)
        };
        let read = |body: Body| async move {
            match body::read(body, BODY).await {
                Ok(_) => StatusCode::OK,
                Err(error) => error.status(),
            }
        };
        // The same, and marked as answers that last.
        let (lasting_endless, lasting_rare) = (endless.clone(), rare);
        let lasting = Router::new()
            .route("/endless", get(lasting_endless))
            .route("/rare", get(lasting_rare))
            .route("/two", get(two))
            .layer(axum::middleware::map_response(mark));
        let app = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/endless", get(endless))
            .route("/rare", get(rare))
            .nest("/lasting", lasting)
            .route("/body", post(read));
        Self::of(app, streams, limits)
    }

    pub(super) fn of(app: Router, streams: Arc<AtomicUsize>, limits: &Limits) -> Self {
        let (arrivals, source) = mpsc::unbounded_channel();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        Self {
            _server: Server::accept(source, address, Plain, app, limits),
            arrivals,
            streams,
        }
    }

    pub(super) fn connect(&self) -> Other {
        self.connect_from("127.0.0.1")
    }

    pub(super) fn connect_from(&self, address: &str) -> Other {
        let (here, there) = tokio::io::duplex(4096);
        let peer = SocketAddr::new(address.parse().unwrap(), 9);
        self.arrivals.send(Ok((there, peer))).unwrap();
        Other(here)
    }
}

/// The other end of a connection.
pub(super) struct Other(pub DuplexStream);

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

const HELLO: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

impl Other {
    pub(super) async fn send(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    /// The next bytes; nothing at the end.
    pub(super) async fn some(&mut self) -> String {
        let mut bytes = [0; 4096];
        let read = self.0.read(&mut bytes).await.unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    pub(super) async fn asks(&mut self) -> String {
        self.send(HELLO).await;
        self.some().await
    }

    /// Reads until the connection is closed, and says when.
    pub(super) async fn closed_after(&mut self) -> (Duration, String) {
        let started = Instant::now();
        let mut all = String::new();
        loop {
            match self.some().await {
                text if text.is_empty() => return (started.elapsed(), all),
                text => all.push_str(&text),
            }
        }
    }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
pub(super) fn assert_within_a_second(time: Duration, limit: u64) {
    assert!(
        (seconds(limit)..=seconds(limit + 1)).contains(&time),
        "{time:?} instead of {limit} s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed() {
    let place = Place::open(&Limits::new());
    let (time, said) = place.connect().closed_after().await;
    assert_within_a_second(time, 10);
    assert_eq!(said, "");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_given_up() {
    let place = Place::open(&Limits::new());
    let (mut reader, mut writer) = tokio::io::split(place.connect().0);
    let drip = tokio::spawn(async move {
        writer.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(seconds(1)).await;
        }
    });
    let started = Instant::now();
    assert_eq!(reader.read(&mut [0; 100]).await.unwrap(), 0);
    assert_within_a_second(started.elapsed(), 10);
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_be_idle_between_requests_for_a_while() {
    let place = Place::open(&Limits::new());
    let mut peer = place.connect();
    for _ in 0..3 {
        assert!(peer.asks().await.ends_with("hello"));
        tokio::time::sleep(seconds(29)).await;
    }
    assert!(peer.asks().await.ends_with("hello"));
    assert_within_a_second(peer.closed_after().await.0, 30);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_given_up() {
    let place = Place::open(&Limits::new());
    let (mut reader, mut writer) = tokio::io::split(place.connect().0);
    let head = "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\n";
    writer.write_all(head.as_bytes()).await.unwrap();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(seconds(1)).await;
        }
    });
    let started = Instant::now();
    let mut answer = [0; 100];
    let read = reader.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 408"));
    assert_within_a_second(started.elapsed(), 30);
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_of_a_stream_is_cut_off() {
    for path in ["/endless", "/lasting/endless"] {
        let place = Place::open(&Limits::new());
        let mut peer = place.connect();
        peer.send(&get_of(path)).await;
        tokio::time::sleep(seconds(29)).await;
        assert_eq!(place.streams.load(Ordering::SeqCst), 1);
        tokio::time::sleep(seconds(2)).await;
        assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_is_not() {
    for path in ["/endless", "/lasting/endless"] {
        let place = Place::open(&Limits::new());
        let mut peer = place.connect();
        peer.send(&get_of(path)).await;
        for _ in 0..10 {
            tokio::time::sleep(seconds(25)).await;
            assert!(!peer.some().await.is_empty());
        }
        assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_with_nothing_to_say_stays_open() {
    for path in ["/rare", "/lasting/rare"] {
        let place = Place::open(&Limits::new());
        let mut peer = place.connect();
        peer.send(&get_of(path)).await;
        let mut all = String::new();
        while !all.contains("tick") {
            let text = peer.some().await;
            assert!(!text.is_empty(), "it was closed");
            all.push_str(&text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lasts_is_the_last_of_its_connection() {
    let place = Place::open(&Limits::new());
    let mut peer = place.connect();
    assert!(peer.asks().await.ends_with("hello"));
    // What is sent after it is not answered.
    peer.send(&(get_of("/lasting/two") + HELLO)).await;
    let (_, text) = peer.closed_after().await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for line in ["transfer-encoding: chunked", "connection: close", "date: "] {
        assert_eq!(head.matches(line).count(), 1, "{head}");
    }
    assert_eq!(body, "3\r\none\r\n7\r\nand two\r\n0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn to_who_does_not_know_chunks_an_answer_that_lasts_is_sent_as_it_is() {
    let place = Place::open(&Limits::new());
    let mut peer = place.connect();
    peer.send("GET /lasting/two HTTP/1.0\r\n\r\n").await;
    let (_, text) = peer.closed_after().await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "oneand two");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lasts_ends_when_its_peer_goes() {
    let place = Place::open(&Limits::new());
    let mut peer = place.connect();
    peer.send(&get_of("/lasting/endless")).await;
    assert!(peer.some().await.starts_with("HTTP/1.1 200"));
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    drop(peer);
    let mut others = place.connect();
    while place.streams.load(Ordering::SeqCst) > 0 {
        assert!(others.asks().await.ends_with("hello"));
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_are_busy_a_newcomer_is_told_to_come_back() {
    let place = Place::open(&Limits::new().connections(2));
    let mut busy = [place.connect(), place.connect()];
    for peer in &mut busy {
        peer.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await;
    }
    tokio::time::sleep(seconds(3)).await;
    let mut late = place.connect();
    let answer = late.asks().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n") && answer.contains("mfhm-not-run: true"));
    assert!(late.closed_after().await.0 <= seconds(1));
    drop(busy);
    tokio::time::sleep(seconds(1)).await;
    assert!(place.connect().asks().await.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_gives_way() {
    let place = Place::open(&Limits::new().connections(1));
    let mut idle = place.connect();
    assert!(idle.asks().await.ends_with("hello"));
    tokio::time::sleep(seconds(2)).await;
    let mut late = place.connect();
    assert!(late.asks().await.ends_with("hello"));
    assert_eq!(idle.closed_after().await.0, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn one_address_does_not_get_all_places() {
    let limits = Limits::new().connections_per_address(2);
    let place = Place::open(&limits);
    let mut greedy = [(); 3].map(|()| place.connect_from("10.0.0.1"));
    for (index, peer) in greedy.iter_mut().enumerate() {
        let answer = peer.asks().await;
        assert_eq!(answer.starts_with("HTTP/1.1 503"), index == 2, "{answer}");
    }
    let other = place.connect_from("10.0.0.2").asks().await;
    assert!(other.ends_with("hello"), "{other}");
}

#[tokio::test(start_paused = true)]
async fn five_thousand_silent_connections_keep_no_heartbeat_out() {
    let place = Place::open(&Limits::new().connections(4_000));
    let mut heart = place.connect();
    assert!(heart.asks().await.ends_with("hello"));
    let mut silent: Vec<_> = (0..5_000).map(|_| place.connect()).collect();
    let started = Instant::now();
    for beat in 0..11 {
        let asked = Instant::now();
        // Over the connection that is there, and over a new one.
        let answer = heart.asks().await;
        assert!(answer.ends_with("hello"), "{beat}: {answer}");
        assert!(asked.elapsed() < Duration::from_millis(100), "{beat}");
        if beat > 2 {
            let answer = place.connect().asks().await;
            assert!(answer.ends_with("hello"), "{beat}: {answer}");
        }
        tokio::time::sleep(seconds(1)).await;
    }
    for peer in &mut silent {
        peer.closed_after().await;
    }
    assert!(started.elapsed() <= seconds(12), "{:?}", started.elapsed());
}

#[derive(Debug)]
struct Registered(&'static str);

impl seats::Regulars for Registered {
    fn addresses(&self) -> Vec<std::net::IpAddr> {
        vec![self.0.parse().unwrap()]
    }
}

/// A thousand machines, each with as many connections as get in: silent ones, slow
/// ones, and ones that run something for ever.
#[tokio::test(start_paused = true)]
async fn a_flood_of_sockets_keeps_no_registered_instance_out() {
    let mut limits = Limits::new().connections(800);
    limits.regulars = Some(Arc::new(Registered("10.1.0.1")));
    let place = Place::open(&limits);
    let mut held = place.connect_from("10.1.0.1");
    held.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(held.some().await.starts_with("HTTP/1.1 200"));
    let mut flood = Vec::new();
    let mut stranger_came_in = false;
    for round in 0..30 {
        for machine in 0..100 {
            let from = format!("10.2.{}.{}", machine % 50, round);
            let mut peer = place.connect_from(&from);
            match machine % 3 {
                0 if round < 25 => {}
                1 if round < 25 => peer.send("GET / HTTP/1.1\r\nx: ").await,
                _ => peer.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await,
            }
            flood.push(peer);
        }
        tokio::time::sleep(seconds(1) / 2).await;
        let answer = place.connect_from("10.1.0.1").asks().await;
        assert!(answer.ends_with("hello"), "{round}: {answer}");
        let answer = place.connect_from("10.3.0.1").asks().await;
        stranger_came_in = answer.ends_with("hello");
    }
    assert!(!stranger_came_in, "there is no flood");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_and_has_many_gives_way_to_who_has_few() {
    let place = Place::open(&Limits::new().connections(20));
    let mut greedy: Vec<_> = (0..10).map(|_| place.connect_from("10.0.0.1")).collect();
    for peer in &mut greedy {
        peer.send("GET / HTTP/1.1\r\nx: ").await;
    }
    let mut busy: Vec<_> = (0..10).map(|_| place.connect_from("10.0.0.2")).collect();
    for peer in &mut busy {
        peer.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(peer.some().await.starts_with("HTTP/1.1 200"));
    }
    tokio::time::sleep(seconds(3)).await;
    for other in 3..8 {
        let mut peer = place.connect_from(&format!("10.0.0.{other}"));
        let answer = peer.asks().await;
        assert!(answer.ends_with("hello"), "{answer}");
        std::mem::forget(peer);
    }
    assert_eq!(greedy[0].closed_after().await.0, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_come_when_its_connection_is_to_be_closed_is_answered() {
    let place = Place::open(&Limits::new().connections(1));
    let mut idle = place.connect();
    assert!(idle.asks().await.ends_with("hello"));
    tokio::time::sleep(seconds(2)).await;
    // Its place is given away while its request is there and not read yet.
    let mut late = place.connect();
    idle.send(HELLO).await;
    assert!(idle.some().await.ends_with("hello"));
    assert!(late.asks().await.ends_with("hello"));

    let started = Instant::now();
    let place = Place::open(&Limits::new());
    let mut idle = place.connect();
    assert!(idle.asks().await.ends_with("hello"));
    // The moment in which it has been idle for too long.
    tokio::time::sleep_until(started + Duration::from_millis(30_500)).await;
    assert!(idle.asks().await.ends_with("hello"));
}

/// What becomes of connections that speak something else after a request.
fn upgrading(streams: Arc<AtomicUsize>) -> Router {
    let upgrade = move |mut request: Request| async move {
        let upgraded = hyper::upgrade::on(&mut request);
        streams.fetch_add(1, Ordering::SeqCst);
        let streaming = Streaming(streams.clone());
        tokio::spawn(async move {
            let mut stream = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
            let mut bytes = [0; 100];
            while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                stream.write_all(&bytes[..read]).await.unwrap();
            }
            drop((streaming, stream));
        });
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert("connection", http::HeaderValue::from_static("upgrade"));
        headers.insert("upgrade", http::HeaderValue::from_static("echo"));
        answer
    };
    Router::new().fallback(upgrade)
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

pub(super) fn open_upgrading(limits: &Limits) -> Place {
    let streams = Arc::new(AtomicUsize::new(0));
    Place::of(upgrading(streams.clone()), streams, limits)
}

impl Other {
    async fn upgraded(&mut self) {
        self.send(UPGRADE).await;
        assert!(self.some().await.starts_with("HTTP/1.1 101"));
        self.send("a").await;
        assert_eq!(self.some().await, "a");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgraded_connection_keeps_its_place_until_it_is_dropped() {
    let place = open_upgrading(&Limits::new().connections(1));
    let mut peer = place.connect();
    peer.upgraded().await;
    // No head is waited for, and nobody gets its place.
    tokio::time::sleep(seconds(60)).await;
    let answer = place.connect().asks().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    peer.send("b").await;
    assert_eq!(peer.some().await, "b");
    drop(peer);
    tokio::time::sleep(seconds(1)).await;
    place.connect().upgraded().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_upgraded_connections_and_then_ends_them() {
    for ends_by_itself in [true, false] {
        let place = open_upgrading(&Limits::new());
        let mut peer = place.connect();
        peer.upgraded().await;
        let started = Instant::now();
        let stopping = tokio::spawn(place._server.stop(seconds(20)));
        tokio::time::sleep(seconds(5)).await;
        peer.send("b").await;
        assert_eq!(peer.some().await, "b");
        let expected = if ends_by_itself {
            drop(peer);
            5
        } else {
            peer.closed_after().await;
            20
        };
        stopping.await.unwrap();
        assert_eq!(started.elapsed(), seconds(expected));
        tokio::time::sleep(seconds(1)).await;
        assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lack_of_file_descriptors_ends_nothing_and_does_not_spin() {
    const EMFILE: i32 = 24;
    let place = Place::open(&Limits::new());
    let mut idle = place.connect();
    let mut busy = place.connect();
    assert!(idle.asks().await.ends_with("hello"));
    busy.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await;
    tokio::time::sleep(seconds(2)).await;
    let started = Instant::now();
    for _ in 0..10 {
        let lack = io::Error::from_raw_os_error(EMFILE);
        place.arrivals.send(Err(lack)).unwrap();
    }
    let mut late = place.connect();
    let answer = late.asks().await;
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(started.elapsed() >= 10 * PAUSE, "it tried at once again");
    // The idle one gave its descriptor, the busy one did not.
    assert_eq!(idle.closed_after().await.0, Duration::ZERO);
    assert!(busy.some().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_idle_connections_at_once_and_running_requests_later() {
    let place = Place::open(&Limits::new());
    let (mut idle, mut busy) = (place.connect(), place.connect());
    assert!(idle.asks().await.ends_with("hello"));
    busy.send("GET /rare HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(busy.some().await.starts_with("HTTP/1.1 200"));
    let started = Instant::now();
    let stopping = tokio::spawn(place._server.stop(seconds(20)));
    assert_eq!(idle.closed_after().await.0, Duration::ZERO);
    assert_eq!(busy.closed_after().await.0, seconds(20));
    stopping.await.unwrap();
    assert_eq!(started.elapsed(), seconds(20));
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_who_has_said_nothing() {
    let place = Place::open(&Limits::new());
    let mut silent = place.connect();
    tokio::time::sleep(seconds(1)).await;
    let started = Instant::now();
    place._server.stop(seconds(20)).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
    silent.closed_after().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_large_is_refused() {
    let place = Place::open(&Limits::new());
    let (mut reader, mut writer) = tokio::io::split(place.connect().0);
    let sending = tokio::spawn(async move {
        let _ = writer.write_all(b"GET / HTTP/1.1\r\nx: ").await;
        for _ in 0..1000 {
            let _ = writer.write_all(&[b'x'; 1000]).await;
        }
    });
    let mut answer = [0; 100];
    let read = reader.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 431"));
    sending.abort();
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_all_answered() {
    let place = Place::open(&Limits::new());
    let mut peer = place.connect();
    peer.send(&HELLO.repeat(3)).await;
    tokio::time::sleep(seconds(1)).await;
    let answers = peer.some().await;
    assert_eq!(answers.matches("hello").count(), 3, "{answers}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_take_its_time() {
    let app = Router::new().fallback(|| async {
        tokio::time::sleep(seconds(300)).await;
        "late"
    });
    let (arrivals, source) = mpsc::unbounded_channel();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let _server = Server::accept(source, address, Plain, app, &Limits::new());
    let (here, there) = tokio::io::duplex(4096);
    arrivals.send(Ok((there, address))).unwrap();
    assert!(Other(here).asks().await.ends_with("late"));
}

async fn started(app: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::start(listener, &Secured::default(), app, &Limits::default()).unwrap()
}

#[tokio::test]
async fn a_stop_finishes_the_running_request_and_frees_the_port() {
    let (entered, mut has_entered) = tokio::sync::mpsc::unbounded_channel();
    let release = std::sync::Arc::new(tokio::sync::Notify::new());
    let gate = release.clone();
    let app = Router::new().route(
        "/",
        axum::routing::get(move || async move {
            entered.send(()).unwrap();
            gate.notified().await;
            "done"
        }),
    );
    let server = started(app).await;
    let address = server.local_addr();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    has_entered.recv().await.unwrap();

    let stopping = tokio::spawn(server.stop(Duration::from_secs(20)));
    release.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    stopping.await.unwrap();
    TcpListener::bind(address)
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn a_request_knows_its_peer() {
    let app = Router::new().fallback(|request: axum::extract::Request| async move {
        request.extensions().get::<Peer>().unwrap().0.to_string()
    });
    let server = started(app).await;
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 9.9.9.9\r\nconnection: close\r\n\r\n",
        )
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(&own), "{answer}");
}

/// The certificate of a server in memory.
#[cfg(feature = "tls")]
pub(super) fn over_tls() -> (crate::tls::testing::Authority, Secured) {
    let authority = crate::tls::testing::Authority::new();
    authority.give("users", &["users"]);
    let tls = crate::Tls::new()
        .certificate(
            authority.path("users", "pem"),
            authority.path("users", "key"),
        )
        .ca(authority.ca());
    let secured = Secured::new(Some(tls), Vec::new()).unwrap();
    (authority, secured)
}

#[cfg(feature = "tls")]
#[tokio::test(start_paused = true)]
async fn who_stalls_in_the_handshake_is_cut_off_as_who_stalls_in_a_head() {
    let (_authority, secured) = over_tls();
    let (arrivals, source) = mpsc::unbounded_channel();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let app = Router::new().route("/", get(|| async { "hello" }));
    let shaking = secured.accepting().unwrap();
    let _server = Server::accept(source, address, shaking, app, &Limits::new());
    let connect = || {
        let (here, there) = tokio::io::duplex(4096);
        let peer = SocketAddr::from(([127, 0, 0, 1], 9));
        let accepted: Accepted = Ok((there, peer));
        arrivals.send(accepted).unwrap();
        Other(here)
    };
    // The beginning of a record of 512 bytes, and nothing.
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01"] {
        let mut other = connect();
        other.0.write_all(beginning).await.unwrap();
        let (time, _) = other.closed_after().await;
        assert_within_a_second(time, 10);
    }
    // A byte now and then is no progress.
    let mut slow = connect();
    let started = Instant::now();
    let record = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for byte in record.iter().cycle() {
        tokio::time::sleep(seconds(1)).await;
        if slow.0.write_all(&[*byte]).await.is_err() {
            break;
        }
    }
    assert!(started.elapsed() < seconds(14), "{:?}", started.elapsed());
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn who_speaks_http_to_tls_is_told_what_to_do() {
    let (_authority, secured) = over_tls();
    let (arrivals, source) = mpsc::unbounded_channel();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let app = Router::new().route("/", get(|| async { "hello" }));
    let shaking = secured.accepting().unwrap();
    let _server = Server::accept(source, address, shaking, app, &Limits::new());
    let (here, there) = tokio::io::duplex(4096);
    let accepted: Accepted = Ok((there, SocketAddr::from(([127, 0, 0, 1], 9))));
    arrivals.send(accepted).unwrap();
    let answer = Other(here).asks().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("mfhm-not-run: true"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let problem: crate::Problem = serde_json::from_str(body).unwrap();
    assert_eq!(problem.code, "mfhm.tls_required");
    assert!(problem.detail.contains("https://"), "{problem:?}");
}
