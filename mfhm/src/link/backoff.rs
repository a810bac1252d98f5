//! How long to wait before a center is asked again.

use std::time::Duration;

/// Exponential back-off with full jitter, from 0.1 to 30 s.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// Since the last success.
    pub failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(30);

    /// The pause after one more failure; `random` is from 0 to 1.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let ceiling = (Self::FIRST * 2u32.saturating_pow(self.failures)).min(Self::LONGEST);
        self.failures = (self.failures + 1).min(16);
        Self::FIRST + (ceiling - Self::FIRST).mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_shorter_than_a_tenth_or_longer_than_half_a_minute() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(1.0), Duration::from_millis(100));
        assert_eq!(backoff.next(1.0), Duration::from_millis(200));
        assert_eq!(backoff.next(0.0), Duration::from_millis(100));
        for _ in 0..100 {
            assert!(backoff.next(1.0) <= Duration::from_secs(30));
        }
        assert_eq!(backoff.next(1.0), Duration::from_secs(30));
    }
}
