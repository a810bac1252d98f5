//! Who this process is to the services that it calls: what the center says of it.
//!
//! One assertion for each service, fetched in the background and renewed at half its
//! life, so that no call waits for a center but the first one to a service. A center
//! that knows no tokens, or does not say who this process is, is asked again later,
//! and calls go without: the services that want to know will say so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, Method};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempt;
use crate::link::Link;
use crate::wire::v1::identity::{self, Asserted, PATH, WhoAmI};

/// How long until a center that said nothing is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// The same when it said no: its operator has to do something.
const REFUSED: Duration = Duration::from_secs(60);

/// Whatever a center says of the life of its assertions.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long the first call waits.
const FIRST: Duration = Duration::from_secs(1);

/// Where assertions come from.
#[derive(Debug)]
pub(crate) struct Identities {
    link: Link,
    centers: Vec<String>,
    /// As whom this process calls; absent: as its token says.
    name: Option<String>,
}

/// Who this process is to one service.
#[derive(Debug)]
pub(crate) struct Identity {
    shared: Arc<Shared>,
    /// With the runtime that it lives on.
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    from: Arc<Identities>,
    audience: String,
    /// With when it ends: what has ended is not sent, it would only be refused.
    current: ArcSwapOption<(HeaderValue, Instant)>,
    /// Whether the center was asked.
    is_settled: watch::Sender<bool>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn current(&self) -> Option<HeaderValue> {
        let current = self.current.load();
        let (value, end) = &**current.as_ref()?;
        (Instant::now() < *end).then(|| value.clone())
    }
}

/// What came of a question.
enum Said {
    Identity(HeaderValue, Duration),
    No(String),
    Nothing(String),
}

impl Identities {
    /// Absent: nobody can say who a process is that has no token.
    pub(crate) fn new(link: &Link, centers: &[String], name: Option<String>) -> Option<Arc<Self>> {
        link.has_token().then(|| {
            Arc::new(Self {
                link: link.clone(),
                centers: centers.to_vec(),
                name,
            })
        })
    }

    async fn ask(&self, audience: &str) -> Said {
        let who = WhoAmI {
            name: self.name.clone(),
            audience: audience.to_owned(),
        };
        let body = serde_json::to_vec(&who).unwrap_or_default();
        let mut nothing = Said::Nothing("no center is set".to_owned());
        for center in &self.centers {
            let asked = self
                .link
                .ask(Method::POST, center, PATH, Some(body.clone()));
            nothing = match asked.await {
                Ok(heard) if heard.status.is_success() => match read(&heard) {
                    Some(identity) => return identity,
                    None => Said::No("the answer cannot be read".to_owned()),
                },
                Ok(heard) if heard.status.is_client_error() => Said::No(heard.refusal()),
                Ok(heard) => Said::Nothing(heard.refusal()),
                Err(why) => Said::Nothing(why),
            };
        }
        nothing
    }
}

fn read(heard: &crate::link::Heard) -> Option<Said> {
    let asserted: Asserted = heard.json().ok()?;
    // It goes with each call, and no service would read a longer one.
    if asserted.assertion.len() > identity::LONGEST {
        return None;
    }
    let mut value = HeaderValue::from_str(&asserted.assertion).ok()?;
    value.set_sensitive(true);
    let life = Duration::from_millis(asserted.expires_in_ms);
    Some(Said::Identity(value, life))
}

impl Identity {
    pub(crate) fn new(from: Arc<Identities>, audience: &str) -> Self {
        Self {
            shared: Arc::new(Shared {
                from,
                audience: audience.to_owned(),
                current: ArcSwapOption::empty(),
                is_settled: watch::Sender::new(false),
            }),
            task: Mutex::new(None),
        }
    }

    /// What a call carries now. The first one waits until the center was asked.
    pub(crate) async fn current(&self, deadline: Instant) -> Option<HeaderValue> {
        if let Some(value) = self.shared.current() {
            return Some(value);
        }
        self.ensure_task();
        let mut is_settled = self.shared.is_settled.subscribe();
        let limit = deadline.min(Instant::now() + FIRST);
        let _ = tokio::time::timeout_at(limit, is_settled.wait_for(|is| *is)).await;
        self.shared.current()
    }

    /// Starts the task, or again when the runtime that it lived on is gone.
    fn ensure_task(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(renew(self.shared.clone())));
        }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

async fn renew(shared: Arc<Shared>) {
    loop {
        let now = Instant::now();
        let pause = match shared.from.ask(&shared.audience).await {
            Said::Identity(value, life) => {
                let current = (value, attempt::since(now, life));
                shared.current.store(Some(Arc::new(current)));
                life / 2
            }
            Said::No(why) => {
                tracing::debug!(service = shared.audience, why, "calls do not say who calls");
                REFUSED
            }
            Said::Nothing(why) => {
                tracing::debug!(
                    service = shared.audience,
                    why,
                    "the center does not say who calls"
                );
                AGAIN
            }
        };
        shared.is_settled.send_replace(true);
        let pause = pause.clamp(SHORTEST, LONGEST);
        tokio::time::sleep_until(now + pause.mul_f64(0.9 + 0.1 * fastrand::f64())).await;
    }
}
