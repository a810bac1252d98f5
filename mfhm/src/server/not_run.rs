//! How a service says that it did not run a request.
//!
//! Callers send such a request to another instance whatever it does, so only this
//! service may say it, and only of itself: what a handler passes on from another
//! service's answer must not look like it. So mfhm's own refusals are marked with
//! an extension, and the header is written from it, outermost.

use axum::response::Response;
use http::HeaderValue;

use crate::wire::overload::NOT_RUN;

/// On a refusal of mfhm's own: nothing was run.
#[derive(Clone, Copy, Debug)]
struct NotRun;

/// Marks a refusal.
pub(super) fn mark(mut refusal: Response) -> Response {
    refusal.extensions_mut().insert(NotRun);
    refusal
}

/// Writes the header where the mark is, and takes away anybody else's.
pub(super) fn tell(mut answer: Response) -> Response {
    // Taken out: what is around this service may have run something.
    if answer.extensions_mut().remove::<NotRun>().is_some() {
        let headers = answer.headers_mut();
        headers.insert(NOT_RUN, HeaderValue::from_static("true"));
    } else if answer.headers().contains_key(NOT_RUN) {
        answer.headers_mut().remove(NOT_RUN);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_marked_says_so() {
        let mut passed_on = Response::new(axum::body::Body::empty());
        let headers = passed_on.headers_mut();
        headers.insert(NOT_RUN, HeaderValue::from_static("true"));
        assert!(!tell(passed_on).headers().contains_key(NOT_RUN));
        let own = mark(Response::new(axum::body::Body::empty()));
        let told = tell(own);
        assert_eq!(told.headers()[NOT_RUN], "true");
        // Passed on by the handler of a service around it.
        assert!(!tell(told).headers().contains_key(NOT_RUN));
    }
}
