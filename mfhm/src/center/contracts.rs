//! Contracts at the center: what services promise, who relies on it, and whether
//! a newcomer keeps it.
//!
//! [`Documents`] are what instances registered, each kept once. [`Callers`] are
//! the processes that say what they use. [`verdict`] puts both together: a
//! registration is compared with what the service promised before, and only in
//! the operations that somebody uses. All of it is told the time and does no I/O;
//! the registry holds it, and follows the store with it.

pub(crate) mod callers;
pub(crate) mod document;
pub(crate) mod documents;
pub(crate) mod verdict;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::callers::Callers;
use self::documents::Documents;
use self::verdict::Verdict;
use super::record::Record;
use super::registry::Owner;
use crate::wire::v1::DocumentHash;

/// For so long the center remembers what a service promised that has no instance
/// any more, and keeps a document that no instance names.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// Services without an instance, and verdicts, beyond this many are forgotten,
/// the oldest first.
const REMEMBERED: usize = 1024;

/// Time between two sweeps. What is over does not count before it is swept.
const SWEEP: Duration = Duration::from_secs(10);

/// What the center does with a service that registers a contract which breaks
/// operations that live callers use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContractPolicy {
    /// It is registered; the center and the service say in their logs what breaks
    /// and who uses it. The default.
    #[default]
    Warn,
    /// It is not registered, and tries again later. A contract that an instance
    /// of the service is registered with already is not refused.
    Refuse,
}

impl fmt::Display for ContractPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        })
    }
}

/// What the center knows of contracts.
#[derive(Debug, Default)]
pub(crate) struct Contracts {
    pub documents: Documents,
    pub callers: Callers,
    departed: Remembered<Arc<Record>>,
    verdicts: Remembered<Verdict>,
    swept: Duration,
}

impl Contracts {
    /// An instance came, went, or registered in another form.
    pub(crate) fn renamed(
        &mut self,
        before: Option<&Record>,
        after: Option<&Record>,
        now: Duration,
    ) {
        // First the new one: a document that stays is never unneeded in between.
        if let Some((record, hash)) = after.and_then(|it| Some((it, it.document.as_ref()?))) {
            self.documents.name(hash, Owner::of(record));
        }
        if let Some(hash) = before.and_then(|record| record.document.as_ref()) {
            self.documents.unname(hash, now);
        }
    }

    /// The last instance of a service is gone.
    pub(crate) fn departed(&mut self, last: Arc<Record>, now: Duration) {
        self.departed.insert(last.service.clone(), last, now);
    }

    /// The last instance that a service without instances had.
    pub(crate) fn last_known(&self, service: &str) -> Option<&Arc<Record>> {
        self.departed.get(service).map(|(last, _)| last)
    }

    pub(crate) fn judged(&mut self, service: String, verdict: Verdict, now: Duration) {
        self.verdicts.insert(service, verdict, now);
    }

    /// The last verdict on a registration of this service, and when it was given.
    pub(crate) fn verdict(&self, service: &str) -> Option<(&Verdict, Duration)> {
        self.verdicts
            .get(service)
            .map(|(verdict, at)| (verdict, *at))
    }

    /// Forgets what is old, now and then, and says which documents nobody needs any
    /// more.
    pub(crate) fn sweep(&mut self, now: Duration) -> Vec<DocumentHash> {
        if now.saturating_sub(self.swept) < SWEEP {
            return Vec::new();
        }
        self.swept = now;
        self.callers.expire(now);
        self.departed.expire(now);
        self.verdicts.expire(now);
        self.documents.take_unneeded(now)
    }
}

/// One thing for each service, with the time it is from: bounded in number, and
/// for a day.
#[derive(Debug)]
struct Remembered<T>(HashMap<String, (T, Duration)>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Remembered<T> {
    fn get(&self, service: &str) -> Option<&(T, Duration)> {
        self.0.get(service)
    }

    fn insert(&mut self, service: String, value: T, now: Duration) {
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&service) {
            let oldest = self.0.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(oldest) = oldest.map(|(service, _)| service.clone()) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(service, (value, now));
    }

    fn expire(&mut self, now: Duration) {
        self.0
            .retain(|_, (_, at)| now.saturating_sub(*at) < KEPT_FOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_gets_old() {
        let mut remembered = Remembered::default();
        for second in 0..2 * REMEMBERED {
            let now = Duration::from_secs(second as u64);
            remembered.insert(format!("s{second}"), second, now);
        }
        assert_eq!(remembered.0.len(), REMEMBERED);
        assert!(remembered.get("s0").is_none(), "the oldest go first");
        assert!(remembered.get("s2047").is_some());
        remembered.expire(KEPT_FOR + Duration::from_secs(2047));
        assert!(remembered.0.is_empty());
    }
}
