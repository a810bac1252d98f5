//! [`Http2`]: whether calls are made by HTTP/2, and what its errors say.

use std::time::Duration;

use h2::Reason;

/// When calls are made by HTTP/2 and not by HTTP/1.1. For
/// [`CallerBuilder::http2`](crate::CallerBuilder::http2), or `MFHM_HTTP2`.
///
/// By HTTP/2 all calls of an instance share one connection. HTTP/1.1 is faster for
/// small calls between machines that are near, and is what every peer speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Http2 {
    /// Over TLS where the instance wants it too (ALPN). The default; `negotiated`.
    #[default]
    Negotiated,
    /// Also without TLS, where every instance that is called must speak it;
    /// `prior-knowledge`.
    PriorKnowledge,
    /// Nowhere; `off`.
    Off,
}

impl Http2 {
    /// What the environment says.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "negotiated" => Some(Self::Negotiated),
            "prior-knowledge" => Some(Self::PriorKnowledge),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// When nothing has come for so long although an answer is waited for, the other end is
/// asked whether it is there. By HTTP/1.1 a call that is given up takes its connection
/// with it; here the next call would go where the last one was lost.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// After so long without its answer the connection is given up.
pub(super) const DEAD: Duration = Duration::from_secs(10);

/// The headers of an answer have room in this.
pub(super) const HEAD: u32 = 128 << 10;

/// Whether an exchange failed in a way that says that nothing of the request was run:
/// its stream was refused, or the other end said goodbye and that it had not come to it.
/// RFC 9113, section 8.7.
pub(super) fn was_not_begun(error: &(dyn std::error::Error + 'static)) -> bool {
    let Some(error) = of_http2(error) else {
        return false;
    };
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    // Streams up to the last one that the goodbye names go on, and end in other ways.
    error.is_remote() && (is_refused || error.is_go_away())
}

/// Whether the connection ended with this error of what is below it, of which h2 keeps
/// the text alone.
#[cfg(any(feature = "tls", test))]
pub(super) fn ended_with(error: &(dyn std::error::Error + 'static), text: &str) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|error| error.is::<std::io::Error>() && error.to_string() == text)
}

fn of_http2<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a h2::Error> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.find_map(|error| error.downcast_ref())
}
