//! Collects the mistakes of one item, so that all of them are reported in one
//! compile.
//!
//! Every stage takes `&mut Diagnostics`, says what is wrong and goes on with
//! what it understood. Whoever created the collection has to drain it: a
//! mistake that was found and then forgotten would let wrong code through.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
    drained: bool,
}

impl Diagnostics {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reports a mistake at one token.
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(syn::Error::new(span, message.into()));
    }

    /// Reports a mistake that several tokens make together.
    pub(crate) fn error_at(&mut self, tokens: impl ToTokens, message: impl Into<String>) {
        self.errors
            .push(syn::Error::new_spanned(tokens, message.into()));
    }

    /// Takes over what `syn` has to say.
    pub(crate) fn syntax(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    /// Compared before and after a step, it tells whether the step failed.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// One `compile_error!` for each mistake, in the order they were found.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.drained = true;
        self.errors
            .iter()
            .map(syn::Error::to_compile_error)
            .collect()
    }

    /// Leaves the reporting to a second pass over the same item, which finds
    /// the same mistakes again.
    pub(crate) fn postpone(mut self) {
        self.drained = true;
    }

    /// The messages alone, for tests.
    #[cfg(test)]
    pub(crate) fn into_messages(mut self) -> Vec<String> {
        self.drained = true;
        self.errors
            .iter()
            .flat_map(|error| error.clone().into_iter())
            .map(|error| error.to_string())
            .collect()
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        if !self.drained && !std::thread::panicking() {
            panic!("the mistakes of an item were collected and never reported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_becomes_a_compile_error() {
        let mut diag = Diagnostics::new();
        diag.error(Span::call_site(), "first");
        diag.error(Span::call_site(), "second");
        let tokens = diag.into_tokens().to_string();
        assert_eq!(tokens.matches("compile_error").count(), 2);
        assert!(tokens.find("first") < tokens.find("second"));
    }

    #[test]
    #[should_panic(expected = "never reported")]
    fn an_undrained_collection_is_a_bug() {
        let mut diag = Diagnostics::new();
        diag.error(Span::call_site(), "forgotten");
    }
}
