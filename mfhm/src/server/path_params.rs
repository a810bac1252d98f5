//! The path parameters of a request, by whichever way it came to its operation.

use std::borrow::Cow;

use axum::extract::{FromRequestParts as _, RawPathParams};
use futures_util::FutureExt as _;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::router;

/// Where the path parameters are.
#[derive(Debug)]
pub(super) enum PathParams {
    /// In the path itself, at the places of this template, which it fits.
    Matched(&'static str),
    /// Where axum's router left them; not looked at yet.
    Routed,
    /// As axum tells them. What is not UTF-8 is told by a text with its
    /// placeholder.
    Read(Result<RawPathParams, String>),
}

/// What is at a placeholder.
pub(super) enum PathText<'a> {
    Text(Cow<'a, str>),
    NotUtf8,
    /// Not known, because another one is not UTF-8.
    Unknown,
}

impl PathParams {
    /// The text at the placeholder with this index.
    pub(super) fn text<'a>(
        &'a mut self,
        parts: &mut Parts,
        path: &'a str,
        index: usize,
    ) -> PathText<'a> {
        if let Self::Routed = self {
            // The future of this extractor never waits.
            let params = RawPathParams::from_request_parts(parts, &()).now_or_never();
            let params = params.unwrap_or_else(|| unreachable!("it has nothing to wait for"));
            *self = Self::Read(params.map_err(|refused| refused.body_text()));
        }
        match self {
            Self::Matched(template) => {
                let Some(text) = placed(template, path, index) else {
                    return PathText::NotUtf8;
                };
                let decoded = percent_decode_str(text).decode_utf8();
                decoded.map_or(PathText::NotUtf8, PathText::Text)
            }
            Self::Read(Ok(params)) => match params.iter().nth(index) {
                Some((_, text)) => PathText::Text(Cow::Borrowed(text)),
                None => PathText::NotUtf8,
            },
            // Only the one that it is gets the blame.
            Self::Read(Err(refused)) if router::names_other_placeholder(refused, index) => {
                PathText::Unknown
            }
            Self::Read(Err(_)) | Self::Routed => PathText::NotUtf8,
        }
    }
}

/// What stands in `path` where `template` has the placeholder with this index.
fn placed<'p>(template: &str, path: &'p str, index: usize) -> Option<&'p str> {
    let mut rest = path;
    let mut seen = 0;
    for part in template.split('/') {
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        if part.starts_with('{') {
            if seen == index {
                let is_rest = part.starts_with("{*");
                return Some(if is_rest { rest } else { segment });
            }
            seen += 1;
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_found_by_its_place() {
        for (template, path, index, expected) in [
            ("/users/{id}", "/users/7", 0, Some("7")),
            ("/users/{id}", "/users/7", 1, None),
            ("/{a}/x/{b}", "/1/x/2", 0, Some("1")),
            ("/{a}/x/{b}", "/1/x/2", 1, Some("2")),
            ("/{a}/{*rest}", "/1/2//3/", 1, Some("2//3/")),
            ("/x", "/x", 0, None),
            ("", "/", 0, None),
        ] {
            assert_eq!(
                placed(template, path, index),
                expected,
                "{template} {index}"
            );
        }
    }
}
