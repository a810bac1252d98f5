//! Figures as Markdown.

use std::fmt;
use std::time::Duration;

/// A table with a column for each word of its head.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned).to_vec()],
        }
    }

    /// One more row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Prints it.
    pub fn print(&self) {
        println!();
        for (index, row) in self.rows.iter().enumerate() {
            println!("| {} |", row.join(" | "));
            if index == 0 {
                println!("|{}", "---|".repeat(row.len()));
            }
        }
        println!();
    }
}

/// Writes the options of an experiment as they are on the command line: what was said.
///
/// # Errors
///
/// What the formatter says.
pub fn options(
    f: &mut fmt::Formatter<'_>,
    is_small: bool,
    said: &[(&str, Option<u64>)],
) -> fmt::Result {
    if is_small {
        f.write_str(" --small")?;
    }
    for (name, value) in said {
        if let Some(value) = value {
            write!(f, " --{name} {value}")?;
        }
    }
    Ok(())
}

/// The heading of an experiment and what is done in it.
pub fn heading(title: &str, text: &str) {
    println!("\n### {title}\n\n{text}");
}

/// Times in order.
#[derive(Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Puts them in order.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least time that this share of them does not exceed.
    pub fn at(&self, share: f64) -> Duration {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        let index = rank.saturating_sub(1);
        self.0.get(index).copied().unwrap_or_default()
    }

    /// The longest of them.
    pub fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}

/// As milliseconds, to a tenth.
pub fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

/// As seconds, to a tenth.
pub fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// A part of a whole, in percent.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    format!("{:.2}%", 100.0 * part as f64 / whole as f64)
}
