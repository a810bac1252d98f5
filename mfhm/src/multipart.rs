//! [`Multipart`]: a form with files, `multipart/form-data`
//! ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)).
//!
//! The same type stands on both sides. A caller makes one of parts, which is
//! encoded while it is sent; a handler reads one part after the other while the
//! body comes; in a local call the caller's own parts pass through. At no time
//! is more of a part in memory than its reader has asked for.

#[cfg(feature = "server")]
mod decode;
#[cfg(feature = "client")]
mod encode;
mod error;
mod part;

use std::collections::VecDeque;
use std::fmt;

pub use self::error::MultipartError;
use self::part::Lent;
pub use self::part::Part;
use crate::stream::ByteStream;

/// A form with files, as a parameter with `#[multipart]`.
///
/// A caller makes it:
///
/// ```
/// use mfhm::{Multipart, Part};
///
/// let form = Multipart::new()
///     .text("title", "The cat")
///     .part("photo", Part::new("…").with_file_name("cat.png").with_content_type("image/png"));
/// ```
///
/// A handler reads it, part by part:
///
/// ```
/// use mfhm::{Multipart, MultipartError};
///
/// #[mfhm::client(service = "photos")]
/// pub trait Photos {
///     #[post("/photos")]
///     async fn upload(&self, #[multipart] form: Multipart) -> Result<u64, MultipartError>;
/// }
///
/// struct Album;
///
/// impl Photos for Album {
///     async fn upload(&self, mut form: Multipart) -> Result<u64, MultipartError> {
///         let mut size = 0;
///         while let Some(mut part) = form.next().await? {
///             match part.name() {
///                 "title" => println!("{}", part.text().await?),
///                 _ => while let Some(chunk) = part.chunk().await? {
///                     size += chunk.len() as u64;
///                 },
///             }
///         }
///         Ok(size)
///     }
/// }
/// ```
///
/// The whole has no limit unless `#[body_limit(bytes)]` sets one; what is read
/// into memory by [`Part::bytes`] and [`Part::text`] has.
pub struct Multipart {
    source: Source,
    /// The part that was handed out last.
    current: Option<Lent>,
    /// What is left of the part before the next one.
    rest: Option<(String, ByteStream)>,
    failed: Option<MultipartError>,
}

enum Source {
    Made(VecDeque<Part>),
    #[cfg(feature = "server")]
    Received(Box<decode::Reader>),
}

impl Multipart {
    /// A form without parts.
    #[expect(
        clippy::new_without_default,
        reason = "a default would pass for one that was received"
    )]
    pub fn new() -> Self {
        Self::from_source(Source::Made(VecDeque::new()))
    }

    fn from_source(source: Source) -> Self {
        Self {
            source,
            current: None,
            rest: None,
            failed: None,
        }
    }

    /// Adds a part that is a text.
    #[must_use]
    pub fn text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.part(name, Part::new(text.into()))
    }

    /// Adds a part. A form that was received takes none.
    #[must_use]
    pub fn part(mut self, name: impl Into<String>, part: impl Into<Part>) -> Self {
        match &mut self.source {
            Source::Made(parts) => parts.push_back(part.into().named(name.into())),
            #[cfg(feature = "server")]
            Source::Received(_) => {
                self.failed.get_or_insert_with(|| {
                    MultipartError::invalid(None, "was received, so no part can be added to it")
                });
            }
        }
        self
    }

    /// The next part; `None` after the last one.
    ///
    /// What was not read of the part before is skipped, and that part cannot be
    /// read any more.
    ///
    /// # Errors
    ///
    /// The body is none of this kind, broke off, or is longer than the
    /// operation's `#[body_limit]`. Nothing comes after that.
    ///
    /// # Cancel safety
    ///
    /// No part is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Part>, MultipartError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let next = self.advance().await;
        if let Err(error) = &next {
            self.failed = Some(error.clone());
        }
        next
    }

    async fn advance(&mut self) -> Result<Option<Part>, MultipartError> {
        if let Some(current) = self.current.take() {
            self.rest = current.take_back();
        }
        // A caller's own stream is read to its end as well: over a connection
        // all of it would have been sent.
        while let Some((name, rest)) = &mut self.rest {
            match rest.next().await {
                Some(Ok(_)) => tokio::task::coop::consume_budget().await,
                Some(Err(fault)) => return Err(MultipartError::of_fault(name, &fault)),
                None => self.rest = None,
            }
        }
        let part = match &mut self.source {
            Source::Made(parts) => parts.pop_front(),
            #[cfg(feature = "server")]
            Source::Received(reader) => reader.next().await?,
        };
        Ok(part.map(|part| {
            let (part, lent) = part.lend();
            self.current = Some(lent);
            part
        }))
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Made(parts) => f.debug_tuple("Multipart").field(parts).finish(),
            #[cfg(feature = "server")]
            Source::Received(_) => f.write_str("Multipart"),
        }
    }
}

/// What a parameter with `#[multipart]` can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a form with files",
    label = "not `mfhm::Multipart`",
    note = "`#[multipart]` takes a `mfhm::Multipart`, by value; for a form without files write `#[form]`"
)]
pub trait MultipartBody: Sized {
    #[doc(hidden)]
    fn from_multipart(form: Multipart) -> Self;
    #[doc(hidden)]
    fn into_multipart(self) -> Multipart;
}

impl MultipartBody for Multipart {
    fn from_multipart(form: Multipart) -> Self {
        form
    }

    fn into_multipart(self) -> Multipart {
        self
    }
}

#[cfg(all(test, feature = "client", feature = "server"))]
mod tests;
