//! Answers that last: streams that go on until one side ends them.
//!
//! hyper keeps 8 KiB of each connection for the next request, and as much for the head
//! of the next answer. Where an answer is the last thing on its connection and
//! thousands of them are open, that is most of what a process takes. A handler
//! marks such an answer with [`Lasting`]. Its connection is taken from hyper, and what
//! follows is written here: a head that says `connection: close`, and a chunk for each
//! frame of the body.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use http::{Response, Version, response};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Answered;
use super::seat::{Order, Seat};

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

    /// The answer on its way to this peer.
    pub(super) fn to<S>(self, stream: S) -> Sending<S> {
        Sending {
            stream,
            body: self.body,
            unsent: Unsent::of([self.head, Bytes::new(), Bytes::new()]),
            unasked: 0,
            is_flushed: false,
            is_chunked: self.is_chunked,
            is_over: false,
        }
    }
}

/// An answer that is sent until its body or its peer ends, or its seat is told to.
///
/// Thousands of these are open, each the whole of a task: it is written by hand so
/// that it is no larger than what it has to remember while nothing happens.
pub(super) struct Sending<S> {
    stream: S,
    body: Answered,
    unsent: Option<Box<Unsent>>,
    /// So many bytes came after the request.
    unasked: usize,
    is_flushed: bool,
    is_chunked: bool,
    /// Of the body there is no more.
    is_over: bool,
}

/// What waits to be taken by the peer. The data itself is not copied: all watchers of a
/// service share it.
struct Unsent(Chain<Chain<Bytes, Bytes>, Bytes>);

impl Unsent {
    fn of([before, data, after]: [Bytes; 3]) -> Option<Box<Self>> {
        Some(Box::new(Self(before.chain(data).chain(after))))
    }
}

impl<S> Future for Sending<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Before anything is looked at: what it is told meanwhile wakes it again.
        let order = this.seat().listen(context.waker());
        let sent = this.poll_send(context);
        // What was sent or taken just now may have made an order void.
        if sent.is_pending() && order == Order::Close && this.seat().order() == Order::Close {
            return Poll::Ready(Ok(()));
        }
        sent
    }
}

impl<S> Sending<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn seat(&self) -> &Arc<Seat> {
        self.body.seat()
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_unsent(context))?;
            if self.is_over {
                return Pin::new(&mut self.stream).poll_shutdown(context);
            }
            // First, because a peer that is gone needs nothing more.
            self.pass_over(context)?;
            match ready!(self.poll_body(context))? {
                // As a chunk it would be the end.
                Some(data) if data.is_empty() => {}
                Some(data) if self.is_chunked => {
                    let length = Bytes::from(format!("{:x}\r\n", data.len()));
                    self.send([length, data, Bytes::from_static(b"\r\n")]);
                }
                Some(data) => self.send([data, Bytes::new(), Bytes::new()]),
                None => {
                    self.is_over = true;
                    if self.is_chunked {
                        let end = Bytes::from_static(b"0\r\n\r\n");
                        self.send([end, Bytes::new(), Bytes::new()]);
                    }
                }
            }
        }
    }

    fn send(&mut self, parts: [Bytes; 3]) {
        self.unsent = Unsent::of(parts);
        self.is_flushed = false;
    }

    /// Ready when the peer has taken everything so far.
    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(unsent) = &mut self.unsent {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = unsent.0.chunks_vectored(&mut slices);
            let written = Pin::new(&mut self.stream).poll_write_vectored(context, &slices[..count]);
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => unsent.0.advance(written),
            }
            if !unsent.0.has_remaining() {
                self.unsent = None;
            }
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// What a peer sends after its request is passed over, as it is told that the
    /// connection ends with this answer; one that goes on and on is hung up on. An
    /// error: it is gone.
    fn pass_over(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let mut unread = [0; 256];
        loop {
            let mut unread = ReadBuf::new(&mut unread);
            match Pin::new(&mut self.stream).poll_read(context, &mut unread) {
                Poll::Ready(read) => read?,
                Poll::Pending => return Ok(()),
            }
            if unread.filled().is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unasked += unread.filled().len();
            if self.unasked > MOST_UNASKED {
                let why = "the peer sends what nobody asked for";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
    }

    /// The next data of the body. Absent: it is over.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Ok(Some(data)),
                    // Nobody was told that trailers come.
                    Err(_) => continue,
                },
                Some(Err(error)) => Err(io::Error::other(error)),
                None => Ok(None),
            });
        }
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
