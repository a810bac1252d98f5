//! HTTP/2 connections in memory, with a clock that jumps, and frames written by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, WriteHalf, split};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::*;
use crate::Limits;
use crate::listener::Server;
use crate::listener::tests::{
    Other, Place, Streaming, assert_within_a_second, open_upgrading, seconds,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0xfa;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const CALM: u32 = 0xb;
const REFUSED: u32 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![high, middle, low, kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The fields of a request without anything else in them, for `a`.
fn fields(method: u8, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let mut fields = vec![method, 0x86, 0x41, 1, b'a', 0x04, length];
    fields.extend_from_slice(path.as_bytes());
    fields
}

fn get_of(path: &str) -> Vec<u8> {
    fields(0x82, path)
}

fn post_to(path: &str) -> Vec<u8> {
    fields(0x83, path)
}

/// One that came.
#[derive(Debug)]
struct Came {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Came {
    /// Of a reset, or the last of a goodbye.
    fn reason(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A peer that writes its frames by hand, and reads whatever comes.
struct Raw {
    writer: WriteHalf<tokio::io::DuplexStream>,
    frames: UnboundedReceiver<Came>,
}

impl Raw {
    /// Without a word.
    fn over(other: Other) -> Self {
        let (mut reader, writer) = split(other.0);
        let (coming, frames) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut head = [0; 9];
            while reader.read_exact(&mut head).await.is_ok() {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                if reader.read_exact(&mut payload).await.is_err() {
                    break;
                }
                let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
                let (kind, flags) = (head[3], head[4]);
                let _ = coming.send(Came {
                    kind,
                    flags,
                    stream,
                    payload,
                });
            }
        });
        Self { writer, frames }
    }

    /// With these settings.
    async fn greets(other: Other, settings: &[u8]) -> Self {
        let mut raw = Self::over(other);
        raw.write(PREFACE).await;
        raw.send(SETTINGS, 0, 0, settings).await;
        raw
    }

    async fn opens(place: &Place) -> Self {
        Self::greets(place.connect(), &[]).await
    }

    async fn write(&mut self, bytes: &[u8]) {
        let _ = self.writer.write_all(bytes).await;
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.write(&frame(kind, flags, stream, payload)).await;
    }

    async fn ask(&mut self, stream: u32, path: &str) {
        let flags = END_STREAM | END_HEADERS;
        self.send(HEADERS, flags, stream, &get_of(path)).await;
    }

    /// The next frame of this kind; pings and settings are answered meanwhile.
    async fn next(&mut self, kind: u8) -> Came {
        loop {
            let came = self.frames.recv().await;
            let came = came.unwrap_or_else(|| panic!("the end, and no frame of kind {kind}"));
            if came.kind == kind && !(kind == SETTINGS && came.flags == ACK) {
                return came;
            }
            if matches!(came.kind, PING | SETTINGS) && came.flags != ACK {
                let payload = if came.kind == PING {
                    came.payload
                } else {
                    Vec::new()
                };
                self.send(came.kind, ACK, 0, &payload).await;
            }
        }
    }

    /// Reads until the connection is closed: when that is, and the reason that it was
    /// last told.
    async fn end(&mut self) -> (Duration, Option<u32>) {
        let started = Instant::now();
        let mut reason = None;
        while let Some(came) = self.frames.recv().await {
            if came.kind == GOAWAY {
                reason = Some(came.reason());
            }
            if came.kind == PING && came.flags != ACK {
                self.send(PING, ACK, 0, &came.payload).await;
            }
        }
        (started.elapsed(), reason)
    }

    async fn is_answered(&mut self) {
        assert_eq!(self.next(DATA).await.payload, b"hello");
    }
}

/// A caller that knows HTTP/2. Its connection ends with the task.
async fn caller(other: Other) -> (SendRequest<Bytes>, tokio::task::JoinHandle<()>) {
    let (caller, connection) = h2::client::handshake(other.0).await.unwrap();
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    (caller.ready().await.unwrap(), task)
}

async fn answer(
    caller: &mut SendRequest<Bytes>,
    request: Request<()>,
    body: Option<&'static [u8]>,
) -> Result<(http::response::Parts, Vec<u8>), h2::Error> {
    std::future::poll_fn(|context| caller.poll_ready(context)).await?;
    let (answer, mut sending) = caller.send_request(request, body.is_none())?;
    if let Some(body) = body {
        sending.send_data(Bytes::from_static(body), true)?;
    }
    let (parts, mut body) = answer.await?.into_parts();
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        all.extend_from_slice(&data);
    }
    Ok((parts, all))
}

fn get_at(path: &str) -> Request<()> {
    Request::get(format!("http://a{path}")).body(()).unwrap()
}

async fn asks(caller: &mut SendRequest<Bytes>) -> Result<(), h2::Error> {
    let (parts, body) = answer(caller, get_at("/"), None).await?;
    assert_eq!(parts.status, StatusCode::OK);
    assert_eq!(body, b"hello");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn requests_of_both_versions_are_answered_alike_on_one_port() {
    let place = Place::open(&Limits::new());
    let (mut caller, _task) = caller(place.connect()).await;
    for (method, path, body, status, text) in [
        ("GET", "/", None, 200, "hello"),
        ("HEAD", "/", None, 200, ""),
        ("GET", "/nowhere", None, 404, ""),
        ("DELETE", "/", None, 405, ""),
        ("POST", "/body", Some(&b"something"[..]), 200, ""),
        ("POST", "/body", Some(&[b'x'; 3_000][..]), 413, ""),
        ("GET", "/lasting/two", None, 200, "oneand two"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://a{path}"));
        let (parts, got) = answer(&mut caller, request.body(()).unwrap(), body)
            .await
            .unwrap();
        assert_eq!(parts.status, status, "{method} {path}");
        assert_eq!(got, text.as_bytes(), "{method} {path}");
        assert!(parts.headers.contains_key("date"));
        assert!(!parts.headers.contains_key("connection"));

        let mut old = place.connect();
        let length = body.map_or(0, <[u8]>::len);
        let head = format!("{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n");
        old.send(&(head + "connection: close\r\n\r\n")).await;
        old.0.write_all(body.unwrap_or_default()).await.unwrap();
        let (_, said) = old.closed_after().await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(said.starts_with(&line), "{method} {path}: {said}");
        let length = parts.headers.get("content-length");
        let length = length.map(|length| format!("content-length: {}", length.to_str().unwrap()));
        assert!(said.contains(&length.unwrap_or_default()), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_the_same_request_whatever_the_version() {
    let app = Router::new().fallback(|request: axum::extract::Request| async move {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        format!("{} {host}", request.uri())
    });
    let place = Place::of(app, Arc::default(), &Limits::new());
    let (mut caller, _task) = caller(place.connect()).await;
    let (_, new) = answer(&mut caller, get_at("/x?y=1"), None).await.unwrap();
    assert_eq!(new, b"/x?y=1 a");
    let mut other = Request::get("http://a/").header("host", "b");
    other = other.header("x-other", "1");
    let (parts, body) = answer(&mut caller, other.body(()).unwrap(), None)
        .await
        .unwrap();
    assert_eq!(parts.status, StatusCode::BAD_REQUEST);
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "mfhm.bad_host");
}

#[tokio::test(start_paused = true)]
async fn a_request_for_a_tunnel_is_refused() {
    let place = Place::open(&Limits::new());
    let (mut caller, _task) = caller(place.connect()).await;
    let connect = Request::builder().method("CONNECT").uri("a:80");
    let answered = answer(&mut caller, connect.body(()).unwrap(), None).await;
    assert!(answered.unwrap().0.status.is_client_error());
    asks(&mut caller).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_speak_something_else_is_told_to_use_http1() {
    let place = open_upgrading(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    raw.ask(1, "/").await;
    assert_eq!(raw.next(RST_STREAM).await.reason(), 0xd);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_requests_is_closed_with_a_goodbye() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    for stream in [1, 3, 5] {
        raw.ask(stream, "/").await;
        raw.is_answered().await;
        tokio::time::sleep(seconds(29)).await;
    }
    raw.ask(7, "/").await;
    raw.is_answered().await;
    let started = Instant::now();
    // A ping now and then is no request.
    for _ in 0..6 {
        tokio::time::sleep(seconds(4)).await;
        raw.send(PING, 0, 0, &[7; 8]).await;
        raw.next(PING).await;
    }
    let (_, reason) = raw.end().await;
    assert_within_a_second(started.elapsed(), 30);
    assert_eq!(reason, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_request_stays_open() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    for (stream, path) in [(1, "/rare"), (5, "/lasting/rare")] {
        raw.ask(stream, path).await;
        assert_eq!(raw.next(DATA).await.payload, b"tick");
        // Another one's end does not make it idle.
        raw.ask(stream + 2, "/").await;
        raw.is_answered().await;
        assert_eq!(raw.next(DATA).await.payload, b"tick");
        raw.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]).await;
    }
    assert_within_a_second(raw.end().await.0, 30);
}

#[tokio::test(start_paused = true)]
async fn a_preface_that_drips_is_given_up() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::over(place.connect());
    let started = Instant::now();
    for byte in PREFACE {
        raw.write(&[*byte]).await;
        tokio::time::sleep(seconds(1)).await;
    }
    raw.end().await;
    assert!(started.elapsed() <= seconds(25));
    assert!(raw.writer.write_all(&[0; 9]).await.is_err());
    let mut raw = Raw::over(place.connect());
    raw.write(&PREFACE[..20]).await;
    assert_within_a_second(raw.end().await.0, 10);
}

#[tokio::test(start_paused = true)]
async fn a_head_without_an_end_is_given_up_although_others_run() {
    for drips in [false, true] {
        let place = Place::open(&Limits::new());
        let mut raw = Raw::opens(&place).await;
        raw.ask(1, "/rare").await;
        raw.next(HEADERS).await;
        raw.send(HEADERS, END_STREAM, 3, &get_of("/")).await;
        let started = Instant::now();
        while drips && started.elapsed() < seconds(12) {
            // A field, "x: y", as a literal.
            let field = [0x00, 1, b'x', 1, b'y'];
            raw.send(CONTINUATION, 0, 3, &field).await;
            // Not as many as h2 has against it by itself.
            tokio::time::sleep(seconds(3)).await;
        }
        raw.end().await;
        assert!(started.elapsed() <= seconds(12), "{:?}", started.elapsed());
        if !drips {
            assert_within_a_second(started.elapsed(), 10);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_continuations_ends_the_connection() {
    for payload in [&[][..], &[0x00, 1, b'x', 1, b'y'][..]] {
        let place = Place::open(&Limits::new());
        let mut raw = Raw::opens(&place).await;
        raw.send(HEADERS, END_STREAM, 1, &get_of("/")).await;
        for _ in 0..5_000 {
            raw.send(CONTINUATION, 0, 1, payload).await;
        }
        let (time, reason) = raw.end().await;
        assert_eq!(reason, Some(CALM));
        assert!(time < seconds(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_large_is_answered_431() {
    let place = Place::open(&Limits::new());
    let (mut caller, _task) = caller(place.connect()).await;
    let fits = "x".repeat(HEAD as usize / 2);
    let request = Request::get("http://a/")
        .header("x", fits)
        .body(())
        .unwrap();
    assert!(answer(&mut caller, request, None).await.is_ok());
    let too_large = "x".repeat(HEAD as usize + 1);
    let request = Request::get("http://a/")
        .header("x", too_large)
        .body(())
        .unwrap();
    let (parts, _) = answer(&mut caller, request, None).await.unwrap();
    assert_eq!(parts.status, 431);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_given_up() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    raw.send(HEADERS, END_HEADERS, 1, &post_to("/body")).await;
    let started = Instant::now();
    for _ in 0..31 {
        raw.send(DATA, 0, 1, b"x").await;
        tokio::time::sleep(seconds(1)).await;
    }
    // 408 is no status of the static table.
    let head = raw.next(HEADERS).await;
    assert!(head.payload.windows(3).any(|some| some == b"408") || head.payload.contains(&0x48));
    assert_within_a_second(started.elapsed(), 31);
    // Of what nobody reads any more the peer is told.
    assert_eq!(raw.next(RST_STREAM).await.reason(), 0);
}

/// A window for each stream of no bytes.
const SHUT: [u8; 6] = [0, 4, 0, 0, 0, 0];

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_window_stays_shut_for_is_given_up_and_others_are_not() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::greets(place.connect(), &SHUT).await;
    raw.ask(1, "/endless").await;
    raw.ask(3, "/rare").await;
    raw.next(HEADERS).await;
    let started = Instant::now();
    tokio::time::sleep(seconds(29)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    let reset = raw.next(RST_STREAM).await;
    assert_eq!((reset.stream, reset.reason()), (1, 8));
    assert_within_a_second(started.elapsed(), 30);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    // The other one has nothing to say yet.
    raw.send(WINDOW_UPDATE, 0, 3, &1_000_u32.to_be_bytes())
        .await;
    assert_eq!(raw.next(DATA).await.payload, b"tick");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_opens_its_window_a_little_is_not() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::greets(place.connect(), &SHUT).await;
    raw.ask(1, "/endless").await;
    for _ in 0..10 {
        tokio::time::sleep(seconds(25)).await;
        raw.send(WINDOW_UPDATE, 0, 1, &10_u32.to_be_bytes()).await;
        assert_eq!(raw.next(DATA).await.payload.len(), 10);
    }
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_at_all_is_cut_off() {
    let place = Place::open(&Limits::new());
    let mut other = place.connect();
    // All the windows that there can be.
    let wide = [0, 4, 0x7f, 0xff, 0xff, 0xff];
    let all = [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, &wide),
        frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes()),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, &get_of("/endless")),
    ];
    other.0.write_all(&all.concat()).await.unwrap();
    tokio::time::sleep(seconds(29)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 0);
}

/// A service whose handler never answers. It counts those that run, and those that
/// were ever started.
fn never(limits: &Limits) -> (Place, Arc<AtomicUsize>) {
    let (running, started) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let (count, starts) = (running.clone(), started.clone());
    let never = move || {
        count.fetch_add(1, Ordering::SeqCst);
        starts.fetch_add(1, Ordering::SeqCst);
        let streaming = Streaming(count.clone());
        async move {
            std::future::pending::<()>().await;
            drop(streaming);
        }
    };
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/never", get(never.clone()).post(never));
    (Place::of(app, running, limits), started)
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_taken_back_is_dropped() {
    let (place, started) = never(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    raw.ask(1, "/never").await;
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    raw.send(RST_STREAM, 0, 1, &[0, 0, 0, 8]).await;
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    // So is one whose peer goes.
    raw.ask(3, "/never").await;
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    raw.writer.shutdown().await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    assert_eq!(started.load(Ordering::SeqCst), 2);
}

/// Sends requests, each with what `then` sends after it, until the
/// connection ends: how many handlers were started, and why it ended.
async fn attacks(
    limits: &Limits,
    pause: Duration,
    head: (u8, &[u8]),
    then: impl Fn(u32) -> Vec<u8>,
) -> (usize, Option<u32>) {
    let (place, started) = never(limits);
    let mut raw = Raw::opens(&place).await;
    for index in 0..20_000 {
        let stream = 1 + 2 * index;
        let asks = frame(HEADERS, head.0, stream, head.1);
        if raw.writer.write_all(&asks).await.is_err() {
            break;
        }
        if pause > Duration::ZERO {
            tokio::time::sleep(pause).await;
        }
        if raw.writer.write_all(&then(stream)).await.is_err() {
            break;
        }
    }
    let (_, reason) = raw.end().await;
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 0);
    (started.load(Ordering::SeqCst), reason)
}

#[tokio::test(start_paused = true)]
async fn who_takes_back_what_it_asks_again_and_again_is_told_to_calm_down() {
    let head = get_of("/never");
    let reset = |stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    for pause in [Duration::ZERO, Duration::from_millis(1)] {
        let head = (END_STREAM | END_HEADERS, &head[..]);
        let (started, reason) = attacks(&Limits::new(), pause, head, reset).await;
        assert_eq!(reason, Some(CALM), "{pause:?}");
        assert!(started <= 202, "{pause:?}: {started} were started");
        let few = Limits::new().http2_resets(10);
        let (started, reason) = attacks(&few, pause, head, reset).await;
        assert_eq!(reason, Some(CALM), "{pause:?}");
        assert!(started <= 12, "{pause:?}: {started} were started");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_the_service_take_its_requests_back_is_told_to_calm_down() {
    let head = post_to("/never");
    type Fault = fn(u32) -> Vec<u8>;
    let faults: [Fault; 3] = [
        // A window that grows by nothing, or by too much; data after its end.
        |stream| frame(WINDOW_UPDATE, 0, stream, &[0; 4]),
        |stream| frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff]),
        |stream| frame(PRIORITY, 0, stream, &stream.to_be_bytes().repeat(2)[..5]),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let pause = Duration::from_millis(1);
        let head = (END_HEADERS, &head[..]);
        let (started, reason) = attacks(&Limits::new(), pause, head, fault).await;
        assert!(reason.is_some_and(|reason| reason != 0), "{index}");
        assert!(started <= 202, "{index}: {started} were started");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_a_hundred_times_a_second_is_not_disturbed() {
    let (place, started) = never(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    let mut stream = 1;
    for _ in 0..20 {
        for _ in 0..100 {
            raw.ask(stream, "/never").await;
            stream += 2;
        }
        tokio::time::sleep(seconds(1)).await;
        for taken in 0..100 {
            let cancel = [0, 0, 0, 8];
            raw.send(RST_STREAM, 0, stream - 200 + 2 * taken, &cancel)
                .await;
        }
    }
    raw.ask(stream, "/").await;
    raw.is_answered().await;
    assert_eq!(started.load(Ordering::SeqCst), 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_frames_that_ask_for_nothing_ends_the_connection() {
    for (kind, stream, payload) in [
        (PING, 0, &[1; 8][..]),
        (SETTINGS, 0, &[0, 3, 0, 0, 0, 100]),
        (WINDOW_UPDATE, 0, &[0, 0, 0, 1]),
        (PRIORITY, 1, &[0, 0, 0, 0, 7]),
        (UNKNOWN, 0, &[]),
    ] {
        let place = Place::open(&Limits::new());
        let mut raw = Raw::opens(&place).await;
        // Although a request runs.
        raw.ask(1, "/rare").await;
        raw.next(HEADERS).await;
        let frame = frame(kind, 0, stream, payload);
        let (mut sent, mut reason) = (0, None);
        while sent < 100_000 && reason.is_none() {
            raw.write(&frame).await;
            sent += 1;
            let came = raw.frames.try_recv().ok();
            reason = came
                .filter(|came| came.kind == GOAWAY)
                .map(|it| it.reason());
        }
        assert!(sent < 3_000, "{kind}: {sent}");
        assert_eq!(reason, Some(CALM), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_long_answer_in_small_pieces_is_no_flood() {
    let place = Place::open(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    raw.ask(1, "/endless").await;
    for _ in 0..20_000 {
        let length = u32::try_from(raw.next(DATA).await.payload.len()).unwrap();
        for stream in [0, 1] {
            raw.send(WINDOW_UPDATE, 0, stream, &length.to_be_bytes())
                .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_limit_are_refused_and_can_be_sent_again() {
    let (place, started) = never(&Limits::new().http2_requests(3));
    let mut raw = Raw::opens(&place).await;
    for stream in [1, 3, 5, 7] {
        raw.ask(stream, "/never").await;
    }
    let reset = raw.next(RST_STREAM).await;
    assert_eq!((reset.stream, reset.reason()), (7, REFUSED));
    assert_eq!(started.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_gives_way_and_one_with_a_request_does_not() {
    let place = Place::open(&Limits::new().connections(1));
    let mut idle = Raw::opens(&place).await;
    idle.ask(1, "/").await;
    idle.is_answered().await;
    tokio::time::sleep(seconds(2)).await;
    let mut busy = Raw::opens(&place).await;
    busy.ask(1, "/rare").await;
    busy.next(HEADERS).await;
    assert_eq!(idle.end().await, (Duration::ZERO, Some(0)));
    tokio::time::sleep(seconds(2)).await;
    // Who has no place is told so in what it speaks.
    let answer = place.connect().asks().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let mut late = Raw::opens(&place).await;
    late.ask(1, "/").await;
    let goodbye = late.next(GOAWAY).await;
    assert_eq!(goodbye.reason(), CALM);
    assert_eq!(goodbye.payload[..4], [0; 4], "something was heard");
    assert!(late.end().await.0 <= seconds(1));
    assert_eq!(busy.next(DATA).await.payload, b"tick");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_come_when_its_connection_is_to_be_closed_is_answered() {
    let started = Instant::now();
    let place = Place::open(&Limits::new());
    let mut idle = Raw::opens(&place).await;
    idle.ask(1, "/").await;
    idle.is_answered().await;
    tokio::time::sleep_until(started + Duration::from_millis(30_500)).await;
    idle.ask(3, "/").await;
    idle.is_answered().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_is_idle_and_lets_what_runs_finish() {
    let place = Place::open(&Limits::new());
    let (mut idle, mut busy) = (Raw::opens(&place).await, Raw::opens(&place).await);
    idle.ask(1, "/").await;
    idle.is_answered().await;
    busy.ask(1, "/rare").await;
    busy.next(HEADERS).await;
    let started = Instant::now();
    let stopping = tokio::spawn(place._server.stop(seconds(1_000)));
    assert_eq!(idle.end().await, (Duration::ZERO, Some(0)));
    assert_eq!(busy.next(GOAWAY).await.reason(), 0);
    // It goes on, and nothing new is begun.
    assert_eq!(busy.next(DATA).await.payload, b"tick");
    busy.ask(3, "/").await;
    busy.send(RST_STREAM, 0, 1, &[0, 0, 0, 8]).await;
    busy.end().await;
    stopping.await.unwrap();
    assert_eq!(started.elapsed(), seconds(600));
}

#[tokio::test(start_paused = true)]
async fn a_stop_cuts_off_what_does_not_finish() {
    let place = Place::open(&Limits::new());
    let mut busy = Raw::opens(&place).await;
    busy.ask(1, "/rare").await;
    busy.next(HEADERS).await;
    let started = Instant::now();
    let stopping = tokio::spawn(place._server.stop(seconds(20)));
    busy.end().await;
    stopping.await.unwrap();
    assert_eq!(started.elapsed(), seconds(20));
}

#[tokio::test(start_paused = true)]
async fn who_has_asked_is_told_at_once_that_the_service_closes_and_others_with_their_answer() {
    let place = Place::open(&Limits::new());
    let mut early = Raw::opens(&place).await;
    early.ask(1, "/").await;
    early.is_answered().await;
    let mut late = Raw::opens(&place).await;
    tokio::time::sleep(seconds(1)).await;
    let server: &Server = &place._server;
    server.announce_close();
    assert_eq!(early.end().await, (Duration::ZERO, Some(0)));
    tokio::time::sleep(seconds(3)).await;
    late.ask(1, "/").await;
    late.is_answered().await;
    assert_eq!(late.end().await, (Duration::ZERO, Some(0)));
    // A caller by the book finds its answer on a new connection.
    let (mut caller, task) = caller(place.connect()).await;
    asks(&mut caller).await.unwrap();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_drops_its_requests() {
    let (place, _) = never(&Limits::new());
    let mut raw = Raw::opens(&place).await;
    raw.ask(1, "/never").await;
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(place.streams.load(Ordering::SeqCst), 1);
    let Place {
        _server, streams, ..
    } = place;
    drop(_server);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(streams.load(Ordering::SeqCst), 0);
}

#[cfg(feature = "tls")]
mod over_tls {
    use std::net::SocketAddr;

    use rustls::ClientConfig;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::listener::tests::{Accepted, over_tls};

    fn provider() -> Arc<rustls::crypto::CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    #[tokio::test]
    async fn both_sides_agree_on_what_is_spoken() {
        let (authority, secured) = over_tls();
        let (arrivals, source) = tokio::sync::mpsc::unbounded_channel();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let app = Router::new().route("/", get(|| async { "hello" }));
        let shaking = secured.accepting().unwrap();
        let _server = Server::accept(source, address, shaking, app, &Limits::new());
        for (offered, agreed) in [
            (&[&b"h2"[..], b"http/1.1"][..], Some(&b"h2"[..])),
            (&[b"http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let (here, there) = tokio::io::duplex(4096);
            let accepted: Accepted = Ok((there, address));
            arrivals.send(accepted).unwrap();
            let mut roots = rustls::RootCertStore::empty();
            let ca = CertificateDer::from_pem_file(authority.ca()).unwrap();
            roots.add(ca).unwrap();
            let mut config = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
            let name = ServerName::try_from("users").unwrap();
            let connector = TlsConnector::from(Arc::new(config));
            let mut stream = connector.connect(name, here).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), agreed);
            if agreed == Some(b"h2") {
                let (mut caller, connection) = h2::client::handshake(stream).await.unwrap();
                let task = tokio::spawn(connection);
                asks(&mut caller).await.unwrap();
                task.abort();
            } else {
                let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
                stream.write_all(request).await.unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                assert!(text.starts_with("HTTP/1.1 200"), "{text}");
                assert!(text.ends_with("hello"), "{text}");
            }
        }
    }
}
