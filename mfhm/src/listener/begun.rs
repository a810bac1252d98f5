//! [`Begun`]: a stream of which the first bytes were read, to see what is spoken.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So many bytes show it: as many as HTTP/2 begins with.
pub(crate) const MOST: usize = 24;

/// Gives back what was read of a stream, and then the rest of it. The bytes stand in it,
/// so that a connection that is looked at takes no memory beside it.
#[derive(Debug)]
pub(crate) struct Begun<S> {
    first: [u8; MOST],
    given: u8,
    read: u8,
    stream: S,
}

impl<S> Begun<S> {
    /// These came first; at most [`MOST`] of them count.
    pub(crate) fn new(first: &[u8], stream: S) -> Self {
        let mut begun = Self {
            first: [0; MOST],
            given: 0,
            read: 0,
            stream,
        };
        for (place, byte) in begun.first.iter_mut().zip(first) {
            *place = *byte;
            begun.read += 1;
        }
        begun
    }

    /// The rest of it.
    #[cfg(feature = "h2")]
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given < self.read && buffer.remaining() > 0 {
            let left = &self.first[usize::from(self.given)..usize::from(self.read)];
            let left = &left[..left.len().min(buffer.remaining())];
            buffer.put_slice(left);
            let given = u8::try_from(left.len()).unwrap_or(u8::MAX);
            self.given = self.given.saturating_add(given);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_read_comes_first_however_it_is_asked_for() {
        for step in [1, 2, 5, 100] {
            let mut begun = Begun::new(b"first", &b" and the rest"[..]);
            let mut all = Vec::new();
            let mut some = vec![0; step];
            while let read @ 1.. = begun.read(&mut some).await.unwrap() {
                all.extend_from_slice(&some[..read]);
            }
            assert_eq!(all, b"first and the rest", "{step}");
        }
    }
}
