//! Durations on the command line.

use std::time::Duration;

/// Reads `2s`, `500ms`, `1m 30s`, or a bare number of seconds as in Python.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .map_err(|_| format!("{text:?} is no length of time"));
    }
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write 2s, 500ms, or a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_bare_seconds_are_read() {
        for (text, milliseconds) in [
            ("2s", 2000),
            ("500ms", 500),
            ("5", 5000),
            ("0.25", 250),
            ("1m 30s", 90_000),
            ("0", 0),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "-1", "2 parsecs", "s", "NaN", "inf", "1e300"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
