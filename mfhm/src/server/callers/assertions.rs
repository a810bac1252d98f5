//! [`Assertions`]: what centers say of who calls, checked without asking them.
//!
//! An assertion that has ended counts for a while where no center answers this service:
//! nobody can get another one then, and calls go on without a center. It is asked once
//! more before that, so that an assertion which was renewed elsewhere is not outlived.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};

use super::{Keys, Unvouched};
use crate::current::CallerName;
use crate::wire::identity::Doubt;
use crate::wire::v1::identity::{HEADER, OVERTIME};

/// Checks assertions with the keys of the centers.
#[derive(Clone, Debug)]
pub(crate) struct Assertions(Arc<Keys>);

impl Assertions {
    pub(crate) fn new(keys: Keys) -> Self {
        Self(Arc::new(keys))
    }

    /// Who calls `service`, by what came with a request; absent: nothing did. With
    /// `is_required`, it is refused where nobody can tell.
    pub(super) async fn check(
        &self,
        headers: &HeaderMap,
        service: &str,
        is_required: bool,
    ) -> Option<Result<CallerName, Unvouched>> {
        let text = headers.get(HEADER)?.as_bytes();
        let text = std::str::from_utf8(text).unwrap_or_default();
        let checked = self.check_text(text, service, is_required).await;
        Some(checked.map_err(|doubt| self.explain(doubt, service)))
    }

    async fn check_text(
        &self,
        text: &str,
        service: &str,
        is_required: bool,
    ) -> Result<CallerName, Doubt> {
        let Self(keys) = self;
        let check = |late| keys.trusted().check_late(text, service, now(), late);
        let overtime = OVERTIME.as_secs();
        let mut checked = check(0);
        let again = match &checked {
            Err(Doubt::UnknownKey(key)) => {
                let is_new = keys.look_for(key, is_required).await;
                is_new.then_some(0)
            }
            // Good but for its end.
            Err(Doubt::Expired) if check(overtime).is_ok() => {
                let is_cut_off = keys.is_cut_off(is_required).await;
                is_cut_off.then_some(overtime)
            }
            _ => None,
        };
        if let Some(late) = again {
            checked = check(late);
        }
        checked.map(|claims| CallerName(claims.sub.into()))
    }

    fn explain(&self, doubt: Doubt, service: &str) -> Unvouched {
        let is_curable = matches!(doubt, Doubt::UnknownKey(_) | Doubt::Expired);
        let (status, code, why) = match doubt {
            Doubt::UnknownKey(_) if self.0.trusted().is_empty() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "mfhm.caller_unknown",
                if self.0.found_nobody() {
                    "no center has answered this service since it started, so it has no keys to \
                     check with what a center says of who calls: it asks again every 30 s at \
                     most, and whoever shows a certificate (MFHM_TLS_CERT) needs none"
                } else {
                    "this service has not got the center's keys yet, and can't say who calls: try \
                     again"
                }
                .to_owned(),
            ),
            Doubt::OtherAudience(_) => (
                StatusCode::FORBIDDEN,
                "mfhm.caller_not_allowed",
                format!("what the center says of the caller is not for {service:?}: {doubt}"),
            ),
            doubt => (
                StatusCode::UNAUTHORIZED,
                "mfhm.caller_unknown",
                format!("what came in {HEADER} does not say who calls: {doubt}"),
            ),
        };
        Unvouched {
            status,
            code,
            why,
            is_curable,
        }
    }
}

/// In seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
