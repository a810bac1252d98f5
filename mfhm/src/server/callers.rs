//! Who calls: the center's assertions, checked without asking it.
//!
//! The centers' public keys are fetched when a service starts, every five minutes, and
//! when an assertion names one that is not known. A service that requires its callers
//! to be somebody lets only `/ping` pass without.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::not_run;
use crate::current::CallerName;
use crate::link::Link;
use crate::listener::Certified;
use crate::wire::identity::{Doubt, PublicKeys, Trusted};
use crate::wire::problem::Problem;
use crate::wire::v1::identity::{HEADER, KEYS_PATH};

const PERIOD: Duration = Duration::from_secs(300);
/// Until a center that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);
/// The least time between two questions.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a request waits for keys that are not known yet.
const PATIENCE: Duration = Duration::from_secs(1);

/// The centers' keys, kept fresh by a task.
#[derive(Debug)]
pub(crate) struct Keys {
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    trusted: RwLock<Arc<Trusted>>,
    begun: AtomicU64,
    done: watch::Sender<u64>,
    wanted: Notify,
}

/// Who may call a service.
#[derive(Clone, Debug)]
pub(crate) struct Callers {
    keys: Arc<Keys>,
    /// Absent: everybody, and who it was is told to handlers where it is known.
    allowed: Option<Arc<[String]>>,
}

impl Keys {
    /// The keys of these centers, fetched now, or when the first request says who
    /// calls.
    pub(crate) fn fetched(link: Link, centers: Vec<String>, is_eager: bool) -> Self {
        let shared = Arc::new(Shared::new(Trusted::default()));
        let fetching = shared.clone();
        let task = tokio::spawn(async move {
            if !is_eager {
                fetching.wanted.notified().await;
            }
            fetch(fetching, link, centers).await;
        });
        Self {
            shared,
            task: Some(task),
        }
    }

    /// Keys that do not change, and nobody is asked for others.
    pub(crate) fn fixed(trusted: Trusted) -> Self {
        Self {
            shared: Arc::new(Shared::new(trusted)),
            task: None,
        }
    }

    fn trusted(&self) -> Arc<Trusted> {
        let trusted = &self.shared.trusted;
        trusted
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until the centers were asked once more.
    async fn look_again(&self) {
        if self.task.is_none() {
            return;
        }
        let next = self.shared.begun.load(Ordering::SeqCst) + 1;
        self.shared.wanted.notify_one();
        let mut done = self.shared.done.subscribe();
        let looked = done.wait_for(|done| *done >= next);
        let _ = tokio::time::timeout(PATIENCE, looked).await;
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Shared {
    fn new(trusted: Trusted) -> Self {
        Self {
            trusted: RwLock::new(Arc::new(trusted)),
            begun: AtomicU64::new(0),
            done: watch::Sender::new(0),
            wanted: Notify::new(),
        }
    }
}

async fn fetch(shared: Arc<Shared>, link: Link, centers: Vec<String>) {
    // Of each center, as it was last told: one that is away takes none with it.
    let mut known = vec![PublicKeys::default(); centers.len()];
    let mut again = AGAIN;
    loop {
        let began = Instant::now();
        let round = shared.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let asked = centers
            .iter()
            .map(|center| link.ask(Method::GET, center, KEYS_PATH, None));
        let mut is_complete = true;
        for (known, heard) in known
            .iter_mut()
            .zip(futures_util::future::join_all(asked).await)
        {
            let told = heard.and_then(|heard| match heard.status {
                // A center that knows nothing of it, such as Python's.
                StatusCode::NOT_FOUND => Ok(PublicKeys::default()),
                StatusCode::OK => heard.json(),
                _ => Err(heard.refusal()),
            });
            match told {
                Ok(keys) => *known = keys,
                Err(why) => {
                    is_complete = false;
                    tracing::debug!(why, "a center does not tell its keys");
                }
            }
        }
        let trusted = Trusted::new(known.iter().flat_map(|keys| &keys.keys));
        *shared
            .trusted
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(trusted);
        shared.done.send_replace(round);
        let pause = if is_complete { PERIOD } else { again };
        again = if is_complete {
            AGAIN
        } else {
            (again * 2).min(PERIOD)
        };
        let _ = tokio::time::timeout(pause, shared.wanted.notified()).await;
        tokio::time::sleep_until(began + PAUSE).await;
    }
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
        headers: &HeaderMap,
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
                    shown.map(CallerName)
                }
                None => shown.map(CallerName),
            });
        };
        let only = allowed.join(", ");
        let (status, code, why) = match checked {
            Some(Ok(name)) if is_allowed(&name.0) => return Ok(Some(name)),
            _ if shown.is_some() => return Ok(shown.map(CallerName)),
            Some(Ok(CallerName(name))) => (
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!("{service:?} is for {only}, and {name:?} calls (App::callers)"),
            ),
            Some(Err(Doubt::UnknownKey)) if self.keys.trusted().is_empty() => (
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
            None if !certified.is_empty() => (
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!(
                    "{service:?} is for {only}, and the caller's certificate is for {} \
                     (App::callers)",
                    certified.join(", ")
                ),
            ),
            None => (
                StatusCode::UNAUTHORIZED,
                "mfhm.caller_unknown",
                format!(
                    "{service:?} is for {only}, and this request does not say who calls: call it \
                     through the center, with a token for one of these names (`mfhm token new \
                     --scope read --name NAME`, MFHM_TOKEN_FILE), or over TLS with a \
                     certificate for one of them (MFHM_TLS_CERT)"
                ),
            ),
        };
        let refusal = Problem::new(status, code, why).into_axum();
        // Another instance may have the keys; of the rest all think alike.
        Err(Box::new(if status == StatusCode::SERVICE_UNAVAILABLE {
            not_run::mark(refusal)
        } else {
            refusal
        }))
    }

    async fn check(&self, text: &str, service: &str) -> Result<CallerName, Doubt> {
        let check = || self.keys.trusted().check(text, service, now());
        let mut checked = check();
        if checked == Err(Doubt::UnknownKey) {
            self.keys.look_again().await;
            checked = check();
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
    use crate::wire::identity::{Claims, PublicKey, sign};

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
        let key = SigningKey::from_bytes(&[1; 32]);
        let keys = Keys::fixed(Trusted::new([&PublicKey::of("k", &key)]));
        let allowed = allowed.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let callers = Callers::new(Arc::new(keys), allowed);
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
    async fn where_everybody_may_call_who_it_was_is_told_if_it_is_known() {
        let orders = assertion("orders", "users", 1, 0);
        let came = Ok(Some("orders".to_owned()));
        assert_eq!(admit(None, Some(orders), "/a").await, came);
        let forged = assertion("orders", "users", 2, 0);
        assert_eq!(admit(None, Some(forged), "/a").await, Ok(None));
        assert_eq!(admit(None, None, "/a").await, Ok(None));
    }
}
