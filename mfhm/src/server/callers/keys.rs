//! [`Keys`]: the centers' public keys, by which a service checks who calls.
//!
//! They are fetched when a service starts, every five minutes, and when an assertion
//! names one that is not known. Strangers choose what an assertion names, so there is
//! one question at a time and a pause after each, and a request waits for one only
//! where it would be refused else, and for a second of it at most.
//!
//! A key that a center does not tell any more stays for as long as what it signed may
//! count: a center that lost its keys has made new ones, and its callers still carry
//! what the old ones signed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{Method, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::link::Link;
use crate::wire::identity::{LEEWAY, LIFE, PublicKey, PublicKeys, Trusted};
use crate::wire::v1::identity::KEYS_PATH;

/// Shorter than what is left of any assertion when a center goes, as callers renew
/// theirs at half of their life: a service knows that it is cut off before the first
/// one has ended.
const PERIOD: Duration = Duration::from_secs(300);
/// Until a center that did not answer is asked again, doubled up to the longer one:
/// callers wait for it to be back.
const AGAIN: Duration = Duration::from_secs(2);
const AGAIN_AT_LAST: Duration = Duration::from_secs(30);
/// The least time between two questions that requests have asked.
const PAUSE: Duration = Duration::from_secs(3);
/// How long requests wait for a question.
const PATIENCE: Duration = Duration::from_secs(1);

/// The names that no center knew when it was asked: so many, for so long.
const UNKNOWN: usize = 64;
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// So many keys are kept that no center tells any more.
const RETIRED: usize = 16;

/// The centers' keys, kept fresh by a task.
#[derive(Debug)]
pub(crate) struct Keys {
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    trusted: ArcSwap<Trusted>,
    state: Mutex<State>,
    /// How many questions were answered, or not.
    rounds: watch::Sender<u64>,
    wanted: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// When the question that runs began.
    asking_since: Option<Instant>,
    /// Whether one has ended.
    was_asked: bool,
    /// When a request last had one asked.
    wanted_at: Option<Instant>,
    /// No center answered it.
    is_cut_off: bool,
    /// Each did, and said what it knows.
    is_complete: bool,
    /// Names that no center knows, and until when nobody is asked for them again.
    unknown: VecDeque<(String, Instant)>,
}

impl Keys {
    /// The keys of these centers, fetched now, or when the first request says who
    /// calls.
    pub(crate) fn fetched(link: Link, centers: Vec<String>, is_eager: bool) -> Self {
        let count = centers.len();
        let ask = move |center: usize| {
            let (link, center) = (link.clone(), centers[center].clone());
            async move { ask(&link, &center).await }
        };
        Self::asked_for(count, is_eager, ask)
    }

    fn asked_for<F: Future<Output = Said> + Send>(
        centers: usize,
        is_eager: bool,
        ask: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::new(Trusted::default()));
        let fetching = shared.clone();
        let task = tokio::spawn(async move {
            if !is_eager {
                fetching.wanted.notified().await;
            }
            fetch(fetching, centers, ask).await;
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

    /// The same, where no center answers.
    #[cfg(test)]
    pub(crate) fn cut_off(trusted: Trusted) -> Self {
        let keys = Self::fixed(trusted);
        keys.shared.state().is_cut_off = true;
        keys
    }

    /// Whether the centers were asked, and none answered.
    pub(super) fn found_nobody(&self) -> bool {
        self.shared.state().is_cut_off
    }

    pub(crate) fn trusted(&self) -> Arc<Trusted> {
        self.shared.trusted.load_full()
    }

    /// Has the centers asked for a key that is not known, and says whether it is worth
    /// while to look again. Who does not have to know waits for the very first
    /// question only.
    pub(crate) async fn look_for(&self, name: &str, is_required: bool) -> bool {
        let now = Instant::now();
        {
            let state = self.shared.state();
            let mut unknown = state.unknown.iter();
            if unknown.any(|(other, until)| other == name && now < *until) {
                return false;
            }
        }
        let is_new = self.ask(is_required).await;
        if is_new && !self.shared.trusted.load().knows(name) {
            self.shared.state().note_unknown(name);
        }
        is_new
    }

    /// Whether no center answers this service. It is asked once more when that is not
    /// known as of now, if it is required.
    pub(crate) async fn is_cut_off(&self, is_required: bool) -> bool {
        if self.shared.state().is_cut_off {
            return true;
        }
        self.ask(is_required).await;
        self.shared.state().is_cut_off
    }

    /// Has the centers asked, if the last time was long enough ago; true when
    /// something may be known by then that was not before.
    async fn ask(&self, is_required: bool) -> bool {
        if self.task.is_none() {
            return false;
        }
        let mut rounds = self.shared.rounds.subscribe();
        let (before, limit) = {
            let mut state = self.shared.state();
            let now = Instant::now();
            if state.asking_since.is_none() {
                if state.wanted_at.is_some_and(|wanted| now < wanted + PAUSE) {
                    return false;
                }
                state.wanted_at = Some(now);
                self.shared.wanted.notify_one();
            }
            let is_first = !state.was_asked;
            let began = state.asking_since.unwrap_or(now);
            let limit = (is_required || is_first).then_some(began + PATIENCE);
            (*rounds.borrow(), limit)
        };
        let Some(limit) = limit else {
            return false;
        };
        let asked = rounds.wait_for(|round| *round > before);
        tokio::time::timeout_at(limit, asked).await.is_ok()
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
            trusted: ArcSwap::from_pointee(trusted),
            state: Mutex::default(),
            rounds: watch::Sender::new(0),
            wanted: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Remembers that no center knows this name, if all have said what they know.
    fn note_unknown(&mut self, name: &str) {
        if !self.is_complete {
            return;
        }
        self.unknown.retain(|(other, _)| other != name);
        if self.unknown.len() >= UNKNOWN {
            self.unknown.pop_front();
        }
        let until = Instant::now() + UNKNOWN_FOR;
        self.unknown.push_back((name.to_owned(), until));
    }
}

/// What is known of the centers' keys between two questions.
struct Told {
    /// Of each center, as it was last told: one that is away takes none with it.
    by_center: Vec<PublicKeys>,
    /// Those that are not told any more, and until when they count.
    retired: Vec<(PublicKey, Instant)>,
}

impl Told {
    fn hears(&mut self, center: usize, keys: PublicKeys, now: Instant) {
        let before = std::mem::replace(&mut self.by_center[center], keys);
        let until = now + Duration::from_secs(LIFE + LEEWAY);
        let retired = before.keys.into_iter().map(|key| (key, until));
        self.retired.extend(retired);
    }

    /// Those that count.
    fn trusted(&mut self, now: Instant) -> Trusted {
        let told: Vec<_> = self.by_center.iter().flat_map(|keys| &keys.keys).collect();
        self.retired
            .retain(|(key, until)| now < *until && !told.contains(&key));
        let too_many = self.retired.len().saturating_sub(RETIRED);
        self.retired.drain(..too_many);
        let retired = self.retired.iter().map(|(key, _)| key);
        // What is told goes before what was.
        Trusted::new(retired.chain(told))
    }
}

/// What a center says when it is asked for its keys.
enum Said {
    Keys(PublicKeys),
    /// Something else.
    No(String),
    Nothing(String),
}

/// Asks one center.
async fn ask(link: &Link, center: &str) -> Said {
    let heard = match link.ask(Method::GET, center, KEYS_PATH, None).await {
        Ok(heard) => heard,
        Err(why) => return Said::Nothing(why),
    };
    match heard.status {
        // A center that knows nothing of it, such as Python's.
        StatusCode::NOT_FOUND => Said::Keys(PublicKeys::default()),
        StatusCode::OK => heard.json().map_or_else(Said::No, Said::Keys),
        // What stands before a center that is away may answer so.
        status if status.is_server_error() => Said::Nothing(heard.refusal()),
        _ => Said::No(heard.refusal()),
    }
}

async fn fetch<F: Future<Output = Said>>(
    shared: Arc<Shared>,
    centers: usize,
    ask: impl Fn(usize) -> F,
) {
    let mut told = Told {
        by_center: vec![PublicKeys::default(); centers],
        retired: Vec::new(),
    };
    let mut again = AGAIN;
    loop {
        shared.state().asking_since = Some(Instant::now());
        let said = futures_util::future::join_all((0..centers).map(&ask)).await;
        let now = Instant::now();
        let mut is_complete = true;
        let mut is_cut_off = centers > 0;
        for (center, said) in said.into_iter().enumerate() {
            is_cut_off &= matches!(said, Said::Nothing(_));
            match said {
                Said::Keys(keys) => told.hears(center, keys, now),
                Said::No(why) | Said::Nothing(why) => {
                    is_complete = false;
                    tracing::debug!(why, "a center does not tell its keys");
                }
            }
        }
        shared.trusted.store(Arc::new(told.trusted(now)));
        {
            let mut state = shared.state();
            state.asking_since = None;
            state.was_asked = true;
            if is_cut_off && !state.is_cut_off {
                tracing::warn!("no center answers: callers are known by what it said last");
            }
            state.is_cut_off = is_cut_off;
            state.is_complete = is_complete;
        }
        shared.rounds.send_modify(|round| *round += 1);
        let pause = if is_complete { PERIOD } else { again };
        again = if is_complete {
            AGAIN
        } else {
            (again * 2).min(AGAIN_AT_LAST)
        };
        let _ = tokio::time::timeout(pause, shared.wanted.notified()).await;
    }
}

#[cfg(test)]
mod tests;
