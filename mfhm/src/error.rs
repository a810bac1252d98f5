//! What can go wrong before and beside calls: setting up, binding, storing.

use std::fmt;

/// The result of setting up and running services and centers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a program, a service or a center could not start or had to stop.
///
/// Its text says what is wrong and what to do next. Several problems that were
/// found together are listed together, one a line.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    problems: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                problems: vec![text.into()],
                source: None,
            }),
        }
    }

    /// Several problems found together.
    #[cfg(any(feature = "client", feature = "server", feature = "center"))]
    pub(crate) fn many(problems: Vec<String>) -> Self {
        debug_assert!(!problems.is_empty());
        Self {
            inner: Box::new(Inner {
                problems,
                source: None,
            }),
        }
    }

    /// An error with this text and its cause.
    pub fn with_source(
        text: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                problems: vec![text.into()],
                source: Some(source.into()),
            }),
        }
    }

    /// Every problem, in the order in which it was found.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.inner.problems.iter().map(String::as_str)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.problems.as_slice() {
            [one] => f.write_str(one),
            many => {
                write!(f, "{} problems:", many.len())?;
                for problem in many {
                    write!(f, "\n  - {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::with_source("input or output failed", error)
    }
}
