//! Which version of HTTP is spoken on a connection that did not agree on one.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::listener::begun::{Begun, MOST};

/// What HTTP/2 begins with, RFC 9113, section 3.4. No request of another version does.
const PREFACE: &[u8; MOST] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream, and what is spoken on it.
pub(in crate::listener) enum Opened<S> {
    Http1(Begun<S>),
    Http2(Begun<S>),
}

/// Reads so much of it as shows what is spoken: of other versions nearly always what a
/// single read gives.
pub(in crate::listener) async fn look<S>(mut stream: S) -> io::Result<Opened<S>>
where
    S: AsyncRead + Unpin,
{
    let mut first = [0; MOST];
    let mut read = 0;
    while read < MOST && PREFACE.starts_with(&first[..read]) {
        match stream.read(&mut first[read..]).await? {
            0 => break,
            more => read += more,
        }
    }
    let is_http2 = read == MOST && first == *PREFACE;
    let begun = Begun::new(&first[..read], stream);
    Ok(if is_http2 {
        Opened::Http2(begun)
    } else {
        Opened::Http1(begun)
    })
}

/// What a connection without a place is told: nothing that it sends is looked at. The
/// empty settings that a server begins with, and GOAWAY: no stream, ENHANCE_YOUR_CALM.
pub(in crate::listener) fn refusal(detail: &str) -> Vec<u8> {
    let mut frames = vec![0, 0, 0, 4, 0, 0, 0, 0, 0];
    let length = u8::try_from(8 + detail.len()).unwrap_or(u8::MAX);
    let detail = &detail.as_bytes()[..usize::from(length) - 8];
    frames.extend_from_slice(&[0, 0, length, 7, 0, 0, 0, 0, 0]);
    frames.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0xb]);
    frames.extend_from_slice(detail);
    frames
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_show_what_is_spoken_however_they_come() {
        for (text, expected) in [
            (&PREFACE[..], true),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", true),
            (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", false),
            (b"PRI * HTTP/1.1\r\nhost: a\r\n\r\n", false),
            (b"POST / HTTP/1.1\r\n\r\n", false),
            (b"P", false),
            (b"", false),
        ] {
            for step in [1, 3, 100] {
                let (mut here, there) = tokio::io::duplex(100);
                for some in text.chunks(step) {
                    here.write_all(some).await.unwrap();
                }
                drop(here);
                let (is_http2, mut begun) = match look(there).await.unwrap() {
                    Opened::Http1(begun) => (false, begun),
                    Opened::Http2(begun) => (true, begun),
                };
                assert_eq!(is_http2, expected, "{text:?}");
                let mut all = Vec::new();
                begun.read_to_end(&mut all).await.unwrap();
                assert_eq!(all, text);
            }
        }
    }
}
