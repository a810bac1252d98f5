//! Who calls: the center's assertions, checked without asking it.
//!
//! A service that requires its callers to be somebody lets only `/ping` pass without.
//! Where everybody may call, who it was is told where it is known, and nobody waits for
//! a center to say so.
//!
//! An assertion that has ended counts for a while where no center answers this service:
//! nobody can get another one then, and calls go on without a center. It is asked once
//! more before that, so that an assertion which was renewed elsewhere is not outlived.

mod keys;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};

pub(crate) use self::keys::Keys;
use super::not_run;
use crate::current::CallerName;
use crate::wire::identity::Doubt;
use crate::wire::problem::Problem;
use crate::wire::v1::identity::{HEADER, OVERTIME};

/// Who may call a service.
#[derive(Clone, Debug)]
pub(crate) struct Callers {
    keys: Arc<Keys>,
    /// Absent: everybody, and who it was is told to handlers where it is known.
    allowed: Option<Arc<[String]>>,
}

impl Callers {
    pub(crate) fn new(keys: Arc<Keys>, allowed: Option<Arc<[String]>>) -> Self {
        Self { keys, allowed }
    }

    /// Notes in a request to `service` who sent it; or the refusal of one who may not.
    pub(crate) async fn admit(&self, request: &mut Request, service: &str) -> Option<Response> {
        // Only the service's own answer to pings is for everybody.
        let is_ping = request.uri().path() == "/ping"
            && matches!(*request.method(), Method::GET | Method::HEAD);
        match self
            .check_headers(request.headers(), service, is_ping)
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
        headers: &HeaderMap,
        service: &str,
        is_ping: bool,
    ) -> Result<Option<CallerName>, Box<Response>> {
        let text = headers.get(HEADER).map(|value| value.as_bytes());
        let text = text.map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
        let checked = match text {
            None => None,
            Some(text) => Some(self.check(text, service).await),
        };
        let Some(allowed) = self.allowed.as_deref().filter(|_| !is_ping) else {
            return Ok(match checked {
                Some(Ok(name)) => Some(name),
                Some(Err(doubt)) => {
                    tracing::debug!(service, why = %doubt, "who calls is not known");
                    None
                }
                None => None,
            });
        };
        let only = allowed.join(", ");
        // Another instance may have the keys, and the caller may get another assertion;
        // of the rest all think alike.
        let is_curable = matches!(checked, Some(Err(Doubt::UnknownKey(_) | Doubt::Expired)));
        let (status, code, why) = match checked {
            Some(Ok(name)) if allowed.iter().any(|other| **other == *name.0) => {
                return Ok(Some(name));
            }
            Some(Ok(CallerName(name))) => (
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!("{service:?} is for {only}, and {name:?} calls (App::callers)"),
            ),
            Some(Err(Doubt::UnknownKey(_))) if self.keys.trusted().is_empty() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "mfhm.caller_unknown",
                "this service has not got the center's keys yet, and can't say who calls: try \
                 again"
                    .to_owned(),
            ),
            Some(Err(doubt @ Doubt::OtherAudience(_))) => (
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!("what the center says of the caller is not for {service:?}: {doubt}"),
            ),
            Some(Err(doubt)) => (
                StatusCode::UNAUTHORIZED,
                "mfhm.caller_unknown",
                format!("what came in {HEADER} does not say who calls: {doubt}"),
            ),
            None => (
                StatusCode::UNAUTHORIZED,
                "mfhm.caller_unknown",
                format!(
                    "{service:?} is for {only}, and this request does not say who calls: call it \
                     through the center, with a token for one of these names (`mfhm token new \
                     --scope read --name NAME`, MFHM_TOKEN_FILE)"
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

    async fn check(&self, text: &str, service: &str) -> Result<CallerName, Doubt> {
        let check = |late| self.keys.trusted().check_late(text, service, now(), late);
        let overtime = OVERTIME.as_secs();
        let is_required = self.allowed.is_some();
        let mut checked = check(0);
        let again = match &checked {
            Err(Doubt::UnknownKey(key)) => {
                let is_new = self.keys.look_for(key, is_required).await;
                is_new.then_some(0)
            }
            // Good but for its end.
            Err(Doubt::Expired) if check(overtime).is_ok() => {
                let is_cut_off = self.keys.is_cut_off(is_required).await;
                is_cut_off.then_some(overtime)
            }
            _ => None,
        };
        if let Some(late) = again {
            checked = check(late);
        }
        checked.map(|claims| CallerName(claims.sub.into()))
    }
}

/// In seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use http::HeaderValue;

    use super::*;
    use crate::wire::identity::{Claims, PublicKey, Trusted, sign};

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
        Callers::new(Arc::new(keys), allowed)
    }

    async fn admit(
        allowed: Option<&[&str]>,
        sent: Option<HeaderValue>,
        path: &str,
    ) -> Result<Option<String>, u16> {
        let callers = callers(allowed);
        let mut headers = HeaderMap::new();
        headers.extend(sent.map(|sent| (http::HeaderName::from_static(HEADER), sent)));
        match callers
            .check_headers(&headers, "users", path == "/ping")
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
    async fn nothing_but_a_ping_is_for_everybody() {
        let only = Some(["orders".to_owned()].into());
        let callers = Callers::new(Arc::new(Keys::fixed(Trusted::default())), only);
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
            let refusal = callers.check_headers(&headers, "users", false).await;
            let told = not_run::tell(*refusal.unwrap_err());
            let says_so = told.headers().contains_key(crate::wire::overload::NOT_RUN);
            assert_eq!(says_so, is_curable);
        }
    }

    #[tokio::test]
    async fn what_has_ended_counts_while_no_center_answers() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let trusted = Trusted::new([&PublicKey::of("k", &key)]);
        let keys = Arc::new(Keys::cut_off(trusted));
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
            let admitted = callers.check_headers(&headers, "users", false).await;
            assert_eq!(admitted.is_ok(), is_let_in, "{age} {seed}");
        }
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
