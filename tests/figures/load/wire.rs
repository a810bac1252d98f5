//! HTTP/1.1 on a kept connection, with as little work as possible: it should be the
//! server that is measured.

use std::io;
use std::net::Ipv4Addr;

use support::figures::address;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(port: u16) -> io::Result<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, port).await
    }

    /// The same from another address of this machine.
    pub(crate) async fn open_from(from: Ipv4Addr, port: u16) -> io::Result<Self> {
        Ok(Self {
            stream: address::connect(from, port).await?,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some(head) = head(&self.buffer[..filled])? {
                let is_whole = match head.length {
                    Some(length) => filled >= head.end + length,
                    // No body here has these bytes inside.
                    None => self.buffer[head.end - 2..filled].ends_with(b"\r\n0\r\n\r\n"),
                };
                if is_whole {
                    return Ok(Answer {
                        status: head.status,
                        body: &self.buffer[head.end..filled],
                    });
                }
            }
        }
    }
}

struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    /// Absent: it comes in chunks.
    length: Option<usize>,
}

/// The head of an answer, once it is there.
fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let not_http = || io::Error::other(format!("not HTTP: {:?}", String::from_utf8_lossy(bytes)));
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| not_http())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.get(9..12));
    let status = status.and_then(|status| status.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let status: u16 = status.ok_or_else(not_http)?;
    let is_empty = length.is_none() && matches!(status, 204 | 304);
    Ok(Some(Head {
        status,
        end: end + 4,
        length: if is_empty { Some(0) } else { length },
    }))
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    if !body.is_empty() {
        text += &format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}
