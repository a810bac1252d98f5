//! Following what the source tells by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::reach::readmit;
use super::{GAP, Shared, interval, now_millis};
use crate::client::source::{SourceError, Watch, WatchError};
use crate::link::backoff::Backoff;

/// A source that does not tell by itself is asked again whether it does: the
/// center may have been replaced.
const RECHECK: Duration = Duration::from_secs(30);

/// A line that held for so long was a good one.
const LASTING: Duration = Duration::from_secs(5);

/// The line on which the source tells.
pub(super) struct Following {
    /// Absent: this kind of source never tells.
    watch: Option<Box<dyn Watch>>,
    backoff: Backoff,
    /// When it is tried next.
    due: Instant,
}

/// Why nobody is followed at present.
pub(super) enum Ended {
    /// It is tried again after [`Following::due_in`].
    Broken,
    /// Nobody asks for the service any more.
    Unwanted,
}

impl Following {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            watch: shared.source.clone().watch(&shared.service),
            backoff: Backoff::default(),
            due: Instant::now(),
        }
    }

    /// The time until it is worth while to call [`Following::follow`] again.
    pub(super) fn due_in(&self) -> Duration {
        if self.watch.is_none() {
            return Duration::MAX;
        }
        self.due.saturating_duration_since(Instant::now())
    }

    /// Follows until the line breaks, if it is time to try.
    pub(super) async fn follow(&mut self, shared: &Arc<Shared>) -> Ended {
        let Some(watch) = &mut self.watch else {
            return Ended::Broken;
        };
        if self.due > Instant::now() {
            return Ended::Broken;
        }
        let started = Instant::now();
        let error = tokio::select! {
            error = learn(shared, watch.as_mut()) => error,
            () = unwanted(shared) => return Ended::Unwanted,
            () = tend(shared) => return Ended::Broken,
        };
        if started.elapsed() > LASTING {
            self.backoff = Backoff::default();
        }
        let pause = match &error {
            WatchError::NotOffered => RECHECK,
            WatchError::Broken(_) | WatchError::Unknown => self.backoff.next(fastrand::f64()),
        };
        tracing::debug!(
            service = shared.service,
            ?error,
            ?pause,
            "not told of changes"
        );
        self.due = Instant::now() + pause;
        Ended::Broken
    }
}

/// Takes in what is told until the line breaks. A round that somebody waits for
/// is a question on the same line, so that no older news comes after its answer.
async fn learn(shared: &Shared, watch: &mut dyn Watch) -> WatchError {
    let mut round = None;
    let mut is_awaited = false;
    let mut next_round = Instant::now();
    loop {
        let known = shared.known();
        tokio::select! {
            told = watch.next(&known, &shared.uses) => {
                let answer = match told {
                    Ok(list) => Ok(list),
                    Err(WatchError::Unknown) => Err(SourceError::Unknown),
                    Err(error) => return error,
                };
                shared.learn(answer, known).await;
                if let Some(number) = round.take() {
                    shared.finished.send_replace(number);
                }
            }
            () = shared.wake.notified(), if !is_awaited => is_awaited = true,
            () = tokio::time::sleep_until(next_round), if is_awaited && round.is_none() => {
                is_awaited = false;
                next_round = Instant::now() + GAP;
                round = Some(shared.begun.fetch_add(1, Ordering::SeqCst) + 1);
                watch.ask();
            }
        }
    }
}

/// Until nobody asks for the service any more.
async fn unwanted(shared: &Shared) {
    while shared.is_wanted() {
        tokio::time::sleep(interval()).await;
    }
}

/// Reports whom calls could not reach, and looks who can be reached again. Does not
/// end by itself.
pub(super) async fn tend(shared: &Shared) {
    loop {
        // The task runs, so what it has is no older than this.
        shared.refreshed.store(now_millis(), Ordering::Relaxed);
        let _ = tokio::time::timeout(interval(), shared.suspects.some()).await;
        let suspects = shared.suspects.take();
        let reports = suspects.iter().map(|id| shared.source.report(id));
        let known = shared.known();
        tokio::join!(futures_util::future::join_all(reports), readmit(&known));
        tokio::time::sleep(GAP).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;

    use super::super::Resolver;
    use super::*;
    use crate::client::endpoint::{Endpoint, EndpointSet};
    use crate::client::source::Source;
    use crate::client::uses::Uses;
    use crate::fault::FaultKind;
    use crate::instance::InstanceId;

    type Told = Result<Vec<u16>, WatchError>;

    /// Lists nothing but its own port 9, and tells what the test says.
    #[derive(Debug, Default)]
    struct Script {
        told: Mutex<Option<mpsc::UnboundedReceiver<Told>>>,
        lists: AtomicUsize,
        reports: Mutex<Vec<InstanceId>>,
    }

    struct Line(mpsc::UnboundedReceiver<Told>, bool);

    fn endpoints(ports: Vec<u16>) -> Vec<Endpoint> {
        let endpoint = |port: u16| {
            let id = InstanceId::from_random(port.into());
            Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
        };
        ports.into_iter().map(endpoint).collect()
    }

    impl Source for Script {
        fn list<'a>(
            &'a self,
            _service: &'a str,
            _known: &'a EndpointSet,
            _uses: &'a Uses,
        ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
            self.lists.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(endpoints(vec![9])) })
        }

        fn watch(self: Arc<Self>, _service: &str) -> Option<Box<dyn Watch>> {
            let told = self.told.lock().unwrap().take()?;
            Some(Box::new(Line(told, false)))
        }

        fn report<'a>(&'a self, instance: &'a InstanceId) -> BoxFuture<'a, ()> {
            self.reports.lock().unwrap().push(instance.clone());
            Box::pin(async {})
        }
    }

    impl Watch for Line {
        fn next<'a>(
            &'a mut self,
            _known: &'a EndpointSet,
            _uses: &'a Uses,
        ) -> BoxFuture<'a, Result<Vec<Endpoint>, WatchError>> {
            Box::pin(async move {
                if std::mem::take(&mut self.1) {
                    return Ok(endpoints(vec![8]));
                }
                match self.0.recv().await {
                    Some(told) => told.map(endpoints),
                    None => std::future::pending().await,
                }
            })
        }

        fn ask(&mut self) {
            self.1 = true;
        }
    }

    fn scripted() -> (Arc<Script>, mpsc::UnboundedSender<Told>, Resolver) {
        let (say, told) = mpsc::unbounded_channel();
        let script = Arc::new(Script::default());
        *script.told.lock().unwrap() = Some(told);
        let resolver = Resolver::new("s".to_owned(), script.clone());
        (script, say, resolver)
    }

    async fn ports(resolver: &Resolver) -> Result<Vec<u16>, FaultKind> {
        let deadline = Instant::now() + Duration::from_secs(5);
        match resolver.endpoints(deadline).await {
            Ok(set) => Ok(set.endpoints.iter().map(|e| e.port).collect()),
            Err(fault) => Err(fault.kind()),
        }
    }

    /// Lets the task do what it can do at once.
    async fn settled() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_is_known_at_once_and_nothing_is_asked() {
        let (script, say, resolver) = scripted();
        ports(&resolver).await.unwrap();
        settled().await;
        let lists = script.lists.load(Ordering::SeqCst);
        for told in [vec![1, 2], vec![2], vec![3]] {
            say.send(Ok(told.clone())).unwrap();
            settled().await;
            assert_eq!(ports(&resolver).await, Ok(told));
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(script.lists.load(Ordering::SeqCst), lists);
        assert!(!resolver.shared.is_stale(), "the task says that it runs");
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_line_is_replaced_by_questions() {
        let (script, say, resolver) = scripted();
        ports(&resolver).await.unwrap();
        settled().await;
        say.send(Ok(vec![1])).unwrap();
        settled().await;
        say.send(Err(WatchError::NotOffered)).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(ports(&resolver).await, Ok(vec![9]), "it was asked again");
        let asked = script.lists.load(Ordering::SeqCst);
        assert!((4..=8).contains(&asked), "every 2 s: {asked}");
        say.send(Ok(vec![2])).unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(ports(&resolver).await, Ok(vec![2]), "it tells again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_service_is_asked_for_on_the_line() {
        let (_script, say, resolver) = scripted();
        ports(&resolver).await.unwrap();
        settled().await;
        // Nothing listens on port 9, so nothing stays.
        say.send(Err(WatchError::Unknown)).unwrap();
        settled().await;
        assert_eq!(ports(&resolver).await, Ok(vec![8]), "the answer of `ask`");
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_be_reached_is_reported_once_a_second() {
        let (script, _say, resolver) = scripted();
        let deadline = Instant::now() + Duration::from_secs(5);
        let lost = resolver.endpoints(deadline).await.unwrap().endpoints[0].clone();
        settled().await;
        for _ in 0..10 {
            for _ in 0..100 {
                resolver.lost(&lost);
            }
            settled().await;
        }
        let reports = script.reports.lock().unwrap().len();
        assert!((1..=2).contains(&reports), "in one second: {reports}");
    }
}
