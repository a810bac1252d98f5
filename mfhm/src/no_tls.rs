//! Stands in for `tls` in a build without that feature: nothing is shown, nobody is
//! trusted, and an address with `https` is one that cannot be called.

// Each of the three asks for its part.
#![cfg_attr(
    not(all(feature = "client", feature = "server", feature = "center")),
    allow(dead_code)
)]

use std::io;
use std::sync::Arc;

use crate::error::Result;

/// No certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {}

impl Tls {
    pub(crate) fn from_vars(
        var: impl Fn(&str) -> Option<String>,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        let names = [
            "MFHM_TLS_CERT",
            "MFHM_TLS_KEY",
            "MFHM_TLS_CA",
            "MFHM_TLS_CRL",
            "MFHM_TLS_REQUIRE_CLIENT_CERT",
        ];
        let set = names.iter().filter(|name| var(name).is_some());
        problems
            .extend(set.map(|name| format!("{name} needs the feature `tls` of the crate mfhm")));
        None
    }

    pub(crate) fn has_certificate(&self) -> bool {
        match *self {}
    }

    pub(crate) fn requires_certificates(&self) -> bool {
        match *self {}
    }
}

/// Nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secured(());

/// Who would be expected.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    Service(#[allow(dead_code)] Arc<str>),
    Center,
    #[cfg(feature = "cli")]
    Outside,
    Nobody,
}

/// What nobody says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(());

impl Told {
    pub(crate) fn lately(&self) -> Option<io::Error> {
        None
    }
}

impl Secured {
    pub(crate) fn new(_: Option<Tls>, _: Vec<String>) -> Result<Self> {
        Ok(Self(()))
    }

    pub(crate) fn is_set(&self) -> bool {
        false
    }

    pub(crate) fn trusts_somebody(&self) -> bool {
        false
    }

    pub(crate) fn has_certificate(&self) -> bool {
        false
    }

    pub(crate) async fn connect<S>(&self, _: S, _: &Whom, _: &str) -> io::Result<S> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "it is to be reached by TLS, which needs the feature `tls` of the crate mfhm",
        ))
    }
}
