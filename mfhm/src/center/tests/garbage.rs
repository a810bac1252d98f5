//! Sockets that say what is no HTTP, no request of this protocol, or nothing more in the
//! middle of a word. Each is refused or cut off, and the instances that are registered
//! are none the worse for it.

use super::*;

/// Sends bytes as they are and reads what comes until the other side closes, or for a
/// short while where it rightly does not.
async fn throw(address: SocketAddr, bytes: &[u8], keeps_open: bool) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The center may close before all of it is sent.
    let _ = stream.write_all(bytes).await;
    if !keeps_open {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_thrown_at_a_center_hurts_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _service) = service().await;
    let center = builder(dir.path())
        .ping_interval(Duration::from_millis(200))
        .ping_timeout(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let address = center.addr();
    let body = format!(r#"{{"service":"users","id":"u1","address":{{"port":{port}}}}}"#);
    let answer = send(address, "POST", "/v1/instances", &body).await;
    assert!(answer.contains(" 200 OK"), "{answer}");
    until(address, "/v1/services/users", r#""status":"up""#).await;

    let post =
        |rest: &str| format!("POST /v1/instances HTTP/1.1\r\nhost: a\r\n{rest}").into_bytes();
    let cases: Vec<Vec<u8>> = vec![
        vec![0; 4096],
        (0..=255).cycle().take(70_000).collect(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /ping HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /v1/services HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n".to_vec(),
        b"GET /v1/services HTTP/1.1\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 20)).into_bytes(),
        format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "a: b\r\n".repeat(5_000)
        )
        .into_bytes(),
        post("content-length: 99999999999999999999\r\n\r\n{}"),
        post("content-length: -1\r\n\r\n{}"),
        post("content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
        post("content-length: 1000\r\n\r\n{\"service\":"),
        post("transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        post("transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        post("transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n"),
        post("transfer-encoding: gzip\r\n\r\n\x1f\u{8b}"),
    ];
    for bytes in cases {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let answer = throw(address, &bytes, false).await;
        // No answer at all is one, too.
        let status = answer.split(' ').nth(1).unwrap_or("4");
        assert!(status.starts_with('4'), "{shown:?}: {answer}");
    }
    // The instance is where it was, and pinged all the while.
    let read = get(address, "/v1/services/users").await;
    assert!(
        read.contains(r#""id":"u1""#) && read.contains(r#""status":"up""#),
        "{read}"
    );
    center.stop().await;
}

/// Whoever holds a registration sends nothing on it. If it does, it is not heard, holds
/// no memory, and the end of it is the end of any stream: a reason to look.
#[tokio::test]
async fn a_held_stream_that_sends_garbage_evicts_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _service) = service().await;
    let center = builder(dir.path()).start().await.unwrap();
    let address = center.addr();
    let body = format!(r#"{{"service":"users","id":"u1","address":{{"port":{port}}}}}"#);
    let answer = send(address, "POST", "/v1/instances", &body).await;
    assert!(answer.contains(" 200 OK"), "{answer}");
    for kind in ["hold", "watch"] {
        let target = match kind {
            "hold" => "/v1/instances/u1/hold",
            _ => "/v1/watch?service=users",
        };
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200", "{kind}");
        // More than any buffer holds: the center stops reading, or hangs up.
        let garbage = vec![b'\xff'; 1 << 20];
        let sending = async {
            for _ in 0..64 {
                if stream.write_all(&garbage).await.is_err() {
                    return;
                }
            }
            panic!("{kind}: the center takes in what nobody asked for");
        };
        let _ = tokio::time::timeout(Duration::from_millis(500), sending).await;
        drop(stream);
        until(address, "/health", r#""held":0"#).await;
        until(address, "/v1/services/users", r#""status":"up""#).await;
    }
    center.stop().await;
}
