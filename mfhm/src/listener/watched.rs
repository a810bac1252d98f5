//! [`Watched`]: a stream that notes when bytes come and go, and has its connection's
//! place for as long as it is there.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::seat::Seat;
use super::seats::Taker;

pub(crate) struct Watched<S> {
    // Closed first, then its place is free.
    stream: S,
    taker: Taker,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, taker: Taker) -> Self {
        Self { stream, taker }
    }

    fn seat(&self) -> &Arc<Seat> {
        &self.taker.0
    }

    /// An error once an upgraded connection has to end.
    fn may_write(&self, context: &Context<'_>) -> io::Result<()> {
        if self.seat().is_over_for_writer(context.waker()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        let now = self.seat().seats().now();
        match written {
            Poll::Ready(Ok(1..)) => self.seat().activity.sent(now),
            Poll::Pending => self.seat().activity.stalls(now),
            Poll::Ready(_) => {}
        }
    }

    /// Of a flush or a shutdown, which TLS may have to wait for.
    fn waited(&self, done: &Poll<io::Result<()>>) {
        let now = self.seat().seats().now();
        match done {
            Poll::Ready(_) => self.seat().activity.flushed(now),
            Poll::Pending => self.seat().activity.stalls(now),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seat().is_over_for_reader(context.waker()) {
            // As if the peer had closed.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.seat().activity.received(self.seat().seats().now());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.may_write(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.may_write(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.waited(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.waited(&shut);
        shut
    }
}
