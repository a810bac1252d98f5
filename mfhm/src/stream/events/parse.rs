//! Text to events: the standard's interpretation of an event stream.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};

/// The longest event that is read, in bytes.
const MAX_EVENT: usize = 16 << 20;

/// An event whose data is not read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawEvent {
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: String,
    pub(crate) retry: Option<Duration>,
}

/// Takes chunks and gives events.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    buffer: BytesMut,
    /// The part of the buffer that is known to hold no line end.
    searched: usize,
    /// A carriage return ended the last line: a line feed after it belongs to it.
    skips_line_feed: bool,
    has_begun: bool,
    event: RawEvent,
    has_data: bool,
}

/// An event is larger than it may be, or not UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl Parser {
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next event, if all of it is there.
    pub(crate) fn next(&mut self) -> Result<Option<RawEvent>, Malformed> {
        while let Some(line) = self.line() {
            let Ok(mut line) = std::str::from_utf8(&line) else {
                return Err(Malformed("an event of the answer is not UTF-8"));
            };
            if !std::mem::replace(&mut self.has_begun, true) {
                line = line.strip_prefix('\u{feff}').unwrap_or(line);
            }
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if std::mem::take(&mut self.has_data) {
                    return Ok(Some(event));
                }
                continue;
            }
            self.field(line);
            if self.event.data.len() > MAX_EVENT {
                return Err(Malformed(TOO_LONG));
            }
        }
        if self.buffer.len() > MAX_EVENT {
            return Err(Malformed(TOO_LONG));
        }
        Ok(None)
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.event.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.event.retry = value.parse().ok().map(Duration::from_millis);
            }
            // A comment, or what nobody knows.
            _ => {}
        }
    }

    /// A line without its end: a line feed, a carriage return, or both.
    fn line(&mut self) -> Option<BytesMut> {
        if self.skips_line_feed && !self.buffer.is_empty() {
            if self.buffer[0] == b'\n' {
                self.buffer.advance(1);
            }
            self.skips_line_feed = false;
        }
        let fresh = &self.buffer[self.searched..];
        let Some(end) = fresh.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.searched + end);
        self.skips_line_feed = self.buffer[0] == b'\r';
        self.buffer.advance(1);
        self.searched = 0;
        Some(line)
    }
}

const TOO_LONG: &str = "an event of the answer is longer than 16 MiB";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, chunk: usize) -> Vec<RawEvent> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for chunk in text.as_bytes().chunks(chunk) {
            parser.push(chunk);
            while let Some(event) = parser.next().unwrap() {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn the_cuts_of_the_chunks_mean_nothing() {
        let text = "\u{feff}: hello\r\n\r\nid: 1\rdata:a\rdata:  b\r\revent\ndata\nretry: 5\n\n\
                    id: 2\n\nretry: x\nunknown: y\ndata: ü\r\n\r\ndata: cut off\n";
        let expected = [
            RawEvent {
                id: Some("1".to_owned()),
                data: "a\n b".to_owned(),
                ..RawEvent::default()
            },
            RawEvent {
                event: Some(String::new()),
                retry: Some(Duration::from_millis(5)),
                ..RawEvent::default()
            },
            RawEvent {
                data: "ü".to_owned(),
                ..RawEvent::default()
            },
        ];
        for chunk in 1..=text.len() {
            assert_eq!(parse(text, chunk), expected, "chunks of {chunk}");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut parser = Parser::default();
        parser.push(&vec![b'a'; MAX_EVENT + 1]);
        assert_eq!(parser.next(), Err(Malformed(TOO_LONG)));
    }
}
