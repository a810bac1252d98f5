//! One kept-alive connection that sends the same request again and again: the
//! leanest client, so that what is measured is the server.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Panics
    ///
    /// When the server is not there: a measurement without it means nothing.
    pub async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream
            .set_nodelay(true)
            .expect("a fresh socket takes options");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("the server speaks HTTP");
        // It ends when the sender is dropped.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender }
    }

    /// `GET /users/7?verbose=true`.
    ///
    /// # Panics
    ///
    /// When the answer is no success.
    pub async fn get(&mut self) -> usize {
        self.send(Method::GET, "/users/7?verbose=true", Bytes::new())
            .await
    }

    /// `POST /users` with a small body.
    ///
    /// # Panics
    ///
    /// When the answer is no success.
    pub async fn post(&mut self) -> usize {
        self.send(
            Method::POST,
            "/users",
            Bytes::from_static(br#"{"name":"Ada"}"#),
        )
        .await
    }

    async fn send(&mut self, method: Method, target: &str, body: Bytes) -> usize {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .expect("the request is well-formed");
        self.sender
            .ready()
            .await
            .expect("the connection stays open");
        let answer = self
            .sender
            .send_request(request)
            .await
            .expect("an answer comes");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
            .into_body()
            .collect()
            .await
            .expect("the answer is whole")
            .to_bytes()
            .len()
    }
}
