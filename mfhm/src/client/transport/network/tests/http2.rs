//! Calls by HTTP/2, with other ends that answer by the book or write their frames by
//! hand.

use h2::Reason;
use h2::server::SendResponse;

use super::*;

const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

fn by_http2(peer: fn(DuplexStream, usize) -> BoxFuture<'static, ()>) -> (Network, Arc<Wired>) {
    let made = AtomicUsize::new(0);
    let wired = Arc::new(Wired { peer, made });
    let dial = Dial::new(wired.clone(), Secured::default(), Whom::Nobody);
    (Network::over(dial.with_http2(true, true)), wired)
}

/// Answers each request with its host and path; what is asked first, last.
fn polite(stream: DuplexStream, _: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let said = request.uri().to_string().into();
            let answer = http::Response::new(());
            let mut sending = respond.send_response(answer, false).unwrap();
            sending.send_data(said, true).unwrap();
        }
    })
}

#[tokio::test]
async fn calls_share_a_connection() {
    let (network, wired) = by_http2(polite);
    let answer = get(&network, THERE).await.unwrap();
    assert_eq!(answer.body, "http://a.example:3/users/7?verbose=true");
    let calls = (0..50).map(|_| get(&network, THERE));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    assert_eq!(wired.made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn calls_that_begin_before_it_is_known_what_is_spoken_are_answered() {
    let (network, wired) = by_http2(polite);
    let calls = (0..50).map(|_| get(&network, THERE));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    // By now one is shared.
    let made = wired.made.load(Ordering::SeqCst);
    get(&network, THERE).await.unwrap();
    assert_eq!(wired.made.load(Ordering::SeqCst), made);
}

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, 0];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Reads until a request has come.
async fn request(stream: &mut DuplexStream) -> io::Result<()> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}

fn reset(reason: Reason) -> Vec<u8> {
    frame(RST_STREAM, 1, &u32::from(reason).to_be_bytes())
}

fn goodbye(last: u8, reason: Reason) -> Vec<u8> {
    let reason = u32::from(reason).to_be_bytes();
    frame(GOAWAY, 0, &[&[0, 0, 0, last], &reason[..]].concat())
}

/// What each connection answers its request with, and what that says of it.
fn endings() -> [(Vec<u8>, TransportErrorKind); 8] {
    use TransportErrorKind::{Broken, Connect};
    [
        (reset(Reason::REFUSED_STREAM), Connect),
        (goodbye(0, Reason::NO_ERROR), Connect),
        (goodbye(0, Reason::ENHANCE_YOUR_CALM), Connect),
        (goodbye(1, Reason::NO_ERROR), Broken),
        (reset(Reason::INTERNAL_ERROR), Broken),
        (reset(Reason::CANCEL), Broken),
        (reset(Reason::ENHANCE_YOUR_CALM), Broken),
        (Vec::new(), Broken),
    ]
}

fn ending(mut stream: DuplexStream, number: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        stream.read_exact(&mut [0; PREFACE]).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        request(&mut stream).await.unwrap();
        stream.write_all(&endings()[number].0).await.unwrap();
    })
}

#[tokio::test]
async fn what_was_refused_or_comes_after_a_goodbye_was_not_run_and_the_rest_may_have_been() {
    let (network, wired) = by_http2(ending);
    for (index, (_, expected)) in endings().into_iter().enumerate() {
        let error = get(&network, THERE).await.unwrap_err();
        assert_eq!(error.kind, expected, "{index}: {error:?}");
        // The pool hears of the end by a task.
        while wired.made.load(Ordering::SeqCst) == index {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// Answers the second request, and the first one never: it waits for its end.
fn hanging(stream: DuplexStream, _: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut hung = None::<SendResponse<Bytes>>;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let Some(hung) = &mut hung else {
                hung = Some(respond);
                continue;
            };
            let why = std::future::poll_fn(|context| hung.poll_reset(context)).await;
            let status = if matches!(why, Ok(Reason::CANCEL)) {
                200
            } else {
                500
            };
            let answer = http::Response::builder().status(status).body(()).unwrap();
            respond.send_response(answer, true).unwrap();
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_takes_its_request_back_and_not_the_connection() {
    let (network, wired) = by_http2(hanging);
    let hanging = tokio::time::timeout(Duration::from_secs(1), get(&network, THERE));
    assert!(hanging.await.is_err());
    assert_eq!(get(&network, THERE).await.unwrap().status, 200);
    assert_eq!(wired.made.load(Ordering::SeqCst), 1);
}

/// Speaks HTTP/2 until the first request; then nothing more comes of it.
fn vanishing(mut stream: DuplexStream, _: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        stream.read_exact(&mut [0; PREFACE]).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_other_end_is_gone_is_not_used_for_ever() {
    let (network, wired) = by_http2(vanishing);
    let started = Instant::now();
    let call = tokio::time::timeout(Duration::from_secs(60), get(&network, THERE));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Broken, "{error:?}");
    let waited = started.elapsed();
    assert!((10..=16).contains(&waited.as_secs()), "{waited:?}");
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), get(&network, THERE)).await;
    assert_eq!(wired.made.load(Ordering::SeqCst), 2);
}

/// Breaks with a reason once a request is sent.
#[derive(Debug, Default)]
struct Refusing {
    written: usize,
}

impl AsyncRead for Refusing {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.written > 100 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "not you")));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncWrite for Refusing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connector for Refusing {
    fn connect(&self, _: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        Box::pin(async { Ok(Box::new(Self::default()) as Box<dyn Wire>) })
    }
}

#[tokio::test]
async fn what_a_connection_ended_with_is_known() {
    let dial = Dial::new(
        Arc::new(Refusing::default()),
        Secured::default(),
        Whom::Nobody,
    );
    let network = Network::over(dial.with_http2(true, true));
    let error = get(&network, THERE).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Broken, "{error:?}");
    assert!(super::super::http2::ended_with(&*error.source, "not you"));
    assert!(!super::super::http2::ended_with(&*error.source, "others"));
}
