//! What the peer of a connection may do that costs this side something and asks for
//! nothing: pure counting, half a second at a time.

/// So many frames in a period need no reason: settings, pings, windows, priorities.
const FREE_FRAMES: u32 = 1_000;

/// What a frame that is sent to the peer gives it to answer with: a window for the
/// stream and one for the connection, and as many for a client that is not thrifty.
const FRAMES_PER_FRAME: u32 = 4;

/// The peer takes the data of an answer in pieces of so much, if it is not thrifty.
const BYTES_PER_FRAME: usize = 1024;

/// What it has done of late.
#[derive(Debug)]
pub(super) struct Conduct {
    period: u32,
    most_resets: u32,
    resets: u32,
    frames: u32,
}

impl Conduct {
    /// So many requests may be taken back in a period, beside as many as are answered.
    pub(super) fn new(most_resets: u32) -> Self {
        Self {
            period: 0,
            most_resets,
            resets: 0,
            frames: 0,
        }
    }

    fn at(&mut self, period: u32) {
        if self.period != period {
            self.period = period;
            self.resets = 0;
            self.frames = 0;
        }
    }

    /// A request was taken back that was not answered. False: that is too much.
    ///
    /// The limit on requests at once is none for a peer that takes each back: its
    /// handler has been started, and there is room for the next.
    pub(super) fn takes_back(&mut self, period: u32) -> bool {
        self.at(period);
        self.resets = self.resets.saturating_add(1);
        self.resets <= self.most_resets
    }

    /// One was answered: the peer waits for answers.
    pub(super) fn is_answered(&mut self) {
        self.resets = self.resets.saturating_sub(1);
    }

    /// Data of an answer has gone to the peer, which will say that it has taken it.
    pub(super) fn is_sent(&mut self, bytes: usize) {
        let pieces = u32::try_from(bytes.div_ceil(BYTES_PER_FRAME)).unwrap_or(u32::MAX);
        let frames = pieces.saturating_mul(FRAMES_PER_FRAME);
        self.frames = self.frames.saturating_sub(frames);
    }

    /// So many frames came that ask for nothing. False: that is too much.
    pub(super) fn sends(&mut self, frames: u32, period: u32) -> bool {
        self.at(period);
        self.frames = self.frames.saturating_add(frames);
        self.frames <= FREE_FRAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_may_be_taken_back_in_a_period_and_again_in_the_next() {
        let mut conduct = Conduct::new(3);
        for period in 1..5 {
            for _ in 0..3 {
                assert!(conduct.takes_back(period));
            }
        }
        assert!(!conduct.takes_back(4));
        assert!(!Conduct::new(0).takes_back(1));
    }

    #[test]
    fn who_waits_for_answers_may_take_others_back() {
        let mut conduct = Conduct::new(3);
        for _ in 0..1_000 {
            assert!(conduct.takes_back(1));
            conduct.is_answered();
        }
        // What was answered is no stock for later.
        conduct.is_answered();
        for _ in 0..3 {
            assert!(conduct.takes_back(1));
        }
        assert!(!conduct.takes_back(1));
    }

    #[test]
    fn frames_that_ask_for_nothing_have_a_limit_and_those_that_take_answers_none() {
        let mut conduct = Conduct::new(3);
        assert!(conduct.sends(FREE_FRAMES, 1));
        assert!(conduct.sends(FREE_FRAMES, 2));
        assert!(!conduct.sends(1, 2));
        let mut conduct = Conduct::new(3);
        for _ in 0..10_000 {
            // An event, and two windows for it.
            conduct.is_sent(30);
            assert!(conduct.sends(2, 1));
            // A download in frames of 16 KiB by a peer with windows of one KiB.
            conduct.is_sent(16 << 10);
            assert!(conduct.sends(32, 1));
        }
    }
}
