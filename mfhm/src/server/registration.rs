//! A service's registration with a center: register → hold, or renew → leave.
//!
//! One task holds the registration. It waits for a center that is not there
//! yet, registers again when the center forgot the instance, under another id when
//! somebody else has taken it ([`own_id`]), and leaves when it is told to. Whatever the
//! center does, the service goes on serving.

mod center;
mod hold;
mod own_id;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) use self::center::{Announcement, Center};
use self::center::{Dialect, Held, Refusal};
use self::hold::{Heard, Hold};
pub(crate) use self::own_id::OwnId;
use crate::link::backoff::Backoff;

/// How long the center may take to take note of a departure.
const LEAVE: Duration = Duration::from_secs(2);

/// A center that was found to speak Python's protocol only is tried by v1 again
/// after this many renewals, for it may have been replaced.
const RECHECK: u32 = 12;

/// A registration that is held until [`leave`](Self::leave), or until it is
/// dropped (then the center finds out by itself).
#[derive(Debug)]
pub(crate) struct Registration {
    stop: Option<oneshot::Sender<()>>,
    is_registered: watch::Receiver<bool>,
    /// A center had it at some time, and callers may still have it from there.
    was_registered: Arc<AtomicBool>,
    is_to_drain: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Registration {
    /// Begins to register what is announced, as `own`.
    pub(crate) fn hold(center: Center, announcement: Announcement, own: Arc<OwnId>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (registered, is_registered) = watch::channel(false);
        let (drain, is_to_drain) = watch::channel(false);
        let was_registered = Arc::new(AtomicBool::new(false));
        let noting = was_registered.clone();
        let task = tokio::spawn(async move {
            let mut holder = Holder {
                center,
                announcement,
                own,
                registered,
                was_registered: noting,
                drain,
                held: None,
                is_asking: false,
            };
            tokio::select! {
                () = holder.hold() => {}
                _ = stopped => {}
            }
            holder.leave().await;
        });
        Self {
            stop: Some(stop),
            is_registered,
            was_registered,
            is_to_drain,
            task,
        }
    }

    pub(crate) fn is_registered(&self) -> bool {
        *self.is_registered.borrow()
    }

    /// Whether callers may know of it, though no center may by now.
    pub(crate) fn was_registered(&self) -> bool {
        self.was_registered.load(Ordering::Relaxed)
    }

    /// Waits until a center has the registration.
    pub(crate) async fn registered(&self) {
        let mut is_registered = self.is_registered.clone();
        // The sender lives as long as the task, which ends only when told to.
        let _ = is_registered.wait_for(|&is| is).await;
    }

    /// Waits until the center says that the instance shall leave.
    pub(crate) async fn told_to_drain(&self) {
        let mut is_to_drain = self.is_to_drain.clone();
        if is_to_drain.wait_for(|&is| is).await.is_err() {
            // Nobody is there any more who could be told.
            std::future::pending::<()>().await;
        }
    }

    /// Takes the registration back.
    pub(crate) async fn leave(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Holder {
    center: Center,
    /// As it was registered last.
    announcement: Announcement,
    own: Arc<OwnId>,
    registered: watch::Sender<bool>,
    was_registered: Arc<AtomicBool>,
    drain: watch::Sender<bool>,
    held: Option<Held>,
    /// A registration is under way: a center may have it without our knowing.
    is_asking: bool,
}

impl Holder {
    async fn hold(&mut self) {
        let service = self.announcement.register.service.clone();
        let mut backoff = Backoff::default();
        loop {
            self.announcement.tell(self.own.current());
            self.is_asking = true;
            let registered = self.center.register(&self.announcement).await;
            self.is_asking = false;
            match registered {
                Ok(held) => {
                    let center = &held.center;
                    match held.dialect {
                        Dialect::V1 => tracing::info!(service, %center, "registered"),
                        Dialect::Python => {
                            tracing::info!(service, %center, "registered with a Python center");
                        }
                    }
                    for broken in &held.breaks {
                        tracing::warn!(service, %center, "live callers break: {broken}");
                    }
                    backoff = Backoff::default();
                    let why = self.renew(held).await;
                    tracing::info!(service, why, "registering again");
                }
                Err(refusal) => {
                    self.registered.send_replace(false);
                    if let Refusal::IdTaken(why) = &refusal
                        && self.is_somebody_new(why)
                    {
                        continue;
                    }
                    let pause = backoff.next(fastrand::f64());
                    match refusal {
                        Refusal::Unreachable(why) if backoff.failures == 1 => {
                            tracing::warn!(
                                service,
                                why,
                                "no center yet; serving without, and trying on"
                            );
                        }
                        Refusal::Unreachable(why) => {
                            tracing::debug!(service, why, ?pause, "no center yet");
                        }
                        Refusal::Refused(why) | Refusal::IdTaken(why) => {
                            tracing::error!(
                                service,
                                why,
                                ?pause,
                                "the center refuses the registration"
                            );
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Whether the instance has another id from now on than the one that somebody else
    /// has at this center.
    fn is_somebody_new(&self, why: &str) -> bool {
        let old = &self.announcement.register.id;
        let is_new = match self.own.is_taken(old, Instant::now()) {
            Ok(is_new) => is_new,
            Err(error) => {
                tracing::error!(?error, "no new id for the instance");
                return false;
            }
        };
        let new = self.own.current().id;
        if is_new {
            let service = &self.announcement.register.service;
            tracing::warn!(
                service,
                %old,
                %new,
                why,
                "somebody else has registered under the id of this instance: it has a new one"
            );
        }
        new != *old
    }

    /// Holds the registration for as long as the center knows the instance, and
    /// longer while it does not answer: by an open stream, and by renewals while
    /// there is none. Tells why to register again.
    async fn renew(&mut self, held: Held) -> String {
        let mut last = Instant::now();
        self.held = Some(held.clone());
        self.was_registered.store(true, Ordering::Relaxed);
        self.registered.send_replace(true);
        let mut backoff = Backoff::default();
        let mut renewals = 0;
        let mut hold = Hold::new(self.center.clone(), self.announcement.clone());
        let speaks_v1 = held.dialect == Dialect::V1;
        let mut renew_at = Instant::now() + pause(&held);
        let own = self.own.clone();
        let other_id = own.other_than(self.announcement.register.id.clone());
        let mut other_id = std::pin::pin!(other_id);
        let why = loop {
            let is_held = hold.is_open();
            tokio::select! {
                // Another center's refusal. This one replaces the old id by the new one,
                // as soon as it has asked who answers at the address.
                () = &mut other_id => break "the instance has another id".to_owned(),
                heard = hold.next(), if speaks_v1 => match heard {
                    Heard::Held => {
                        last = Instant::now();
                        backoff = Backoff::default();
                        self.is_known();
                    }
                    Heard::Drain => {
                        self.drain.send_replace(true);
                    }
                    Heard::Broken(why) => {
                        tracing::debug!(why, "the registration is not held any more");
                        last = Instant::now();
                        // Soon, and not together with everybody else's.
                        renew_at = last + pause(&held).mul_f64(0.2 * fastrand::f64());
                    }
                    Heard::Forgotten(why) => {
                        self.registered.send_replace(false);
                        break why;
                    }
                },
                () = tokio::time::sleep_until(renew_at), if !is_held => {
                    match self.center.renew(&held, &self.announcement).await {
                        Ok(()) => {
                            last = Instant::now();
                            backoff = Backoff::default();
                            self.is_known();
                            renewals += 1;
                            if !speaks_v1 && renewals == RECHECK {
                                break "a Rust center may be there by now".to_owned();
                            }
                            renew_at = last + pause(&held);
                        }
                        Err(Refusal::Refused(why) | Refusal::IdTaken(why)) => {
                            self.registered.send_replace(false);
                            break why;
                        }
                        Err(Refusal::Unreachable(why)) => {
                            tracing::debug!(why, "the center does not answer");
                            // The lease may have ended; only the center knows.
                            if last.elapsed() > held.ttl {
                                self.registered.send_replace(false);
                            }
                            let pause = backoff.next(fastrand::f64()).min(held.renew);
                            renew_at = Instant::now() + pause;
                        }
                    }
                }
            }
        };
        self.held = None;
        why
    }

    /// The center has the registration.
    fn is_known(&self) {
        self.registered
            .send_if_modified(|is| !std::mem::replace(is, true));
    }

    async fn leave(&mut self) {
        self.registered.send_replace(false);
        let held = match self.held.take() {
            Some(held) => vec![held],
            None if self.is_asking => self.center.perhaps_held(),
            None => return,
        };
        let left = self.center.leave_all(&held, &self.announcement);
        match tokio::time::timeout(LEAVE, left).await {
            Ok(Ok(())) => {
                tracing::info!(service = self.announcement.register.service, "deregistered")
            }
            Ok(Err(refusal)) => tracing::warn!(?refusal, "the center did not take the departure"),
            Err(_) => tracing::warn!("the center did not answer to the departure in time"),
        }
    }
}

/// The time between two renewals.
fn pause(held: &Held) -> Duration {
    held.renew.mul_f64(0.9 + 0.2 * fastrand::f64())
}
