//! Answers that last: streams that go on until one side ends them.
//!
//! hyper keeps 8 KiB of each connection for the next request, and as much for the head
//! of the next answer. Where an answer is the last thing on its connection and
//! thousands of them are open, that is most of what a process takes. A handler
//! marks such an answer with [`Lasting`]. Its connection is taken from hyper, and what
//! follows is written here: a head that says `connection: close`, and a chunk for each
//! frame of the body.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::{Buf, Bytes};
use http::{Response, Version, response};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::connection::Answered;

/// So much of what comes after the request is passed over: requests that a peer sent
/// ahead.
const MOST_UNASKED: usize = 64 << 10;

/// Marks an answer, as an extension of it: nothing else is said on its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lasting;

/// An answer that is to be sent without hyper.
pub(super) struct Outgoing {
    head: Bytes,
    body: Answered,
    /// Who asks with 1.0 does not know chunks, and reads until the end.
    is_chunked: bool,
}

impl Outgoing {
    /// The answer to a request of this version.
    pub(super) fn new(version: Version, answer: Response<Answered>) -> Self {
        let (parts, body) = answer.into_parts();
        let is_chunked = version > Version::HTTP_10;
        Self {
            head: head(version, is_chunked, &parts),
            body,
            is_chunked,
        }
    }

    /// Sends it until its body or the peer ends.
    pub(super) async fn send<S>(self, mut stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self {
            mut head,
            mut body,
            is_chunked,
        } = self;
        stream.write_all_buf(&mut head).await?;
        stream.flush().await?;
        drop(head);
        let mut unasked = 0;
        loop {
            let next =
                std::future::poll_fn(|context| next(&mut stream, &mut body, &mut unasked, context));
            let Some(data) = next.await? else { break };
            send_frame(&mut stream, data, is_chunked).await?;
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.shutdown().await
    }
}

async fn send_frame<S>(stream: &mut S, data: Bytes, is_chunked: bool) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    if data.is_empty() {
        // As a chunk it would be the end.
        return Ok(());
    }
    if is_chunked {
        let length = Bytes::from(format!("{:x}\r\n", data.len()));
        let mut chunk = length.chain(data).chain(&b"\r\n"[..]);
        stream.write_all_buf(&mut chunk).await?;
    } else {
        let mut data = data;
        stream.write_all_buf(&mut data).await?;
    }
    stream.flush().await
}

/// The next data of the body. Absent: it is over.
fn next<S>(
    stream: &mut S,
    body: &mut Answered,
    unasked: &mut usize,
    context: &mut Context<'_>,
) -> Poll<io::Result<Option<Bytes>>>
where
    S: AsyncRead + Unpin,
{
    // First, because a peer that is gone needs nothing more. What it sends after its
    // request is passed over, as it is told that the connection ends with this answer;
    // one that goes on and on is hung up on.
    let mut unread = [0; 256];
    loop {
        let mut unread = ReadBuf::new(&mut unread);
        match Pin::new(&mut *stream).poll_read(context, &mut unread) {
            Poll::Ready(Ok(())) if unread.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(Ok(())) => {
                *unasked += unread.filled().len();
                if *unasked > MOST_UNASKED {
                    let why = "the peer sends what nobody asked for";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
                }
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => break,
        }
    }
    loop {
        return match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Poll::Ready(Ok(Some(data))),
                // Nobody was told that trailers come.
                Err(_) => continue,
            },
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(io::Error::other(error))),
            Poll::Ready(None) => Poll::Ready(Ok(None)),
            Poll::Pending => Poll::Pending,
        };
    }
}

fn head(version: Version, is_chunked: bool, parts: &response::Parts) -> Bytes {
    let mut head = format!("{version:?} {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if is_chunked {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    let date = httpdate::fmt_http_date(SystemTime::now());
    head.extend_from_slice(format!("connection: close\r\ndate: {date}\r\n\r\n").as_bytes());
    head.into()
}
