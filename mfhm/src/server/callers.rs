//! Who calls: by the certificate that was shown, or by what the center says of them.
//!
//! A service that requires its callers to be somebody lets only `/ping` pass without.
//! Where everybody may call, who it was is told where it is known, and nobody waits for
//! a center to say so.

#[cfg(feature = "identity")]
mod assertions;
#[cfg(feature = "identity")]
mod keys;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};

#[cfg(feature = "identity")]
pub(crate) use self::assertions::Assertions;
#[cfg(feature = "identity")]
pub(crate) use self::keys::Keys;
use super::not_run;
use crate::current::CallerName;
use crate::listener::Certified;
use crate::wire::problem::Problem;

/// Who may call a service.
#[derive(Clone, Debug)]
pub(crate) struct Callers {
    /// What centers say.
    #[cfg(feature = "identity")]
    assertions: Assertions,
    /// Absent: everybody, and who it was is told to handlers where it is known.
    allowed: Option<Arc<[String]>>,
}

/// Why what came with a request does not say who calls.
struct Unvouched {
    status: StatusCode,
    code: &'static str,
    why: String,
    /// Another instance may have the keys, and the caller may get another assertion; of the
    /// rest all think alike.
    is_curable: bool,
}

impl Callers {
    pub(crate) fn new(
        #[cfg(feature = "identity")] assertions: Assertions,
        allowed: Option<Arc<[String]>>,
    ) -> Self {
        Self {
            #[cfg(feature = "identity")]
            assertions,
            allowed,
        }
    }

    /// Notes in a request to `service` who sent it; or the refusal of one who may not.
    pub(crate) async fn admit(&self, request: &mut Request, service: &str) -> Option<Response> {
        // Only the service's own answer to pings is for everybody.
        let is_ping = request.uri().path() == "/ping"
            && matches!(*request.method(), Method::GET | Method::HEAD);
        let certified: Option<&Certified> = request.extensions().get();
        let certified = certified.map(|Certified(names)| names.clone());
        match self
            .check_headers(request.headers(), certified.as_deref(), service, is_ping)
            .await
        {
            Ok(Some(name)) => {
                request.extensions_mut().insert(name);
                None
            }
            Ok(None) => None,
            Err(refusal) => Some(*refusal),
        }
    }

    async fn check_headers(
        &self,
        #[cfg_attr(not(feature = "identity"), allow(unused_variables))] headers: &HeaderMap,
        certified: Option<&[Arc<str>]>,
        service: &str,
        is_ping: bool,
    ) -> Result<Option<CallerName>, Box<Response>> {
        // What was shown needs no center to vouch for it.
        let certified = certified.unwrap_or_default();
        let is_allowed = |name: &str| match &self.allowed {
            Some(allowed) => allowed.iter().any(|other| *other == *name),
            None => true,
        };
        let shown = certified.iter().find(|name| is_allowed(name)).cloned();
        #[cfg(feature = "identity")]
        let checked = {
            let is_required = self.allowed.is_some();
            self.assertions.check(headers, service, is_required).await
        };
        #[cfg(not(feature = "identity"))]
        let checked = None::<Result<CallerName, Unvouched>>;
        let Some(allowed) = self.allowed.as_deref().filter(|_| !is_ping) else {
            return Ok(match checked {
                Some(Ok(name)) => Some(name),
                Some(Err(Unvouched { why, .. })) => {
                    tracing::debug!(service, why, "who calls is not known");
                    shown.map(CallerName)
                }
                None => shown.map(CallerName),
            });
        };
        let only = allowed.join(", ");
        let refused = |status, code, why| Unvouched {
            status,
            code,
            why,
            is_curable: false,
        };
        let Unvouched {
            status,
            code,
            why,
            is_curable,
        } = match checked {
            Some(Ok(name)) if is_allowed(&name.0) => return Ok(Some(name)),
            _ if shown.is_some() => return Ok(shown.map(CallerName)),
            Some(Ok(CallerName(name))) => refused(
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!("{service:?} is for {only}, and {name:?} calls (App::callers)"),
            ),
            Some(Err(unvouched)) => unvouched,
            None if !certified.is_empty() => refused(
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!(
                    "{service:?} is for {only}, and the caller's certificate is for {} \
                     (App::callers)",
                    certified.join(", ")
                ),
            ),
            None => refused(
                StatusCode::UNAUTHORIZED,
                "mfhm.caller_unknown",
                format!(
                    "{service:?} is for {only}, and this request does not say who calls: {HOW}"
                ),
            ),
        };
        let refusal = Problem::new(status, code, why).into_axum();
        Err(Box::new(if is_curable {
            not_run::mark(refusal)
        } else {
            refusal
        }))
    }
}

/// How to say who calls.
#[cfg(feature = "identity")]
const HOW: &str = "call it through the center, with a token for one of these names (`mfhm token \
                   new --scope read --name NAME`, MFHM_TOKEN_FILE), or over TLS with a certificate \
                   for one of them (MFHM_TLS_CERT)";
#[cfg(not(feature = "identity"))]
const HOW: &str = "call it over TLS with a certificate for one of these names (MFHM_TLS_CERT)";

#[cfg(all(test, feature = "identity"))]
mod tests {
    use ed25519_dalek::SigningKey;
    use http::HeaderValue;

    use super::assertions::now;
    use super::*;
    use crate::wire::identity::{Claims, PublicKey, Trusted, sign};
    use crate::wire::v1::identity::HEADER;

    fn assertion(name: &str, audience: &str, seed: u8, age: u64) -> HeaderValue {
        let claims = Claims {
            sub: name.to_owned(),
            aud: audience.to_owned(),
            iat: now() - age,
            exp: now() - age + 600,
        };
        let key = SigningKey::from_bytes(&[seed; 32]);
        HeaderValue::from_str(&sign(&claims, "k", &key)).unwrap()
    }

    fn callers(allowed: Option<&[&str]>) -> Callers {
        let key = SigningKey::from_bytes(&[1; 32]);
        let keys = Keys::fixed(Trusted::new([&PublicKey::of("k", &key)]));
        let allowed = allowed.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        Callers::new(Assertions::new(keys), allowed)
    }

    async fn admit(
        allowed: Option<&[&str]>,
        sent: Option<HeaderValue>,
        path: &str,
    ) -> Result<Option<String>, u16> {
        admit_with(allowed, sent, None, path).await
    }

    async fn admit_with(
        allowed: Option<&[&str]>,
        sent: Option<HeaderValue>,
        certified: Option<&[Arc<str>]>,
        path: &str,
    ) -> Result<Option<String>, u16> {
        let callers = callers(allowed);
        let mut headers = HeaderMap::new();
        headers.extend(sent.map(|sent| (http::HeaderName::from_static(HEADER), sent)));
        match callers
            .check_headers(&headers, certified, "users", path == "/ping")
            .await
        {
            Ok(name) => Ok(name.map(|CallerName(name)| name.to_string())),
            Err(refusal) => Err(refusal.status().as_u16()),
        }
    }

    #[tokio::test]
    async fn only_named_callers_come_in() {
        let only = Some(&["orders", "billing"][..]);
        let orders = assertion("orders", "users", 1, 0);
        let came = Ok(Some("orders".to_owned()));
        assert_eq!(admit(only, Some(orders.clone()), "/a").await, came);
        for (sent, status) in [
            (None, 401),
            (Some(HeaderValue::from_static("nonsense")), 401),
            (Some(HeaderValue::from_bytes(b"\xff").unwrap()), 401),
            (Some(assertion("orders", "users", 2, 0)), 401),
            (Some(assertion("orders", "users", 1, 631)), 401),
            (Some(assertion("orders", "inventory", 1, 0)), 403),
            (Some(assertion("others", "users", 1, 0)), 403),
        ] {
            assert_eq!(admit(only, sent, "/a").await, Err(status));
        }
        assert_eq!(admit(only, None, "/ping").await, Ok(None));
    }

    #[tokio::test]
    async fn a_certificate_says_who_calls_without_an_assertion() {
        let only = Some(&["orders", "billing"][..]);
        let names = |names: &[&str]| -> Vec<Arc<str>> { names.iter().map(|&n| n.into()).collect() };
        let came = |name: &str| Ok(Some(name.to_owned()));
        let several = names(&["gateway", "billing"]);
        let billing = admit_with(only, None, Some(&several), "/a").await;
        assert_eq!(billing, came("billing"), "the one that is let in");
        let first = admit_with(None, None, Some(&several), "/a").await;
        assert_eq!(first, came("gateway"));
        let other = names(&["inventory"]);
        let refused = admit_with(only, None, Some(&other), "/a").await;
        assert_eq!(refused, Err(403));
        let asserted = assertion("orders", "users", 1, 0);
        let orders = admit_with(only, Some(asserted), Some(&other), "/a").await;
        assert_eq!(orders, came("orders"), "the center vouches for it");
        let forged = assertion("orders", "users", 2, 0);
        let refused = admit_with(only, Some(forged), Some(&other), "/a").await;
        assert_eq!(refused, Err(401));
    }

    #[tokio::test]
    async fn nothing_but_a_ping_is_for_everybody() {
        let only = Some(["orders".to_owned()].into());
        let callers = Callers::new(Assertions::new(Keys::fixed(Trusted::default())), only);
        for (method, path, is_let_in) in [
            (Method::GET, "/ping", true),
            (Method::GET, "/ping?a=b", true),
            (Method::HEAD, "/ping", true),
            // A service may have such operations of its own.
            (Method::POST, "/ping", false),
            (Method::PUT, "/ping", false),
            (Method::DELETE, "/ping", false),
            (Method::OPTIONS, "/ping", false),
            (Method::GET, "/ping/", false),
            (Method::GET, "/Ping", false),
            (Method::GET, "/%70ing", false),
            (Method::GET, "//ping", false),
        ] {
            let mut request = Request::default();
            *request.method_mut() = method.clone();
            *request.uri_mut() = path.parse().unwrap();
            let refusal = callers.admit(&mut request, "users").await;
            assert_eq!(refusal.is_none(), is_let_in, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn what_a_caller_can_mend_was_not_run() {
        for (sent, is_curable) in [
            (assertion("orders", "users", 1, 631), true),
            (assertion("orders", "inventory", 1, 0), false),
            (assertion("orders", "users", 2, 0), false),
            (HeaderValue::from_static("nonsense"), false),
        ] {
            let callers = callers(Some(&["orders"]));
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), sent)]);
            let refusal = callers.check_headers(&headers, None, "users", false).await;
            let told = not_run::tell(*refusal.unwrap_err());
            let says_so = told.headers().contains_key(crate::wire::overload::NOT_RUN);
            assert_eq!(says_so, is_curable);
        }
    }

    #[tokio::test]
    async fn what_has_ended_counts_while_no_center_answers() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let trusted = Trusted::new([&PublicKey::of("k", &key)]);
        let keys = Assertions::new(Keys::cut_off(trusted));
        let callers = Callers::new(keys, Some(["orders".to_owned()].into()));
        for (age, seed, is_let_in) in [
            (599, 1, true),
            (631, 1, true),
            (4_200, 1, true),
            (4_231, 1, false),
            (631, 2, false),
        ] {
            let sent = assertion("orders", "users", seed, age);
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), sent)]);
            let admitted = callers.check_headers(&headers, None, "users", false).await;
            assert_eq!(admitted.is_ok(), is_let_in, "{age} {seed}");
        }
    }

    #[tokio::test]
    async fn a_service_that_never_met_a_center_says_what_it_waits_for() {
        let keys = Assertions::new(Keys::cut_off(Trusted::default()));
        let callers = Callers::new(keys, Some(["orders".to_owned()].into()));
        let sent = assertion("orders", "users", 1, 0);
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), sent)]);
        let refusal = callers.check_headers(&headers, None, "users", false).await;
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.status(), 503);
        let body = axum::body::to_bytes(refusal.into_body(), 10_000)
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&body);
        assert!(said.contains("no center has answered") && said.contains("MFHM_TLS_CERT"));
        // Who shows a certificate needs none.
        let shown = [Arc::from("orders")];
        let admitted = callers
            .check_headers(&headers, Some(&shown), "users", false)
            .await;
        assert!(admitted.is_ok());
    }

    #[tokio::test]
    async fn where_everybody_may_call_who_it_was_is_told_if_it_is_known() {
        let orders = assertion("orders", "users", 1, 0);
        let came = Ok(Some("orders".to_owned()));
        assert_eq!(admit(None, Some(orders), "/a").await, came);
        let forged = assertion("orders", "users", 2, 0);
        assert_eq!(admit(None, Some(forged), "/a").await, Ok(None));
        assert_eq!(admit(None, None, "/a").await, Ok(None));
    }
}
