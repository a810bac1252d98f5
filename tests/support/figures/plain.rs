//! Instances that are no processes: what answers their pings, and what they say to
//! the center, by hand. Thousands of them fit into this program.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::address;

/// Ports on which something answers every request with 200. Dropping it closes them.
#[derive(Debug)]
pub struct Pingable {
    ports: Vec<u16>,
    _accepting: JoinSet<()>,
}

impl Pingable {
    /// Listens on so many ports.
    ///
    /// # Panics
    ///
    /// When there are no ports left.
    pub async fn listen(count: usize) -> Self {
        let (mut ports, mut accepting) = (Vec::new(), JoinSet::new());
        for _ in 0..count {
            let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
            ports.push(listener.local_addr().expect("it is bound").port());
            accepting.spawn(answer(listener));
        }
        Self {
            ports,
            _accepting: accepting,
        }
    }

    /// The port of an instance with this number; they share them.
    pub fn port(&self, number: usize) -> u16 {
        self.ports[number % self.ports.len()]
    }
}

/// Answers every request with 200.
pub async fn answer(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

/// The same, as an instance that says its id, which may change.
///
/// # Panics
///
/// Never: nobody panics with the id.
pub async fn answer_as(listener: TcpListener, service: &str, id: Arc<Mutex<String>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let id = id.lock().expect("nobody panics with it").clone();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nmfhm-service: {service}\r\nmfhm-instance: {id}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        );
        tokio::spawn(async move {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

/// An instance as the center is told of it.
#[derive(Clone, Debug)]
pub struct PlainInstance {
    /// The name of its service.
    pub service: String,
    /// Its own id.
    pub id: String,
    /// The address that it speaks from, and is pinged at.
    pub host: Ipv4Addr,
    /// The port that it is pinged at.
    pub port: u16,
}

impl PlainInstance {
    /// Registers with the center on this port.
    ///
    /// # Errors
    ///
    /// The center is not there or refuses.
    pub async fn register(&self, center: u16) -> io::Result<()> {
        let Self {
            service, id, port, ..
        } = self;
        let body = format!(r#"{{"service":"{service}","id":"{id}","address":{{"port":{port}}}}}"#);
        let answer = self.ask(center, "POST", "/v1/instances", &body).await?;
        expect(&answer, "HTTP/1.1 200")
    }

    /// Leaves the center.
    ///
    /// # Errors
    ///
    /// The center is not there or refuses.
    pub async fn leave(&self, center: u16) -> io::Result<()> {
        let path = format!("/v1/instances/{}", self.id);
        let answer = self.ask(center, "DELETE", &path, "").await?;
        expect(&answer, "HTTP/1.1 204")
    }

    /// Opens the stream that holds the registration. Absent: the center does not know
    /// the instance.
    ///
    /// # Errors
    ///
    /// The center is not there or refuses.
    pub async fn hold(&self, center: u16) -> io::Result<Option<Held>> {
        let mut stream = address::connect(self.host, center).await?;
        let request = format!(
            "GET /v1/instances/{}/hold HTTP/1.0\r\nhost: a\r\n\r\n",
            self.id
        );
        stream.write_all(request.as_bytes()).await?;
        let mut stream = BufReader::with_capacity(512, stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.split(' ').nth(1) {
            Some("200") => Ok(Some(Held(stream))),
            Some("404") => Ok(None),
            _ => Err(io::Error::other(format!(
                "a hold is answered with {line:?}"
            ))),
        }
    }

    async fn ask(&self, center: u16, method: &str, path: &str, body: &str) -> io::Result<String> {
        let mut stream = address::connect(self.host, center).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

/// An open stream that holds a registration.
#[derive(Debug)]
pub struct Held(BufReader<TcpStream>);

impl Held {
    /// Reads until the center ends it.
    pub async fn ended(mut self) {
        let mut bytes = [0; 256];
        while matches!(self.0.read(&mut bytes).await, Ok(1..)) {}
    }
}

fn expect(answer: &str, beginning: &str) -> io::Result<()> {
    if answer.starts_with(beginning) {
        return Ok(());
    }
    Err(io::Error::other(format!("the center says {answer:?}")))
}
