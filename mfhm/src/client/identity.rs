//! Who this process is to the services that it calls: what the center says of it.
//!
//! One assertion for each service, fetched in the background and renewed at half its
//! life, so that no call waits for a center but the first ones to a service, for a
//! second at most. A center that knows no tokens, or does not say who this process is,
//! is asked again later, and calls go without: the services that want to know will say
//! so. While no center answers, an assertion that has ended is sent on: services that
//! no center answers either take it for a while.
//!
//! A service may refuse an assertion before its time, because it has other keys by
//! now. Then the center is asked once more, and the call made again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, Method};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempt;
use crate::link::Link;
use crate::wire::v1::identity::{self, Asserted, OVERTIME, PATH, WhoAmI};

/// How long until a center that said nothing is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// The same when it said no: its operator has to do something.
const REFUSED: Duration = Duration::from_secs(60);

/// Whatever a center says of the life of its assertions.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long calls wait for an answer, all that wait for the same one together.
const PATIENCE: Duration = Duration::from_secs(1);

/// The least time between two questions that refusals have asked.
const PAUSE: Duration = Duration::from_secs(2);

/// How long one of several centers may take.
const EACH: Duration = Duration::from_secs(1);

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
    task: ArcSwapOption<JoinHandle<()>>,
    /// Whoever starts one has this.
    starting: Mutex<()>,
}

struct Shared {
    from: Arc<Identities>,
    audience: String,
    /// With when it ends.
    current: ArcSwapOption<(HeaderValue, Instant)>,
    /// No center answered the last time.
    is_away: AtomicBool,
    /// Whether a question was answered, or not.
    was_asked: AtomicBool,
    /// How often the centers were asked.
    rounds: watch::Sender<u64>,
    questions: Mutex<Questions>,
    wanted: Notify,
}

/// When the centers are asked, and were.
#[derive(Debug, Default)]
struct Questions {
    /// When the one that runs began.
    asking_since: Option<Instant>,
    /// When a refusal last had one asked.
    wanted_at: Option<Instant>,
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
        let end = if self.is_away.load(Ordering::Relaxed) {
            attempt::since(*end, OVERTIME)
        } else {
            // It would only be refused.
            *end
        };
        (Instant::now() < end).then(|| value.clone())
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the answer to a question that runs, or to the next one.
    async fn wait(&self, deadline: Instant) {
        let mut rounds = self.rounds.subscribe();
        let before = *rounds.borrow_and_update();
        let began = self.questions().asking_since;
        let began = began.unwrap_or_else(Instant::now);
        let limit = deadline.min(began + PATIENCE);
        let answered = rounds.wait_for(|round| *round > before);
        let _ = tokio::time::timeout_at(limit, answered).await;
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
        // Nobody waits for one that hangs while another one would answer.
        let limit = match self.centers.len() {
            0 | 1 => Duration::MAX,
            _ => EACH,
        };
        for center in &self.centers {
            let asked = self
                .link
                .ask(Method::POST, center, PATH, Some(body.clone()));
            let asked = tokio::time::timeout(limit, asked);
            let asked = asked
                .await
                .unwrap_or_else(|_| Err(format!("nothing came from {center} for {EACH:?}")));
            nothing = match asked {
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
                is_away: AtomicBool::new(false),
                was_asked: AtomicBool::new(false),
                rounds: watch::Sender::new(0),
                questions: Mutex::default(),
                wanted: Notify::new(),
            }),
            task: ArcSwapOption::empty(),
            starting: Mutex::default(),
        }
    }

    /// What a call carries now. The first ones wait until the center was asked; after
    /// that, calls that have nothing to carry take no lock either.
    pub(crate) async fn current(&self, deadline: Instant) -> Option<HeaderValue> {
        if let Some(value) = self.shared.current() {
            return Some(value);
        }
        self.ensure_task();
        if !self.shared.was_asked.load(Ordering::Acquire) {
            self.shared.wait(deadline).await;
        }
        self.shared.current()
    }

    /// Another one than what was sent, which a service has refused; absent: there is
    /// none yet, or was none a moment ago.
    pub(crate) async fn renewed(
        &self,
        sent: Option<&HeaderValue>,
        deadline: Instant,
    ) -> Option<HeaderValue> {
        let another = || self.shared.current().filter(|value| Some(value) != sent);
        if let Some(value) = another() {
            return Some(value);
        }
        self.ensure_task();
        {
            let mut questions = self.shared.questions();
            let now = Instant::now();
            if questions.asking_since.is_none() {
                let wanted = questions.wanted_at;
                if wanted.is_some_and(|wanted| now < wanted + PAUSE) {
                    return None;
                }
                questions.wanted_at = Some(now);
                self.shared.wanted.notify_one();
            }
        }
        self.shared.wait(deadline).await;
        another()
    }

    /// Starts the task, or again when the runtime that it lived on is gone.
    fn ensure_task(&self) {
        let is_running = || {
            let task = self.task.load();
            task.as_ref().is_some_and(|task| !task.is_finished())
        };
        if is_running() {
            return;
        }
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have been faster.
        if !is_running() {
            let task = tokio::spawn(renew(self.shared.clone()));
            self.task.store(Some(Arc::new(task)));
        }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        if let Some(task) = self.task.swap(None) {
            task.abort();
        }
    }
}

async fn renew(shared: Arc<Shared>) {
    loop {
        let began = Instant::now();
        shared.questions().asking_since = Some(began);
        let said = shared.from.ask(&shared.audience).await;
        let is_away = matches!(said, Said::Nothing(_));
        let pause = match said {
            Said::Identity(value, life) => {
                let current = (value, attempt::since(began, life));
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
        shared.is_away.store(is_away, Ordering::Relaxed);
        shared.questions().asking_since = None;
        shared.was_asked.store(true, Ordering::Release);
        shared.rounds.send_modify(|round| *round += 1);
        let pause = pause.clamp(SHORTEST, LONGEST);
        let next = began + pause.mul_f64(0.9 + 0.1 * fastrand::f64());
        let _ = tokio::time::timeout_at(next, shared.wanted.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Credentials;
    use crate::tls::Secured;

    #[tokio::test]
    async fn a_call_without_an_assertion_takes_no_lock() {
        let link = Link::new(&Credentials::default(), &Secured::default()).unwrap();
        // Nobody is asked, so the answer is there at once, and is that there is none.
        let from = Arc::new(Identities {
            link,
            centers: Vec::new(),
            name: None,
        });
        let identity = Identity::new(from, "users");
        let deadline = Instant::now() + Duration::from_secs(10);
        assert!(identity.current(deadline).await.is_none());
        assert!(identity.shared.was_asked.load(Ordering::Relaxed));
        assert!(identity.starting.try_lock().is_ok());

        let _held = (identity.starting.lock(), identity.shared.questions.lock());
        let (told, hears) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Handle::current();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _in_runtime = runtime.enter();
                let value = futures_util::FutureExt::now_or_never(identity.current(deadline));
                told.send(value).unwrap();
            });
            let value = hears.recv_timeout(Duration::from_secs(10));
            // Whoever waits for a lock would be waited for by this thread.
            let Ok(value) = value else {
                eprintln!("a call waits for a lock");
                std::process::abort();
            };
            assert_eq!(value, Some(None));
        });
    }
}
