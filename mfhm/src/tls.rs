//! TLS, with rustls: what a process shows of itself, whom it trusts, and what it
//! checks.
//!
//! A [`Tls`] names the files. [`Secured`] is what is made of them ([`kept`]), and
//! follows them. Servers put [`accept`] in front of HTTP; whoever connects, [`connect`].
//! A service is recognised by its *name* ([`names`]): the certificate of an instance is
//! checked for the name of the service, wherever the instance is reached, and the name
//! in a caller's certificate is who calls.

// Each of the three uses its part.
#![cfg_attr(
    not(all(feature = "client", feature = "server", feature = "center")),
    allow(dead_code, unused_imports)
)]

#[cfg(any(feature = "server", feature = "center"))]
mod accept;
mod connect;
mod files;
mod kept;
mod names;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

pub(crate) use self::connect::{Refused, Told, Whom};
pub(crate) use self::kept::Secured;
pub(crate) use self::names::can_be_shown;

/// How both sides of a connection call what they speak, in ALPN.
#[cfg(feature = "h2")]
const HTTP2: &[u8] = b"h2";
#[cfg(feature = "h2")]
const HTTP1: &[u8] = b"http/1.1";

/// The certificates of a process: files in PEM, which are followed while it runs.
///
/// A service, a center or a caller that has a [certificate](Self::certificate) shows it to
/// whoever it connects to or is connected to. A service or a center that has one speaks
/// HTTPS and nothing else. The [authority](Self::ca) is whom it trusts: with it,
///
/// * an instance is called only if its certificate is for *the name of its service* (a
///   DNS name in it, such as `orders`), whatever its address is;
/// * a center is checked for its host name or its address;
/// * who connects with a certificate for `orders` is the service `orders`: to the center
///   as with a token for that name, to services as `App::callers` and
///   [`CurrentRequest::caller`](crate::CurrentRequest::caller) know it.
///
/// So the authority must be one of your own, which gives nobody a name that is not
/// theirs. `mfhm tls dev` makes one to try.
///
/// What is in the files may change at any time: they are looked at every two seconds,
/// and connections that are made from then on use what is new. What cannot be used is
/// logged, and what was used before goes on.
///
/// ```no_run
/// # struct Users;
/// # #[cfg(feature = "server")]
/// # #[mfhm::service(name = "users")] impl Users { #[get("/users")] async fn users(&self) -> u8 { 1 } }
/// # #[cfg(feature = "server")]
/// # async fn f() -> mfhm::Result<()> {
/// use mfhm::Tls;
///
/// let tls = Tls::new().certificate("users.pem", "users.key").ca("ca.pem");
/// mfhm::App::new().service(Users).tls(tls).run().await
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "it is given to an `App`, a `Center` or a `Caller`"]
pub struct Tls {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
    crl: Option<PathBuf>,
    is_required: bool,
}

impl Tls {
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The certificate (with the intermediate ones after it) and its private key.
    pub fn certificate(mut self, file: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some(file.into());
        self.key = Some(key.into());
        self
    }

    /// The certificates of the authority that is trusted, one or several.
    ///
    /// Without it, services are not called over TLS, nobody is recognised by a
    /// certificate, and a center is checked with the authorities of the system.
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca = Some(file.into());
        self
    }

    /// The lists of what the [authority](Self::ca) has revoked (CRLs), one or several: whose
    /// certificate is on one is nobody, on whichever side of a connection. They are looked
    /// at like the other files, so that a new list counts within seconds, for connections
    /// that are made from then on; those that there are stay.
    ///
    /// With it, each certificate needs a list of the authority that gave it, also those in
    /// the middle of a chain: one of which no list is there is refused. A list that says it
    /// has ended counts on: nobody is kept out because a new one is late.
    pub fn crl(mut self, file: impl Into<PathBuf>) -> Self {
        self.crl = Some(file.into());
        self
    }

    /// Whether who has no certificate of the [authority](Self::ca) is refused, where this
    /// process is connected to. Off by default: it is asked for, and need not be there.
    /// Browsers and Python peers have none as a rule, and neither `/health` nor `/ping`
    /// answers without.
    pub fn require_client_certificate(mut self, is_required: bool) -> Self {
        self.is_required = is_required;
        self
    }

    /// What is said in the environment, if anything is.
    pub(crate) fn from_vars(
        var: impl Fn(&str) -> Option<String>,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        let file = |name: &str| var(name).map(|text| PathBuf::from(text.trim()));
        let is_required = match var("MFHM_TLS_REQUIRE_CLIENT_CERT")
            .as_deref()
            .map(str::trim)
        {
            None | Some("false" | "0" | "off") => false,
            Some("true" | "1" | "on") => true,
            Some(text) => {
                problems.push(format!(
                    "MFHM_TLS_REQUIRE_CLIENT_CERT is {text:?}; write true or false"
                ));
                false
            }
        };
        let tls = Self {
            certificate: file("MFHM_TLS_CERT"),
            key: file("MFHM_TLS_KEY"),
            ca: file("MFHM_TLS_CA"),
            crl: file("MFHM_TLS_CRL"),
            is_required,
        };
        (tls != Self::default()).then_some(tls)
    }

    /// Whether who shows it speaks HTTPS.
    pub(crate) fn has_certificate(&self) -> bool {
        self.certificate.is_some() || self.key.is_some()
    }

    /// Whether who connects may be somebody.
    #[cfg(all(feature = "server", not(feature = "identity")))]
    pub(crate) fn recognises_others(&self) -> bool {
        self.has_certificate() && self.ca.is_some()
    }

    /// Whether nobody comes in without a certificate.
    pub(crate) fn requires_certificates(&self) -> bool {
        self.is_required && self.has_certificate() && self.ca.is_some()
    }
}

/// The cryptography: no default of the process is asked for or set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
