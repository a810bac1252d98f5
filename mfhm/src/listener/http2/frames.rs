//! [`Frames`]: which frames come, seen from outside of `h2`.
//!
//! `h2` keeps to itself what asks for nothing (pings, settings, windows), and that the
//! head of a request has begun. Both are in the nine bytes before each frame. Nothing is
//! judged here but their number and whether one is under way; a frame that is wrong
//! is for `h2` to refuse, which ends the connection.

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;

/// Length, kind, flags and stream.
const HEAD: usize = 9;

/// Follows what the peer sends after the preface.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Bytes that are not looked at: of the preface, or of a frame.
    passed_over: u32,
    head: [u8; HEAD],
    read: usize,
    is_data: bool,
    /// The head of a request goes on in the next frame.
    goes_on: bool,
}

impl Frames {
    /// Behind so many bytes.
    pub(super) fn after(bytes: u32) -> Self {
        Self {
            passed_over: bytes,
            is_data: true,
            ..Self::default()
        }
    }

    /// Looks at what came, and says how many frames began in it that ask for nothing.
    pub(super) fn look(&mut self, mut bytes: &[u8]) -> u32 {
        let mut idle = 0;
        loop {
            let passed = bytes
                .len()
                .min(usize::try_from(self.passed_over).unwrap_or(usize::MAX));
            bytes = &bytes[passed..];
            self.passed_over -= u32::try_from(passed).unwrap_or(self.passed_over);
            let Some((next, rest)) = bytes.split_first() else {
                return idle;
            };
            self.head[self.read] = *next;
            self.read += 1;
            bytes = rest;
            if self.read == HEAD {
                self.read = 0;
                idle += u32::from(self.begins());
            }
        }
    }

    /// A frame begins; says whether it asks for nothing.
    fn begins(&mut self) -> bool {
        let [high, middle, low, kind, flags, ..] = self.head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        self.passed_over = length;
        self.is_data = kind == DATA;
        match kind {
            // h2 counts those that are empty, and ends what has many.
            DATA => false,
            HEADERS | CONTINUATION => {
                self.goes_on = flags & END_HEADERS == 0;
                kind == CONTINUATION && length == 0
            }
            _ => true,
        }
    }

    /// Whether something has begun that is no data and not there yet: nothing else can
    /// come before it.
    pub(super) fn is_underway(&self) -> bool {
        self.goes_on || (self.passed_over > 0 && !self.is_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u32) -> Vec<u8> {
        let [_, high, middle, low] = length.to_be_bytes();
        let mut frame = vec![high, middle, low, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + length as usize, 0);
        frame
    }

    #[test]
    fn frames_are_counted_however_they_come() {
        let all = [
            vec![0; 24],
            frame(0x4, 0, 6),
            frame(HEADERS, END_HEADERS, 300),
            frame(DATA, 0, 5),
            frame(DATA, 1, 0),
            frame(0x8, 0, 4),
            frame(0x3, 0, 4),
            frame(0x6, 0, 8),
            frame(0x2, 0, 5),
            frame(0xfa, 0, 70_000),
        ]
        .concat();
        for step in [1, 2, 7, 9, 100, all.len()] {
            let mut frames = Frames::after(24);
            let seen: u32 = all.chunks(step).map(|some| frames.look(some)).sum();
            assert_eq!(seen, 6, "in steps of {step}");
            assert!(!frames.is_underway());
        }
    }

    #[test]
    fn a_head_is_underway_until_its_last_byte_and_data_never_is() {
        let head = [frame(HEADERS, 1, 10), frame(CONTINUATION, END_HEADERS, 4)].concat();
        let mut frames = Frames::default();
        for (index, byte) in head.iter().enumerate() {
            frames.look(&[*byte]);
            let expected = (HEAD - 1..head.len() - 1).contains(&index);
            assert_eq!(frames.is_underway(), expected, "{index}");
        }
        let data = frame(DATA, 0, 10);
        for byte in &data {
            frames.look(&[*byte]);
            assert!(!frames.is_underway());
        }
        let ping = frame(0x6, 0, 8);
        frames.look(&ping[..12]);
        assert!(frames.is_underway());
        frames.look(&ping[12..]);
        assert!(!frames.is_underway());
    }
}
