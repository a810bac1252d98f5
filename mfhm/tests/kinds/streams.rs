//! What is read while it comes: bytes both ways, lines, events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};
use mfhm::http::{HeaderValue, header::ETAG};
use mfhm::{ByteStream, Bytes, CallError, CallOptions, Event, Events, Headed, Lines, OutgoingCall};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::params::Refused;
use crate::support::{addr, raw, start, url};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    number: u32,
    text: String,
}

fn step(number: u32) -> Step {
    Step {
        number,
        text: format!("ü\n{number}"),
    }
}

#[mfhm::client(service = "streams")]
pub(crate) trait Streams {
    #[put("/echo")]
    async fn echo(&self, #[body(stream)] data: ByteStream) -> ByteStream;

    #[put("/length")]
    #[body_limit(1_000_000)]
    async fn length(&self, #[body(stream)] data: ByteStream) -> Result<usize, Refused>;

    #[get("/bytes/{name}")]
    async fn bytes(&self, name: &str) -> Result<Headed<ByteStream>, Refused>;

    #[get("/lines")]
    async fn lines(&self, count: u32, breaks: bool) -> Lines<Step>;

    #[get("/events")]
    #[resume]
    async fn events(
        &self,
        count: u32,
        #[header("last-event-id")] last: Option<u32>,
    ) -> Result<Events<Step>, Refused>;
}

struct Source;

#[mfhm::service]
impl Streams for Source {
    async fn echo(&self, data: ByteStream) -> ByteStream {
        data
    }

    async fn length(&self, data: ByteStream) -> Result<usize, Refused> {
        match data.read_to_end(usize::MAX).await {
            Ok(data) => Ok(data.len()),
            Err(fault) => Err(Refused::Taken {
                name: fault.to_string(),
            }),
        }
    }

    async fn bytes(&self, name: &str) -> Result<Headed<ByteStream>, Refused> {
        let chunks = match name {
            "taken" => {
                return Err(Refused::Taken {
                    name: name.to_owned(),
                });
            }
            "broken" => vec![Ok(Bytes::from_static(b"a")), Err("gone")],
            _ => vec![Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))],
        };
        let stream = ByteStream::try_new(stream::iter(chunks));
        Ok(Headed::new(stream).header(ETAG, HeaderValue::from_static("\"v1\"")))
    }

    async fn lines(&self, count: u32, breaks: bool) -> Lines<Step> {
        let steps = stream::iter(1..=count).map(|number| Ok(step(number)));
        let end = stream::iter(breaks.then_some(Err("gone")));
        Lines::try_new(steps.chain(end))
    }

    async fn events(&self, count: u32, last: Option<u32>) -> Result<Events<Step>, Refused> {
        if count == 0 {
            return Err(Refused::Taken {
                name: "events".to_owned(),
            });
        }
        let first = last.unwrap_or_default() + 1;
        Ok(Events::new(stream::iter(first..=count).map(event)))
    }
}

fn event(number: u32) -> Event<Step> {
    let event = Event::new(step(number)).id(number.to_string());
    if number.is_multiple_of(2) {
        event.event("even").retry(Duration::from_millis(20))
    } else {
        event
    }
}

async fn check(client: StreamsClient) {
    let chunk = Bytes::from(vec![7; 64 * 1024]);
    let data = ByteStream::new(stream::iter(vec![chunk; 50]));
    let echoed = client.echo(data).await.unwrap();
    let all = echoed.read_to_end(usize::MAX).await.unwrap();
    assert!(all.len() == 50 * 64 * 1024 && all.iter().all(|byte| *byte == 7));
    let empty = client.echo(ByteStream::from(Bytes::new())).await.unwrap();
    assert_eq!(empty.read_to_end(0).await.unwrap(), "");
    let data = ByteStream::from(Bytes::from_static(b"abc"));
    assert_eq!(client.length(data).await.unwrap(), 3);

    let bytes = client.bytes("all").await.unwrap();
    assert_eq!(bytes.get("etag"), Some("\"v1\""));
    assert_eq!(bytes.value.read_to_end(2).await.unwrap(), "ab");
    let too_long = client
        .bytes("all")
        .await
        .unwrap()
        .value
        .read_to_end(1)
        .await;
    assert!(too_long.unwrap_err().is_decode());
    match client.bytes("taken").await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "taken"),
        other => panic!("{other:?}"),
    }
    // What breaks off is no whole.
    let mut broken = client.bytes("broken").await.unwrap().value;
    assert_eq!(broken.next().await.unwrap().unwrap(), "a");
    let fault = broken.next().await.unwrap().unwrap_err();
    assert!(fault.may_have_executed(), "{fault:?}");
    assert!(broken.next().await.is_none());

    let mut lines = client.lines(3, false).await.unwrap();
    for number in 1..=3 {
        assert_eq!(lines.next().await.unwrap().unwrap(), step(number));
    }
    assert!(lines.next().await.is_none());
    assert!(client.lines(0, false).await.unwrap().next().await.is_none());
    let lines: Vec<_> = client.lines(0, true).await.unwrap().collect().await;
    assert!(matches!(lines.as_slice(), [Err(_)]), "{lines:?}");

    for (last, first) in [(None, 1), (Some(2), 3), (Some(4), 5)] {
        let events = client.events(4, last).await.unwrap();
        let events: Vec<_> = events.map(Result::unwrap).collect().await;
        assert_eq!(events, (first..=4).map(event).collect::<Vec<_>>());
    }
    match client.events(0, None).await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "events"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(StreamsClient::local(Source)).await;
    check(StreamsClient::routed(Source)).await;
    let app = start(Source).await;
    check(StreamsClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn on_the_wire_it_is_what_the_standards_say() {
    let app = start(Source).await;
    let addr = addr(&app);
    let events = raw(addr, "GET /events?count=2|last-event-id: 1", b"").await;
    assert!(events.text.contains("content-type: text/event-stream"));
    let text = "id: 2\nevent: even\nretry: 20\ndata: {\"number\":2,\"text\":\"ü\\n2\"}\n\n";
    assert!(events.text.contains(text), "{events:?}");
    let lines = raw(addr, "GET /lines?count=1&breaks=false", b"").await;
    assert!(lines.text.contains("{\"number\":1,\"text\":\"ü\\n1\"}\n"));
    let bad = raw(addr, "GET /events?count=2|last-event-id: x", b"").await;
    crate::support::refused(&bad, 400, "header", "last-event-id");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_time_out_of_a_call_ends_with_the_headers() {
    for client in [StreamsClient::local(Slow), StreamsClient::routed(Slow)] {
        let options = CallOptions::new().timeout(Duration::from_secs(1));
        let lines = client.with(options).lines(3, false).await.unwrap();
        let lines: Vec<_> = lines.map(|line| line.unwrap().number).collect().await;
        assert_eq!(lines, [1, 2, 3]);
        // Comments keep a stream of events alive that has nothing to tell.
        let events = client.events(2, None).await.unwrap();
        let events: Vec<_> = events
            .map(|event| event.unwrap().data.number)
            .collect()
            .await;
        assert_eq!(events, [1, 2]);
    }
}

/// Each element takes a minute.
struct Slow;

impl Streams for Slow {
    async fn echo(&self, data: ByteStream) -> ByteStream {
        data
    }

    async fn length(&self, _data: ByteStream) -> Result<usize, Refused> {
        Ok(0)
    }

    async fn bytes(&self, _name: &str) -> Result<Headed<ByteStream>, Refused> {
        Ok(Headed::new(ByteStream::new(stream::empty())))
    }

    async fn lines(&self, count: u32, _breaks: bool) -> Lines<Step> {
        Lines::new(slowly(count).map(step))
    }

    async fn events(&self, count: u32, _last: Option<u32>) -> Result<Events<Step>, Refused> {
        Ok(Events::new(slowly(count).map(event)))
    }
}

fn slowly(count: u32) -> impl Stream<Item = u32> + Send {
    stream::iter(1..=count).then(|number| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        number
    })
}

#[tokio::test]
async fn a_streamed_body_has_the_declared_limit() {
    let app = start(Source).await;
    for client in [
        StreamsClient::routed(Source),
        StreamsClient::at(&url(&app)).unwrap(),
    ] {
        let bytes = || Bytes::from(vec![0; 1_000_001]);
        let error = client.length(bytes().into()).await.unwrap_err();
        // It says how long it is, so the handler need not run.
        let status = error.fault().and_then(mfhm::Fault::status);
        assert_eq!(status.map(|status| status.as_u16()), Some(413), "{error:?}");
        let unknown = ByteStream::new(stream::iter([bytes()]));
        let error = client.length(unknown).await.unwrap_err();
        assert!(matches!(error, CallError::Api(_)), "{error:?}");
    }
    app.stop().await;
}

/// Answers each connection with the next of these texts, then closes it.
async fn scripted(
    answers: &'static [&'static str],
) -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = requests.clone();
    let count = AtomicU32::new(0);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            seen.lock().unwrap().push(text);
            let index = count.fetch_add(1, Ordering::Relaxed) as usize;
            let answer = answers.get(index).copied().unwrap_or_default();
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, requests)
}

/// The answer claims to be longer than it is, so its end is a break.
macro_rules! broken {
    ($text:literal) => {
        concat!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n",
            $text
        )
    };
}

#[tokio::test]
async fn a_broken_stream_is_resumed_after_its_last_event() {
    let (url, requests) = scripted(&[
        broken!("retry: 1\nid: 7\ndata: {\"number\":1,\"text\":\"a\"}\n\ndata: {\"num"),
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        broken!("data: {\"number\":2,\"text\":\"b\"}\n\n"),
        "HTTP/1.1 204 No Content\r\n\r\n",
    ])
    .await;
    let client = StreamsClient::at(&url).unwrap();
    let events = client.events(9, None).await.unwrap();
    let numbers: Vec<_> = events
        .map(|event| event.unwrap().data.number)
        .collect()
        .await;
    assert_eq!(numbers, [1, 2]);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 4);
    assert!(!requests[0].contains("last-event-id"), "{requests:?}");
    for request in &requests[1..] {
        assert!(request.contains("last-event-id: 7\r\n"), "{requests:?}");
    }
}

#[tokio::test]
async fn interceptors_see_each_time_that_a_stream_is_resumed() {
    let (url, requests) = scripted(&[
        broken!("retry: 1\ndata: {\"number\":1,\"text\":\"a\"}\n\n"),
        broken!("data: {\"number\":2,\"text\":\"b\"}\n\n"),
        "HTTP/1.1 204 No Content\r\n\r\n",
    ])
    .await;
    let count = AtomicU32::new(0);
    let client = StreamsClient::at(&url).unwrap();
    let client = client.intercept(move |call: &mut OutgoingCall| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        call.headers_mut().append("x-number", number.into());
        Ok(())
    });
    let events = client.events(9, None).await.unwrap();
    assert_eq!(events.count().await, 2);
    let requests = requests.lock().unwrap();
    for (number, request) in requests.iter().enumerate() {
        assert!(
            request.contains(&format!("x-number: {number}\r\n")),
            "{request}"
        );
        assert_eq!(request.matches("x-number").count(), 1, "{request}");
        assert!(
            request.contains("accept: text/event-stream\r\n"),
            "{request}"
        );
    }
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn what_is_refused_is_not_resumed() {
    let (url, requests) = scripted(&[
        broken!("retry: 1\ndata: {\"number\":1,\"text\":\"a\"}\n\n"),
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    ])
    .await;
    let client = StreamsClient::at(&url).unwrap();
    let events: Vec<_> = client.events(9, None).await.unwrap().collect().await;
    let [Ok(_), Err(fault)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(fault.status().unwrap().as_u16(), 404);
    assert_eq!(fault.operation(), "events");
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_a_fault() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (url, _) = scripted(Box::leak(Box::new([answer]))).await;
        let client = StreamsClient::at(&url).unwrap();
        let error = client.events(9, None).await.unwrap_err();
        assert!(error.fault().unwrap().is_decode(), "{error:?}");
    }
    let text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 12\r\n\r\ndata: true\n\n";
    let (url, _) = scripted(Box::leak(Box::new([text]))).await;
    let client = StreamsClient::at(&url).unwrap();
    let events: Vec<_> = client.events(9, None).await.unwrap().collect().await;
    assert!(
        matches!(events.as_slice(), [Err(fault)] if fault.is_decode()),
        "{events:?}"
    );
}
