//! [`Arrival`]: what an attempt waits for.

use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};

use crate::client::retry::Before;
use crate::client::transport::{Answered, Hop, Opened, Outgoing, Transport, TransportError};

/// What an attempt waits for: all of the answer, or its headers.
pub(super) trait Arrival: Sized {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>>;

    fn status(&self) -> StatusCode;

    fn headers(&self) -> &HeaderMap;

    /// The same with what came before it.
    fn after(self, before: Before) -> Self;
}

impl Arrival for Answered {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.exchange(hop, request)
    }

    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }
}

impl Arrival for Opened {
    fn exchange<'a>(
        transport: &'a dyn Transport,
        hop: Hop<'a>,
        request: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Self, TransportError>> {
        transport.open(hop, request)
    }

    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }
}
